"""Grass that stands: clumps of blades on verges and meadows, whose tops a driver sees, and tufts left by the mower."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.scene.foliage import GRASS_CARD_M, grass_texture
from simulator.scene.material import Material
from simulator.scene.mesh import Mesh
from simulator.surroundings.place import Place
from simulator.surroundings.plants import grass
from simulator.surroundings.roadsides import Side
from simulator.surroundings.shapes import F64, poses

TUFT_M = 1.5  # within which all blades of a patch of tall grass end
_NEAR_M = 26.0  # of the path: beyond, nobody tells blades from a lawn
_RAIL_GRASS_M = 45.0  # from the path, below guard rails
# Rows of blades by their distance from the edge of the road: the lower the eye sees a row, the more of the ground is
# hidden behind the next one. From 1.6 m high, 0.1 m of grass hides 1 m of the ground at a distance of 16 m.
_ROWS_M = (0.2, 0.55, 0.95, 1.45, 2.05, 2.75, 3.6, 4.6, 5.8, 7.2, 8.8, 10.8, 13.0, 15.8)
_STEP_M = 1.2  # along a row
_MOWN_M = (0.05, 0.13)  # height of the blades of a verge that is mown two or three times a year, by the place
# Beyond this distance verges are mown once a year, if at all: by then patches of the grass are so many times higher.
_UNMOWN_FROM_M, _UNMOWN, _WILD = 3.0, 6.5, 40.0  # ... of styles with so many tufts in 100 m and more
_ABOVE_SNOW = 0.35  # of `field`: where that is higher, blades come through the snow that bends the others down
_SOWN = 20.0  # rows stand where so many tufts in 100 m and more are usual, along roads without pavements


def place_grass(place: Place, density: float) -> None:
    """Rows of blades and tufts along the roads near the ego, tufts below guard rails; `density` 1 is usual."""
    per_100 = place.style.verge_tufts_per_100_m * density
    if per_100 <= 0:
        return
    tufts = _Tufts(place)
    for side in place.sides:
        near = np.flatnonzero(side.near_m < _NEAR_M)
        if len(near) < 2:
            continue
        low, high = float(side.along[near[0]]), float(side.along[near[-1]])
        rows = place.style.verge_tufts_per_100_m >= _SOWN and not side.walk.any()
        if rows:
            _sward(place, side, low, high)
        tufts.along(side, low, high, per_100 * (2.4 if rows else 4.0))
    for line in place.rails:  # no mower reaches below guard rails
        tufts.below(line)


def _sward(place: Place, side: Side, low: float, high: float) -> None:
    """Clumps of blades in rows along a side from `low` to `high`, lower and higher by the place."""
    rng = place.rng("sward", side.road.id, int(side.left))
    count = max(int((high - low) / _STEP_M), 1)
    step = (high - low) / count
    corners, uvs = [], []
    for reach, gap in zip(_ROWS_M, np.diff((0.0, *_ROWS_M)).tolist()):
        # A clump a step, each a little askew and out of its row: rows that run through look like the mower's swathes.
        middle = low + step * (np.arange(count) + rng.uniform(0.2, 0.8, count))
        half = 0.5 * step * rng.uniform(0.8, 1.3, count)
        across = np.clip(rng.normal(0.0, 0.35, count), -0.8, 0.8) * np.minimum(half, gap)
        depth = np.maximum(reach + gap * rng.uniform(-0.5, 0.3, count), np.abs(across) + 0.12)
        along = np.column_stack([middle - half, middle + half])
        beside = np.column_stack([depth - across, depth + across])
        xyz, out, _ = side.at(np.clip(along.ravel(), 0.0, side.length), beside.ravel())
        standing = place.clear(xyz[:, :2], 0.12)
        rough = place.field(xyz[:, :2], 7.0, "sward")
        if place.snow_m > 0.01:
            standing &= rough > _ABOVE_SNOW
        if not standing.any():
            continue
        foot = place.local(place.on_ground(xyz[:, :2]))
        tall = np.clip(_MOWN_M[0] + (_MOWN_M[1] - _MOWN_M[0]) * (0.5 + 0.5 * rough), *_MOWN_M)
        tall *= rng.uniform(0.8, 1.25, 2 * count)
        if reach > _UNMOWN_FROM_M and place.style.verge_tufts_per_100_m >= _WILD:
            patch = np.clip(0.3 + 1.6 * place.field(xyz[:, :2], 22.0, "unmown"), 0.0, 1.0)
            tall *= 1.5 + (_UNMOWN - 1.5) * patch * rng.uniform(0.6, 1.0, 2 * count)
        tall = np.maximum(tall - place.snow_m, 0.02)
        lean = rng.normal(0.25, 0.35, 2 * count) * tall
        top = (foot + np.column_stack([lean[:, None] * out, tall])).reshape(-1, 2, 3)
        sunk = (foot - [0.0, 0.0, 0.02]).reshape(-1, 2, 3)
        whole = standing.reshape(-1, 2).all(axis=1)
        ends = (rng.uniform(0.0, 1.0, count)[:, None] + np.column_stack([0.0 * half, 2.0 * half / GRASS_CARD_M]))[whole]
        corners.append(np.concatenate([sunk, top[:, ::-1]], 1)[whole])
        uvs.append(np.stack([ends[:, [0, 1, 1, 0]], np.broadcast_to([0.0, 0.0, 0.995, 0.995], (len(ends), 4))], -1))
    if not corners or not sum(map(len, corners)):
        return
    quads, uv = np.concatenate(corners), np.concatenate(uvs)
    faces = (np.arange(len(quads)) * 4)[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])
    look = grass_texture(place.season, sward=True)
    blades = Material("sward", (1.0, 1.0, 1.0), look, roughness=0.9, reflectance_905=0.5, translucency=0.8)
    place.put_mesh(Mesh.of(quads.reshape(-1, 3), faces.reshape(-1, 3), uv.reshape(-1, 2)), (blades,), "terrain")


class _Tufts:
    """Patches of tall grass of six shapes."""

    def __init__(self, place: Place) -> None:
        self._place, self._rng = place, place.rng("tufts")
        self._shapes = [grass(place.rng("tuft", k), season=place.season) for k in range(6)]

    def along(self, side: Side, low: float, high: float, per_100: float) -> None:
        """At the edge of a road and in patches of the meadow beyond it."""
        place, rng = self._place, self._rng
        count = int((high - low) / 100.0 * per_100)
        # Most stand where the mower does not reach, small ones at the very edge, the others in patches of the meadow.
        far = rng.random(count) < 0.35
        reach = 0.3 + np.where(far, rng.uniform(2.5, 20.0, count), rng.gamma(1.2, 1.2, count))
        xyz, _, _ = side.at(rng.uniform(low, high, count), reach)
        xyz = xyz[~far | (place.field(xyz[:, :2], 9.0, "meadow") > 0.2)]
        self._sow(place.on_ground(xyz[place.clear(xyz[:, :2], 0.41)][:, :2]), (0.4, 1.0))

    def below(self, line: F64) -> None:
        """Along (N, 3) world points."""
        place, rng = self._place, self._rng
        length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
        at = np.arange(0.5, length[-1], 1.2)
        at = at + rng.uniform(-0.5, 0.5, len(at))
        xyz = np.stack([np.interp(at, length, line[:, k]) for k in range(3)], axis=1)
        kept: NDArray[np.bool_] = (place.distance(xyz[:, :2]) < _RAIL_GRASS_M) & (rng.random(len(at)) < 0.8)
        self._sow(xyz[kept], (0.4, 0.75))

    def _sow(self, xyz: F64, scale: tuple[float, float]) -> None:
        """Tufts of any shape at points (N, 3), within the room that roads leave."""
        place, rng = self._place, self._rng
        room = place.ground.clearance(xyz[:, :2]) / TUFT_M
        size = np.minimum(rng.uniform(*scale, len(xyz)), room)
        pose = poses(place.local(xyz), rng.uniform(0, 2 * np.pi, len(xyz)), size)
        for k, matrix in zip(rng.integers(len(self._shapes), size=len(xyz)).tolist(), pose):
            place.put_mesh(self._shapes[k].mesh, self._shapes[k].materials, "vegetation", matrix)
