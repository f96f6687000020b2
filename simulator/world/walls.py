"""What stands beside roads and stops vehicles that slide into it: houses, walls, rails, poles, trunks, found by rays.

Scenery is but triangles. A fan of rays at the height of bumpers finds those that face a place; along them lie thin
boxes, which collide as all bodies do.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator import raycast
from simulator.scene import Scene, Snapshot
from simulator.scene.classes import class_id
from simulator.traffic.bodies import BODY_DTYPE

Array = NDArray[np.float64]

SOLID = ("building", "wall", "fence", "guard_rail", "pole", "traffic_sign", "traffic_light", "street_furniture")
TRUNK = "bark"  # begins the name of the material of what is solid of plants
BUMPERS_M = (0.35, 0.6)  # heights: rails of profile B reach from 0.44 m to 0.75 m (RAL-RG 620)
RAYS = 1440  # around: 2.6 cm apart at 6 m
APART, APART_M = 0.1, 0.15  # of their distance, and beyond: neighbours that are farther apart hit different things
FLAT_M, THICK_M = 0.04, 0.05  # from a straight line, of what counts as one; half the thickness of boxes


class Walls:
    """Solid scenery around a place."""

    def __init__(self, scene: Scene, rest: Snapshot) -> None:
        """Of a scene whose objects are where they rest."""
        self._scene, self._rest = scene, rest

    @cached_property
    def _rays(self) -> raycast.Scene:
        """All that is solid and stays; made when somebody first slides."""
        scene, rays = self._scene, raycast.Scene()
        names = np.array([material.name.startswith(TRUNK) for material in scene.materials], np.bool_)
        trunks = np.logical_and.reduceat(names[scene.instance_materials], scene.material_offset[:-1])
        kinds = np.isin(scene.instance_class, [class_id(name) for name in SOLID])
        kinds |= trunks & (scene.instance_class == class_id("vegetation"))
        rows = np.flatnonzero(kinds & ~scene.instance_moving)
        poses = scene.local_SE3_instance(self._rest, rows)
        for row, pose in zip(rows.tolist(), poses):
            mesh = scene.meshes[scene.instance_mesh[row]]
            rays.add(mesh.vertices, mesh.faces, pose, instanced=True)
        rays.commit()
        return rays

    def near(self, place: Array, reach_m: float) -> NDArray[np.void]:
        """(N,) BODY_DTYPE of what faces a place (3,), as far as `reach_m`; all in the world."""
        turn = np.arange(RAYS) * (2.0 * np.pi / RAYS)
        ways = np.stack([np.cos(turn), np.sin(turn), np.zeros(RAYS)], axis=1).astype(np.float32)
        far = np.full(RAYS, np.inf)
        for height in BUMPERS_M:
            eye = (place - self._scene.origin + [0.0, 0.0, height]).astype(np.float32)
            hits = self._rays.closest_hit(np.tile(eye, (RAYS, 1)), ways, t_max=np.float32(reach_m))
            far = np.minimum(far, hits.t)
        met = np.flatnonzero(np.isfinite(far))
        xy = place[:2] + far[met, None] * ways[met, :2].astype(np.float64)
        breaks = np.flatnonzero(np.hypot(*np.diff(xy, axis=0).T) > APART_M + APART * far[met][:-1]) + 1
        found = [_pieces(part, place) for part in np.split(xy, breaks) if len(part)]
        return np.concatenate([np.zeros(0, BODY_DTYPE), *found])


def _pieces(xy: Array, place: Array) -> NDArray[np.void]:
    """Boxes along a line of points (K, 2), behind it as seen from a place."""
    if len(xy) > 1:
        xy = np.asarray(shapely.simplify(shapely.LineString(xy), FLAT_M).coords)
    ends = np.stack([xy[:-1], xy[1:]], axis=1) if len(xy) > 1 else np.stack([xy, xy], axis=1)
    middle, along = ends.mean(axis=1), ends[:, 1] - ends[:, 0]
    long = np.hypot(*along.T)
    away = middle - place[:2]
    heading = np.where(long > 1e-6, np.arctan2(along[:, 1], along[:, 0]), np.arctan2(away[:, 1], away[:, 0]))
    left = np.stack([-np.sin(heading), np.cos(heading)], axis=1)
    side = np.where((left * away).sum(axis=1) >= 0.0, 1.0, -1.0)[:, None]
    rows = np.zeros(len(middle), BODY_DTYPE)
    rows["x"], rows["y"] = (middle + THICK_M * side * left).T
    rows["z"], rows["heading"], rows["solid"] = place[2], heading, True
    rows["half_length"], rows["half_width"] = 0.5 * long + 0.5 * THICK_M, THICK_M
    return rows
