"""Drives by chance: nothing is inside anything else, all stand on the ground, people are where people go."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import shapely

import simulator
from simulator import raycast
from simulator.scene.classes import class_id
from simulator.traffic.walkways import roadsides
from simulator.world import World, build_world

PLAIN = [
    "surroundings={kind: auto, vegetation: 0, buildings: 0}",
    "anomalies=[]",
    "duration_s=10",
    "weather={cloud_oktas: 1}",
    "time={date: 2025-06-01, clock_h: '12:00'}",
    "traffic={vehicles: 8, pedestrians: 14, cyclists: 2, parked: 6}",
]
SECONDS = np.arange(0.0, 10.01, 0.25)
BODY_M = 0.2  # radius of a trunk
GROUND = ("road", "road_marking", "kerb", "sidewalk", "terrain", "road_defect")
WHEELED = frozenset({"ego", "car", "van", "truck", "bus", "motorcycle", "bicycle", "construction_vehicle"})
CASES = [("x_junction", 11), ("town", 12)]


@cache
def world(kind: str, seed: int) -> World:
    return build_world(simulator.load("any_map", [*PLAIN, f"road={{kind: {kind}}}"]).sample(seed=seed))


def rows_of(made: World, classes: frozenset[str]) -> list[int]:
    """Objects of classes, each with what belongs to it."""
    return [
        row.id
        for row in made.scene.objects
        if row.model is not None and not row.parent and row.class_name in classes and row.attributes.get("seat") is None
    ]


def states(made: World) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(T, O, 3) positions, turns and velocities."""
    shots = [made.timeline.at(int(t * 1e9)) for t in SECONDS]
    position, rpy, velocity = (np.stack([getattr(s, n) for s in shots]) for n in ("position", "rpy", "velocity"))
    return position, rpy, velocity


def outline(made: World, row: int, position: np.ndarray, yaw: float) -> shapely.Polygon:
    """The box of a vehicle from above, without its mirrors."""
    model = made.scene.objects[row].model
    assert model is not None
    (x0, y0, _), (x1, y1, _) = model.bounds
    corners = np.array([[x0, 0.9 * y0], [x1, 0.9 * y0], [x1, 0.9 * y1], [x0, 0.9 * y1]])
    c, s = np.cos(yaw), np.sin(yaw)
    return shapely.Polygon(position[:2] + corners @ np.array([[c, s], [-s, c]]))


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_nothing_is_inside_anything_else(kind: str, seed: int) -> None:
    made = world(kind, seed)
    position, rpy, _ = states(made)
    vehicles, people = rows_of(made, WHEELED), rows_of(made, frozenset({"pedestrian"}))
    assert len(vehicles) >= 8 and len(people) >= 8
    for t in range(len(SECONDS)):
        shapes = np.array([outline(made, row, position[t, row], rpy[t, row, 2]) for row in vehicles])
        tree = shapely.STRtree(shapes)
        one, other = tree.query(shapes, predicate="overlaps")
        names = [made.scene.objects[row].name for row in vehicles]
        assert not len(one), f"{names[one[0]]} and {names[other[0]]} at {SECONDS[t]} s"
        points = shapely.points(position[t, people, :2])
        who, what = tree.query(points, predicate="dwithin", distance=BODY_M - 0.05)
        assert not len(who), f"{made.scene.objects[people[who[0]]].name} in {names[what[0]]} at {SECONDS[t]} s"
        feet = position[t][people][:, :2]
        apart = np.hypot(*np.moveaxis(feet[:, None] - feet[None], -1, 0))
        assert (apart + 9.0 * np.eye(len(people))).min() > 2 * BODY_M - 0.05, f"people at {SECONDS[t]} s"


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_people_are_on_carriageways_only_while_they_cross(kind: str, seed: int) -> None:
    made = world(kind, seed)
    position, _, _ = states(made)
    carriageway, crossed = roadsides(made.network, np.zeros(3)).carriageway, 0
    for row in rows_of(made, frozenset({"pedestrian"})):
        on = carriageway.touches(shapely.points(position[:, row, :2]), position[:, row, 2])
        facts = made.scene.objects[row].attributes
        first, last = float(facts.get("crosses_from_s", "inf")), float(facts.get("crosses_until_s", "-inf"))
        during = (first - 0.3 <= SECONDS) & (last + 0.3 >= SECONDS)
        assert not (on & ~during).any(), made.scene.objects[row].name
        crossed += bool(on.any())
    assert crossed >= 1


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_feet_and_wheels_are_on_the_ground(kind: str, seed: int) -> None:
    made = world(kind, seed)
    position, rpy, velocity = states(made)
    rays, scene = raycast.Scene(), made.scene
    for row in np.flatnonzero(np.isin(scene.instance_class, [class_id(name) for name in GROUND])).tolist():
        if not scene.instance_object[row]:
            mesh = scene.meshes[scene.instance_mesh[row]]
            rays.add(mesh.vertices, mesh.faces, scene.instance_pose[row])
    rays.commit()
    steady = np.abs(np.gradient(np.linalg.norm(velocity, axis=2), 0.25, axis=0)) < 0.5
    for row in rows_of(made, WHEELED | {"pedestrian"}):
        model = scene.objects[row].model
        assert model is not None
        for along in {0.0, model.wheelbase_m}:
            yaw, pitch = rpy[:, row, 2], rpy[:, row, 1]
            ahead = np.stack([np.cos(yaw) * np.cos(pitch), np.sin(yaw) * np.cos(pitch), -np.sin(pitch)], axis=1)
            place = position[:, row] + along * ahead - scene.origin
            down = np.tile(np.float32([0.0, 0.0, -1.0]), (len(place), 1))
            hits = rays.closest_hit((place + [0.0, 0.0, 0.5]).astype(np.float32), down, t_max=np.float32(2.0))
            off = np.abs(hits.t - 0.5)[steady[:, row] & np.isfinite(hits.t)]
            assert (off < 0.03).mean() > 0.97, f"{scene.objects[row].name}: {off.max():.3f} m"
