"""What the events of scripted scenarios do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, get_args

from simulator.scenario.block import Block
from simulator.scenario.distributions import Flag, Word
from simulator.scenario.lights import LIGHTS
from simulator.scenario.script_catalogs import Taken
from simulator.scenario.script_controls import Control, Override
from simulator.scenario.script_lines import Clothoid, Clothoids, Follow, Nurbs
from simulator.scenario.script_standard import OpenScenario
from simulator.scenario.script_terms import (
    DATE_TIME,
    Acceleration,
    Kmh,
    Lanes,
    Metres,
    Name,
    Number,
    Seconds,
    Shape,
    SignedMetres,
    Spot,
    Value,
    no_such_time,
    one_of,
)
from simulator.scenario.script_traffic import TRAFFIC
from simulator.storyboard import model


class Speed(Block):
    """Change the speed."""

    speed_kmh: Kmh | None = None
    """Target; negative drives backwards."""
    of: Name | None = None
    """The actor whose speed, plus `by_kmh`, is the target."""
    by_kmh: Kmh = 0.0
    """What is added to the speed of that actor."""
    acceleration_mps2: Acceleration | None = None
    """How fast the speed changes; null, and no duration or distance: at once."""
    duration_s: Seconds | None = None
    """In which time."""
    distance_m: Metres | None = None
    """On which way."""
    shape: Shape = "linear"
    """Of the speed over time."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Two targets, or two dynamics."""
        yield from one_of(values, ("speed_kmh", "of"), needed=True)
        yield from one_of(values, ("acceleration_mps2", "duration_s", "distance_m"), needed=False)


class Stop(Block):
    """Brake to a standstill."""

    deceleration_mps2: Acceleration = 6.0
    """How hard."""


class LaneChange(Block):
    """Move to another lane."""

    lanes: Lanes | None = None
    """So many to the left of the own lane (negative: to the right), or of that of `of`."""
    of: Name | None = None
    """The actor whose lane counts; null: the own one."""
    lane: Lanes | None = None
    """OpenDRIVE id of the target lane."""
    lateral_m: SignedMetres = 0.0
    """Where to end, to the left of that lane's centre, seen along s."""
    duration_s: Seconds | None = None
    """In which time; null, and no distance or speed: 4 s."""
    distance_m: Metres | None = None
    """On which way."""
    lateral_mps: Annotated[float, Number("m/s", ge=0.01, le=20.0)] | None = None
    """At which speed sideways; of a sinusoidal or cubic shape the highest."""
    shape: Shape = "sinusoidal"
    """Of the way sideways over time."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Two targets, or two dynamics."""
        yield from one_of(values, ("lanes", "lane"), needed=True)
        yield from one_of(values, ("duration_s", "distance_m", "lateral_mps"), needed=False)


class LaneOffset(Block):
    """Move sideways within the lane."""

    lateral_m: SignedMetres
    """Where to end, to the left of the lane's centre, seen along s, or of where `of` is."""
    of: Name | None = None
    """The actor from whose offset it is counted."""
    acceleration_mps2: Acceleration | None = 0.5
    """Highest lateral acceleration; null: at once."""
    shape: Shape = "sinusoidal"
    """Of the way sideways over time."""


class KeepDistance(Block):
    """Get to a distance from an actor, and keep it where `keep`."""

    to: Name
    distance_m: Metres | None = None
    gap_s: Seconds | None = None
    keep: Annotated[bool, Flag()] = True
    """Whether it goes on for ever."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Two distances, or none."""
        yield from one_of(values, ("distance_m", "gap_s"), needed=True)


SIDES = {"left": "leftToReferencedEntity", "right": "rightToReferencedEntity", "any": "any"}


class KeepBeside(Block):
    """Get to a distance beside an actor, between bounding boxes, and keep it where `keep`."""

    to: Name
    distance_m: Metres
    side: Annotated[str, Word(tuple(SIDES))] | None = None
    """Of that actor; null: the side where it is."""
    keep: Annotated[bool, Flag()] = True
    """Whether it goes on for ever."""
    lateral_mps: Annotated[float, Number("m/s", ge=0.01, le=20.0)] | None = None
    """Speed to the side, at most."""


class RandomRoute(Block):
    """Drive on, at junctions at random."""


class Hitch(Block):
    """Take a trailer, another actor."""

    trailer: Name


class Unhitch(Block):
    """Let go of the trailer, which goes on at its speed."""


class Walk(Block):
    """Go straight ahead and stand still there, for people, riders and animals."""

    ahead_m: SignedMetres
    """How far, in the direction that it faces."""
    left_m: SignedMetres = 0.0
    """And to its left."""
    speed_kmh: Annotated[float, Number("km/h", ge=0.1, le=100.0)] = 5.0
    """From the first step on."""


class TakeRoute(Block):
    """Go by these places; to a single one on the shortest way."""

    via: tuple[Spot, ...] | None = None
    along: Name | None = None
    """One of `routes:` in their place."""
    entry: Taken | None = None
    """A route of a catalog in their place."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """No route, or two."""
        yield from one_of(values, ("via", "along", "entry"), needed=True)
        if values.get("via") == ():
            yield ("via",), "needs at least one place"


class Synchronise(Block):
    """Arrive at a place when another actor arrives at its own."""

    to: Name
    """The other actor."""
    at: Spot
    """Its place."""
    meet: Spot
    """The own place."""
    speed_kmh: Annotated[float, Number("km/h", ge=0.0, le=400.0)] | None = None
    """The speed on arrival; null: any."""


class Teleport(Block):
    """Be elsewhere at once."""

    at: Spot


class SpeedPoint(Block):
    """A speed of a profile."""

    speed_kmh: Kmh
    """The speed, or with `of` what is added to that of the actor."""
    after_s: Seconds | None = None
    """Seconds after the point before; null: as fast as the limits allow."""


class SpeedProfile(Block):
    """Speeds one after the other."""

    points: tuple[SpeedPoint, ...]
    of: Name | None = None
    """The actor whose speed counts as zero."""
    smooth: Annotated[bool, Flag()] = False
    """Whether the acceleration changes by no more than the jerks too, rounding the corners of the profile."""
    acceleration_mps2: Acceleration | None = None
    """Highest; null: what the vehicle can do."""
    deceleration_mps2: Acceleration | None = None
    """Hardest; null: what the vehicle can do."""
    jerk_mps3: Annotated[float, Number("m/s^3", ge=0.01, le=1000.0)] | None = None
    """Greatest change of the acceleration."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """No points."""
        if values.get("points") == ():
            yield ("points",), "needs at least one point"


class Lights(Block):
    """Switch a lamp."""

    light: Annotated[str, Word(tuple(LIGHTS))]
    mode: Annotated[str, Word(("on", "off", "flashing"))] | None = None
    """Null: flashing for what is there to flash (indicators, warning and special lamps), on for all others."""
    on_s: Annotated[float, Number("s", ge=0.01, le=60.0)] | None = None
    """Of a flashing lamp: for how long it is lit each time; null: as the regulations have it."""
    off_s: Annotated[float, Number("s", ge=0.01, le=60.0)] | None = None
    """And for how long it is not."""
    intensity_cd: Annotated[float, Number("cd", ge=0.0, le=1e6)] | None = None
    """Luminous intensity along its axis; null: what the lamp is made for."""
    color: Annotated[str, Word(pattern="#[0-9a-fA-F]{6}", meaning='a colour such as "#ff8000"')] | None = None
    """Null: the lamp's own."""
    within_s: Seconds = 0.0
    """Until it has switched."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """One of two durations, or durations of what does not flash."""
        given = [name for name in ("on_s", "off_s") if values.get(name) is not None]
        if len(given) == 1:
            yield (given[0],), "goes with the other one of on_s and off_s"
        if given and values.get("mode") in ("on", "off"):
            yield (given[0],), "is of flashing lamps"


def _by_words(names: tuple[str, ...]) -> dict[str, str]:
    """Names of the standard by the same in snake case: doorFrontLeft is door_front_left."""
    return {re.sub("([A-Z])", lambda found: "_" + found[0].lower(), name): name for name in names}


PARTS = _by_words(get_args(model.VehicleComponentType))
MOTIONS = _by_words(get_args(model.PedestrianMotionType))
GESTURES = _by_words(get_args(model.PedestrianGestureType))


class Animate(Block):
    """Move a part of the vehicle, or what a person does."""

    part: Annotated[str, Word(tuple(PARTS))] | None = None
    """Of a vehicle, such as door_front_left."""
    motion: Annotated[str, Word(tuple(MOTIONS))] | None = None
    """Of a person."""
    gesture: Annotated[str, Word(tuple(GESTURES))] | None = None
    """Of a person."""
    share: Annotated[float, Number("", ge=0.0, le=1.0)] = 1.0
    """How far: 0 closed, 1 wide open."""
    within_s: Seconds | None = None
    """In which time; null: at once."""
    loop: Annotated[bool, Flag()] = False
    """Over and over."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Of a vehicle and of a person, or of neither."""
        given = [name for name in ("part", "motion", "gesture") if values.get(name) is not None]
        if "part" in given and len(given) > 1:
            yield ("part",), f"contradicts {given[1]}: vehicles have parts"
        if not given and {"part", "motion", "gesture"} <= set(values):
            yield (), "needs a part, a motion or a gesture"


class Visibility(Block):
    """Be seen or not."""

    cameras: Annotated[bool, Flag()] = True
    """By cameras (the standard's graphics)."""
    sensors: Annotated[bool, Flag()] = True
    """By other sensors, such as lidars."""
    traffic: Annotated[bool, Flag()] = True
    """By other traffic."""


class Appear(Block):
    """Come into the scene."""

    at: Spot


class Vanish(Block):
    """Leave the scene."""


class Environment(Block):
    """Light and weather; what is not given stays as it was, at the start a clear summer noon."""

    entry: Taken | None = None
    """An environment of a catalog, in place of all of these."""
    time: Annotated[str, DATE_TIME] | None = None
    """Date and time, with a zone (Z, +01:00) or in the usual one of the place."""
    clock_runs: Annotated[bool, Flag()] = False
    """Whether the time goes on with the scenario."""
    cloud_oktas: Annotated[int, Number("oktas", ge=0, le=8, whole=True)] | None = None
    """Eighths of the sky that clouds cover."""
    rain_mm_h: Annotated[float, Number("mm/h", ge=0.0, le=200.0)] | None = None
    """Rain rate."""
    snow_mm_h: Annotated[float, Number("mm/h", ge=0.0, le=20.0)] | None = None
    """Snow rate as melted water."""
    visibility_m: Annotated[float, Number("m", ge=10.0, le=100_000.0)] | None = None
    """Through the air itself: below 1000 m it is called fog."""
    temperature_c: Annotated[float, Number("C", ge=-40.0, le=50.0)] | None = None
    """Of the air."""
    wind_mps: Annotated[float, Number("m/s", ge=0.0, le=60.0)] | None = None
    """Speed of the wind, with `wind_from_deg`."""
    wind_from_deg: Annotated[float, Number("deg", ge=0.0, le=360.0)] | None = None
    """Where it comes from, clockwise from north."""
    sun_azimuth_deg: Annotated[float, Number("deg", ge=0.0, le=360.0)] | None = None
    """Where the sun stands, clockwise from north, with `sun_elevation_deg`; null: as time and place give."""
    sun_elevation_deg: Annotated[float, Number("deg", ge=-90.0, le=90.0)] | None = None
    """And how high."""
    sun_lx: Annotated[float, Number("lx", ge=0.0, le=200_000.0)] | None = None
    """Illuminance by the sun on a plane that faces it; null: as its height gives."""
    wetness: Annotated[str, Word(get_args(model.Wetness))] | None = None
    """Of the road; null: as the rain leaves it."""
    friction: Annotated[float, Number("", ge=0.0, le=2.0)] | None = None
    """Factor on the friction of the road; null: 1."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Halves of what goes together, and nothing at all."""
        for names in (("wind_mps", "wind_from_deg"), ("sun_azimuth_deg", "sun_elevation_deg")):
            given = [name for name in names if values.get(name) is not None]
            if len(given) == 1 and set(names) <= set(values):
                yield (given[0],), f"goes with {next(name for name in names if name != given[0])}"
        if values.get("sun_lx") is not None and values.get("sun_elevation_deg", 0) is None:
            yield ("sun_lx",), "goes with sun_azimuth_deg and sun_elevation_deg"
        yield from no_such_time(values, "time")
        if values.get("rain_mm_h") and values.get("snow_mm_h"):
            yield ("snow_mm_h",), "contradicts rain_mm_h: one of them falls"
        given = [name for name, value in values.items() if value is not None and name != "clock_runs"]
        if set(cls.model_fields) <= set(values) and not given:
            yield (), "needs at least one of its keys"
        if "entry" in given and len(given) > 1:
            yield (given[1],), "contradicts entry: the environment is that of the catalog"


class Signal(Block):
    """A traffic signal of the road network shows a state."""

    signal: Annotated[str, Word()]
    """Its id."""
    state: Annotated[str, Word()]
    """Colours, such as red, red-amber, green, flashing amber, off; or a word a lens from the top: "on;off;off"."""


class SignalPhase(Block):
    """A controller of signals begins a phase; its cycle goes on from there."""

    controller: Name
    """One of `signals:`."""
    phase: Annotated[str, Word()]
    """Name of the phase."""


class _NewValue(Block):
    value: Annotated[bool | int | float | str, Value()] | None = None
    """What it is now."""
    add: Annotated[float, Number("", ge=-1e9, le=1e9)] | None = None
    """What is added to it."""
    times: Annotated[float, Number("", ge=-1e9, le=1e9)] | None = None
    """What it is multiplied by."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """No value, or two."""
        yield from one_of(values, ("value", "add", "times"), needed=True)


class SetVariable(_NewValue):
    """Give a variable another value, for conditions that look at it."""

    variable: Name
    """One of `variables:`."""


class SetParameter(_NewValue):
    """Give a parameter another value, for conditions that look at it; what the script has made of it stays."""

    parameter: Name
    """One of `parameters:`."""


class SetMonitor(Block):
    """Say whether what a monitor watches for has happened."""

    monitor: Name
    """One of `monitors:`."""
    value: Annotated[bool, Flag()] = True


WORLDLY: tuple[type[Block], ...] = (
    SetVariable,
    SetParameter,
    SetMonitor,
    Environment,
    Signal,
    SignalPhase,
    *TRAFFIC.values(),
)  # deeds of the world, which need no actor

DEEDS: dict[str, type[Block]] = {
    "speed": Speed,
    "speed_profile": SpeedProfile,
    "stop": Stop,
    "lane_change": LaneChange,
    "lane_offset": LaneOffset,
    "keep_distance": KeepDistance,
    "keep_beside": KeepBeside,
    "follow": Follow,
    "clothoid": Clothoid,
    "clothoids": Clothoids,
    "nurbs": Nurbs,
    "walk": Walk,
    "route": TakeRoute,
    "random_route": RandomRoute,
    "synchronise": Synchronise,
    "teleport": Teleport,
    "hitch": Hitch,
    "unhitch": Unhitch,
    "control": Control,
    "override": Override,
    "lights": Lights,
    "animate": Animate,
    "visibility": Visibility,
    "appear": Appear,
    "vanish": Vanish,
    "environment": Environment,
    "set_variable": SetVariable,
    "set_parameter": SetParameter,
    "set_monitor": SetMonitor,
    "signal": Signal,
    "signal_phase": SignalPhase,
    **TRAFFIC,
    "openscenario": OpenScenario,
}


def is_of_one(deed: Block) -> bool:
    """Whether a deed refers to who does it, so that each of several actors has one of its own."""
    own_lane = isinstance(deed, LaneChange) and deed.lane is None and deed.of is None
    return own_lane or isinstance(deed, (Walk, Appear, Vanish))


def is_worldly(deed: Block) -> bool:
    """Whether a deed needs no actor."""
    return isinstance(deed, WORLDLY) or (isinstance(deed, OpenScenario) and deed.is_worldly)
