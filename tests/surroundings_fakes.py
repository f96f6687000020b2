"""A straight road and a ground that is known in closed form, for the tests of the surroundings."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simulator.numerics import se3
from simulator.roads import LaneKey, Path, RoadNetwork, RoadType, Signal, procedural
from simulator.roads.surface_land import CropField
from simulator.scene import SceneBuilder


@dataclass(frozen=True)
class FlatGround:
    """Level ground at z = 0 around a road along y = 0, `half_m` wide to each side, pavements included."""

    half_m: float
    fields: tuple[CropField, ...] = ()

    def height(self, xy):
        return np.zeros(len(np.asarray(xy).reshape(-1, 2)))

    land_height = height

    def clearance(self, xy):
        return np.maximum(np.abs(np.asarray(xy, np.float64).reshape(-1, 2)[:, 1]) - self.half_m, 0.0)


@dataclass(frozen=True)
class StraightWorld:
    network: RoadNetwork
    ground: FlatGround
    path: Path

    def builder(self) -> SceneBuilder:
        return SceneBuilder((0.0, 0.0, 0.0))


def straight_world(signals: tuple[Signal, ...] = (), *, kind: str = "town", lanes: int = 1) -> StraightWorld:
    """240 m of straight road along x, with pavements in town."""
    network = procedural.straight(
        240.0, lanes=lanes, sidewalks=kind == "town", speed_kmh=50.0 if kind == "town" else 100.0
    )
    road = next(iter(network.roads.values()))
    _, y, heading, _ = road.reference(np.array([0.0]))
    assert abs(heading[0]) < 1e-9 and abs(y[0]) < 1e-9
    edges = road.boundaries(0, np.array([10.0]))
    half = float(np.abs(edges).max())
    types = road.types or (RoadType(0.0, kind),)
    road = replace(road, signals=signals, types=types)
    network = replace(network, roads={road.id: road})
    lane = max(lane.id for lane in road.sections[0].lanes if lane.type == "driving" and lane.id < 0)
    path = network.path(LaneKey(road.id, 0, lane), 20.0, 180.0, lambda ways: ways[0])
    return StraightWorld(network, FlatGround(half), path)


def world_parts(builder: SceneBuilder):
    """(class name, world vertices (V, 3), faces, slots, object id) of every instance of a scene."""
    from simulator.scene.classes import classes

    scene = builder.build()
    position, rpy = builder.initial_poses()
    poses = se3.pose(position, *rpy.T)
    poses[0] = np.eye(4)
    poses[0, :3, 3] = builder.origin
    names = [c.name for c in classes()]
    for i in range(len(scene.instance_mesh)):
        mesh = scene.meshes[scene.instance_mesh[i]]
        pose = poses[scene.instance_object[i]] @ scene.instance_pose[i]
        yield (
            names[scene.instance_class[i]],
            se3.apply(pose, mesh.vertices),
            mesh.faces,
            mesh.slots,
            int(scene.instance_object[i]),
        )


def volume(mesh) -> float:
    """Signed volume by the divergence theorem: positive where faces look outwards."""
    v = mesh.vertices[mesh.faces].astype(np.float64)
    return float(np.einsum("ij,ij->i", v[:, 0], np.cross(v[:, 1], v[:, 2])).sum() / 6)
