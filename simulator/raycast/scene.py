"""Scene: parts made of triangles, and the rays cast at them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.numerics.simd import LANES
from simulator.raycast.collapse import build, build_top
from simulator.raycast.layout import BLOCK, F32, I32, LOW_HIGH, NODE, Bvh, aligned
from simulator.raycast.ray import Hits, Owners, Rays, any_hits, closest_hits
from simulator.raycast.refit import Span, refit, relocate
from simulator.raycast.schedule import share, worker_count

ALL = 0xFFFFFFFF
# Squares and products of coordinates must stay inside float32.
GREATEST_COORDINATE = 1e12
CHUNK = 512  # rays a piece of work
TOPS = 4  # sets of visible parts (by ray mask) for which there is room from the start


@dataclass(slots=True, eq=False)
class _Part:
    """One added part; `local` and `span` are of moving parts only, set when committed."""

    vertices: F32
    faces: I32
    transform: NDArray[np.float64]
    moving: bool
    mask: int
    first_id: int
    dirty: bool = True
    local: Bvh | None = None
    span: Span | None = None


@dataclass(slots=True, eq=False)
class _Arrays:
    """What kernels see after a commit; replaced as a whole when parts are added."""

    bvh: Bvh
    owners: Owners
    roots: I32
    masks: NDArray[np.uint32]
    first_top: int
    tops: dict[bytes, int] = field(default_factory=dict)


class _Piece(NamedTuple):
    """A hierarchy in its own arrays, with the mask all of it has."""

    bvh: Bvh
    mask: int


class Scene:
    """Triangles to cast rays at, in one frame of reference (metres, float32).

    Parts that stay where they are share one hierarchy; each moving part has its own, refitted when it moves. Not to
    be changed (`add`, `move`, `commit`) while rays are cast from another thread; several threads may cast at once.

    >>> import numpy as np
    >>> scene = Scene()
    >>> floor = scene.add([[-9, -9, 0], [9, -9, 0], [9, 9, 0], [-9, 9, 0]], [[0, 1, 2], [0, 2, 3]])
    >>> lid = scene.add([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]], moving=True)
    >>> up = np.eye(4)
    >>> up[2, 3] = 2.0
    >>> scene.move(lid, up)
    >>> scene.commit()
    >>> hits = scene.closest_hit([0.25, 0.5, 5.0], [[0, 0, -1], [-1, 0, -1], [0, 0, 1]])
    >>> hits.t.tolist(), hits.part.tolist(), float(hits.u[0])
    ([3.0, 5.0, inf], [1, 0, -1], 0.25)
    """

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._committed = 0
        self._static: list[_Piece] = []
        self._arrays: _Arrays | None = None
        self._lock = threading.Lock()

    # --- parts ----------------------------------------------------------------------------------------------------

    def add(
        self,
        vertices: ArrayLike,
        faces: ArrayLike,
        transform: ArrayLike | None = None,
        moving: bool = False,
        mask: int = 1,
    ) -> int:
        """Add a part; it exists for rays after `commit`.

        Args:
            vertices: (V, 3) float32 in the part's own frame. Arrays of the right type are kept, not copied.
            faces: (F, 3) int32 vertex numbers.
            transform: (4, 4) affine placement of the part, identity by default.
            moving: whether `move` will be called for it.
            mask: 32 bits; a ray sees the part when (mask & ray mask) != 0.

        Returns:
            The part's number: 0, 1, 2, ... in order of addition.

        Raises:
            ValueError: naming the part, for vertices that are not finite, face indices that do not exist, a wrong
                shape, or a mask outside 32 bits.
        """
        number = len(self._parts)
        v = np.ascontiguousarray(vertices, np.float32)
        f = _faces(faces, number)
        if v.size == 0:
            v = v.reshape(0, 3)
        if v.ndim != 2 or v.shape[1] != 3:
            raise ValueError(f"part {number}: vertices must have the shape (V, 3), not {v.shape}")
        if not np.isfinite(v).all() or (len(v) and np.abs(v).max() > GREATEST_COORDINATE):
            bad = int(np.flatnonzero(~(np.abs(v) <= GREATEST_COORDINATE).all(1))[0])
            raise ValueError(f"part {number}: vertex {bad} is {v[bad].tolist()}, not finite or beyond 1e12")
        if len(f) and (f.min() < 0 or f.max() >= len(v)):
            bad = int(np.flatnonzero(((f < 0) | (f >= len(v))).any(1))[0])
            raise ValueError(f"part {number}: face {bad} is {f[bad].tolist()}, but there are {len(v)} vertices")
        if not 0 <= mask <= ALL:
            raise ValueError(f"part {number}: mask {mask} is not a 32-bit number")
        placed = np.eye(4) if transform is None else _transform(transform, number)
        first_id = self.triangle_count
        if first_id + len(f) >= 2**31:
            raise ValueError(f"part {number}: more than 2^31 triangles in all")
        self._parts.append(_Part(v, f, placed, moving, int(mask), first_id))
        return number

    def move(self, part: int, transform: ArrayLike) -> None:
        """Place a moving part by a (4, 4) affine transform; rays see it there after `commit`.

        Raises:
            ValueError: if the part does not exist, is not a moving one, or the transform is not affine and finite.
        """
        if not 0 <= part < len(self._parts):
            raise ValueError(f"there is no part {part}: the scene has {len(self._parts)}")
        if not self._parts[part].moving:
            raise ValueError(f"part {part} was not added with moving=True")
        self._parts[part].transform = _transform(transform, part)
        self._parts[part].dirty = True

    def commit(self, threads: int | None = None) -> None:
        """Make all additions and moves take effect; costs most when parts were added, little when some moved."""
        if self._committed < len(self._parts) or self._arrays is None:
            self._assemble(threads)
        arrays = self._arrays
        assert arrays is not None
        moved = [part for part in self._parts if part.dirty and part.span is not None]
        for part in moved:
            assert part.local is not None
            matrix = np.ascontiguousarray(part.transform[:3], np.float32).reshape(-1)
            refit(arrays.bvh.nodes, arrays.bvh.blocks, part.local.blocks, part.span, matrix)
            part.dirty = False
        arrays.tops.clear()

    @property
    def part_count(self) -> int:
        """Number of parts added."""
        return len(self._parts)

    @property
    def triangle_count(self) -> int:
        """Number of triangles of all parts."""
        return self._parts[-1].first_id + len(self._parts[-1].faces) if self._parts else 0

    @property
    def memory_bytes(self) -> int:
        """Bytes of the committed hierarchy and tables, without the vertices and faces given to `add`."""
        if self._arrays is None:
            return 0
        shared = {id(part.local): part.local for part in self._parts if part.local is not None}
        arrays = [*self._arrays.bvh, *self._arrays.owners]
        arrays += [array for bvh in shared.values() for array in bvh]
        return sum(array.nbytes for array in arrays)

    # --- rays -----------------------------------------------------------------------------------------------------

    def closest_hit(
        self,
        origins: ArrayLike,
        directions: ArrayLike,
        t_max: ArrayLike = np.inf,
        mask: int = ALL,
        threads: int | None = None,
        grid: tuple[int, int] | None = None,
    ) -> Hits:
        """The first thing each ray hits at 0 < t < t_max.

        Args:
            origins: (N, 3), or (3,) for all rays.
            directions: (N, 3), of any length; t is in units of it. A direction of zero or NaN hits nothing.
            t_max: one for all, or (N,).
            mask: only parts with (part mask & mask) != 0 are seen.
            threads: threads to use, by default one a processor; results do not depend on it.
            grid: (rows, columns) when the rays are an image in row-major order: neighbours are then cast together.
        """
        rays = _rays(origins, directions, t_max)
        count = len(rays.order)
        if grid is not None and grid[0] * grid[1] != count:
            raise ValueError(f"grid {grid} is not the shape of {count} rays")
        hits = Hits(
            np.empty(count, np.float32),
            np.empty(count, np.int32),
            np.empty(count, np.int32),
            np.empty(count, np.float32),
            np.empty(count, np.float32),
        )
        arrays, root = self._root(mask)
        if root < 0 or count == 0:
            for array, miss in zip(hits, (np.inf, -1, -1, 0, 0)):
                array[:] = miss
            return hits
        workers = worker_count(threads, -(-count // CHUNK))
        share(closest_hits, workers, (arrays.bvh, root, arrays.owners, rays, hits), (CHUNK,))
        return hits

    def any_hit(
        self,
        origins: ArrayLike,
        directions: ArrayLike,
        t_max: ArrayLike = np.inf,
        mask: int = ALL,
        threads: int | None = None,
    ) -> NDArray[np.bool_]:
        """(N,) bool: whether each ray hits anything at 0 < t < t_max; arguments as for `closest_hit`."""
        rays = _rays(origins, directions, t_max)
        blocked = np.zeros(len(rays.order), np.bool_)
        arrays, root = self._root(mask)
        if root >= 0 and len(blocked):
            workers = worker_count(threads, -(-len(blocked) // CHUNK))
            share(any_hits, workers, (arrays.bvh, root, rays, blocked), (CHUNK,))
        return blocked

    # --- inside ---------------------------------------------------------------------------------------------------

    def _assemble(self, threads: int | None) -> None:
        """Build what is new and lay everything out in one pair of arrays: static pieces, moving parts, top nodes."""
        if any(not part.moving for part in self._parts[self._committed :]):
            self._static = self._build_static(threads)
        moving = [part for part in self._parts if part.moving and len(part.faces)]
        shared: dict[tuple[int, int], Bvh] = {
            (id(part.vertices), id(part.faces)): part.local for part in moving if part.local is not None
        }
        for part in moving:
            key = (id(part.vertices), id(part.faces))
            if key not in shared:
                shared[key] = build(part.vertices, part.faces, np.arange(len(part.faces), dtype=np.int32), threads)
            part.local = shared[key]
        pieces = [(piece.bvh, piece.mask, 0) for piece in self._static]
        pieces += [(part.local, part.mask, part.first_id) for part in moving if part.local is not None]
        first_top = sum(bvh.node_count for bvh, _, _ in pieces)
        nodes = aligned((first_top + TOPS * len(pieces)) * NODE)
        blocks = aligned(sum(bvh.block_count for bvh, _, _ in pieces) * BLOCK)
        roots, spans = np.empty(len(pieces), np.int32), []
        node = block = 0
        for k, (bvh, _, first_id) in enumerate(pieces):
            span = Span(node, node + bvh.node_count, block, block + bvh.block_count)
            nodes[span.first_node * NODE : span.last_node * NODE] = bvh.nodes
            blocks[span.first_block * BLOCK : span.last_block * BLOCK] = bvh.blocks
            relocate(nodes, blocks, *span, first_id)
            roots[k], node, block = node, span.last_node, span.last_block
            spans.append(span)
        for part, span in zip(moving, spans[len(self._static) :]):
            part.span, part.dirty = span, True
        sizes = [len(part.faces) for part in self._parts]
        owner = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        first = np.array([part.first_id for part in self._parts], np.int32)
        masks = np.array([mask for _, mask, _ in pieces], np.uint32)
        self._arrays = _Arrays(Bvh(nodes, blocks), Owners(owner, first), roots, masks, first_top)
        self._committed = len(self._parts)

    def _build_static(self, threads: int | None) -> list[_Piece]:
        """One hierarchy for all static parts of each mask, in world space."""
        pieces = []
        static = [part for part in self._parts if not part.moving and len(part.faces)]
        for mask in sorted({part.mask for part in static}):
            group = [part for part in static if part.mask == mask]
            starts = np.cumsum([0, *(len(part.vertices) for part in group)])
            vertices = np.concatenate([_placed(part) for part in group])
            faces = np.concatenate([part.faces + np.int32(start) for part, start in zip(group, starts)])
            ids = np.concatenate(
                [np.arange(part.first_id, part.first_id + len(part.faces), dtype=np.int32) for part in group]
            )
            pieces.append(_Piece(build(vertices, faces, ids, threads), mask))
        return pieces

    def _root(self, mask: int) -> tuple[_Arrays, int]:
        """The node at which rays of this mask start, -1 when they see nothing."""
        arrays = self._arrays
        if arrays is None or self._committed < len(self._parts):
            raise RuntimeError("call commit() after adding parts and before casting rays")
        visible = (arrays.masks & np.uint32(mask & ALL)) != 0
        number = int(visible.sum())
        if number == 0:
            return arrays, -1
        roots = arrays.roots[visible]
        if number == 1:
            return arrays, int(roots[0])
        with self._lock:
            return self._top(visible.tobytes(), roots)

    def _top(self, key: bytes, roots: I32) -> tuple[_Arrays, int]:
        """The root of a hierarchy over some hierarchies, made when first asked for after a commit."""
        arrays = self._arrays
        assert arrays is not None
        if key not in arrays.tops:
            start = arrays.first_top + len(arrays.tops) * len(arrays.roots)
            if (start + len(arrays.roots)) * NODE > arrays.bvh.nodes.size:
                # Others may be casting rays at the present arrays: grow a copy.
                nodes = aligned(arrays.bvh.nodes.size + TOPS * len(arrays.roots) * NODE)
                nodes[: arrays.bvh.nodes.size] = arrays.bvh.nodes
                arrays = replace(arrays, bvh=arrays.bvh._replace(nodes=nodes), tops=dict(arrays.tops))
                self._arrays = arrays
            nodes = arrays.bvh.nodes.reshape(-1, NODE)
            corners = nodes[roots, : 3 * LOW_HIGH].reshape(-1, 3, 2, LANES)
            boxes = np.stack([corners[:, :, 0].min(2), corners[:, :, 1].max(2)], 1)
            build_top(boxes, roots, arrays.bvh.nodes[start * NODE : (start + len(roots)) * NODE], start)
            arrays.tops[key] = start
        return arrays, arrays.tops[key]


def _faces(faces: ArrayLike, number: int) -> I32:
    given = np.asarray(faces)
    if given.size == 0:
        return np.zeros((0, 3), np.int32)
    if given.ndim != 2 or given.shape[1] != 3 or given.dtype.kind not in "iu":
        raise ValueError(f"part {number}: faces must be (F, 3) integers, not {given.shape} {given.dtype}")
    if given.dtype != np.int32 and (given.min() < 0 or given.max() >= 2**31):
        raise ValueError(f"part {number}: face indices must be in 0 ... 2^31 - 1")
    return np.ascontiguousarray(given, np.int32)


def _transform(transform: ArrayLike, number: int) -> NDArray[np.float64]:
    matrix = np.array(transform, np.float64)
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all() or not np.array_equal(matrix[3], (0, 0, 0, 1)):
        raise ValueError(f"part {number}: the transform must be a finite affine (4, 4) matrix, not {matrix.tolist()}")
    return matrix


def _placed(part: _Part) -> F32:
    """The part's vertices in world space."""
    return (part.vertices @ part.transform[:3, :3].T + part.transform[:3, 3]).astype(np.float32)


def _rays(origins: ArrayLike, directions: ArrayLike, t_max: ArrayLike) -> Rays:
    d = np.ascontiguousarray(directions, np.float32)
    o = np.ascontiguousarray(origins, np.float32)
    limits = np.ascontiguousarray(t_max, np.float32)
    if d.size == 0:
        d = d.reshape(0, 3)
    if d.ndim != 2 or d.shape[1] != 3:
        raise ValueError(f"directions must have the shape (N, 3), not {d.shape}")
    if o.shape not in ((3,), d.shape):
        raise ValueError(f"origins must have the shape (3,) or {d.shape}, not {o.shape}")
    if limits.shape not in ((), (1,), (len(d),)):
        raise ValueError(f"t_max must be one number or have the shape ({len(d)},), not {limits.shape}")
    return Rays(
        o.reshape(-1),
        3 if o.ndim == 2 else 0,
        d.reshape(-1),
        limits.reshape(-1),
        1 if limits.size == len(d) and limits.ndim == 1 else 0,
        np.arange(len(d), dtype=np.int32),
    )
