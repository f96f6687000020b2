"""The whole flow of the design as one readable function: scenario, world, stage, sensors, labels, frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from simulator.errors import InputError, UnmetDemand, did_you_mean
from simulator.scenario.models import Scenario

if TYPE_CHECKING:
    from simulator.labels.frame import LabelledFrame
    from simulator.sensors.base import Sensor

QUALITIES = ("preview", "standard", "reference")
DEMANDS = ("ttc_at_least_s", "ttc_at_most_s")
DRAWS = 20


def render(scenario: Scenario, *, quality: str = "standard", threads: int | None = None) -> Iterator[LabelledFrame]:
    """Simulate a scenario and yield what its sensors measure, with ground truth, frame by frame.

    A frame is an instant at which at least one sensor fires; it holds the readings of those that do. Sensors fire at
    multiples of their own period from 0 until before `duration_s`, and at least once.

    Args:
        scenario: a concrete scenario; any other is sampled with seed 0 first.
        quality: "standard" for datasets, "preview" for a quick look, "reference" to judge both by.
        threads: processors to use; None for all. The result does not depend on it.

    Yields:
        LabelledFrame: `sensors` by name, `annotations`, `ego_pose`, `time_ns`, `index`.

    Raises:
        InputError: the map cannot be read or nothing can be placed on it.
    """
    from simulator.labels.annotate import annotate
    from simulator.labels.frame import LabelledFrame
    from simulator.labels.identity import as_one
    from simulator.numerics.rng import child_seed
    from simulator.sensors.frame import Frame
    from simulator.sensors.stage import Stage
    from simulator.world import build_world

    check_quality(quality)
    scenario = scenario if scenario.is_concrete else scenario.sample(0)
    seed = scenario.seed or 0
    world = build_world(scenario)
    stage = Stage(world.scene, world.timeline, world.conditions.at, world.ego, threads)
    rig = sensors_of(scenario)
    for index, (time_ns, due) in enumerate(schedule(rig, scenario.duration_s)):
        readings = {
            name: replace(rig[name].sense(stage, time_ns, child_seed(seed, "sensor", name, index), quality), name=name)
            for name in due
        }
        snapshot = stage.at(time_ns)  # only now: a spinning sensor moves the stage
        ego_pose = snapshot.world_SE3_object[world.ego]
        frame = Frame(index, time_ns, ego_pose, readings)
        found = annotate(world.scene, snapshot, frame, stage.bent)
        labelled = LabelledFrame(index, time_ns, ego_pose, readings, found)
        yield as_one(labelled, world.same) if world.same else labelled


def draw(scenario: Scenario, seed: int) -> Scenario:
    """`scenario.sample(seed)`, or the first draw after it in which the ego sees all anomalies when they demand it.

    Raises UnmetDemand when none of `DRAWS` does, or the seed is fixed.
    """
    drawn, number = scenario.sample(seed), 0
    if not any(getattr(anomaly, name) is not None for anomaly in drawn.anomalies for name in DEMANDS):
        return drawn
    from simulator.numerics.rng import child_seed
    from simulator.world import build_world

    while True:
        try:
            build_world(drawn)
            return drawn
        except UnmetDemand:
            number += 1
            if number == DRAWS or isinstance(scenario.seed, int):
                raise
        drawn = scenario.sample(child_seed(seed, "draw", number) >> 11)  # 53 bits, as those of scenes


def sensors_of(scenario: Scenario) -> dict[str, Sensor]:
    """The sensors of a scenario's rig by name."""
    if not isinstance(scenario.rig, str):
        return cast("dict[str, Sensor]", dict(scenario.rig))
    from simulator.sensors.rig import load_rig

    return load_rig(scenario.rig)


def schedule(rig: dict[str, Sensor], duration_s: float) -> list[tuple[int, tuple[str, ...]]]:
    """Times in ns at which sensors fire, in order, each with the names of those that do, in the rig's order.

    The k-th trigger of a sensor is at k / rate, rounded down to a nanosecond from the exact fraction, so sensors of
    commensurable rates meet exactly.
    """
    end = Fraction(duration_s).limit_denominator(10**9) * 10**9
    due: dict[int, set[str]] = {}
    for name, sensor in rig.items():
        period = Fraction(10**9) / Fraction(sensor.rate_hz).limit_denominator(10**6)
        k = 0
        while k == 0 or k * period < end:
            due.setdefault(int(k * period), set()).add(name)
            k += 1
    return [(time, tuple(name for name in rig if name in due[time])) for time in sorted(due)]


def frame_count(scenario: Scenario) -> int:
    """How many frames `render` yields for a concrete scenario."""
    return len(schedule(sensors_of(scenario), scenario.duration_s))


def check_quality(quality: str) -> None:
    """Raise InputError for an unknown quality."""
    if quality not in QUALITIES:
        raise InputError(
            f'unknown quality "{quality}".{did_you_mean(quality, QUALITIES)} Known: {", ".join(QUALITIES)}'
        )
