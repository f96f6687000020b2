"""The scenario: what should happen, as plain validated data. Any number may be a distribution.

A scenario file is the YAML form of `Scenario`. `Scenario.sample(seed)` fixes every number; the result is of the same
type and its `to_yaml()` is the recipe that reproduces the scene. Units are in the names; see `distributions` for what
a number may be and `entries` for what a list may be.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from simulator.errors import listed
from simulator.scenario.block import Block
from simulator.scenario.distributions import (
    Clock,
    Codec,
    Count,
    Degrees,
    Distribution,
    Flag,
    Fraction,
    Metres,
    MetresPerSecond,
    MetresPerSecond2,
    Quantity,
    Seconds,
    SignedMetres,
    Text,
    Word,
    problem,
)
from simulator.scenario.entries import Entries, FamilyEntry, FlatEntry, inlined
from simulator.scenario.family import Family
from simulator.scenario.lights import LIGHTS, UNLIT
from simulator.scenario.mappings import RigField, WeatherField, weather_members

SURROUNDINGS = ("auto", "town", "suburb", "village", "country", "forest", "motorway", "industrial", "car_park")
SIGNS = ("auto", "vienna", "mutcd")
LANE_CHANGES = ("never", "blocked", "free")


class Time(Block):
    """Date and time of day; with the place it gives the sun's position."""

    date: Annotated[str, Word(pattern=r"\d{4}-\d{2}-\d{2}", meaning="a date YYYY-MM-DD")] = "2025-06-21"
    """Local date, `YYYY-MM-DD`."""
    clock_h: Annotated[float, Clock()] = 12.0
    """Local time of day at the start: `"HH:MM"` or hours 0..24."""
    utc_offset_h: Annotated[float, Quantity("h", ge=-14.0, le=14.0)] = 1.0
    """Local time minus UTC in hours, daylight saving included."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Dates that no calendar has."""
        date = values.get("date", ())
        for text in date.values if isinstance(date, Distribution) else (date,):
            try:
                datetime.date.fromisoformat(text or "2000-01-01")
            except ValueError:
                yield ("date",), f'date "{text}" does not exist'


class Place(Block):
    """Where on Earth the scene lies. Default: Karlsruhe, where KITTI was recorded."""

    latitude_deg: Annotated[float, Quantity("deg", ge=-90.0, le=90.0)] = 49.01
    """North positive."""
    longitude_deg: Annotated[float, Quantity("deg", ge=-180.0, le=180.0)] = 8.43
    """East positive."""
    elevation_m: Annotated[float, Quantity("m", ge=-500.0, le=9000.0)] = 115.0
    """Above sea level."""


ROAD_PARAMETERS: dict[str, tuple[str, ...]] = {
    "straight": ("length_m", "lanes", "lane_width_m", "sidewalks", "speed_kmh"),
    "curve": ("radius_m", "angle_deg", "clothoid_m", "approach_m", "superelevation_percent", "speed_kmh"),
    "hill": ("length_m", "height_m", "speed_kmh"),
    "t_junction": ("arm_m", "angle_deg", "traffic_lights"),
    "x_junction": ("arm_m", "angle_deg", "traffic_lights"),
    "motorway": ("length_m", "lanes", "ramp", "curve_radius_m", "speed_kmh"),
    "merge": ("length_m", "lanes", "acceleration_m", "ramp_m", "speed_kmh", "ramp_kmh"),
    "parking_lot": ("rows", "bays", "angle_deg", "speed_kmh"),
    "roundabout": ("arms", "lanes", "radius_m", "arm_m", "sidewalks", "speed_kmh"),
    "town": ("blocks_x", "blocks_y", "block_m"),
    "village_lane": ("length_m", "width_m", "unpaved", "speed_kmh"),
    "tunnel": ("length_m", "tunnel_m", "lanes", "speed_kmh"),
    "bridge": ("length_m", "height_m", "lanes", "speed_kmh"),
}


# Narrower ranges than those of the parameters below, by kind.
ROAD_RANGES: dict[str, dict[str, tuple[float, float]]] = {
    "motorway": {"lanes": (2, 6)},
    "merge": {"lanes": (2, 6)},
    "parking_lot": {"angle_deg": (45.0, 90.0), "speed_kmh": (5.0, 50.0)},
    "roundabout": {"lanes": (1, 2), "radius_m": (13.5, 50.0)},
    "tunnel": {"length_m": (200.0, 20_000.0), "tunnel_m": (30.0, 1000.0)},
    "bridge": {"length_m": (360.0, 20_000.0), "height_m": (6.0, 6.8)},
}


class RoadSpec(Block):
    """The road network: a map, or a procedural one of `kind`. Every parameter may be null: usual for the kind."""

    opendrive: Annotated[str, Word(meaning="the path of an .xodr file")] | None = None
    """Path of a map (OpenDRIVE, or the .json of Argoverse 2), relative to the scenario file or else the current
    directory; null: procedural."""
    kind: Annotated[str, Word(tuple(ROAD_PARAMETERS))] = "town"
    """What a procedural network looks like; where a map is given, this and all below is ignored."""
    length_m: Annotated[float, Quantity("m", ge=50.0, le=20_000.0)] | None = None
    """Length (straight, hill, village_lane, motorway, merge; tunnel: from 200, bridge: from 360)."""
    lanes: Annotated[int, Quantity("", ge=1, le=6, whole=True)] | None = None
    """Driving lanes each way (straight, tunnel, bridge; motorway, merge: 2 to 6); 1 or 2 lanes in the ring and in each
    direction of the arms (roundabout)."""
    arms: Annotated[int, Quantity("", ge=3, le=5, whole=True)] | None = None
    """How many roads meet there (roundabout)."""
    lane_width_m: Annotated[float, Quantity("m", ge=2.0, le=6.0)] | None = None
    """Width of a driving lane (straight)."""
    width_m: Annotated[float, Quantity("m", ge=3.0, le=12.0)] | None = None
    """Width of the carriageway (village_lane)."""
    unpaved: Annotated[bool, Flag()] | None = None
    """Whether it is of gravel, from which wheels raise dust while it is dry (village_lane)."""
    sidewalks: Annotated[bool, Flag()] | None = None
    """Whether it is a street with kerbs and pavements (straight, roundabout)."""
    radius_m: Annotated[float, Quantity("m", ge=13.5, le=10_000.0)] | None = None
    """Radius of the bend (curve); of the outer edge of the ring, 13.5 to 40 with one lane, 23 to 50 with two
    (roundabout)."""
    angle_deg: Annotated[float, Quantity("deg", ge=-350.0, le=350.0)] | None = None
    """Turn of the bend, positive to the left (curve); angle between the roads, 50 to 130 (t_junction, x_junction), or
    between bays and aisles, 45 to 90 (parking_lot)."""
    rows: Annotated[int, Quantity("", ge=1, le=20, whole=True)] | None = None
    """Rows of bays, two to an aisle (parking_lot)."""
    bays: Annotated[int, Quantity("", ge=2, le=60, whole=True)] | None = None
    """Bays in each row (parking_lot)."""
    clothoid_m: Annotated[float, Quantity("m", ge=1.0, le=1000.0)] | None = None
    """Length of the transition into the bend and out of it (curve)."""
    approach_m: Annotated[float, Quantity("m", ge=10.0, le=5000.0)] | None = None
    """Length of the straight before and after the bend (curve)."""
    superelevation_percent: Annotated[float, Quantity("%", ge=0.0, le=12.0)] | None = None
    """Banking of the bend (curve)."""
    height_m: Annotated[float, Quantity("m", ge=-60.0, le=60.0)] | None = None
    """Height of the crest, negative for a dip (hill); of the upper road above the lower one, 6 to 6.8 (bridge)."""
    tunnel_m: Annotated[float, Quantity("m", ge=30.0, le=1000.0)] | None = None
    """Length of the tube, in the middle of the road (tunnel)."""
    ramp: Annotated[bool, Flag()] | None = None
    """Whether there is an exit and an entry (motorway)."""
    curve_radius_m: Annotated[float, Quantity("m", ge=0.0, le=100_000.0)] | None = None
    """Radius of its bends, 0: straight (motorway)."""
    acceleration_m: Annotated[float, Quantity("m", ge=80.0, le=1000.0)] | None = None
    """Length of the acceleration lane, its taper not counted (merge)."""
    ramp_m: Annotated[float, Quantity("m", ge=150.0, le=2000.0)] | None = None
    """Length of the ramp (merge)."""
    ramp_kmh: Annotated[float, Quantity("km/h", ge=30.0, le=80.0)] | None = None
    """Speed limit of the ramp (merge)."""
    arm_m: Annotated[float, Quantity("m", ge=40.0, le=2000.0)] | None = None
    """Length of each road from the middle (t_junction, x_junction, roundabout)."""
    traffic_lights: Annotated[bool, Flag()] | None = None
    """Whether traffic lights stand there (t_junction, x_junction)."""
    blocks_x: Annotated[int, Quantity("", ge=1, le=30, whole=True)] | None = None
    """Blocks from west to east (town)."""
    blocks_y: Annotated[int, Quantity("", ge=1, le=30, whole=True)] | None = None
    """Blocks from south to north (town)."""
    block_m: Annotated[float, Quantity("m", ge=70.0, le=1000.0)] | None = None
    """About how long one side of a block is (town)."""
    speed_kmh: Annotated[float, Quantity("km/h", ge=5.0, le=250.0)] | None = None
    """Speed limit (straight, curve, hill, village_lane, tunnel, bridge, motorway, merge, roundabout, parking_lot)."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Parameters that a procedural road of this kind does not have, or that are out of its range."""
        kind = values.get("kind")
        if values.get("opendrive", "unknown") is None and isinstance(kind, str):
            has = ROAD_PARAMETERS[kind]
            for name in sorted({name for names in ROAD_PARAMETERS.values() for name in names} - set(has)):
                if values.get(name) is not None:
                    yield (name,), f"a road of kind {kind} has no {name}; it has {', '.join(has)}"
            for name, (low, high) in ROAD_RANGES.get(kind, {}).items():
                value = values.get(name)
                if isinstance(value, (int, float)) and not low <= value <= high:
                    yield (name,), f"{value:g} does not fit a road of kind {kind}: {low:g} to {high:g} are accepted"

    @classmethod
    def settle(cls, values: dict[str, Any]) -> dict[str, Any]:
        """A kind that was drawn takes only the parameters that it has, and the nearest values of its ranges."""
        kind = values["kind"]
        spare = {name for names in ROAD_PARAMETERS.values() for name in names} - {*ROAD_PARAMETERS[kind]}
        settled = {name: None if name in spare else value for name, value in values.items()}
        for name, (low, high) in ROAD_RANGES.get(kind, {}).items():
            value = settled[name]
            if value is not None:
                settled[name] = type(value)(min(max(value, low), high))
        return settled


class Surroundings(Block):
    """What stands beside the road."""

    kind: Annotated[str, Word(SURROUNDINGS)] = "auto"
    """Style of the scenery; auto: by the kind of road and its speed limit."""
    vegetation: Fraction = 0.5
    """Density of trees and bushes, 0 none .. 1 dense."""
    buildings: Fraction = 0.5
    """Density of buildings where the style has any, 0 none .. 1 closed rows."""
    street_lamps: Annotated[bool, Flag()] | None = None
    """Whether street lamps stand there; null: by the style."""
    signs: Annotated[str, Word(SIGNS)] = "auto"
    """Look of the signs: vienna (Europe) or mutcd (US, where procedural roads get yellow centre lines); auto: by the
    centre lines of the map."""


class When(Block):
    """The trigger of a manoeuvre: exactly one of the two."""

    time_s: Seconds | None = None
    """Seconds after the start of the drive."""
    ego_distance_m: Metres | None = None
    """As soon as the ego's front is this near, in a straight line."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Two triggers, or none."""
        if len(values) == 2 and (values["time_s"] is None) == (values["ego_distance_m"] is None):
            yield (), "needs exactly one of time_s, ego_distance_m"


class Speed(Block):
    """Change the speed along the lane."""

    speed_mps: MetresPerSecond = 10.0
    """Target speed; negative drives backwards."""
    acceleration_mps2: MetresPerSecond2 = 2.0
    """How fast the speed changes."""


class Stop(Block):
    """Brake to a standstill."""

    deceleration_mps2: MetresPerSecond2 = 6.0
    """How hard."""


class LaneChange(Block):
    """Move sideways by whole lanes."""

    lanes: Annotated[int, Quantity("", ge=-4, le=4, whole=True)] = 1
    """How many lanes to the left (negative: to the right)."""
    duration_s: Annotated[float, Quantity("s", ge=0.2, le=60.0)] = 4.0
    """Time from leaving the centre of one lane to the centre of the other."""


class Walk(Block):
    """Go in a straight line to a point beside or on the ego's path; for people and animals."""

    ahead_m: SignedMetres = 0.0
    """How far the goal lies ahead of the actor's start, along the ego's path."""
    lateral_m: SignedMetres = 0.0
    """Where the goal lies, to the left of the centre of the ego's lane."""
    speed_mps: Annotated[float, Quantity("m/s", ge=0.0, le=20.0)] | None = None
    """Speed; null: usual for the kind."""


Action = Speed | Stop | LaneChange | Walk
ACTIONS: dict[str, type[Block]] = {"speed": Speed, "stop": Stop, "lane_change": LaneChange, "walk": Walk}


class ActionField(Codec):
    """Annotation of `{kind: speed|stop|lane_change|walk, parameters...}`."""

    def check(self, given: Any) -> Any:
        """The action."""
        if isinstance(given, tuple(ACTIONS.values())):
            return given
        if not isinstance(given, dict) or not isinstance(given.get("kind"), str):
            raise problem("action", f"must be a mapping with a kind: one of {listed(ACTIONS)}")
        kind = Word(tuple(ACTIONS)).check(given["kind"])
        return ACTIONS[kind].model_validate({key: value for key, value in given.items() if key != "kind"})

    def write(self, value: Any) -> dict[str, Any]:
        """Kind first."""
        kind = next(name for name, cls in ACTIONS.items() if isinstance(value, cls))
        return {"kind": kind, **value.model_dump(exclude_none=True)}

    def schema(self) -> dict[str, Any]:
        """One alternative for each kind."""
        options = []
        for kind, cls in ACTIONS.items():
            schema = inlined(cls.model_json_schema())
            schema["properties"] = {"kind": {"const": kind}, **schema["properties"]}
            options.append({**schema, "required": ["kind"]})
        return {"anyOf": options}


class Manoeuvre(Block):
    """One thing that an actor does once its trigger fires."""

    when: When = When(time_s=0.0)
    """The trigger; default: at the start."""
    do: Annotated[Action, ActionField()]
    """What to do: kind speed, stop, lane_change or walk, and its parameters."""


class Placed(Block):
    """What the ego and other actors have in common."""

    actor: Annotated[Family, FamilyEntry("actors")]
    """The kind of actor and its parameters; in YAML they stand in the same mapping as the keys here."""
    lateral_m: SignedMetres = 0.0
    """Offset to the left of the lane's centre."""
    manoeuvres: tuple[Manoeuvre, ...] = ()
    """What it does, each once; without any it keeps its speed and lane (traffic ahead is respected)."""
    lights: tuple[Annotated[str, Word((*LIGHTS, UNLIT))], ...] = ()
    """Lamps that burn besides those of its driving, or flash: `[special]` are the blue lights of police, ambulances and
    fire engines, `[warning]` the hazard lights; `off`: it drives without lights, in the dark too."""


class Ego(Placed):
    """The car that carries the sensors."""

    speed_mps: Annotated[float, Quantity("m/s", ge=0.0, le=70.0)] | None = None
    """Speed at the start and target from then on; null: the speed limit."""
    road: Text | None = None
    """Id of the road where it starts; null: any, by the seed."""
    lane: Annotated[int, Quantity("", ge=-99, le=99, whole=True)] | None = None
    """OpenDRIVE id of the lane where it starts; null: any driving lane, by the seed."""
    s_m: Metres | None = None
    """Road coordinate s of the start; null: anywhere, by the seed."""
    lane_changes: Annotated[Literal["never", "blocked", "free"], Word(LANE_CHANGES)] = "blocked"
    """Whether it changes lanes by itself: never; blocked: to get round what stands, lies or creeps in its lane, and
    back again; free: as all traffic does. One with manoeuvres does what these say."""


class ScriptedActor(Placed):
    """An actor with a part in the scene, placed relative to the ego's start."""

    name: Annotated[str, Word(pattern=r"[A-Za-z0-9_-]{0,40}", meaning="a name of letters, digits, - and _")] = ""
    """Unique name in the labels; empty: made from kind and number."""
    ahead_m: SignedMetres = 30.0
    """Distance ahead of the ego's start along the ego's path (negative: behind)."""
    lane: Annotated[int, Quantity("", ge=-6, le=6, whole=True)] = 0
    """Lanes to the left of the ego's lane (negative: to the right)."""
    heading_deg: Degrees = 0.0
    """Counter-clockwise from the direction of the ego's path; 180 faces the ego."""
    speed_mps: MetresPerSecond = 0.0
    """Speed at the start, in the direction it faces."""


class Traffic(Block):
    """How many others are around by chance, within sight of the ego's drive."""

    vehicles: Count = 8
    """Moving vehicles."""
    oncoming_share: Fraction = 0.5
    """Share of the vehicles in lanes of the other direction, where there are any."""
    parked: Count = 6
    """Parked vehicles beside the road; none where more than 72 km/h are allowed."""
    pedestrians: Count = 6
    """People on pavements and verges; nobody walks beside a motorway."""
    cyclists: Count = 1
    """Cyclists on the road; none where 90 km/h or more are allowed."""
    animals: Count = 0
    """Dogs, and cattle on meadows."""


class Scenario(Block):
    """What should happen in a drive of `duration_s`; the model of a scenario file."""

    about: Annotated[str, Word()] = ""
    """What is special about the scene, in a sentence."""
    duration_s: Annotated[float, Quantity("s", ge=0.0, le=600.0)] = 1.0
    """Length of the drive; every sensor fires at its own rate from 0 until before the end, but at least once."""
    seed: Annotated[int, Quantity("", ge=0, le=2**63 - 1, whole=True)] | None = None
    """Fixes the scene: seed of all its random streams. `sample` sets it; in a file it overrides --seed."""
    time: Time = Time()
    place: Place = Place()
    road: RoadSpec = RoadSpec()
    surroundings: Surroundings = Surroundings()
    ego: Annotated[Ego, FlatEntry(Ego, "actor", "actors", "car")] = Field(default_factory=dict)  # type: ignore[assignment]  # the entry makes an Ego of it
    traffic: Traffic = Traffic()
    actors: Annotated[tuple[ScriptedActor, ...], Entries(FlatEntry(ScriptedActor, "actor", "actors"))] = ()
    """Actors with a part in the scene."""
    weather: Annotated[Any, WeatherField()] = Field(default_factory=dict)
    """Weather and light, in physical units."""
    anomalies: Annotated[tuple[Family, ...], Entries(FamilyEntry("anomalies"))] = ()
    """What makes the scene an edge case."""
    recording: Annotated[str, Word(meaning="the path of a recording")] | None = None
    """Path of a recorded drive (.csv, .parquet, or the .json of a dataset), relative to the scenario file: who moves
    where, the ego included; null: simulated.

    Keys that say who is there and how they move (ego, traffic, actors, anomalies) are ignored then."""
    rig: Annotated[str | dict[str, Family], RigField()] = "kitti"
    """Name of a sensor rig, or sensors by name."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Two actors of one name."""
        seen: set[str] = set()
        actors = values.get("actors", ())
        for number, actor in enumerate(actors if isinstance(actors, tuple) else ()):
            name = getattr(actor, "name", "")
            if isinstance(name, str) and name in seen:
                yield ("actors", number, "name"), f'"{name}" is the name of another actor already'
            seen |= {name} - {""} if isinstance(name, str) else set()

    def sample(self, seed: int = 0) -> Scenario:
        """The same scenario with every number fixed: by its own `seed` if it has one, else by `seed`.

        Each value has a random stream named after its key, so adding a key changes no other value. Raises
        InvalidScenario if values that were drawn together contradict each other.
        """
        from simulator.scenario.sampling import sample

        return sample(self, seed)

    @property
    def is_concrete(self) -> bool:
        """Whether every number is fixed, the seed included."""
        from simulator.scenario.sampling import is_fixed

        return self.seed is not None and is_fixed(self)

    @property
    def start_utc(self) -> datetime.datetime:
        """Start of the drive in UTC (of a concrete scenario)."""
        midnight = datetime.datetime.combine(datetime.date.fromisoformat(self.time.date), datetime.time(), datetime.UTC)
        return midnight + datetime.timedelta(hours=self.time.clock_h - self.time.utc_offset_h)

    def weather_members(self) -> list[Family]:
        """The members of the family `weather` that hold the fields of `weather`, in order of their kinds."""
        return weather_members(self.weather)

    def to_data(self) -> dict[str, Any]:
        """Plain data (dicts, lists, numbers, text) that reads back equal."""
        data: dict[str, Any] = self.model_dump(exclude_none=True)
        return data

    def to_yaml(self) -> str:
        """YAML text that reads back equal."""
        from simulator.scenario.yaml_text import write_yaml

        return write_yaml(self.to_data())
