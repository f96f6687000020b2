"""Recorded drives as files, and their worlds: actors of ours in the boxes of the recorded entities, on their poses.

A recording is a JSON file: `dt` (s), `ego` (a name) and `entities`, each with its name, `kind` ("car", "pedestrian",
"pole" ...), `size` (length, width, height in m), `center` (of the box in the entity's frame), `first` (its first step)
and `poses` (x, y, z, h, p, r of its frame, world, m and rad, one row a step). It may have `role` and `model` (words
that tell more of its kind), `lights` (time, light, mode, seconds on, seconds off, cd, colour in sRGB 0 to 1; what is
null or missing is as usual), `turns` (time, way of a lane change), `openings` (time, door, share of the way, seconds
for it, in a loop), `manner` (pose and thing in the hands) and `seen` (time, by cameras, by other sensors).
Besides, there may be `settings` of light and weather (see `settings_of`) and `signals` (time, id, state). Times are in
s since the recording's start.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.drives import is_table, read_drive
from simulator.drives.categories import described_as
from simulator.dynamics.courses import velocities
from simulator.errors import InputError
from simulator.numerics import se3
from simulator.numerics.rng import generator
from simulator.roads import LaneKey, Path, RoadNetwork
from simulator.scene import Atmosphere, Model, Shine, Snapshot, Swing, Timeline
from simulator.scene.builder import SceneBuilder
from simulator.scene.snapshot import CAMERAS, OTHER_SENSORS
from simulator.storyboard import model
from simulator.storyboard.recording import Change, Recording
from simulator.weather.conditions import Conditions
from simulator.world.animations import HELD, POSES, Manner, Opening, manners_of, opening_of, swings_of
from simulator.world.cast import Cast
from simulator.world.casting import models_for
from simulator.world.hitch import hitch_angles
from simulator.world.lamps import Bits, Command, driven, shining, turning
from simulator.world.near import calls_for_umbrellas
from simulator.world.population import driving_lamps
from simulator.world.route import Route
from simulator.world.setting import settings_of
from simulator.world.shine import color_of, own_lenses, shines_of

Array = NDArray[np.float64]

MAX_BYTES = 200_000_000
MAP_ERROR_M = 0.5  # ground farther than this is another road's or the land's beside a bridge, or it flies
AWAY_M = 1000.0  # so far below the ground are entities that do not take part yet or any more
PARKED_M = 0.5  # vehicles that never move farther are parked: no lamp is on unless the scenario switches some


@dataclass(frozen=True, eq=False)
class Entity:
    """One recorded entity.

    Attributes:
        kind: its category in the words of OpenSCENARIO.
        size: (3,) length, width, height. center: (3,) of the box in the entity's frame.
        first: step at which it appears. poses: (T, 6) x, y, z, heading, pitch, roll.
        role: of a vehicle, such as "police". model: name of its model.
        openings: of doors. manner: pose of a person and the thing in its hands; "": any.
        lights: commands. turns: (time, way) of lane changes. seen: (time, by cameras, by other sensors). Times are in s
            since the ego's start.
    """

    name: str
    kind: str
    size: Array
    center: Array
    first: int
    poses: Array
    role: str = "none"
    model: str = ""
    lights: tuple[Command, ...] = ()
    turns: tuple[tuple[float, int], ...] = ()
    seen: tuple[tuple[float, bool, bool], ...] = ()
    openings: tuple[Opening, ...] = ()
    manner: Manner = ("", "")

    @property
    def moves(self) -> bool:
        """Whether it goes anywhere."""
        return bool(np.ptp(self.poses[:, :2], axis=0).max() > PARKED_M)

    def later(self, seconds: float, steps: int) -> Entity:
        """The same with its clock set forward."""
        return replace(
            self,
            first=self.first + steps,
            lights=tuple(replace(each, time_s=each.time_s + seconds) for each in self.lights),
            turns=tuple((time + seconds, way) for time, way in self.turns),
            seen=tuple((time + seconds, by_cameras, by_others) for time, by_cameras, by_others in self.seen),
            openings=tuple(replace(each, time_s=each.time_s + seconds) for each in self.openings),
        )


@dataclass(frozen=True, eq=False)
class Recorded:
    """A recorded drive, cut to the time in which the ego takes part.

    Attributes:
        dt: step, s. ego, others: who takes part.
        settings: of light and weather, see `settings_of`; none: the scenario's throughout.
        signals: (time, state) pairs of each traffic signal that the drive controls, by id.
    """

    dt: float
    ego: Entity
    others: tuple[Entity, ...]
    settings: tuple[dict[str, Any], ...] = ()
    signals: dict[str, tuple[tuple[float, str], ...]] = field(default_factory=dict)

    @property
    def duration_s(self) -> float:
        """From the ego's first step to its last."""
        return self.dt * (len(self.ego.poses) - 1)


def write_recorded(recording: Recording, path: FilePath) -> None:
    """Write the file that `read_recorded` reads.

    Raises:
        InputError: no entity can carry the sensors.
    """
    path.write_text(json.dumps(_document(recording)) + "\n", encoding="utf-8")


def _document(recording: Recording) -> dict[str, Any]:
    """The content of the file of a recording. Raises InputError where no entity can carry the sensors."""
    if not recording.ego:
        raise InputError("has no vehicle that could carry sensors")
    entities = []
    for name, entity in recording.entities.items():
        if isinstance(entity, model.ExternalObjectReference):  # the map has it
            continue
        bounds = entity.bounding_box
        rows = {round(row.t / recording.dt): [round(v, 5) for v in row[2:8]] for row in recording.of(name)}
        for manner, first, poses in _pieces(recording, name, rows):
            entities.append(
                {
                    "name": name,
                    "kind": described_as(entity),
                    "size": [bounds.length, bounds.width, bounds.height],
                    "center": [bounds.center_x, bounds.center_y, bounds.center_z],
                    "role": getattr(entity, "role", "none"),
                    "model": f"{entity.name} {entity.model3d}".strip(),
                    **_changes(recording.changes, name),
                    "manner": manner,
                    "first": first,
                    "poses": poses,
                }
            )
    signals = [
        [each.time, each.what.removeprefix("signal "), str(each.value)]
        for each in recording.changes
        if not each.owner and each.what.startswith("signal ")
    ]
    document = {"dt": recording.dt, "ego": recording.ego, "settings": settings_of(recording), "signals": signals}
    return {**document, "entities": entities}


def _pieces(
    recording: Recording, name: str, rows: dict[int, list[float]]
) -> Iterator[tuple[Manner, int, list[list[float]]]]:
    """Rows by step as runs without a gap in which a person stays as it is: (pose and thing, first step, rows).

    A body has one pose: who takes another one goes on as another object.
    """
    is_person = name != recording.ego and described_as(recording.entities[name]) == "pedestrian"
    changes = [each for each in recording.changes if is_person and each.owner == name]
    acts = [(each.time, each.value) for each in changes if isinstance(each.value, model.AnimationAction)]
    manners = manners_of(acts, recording.dt)
    ends = [round(time / recording.dt) for time, _ in manners[1:]] + [max(rows, default=0) + 1]
    begin = min(rows, default=0)
    for end, (_, manner) in zip(ends, manners, strict=True):
        for first, poses in _stretches({step: rows[step] for step in rows if begin <= step < end}):
            yield manner, first, poses
        begin = end


def _changes(changes: Sequence[Change], name: str) -> dict[str, object]:
    """What of an entity changes besides its pose."""
    moved = [(each.time, each.value) for each in changes if each.owner == name]
    acts = [(time, value) for time, value in moved if isinstance(value, model.AnimationAction)]
    openings = [astuple(found) for time, act in acts if (found := opening_of(time, act)) is not None]
    lights: list[list[object]] = []
    turns: list[list[object]] = []
    seen: list[list[object]] = []
    for each in changes:
        if each.owner != name:
            continue
        if isinstance(each.value, model.LightState):
            state = each.value
            light: list[object] = [each.time, each.what.removeprefix("light "), state.mode]
            light += [state.flashing_on_duration, state.flashing_off_duration, state.luminous_intensity]
            lights.append([*light, color_of(state.color)])
        elif isinstance(each.value, model.VisibilityAction):
            seen.append([each.time, each.value.graphics, each.value.sensors])
        elif each.what == "lane change":
            turns.append([each.time, each.value])
    return {"lights": lights, "turns": turns, "seen": seen, "openings": openings}


def duration_of(recording: Recording) -> float:
    """Seconds for which the ego takes part in a run without a break."""
    rows = {round(row.t / recording.dt): [0.0] for row in recording.of(recording.ego)}
    stretches = _stretches(rows)
    return (len(stretches[0][1]) - 1) * recording.dt if stretches else 0.0


def _stretches(rows: dict[int, list[float]]) -> list[tuple[int, list[list[float]]]]:
    """Rows by step as runs without a gap: (first step, rows)."""
    found: list[tuple[int, list[list[float]]]] = []
    for step in sorted(rows):
        if found and found[-1][0] + len(found[-1][1]) == step:
            found[-1][1].append(rows[step])
        else:
            found.append((step, [rows[step]]))
    return found


def read_recorded(path: FilePath, network: RoadNetwork | None = None) -> Recorded:
    """A recording: the file of `write_recorded`, or a recorded drive (see `read_drive`) on its map.

    Raises:
        InputError: the file is none.
    """
    source = str(path)
    try:
        if is_table(path):
            drive = read_drive(path)
            return _recorded(_document((drive if network is None else drive.on(network)).recording()), source)
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"is larger than {MAX_BYTES / 1e6:.0f} MB", source=source)
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", source=source) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"is no recording: {type(error).__name__} {error}", source=source) from None
    return _recorded(document, source)


def _recorded(document: Any, source: str) -> Recorded:
    """A recording from the content of its file."""
    try:
        entities = [
            Entity(
                str(given["name"]),
                str(given["kind"]),
                np.array(given["size"], np.float64).reshape(3),
                np.array(given["center"], np.float64).reshape(3),
                int(given["first"]),
                np.array(given["poses"], np.float64).reshape(-1, 6),
                str(given.get("role", "none")),
                str(given.get("model", "")),
                tuple(_command(*row) for row in given.get("lights", ())),
                tuple((float(t), int(way)) for t, way in given.get("turns", ())),
                tuple((float(t), bool(cameras), bool(others)) for t, cameras, others in given.get("seen", ())),
                tuple(
                    Opening(float(t), str(part), float(share), float(within), bool(loop))
                    for t, part, share, within, loop in given.get("openings", ())
                ),
                _manner(*given.get("manner", ("", ""))),
            )
            for given in document["entities"]
        ]
        dt, name = float(document["dt"]), document["ego"]
        settings = tuple({**given, "t": float(given["t"])} for given in document.get("settings", ()))
        signals: dict[str, tuple[tuple[float, str], ...]] = {}
        for time, number, state in document.get("signals", ()):
            signals[str(number)] = (*signals.get(str(number), ()), (float(time), str(state)))
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"is no recording: {type(error).__name__} {error}", source=source) from None
    if not dt > 0 or not all(
        len(e.poses) and np.isfinite(e.poses).all() and np.isfinite(e.size).all() for e in entities
    ):
        raise InputError("is no recording: needs a positive dt, and finite poses of every entity", source=source)
    ego = next((each for each in entities if each.name == name), None)
    if ego is None:
        raise InputError(f'the ego "{name}" is none of its entities', source=source)
    begin, steps = -ego.first * dt, -ego.first
    return Recorded(
        dt,
        ego.later(begin, steps),
        tuple(each.later(begin, steps) for each in entities if each.name != name),
        _later_settings(settings, begin),
        {number: tuple((time + begin, state) for time, state in states) for number, states in signals.items()},
    )


def _manner(pose: object, thing: object) -> Manner:
    """Pose and thing that there are; ValueError otherwise."""
    if pose not in ("", *POSES) or thing not in ("", *HELD.values()):
        raise ValueError(f"nobody is {pose} with {thing}")
    return str(pose), str(thing)


def _command(time: Any, light: Any, mode: Any, *rest: Any) -> Command:
    """A command of a file; what of `rest` is missing or null is as usual."""
    *spans, color = (*rest, None, None, None, None)[:4]
    on, off, intensity = (None if value is None else float(value) for value in spans)
    red, green, blue = color or (0.0, 0.0, 0.0)
    rgb = None if color is None else (float(red), float(green), float(blue))
    return Command(float(time), str(light), str(mode), on, off, intensity, rgb)


def _later_settings(settings: tuple[dict[str, Any], ...], begin: float) -> tuple[dict[str, Any], ...]:
    """Settings with their clock set forward; of those before the start only the last counts."""
    moved = [{**each, "t": each["t"] + begin} for each in settings]
    before = [k for k, each in enumerate(moved) if each["t"] <= 0.0]
    return tuple(moved[before[-1] :] if before else moved)


def ego_route(network: RoadNetwork, recorded: Recorded) -> Route:
    """The ego's recorded way as a route: what surroundings are arranged along.

    Many maps say no speed limit; what the ego drives at is taken for allowed then.

    Raises:
        InputError: the map has no road.
    """
    ego = recorded.ego
    moved = np.r_[True, np.hypot(*np.diff(ego.poses[:, :2], axis=0).T) > 1e-3]
    xyz, heading = ego.poses[moved, :3], np.unwrap(ego.poses[moved, 3])
    s = np.r_[0.0, np.cumsum(np.hypot(*np.diff(xyz[:, :2], axis=0).T))]
    top = float(np.percentile(np.diff(s), 90)) / recorded.dt if len(s) > 1 else 0.0
    if s[-1] < LEAST_PATH_M:  # it stands: some road ahead of it
        ahead = np.arange(1.0, LEAST_PATH_M + 1 - s[-1])
        way = np.stack([np.cos(heading[-1]) * ahead, np.sin(heading[-1]) * ahead, 0 * ahead], 1)
        xyz, heading = np.concatenate([xyz, xyz[-1] + way]), np.r_[heading, np.full(len(ahead), heading[-1])]
        s = np.r_[s, s[-1] + ahead]
    even = np.linspace(0.0, s[-1], int(s[-1]) + 2)
    xyz = np.stack([np.interp(even, s, column) for column in xyz.T], 1)
    heading = np.interp(even, s, heading)
    keys, index, road_s = _lanes_under(network, xyz)
    start = network.path(keys[0], float(road_s[0]), 2.0, lambda ways: ways[0])
    full = np.ones(len(even))
    path = Path(
        even,
        xyz,
        heading,
        0 * full,
        0 * full,
        np.gradient(heading, even),
        full * float(start.width[0]),
        full * max(float(start.speed_limit_mps[0]), top),
        keys,
        index,
        road_s,
    )
    return Route(keys[0], float(road_s[0]), path)


LEAST_PATH_M = 60.0


def _lanes_under(network: RoadNetwork, xyz: Array) -> tuple[tuple[LaneKey, ...], NDArray[np.int64], Array]:
    """Lanes nearest to points, each point's index into them, and its s."""
    place, roads = network.locate(xyz), list(network.roads)
    keys: dict[LaneKey, int] = {}
    index = np.zeros(len(xyz), np.int64)
    for k, (road, section, lane) in enumerate(zip(place.road, place.section, place.lane, strict=True)):
        index[k] = keys.setdefault(LaneKey(roads[road], int(section), int(lane)), len(keys))
    return tuple(keys), index, np.asarray(place.s, np.float64)


@dataclass(frozen=True, eq=False)
class Placed:
    """A recorded entity and the object of ours that plays it."""

    entity: Entity
    row: int
    origin: Array


def place(recorded: Recorded, cast: Cast, seed: int, air: Atmosphere) -> list[Placed]:
    """Add an object for every entity, the ego first, where it is first; people have dressed for the air and rain."""
    found = []
    names: dict[str, int] = {}
    for number, entity in enumerate((recorded.ego, *recorded.others)):
        rng = generator(seed, "recorded", entity.name)
        special = entity.role == "none" and any(each.light == "specialPurposeLights" for each in entity.lights)
        role = "police" if special else entity.role  # who has blue lights is somebody
        models = models_for(
            entity.kind,
            entity.size,
            rng,
            role=role,
            model=entity.model,
            moves=entity.moves,
            hinged=bool(entity.openings),
            manner=entity.manner,
            air_c=air.temperature_c,
            season=cast.season,
            rains=calls_for_umbrellas(air),
        )
        if number == 0:
            models[0] = replace(models[0], class_name="ego")
        models[0] = own_lenses(models[0], entity.lights, entity.name)
        # The boxes of both have the same middle: ours may have the rear axle elsewhere.
        low, high = models[0].bounds
        origin = np.array([entity.center[0] - (low[0] + high[0]) / 2, entity.center[1] - (low[1] + high[1]) / 2, 0.0])
        pose = entity.poses[0]
        count = names[entity.name] = names.get(entity.name, 0) + 1
        name = "ego" if number == 0 else entity.name if count == 1 else f"{entity.name}-{count}"
        rotation = se3.pose(pose[:3], pose[5], pose[4], pose[3])
        row = cast.add(models, (rotation @ np.r_[origin, 1.0])[:3], (pose[5], pose[4], pose[3]), name=name)
        if models[0].lamps and (entity.moves or entity.lights):
            cast.lamps[row] = driving_lamps(0, rng)
        found.append(Placed(entity, row, origin))
    return found


def later_shapes(placed: Sequence[Placed], partners: Mapping[int, int]) -> dict[int, int]:
    """Rows of the objects that go on as an entity after another object has been it, and of the first; partners too."""
    first: dict[str, int] = {}
    found = {}
    for each in placed:
        row = first.setdefault(each.entity.name, each.row)
        if row != each.row:
            found[each.row] = row
            if row in partners and each.row in partners:
                found[partners[each.row]] = partners[row]
    return found


def timeline(
    recorded: Recorded,
    placed: list[Placed],
    cast: Cast,
    rest: Snapshot,
    conditions: Conditions,
    signals: Sequence[tuple[int, Bits]] = (),
) -> Timeline:
    """Where the objects are at every step, on the recorded poses, their wheels on the ground; and which lamps burn.

    Args:
        rest: state of all objects at the start.
        conditions: headlamps burn in the dark and in fog.
        signals: object id of each traffic signal, and its lamps (T,).
    """
    builder, steps = cast.builder, len(recorded.ego.poses)
    times_ns = np.round(np.arange(steps) * recorded.dt * 1e9).astype(np.int64)
    columns: dict[str, list[Array]] = {name: [] for name in ("position", "rpy", "velocity", "travel", "steer", "gait")}
    rows, lamps, hidden = [], [], []
    shines: list[Shine] = []
    swings: list[Swing] = []
    seconds = times_ns * 1e-9
    called = _headlamps(conditions, seconds)
    for each in placed:
        entity = each.entity
        thing = builder.objects[each.row].model
        assert thing is not None
        here = np.clip(np.arange(steps) - entity.first, 0, len(entity.poses) - 1)
        there = np.arange(steps) - entity.first
        present = (there >= 0) & (there < len(entity.poses))
        pose = entity.poses[here]
        matrices = se3.pose(pose[:, :3], pose[:, 5], pose[:, 4], pose[:, 3])
        position = (matrices @ np.r_[each.origin, 1.0])[:, :3]
        rpy = np.stack([pose[:, 5], pose[:, 4], pose[:, 3]], 1)
        _settle(builder, thing, position, rpy)
        velocity = velocities(position[:, None], times_ns)[:, 0]
        forward = (velocity[:, :2] * np.stack([np.cos(rpy[:, 2]), np.sin(rpy[:, 2])], 1)).sum(1)
        velocity[~present] = 0.0
        travel = np.cumsum(forward * recorded.dt)
        turn = np.gradient(np.unwrap(rpy[:, 2]), recorded.dt) if steps > 1 else np.zeros(steps)
        moving = np.abs(forward) > 0.5
        steer = np.where(moving, np.arctan(thing.wheelbase_m * turn / np.where(moving, forward, 1.0)), 0.0)
        gait = travel * (2 * np.pi / thing.stride_m) if thing.stride_m else hitch_angles(thing, position, rpy[:, 2])
        position[~present, 2] -= AWAY_M
        unseen = _hidden(seconds, entity.seen)
        position[unseen == CAMERAS | OTHER_SENSORS, 2] -= AWAY_M
        usual = np.zeros(steps, np.uint32)
        if each.row in cast.lamps:
            usual |= np.where(called > 0, called, np.uint32(cast.lamps[each.row]))
            usual |= turning(seconds, entity.turns)
            usual |= driven(seconds, forward) if entity.moves else np.uint32(0)
        burning = shining(seconds, usual, entity.lights)
        shines += shines_of(thing, each.row, entity.lights)
        swings += swings_of(thing, each.row, entity.openings, float(seconds[-1]))
        for row in (each.row, *([cast.partners[each.row]] if each.row in cast.partners else [])):
            rows.append(row)
            hidden.append(unseen)
            lamps.append(burning if row == each.row else np.zeros(steps, np.uint32))
            for name, values in zip(
                columns, (position, rpy, velocity, travel, np.clip(steer, -0.7, 0.7), gait), strict=True
            ):
                columns[name].append(values)
    for row, bits in signals:
        rows.append(row)
        hidden.append(np.zeros(steps, np.uint8))
        lamps.append(bits)
        for name, still in zip(columns, (rest.position, rest.rpy, rest.velocity, *([rest.travel_m] * 3)), strict=True):
            columns[name].append(np.broadcast_to(still[row], (steps, *still[row].shape)))
    stacked = {name: np.stack(values, 1) for name, values in columns.items()}
    unseen = np.stack(hidden, 1)
    return Timeline(
        times_ns,
        stacked["position"],
        stacked["rpy"],
        stacked["velocity"],
        stacked["travel"],
        stacked["steer"],
        stacked["gait"],
        np.stack(lamps, 1).astype(np.uint32),
        np.array(rows, np.int64),
        rest,
        unseen if unseen.any() else None,
        tuple(shines),
        tuple(swings),
    )


def _headlamps(conditions: Conditions, seconds: NDArray[np.floating[Any]]) -> NDArray[np.uint32]:
    """(T,) lamps that light and weather call for; looked at once a second."""
    whole = np.floor(seconds).astype(np.int64)
    first = whole[0] if len(whole) else 0
    called = [conditions.at(int(second) * 1_000_000_000).headlamps for second in range(first, whole[-1] + 1)]
    return np.asarray(np.array(called, np.uint32)[whole - first])


def _hidden(seconds: NDArray[np.floating[Any]], seen: Sequence[tuple[float, bool, bool]]) -> NDArray[np.uint8]:
    """(T,) from whom an entity is hidden."""
    found = np.zeros(len(seconds), np.uint8)
    for begin, cameras, others in seen:
        found[seconds >= begin - 1e-9] = (0 if cameras else CAMERAS) | (0 if others else OTHER_SENSORS)
    return found


def _settle(builder: SceneBuilder, thing: Model, position: Array, rpy: Array) -> None:
    """Put axles (or the middle) on the ground under them, in place; maps that are flat lie below or above the mesh."""
    base = thing.wheelbase_m
    z = builder.ground_height(position)
    if base <= 0:
        near = np.abs(z - position[:, 2]) < MAP_ERROR_M
        position[near, 2] = z[near]
        return
    forward = np.stack([np.cos(rpy[:, 2]), np.sin(rpy[:, 2]), -np.tan(rpy[:, 1])], 1)
    front = position + base * forward
    front_z = builder.ground_height(front)
    near = (np.abs(z - position[:, 2]) < MAP_ERROR_M) & (np.abs(front_z - front[:, 2]) < MAP_ERROR_M)
    position[near, 2] = z[near]
    rpy[near, 1] = -np.arctan((front_z - z)[near] / base)
