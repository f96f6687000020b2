"""The land around the roads: a height field that stays below them, and coarser country out to the horizon.

Near the roads the land follows their heights (a membrane through them), farther out it undulates, and hills rise
towards the horizon. The noise is a function of the world coordinates, so neighbouring windows agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from simulator.numerics.rng import generator
from simulator.roads.surface_rows import Array

_CELL_M = 3.0
_MOST_CELLS = 320
_BELOW_M = 0.25  # the land under a road lies at least this far below it
_STOREY_M = 2.5  # surfaces farther apart than this are on different levels
_BANK = 0.6  # slope of banks below roads that climb to bridges
_STEEPEST = 0.8  # slopes beside roads that cross above others
_SLOPE_CELLS = 12  # how far such slopes reach
_FAR_M = 7000.0
_GROWTH = 1.22  # of the rings beyond the grid
_UNDULATION_M = 1.6
_FLAT_M = 6.0  # beside roads, for verge and ditch
# Slopes of cuttings and embankments: 1:2 at most, rounded at foot and crest, as guides for safe roadsides ask for
# (AASHTO Roadside Design Guide: 1:3 to 1:4 where there is room, up to 1:2 behind guard rails; RAL and RAA: 1:1.5).
_CUT, _LEAST_CUT_M = 0.5, 9.0  # and no slope is shorter than this
_RELIEF_M = 380.0  # from one cutting to the next, about
_HILLS_M = (40.0, 320.0)  # height of the highest, drawn between a plain and low mountains


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """Height field z (X, Y) over a square of cells, and rings of vertices beyond.

    Attributes:
        low: (2,) local x, y of the first vertex; cell_m: side of a cell.
        z: (X, Y) heights; lowest: (X, Y) lowest road surface near each vertex (inf: none).
        rings: (R, P, 3) closed rings of vertices outwards; the first is the border of the grid.
    """

    low: Array
    cell_m: float
    z: Array
    lowest: Array
    rings: Array

    def height(self, xy: Array) -> Array:
        """Height (N,) of the mesh at local points (N, 2)."""
        n = np.array(self.z.shape) - 1
        at = (np.asarray(xy, np.float64) - self.low) / self.cell_m
        i, j = np.clip(np.floor(at), 0, n - 1).astype(np.int64).T
        fx, fy = np.clip(at - np.stack([i, j], axis=1), 0.0, 1.0).T
        a, b, c, d = self.z[i, j], self.z[i + 1, j], self.z[i + 1, j + 1], self.z[i, j + 1]
        z = np.where(fx >= fy, a + fx * (b - a) + fy * (c - b), a + fy * (d - a) + fx * (c - d))
        beyond = ((at < 0.0) | (at > n)).any(axis=1)
        if beyond.any():
            z[beyond] = self._ring_height(np.asarray(xy, np.float64)[beyond])
        return np.asarray(z)

    def _ring_height(self, xy: Array) -> Array:
        """Height on the rings: each is the border of the grid, blown up about its centre."""
        border = self.rings[0]
        center = 0.5 * (border[:, :2].min(axis=0) + border[:, :2].max(axis=0))
        half = border[:, 0].max() - center[0]
        scales = (self.rings[:, :, 0].max(axis=1) - center[0]) / half
        out = xy - center
        scale = np.abs(out).max(axis=1) / half
        ring = np.clip(np.searchsorted(scales, scale, side="right") - 1, 0, len(scales) - 2)
        part = np.clip((scale - scales[ring]) / (scales[ring + 1] - scales[ring]), 0.0, 1.0)
        # Position along the border, which starts at its lower left corner and has n cells on each side.
        n = len(border) // 4
        u, v = ((out / scale[:, None] + half) / (2.0 * half) * n).T
        u, v = np.clip(u, 0.0, n), np.clip(v, 0.0, n)
        right, top, left = u >= n - 1e-9, v >= n - 1e-9, u <= 1e-9
        along = np.where(right, n + v, np.where(top, 3 * n - u, np.where(left, 4 * n - v, u))) % (4 * n)
        first = np.floor(along).astype(np.int64) % (4 * n)
        second, f = (first + 1) % (4 * n), along - np.floor(along)
        z = self.rings[:, :, 2]
        inner = z[ring, first] * (1.0 - f) + z[ring, second] * f
        outer = z[ring + 1, first] * (1.0 - f) + z[ring + 1, second] * f
        return np.asarray(inner + part * (outer - inner))


def build_terrain(
    corners: Array,
    origin: Array,
    center: Array,
    radius_m: float,
    seed: int,
    lifted: NDArray[np.bool_] | None = None,
    relief_m: float = 0.0,
) -> Terrain:
    """Land below and around ground quads.

    Args:
        corners: (Q, 4, 3) all ground that roads cover, local frame.
        origin: (3,) world position of the local frame.
        center: (2,) local middle of the window, radius_m: its half side.
        seed: of the undulation.
        lifted: (Q,) quads of roads that climb to bridges: they run on banks, and the land does not follow them.
        relief_m: how far the land lies above or below the roads that cut through it or cross it on embankments.
    """
    half = radius_m + 20.0
    if len(corners):
        half = max(half, float(np.abs(corners[..., :2] - center).max()) + 20.0)
    cell = max(_CELL_M, 2.0 * half / _MOST_CELLS)
    n = int(np.ceil(2.0 * half / cell))
    low = center - 0.5 * n * cell
    lowest, source = _footprint(corners, low, cell, n + 1)
    known = np.isfinite(source)
    base = _membrane(source, known)
    if lifted is not None and lifted.any() and not lifted.all():
        base = _banked(source, _footprint(corners[~lifted], low, cell, n + 1)[1], cell)
    xs, ys = (low[k] + cell * np.arange(n + 1) for k in range(2))
    x, y = np.meshgrid(xs + origin[0], ys + origin[1], indexing="ij")
    distance = ndimage.distance_transform_edt(~known) * cell if known.any() else np.full(known.shape, 100.0)
    rise = _smooth(np.clip((distance - 6.0) / 70.0, 0.0, 1.0))
    z = base - 0.12 + rise * _UNDULATION_M * waves(x, y, seed, "near", (35.0, 80.0, 170.0))
    if relief_m > 0.0:
        z += _beside(distance, relief_m * waves(x, y, seed, "relief", (_RELIEF_M,)).clip(-1.5, 1.5))
    ceiling = ndimage.minimum_filter(lowest, size=3, mode="nearest") - _BELOW_M
    z = _without_cliffs(np.minimum(z, ceiling), cell)
    return Terrain(low, cell, z, lowest, _rings(xs, ys, z, origin, seed))


def _beside(distance: Array, relief: Array) -> Array:
    """What cuttings and embankments add to the land at distances from roads whose surroundings lie `relief` higher."""
    length = np.maximum(1.5 / _CUT * np.abs(relief), _LEAST_CUT_M)  # a smooth step is 1.5 times as steep in its middle
    return relief * _smooth(np.clip((distance - _FLAT_M) / length, 0.0, 1.0))


def _banked(source: Array, plain: Array, cell: float) -> Array:
    """Heights that follow the `plain` sources; banks lead up to the others."""
    base = _membrane(plain, np.isfinite(plain))
    away, nearest = ndimage.distance_transform_edt(~np.isfinite(source), return_indices=True)
    bank = source[tuple(nearest)] - _BANK * np.maximum(away * cell - 3.0, 0.0)
    return np.where(np.isfinite(source), source, np.maximum(base, bank))


def _footprint(corners: Array, low: Array, cell: float, n: int) -> tuple[Array, Array]:
    """Lowest surface and ground height at each vertex that some surface covers; inf elsewhere."""
    lowest, highest = np.full(n * n, np.inf), np.full(n * n, -np.inf)
    if len(corners):
        side = [np.linalg.norm(corners[:, k, :2] - corners[:, k - 1, :2], axis=1) for k in (1, 3)]
        need = np.maximum(*side) / (0.45 * cell)
        for count, fewer in ((2, 0), (4, 2), (8, 4), (32, 8)):
            chosen = (need > fewer) & ((need <= count) | (count == 32)) if fewer else need <= count
            if chosen.any():
                _lay(corners[chosen], count, low, cell, n, lowest, highest)
    storeys = highest - lowest > _STOREY_M
    covered = np.isfinite(lowest)
    middle = 0.5 * (np.where(covered, lowest, 0.0) + np.where(covered, highest, 0.0))
    source = np.where(covered, np.where(storeys, lowest, middle), np.inf)
    return lowest.reshape(n, n), source.reshape(n, n)


def _lay(corners: Array, count: int, low: Array, cell: float, n: int, lowest: Array, highest: Array) -> None:
    """Enter points of quads, `count` + 1 across and 5 along, into the vertices nearest to them."""
    f = np.linspace(0.0, 1.0, count + 1)[:, None]
    for g in (0.0, 0.25, 0.5, 0.75, 1.0):
        left = corners[:, 0] + g * (corners[:, 3] - corners[:, 0])
        right = corners[:, 1] + g * (corners[:, 2] - corners[:, 1])
        points = left[:, None] + f * (right - left)[:, None]
        at = np.clip(np.rint((points[..., :2] - low) / cell), 0, n - 1).astype(np.int64)
        row = (at[..., 0] * n + at[..., 1]).ravel()
        z = points[..., 2].ravel()
        np.minimum.at(lowest, row, z)
        np.maximum.at(highest, row, z)


def _membrane(source: Array, known: Array) -> Array:
    """Smooth heights that meet `source` where known: coarse to fine filling, then relaxation."""
    if not known.any():
        return np.zeros_like(source)
    z, weight = np.where(known, source, 0.0), known.astype(np.float64)
    pyramid = [(z, weight)]
    while max(z.shape) > 2:
        pad = [(0, k % 2) for k in z.shape]
        zw, w = np.pad(z * weight, pad), np.pad(weight, pad)
        zw = zw[::2, ::2] + zw[1::2, ::2] + zw[::2, 1::2] + zw[1::2, 1::2]
        w = w[::2, ::2] + w[1::2, ::2] + w[::2, 1::2] + w[1::2, 1::2]
        z, weight = zw / np.maximum(w, 1e-9), np.minimum(w, 1.0)
        pyramid.append((z, weight))
    filled = np.full(pyramid[-1][0].shape, (z * weight).sum() / weight.sum())
    for z, weight in reversed(pyramid):
        i, j = (np.clip((np.arange(k) - 0.5) / 2.0, 0.0, None) for k in z.shape)
        coarse = ndimage.map_coordinates(filled, np.meshgrid(i, j, indexing="ij"), order=1, mode="nearest")
        filled = np.where(weight > 0.0, z, coarse)
    for _ in range(40):
        edge = np.pad(filled, 1, mode="edge")
        mean = 0.25 * (edge[:-2, 1:-1] + edge[2:, 1:-1] + edge[1:-1, :-2] + edge[1:-1, 2:])
        filled = np.where(known, filled, mean)
    return filled


def _without_cliffs(z: Array, cell: float) -> Array:
    """The heights, lowered where they would rise by more than _STEEPEST beside lower land."""
    for _ in range(_SLOPE_CELLS):
        edge = np.pad(z, 1, mode="edge")
        n, m = z.shape
        low = z
        for i, j in ((0, 1), (1, 0), (1, 2), (2, 1), (0, 0), (0, 2), (2, 0), (2, 2)):
            way = cell * (1.0 if (i + j) % 2 else 2.0**0.5)
            low = np.minimum(low, edge[i : i + n, j : j + m] + _STEEPEST * way)
        if np.array_equal(low, z):
            break
        z = low
    return z


def _smooth(part: Array) -> Array:
    return part * part * (3.0 - 2.0 * part)


def waves(x: Array, y: Array, seed: int, name: str, lengths_m: tuple[float, ...]) -> Array:
    """Smooth noise about zero, of unit amplitude: sums of plane waves in random directions."""
    rng = generator(seed, "terrain", name)
    total = np.zeros_like(x)
    weight = 0.0
    for length in lengths_m:
        for _ in range(5):
            heading, phase = rng.uniform(0.0, 2.0 * np.pi, 2)
            k = 2.0 * np.pi / (length * rng.uniform(0.75, 1.35))
            total += length * np.sin(k * (x * np.cos(heading) + y * np.sin(heading)) + phase)
        weight += 5.0 * 0.5 * length * length
    return np.asarray(total / np.sqrt(2.0 * weight))


def _rings(xs: Array, ys: Array, z: Array, origin: Array, seed: int) -> Array:
    """(R, P, 3) rings outwards from the border of the grid to the horizon."""
    n = len(xs) - 1
    i = np.concatenate([np.arange(n), np.full(n, n), np.arange(n, 0, -1), np.zeros(n, np.int64)])
    j = np.concatenate([np.zeros(n, np.int64), np.arange(n), np.full(n, n), np.arange(n, 0, -1)])
    border = np.stack([xs[i], ys[j], z[i, j]], axis=1)
    center = np.array([0.5 * (xs[0] + xs[-1]), 0.5 * (ys[0] + ys[-1])])
    half = 0.5 * (xs[-1] - xs[0])
    scales = [1.0, 1.02, 1.05, 1.1]
    while scales[-1] * half < _FAR_M:
        scales.append(scales[-1] * _GROWTH)
    scale = np.array(scales)[:, None]
    rings = np.empty((len(scales), len(border), 3))
    rings[..., :2] = center + (border[:, :2] - center) * scale[..., None]
    x, y = rings[..., 0] + origin[0], rings[..., 1] + origin[1]
    beyond = (scale - 1.0) * half
    mean = float(z.mean())
    settle = _smooth(np.clip(beyond / 500.0, 0.0, 1.0))
    near = _UNDULATION_M * waves(x, y, seed, "near", (35.0, 80.0, 170.0)) * np.exp(-beyond / 150.0)
    own = border[:, 2] - _UNDULATION_M * waves(x[:1], y[:1], seed, "near", (35.0, 80.0, 170.0))[0]
    hills = 0.5 + 0.35 * waves(x, y, seed, "hills", (900.0, 1900.0, 4200.0)).clip(-1.4)
    rise = _smooth(np.clip((beyond - 100.0) / 4000.0, 0.0, 1.0))
    high = float(generator(seed, "terrain", "relief").uniform(*_HILLS_M))
    rings[..., 2] = own * (1.0 - settle) + mean * settle + near + rise * (15.0 + high * hills**1.4)
    rings[0] = border
    return rings
