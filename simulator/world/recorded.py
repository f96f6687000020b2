"""Recorded drives as files, and their worlds: actors of ours in the boxes of the recorded entities, on their poses.

A recording is a JSON file: `dt` (s), `ego` (a name) and `entities`, each with its name, `kind` ("car", "pedestrian",
"pole" ...), `size` (length, width, height in m), `center` (of the box in the entity's frame), `first` (its first step)
and `poses` (x, y, z, h, p, r of its frame, world, m and rad, one row a step).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.drives import is_table, read_drive
from simulator.drives.categories import RIDERLESS, described_as
from simulator.dynamics.traffic import velocities
from simulator.errors import InputError
from simulator.numerics import se3
from simulator.numerics.rng import generator
from simulator.roads import LaneKey, Path, RoadNetwork
from simulator.scenario.family import member
from simulator.scene import Body, Material, Model, Snapshot, Switch, Timeline
from simulator.scene.builder import SceneBuilder
from simulator.scene.mesh import box
from simulator.storyboard import model
from simulator.storyboard.recording import Recording
from simulator.world.cast import Cast
from simulator.world.population import driving_lamps
from simulator.world.route import Route

Array = NDArray[np.float64]

MAX_BYTES = 200_000_000
MAP_ERROR_M = 0.5  # ground farther than this from an entity belongs to another road, or it flies
AWAY_M = 1000.0  # so far below the ground are entities that do not take part yet or any more
PARKED_M = 0.5  # vehicles that never move farther are parked: no lamp is on
BRAKING_MPS2, STANDING_MPS = -0.5, 0.1  # brake lamps are on beyond these
STYLES: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "van": tuple(("van", {"size": size}) for size in (0.0, 0.5, 1.0)),
    "truck": tuple(("truck", {"size": size}) for size in (0.0, 0.5, 1.0)),
    "bus": tuple(("bus", {"size": size}) for size in (0.0, 0.5, 1.0)),
    "motorbike": (("motorcycle", {}),),
    "bicycle": (("bicycle", {}),),
    "animal": tuple((kind, {}) for kind in ("dog", "sheep", "deer", "cow", "horse")),
}
CAR_SIZES_M = ((3.0, 1.4, 1.25), (5.6, 2.2, 2.1))  # smallest and largest length, width, height of our cars
ADULT_M = 1.4  # people under this are children
BOXES = {"trailer": "trailer", "semitrailer": "trailer", "train": "tram", "tram": "tram", "building": "building"}
BOXES |= {"barrier": "barrier", "pole": "pole", "wall": "wall"}
GREY = Material("grey plastic", (0.45, 0.45, 0.45), roughness=0.7, reflectance_905=0.4)


@dataclass(frozen=True, eq=False)
class Entity:
    """One recorded entity.

    Attributes:
        kind: its category in the words of OpenSCENARIO.
        size: (3,) length, width, height. center: (3,) of the box in the entity's frame.
        first: step at which it appears. poses: (T, 6) x, y, z, heading, pitch, roll.
    """

    name: str
    kind: str
    size: Array
    center: Array
    first: int
    poses: Array


@dataclass(frozen=True, eq=False)
class Recorded:
    """A recorded drive, cut to the time in which the ego takes part."""

    dt: float
    ego: Entity
    others: tuple[Entity, ...]

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
        for first, poses in _stretches(rows):
            entities.append(
                {
                    "name": name,
                    "kind": described_as(entity),
                    "size": [bounds.length, bounds.width, bounds.height],
                    "center": [bounds.center_x, bounds.center_y, bounds.center_z],
                    "first": first,
                    "poses": poses,
                }
            )
    return {"dt": recording.dt, "ego": recording.ego, "entities": entities}


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
            )
            for given in document["entities"]
        ]
        dt, name = float(document["dt"]), document["ego"]
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"is no recording: {type(error).__name__} {error}", source=source) from None
    if not dt > 0 or not all(
        len(e.poses) and np.isfinite(e.poses).all() and np.isfinite(e.size).all() for e in entities
    ):
        raise InputError("is no recording: needs a positive dt, and finite poses of every entity", source=source)
    ego = next((each for each in entities if each.name == name), None)
    if ego is None:
        raise InputError(f'the ego "{name}" is none of its entities', source=source)
    others = tuple(replace(each, first=each.first - ego.first) for each in entities if each.name != name)
    return Recorded(dt, replace(ego, first=0), others)


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


def models_for(entity: Entity, rng: np.random.Generator) -> list[Model]:
    """Models of an actor of ours that comes nearest to an entity's kind and box; a plain box where we have none."""
    length, width, height = entity.size
    kind = entity.kind
    if kind == "car":
        low, high = CAR_SIZES_M
        size = np.clip(entity.size, low, high)
        style = "suv" if size[2] > 1.65 else "hatchback" if size[0] < 4.3 else "sedan"
        named = dict(zip(("length_m", "width_m", "height_m"), (float(v) for v in size), strict=True))
        return _made("car", {"style": style, "role": "private", **named}, rng)
    if kind in ("pedestrian", "wheelchair"):
        if 0.4 < height < ADULT_M:
            return _made("child", {"age_years": float(np.interp(height, (0.85, 1.5), (2.0, 12.0)))}, rng)
        return _made("pedestrian", {"height_m": float(np.clip(height, 1.45, 2.05))}, rng)
    if kind == RIDERLESS:
        return _made("bicycle", {}, rng)[:1]
    if kind in STYLES:
        seed = int(rng.integers(2**32))
        made = [_made(name, given, np.random.default_rng(seed)) for name, given in STYLES[kind]]
        return min(made, key=lambda models: float(np.abs(models[0].size_lwh_m - entity.size).sum()))
    least = np.maximum([length, width, height], 0.05)
    body = Body(box(least, (0.0, 0.0, float(least[2]) / 2)), (GREY,))
    return [Model(BOXES.get(kind, "debris"), (body,), attributes=(("kind", kind),))]


def _made(kind: str, given: dict[str, Any], rng: np.random.Generator) -> list[Model]:
    actor: Any = member("actors", kind)(**given)
    models: list[Model] = actor.models(rng)
    return models


@dataclass(frozen=True, eq=False)
class Placed:
    """A recorded entity and the object of ours that plays it."""

    entity: Entity
    row: int
    origin: Array
    stride_m: float


def place(recorded: Recorded, cast: Cast, seed: int, dark: bool) -> list[Placed]:
    """Add an object for every entity, the ego first, where it is first."""
    found = []
    names: dict[str, int] = {}
    for number, entity in enumerate((recorded.ego, *recorded.others)):
        rng = generator(seed, "recorded", entity.name)
        models = models_for(entity, rng)
        if number == 0:
            models[0] = replace(models[0], class_name="ego")
        # The boxes of both have the same middle: ours may have the rear axle elsewhere.
        low, high = models[0].bounds
        origin = np.array([entity.center[0] - (low[0] + high[0]) / 2, entity.center[1] - (low[1] + high[1]) / 2, 0.0])
        pose = entity.poses[0]
        count = names[entity.name] = names.get(entity.name, 0) + 1
        name = "ego" if number == 0 else entity.name if count == 1 else f"{entity.name}-{count}"
        rotation = se3.pose(pose[:3], pose[5], pose[4], pose[3])
        row = cast.add(models, (rotation @ np.r_[origin, 1.0])[:3], (pose[5], pose[4], pose[3]), name=name)
        if models[0].wheelbase_m > 0 and np.ptp(entity.poses[:, :2], axis=0).max() > PARKED_M:
            cast.lamps[row] = driving_lamps(dark, rng)
        stride = _STRIDES.get(models[0].class_name, 0.0)
        found.append(Placed(entity, row, origin, stride))
    return found


_STRIDES = {"pedestrian": 1.4, "bicycle": 4.9, "animal": 1.2}


def timeline(recorded: Recorded, placed: list[Placed], cast: Cast, builder: SceneBuilder, rest: Snapshot) -> Timeline:
    """Where the objects are at every step: on the recorded poses, their wheels on the ground."""
    steps = len(recorded.ego.poses)
    times_ns = np.round(np.arange(steps) * recorded.dt * 1e9).astype(np.int64)
    columns: dict[str, list[Array]] = {name: [] for name in ("position", "rpy", "velocity", "travel", "steer", "gait")}
    rows, lamps = [], []
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
        gait = travel * (2 * np.pi / each.stride_m) if each.stride_m else np.zeros(steps)
        position[~present, 2] -= AWAY_M
        own = cast.lamps.get(each.row, 0)
        change = np.gradient(forward, recorded.dt) if steps > 1 else np.zeros(steps)
        braking = (each.row in cast.lamps) & ((change < BRAKING_MPS2) | (np.abs(forward) < STANDING_MPS))
        for row in (each.row, *([cast.riders[each.row]] if each.row in cast.riders else [])):
            rows.append(row)
            lamps.append(np.where(braking, own | (1 << Switch.BRAKE), own) if row == each.row else np.zeros(steps, int))
            for name, values in zip(
                columns, (position, rpy, velocity, travel, np.clip(steer, -0.7, 0.7), gait), strict=True
            ):
                columns[name].append(values)
    stacked = {name: np.stack(values, 1) for name, values in columns.items()}
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
    )


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
