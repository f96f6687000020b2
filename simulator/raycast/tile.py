"""Tiles: neighbouring rays of an image that start at one point, in groups of eight.

A tile is aimed along the axis its middle ray follows most, its depth axis. Divided by its depth component every ray
is (1, u, v), so the tile is a set of points in the (u, v) plane, with bounds for each group and for all.

A tile has 8 or 16 groups: rays that are close together share most of their way through the hierarchy, and the greater
tile saves more of it.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba.core import types
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.simd import (
    LANES,
    bits,
    greatest,
    least,
    load,
    load_float,
    load_int,
    load_ints,
    load_triples,
    local_memory,
    maximum,
    minimum,
    negative,
    prefetch,
    prefetch_to_write,
    select,
    splat,
    splat_int,
    store,
    store_float,
    store_ints,
)
from simulator.raycast.faces import part_of, report_eight, report_face
from simulator.raycast.layout import F32, I32, SLACK

GROUPS = 16  # at most
TILE = GROUPS * LANES  # rays, at most
LEAST_TILE = 64
# Half-width of the rounding of u and v.
MARGIN = np.float32(1e-6)
# Tiles wider than this in u or v are better cast ray by ray (measured on a street).
WIDEST = np.float32(0.25)
# Tiles have twice as many groups where they are not wider than this then (measured likewise).
WIDE = 0.07
# Greatest u or v: the middle ray has at most 1, and the tile is less than WIDEST across.
STEEPEST = np.float32(2.0)
# Directions whose depth component lies outside are left to the casting of single rays.
SHORTEST, LONGEST = np.float32(1e-15), np.float32(1e15)


class Grid(NamedTuple):
    """How rays in row-major order form tiles of `groups` groups (8 or 16), `8 << shift` columns wide."""

    rows: int
    columns: int
    shift: int
    groups: int

    @property
    def tile_columns(self) -> int:
        """Columns of a tile."""
        return LANES << self.shift

    @property
    def tile_rows(self) -> int:
        """Rows of a tile."""
        return self.groups >> self.shift

    @property
    def tiles_across(self) -> int:
        """Tiles side by side."""
        return -(-self.columns // self.tile_columns)

    @property
    def tiles(self) -> int:
        """Tiles in all."""
        return -(-self.rows // self.tile_rows) * self.tiles_across


class Corner(NamedTuple):
    """The first row and column of a tile."""

    row: Any
    column: Any


class Tile(NamedTuple):
    """The rays of one tile; arrays of `TILE` floats or ints, and groups of 5 rows of `GROUPS`.

    Attributes:
        directions: x of all rays, then y, then z; then x, y and z of their origin.
        depth: component of the direction along the depth axis, positive.
        u, v: the other two components divided by it.
        nearness: 1 / depth of the nearest hit so far (or of the ray's limit).
        triangle: id of what was hit, -1 for nothing.
        second, third: weights of the triangle's vertex 1 and 2, times nearness.
        groups: least and greatest u, least and greatest v, least nearness of each group.
        packs: how many times eight groups there are.
    """

    directions: F32
    depth: F32
    u: F32
    v: F32
    nearness: F32
    triangle: I32
    second: F32
    third: F32
    groups: F32
    packs: Any


class Aim(NamedTuple):
    """How a tile looks at the world: rows of its axes in a vertex, sign of the depth axis, origin, margins, hull."""

    row_depth: Any
    row_u: Any
    row_v: Any
    sign: Any
    origin_depth: Any
    origin_u: Any
    origin_v: Any
    slack: Any
    margin_u: Any
    margin_v: Any
    low_u: Any
    high_u: Any
    low_v: Any
    high_v: Any


directions_memory = local_memory(types.float32, 3 * TILE + 3)
depth_memory = u_memory = v_memory = nearness_memory = local_memory(types.float32, TILE)
second_memory = third_memory = nearness_memory
triangle_memory = local_memory(types.int32, TILE)
groups_memory = scratch_memory = local_memory(types.float32, 5 * GROUPS)

# Rows of `Tile.groups`.
LOW_U, HIGH_U, LOW_V, HIGH_V, NEAR = (row * GROUPS for row in range(5))


@kernel(inline=True)
def corner_of(grid, number):  # type: ignore[no-untyped-def]
    """Where tile `number` lies."""
    across = (grid.columns + (LANES << grid.shift) - 1) // (LANES << grid.shift)
    return Corner((number // across) * (grid.groups >> grid.shift), (number % across) * (LANES << grid.shift))


@kernel(inline=True)
def group_rays(grid, corner, group):  # type: ignore[no-untyped-def]
    """(number of the first ray of a group, how many of its eight exist); the first is that of a ray in any case."""
    row = corner.row + (group >> grid.shift)
    column = corner.column + (group & ((1 << grid.shift) - 1)) * LANES
    exist = min(LANES, max(0, grid.columns - column)) if row < grid.rows else 0
    return min(row, grid.rows - 1) * grid.columns + min(column, grid.columns - 1), exist


@kernel(inline=True)
def load_directions(rays, grid, corner, tile):  # type: ignore[no-untyped-def]
    """Copy the directions of a tile, turned by the rays' rotation; missing rays repeat another one."""
    m, grid_columns = rays.rotation, LANES << grid.shift
    for group in range(grid.groups):
        first, exist = group_rays(grid, corner, group)
        if exist == LANES:
            x, y, z = load_triples(rays.directions, first * 3)
            # The next tile lies to the right.
            prefetch(rays.directions, (first + grid_columns) * 3)
            prefetch(rays.directions, (first + grid_columns) * 3 + 16)
        else:
            for lane in range(LANES):
                ray = first + max(min(lane, exist - 1), 0)
                for axis in range(3):
                    store_float(tile.groups, axis * LANES + lane, load_float(rays.directions, ray * 3 + axis))
            x, y, z = load(tile.groups, 0), load(tile.groups, LANES), load(tile.groups, 2 * LANES)
        for axis in range(3):
            turned = x * load_float(m, 3 * axis) + (y * load_float(m, 3 * axis + 1) + z * load_float(m, 3 * axis + 2))
            store(tile.directions, axis * TILE + group * LANES, turned)


@kernel(inline=True)
def load_limits(rays, grid, corner, group, scratch):  # type: ignore[no-untyped-def]
    """The greatest t of the eight rays of a group."""
    if rays.limit_step == 0:
        return splat(max(load_float(rays.limits, 0), np.float32(0)))
    first, exist = group_rays(grid, corner, group)
    for lane in range(LANES):
        store_float(scratch, lane, load_float(rays.limits, first + max(min(lane, exist - 1), 0)))
    return maximum(load(scratch, 0), splat(np.float32(0)))


@kernel(inline=True)
def same_origin(rays, grid, corner):  # type: ignore[no-untyped-def]
    """Whether all rays of a tile start at one point."""
    if rays.origin_step == 0:
        return True
    o = group_rays(grid, corner, 0)[0] * 3
    x, y, z = load_float(rays.origins, o), load_float(rays.origins, o + 1), load_float(rays.origins, o + 2)
    for group in range(grid.groups):
        first, exist = group_rays(grid, corner, group)
        for ray in range(first, first + exist):
            if (
                load_float(rays.origins, ray * 3) != x
                or load_float(rays.origins, ray * 3 + 1) != y
                or load_float(rays.origins, ray * 3 + 2) != z
            ):
                return False
    return True


@kernel(inline=True)
def depth_axis(directions, step, middle):  # type: ignore[no-untyped-def]
    """(axis along which a tile's middle ray runs most, its sign); y and z lie `step` and 2 `step` behind x."""
    axis, along = 0, load_float(directions, middle)
    for k in range(1, 3):
        component = load_float(directions, k * step + middle)
        if abs(component) > abs(along):
            axis, along = k, component
    return axis, np.float32(1) if along > np.float32(0) else np.float32(-1)


@kernel(inline=True)
def aim_tile(rays, grid, corner, tile, scratch):  # type: ignore[no-untyped-def]
    """Load and aim a tile; returns (aim, whether its rays are close enough to be cast together)."""
    load_directions(rays, grid, corner, tile)
    middle = grid.groups * LANES // 2 - LANES // 2 - 1
    axis_depth, sign = depth_axis(tile.directions, TILE, middle)
    axis_u, axis_v = (axis_depth + 1) % 3, (axis_depth + 2) % 3
    low_u = low_v = splat(np.float32(np.inf))
    high_u = high_v = splat(np.float32(-np.inf))
    sound = np.int32(255)
    for group in range(grid.groups):
        at = group * LANES
        depth = load(tile.directions, axis_depth * TILE + at) * sign
        u = load(tile.directions, axis_u * TILE + at) / depth
        v = load(tile.directions, axis_v * TILE + at) / depth
        # A ray of zero, infinity, NaN or another direction altogether fails one of these.
        forward = (depth > SHORTEST) & (depth < LONGEST)
        near_axis = ((u > -STEEPEST) & (u < STEEPEST)) & ((v > -STEEPEST) & (v < STEEPEST))
        sound &= bits(forward & near_axis)
        nearness = splat(np.float32(1)) / (load_limits(rays, grid, corner, group, scratch) * depth)
        store(tile.depth, at, depth)
        store(tile.u, at, u)
        store(tile.v, at, v)
        store(tile.nearness, at, nearness)
        store_ints(tile.triangle, at, splat_int(-1))
        store_float(tile.groups, LOW_U + group, least(u))
        store_float(tile.groups, HIGH_U + group, greatest(u))
        store_float(tile.groups, LOW_V + group, least(v))
        store_float(tile.groups, HIGH_V + group, greatest(v))
        store_float(tile.groups, NEAR + group, least(nearness))
        low_u, high_u = minimum(low_u, u), maximum(high_u, u)
        low_v, high_v = minimum(low_v, v), maximum(high_v, v)
    u0, u1, v0, v1 = least(low_u), greatest(high_u), least(low_v), greatest(high_v)
    together = sound == 255 and (u1 - u0 < WIDEST and v1 - v0 < WIDEST)
    margin_u = MARGIN * (np.float32(1) + max(abs(u0), abs(u1)))
    margin_v = MARGIN * (np.float32(1) + max(abs(v0), abs(v1)))
    o = group_rays(grid, corner, 0)[0] * rays.origin_step
    for axis in range(3):
        store_float(tile.directions, 3 * TILE + axis, load_float(rays.origins, o + axis))
    origin_depth = load_float(rays.origins, o + axis_depth)
    origin_u, origin_v = load_float(rays.origins, o + axis_u), load_float(rays.origins, o + axis_v)
    aim = Aim(
        axis_depth * LANES,
        axis_u * LANES,
        axis_v * LANES,
        sign,
        origin_depth,
        origin_u,
        origin_v,
        SLACK * max(abs(origin_depth), max(abs(origin_u), abs(origin_v))),
        margin_u,
        margin_v,
        u0 - margin_u,
        u1 + margin_u,
        v0 - margin_v,
        v1 + margin_v,
    )
    return aim, together


@kernel(inline=True)
def expect_report(grid, corner, hits):  # type: ignore[no-untyped-def]
    """Fetch the memory that `report_tile` will write into the cache, while the rays are cast."""
    for group in range(grid.groups):
        first, _ = group_rays(grid, corner, group)
        prefetch_to_write(hits.t, first)
        prefetch_to_write(hits.part, first)
        prefetch_to_write(hits.primitive, first)
        prefetch_to_write(hits.u, first)
        prefetch_to_write(hits.v, first)


@kernel(inline=True)
def report_tile(grid, corner, tile, faces, hits):  # type: ignore[no-untyped-def]
    """Write the hits of a tile in ray order."""
    zero, one, part = splat(np.float32(0)), splat(np.float32(1)), np.int32(0)
    for group in range(grid.groups):
        at = group * LANES
        nearness, triangles = load(tile.nearness, at), load_ints(tile.triangle, at)
        missed = negative(triangles)
        # 1 / nearness is the depth of the hit. Weights may be outside 0 and 1 by their rounding.
        depth = one / nearness
        t = select(missed, splat(np.float32(np.inf)), depth / load(tile.depth, at))
        u = select(missed, zero, minimum(maximum(load(tile.second, at) * depth, zero), one))
        v = select(missed, zero, minimum(maximum(load(tile.third, at) * depth, zero), one - u))
        first, exist = group_rays(grid, corner, group)
        if exist == LANES:
            store(hits.t, first, t)
            store(hits.u, first, u)
            store(hits.v, first, v)
            if report_eight(hits, first, triangles, part, faces):
                continue
        else:
            store(tile.nearness, at, t)
            store(tile.u, at, u)
            store(tile.v, at, v)
            for k in range(exist):
                store_float(hits.t, first + k, load_float(tile.nearness, at + k))
                store_float(hits.u, first + k, load_float(tile.u, at + k))
                store_float(hits.v, first + k, load_float(tile.v, at + k))
        for k in range(exist):
            triangle = load_int(tile.triangle, at + k)
            report_face(hits, first + k, triangle, faces)
            if triangle >= 0:
                part = part_of(faces, triangle)


def grid_of(directions: F32) -> Grid | None:
    """Tiles for (rows, columns, 3) directions, about as wide as high in angle; None if they would be too wide."""
    rows, columns = directions.shape[:2]
    if rows == 1 or columns == 1:
        return Grid(rows, columns, 3 if rows == 1 else 0, 8)
    r, c = rows // 2 - 1, columns // 2 - 1
    at, right, below = (directions[k].tolist() for k in ((r, c), (r, c + 1), (r + 1, c)))
    across, along = max(_angle(at, right), 1e-9), max(_angle(at, below), 1e-9)
    if not (math.isfinite(across) and math.isfinite(along)):
        return Grid(rows, columns, 0, 8)
    chosen = None
    for doubled in range(2):
        # A tile of shift k is LANES << k columns by groups >> k rows: 4 ** k / 2 ** doubled times as wide as high.
        groups = LANES << doubled
        shift = min(max(round(-math.log(across / along / 2**doubled, 4)), 0), 3 + doubled)
        width = max(across * (LANES << shift), along * (groups >> shift))
        if width <= (WIDE if doubled else WIDEST):
            chosen = Grid(rows, columns, shift, groups)
    return chosen


def _angle(a: list[float], b: list[float]) -> float:
    """Sine of the angle between two directions."""
    cross = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return math.hypot(*cross) / max(math.hypot(*a) * math.hypot(*b), 1e-30)


def rays_of_tiles(grid: Grid, tiles: NDArray[np.int64]) -> I32:
    """Numbers of the rays of some tiles."""
    row = (tiles // grid.tiles_across * grid.tile_rows)[:, None, None] + np.arange(grid.tile_rows)[:, None]
    column = (tiles % grid.tiles_across * grid.tile_columns)[:, None, None] + np.arange(grid.tile_columns)
    exist = (row < grid.rows) & (column < grid.columns)
    return (row * grid.columns + column)[exist].astype(np.int32)
