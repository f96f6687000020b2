"""Tiles: neighbouring rays of an image that start at one point, in groups of sixteen.

A tile is aimed along the axis its middle ray follows most, its depth axis. Divided by its depth component every ray
is (1, u, v), so the tile is a set of points in the (u, v) plane, with bounds for each group and for all.

A group is two eights, which in an image lie one above the other: of 8 x 2 rays fewer meet what they need not than of
16 x 1. A tile has 16 groups, or as many fewer as make it narrow enough.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba.core import types
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import (
    greatest_of_sixteens,
    least_of_sixteens,
    load,
    load_float,
    load_int,
    load_ints_wide,
    load_triples,
    load_wide,
    local_memory,
    prefetch,
    prefetch_to_write,
    store,
    store_float,
    store_halves,
    store_ints,
)
from simulator.numerics.simd import (
    LANES,
    WIDE,
    bits,
    greatest,
    join,
    least,
    maximum,
    minimum,
    negative,
    select,
    splat_int_wide,
    splat_wide,
)
from simulator.raycast.faces import part_of, report_face, report_wide
from simulator.raycast.layout import F32, I32, SLACK

GROUPS = 16  # at most
TILE = GROUPS * WIDE  # rays, at most
LEAST_TILE = 64
# Half-width of the rounding of u and v.
MARGIN = np.float32(1e-6)
# Tiles wider than this in u or v are better cast ray by ray (measured on a street).
WIDEST = np.float32(1.25)
# Greatest u or v: the middle ray has at most 1, and the tile is less than WIDEST across.
STEEPEST = np.float32(2.25)
# Directions whose depth component lies outside are left to the casting of single rays.
SHORTEST, LONGEST = np.float32(1e-15), np.float32(1e15)


class Grid(NamedTuple):
    """How rays in row-major order form tiles of `groups` groups, `8 << shift` columns wide.

    `paired` is 1 where the eights of a group lie one above the other, 0 where side by side.
    """

    rows: int
    columns: int
    shift: int
    groups: int
    paired: int

    @property
    def tile_columns(self) -> int:
        """Columns of a tile."""
        return LANES << self.shift

    @property
    def tile_rows(self) -> int:
        """Rows of a tile."""
        return 2 * self.groups >> self.shift

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
def corner_of(grid, number):
    """Where tile `number` lies."""
    across = (grid.columns + (LANES << grid.shift) - 1) // (LANES << grid.shift)
    return Corner((number // across) * (2 * grid.groups >> grid.shift), (number % across) * (LANES << grid.shift))


@kernel(inline=True)
def eight_rays(grid, corner, eight):
    """(number of the first of eight rays, how many of them exist); the first is that of a ray in any case."""
    place = eight >> grid.paired
    row = corner.row + (((place >> grid.shift) << grid.paired) | (eight & grid.paired))
    column = corner.column + (place & ((1 << grid.shift) - 1)) * LANES
    exist = min(LANES, max(0, grid.columns - column)) if row < grid.rows else 0
    return min(row, grid.rows - 1) * grid.columns + min(column, grid.columns - 1), exist


@kernel(inline=True)
def load_eight(rays, grid, corner, eight, scratch):
    """x, y and z of eight directions; missing rays repeat another one."""
    first, exist = eight_rays(grid, corner, eight)
    if exist == LANES:
        # The next tile lies to the right.
        following = (first + (LANES << grid.shift)) * 3
        prefetch(rays.directions, following)
        prefetch(rays.directions, following + 16)
        prefetch(rays.directions, following + 23)
        return load_triples(rays.directions, first * 3)
    for lane in range(LANES):
        ray = first + max(min(lane, exist - 1), 0)
        for axis in range(3):
            store_float(scratch, axis * LANES + lane, load_float(rays.directions, ray * 3 + axis))
    return load(scratch, 0), load(scratch, LANES), load(scratch, 2 * LANES)


@kernel(inline=True)
def load_directions(rays, grid, corner, tile, scratch):
    """Copy the directions of a tile, turned by the rays' rotation."""
    m = rays.rotation
    for group in range(grid.groups):
        x0, y0, z0 = load_eight(rays, grid, corner, 2 * group, scratch)
        x1, y1, z1 = load_eight(rays, grid, corner, 2 * group + 1, scratch)
        x, y, z = join(x0, x1), join(y0, y1), join(z0, z1)
        for axis in range(3):
            turned = x * load_float(m, 3 * axis) + (y * load_float(m, 3 * axis + 1) + z * load_float(m, 3 * axis + 2))
            store(tile.directions, axis * TILE + group * WIDE, turned)


@kernel(inline=True)
def load_limits(rays, grid, corner, group, scratch):
    """The greatest t of the rays of a group, of which each has its own."""
    for half in range(2):
        first, exist = eight_rays(grid, corner, 2 * group + half)
        for lane in range(LANES):
            limit = load_float(rays.limits, first + max(min(lane, exist - 1), 0))
            store_float(scratch, half * LANES + lane, limit)
    return maximum(load_wide(scratch, 0), splat_wide(np.float32(0)))


@kernel(inline=True)
def same_origin(rays, grid, corner):
    """Whether all rays of a tile start at one point."""
    if rays.origin_step == 0:
        return True
    o = eight_rays(grid, corner, 0)[0] * 3
    x, y, z = load_float(rays.origins, o), load_float(rays.origins, o + 1), load_float(rays.origins, o + 2)
    for eight in range(2 * grid.groups):
        first, exist = eight_rays(grid, corner, eight)
        for ray in range(first, first + exist):
            if (
                load_float(rays.origins, ray * 3) != x
                or load_float(rays.origins, ray * 3 + 1) != y
                or load_float(rays.origins, ray * 3 + 2) != z
            ):
                return False
    return True


@kernel(inline=True)
def depth_axis(directions, step, middle):
    """(axis along which a tile's middle ray runs most, its sign); y and z lie `step` and 2 `step` behind x."""
    axis, along = 0, load_float(directions, middle)
    for k in range(1, 3):
        component = load_float(directions, k * step + middle)
        if abs(component) > abs(along):
            axis, along = k, component
    return axis, np.float32(1) if along > np.float32(0) else np.float32(-1)


@kernel(inline=True)
def aim_tile(rays, grid, corner, tile, scratch):
    """Load and aim a tile; returns (aim, whether its rays are close enough to be cast together)."""
    load_directions(rays, grid, corner, tile, scratch)
    middle = grid.groups * WIDE // 2 - LANES // 2 - 1
    axis_depth, sign = depth_axis(tile.directions, TILE, middle)
    axis_u, axis_v = (axis_depth + 1) % 3, (axis_depth + 2) % 3
    low_u = low_v = splat_wide(np.float32(np.inf))
    high_u = high_v = splat_wide(np.float32(-np.inf))
    sound, one = np.int32((1 << WIDE) - 1), splat_wide(np.float32(1))
    by_limit = one / splat_wide(max(load_float(rays.limits, 0), np.float32(0)))
    for group in range(grid.groups):
        at = group * WIDE
        depth = load_wide(tile.directions, axis_depth * TILE + at) * sign
        by_depth = one / depth
        u = load_wide(tile.directions, axis_u * TILE + at) * by_depth
        v = load_wide(tile.directions, axis_v * TILE + at) * by_depth
        # A ray of zero, infinity, NaN or another direction altogether fails one of these.
        forward = (depth > SHORTEST) & (depth < LONGEST)
        near_axis = ((u > -STEEPEST) & (u < STEEPEST)) & ((v > -STEEPEST) & (v < STEEPEST))
        sound &= bits(forward & near_axis)
        if rays.limit_step != 0:
            by_limit = one / load_limits(rays, grid, corner, group, scratch)
        nearness = by_limit * by_depth
        store(tile.depth, at, depth)
        store(tile.u, at, u)
        store(tile.v, at, v)
        store_ints(tile.triangle, at, splat_int_wide(-1))
        # Nothing is ever near enough for a group of which no ray exists.
        exist = eight_rays(grid, corner, 2 * group)[1] > 0
        store(tile.nearness, at, nearness if exist else splat_wide(np.float32(np.inf)))
        low_u, high_u = minimum(low_u, u), maximum(high_u, u)
        low_v, high_v = minimum(low_v, v), maximum(high_v, v)
    # The bounds of groups that a tile does not have mean nothing.
    store(tile.groups, LOW_U, least_of_sixteens(tile.u, 0))
    store(tile.groups, HIGH_U, greatest_of_sixteens(tile.u, 0))
    store(tile.groups, LOW_V, least_of_sixteens(tile.v, 0))
    store(tile.groups, HIGH_V, greatest_of_sixteens(tile.v, 0))
    store(tile.groups, NEAR, least_of_sixteens(tile.nearness, 0))
    u0, u1, v0, v1 = least(low_u), greatest(high_u), least(low_v), greatest(high_v)
    together = sound == (1 << WIDE) - 1 and (u1 - u0 < WIDEST and v1 - v0 < WIDEST)
    margin_u = MARGIN * (np.float32(1) + max(abs(u0), abs(u1)))
    margin_v = MARGIN * (np.float32(1) + max(abs(v0), abs(v1)))
    o = eight_rays(grid, corner, 0)[0] * rays.origin_step
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
def expect_report(grid, corner, hits):
    """Fetch the memory that `report_tile` will write into the cache, while the rays are cast."""
    for eight in range(2 * grid.groups):
        first, _ = eight_rays(grid, corner, eight)
        prefetch_to_write(hits.t, first)
        prefetch_to_write(hits.part, first)
        prefetch_to_write(hits.primitive, first)
        prefetch_to_write(hits.u, first)
        prefetch_to_write(hits.v, first)


@kernel(inline=True)
def report_tile(grid, corner, tile, faces, hits):
    """Write the hits of a tile in ray order."""
    zero, one, part = splat_wide(np.float32(0)), splat_wide(np.float32(1)), np.int32(0)
    for group in range(grid.groups):
        at = group * WIDE
        nearness, triangles = load_wide(tile.nearness, at), load_ints_wide(tile.triangle, at)
        missed = negative(triangles)
        # 1 / nearness is the depth of the hit. Weights may be outside 0 and 1 by their rounding.
        scale = load_wide(tile.depth, at)
        t = one / (nearness * scale)
        depth = t * scale
        t = select(missed, splat_wide(np.float32(np.inf)), t)
        u = select(missed, zero, minimum(maximum(load_wide(tile.second, at) * depth, zero), one))
        v = select(missed, zero, minimum(maximum(load_wide(tile.third, at) * depth, zero), one - u))
        first, exist = eight_rays(grid, corner, 2 * group)
        second, beside = eight_rays(grid, corner, 2 * group + 1)
        if exist + beside == WIDE:
            store_halves(hits.t, first, second, t)
            store_halves(hits.u, first, second, u)
            store_halves(hits.v, first, second, v)
            if report_wide(hits, first, second, triangles, part, faces):
                continue
        store(tile.nearness, at, t)
        store(tile.u, at, u)
        store(tile.v, at, v)
        for k in range(WIDE):
            ray = first + k if k < LANES else second + k - LANES
            if k < exist or LANES <= k < LANES + beside:
                store_float(hits.t, ray, load_float(tile.nearness, at + k))
                store_float(hits.u, ray, load_float(tile.u, at + k))
                store_float(hits.v, ray, load_float(tile.v, at + k))
                triangle = load_int(tile.triangle, at + k)
                report_face(hits, ray, triangle, faces)
                if triangle >= 0:
                    part = part_of(faces, triangle)


def grid_of(directions: F32) -> Grid | None:
    """Tiles for (rows, columns, 3) directions, about as wide as high in angle; None if they would be too wide."""
    rows, columns = directions.shape[:2]
    across, along = spacing(directions)
    if not (math.isfinite(across) and math.isfinite(along)):
        across = along = 0.0  # whatever the shape, such rays are cast one by one
    groups = GROUPS
    while groups * WIDE >= LEAST_TILE:
        # 8 * 2 ** shift columns by 2 * groups / 2 ** shift rows.
        most, paired = groups.bit_length(), int(rows > 1)
        shift = round(math.log(groups / 4 * max(along, 1e-9) / max(across, 1e-9), 4))
        shift = most if rows == 1 else 0 if columns == 1 else min(max(shift, 0), most - 1)
        grid = Grid(rows, columns, shift, groups, paired)
        if max(across * min(columns, grid.tile_columns), along * min(rows, grid.tile_rows)) < WIDEST:
            return grid
        groups //= 2
    return None


def spacing(directions: F32) -> tuple[float, float]:
    """(sine of the angle from a ray to the next in its row, and in its column) amid (rows, columns, 3) directions."""
    rows, columns = directions.shape[:2]
    r, c = max(rows // 2 - 1, 0), max(columns // 2 - 1, 0)
    at, right, below = (r, c), (r, min(c + 1, columns - 1)), (min(r + 1, rows - 1), c)
    start = directions[at].tolist()
    return _angle(start, directions[right].tolist()), _angle(start, directions[below].tolist())


def _angle(a: list[float], b: list[float]) -> float:
    """Sine of the angle between two directions."""
    cross = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return math.hypot(*cross) / max(math.hypot(*a) * math.hypot(*b), 1e-30)


def rays_of_tiles(grid: Grid, tiles: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Marks of the rays whose tiles are marked."""
    image = tiles.reshape(-1, grid.tiles_across).repeat(grid.tile_columns, 1)[:, : grid.columns]
    return image.repeat(grid.tile_rows, 0)[: grid.rows].reshape(-1)
