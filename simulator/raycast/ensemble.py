"""Many worlds on one stage: what stands is shared by all, and each poses models of one pool in its own way.

What a view can see of a world's actors is placed into a piece of memory that belongs to the thread, a few hundred
triangles each, with a small tree over them and the hierarchy of what stands. Rays are then never transformed and tiles
keep together, as for moving parts (see `refit`), while a world costs no more than a row for each actor.

A model has levels of detail, finest first; a view takes the coarsest whose error it cannot tell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba.core import types

from simulator.numerics.jit import kernel
from simulator.numerics.memory import (
    load_float,
    load_int,
    load_ints_wide,
    load_wide,
    local_memory,
    pointer,
    store,
    store_float,
    store_halves,
    store_int,
)
from simulator.numerics.simd import LANES, WIDE, maximum, minimum, negative, select, splat_wide
from simulator.raycast.collapse import build
from simulator.raycast.faces import Faces, raw_faces
from simulator.raycast.flight import (
    Flight,
    at_nodes_memory,
    closest_on_ray,
    codes_memory,
    elsewhere_memory,
    free_memory,
    numbers_memory,
    stack_memory,
    state_memory,
)
from simulator.raycast.layout import BLOCK, CHILD, F32, I32, IDS, LOW_HIGH, NODE, SLACK, Bvh, aligned
from simulator.raycast.packet import cast_tile, present_memory, table_memory
from simulator.raycast.ray import entries
from simulator.raycast.rays import raw_bvh, raw_rays
from simulator.raycast.refit import node_box, relocate, store_box, transform_block
from simulator.raycast.scene import ALL, Scene
from simulator.raycast.tile import (
    TILE,
    Tile,
    aim_tile,
    corner_of,
    depth_memory,
    directions_memory,
    eight_rays,
    groups_memory,
    nearness_memory,
    scratch_memory,
    second_memory,
    third_memory,
    triangle_memory,
    u_memory,
    v_memory,
)

# The id of a triangle of an actor: this bit, the number of the actor among those placed, its face in the level.
PLACED, FACE_BITS = 1 << 30, 14
# Of a pixel: a level is coarse enough whose error looks no larger.
TOLERANCE = np.float32(0.6)
MATRIX = 12  # floats of a 3 x 4 matrix
# An entry of the top tree: low x, y, z, high x, y, z, its place in the order, its code (bits of an int32).
ITEM, PLACE, CODE = 8, 6, 7

matrix_memory = local_memory(types.float32, MATRIX)


class Level(NamedTuple):
    """One level of detail of a model: (V, 3) vertices, (F, 3) faces, greatest deviation from the model in metres."""

    vertices: F32
    faces: I32
    error_m: float


class Pool(NamedTuple):
    """The levels of all models, for kernels.

    Attributes:
        nodes, blocks: hierarchies of the levels in their own frames, one after the other.
        spans: (L, 4) first node and one past the last, first block and one past the last of each level.
        first: (M + 1,) first level of each model.
        errors: (L,) in metres.
        spheres: (M, 4) center and radius of each model.
    """

    nodes: F32
    blocks: F32
    spans: I32
    first: I32
    errors: F32
    spheres: F32


class Room(NamedTuple):
    """Where threads place actors, for kernels; T threads, each room for A actors.

    Attributes:
        nodes, blocks: a thread's share of the arrays' first nodes and blocks.
        root: node at which what stands starts. box: (6,) its low and high corner.
        items: (T, A, ITEM) entries of the top tree.
        actors, levels: (T, A) row in its world, and level, of each actor placed.
        matrices: (T, A, 12) where they are, from own frame to world.
    """

    nodes: int
    blocks: int
    root: int
    box: F32
    items: F32
    actors: I32
    levels: I32
    matrices: F32


class View(NamedTuple):
    """What is seen of a world: a cone from an eye.

    `cosine` and `sine` are those of its half-angle, `far` the greatest distance of interest, `spread` the width of a
    pixel at 1 m.
    """

    x: Any
    y: Any
    z: Any
    forward_x: Any
    forward_y: Any
    forward_z: Any
    cosine: Any
    sine: Any
    far: Any
    spread: Any


@dataclass(slots=True, eq=False)
class Ensemble:
    """A stage, a pool of models, and room for `threads` threads to place `actors` actors each.

    Attributes:
        bvh: nodes and blocks: first the room of the threads, then what stands.
        faces: tables of what stands; only the conditions of faces that rays may pass are used.
        pool, room: see there.
        threads: so many may cast at once, each in a room of its own.
    """

    bvh: Bvh
    faces: Faces
    pool: Pool
    room: Room
    threads: int

    @staticmethod
    def of(stage: Scene, models: Sequence[Sequence[Level]], actors: int, threads: int) -> Ensemble:
        """Put a committed scene and models together.

        Args:
            stage: what stands; triangle k of all its parts, in the order of their addition, has the id k.
            models: levels of each, finest first.
            actors: of a world at most.
            threads: that cast at once at most.

        Raises:
            ValueError: if a level has more than 16,384 triangles or none.
        """
        levels = [level for model in models for level in model]
        for number, level in enumerate(levels):
            if not 0 < len(level.faces) <= 1 << FACE_BITS:
                raise ValueError(f"level {number} has {len(level.faces)} triangles, not 1 to {1 << FACE_BITS}")
        assembly, bvh, root, _ = stage._start(ALL)
        pool, most_nodes, most_blocks = _pool(models, levels)
        # Top nodes: each stands for at least two entries.
        nodes, blocks = actors * (most_nodes + 1) + 1, actors * most_blocks
        whole = Bvh(
            aligned(threads * nodes * NODE + bvh.nodes.size), aligned(threads * blocks * BLOCK + bvh.blocks.size)
        )
        standing = Bvh(whole.nodes[threads * nodes * NODE :], whole.blocks[threads * blocks * BLOCK :])
        standing.nodes[:], standing.blocks[:] = bvh
        relocate(standing.nodes, standing.blocks, threads * nodes, threads * blocks, 0)
        corners = standing.nodes.reshape(-1, NODE)[max(root, 0), : 3 * LOW_HIGH].reshape(3, 2, LANES)
        box = np.concatenate([corners[:, 0].min(1), corners[:, 1].max(1)])
        room = Room(
            nodes,
            blocks,
            threads * nodes + root if root >= 0 else -1,
            box,
            np.zeros((threads, actors, ITEM), np.float32),
            np.zeros((threads, actors), np.int32),
            np.zeros((threads, actors), np.int32),
            np.zeros((threads, actors, MATRIX), np.float32),
        )
        first_tested = assembly.faces.first_tested + threads * blocks
        faces = assembly.faces._replace(first_tested=first_tested, first_instance=whole.block_count)
        return Ensemble(whole, faces, pool, room, threads)

    @property
    def memory_bytes(self) -> int:
        """Bytes of all arrays."""
        arrays = [*self.bvh, *self.faces, *self.pool, *self.room]
        return sum(array.nbytes for array in arrays if isinstance(array, np.ndarray))


def _pool(models: Sequence[Sequence[Level]], levels: list[Level]) -> tuple[Pool, int, int]:
    """The pool, and the most nodes and blocks of a level."""
    built = [
        build(
            np.ascontiguousarray(v, np.float32), np.ascontiguousarray(f, np.int32), np.arange(len(f), dtype=np.int32), 1
        )
        for v, f, _ in levels
    ]
    spans, node, block = [], 0, 0
    for bvh in built:
        relocate(bvh.nodes, bvh.blocks, node, block, 0)
        spans.append((node, node + bvh.node_count, block, block + bvh.block_count))
        node, block = spans[-1][1], spans[-1][3]
    nodes, blocks = aligned(node * NODE), aligned(block * BLOCK)
    if built:
        np.concatenate([bvh.nodes for bvh in built], out=nodes)
        np.concatenate([bvh.blocks for bvh in built], out=blocks)
    spheres = np.zeros((len(models), 4), np.float32)
    for sphere, model in zip(spheres, models):
        points = np.concatenate([level.vertices for level in model])
        sphere[:3] = (points.min(0) + points.max(0)) / 2
        sphere[3] = np.linalg.norm(points - sphere[:3], axis=1).max() * 1.0001
    first = np.cumsum([0, *(len(model) for model in models)]).astype(np.int32)
    errors = np.array([level.error_m for level in levels], np.float32)
    pool = Pool(nodes, blocks, np.array(spans, np.int32).reshape(-1, 4), first, errors, spheres)
    return pool, max((s[1] - s[0] for s in spans), default=0), max((s[3] - s[2] for s in spans), default=0)


@kernel(inline=True)
def matrix_of(actor, out):
    """Write the 3 x 4 matrix of a row with x, y, z, yaw, pitch and roll (ISO 8855: R = Rz(yaw) Ry(pitch) Rx(roll))."""
    cy, sy = math.cos(actor.yaw), math.sin(actor.yaw)
    cp, sp = math.cos(actor.pitch), math.sin(actor.pitch)
    cr, sr = math.cos(actor.roll), math.sin(actor.roll)
    out[0], out[1], out[2], out[3] = cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr, actor.x
    out[4], out[5], out[6], out[7] = sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr, actor.y
    out[8], out[9], out[10], out[11] = -sp, cp * sr, cp * cr, actor.z


@kernel(inline=True)
def leave_empty(nodes, at):
    """Write the box of no child, whose low x lies at `at`."""
    for axis in range(3):
        store_float(nodes, at + axis * LOW_HIGH, np.float32(np.inf))
        store_float(nodes, at + axis * LOW_HIGH + LANES, np.float32(-np.inf))


@kernel(inline=True)
def place_level(nodes, blocks, pool, level, node, block, first_id, matrix):
    """Place a level at `node` and `block`, its triangles with ids from `first_id` on; returns its numbers of both."""
    first_node, last_node = np.int64(pool.spans[level, 0]), np.int64(pool.spans[level, 1])
    first_block = np.int64(pool.spans[level, 2])
    # Children come after their parents: the last node is done first.
    for k in range(last_node - 1, first_node - 1, -1):
        for lane in range(LANES):
            source, at = k * NODE + lane, (node + k - first_node) * NODE + lane
            code = np.int64(load_int(pool.nodes, source + CHILD))
            if load_float(pool.nodes, source) > load_float(pool.nodes, source + LANES):
                leave_empty(nodes, at)
            elif code >= 0:
                child = node + code - first_node
                store_int(nodes, at + CHILD, child)
                x0, y0, z0, x1, y1, z1 = node_box(nodes, child)
                store_box(nodes, at, x0, y0, z0, x1, y1, z1, np.float32(0))
            else:
                row, to = ~code * BLOCK, (block + ~code - first_block) * BLOCK
                store_int(nodes, at + CHILD, ~(block + ~code - first_block))
                x0, y0, z0, x1, y1, z1 = transform_block(pool.blocks, row, blocks, to, matrix)
                store_box(nodes, at, x0, y0, z0, x1, y1, z1, SLACK)
                for of_eight in range(LANES):
                    face = load_int(pool.blocks, row + IDS + of_eight)
                    store_int(blocks, to + IDS + of_eight, face + first_id if face >= 0 else -1)
    return last_node - first_node, np.int64(pool.spans[level, 3]) - first_block


@kernel(inline=True)
def in_view(view, x, y, z, radius):
    """(whether a sphere reaches into the cone of a view, distance of its center from the eye)."""
    x, y, z = x - view.x, y - view.y, z - view.z
    along = x * view.forward_x + y * view.forward_y + z * view.forward_z
    squared = x * x + y * y + z * z
    distance = math.sqrt(squared)
    beside = math.sqrt(max(squared - along * along, np.float32(0)))
    inside = beside * view.cosine - along * view.sine <= radius * np.float32(1.001)
    return inside and distance - radius <= view.far, distance


@kernel(inline=True)
def place_of(view, x, y):
    """A number that grows from right to left around the eye, from behind over ahead to behind."""
    x, y = x - view.x, y - view.y
    ahead, left = x * view.forward_x + y * view.forward_y, y * view.forward_x - x * view.forward_y
    size = max(abs(ahead) + abs(left), np.float32(1e-20))
    return (
        left / size
        if ahead >= np.float32(0)
        else (np.float32(2) - left / size) * (np.float32(1) if left >= np.float32(0) else np.float32(-1))
    )


@kernel(inline=True)
def write_node(nodes, node, items, first, last):
    """Write a node over the entries `first` to `last` - 1, at most eight."""
    row = node * NODE
    for lane in range(LANES):
        at = row + lane
        if first + lane < last:
            for axis in range(3):
                store_float(nodes, at + axis * LOW_HIGH, items[first + lane, axis])
                store_float(nodes, at + axis * LOW_HIGH + LANES, items[first + lane, 3 + axis])
            store_float(nodes, at + CHILD, items[first + lane, CODE])
        else:
            leave_empty(nodes, at)


@kernel
def place_actors(nodes, blocks, pool, room, slot, rows, hidden, view):
    """Place what a view may see of a world; returns the node at which its rays start (-1: nothing at all), and how many
    actors were placed.

    Args:
        nodes, blocks: pointers to the whole arrays. pool, room: Pool, Room. slot: the thread's number.
        rows: (A,) records with x, y, z, yaw, pitch, roll and `model`; none, where there is no such model.
        hidden: row that is not seen, or -1.
        view: View.
    """
    items, actors, levels, matrices = room.items[slot], room.actors[slot], room.levels[slot], room.matrices[slot]
    matrix = matrix_memory()
    count = 0
    for a in range(rows.shape[0]):
        model = rows[a].model
        if model < 0 or model >= pool.spheres.shape[0] or a == hidden:
            continue
        cx, cy, cz, radius = pool.spheres[model]
        # Before anything is turned: about the origin, however it is turned.
        around = radius + math.sqrt(cx * cx + cy * cy + cz * cz)
        inside, _ = in_view(view, rows[a].x, rows[a].y, rows[a].z, around)
        if not inside or count == actors.shape[0]:
            continue
        m = matrices[count]
        matrix_of(rows[a], m)
        x = m[0] * cx + m[1] * cy + m[2] * cz + m[3]
        y = m[4] * cx + m[5] * cy + m[6] * cz + m[7]
        z = m[8] * cx + m[9] * cy + m[10] * cz + m[11]
        inside, distance = in_view(view, x, y, z, radius)
        if not inside:
            continue
        level = pool.first[model + 1] - 1
        while level > pool.first[model] and pool.errors[level] > TOLERANCE * view.spread * max(
            distance - radius, np.float32(0)
        ):
            level -= 1
        actors[count], levels[count] = a, level
        # Neighbours in the order are neighbours in the view.
        place = place_of(view, x, y)
        at = count
        while at > 0 and items[at - 1, PLACE] > place:
            items[at, PLACE], items[at, CODE] = items[at - 1, PLACE], items[at - 1, CODE]
            at -= 1
        items[at, PLACE] = place
        store_int(items.ravel(), at * ITEM + CODE, count)
        count += 1
    if count == 0:
        return np.int64(room.root), 0
    node, block = np.int64(slot * room.nodes + 1), np.int64(slot * room.blocks)
    flat = items.ravel()
    for at in range(count):
        k = np.int64(load_int(flat, at * ITEM + CODE))
        for number in range(MATRIX):
            store_float(matrix, number, matrices[k, number])
        first_id = np.int32(PLACED | (k << FACE_BITS))
        more_nodes, more_blocks = place_level(nodes, blocks, pool, levels[k], node, block, first_id, matrix)
        box = node_box(nodes, node)
        for number in range(6):
            items[at, number] = box[number]
        store_int(flat, at * ITEM + CODE, node)
        node, block = node + more_nodes, block + more_blocks
    stands, entries_left = (1 if room.root >= 0 else 0), count
    while entries_left + stands > LANES:
        groups = (entries_left + LANES - 1) // LANES
        for group in range(groups):
            first, last = group * LANES, min(group * LANES + LANES, entries_left)
            write_node(nodes, node, items, first, last)
            box = node_box(nodes, node)
            for number in range(6):
                items[group, number] = box[number]
            store_int(flat, group * ITEM + CODE, node)
            node += 1
        entries_left = groups
    top = np.int64(slot * room.nodes)
    write_node(nodes, top, items, 0, entries_left)
    if stands:
        at = top * NODE + entries_left
        for axis in range(3):
            store_float(nodes, at + axis * LOW_HIGH, room.box[axis])
            store_float(nodes, at + axis * LOW_HIGH + LANES, room.box[3 + axis])
        store_int(nodes, at + CHILD, room.root)
    return top, count


class Seen(NamedTuple):
    """What the rays of one view hit, N rays.

    Attributes:
        t: (N,) float32 in units of the direction's length, inf for nothing.
        triangle: (N,) int32 id, -1 for nothing: of what stands, or PLACED and what was placed (see there).
        u, v: (N,) float32 weights of the second and third vertex.
    """

    t: F32
    triangle: I32
    u: F32
    v: F32


@kernel(inline=True)
def store_tile(grid, corner, tile, seen):
    """Write the hits of a tile in ray order."""
    zero, one = splat_wide(np.float32(0)), splat_wide(np.float32(1))
    for group in range(grid.groups):
        at = group * WIDE
        missed = negative(load_ints_wide(tile.triangle, at))
        depth = one / load_wide(tile.nearness, at)
        t = select(missed, splat_wide(np.float32(np.inf)), depth / load_wide(tile.depth, at))
        u = select(missed, zero, minimum(maximum(load_wide(tile.second, at) * depth, zero), one))
        v = select(missed, zero, minimum(maximum(load_wide(tile.third, at) * depth, zero), one - u))
        first, exist = eight_rays(grid, corner, 2 * group)
        second, beside = eight_rays(grid, corner, 2 * group + 1)
        if exist + beside == WIDE:
            store_halves(seen.t, first, second, t)
            store_halves(seen.u, first, second, u)
            store_halves(seen.v, first, second, v)
            store_halves(seen.triangle, first, second, load_ints_wide(tile.triangle, at))
            continue
        store(tile.nearness, at, t)
        store(tile.u, at, u)
        store(tile.v, at, v)
        for k in range(WIDE):
            ray = first + k if k < LANES else second + k - LANES
            if k < exist or LANES <= k < LANES + beside:
                store_float(seen.t, ray, load_float(tile.nearness, at + k))
                store_float(seen.u, ray, load_float(tile.u, at + k))
                store_float(seen.v, ray, load_float(tile.v, at + k))
                store_int(seen.triangle, ray, load_int(tile.triangle, at + k))


@kernel
def cast_view(bvh, faces, root, rays, grid, seen):
    """Cast the rays of one view, which start at one point: `rays` (Rays) form the tiles of `grid` (Grid)."""
    tile = Tile(
        directions_memory(),
        depth_memory(),
        u_memory(),
        v_memory(),
        nearness_memory(),
        triangle_memory(),
        second_memory(),
        third_memory(),
        groups_memory(),
    )
    # Nothing is ever near enough for groups that a tile does not have.
    for at in range(0, TILE, WIDE):
        store(tile.nearness, at, splat_wide(np.float32(np.inf)))
    stack, scratch, present, table = entries(), scratch_memory(), present_memory(), table_memory()
    inside = present_memory()
    flight = Flight(
        state_memory(), codes_memory(), numbers_memory(), stack_memory(),
        at_nodes_memory(), elsewhere_memory(), free_memory(), scratch_memory(),
    )  # fmt: skip
    bvh, faces, rays = raw_bvh(bvh), raw_faces(faces), raw_rays(rays)
    seen = Seen(pointer(seen.t), pointer(seen.triangle), pointer(seen.u), pointer(seen.v))
    across = (grid.columns + (LANES << grid.shift) - 1) // (LANES << grid.shift)
    high = 2 * grid.groups >> grid.shift
    for number in range(across * ((grid.rows + high - 1) // high)):
        corner = corner_of(grid, number)
        aim, together = aim_tile(rays, grid, corner, tile, scratch)
        if together:
            cast_tile(bvh, faces, root, aim, tile, stack, scratch, present, table, inside)
            store_tile(grid, corner, tile, seen)
            continue
        for eight in range(2 * grid.groups):
            first, exist = eight_rays(grid, corner, eight)
            for ray in range(first, first + exist):
                t, triangle, u, v = closest_on_ray(bvh, faces, root, rays, ray, flight)
                store_float(seen.t, ray, t)
                store_float(seen.u, ray, u)
                store_float(seen.v, ray, v)
                store_int(seen.triangle, ray, triangle)
