"""The gallery: scenarios that show everything there is once, to be looked at.

Every actor of every build from eight sides, every place and every weather at four hours of the day, every anomaly by
day and by night. Kinds of actors and anomalies are found by themselves; `assets/gallery.yaml` says the rest. Each
scenario is concrete and named `<section>--<subject>--<when>`, so `generate` makes of it what it makes of any other.
"""

from __future__ import annotations

import fnmatch
import itertools
import logging
import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.data import load_asset
from simulator.errors import InputError, did_you_mean
from simulator.numerics import se3
from simulator.numerics.rng import child_seed, generator
from simulator.scenario.distributions import Word
from simulator.scenario.family import Family, members
from simulator.scenario.models import SURROUNDINGS, Scenario
from simulator.scene import Switch
from simulator.scene.model import Model

F64 = NDArray[np.float64]

SECTIONS = ("actors", "surroundings", "weather", "air", "anomalies")
SEPARATOR = "--"

SIDES = ("front", "front_left", "left", "rear_left", "rear", "rear_right", "right", "front_right")
EYE_M = 1.6  # height of the eye
# Fields of an actor that change what it is, of which each value is shown; the others are drawn.
BUILDS = ("style", "body", "role", "pose", "clothes", "bag")
BLUE_LIGHTS = {"police", "ambulance"}  # shown at night, too, as the first build of each kind is
AHEAD_M = 45.0  # the actor from the ego, whose headlamps light it at night from afar
FILLED = 0.78  # of the picture's width or height by the actor
ROADSIDE_M = 8.0  # nothing beside the usual road is nearer than this to the actor
CREEP_MPS = 0.4  # of vehicles at night: who drives has lamps on, and this slowly nothing blurs
# Distance of the eye: so much, or so many times the actor's size; nearer to long ones, which look thin from afar.
NEAREST_M, LENGTHS_AWAY, LONG_M, LONG_AWAY = 4.5, 1.35, 8.0, 0.5
SIDE_PX, SCENE_PX = (640, 400), (960, 540)
SCENE_FOCAL_PX = 800.0
ANOMALY_S = 2.5  # at a picture a second: the one that shows most of the anomaly is kept


def gallery(only: Sequence[str] = (), seed: int = 0) -> list[tuple[str, Scenario]]:
    """Names and scenarios of the gallery, in its order.

    Args:
        only: sections, or patterns of names such as `weather--fog*`; none: everything.
        seed: of all that is drawn.

    Raises:
        InputError: something in `only` names nothing.
    """
    every = {SEPARATOR.join(found[:3]): found for found in _everything(seed)}
    chosen = set[str]() if only else set(every)
    for pattern in only:
        pattern = pattern + SEPARATOR + "*" if pattern in SECTIONS else pattern
        names = fnmatch.filter(every, pattern)
        if not names:
            known = (*SECTIONS, *every)
            raise InputError(
                f'the gallery has no "{pattern}".{did_you_mean(pattern, known)} Sections: {", ".join(SECTIONS)}; '
                "or a pattern of names, such as actors--car*"
            )
        chosen |= set(names)
    return [(name, _scenario(seed, *every[name])) for name in every if name in chosen]


def _scenario(seed: int, section: str, subject: str, when: str, make: Callable[[], dict[str, Any]]) -> Scenario:
    """A scenario of the gallery from what `_everything` tells of it."""
    # one place at all hours and in all weathers: what differs is what the picture is about
    keys = (section,) if section == "weather" else (section, subject)
    about = f"{subject}, {when}".replace("_", " ")
    fixed = {"about": about, "seed": child_seed(seed, "gallery", *keys) >> 11}  # 53 bits, as those of scenes
    return Scenario.model_validate({**fixed, "duration_s": 0.0, **make()}).sample()


def _everything(seed: int) -> Iterator[tuple[str, str, str, Callable[[], dict[str, Any]]]]:
    """Section, subject and hour of every scenario, and what makes its data, which takes long for actors."""
    for kind, cls in members("actors").items():
        for number, (words, build) in enumerate(builds(cls)):
            subject = "_".join((kind, *words))
            drawn = cache(partial(_drawn, cls(**build), seed, subject))
            for when in ("noon", "night") if number == 0 or BLUE_LIGHTS.intersection(words) else ("noon",):
                yield "actors", subject, when, partial(_actor, drawn, when)
    for section, shown in zip(SECTIONS[1:], (_places(), _weathers(), _air(), _anomalies()), strict=True):
        for subject, when, data in shown:
            yield section, subject, when, partial(dict, data)


def _at(when: str, season: str = "summer") -> dict[str, Any]:
    """The key `time` of a scenario."""
    found = load_asset("gallery")["seasons"][season]
    return {"date": found["date"], "clock_h": found["hours"][when], "utc_offset_h": 1}


def _hours() -> Sequence[str]:
    return tuple(load_asset("gallery")["seasons"]["summer"]["hours"])


def _drawn(build: Any, seed: int, subject: str) -> tuple[Any, Sequence[Model]]:
    """An actor of a build, and its models."""
    actor = build.drawn(generator(seed, "gallery", subject))
    return actor, actor.models(generator(seed, "gallery", subject, "size"))


def _actor(drawn: Callable[[], tuple[Any, Sequence[Model]]], when: str) -> dict[str, Any]:
    """Scenario data of an actor that stands or walks alone."""
    actor, shown = drawn()
    bounds, lit = np.array([model.bounds for model in shown]), bool(shown[0].lamps)
    low, high = bounds[:, 0].min(0), bounds[:, 1].max(0)
    place = load_asset("gallery")["actor_place"]
    if _eye_m(low, high) > ROADSIDE_M:
        place = {**place, **load_asset("gallery")["long_actor_place"]}
        # by day they only stand in the way
        place["surroundings"] = {**place["surroundings"], "street_lamps": when == "night"}
    flashes = when == "night" and any(lamp.switch == Switch.BEACON for lamp in shown[0].lamps)
    lights = {"lights": ["special"] if flashes else []}
    creep = CREEP_MPS if lit and when == "night" else 0.0  # who stands has no lamps on
    speed = actor.usual_mps if shown[0].stride_m > 0.0 else creep
    fields = {
        "kind": actor.kind,
        **actor.model_dump(exclude_none=True),
        "ahead_m": AHEAD_M,
        **lights,
        "speed_mps": speed,
    }
    if fields.get("length_m") == 0.0:  # it would be drawn once more, and stand about the eyes
        fields["length_m"] = float(high[0] - low[0])
    return {**place, "time": _at(when), "actors": [fields], "rig": _around(low, high)}


def builds(cls: type[Family]) -> list[tuple[tuple[str, ...], dict[str, str]]]:
    """Every build of an actor as words and fields: all values of its first field in `BUILDS`, then of the others."""
    words = {name: word for name in BUILDS if name in cls.model_fields and (word := _word(cls, name))}
    usual = {
        name: next(value for value in (cls.model_fields[name].default, *word.allowed) if value in word.allowed)
        for name, word in words.items()
    }
    found: list[tuple[tuple[str, ...], dict[str, str]]] = [(tuple(usual.values())[:1], usual)]
    for name, word in words.items():
        others = [value for value in word.allowed if value not in (usual[name], "any")]
        found += [((value or f"no_{name}",), {**usual, name: value}) for value in others]
    return found


def _word(cls: type[Family], name: str) -> Word | None:
    return next((part for part in cls.model_fields[name].metadata if isinstance(part, Word) and part.allowed), None)


def _eye_m(low: F64, high: F64) -> float:
    """Distance of the eye from the middle of an actor with these bounds (3,)."""
    size = float((high - low).max())
    return max(NEAREST_M, LENGTHS_AWAY * min(size, LONG_M) + LONG_AWAY * max(size - LONG_M, 0.0))


def _around(low: F64, high: F64) -> dict[str, Any]:
    """A rig of eight cameras around an actor with these bounds (3,), `AHEAD_M` ahead of the ego."""
    middle = (low + high) / 2
    away = _eye_m(low, high)
    corners = np.array(list(itertools.product(*zip(low - middle, high - middle, strict=True))))
    rig = {}
    for number, side in enumerate(SIDES):
        angle, pitch = number * math.tau / len(SIDES), math.atan2(EYE_M - float(middle[2]), away)
        yaw = angle + math.pi
        for _ in range(3):  # until the corners lie evenly about the middle of the picture
            eye_R_actor = se3.pose((0, 0, 0), 0.0, pitch, yaw)[:3, :3].T
            ahead, left, up = (
                eye_R_actor @ (corners - [away * math.cos(angle), away * math.sin(angle), EYE_M - middle[2]]).T
            )
            slopes = np.array([left / ahead, up / ahead])
            yaw += math.atan(0.5 * float(slopes[0].min() + slopes[0].max()))
            pitch -= math.atan(0.5 * float(slopes[1].min() + slopes[1].max()))
        focal = FILLED * float((np.array(SIDE_PX) / np.ptp(slopes, axis=1)).min())
        rig[side] = {
            "x_m": AHEAD_M + float(middle[0]) + away * math.cos(angle),
            "y_m": float(middle[1]) + away * math.sin(angle),
            "z_m": EYE_M,
            "yaw_deg": math.degrees(yaw) - 360.0 * (yaw > math.pi),
            "pitch_deg": math.degrees(pitch),
            **_lens(SIDE_PX, focal),
        }
    return rig


def _lens(size: tuple[int, int], focal_px: float) -> dict[str, Any]:
    width, height = size
    return {"kind": "camera", "width": width, "height": height, "fx": focal_px, "fy": focal_px,
            "cx": (width - 1) / 2, "cy": (height - 1) / 2, "rate_hz": 1.0}  # fmt: skip


def _ahead() -> dict[str, Any]:
    """A rig with the camera of a driver's view."""
    return {"front": {"x_m": 1.1, "z_m": EYE_M, **_lens(SCENE_PX, SCENE_FOCAL_PX)}}


def places() -> dict[str, dict[str, Any]]:
    """Scenario data of every place by name: those of the asset, then surroundings that it does not name."""
    named = dict(load_asset("gallery")["places"])
    shown = {place.get("surroundings", {}).get("kind") for place in named.values()}
    for kind in SURROUNDINGS:
        if kind != "auto" and kind not in shown:
            named[kind] = {"road": {"kind": "straight"}, "surroundings": {"kind": kind}}
    return named


def _places() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, place in places().items():
        for when in _hours():
            yield name, when, {**place, "time": _at(when), "rig": _ahead()}


def _weathers() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, weather in load_asset("gallery")["weathers"].items():
        season = weather.get("season", "summer")
        fields = {key: value for key, value in weather.items() if key != "season"}
        for when in _hours():
            place = load_asset("gallery")["weather_place"]
            yield name, when, {**place, "weather": fields, "time": _at(when, season), "rig": _ahead()}


def _lacking(anomaly: type[Family]) -> str:
    """The package that an anomaly needs and that is not installed, or nothing."""
    needs = str(anomaly.needs)  # type: ignore[attr-defined]  # every member of this family has it
    return needs if needs and find_spec(needs) is None else ""


def _air() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Smoke, spray, dust ..., each once."""
    for name, scene in load_asset("gallery")["air"].items():
        place = dict(scene)
        when, at_s = place.pop("hour", "noon"), place.pop("at_s", 0.1)  # one moment has no speeds
        time = _at(when) | ({"date": place.pop("date")} if "date" in place else {})
        camera = {**_ahead()["front"], **place.pop("camera", {})}
        yield name, when, {**place, "duration_s": at_s, "time": time, "rig": {"front": camera}}


def _anomalies() -> Iterator[tuple[str, str, dict[str, Any]]]:
    where, options = (load_asset("gallery")[key] for key in ("anomaly_places", "anomaly_options"))
    for kind, cls in members("anomalies").items():
        if needs := _lacking(cls):
            logging.getLogger(__name__).warning("the gallery leaves out %s, which needs %s", kind, needs)
            continue
        place = places()[where.get(kind, "country")]
        for when in ("noon", "night"):
            anomalies = [{"kind": kind, **options.get(kind, {})}]
            yield kind, when, {
                **place, "duration_s": ANOMALY_S, "anomalies": anomalies, "time": _at(when), "rig": _ahead()
            }  # fmt: skip
