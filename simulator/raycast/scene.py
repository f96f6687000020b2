"""Scene: parts made of triangles, and the rays cast at them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.numerics.ahead import compile_ahead
from simulator.raycast.assembly import Assembly, Part, assemble, place, roots_of
from simulator.raycast.faces import Alpha, Faces
from simulator.raycast.flight import closest_hits
from simulator.raycast.instances import FIRST_ID
from simulator.raycast.layout import F32, I32, Bvh
from simulator.raycast.order import PIECE
from simulator.raycast.packet import closest_tiles
from simulator.raycast.rays import Hits, Rays, empty_hits
from simulator.raycast.schedule import share, worker_count
from simulator.raycast.stream import cast_streams
from simulator.raycast.tile import GROUPS, LEAST_TILE, Grid, grid_of, rays_of_tiles
from simulator.raycast.tiling import STREAM, Tiling, tiling_of

ALL = 0xFFFFFFFF
# Products of three coordinates must stay inside float32.
GREATEST_COORDINATE = 1e12
RAYS_A_PIECE, TILES_A_PIECE = 512, 4
PIECES = 32  # pieces of shadow rays, where there are so many; they must not depend on the threads
LEAST_SINGLES = 32  # rays cast one by one that are worth a thread
LEAST_PIECES = 8  # each thread should get so many, where there are as many tiles
_IDENTITY = np.eye(3, dtype=np.float32).reshape(-1)
_IN_ORDER = np.empty(0, np.int32)
_NO_PIECES = np.empty((0, 2), np.int64)


class Scene:
    """Triangles to cast rays at, in one frame of reference (metres, float32).

    Parts that stay where they are share one hierarchy; each moving part has its own, refitted when it moves. Not to
    be changed (`add`, `remove`, `move`, `commit`) while rays are cast from another thread; several threads may cast at
    once. A scene can be pickled.

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
        self._parts: list[Part] = []
        self._listed = self._instanced = 0  # triangles of parts that are no instances, and of those that are
        self._assembly: Assembly | None = None
        self._changed = True  # parts came or went since the last commit
        self._still = True  # but no static ones
        self._outgrown = False  # some parts are swept for the first time since then

    # --- parts ----------------------------------------------------------------------------------------------------

    def add(
        self,
        vertices: ArrayLike,
        faces: ArrayLike,
        transform: ArrayLike | None = None,
        moving: bool = False,
        mask: int = 1,
        alpha: Alpha | None = None,
        one_sided: bool = False,
        instanced: bool = False,
        soft: bool = False,
    ) -> int:
        """Add a part; it exists for rays after `commit`.

        Args:
            vertices: (V, 3) float32 in the part's own frame. Arrays of the right type are kept, not copied, and must
                not be changed; moving parts that are given the same arrays share memory.
            faces: (F, 3) int32 vertex numbers. A face without area is never hit.
            transform: (4, 4) affine placement of the part, identity by default.
            moving: whether `move` or `sweep` will be called for it.
            mask: 32 bits; a ray sees the part when (mask & ray mask) != 0.
            alpha: images whose holes rays pass; none by default.
            one_sided: rays pass the faces from behind, where their corners run clockwise.
            instanced: save memory: all such parts that are given the same arrays share one hierarchy, to which rays
                are transformed. Rays that come near one go into it one by one, which is several times as slow.
            soft: it moves, and `bend` will be called for it.

        Returns:
            The part's number: 0, 1, 2, ... in order of addition.

        Raises:
            ValueError: naming the part, for vertices that are not finite or beyond 1e12, face indices that do not
                exist, a wrong shape, a mask outside 32 bits, or alpha images that do not fit the mesh.
        """
        name = f"part {len(self._parts)}"
        v = _vertices(vertices, name)
        f = _faces(faces, len(v), name)
        if not 0 <= mask <= ALL:
            raise ValueError(f"{name}: mask {mask} is not a 32-bit number")
        if alpha is not None:
            alpha.check(len(v), len(f), name)
        if soft:
            if not moving or instanced:
                raise ValueError(f"{name}: only a part that moves and is no instance can be soft")
            v, f = v.copy(), f.copy()  # what changes its shape shares no hierarchy
        first_id = FIRST_ID + self._instanced if instanced else self._listed
        if first_id + len(f) >= (2 if instanced else 1) * FIRST_ID:
            raise ValueError(f"{name}: more than 2^30 triangles in all")
        reach = max(-float(v.min()), float(v.max())) if len(v) else 0.0
        placed = np.eye(4) if transform is None else _transform(transform, reach, name)
        self._parts.append(
            Part(v, f, placed, moving, int(mask), first_id, reach, alpha, one_sided, instanced, soft=soft)
        )
        if instanced:
            self._instanced += len(f)
        else:
            self._listed += len(f)
        self._changed, self._still = True, self._still and (moving or instanced)
        return len(self._parts) - 1

    def remove(self, part: int) -> None:
        """Take a part out; after `commit` no ray sees it. The numbers of the others stay.

        Raises:
            ValueError: if there is no such part, or it was removed before.
        """
        gone = self._part(part)
        gone.removed = self._changed = True
        self._still = self._still and (gone.moving or gone.instanced)

    def move(self, part: ArrayLike, transform: ArrayLike) -> None:
        """Place a moving part, or several, by (4, 4) affine transforms; rays see them there after `commit`.

        Args:
            part: number of a part, or (N,) numbers.
            transform: (4, 4), or (N, 4, 4).

        Raises:
            ValueError: if a part does not exist or is not a moving one, or a transform is not affine and finite.
        """
        numbers = np.atleast_1d(np.asarray(part, np.int64)).tolist()
        matrices = np.array(transform, np.float64).reshape(-1, *np.shape(transform)[-2:])
        if len(matrices) != len(numbers):
            raise ValueError(f"{len(numbers)} parts cannot be moved by {len(matrices)} transforms")
        for one, matrix in zip(self._moved(numbers, matrices), matrices):
            one.transform, one.keys, one.dirty = matrix, None, True

    def bend(self, part: ArrayLike, vertices: F32, first: ArrayLike) -> None:
        """Give soft parts other vertices; rays see them at `commit`, until when `vertices` must not be changed.

        The hierarchy is refitted, not built anew: shapes that are not like the one given to `add` are slower.

        Args:
            part: (N,) numbers of parts.
            vertices: (V, 3) float32 in the parts' own frames, all parts' in one array.
            first: (N,) row of `vertices` where each part's begin.

        Raises:
            ValueError: if a part does not exist or is not soft, or there are too few vertices.
        """
        if vertices.dtype != np.float32 or vertices.ndim != 2 or vertices.shape[1] != 3:
            raise ValueError(f"vertices must be (V, 3) float32, not {vertices.shape} {vertices.dtype}")
        for number, row in zip(np.atleast_1d(part).tolist(), np.atleast_1d(first).tolist(), strict=True):
            one = self._part(number)
            if not one.soft:
                raise ValueError(f"part {number} was not added with soft=True")
            if not 0 <= row <= len(vertices) - len(one.vertices):
                raise ValueError(
                    f"part {number} has {len(one.vertices)} vertices, row {row} of {len(vertices)} starts too few"
                )
            one.shape, one.dirty = (np.ascontiguousarray(vertices), row), True

    def sweep(self, part: ArrayLike, transforms: ArrayLike) -> None:
        """Let a moving part, or several, move from time 0 to time 1: each ray meets them where they are at its time.

        Between the keys matrices are interpolated linearly: exact for translations, while a turn by the angle a from
        one key to the next shrinks the part by up to 1 - cos(a / 2) halfway. It takes effect at `commit` and lasts
        until the next `move` or `sweep`. While it is swept a part costs what an instance does (see `add`); one whose
        keys are all the same is merely moved.

        Args:
            part: number of a part, or (N,) numbers.
            transforms: (K, 4, 4) affine placements at K >= 2 equally spaced times from 0 to 1, or (N, K, 4, 4).

        Raises:
            ValueError: as for `move`, and for fewer than two keys.
        """
        numbers = np.atleast_1d(np.asarray(part, np.int64)).tolist()
        shape = np.shape(transforms)
        if len(shape) != 3 + np.ndim(part) or shape[-3] < 2:
            raise ValueError(f"a sweep needs (K, 4, 4) transforms for each part, K >= 2, not the shape {shape}")
        every = np.array(transforms, np.float64).reshape(-1, *shape[-3:])
        if len(every) != len(numbers):
            raise ValueError(f"{len(numbers)} parts cannot be swept by {len(every)} sets of transforms")
        keys = shape[-3]
        for one, poses in zip(
            self._moved(np.repeat(numbers, keys).tolist(), every.reshape(-1, *shape[-2:]))[::keys], every
        ):
            one.transform, one.keys, one.dirty = poses[0], poses if (poses != poses[0]).any() else None, True
            if not (one.is_copy or one.instanced or one.may_sweep):
                one.may_sweep = self._outgrown = True

    def _moved(self, numbers: list[int], matrices: NDArray[np.float64]) -> list[Part]:
        """The parts with these numbers, if they may be placed by (N, 4, 4) transforms."""
        for number in numbers:
            if not self._part(number).moving:
                raise ValueError(f"part {number} was not added with moving=True")
        moved = [self._parts[number] for number in numbers]
        _check_transforms(matrices, np.array([part.reach for part in moved]), [f"part {number}" for number in numbers])
        return moved

    def commit(self, threads: int | None = None) -> None:
        """Make all additions, removals and moves take effect.

        It takes long when static parts came or went, less when moving ones did or were swept for the first time, and
        little when some moved.
        """
        start_compiling()
        if self._changed or self._outgrown or self._assembly is None:
            self._assembly = assemble(self._parts, self._assembly, self._still, threads)
            self._changed, self._still, self._outgrown = False, True, False
        place(self._assembly, self._parts, threads)

    @property
    def part_count(self) -> int:
        """Number of parts added."""
        return len(self._parts)

    @property
    def triangle_count(self) -> int:
        """Number of triangles of all parts."""
        return self._listed + self._instanced

    @property
    def memory_bytes(self) -> int:
        """Bytes of the committed hierarchies and tables, without the vertices and faces given to `add`."""
        return self._assembly.memory_bytes if self._assembly is not None else 0

    # --- rays -----------------------------------------------------------------------------------------------------

    def closest_hit(
        self,
        origins: ArrayLike,
        directions: ArrayLike,
        t_max: ArrayLike = np.inf,
        mask: int = ALL,
        threads: int | None = None,
        grid: tuple[int, int] | None = None,
        frame: ArrayLike | None = None,
        time: ArrayLike = 0.0,
        meanwhile: Callable[[], object] | None = None,
    ) -> Hits:
        """The first thing each ray hits at 0 < t < t_max.

        Rays that are neighbours and start at one point are cast together, which is several times as fast: give the
        `grid` of an image or range image, or one origin and neighbours in a row. Neighbours that start near each other
        and run side by side, as those of a spinning lidar on its way, gain about half as much.

        Args:
            origins: (N, 3), or (3,) for all rays.
            directions: (N, 3), of any length from 1e-15 to 1e15; t is in units of it. A direction of zero, or one that
                is not finite, hits nothing.
            t_max: one for all, or (N,).
            mask: only parts with (part mask & mask) != 0 are seen.
            threads: threads to use, by default one a processor; results do not depend on it.
            grid: (rows, columns) when the rays are an image in row-major order.
            frame: (4, 4) affine transform to the scene's frame from that in which origins and directions are given
                (as world_SE3_sensor); the scene's own by default.
            time: when the rays are cast, from 0 to 1, one for all or (N,): it tells where `sweep` has moved a part.
            meanwhile: is called once, while other threads have begun to cast rays if they are many.

        Raises:
            ValueError: for shapes that do not fit together, or a time outside 0 to 1.
            RuntimeError: if parts were added or removed since the last `commit`.
        """
        rays = _rays(origins, directions, t_max, frame, time)
        if grid is not None and grid[0] * grid[1] != rays.total:
            raise ValueError(f"grid {grid} is not the shape of {rays.total} rays")
        hits = empty_hits(rays.total)
        assembly, bvh, root, inner = self._start(mask)
        many = root >= 0 and rays.total >= LEAST_TILE and (grid is not None or rays.origin_step == 0)
        if meanwhile is not None and not many:
            meanwhile()
        if root < 0 or rays.total == 0:
            for array, miss in zip(hits, (np.inf, -1, -1, 0, 0)):
                array[:] = miss
            return hits
        if rays.total < LEAST_TILE:
            _cast_singles(bvh, root, assembly.faces, rays, hits, False, threads)
            return hits
        # Tiles from one point, then tiles side by side, then what is left one by one.
        image = rays.directions.reshape(*(grid or (1, rays.total)), 3)
        entering = np.zeros(rays.total if inner >= 0 else 0, np.bool_)
        tiles = grid_of(image) if many else None
        if tiles is None:
            apart = np.ones(rays.total, np.bool_)
        else:
            left = np.empty(tiles.tiles, np.bool_)
            _cast_tiles(assembly, bvh, root, rays, tiles, hits, left, entering, threads, meanwhile)
            some = bool(left.any())
            if not some and inner < 0:
                return hits
            apart = rays_of_tiles(tiles, left) if some else np.zeros(0, np.bool_)
        if rays.origin_step and apart.any():
            _cast_streams(
                assembly, bvh, root, inner, rays, tiling_of(image), hits, apart, entering, _NO_PIECES, threads
            )
        if entering.any():
            _cast_singles(bvh, inner, assembly.faces, _chosen(rays, entering), hits, True, threads)
        if apart.any():
            _cast_singles(bvh, root, assembly.faces, _chosen(rays, apart), hits, False, threads)
        return hits

    def any_hit(
        self,
        origins: ArrayLike,
        directions: ArrayLike,
        t_max: ArrayLike = np.inf,
        mask: int = ALL,
        threads: int | None = None,
        frame: ArrayLike | None = None,
        time: ArrayLike = 0.0,
        runs: ArrayLike | None = None,
    ) -> NDArray[np.bool_]:
        """(N,) bool: whether each ray hits anything at 0 < t < t_max; arguments and errors as for `closest_hit`.

        Faster the more neighbours start near each other, run side by side and are stopped by the same thing. Where only
        some of them do, say which in `runs` (R, 2): the first ray of each run of such rays and one past its last. Rays
        between the runs are not cast.

        Raises:
            ValueError: also for a run that does not lie within the rays.
        """
        rays = _rays(origins, directions, t_max, frame, time)
        blocked = np.zeros(rays.total, np.bool_)
        every = np.array([[0, rays.total]]) if runs is None else np.asarray(runs, np.int64).reshape(-1, 2)
        if len(every) and not (every[:, 0].min() >= 0 and every[:, 1].max() <= rays.total):
            raise ValueError(f"a run of rays does not lie within the {rays.total} that there are")
        assembly, bvh, root, inner = self._start(mask)
        pieces = _pieces(every)
        if root >= 0 and len(pieces):
            row = Tiling(1, rays.total, 3)
            _cast_streams(assembly, bvh, root, inner, rays, row, None, blocked, blocked[:0], pieces, threads)
        return blocked

    def _part(self, number: int) -> Part:
        if not 0 <= number < len(self._parts):
            raise ValueError(f"there is no part {number}: the scene has {len(self._parts)}")
        if self._parts[number].removed:
            raise ValueError(f"part {number} was removed")
        return self._parts[number]

    def __getstate__(self) -> dict[str, object]:
        """For pickling, hierarchies included: what was pickled casts rays at once."""
        state = dict(self.__dict__)
        state["meshes"] = {}
        if self._assembly is not None:
            # Keys are identities, which another process does not share: name a part of each mesh instead.
            of_mesh = {part.mesh: number for number, part in enumerate(self._parts)}
            state["meshes"] = {of_mesh[mesh]: bvh for mesh, bvh in self._assembly.meshes.items()}
        return state

    def __setstate__(self, state: dict[str, object]) -> None:
        """Take what was pickled."""
        meshes: Any = state.pop("meshes")
        self.__dict__.update(state)
        if self._assembly is not None:
            self._assembly.meshes = {self._parts[n].mesh: bvh for n, bvh in meshes.items()}

    def _start(self, mask: int) -> tuple[Assembly, Bvh, int, int]:
        """The arrays, the node at which rays of this mask start, and that of all instances; -1 when they see none."""
        if self._assembly is None or self._changed:
            raise RuntimeError("call commit() after adding or removing parts and before casting rays")
        return self._assembly, *roots_of(self._assembly, self._parts, mask)


def start_compiling() -> None:
    """Have what casts rays compiled by another process, if it has yet to be."""
    compile_ahead(__name__, cast_streams)


def exercise() -> None:
    """Compile what casts rays, by casting none (see `numerics.ahead`); the kernels that are wanted last come first."""
    scene = Scene()
    scene.commit(1)
    assembly, bvh, _, _ = scene._start(ALL)
    rays, hits, none = _rays(np.zeros(3), [], np.inf, None, 0.0), empty_hits(0), np.zeros(0, np.bool_)
    _cast_streams(assembly, bvh, 0, -1, rays, Tiling(1, 0, 3), None, none, none, _NO_PIECES, 1)
    _cast_singles(bvh, 0, assembly.faces, rays, hits, False, 1)
    _cast_tiles(assembly, bvh, 0, rays, Grid(0, 0, 0, GROUPS, 1), hits, none, none, 1)


def _chosen(rays: Rays, marks: NDArray[np.bool_]) -> Rays:
    """Only those rays that are marked."""
    if marks.all():
        return rays
    numbers = np.flatnonzero(marks)
    return rays._replace(total=len(numbers), order=numbers.astype(np.int32), ordered=True)


def _cast_tiles(
    assembly: Assembly,
    bvh: Bvh,
    root: int,
    rays: Rays,
    tiles: Grid,
    hits: Hits,
    left: NDArray[np.bool_],
    entering: NDArray[np.bool_],
    threads: int | None,
    meanwhile: Callable[[], object] | None = None,
) -> None:
    """Cast tiles of rays from one point; those whose rays do not go together are `left`."""
    workers = worker_count(threads, len(left))
    piece = min(max(len(left) // (workers * LEAST_PIECES), 1), TILES_A_PIECE)
    what = bvh, root, assembly.faces, rays, hits, tiles, left, entering
    share(closest_tiles, workers, what, (piece,), meanwhile)


def _cast_streams(
    assembly: Assembly,
    bvh: Bvh,
    root: int,
    inner: int,
    rays: Rays,
    tiling: Tiling,
    hits: Hits | None,
    marks: NDArray[np.bool_],
    entering: NDArray[np.bool_],
    pieces: NDArray[np.int64],
    threads: int | None,
) -> None:
    """Cast rays in tiles side by side, for closest hits if there are `hits` to write, else in `pieces`."""
    workers = worker_count(threads, len(pieces) if hits is None else -(-rays.total // RAYS_A_PIECE))
    what = (
        tiling,
        hits is not None,
        hits or empty_hits(0),
        marks.view(np.uint8),
        entering.view(np.uint8),
        pieces,
    )
    share(cast_streams, workers, (bvh, root, inner, assembly.faces, rays, *what), (RAYS_A_PIECE // STREAM,))


def _pieces(runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """(P, 2) runs of rays (R, 2) cut to pieces: as large as they may be in which neighbours are looked for, yet enough
    for many threads."""
    size = runs[:, 1] - runs[:, 0]
    piece = min(PIECE, max(RAYS_A_PIECE, -(-int(size.sum()) // PIECES)))
    if len(runs) == 1:
        first = np.arange(runs[0, 0], runs[0, 1], piece)
        return np.stack([first, np.minimum(first + piece, runs[0, 1])], 1)
    count = -(-size // piece)
    number = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    first = np.repeat(runs[:, 0], count) + number * piece
    return np.stack([first, np.minimum(first + piece, np.repeat(runs[:, 1], count))], 1)


def _cast_singles(bvh: Bvh, root: int, faces: Faces, rays: Rays, hits: Hits, found: bool, threads: int | None) -> None:
    """Cast rays one by one; if something was `found` before, look for what is nearer."""
    piece = min(max(rays.total // LEAST_PIECES, LEAST_SINGLES), RAYS_A_PIECE)
    workers = worker_count(threads, -(-rays.total // piece))
    share(closest_hits, workers, (bvh, root, faces, rays, hits, found), (piece,))


def _vertices(vertices: ArrayLike, name: str) -> F32:
    given = np.ascontiguousarray(vertices, np.float32)
    if given.size == 0:
        return np.zeros((0, 3), np.float32)
    if given.ndim != 2 or given.shape[1] != 3:
        raise ValueError(f"{name}: vertices must have the shape (V, 3), not {given.shape}")
    if not max(-given.min(), given.max()) <= GREATEST_COORDINATE:  # true for NaN
        bad = int(np.flatnonzero(~(np.abs(given) <= GREATEST_COORDINATE).all(1))[0])
        raise ValueError(f"{name}: vertex {bad} is {given[bad].tolist()}, not finite or beyond {GREATEST_COORDINATE:g}")
    return given


def _faces(faces: ArrayLike, vertices: int, name: str) -> I32:
    given = np.asarray(faces)
    if given.size == 0:
        return np.zeros((0, 3), np.int32)
    if given.ndim != 2 or given.shape[1] != 3 or given.dtype.kind not in "iu":
        raise ValueError(f"{name}: faces must be (F, 3) integers, not {given.shape} {given.dtype}")
    if given.min() < 0 or given.max() >= vertices:
        bad = int(np.flatnonzero(((given < 0) | (given >= vertices)).any(1))[0])
        raise ValueError(f"{name}: face {bad} is {given[bad].tolist()}, but there are {vertices} vertices")
    return np.ascontiguousarray(given, np.int32)


def _transform(transform: ArrayLike, reach: float, name: str) -> NDArray[np.float64]:
    """Check a transform of points whose coordinates are at most `reach`."""
    matrix = np.array(transform, np.float64)
    _check_transforms(matrix[None], np.array([reach]), [name])
    return matrix


def _check_transforms(matrices: NDArray[np.float64], reach: NDArray[np.float64], names: list[str]) -> None:
    """Check (N, 4, 4) transforms of points whose coordinates are at most `reach` (N,)."""
    if matrices.shape[1:] != (4, 4):
        raise ValueError(f"{names[0]}: the transform must be a (4, 4) matrix, not {matrices.shape[1:]}")
    affine = np.isfinite(matrices).all((1, 2)) & (matrices[:, 3] == [0, 0, 0, 1]).all(1)
    if not affine.all():
        bad = int(np.flatnonzero(~affine)[0])
        raise ValueError(f"{names[bad]}: the transform must be finite and affine, not {matrices[bad].tolist()}")
    far = (np.abs(matrices[:, :3, :3]).sum(2) * reach[:, None] + np.abs(matrices[:, :3, 3])).max(1)
    if (far > GREATEST_COORDINATE).any():
        bad = int(far.argmax())
        raise ValueError(f"{names[bad]}: the transform moves it beyond {GREATEST_COORDINATE:g}")


def _rays(
    origins: ArrayLike, directions: ArrayLike, t_max: ArrayLike, frame: ArrayLike | None, time: ArrayLike
) -> Rays:
    """Check what was given, and bring the origins into the scene's frame (kernels turn the directions)."""
    given = (np.ascontiguousarray(each, np.float32) for each in (directions, origins, t_max, time))
    d, o, limits, times = (np.require(each, requirements="W") for each in given)  # numba has other kernels for others
    if d.size == 0:
        d = d.reshape(0, 3)
    if d.ndim != 2 or d.shape[1] != 3:
        raise ValueError(f"directions must have the shape (N, 3), not {d.shape}")
    if o.shape not in ((3,), d.shape):
        raise ValueError(f"origins must have the shape (3,) or {d.shape}, not {o.shape}")
    if limits.shape not in ((), (1,), (len(d),)):
        raise ValueError(f"t_max must be one number or have the shape ({len(d)},), not {limits.shape}")
    if times.shape not in ((), (1,), (len(d),)):
        raise ValueError(f"time must be one number or have the shape ({len(d)},), not {times.shape}")
    least, most = (times[0], times[0]) if times.size == 1 else (times.min(initial=0), times.max(initial=0))
    if not (least >= 0 and most <= 1):  # true for NaN
        bad = times[~((times >= 0) & (times <= 1))][0]
        raise ValueError(f"time must lie from 0 to 1, not {bad:g}")
    rotation = _IDENTITY
    if frame is not None:
        matrix = _transform(frame, 0.0, "frame")
        rotation = matrix[:3, :3].astype(np.float32).reshape(-1)
        o = np.asarray(o @ matrix[:3, :3].T + matrix[:3, 3], np.float32)
    return Rays(
        origins=o.reshape(-1),
        origin_step=3 if o.ndim == 2 else 0,
        directions=d.reshape(-1),
        rotation=rotation,
        limits=limits.reshape(-1),
        limit_step=1 if limits.ndim == 1 and len(limits) == len(d) else 0,
        times=times.reshape(-1),
        time_step=1 if times.ndim == 1 and len(times) == len(d) else 0,
        total=len(d),
        order=_IN_ORDER,
        ordered=False,
    )
