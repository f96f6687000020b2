"""All parts of a scene in one pair of arrays, so that one traversal serves everything.

The nodes are, in this order: a hierarchy for all static parts of each mask, a hierarchy for each moving part, and
some small trees over these (tops), one for each set of hierarchies that rays of some mask see. Masks therefore cost a
ray nothing: it starts at the root that holds what it may see. Parts with faces that rays may pass have hierarchies of
their own, whose blocks come last.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.parallel import available_threads, parallel_for
from simulator.numerics.simd import LANES
from simulator.raycast.collapse import build, build_top
from simulator.raycast.faces import Alpha, Conditions, Faces
from simulator.raycast.instances import ROW as INSTANCE
from simulator.raycast.instances import place_instances
from simulator.raycast.layout import BLOCK, F32, I32, IDS, LOW_HIGH, NODE, Bvh, aligned
from simulator.raycast.refit import refit, relocate, reshape
from simulator.raycast.schedule import share, worker_count

# Sets of hierarchies for which there is room from the start.
TOPS = 4


@dataclass(slots=True, eq=False)
class Part:
    """One part of a scene: its mesh, where it is, the id of its first triangle, its greatest coordinate.

    `keys` (K, 4, 4) are its poses during a sweep, None while it has but one. It `may_sweep` once it has been swept.
    One that is `soft` changes its shape: `shape` are the vertices that it is to have, and the row where they start,
    until it has them.
    """

    vertices: F32
    faces: I32
    transform: NDArray[np.float64]
    moving: bool
    mask: int
    first_id: int
    reach: float
    alpha: Alpha | None = None
    one_sided: bool = False
    instanced: bool = False
    removed: bool = False
    dirty: bool = True
    keys: NDArray[np.float64] | None = None
    may_sweep: bool = False
    soft: bool = False
    shape: tuple[F32, int] | None = None

    @property
    def is_copy(self) -> bool:
        """Whether rays see triangles of its own, in the scene's frame, and not an instance."""
        return not self.instanced and self.keys is None

    @property
    def present(self) -> bool:
        """Whether there is anything of it to hit."""
        return not self.removed and len(self.faces) > 0

    @property
    def tested(self) -> bool:
        """Whether rays may pass some of its faces."""
        return self.alpha is not None or self.one_sided

    @property
    def mesh(self) -> tuple[int, int]:
        """Equal for parts that were given the same arrays (which the parts keep alive)."""
        return id(self.vertices), id(self.faces)

    @property
    def poses(self) -> NDArray[np.float64]:
        """(K, 4, 4): its keys, or its one placement."""
        return self.transform[None] if self.keys is None else self.keys

    @property
    def placed(self) -> F32:
        """The vertices in the scene's frame."""
        if (self.transform == np.eye(4)).all():
            return self.vertices
        # Not `@`: the linear algebra library would start threads of its own.
        turned = np.einsum("vj,ij->vi", self.vertices, self.transform[:3, :3])
        return np.asarray(turned + self.transform[:3, 3], np.float32)


class Piece(NamedTuple):
    """One hierarchy within the arrays: its nodes, its blocks, its mask, and whether rays may pass some faces."""

    first_node: int
    last_node: int  # one past the last
    first_block: int
    last_block: int
    mask: int
    tested: bool

    def of(self, bvh: Bvh) -> Bvh:
        """The piece's own nodes and blocks (their numbers stay those of the whole)."""
        return Bvh(
            bvh.nodes[self.first_node * NODE : self.last_node * NODE],
            bvh.blocks[self.first_block * BLOCK : self.last_block * BLOCK],
        )


class Sight(NamedTuple):
    """Masks of the rays that see each piece, and each instance, at present; int64, 0 for what none sees."""

    pieces: NDArray[np.int64]
    instances: NDArray[np.int64]


@dataclass(slots=True, eq=False)
class Assembly:
    """The arrays that kernels see, and what is needed to keep them up to date.

    Attributes:
        bvh: all nodes and blocks.
        faces: what is known of each triangle.
        pieces: static hierarchies, then those of the moving parts in `moving`, then those that instances share.
        moving: numbers of the moving parts that have triangles. first_moving: their first piece.
        instances: numbers of the parts with triangles that are instanced or may sweep, by the ids of these: the latter
            are among `moving` too, and rays see either. shared: the piece of each.
        boxes: (instances, 2, 3) where they are.
        meshes: own-frame hierarchy of each mesh that moves or has instances.
        local: blocks of all `meshes`, one after the other; `first_local` tells where each moving part's start.
        corners: vertex numbers of the own-frame blocks of all soft parts, as `reshape` reads them. first_corner: of
            each moving part its first block there, if it is soft.
        first_nodes: of the pieces.
        first_top: first node of the tops.
        tops: root of each set of visible pieces (their truth values as bytes).
        roots: for each ray mask met since the last commit, its root, and that of the instances alone.
        sight: what rays may see since the last commit, None until one has been cast.
    """

    bvh: Bvh
    faces: Faces
    pieces: list[Piece]
    moving: list[int]
    first_moving: int
    instances: list[int]
    shared: I32
    boxes: F32
    meshes: dict[tuple[int, int], Bvh]
    local: F32
    first_local: I32
    corners: I32
    first_corner: I32
    first_nodes: I32
    first_top: int
    tops: dict[bytes, int] = field(default_factory=dict)
    roots: dict[int, tuple[int, int]] = field(default_factory=dict)
    sight: Sight | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __getstate__(self) -> dict[str, object]:
        """All but the lock, for pickling."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "lock"}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Take what was pickled, on memory that starts on cache lines again."""
        for name, value in state.items():
            setattr(self, name, value)
        self.lock = threading.Lock()
        nodes, blocks = (aligned(array.size) for array in self.bvh)
        nodes[:], blocks[:] = self.bvh
        self.bvh = Bvh(nodes, blocks)

    @property
    def memory_bytes(self) -> int:
        """Bytes of all arrays."""
        arrays = [*self.bvh, *self.faces, self.local, self.first_local, *(mesh.nodes for mesh in self.meshes.values())]
        return sum(array.nbytes for array in arrays if isinstance(array, np.ndarray))


def assemble(parts: list[Part], old: Assembly | None, still: bool, threads: int | None) -> Assembly:
    """Lay out all parts; what has not changed is taken from `old`, and if all is `still` its static hierarchies are."""
    sources: list[tuple[Bvh, Piece, int]] = []  # hierarchy, where its numbers start and its mask, what to add to ids
    if old is not None and still:
        static = old.pieces[: old.first_moving]
        sources += [(piece.of(old.bvh), piece, 0) for piece in static]
    else:
        sources += [(bvh, Piece(0, 0, 0, 0, *kind), 0) for bvh, kind in _build_static(parts, threads)]
    moving = [number for number, part in enumerate(parts) if part.moving and part.present and not part.instanced]
    instances = [number for number, part in enumerate(parts) if (part.instanced or part.may_sweep) and part.present]
    instances.sort(key=lambda number: parts[number].first_id)
    own = [parts[number] for number in (*moving, *instances)]
    meshes = _build_meshes(own, {} if old is None else old.meshes, threads)
    first_moving = len(sources)
    for number in moving:
        part = parts[number]
        sources.append((meshes[part.mesh], Piece(0, 0, 0, 0, part.mask, part.tested), part.first_id))
        part.dirty = True
    shared = dict[tuple[tuple[int, int], bool], int]()
    for number in instances:
        part = parts[number]
        part.dirty = True
        if (part.mesh, part.tested) not in shared:
            shared[part.mesh, part.tested] = len(sources)
            sources.append((meshes[part.mesh], Piece(0, 0, 0, 0, 0, part.tested), 0))  # in its own frame no ray sees it
    piece_of = np.array([shared[parts[number].mesh, parts[number].tested] for number in instances], np.int32)

    first_top = sum(bvh.node_count for bvh, _, _ in sources)
    nodes = aligned((first_top + TOPS * (len(sources) + len(instances))) * NODE)
    # The blocks of a single hierarchy that was just built need not be copied.
    just_one = len(sources) == 1 and first_moving == 1 and not still
    blocks = sources[0][0].blocks if just_one else aligned(sum(bvh.block_count for bvh, _, _ in sources) * BLOCK)
    whole, pieces, node = Bvh(nodes, blocks), list[Piece](), 0
    first_block, first_tested = _order_blocks(sources)
    for (bvh, was, first_id), block in zip(sources, first_block):
        piece = Piece(node, node + bvh.node_count, block, block + bvh.block_count, was.mask, was.tested)
        into = piece.of(whole)
        into.nodes[:] = bvh.nodes
        if not just_one:
            into.blocks[:] = bvh.blocks
            relocate(into.nodes, into.blocks, node - was.first_node, block - was.first_block, first_id)
        pieces.append(piece)
        node = piece.last_node

    starts, local, meshes = _gather(meshes)
    first_local = np.array([starts[parts[number].mesh] for number in moving], np.int32)
    corners = [_corners(parts[k], meshes[parts[k].mesh]) if parts[k].soft else np.empty(0, np.int32) for k in moving]
    sizes = np.array([len(each) // (3 * LANES) for each in corners], np.int64)
    boxes = np.full((len(instances), 2, 3), np.inf, np.float32)
    faces = _describe_faces(parts, first_tested, whole.block_count, boxes)
    return Assembly(
        whole,
        faces,
        pieces,
        moving,
        first_moving,
        instances,
        piece_of,
        boxes,
        meshes,
        local,
        first_local,
        np.concatenate([np.empty(0, np.int32), *corners]),
        (np.cumsum(sizes) - sizes).astype(np.int32),
        np.array([piece.first_node for piece in pieces], np.int32),
        first_top,
    )


def _corners(part: Part, mesh: Bvh) -> I32:
    """Vertex numbers of a mesh's blocks, as `reshape` reads them; unused lanes repeat the last triangle's first."""
    ids = mesh.blocks.view(np.int32).reshape(-1, BLOCK)[:, IDS : IDS + LANES]
    used = ids >= 0
    vertices = part.faces[np.where(used, ids, ids.max(1, keepdims=True))].astype(np.int32)
    vertices[~used] = vertices[~used][:, :1]
    return np.ascontiguousarray(vertices.transpose(0, 2, 1)).reshape(-1)


def _order_blocks(sources: list[tuple[Bvh, Piece, int]]) -> tuple[list[int], int]:
    """Where the blocks of each hierarchy start, and where those with faces that rays may pass do: these come last."""
    sizes = np.array([bvh.block_count for bvh, _, _ in sources], np.int64)
    tested = np.array([piece.tested for _, piece, _ in sources], bool)
    order = np.argsort(tested, kind="stable")
    first = np.empty(len(sources), np.int64)
    first[order] = np.cumsum(sizes[order]) - sizes[order]
    return first.tolist(), int(sizes[~tested].sum())


def _describe_faces(parts: list[Part], first_tested: int, blocks: int, boxes: F32) -> Faces:
    """The tables of all triangles; that of the instances, and their `boxes`, are filled when they are placed."""
    size = np.array([len(part.faces) for part in parts], np.int32)
    listed = np.array([not part.instanced for part in parts], bool)
    part_of = np.repeat(np.flatnonzero(listed).astype(np.int32), size[listed])
    first = np.array([part.first_id for part in parts], np.int32)
    conditions, row = Conditions(), np.zeros(len(parts), np.int32)
    for number, part in enumerate(parts):
        if part.tested:
            row[number] = conditions.first_row(part.faces, part.alpha, part.one_sided) - part.first_id
    table = np.zeros(len(boxes) * INSTANCE, np.float32)
    of_all = part_of, first, size, first_tested, row, *conditions.tables()
    return Faces(*of_all, blocks, table, len(boxes), np.zeros(0), boxes.reshape(-1))


def place(assembly: Assembly, parts: list[Part], threads: int | None) -> None:
    """Give the parts that are dirty their shapes, put them where their transforms say, and forget the tops."""
    offset = assembly.first_moving
    _reshape(assembly, parts, threads)
    moved = [k for k, number in enumerate(assembly.moving) if parts[number].dirty and parts[number].is_copy]
    if moved:
        spans = np.array([assembly.pieces[offset + k][:4] for k in moved], np.int32)
        matrices = np.stack([parts[assembly.moving[k]].transform[:3] for k in moved]).astype(np.float32)
        workers = worker_count(threads, len(moved))
        share(refit, workers, (*assembly.bvh, assembly.local, spans, assembly.first_local[moved], matrices))
    moved = [k for k, number in enumerate(assembly.instances) if parts[number].dirty and not parts[number].is_copy]
    if moved:
        swept = [k for k, number in enumerate(assembly.instances) if parts[number].keys is not None]
        _place_instances(assembly, parts, sorted({*moved, *swept}))  # all keys are in one array
    for number in (*assembly.moving, *assembly.instances):
        parts[number].dirty = False
    assembly.tops.clear()
    assembly.roots.clear()
    assembly.sight = None


def _reshape(assembly: Assembly, parts: list[Part], threads: int | None) -> None:
    """Give soft parts the shapes that they are to have, in their own frames."""
    soft = [(k, n, shape) for k, n in enumerate(assembly.moving) if (shape := parts[n].shape) is not None]
    for points in {id(shape[0]): shape[0] for _, _, shape in soft}.values():
        chosen = [(k, n, shape) for k, n, shape in soft if shape[0] is points]
        which = [k for k, _, _ in chosen]
        first = assembly.first_local[which]
        blocks = np.array([assembly.pieces[assembly.first_moving + k][2:4] for k in which], np.int32)
        spans = np.stack([first, first + blocks[:, 1] - blocks[:, 0]], 1)
        rows = np.array([shape[1] for _, _, shape in chosen], np.int32)
        before = (assembly.local, spans, assembly.corners, assembly.first_corner[which], points)
        share(reshape, worker_count(threads, len(chosen)), (*before, rows))
    # Rays that are transformed into the frame of a swept part meet a hierarchy of its own there.
    still = np.eye(4, dtype=np.float32)[:3]
    swept = [(k, n) for k, n in enumerate(assembly.instances) if parts[n].soft and parts[n].dirty]
    swept = [(k, number) for k, number in swept if not parts[number].is_copy]
    if swept:
        at = {number: k for k, number in enumerate(assembly.moving)}
        spans = np.array([assembly.pieces[assembly.shared[k]][:4] for k, _ in swept], np.int32)
        first = assembly.first_local[[at[number] for _, number in swept]]
        workers = worker_count(threads, len(swept))
        share(refit, workers, (*assembly.bvh, assembly.local, spans, first, np.stack([still] * len(swept))))
    for _, number, _ in soft:
        parts[number].shape = None


def _place_instances(assembly: Assembly, parts: list[Part], moved: list[int]) -> None:
    """Write the rows and boxes of some instances."""
    numbers = [assembly.instances[k] for k in moved]
    poses = [parts[number].poses for number in numbers]
    roots = [assembly.pieces[assembly.shared[k]].first_node for k in moved]
    ids = [parts[number].first_id for number in numbers]
    meshes = _boxes(assembly.bvh.nodes, np.array(roots, np.int32))
    placed = place_instances(poses, meshes, roots, ids, numbers)
    assembly.faces.instances.reshape(-1, INSTANCE)[moved] = placed.rows
    assembly.boxes[moved] = placed.boxes
    assembly.faces = assembly.faces._replace(keys=placed.keys)


def _boxes(nodes: F32, roots: I32) -> F32:
    """(N, 2, 3) low and high corners of what lies below some nodes."""
    corners = nodes.reshape(-1, NODE)[roots, : 3 * LOW_HIGH].reshape(-1, 3, 2, LANES)
    return np.stack([corners[:, :, 0].min(2), corners[:, :, 1].max(2)], 1)


def roots_of(assembly: Assembly, parts: list[Part], mask: int) -> tuple[Bvh, int, int]:
    """Where rays of a mask start: the arrays, a node, and the node over the instances alone; -1 if they see none.

    The top tree over the pieces they see is made when first asked for; others may cast rays at the same time.
    """
    with assembly.lock:
        if mask not in assembly.roots:
            assembly.roots[mask] = _make_roots(assembly, parts, mask)
        return assembly.bvh, *assembly.roots[mask]


def _make_roots(assembly: Assembly, parts: list[Part], mask: int) -> tuple[int, int]:
    if assembly.sight is None:
        assembly.sight = _sight_of(assembly, parts)
    pieces, copies = ((masks & mask) != 0 for masks in assembly.sight)
    return _make_root(assembly, pieces, copies), _make_root(assembly, np.zeros_like(pieces), copies)


def _sight_of(assembly: Assembly, parts: list[Part]) -> Sight:
    """By which rays the pieces and the instances are seen now: a part is one or the other."""
    pieces = np.array([piece.mask for piece in assembly.pieces], np.int64)
    moving = [parts[number].is_copy for number in assembly.moving]
    pieces[assembly.first_moving : assembly.first_moving + len(moving)][~np.array(moving, bool)] = 0
    masks = [0 if parts[number].is_copy else parts[number].mask for number in assembly.instances]
    there = np.isfinite(assembly.boxes[:, 0, 0])  # flat ones are not
    return Sight(pieces, np.where(there, np.array(masks, np.int64), 0))


def _make_root(assembly: Assembly, seen: NDArray[np.bool_], copies: NDArray[np.bool_]) -> int:
    """A tree over those pieces that are seen and those instances, unless it is there; its root, or -1."""
    numbers, any_copies = np.flatnonzero(seen), copies.any()
    roots = assembly.first_nodes[numbers]
    if len(roots) < 2 and not any_copies:
        return int(roots[0]) if len(roots) else -1
    key = seen.tobytes() + copies.tobytes()
    if key in assembly.tops:
        return assembly.tops[key]
    room = len(key)
    start = assembly.first_top + len(assembly.tops) * room
    nodes = assembly.bvh.nodes
    if (start + room) * NODE > nodes.size:
        # Kernels may be reading the present array: grow a copy.
        nodes = aligned(nodes.size + TOPS * room * NODE)
        nodes[: assembly.bvh.nodes.size] = assembly.bvh.nodes
        assembly.bvh = assembly.bvh._replace(nodes=nodes)
    boxes, codes = _boxes(nodes, roots), roots
    if any_copies:
        boxes = np.concatenate([boxes, assembly.boxes[copies]])
        codes = np.concatenate([roots, ~(assembly.faces.first_instance + np.flatnonzero(copies))]).astype(np.int32)
    build_top(boxes, codes, nodes[start * NODE : (start + room) * NODE], start)
    assembly.tops[key] = start
    return start


def _build_static(parts: list[Part], threads: int | None) -> list[tuple[Bvh, tuple[int, bool]]]:
    """One hierarchy for all static parts of each mask, those whose faces rays may pass apart; its mask, and whether."""
    built = []
    static = [part for part in parts if part.present and not (part.moving or part.instanced)]
    for kind in sorted({(part.mask, part.tested) for part in static}):
        group = [part for part in static if (part.mask, part.tested) == kind]
        starts = np.cumsum([0, *(len(part.vertices) for part in group)])
        vertices = _joined([part.placed for part in group])
        faces = _joined([part.faces + np.int32(start) if start else part.faces for part, start in zip(group, starts)])
        ids = _joined([np.arange(part.first_id, part.first_id + len(part.faces), dtype=np.int32) for part in group])
        built.append((build(vertices, faces, ids, threads), kind))
    return built


def _joined(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    """All of them one after the other; a single one as it is."""
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _build_meshes(
    parts: list[Part], known: dict[tuple[int, int], Bvh], threads: int | None
) -> dict[tuple[int, int], Bvh]:
    """The own-frame hierarchy of each mesh of some parts, those known already not built again."""
    wanted = {part.mesh: part for part in parts}
    meshes = {mesh: known.get(mesh) for mesh in wanted}
    missing = [part for mesh, part in wanted.items() if meshes[mesh] is None]
    results: list[Bvh | None] = [None] * len(missing)

    def build_some(start: int, stop: int) -> None:
        """Meshes `start` to `stop` of those that are missing."""
        for k in range(start, stop):
            faces = missing[k].faces
            results[k] = build(missing[k].vertices, faces, np.arange(len(faces), dtype=np.int32), 1)

    parallel_for(build_some, len(missing), chunk=1, threads=threads or available_threads())
    meshes.update({part.mesh: bvh for part, bvh in zip(missing, results)})
    return {mesh: bvh for mesh, bvh in meshes.items() if bvh is not None}


def _gather(meshes: dict[tuple[int, int], Bvh]) -> tuple[dict[tuple[int, int], int], F32, dict[tuple[int, int], Bvh]]:
    """Put the blocks of all meshes into one array: where each starts, the array, and the meshes with views of it."""
    starts, first = dict[tuple[int, int], int](), 0
    for mesh, bvh in meshes.items():
        starts[mesh] = first
        first += bvh.block_count
    local = aligned(first * BLOCK)
    gathered = {}
    for mesh, bvh in meshes.items():
        view = local[starts[mesh] * BLOCK : (starts[mesh] + bvh.block_count) * BLOCK]
        view[:] = bvh.blocks
        gathered[mesh] = Bvh(bvh.nodes, view)
    return starts, local, gathered
