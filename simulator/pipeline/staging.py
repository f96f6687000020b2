"""From a recorded run to the scenario that shows it: map, duration, rig, time and weather of the start."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from simulator.drives.categories import described_as
from simulator.errors import InputError
from simulator.roads import RoadNetwork
from simulator.scenario.models import Scenario
from simulator.sensors.rig import load_rig
from simulator.storyboard import model
from simulator.storyboard.recording import Recording
from simulator.world.animations import unseen_parts
from simulator.world.lamps import AMBER, GREEN, LIGHTS, RED, lens_state
from simulator.world.recorded import duration_of
from simulator.world.setting import start_of
from simulator.world.shine import color_of

RATES_HZ = (0.01, 1000.0)  # what sensors accept
NOBODY = dict.fromkeys(("vehicles", "parked", "pedestrians", "cyclists", "animals"), 0)


def staged(
    scenario: model.OpenScenario,
    recording: Recording,
    road: Path,
    drive: Path,
    *,
    rig: str = "kitti",
    rate_hz: float | None = None,
    seed: int = 0,
) -> Scenario:
    """The scenario that shows a run through the sensors of its ego.

    Args:
        recording: the run. road: its map. drive: the file that `write_recorded` made of it.
        rig: name of a sensor rig. rate_hz: of all its sensors; None: their own.
        seed: of everything that the run does not say: surroundings, looks, noise.

    Raises:
        InputError: there is no such rig, or no such rate.
    """
    sensors = load_rig(rig)
    if rate_hz is not None and not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        raise InputError(f"must be between {RATES_HZ[0]:g} and {RATES_HZ[1]:g} Hz, not {rate_hz:g}", key="rate_hz")
    first = start_of(recording)
    data: dict[str, Any] = {
        "about": scenario.file_header.description,
        "duration_s": min(duration_of(recording), 600.0),
        "seed": seed,
        "time": _start(first),
        "road": {"opendrive": str(road.resolve())},
        "traffic": NOBODY,
        "weather": first["weather"],
        "recording": str(drive.resolve()),
        "rig": rig,
    }
    made = Scenario.model_validate(data).sample(seed)
    if rate_hz is None:
        return made
    return made.model_copy(
        update={"rig": {name: sensor.model_copy(update={"rate_hz": rate_hz}) for name, sensor in sensors.items()}}
    )


def not_shown(recording: Recording, network: RoadNetwork | None) -> list[str]:
    """What of a run sensors will not see as it was played, a line each; without roads nothing is shown."""
    if network is None:
        return []
    known = {signal.id for road in network.roads.values() for signal in road.signals}
    found: dict[str, None] = {}
    for each in recording.changes:
        value = each.value
        light = each.what.removeprefix("light ")
        if isinstance(value, model.LightState) and light not in LIGHTS:
            found[f"{each.owner}: light {light} is not shown"] = None
        elif isinstance(value, model.LightState) and value.color is not None and color_of(value.color) is None:
            found[f"{each.owner}: light {light} keeps its own colour: other has no components"] = None
        elif isinstance(value, model.AnimationAction):
            kind = described_as(recording.entities[each.owner])
            for what in unseen_parts(kind, value):
                found[f"{each.owner}: animation of {what} is not shown"] = None
        elif isinstance(value, model.VisibilityAction) and value.sensor_references and not value.sensors:
            found[f"{each.owner}: what is to be hidden from some sensors is hidden from all lidars"] = None
        elif not each.owner and each.what.startswith("signal "):
            number = each.what.removeprefix("signal ")
            if number not in known:
                found[f'the map has no signal "{number}": its states are not shown'] = None
            elif lens_state(str(value), (RED, AMBER, GREEN)) is None:
                found[f'signal {number}: "{value}" is no state that we know: it is shown dark'] = None
        elif isinstance(value, model.Weather) and value.dome_image is not None:
            found["pictures of the sky are not shown"] = None
    return list(found)


def _start(setting: dict[str, Any]) -> dict[str, Any]:
    """Date and time of a setting, in the place's own time."""
    clock = dt.datetime.fromisoformat(setting["utc"])
    offset = clock.utcoffset()
    hours = clock.hour + clock.minute / 60 + clock.second / 3600
    return {
        "date": f"{clock.date()}",
        "clock_h": round(hours, 3),
        "utc_offset_h": 0.0 if offset is None else offset.total_seconds() / 3600,
    }
