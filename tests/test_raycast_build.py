"""The hierarchy itself: what it holds, how good it is, and that the number of threads does not shape it."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.numerics.simd import LANES
from simulator.raycast.build import BinaryTree, build_binary, triangle_records
from simulator.raycast.collapse import build
from simulator.raycast.layout import BLOCK, IDS, LOW_HIGH, MAX_DEPTH, MAX_SAH_DEPTH, NODE, aligned, children
from simulator.raycast.reinsert import optimise
from simulator.raycast.sweep import RECORD, SMALL, WIDER


def cloud(triangles: int, size: float = 0.1, seed: int = 0) -> np.ndarray:
    """(N, 3, 3) corners, some triangles much longer than others."""
    rng = np.random.default_rng(seed)
    spread = size * rng.lognormal(size=(triangles, 1, 3))
    return (rng.normal(size=(triangles, 1, 3)) + spread * rng.normal(size=(triangles, 3, 3))).astype(np.float32)


def flat(rows: int) -> np.ndarray:
    x, y = (axis.reshape(-1) for axis in np.meshgrid(np.arange(rows), np.arange(rows)))
    low = np.stack([x, y, 0 * x], -1)[:, None]
    corners = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 0], [0, 1, 0]])
    return (low + corners).reshape(-1, 3, 3).astype(np.float32)


SHAPES = {
    "one": cloud(1),
    "a block": cloud(8),
    "a block and one": cloud(9),
    "cloud": cloud(3000),
    "sampled": cloud(20_000),
    "flat": flat(40),
    "all equal": np.repeat(cloud(1), 1000, 0),
    "two places": np.repeat(cloud(2), 500, 0),
    "points": np.repeat(cloud(500)[:, :1], 3, 1),
    "far": cloud(500) * np.float32(4e11),
    "tiny": cloud(500) * np.float32(1e-30),
    "halves": cloud(1) * np.float32(0.5) ** np.arange(120)[:, None, None].astype(np.float32),
    "shells": cloud(1) * np.float32(0.97) ** np.arange(3000)[:, None, None].astype(np.float32),
    "one giant": np.concatenate([cloud(1) * np.float32(1e6), cloud(700)]),
}


def arrays(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices, faces (in another order than the vertices), and ids."""
    count = len(corners)
    order = np.random.default_rng(1).permutation(count)
    return corners.reshape(-1, 3), np.arange(3 * count, dtype=np.int32).reshape(-1, 3)[order], np.int32(7) + order


@pytest.mark.parametrize("shape", SHAPES)
def test_every_triangle_lies_in_one_block_inside_all_boxes_above_it(shape: str) -> None:
    corners = SHAPES[shape]
    vertices, faces, ids = arrays(corners)
    bvh = build(vertices, faces, ids.astype(np.int32), 1)
    rows = bvh.nodes.reshape(-1, NODE)
    boxes, codes = rows[:, : 3 * LOW_HIGH].reshape(-1, 3, 2, LANES), children(bvh.nodes)
    blocks = bvh.blocks.reshape(-1, BLOCK)
    triangles = blocks[:, :IDS].reshape(-1, 3, 3, LANES).transpose(0, 3, 1, 2)  # block, lane, corner, axis
    numbers = blocks.view(np.int32)[:, IDS : IDS + LANES]
    listed = numbers >= 0
    np.testing.assert_array_equal(np.sort(numbers[listed]), np.arange(7, 7 + len(corners)))
    np.testing.assert_array_equal(triangles[listed], corners[numbers[listed] - 7])
    met_nodes, met_blocks = [], []

    def points_below(node: int) -> np.ndarray:
        met_nodes.append(node)
        below = []
        for k in range(LANES):
            low, high = boxes[node, :, 0, k], boxes[node, :, 1, k]
            if low[0] > high[0]:
                continue
            code = int(codes[node, k])
            assert code < 0 or code > node
            if code < 0:
                met_blocks.append(~code)
            points = points_below(code) if code >= 0 else triangles[~code].reshape(-1, 3)
            assert (low <= points).all() and (points <= high).all()
            below.append(points)
        return np.concatenate(below)

    points_below(0)
    assert sorted(met_nodes) == list(range(bvh.node_count))
    assert sorted(met_blocks) == list(range(bvh.block_count))


def area(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    x, y, z = np.moveaxis(high - low, -1, 0)
    return x * y + y * z + z * x


def swept_cost(low: np.ndarray, high: np.ndarray) -> float:
    """Cost of the hierarchy that the surface-area heuristic makes when every split between two centres is tried."""
    count, own = len(low), area(low.min(0), high.max(0))
    if count <= LANES:
        return float(own)
    size = np.arange(1, count)
    best, order, split = np.inf, np.arange(count), 0
    for axis in range(3):
        sorted_ = np.argsort(low[:, axis] + high[:, axis], kind="stable")
        a, b = low[sorted_], high[sorted_]
        left = area(np.minimum.accumulate(a), np.maximum.accumulate(b))[:-1]
        right = area(np.minimum.accumulate(a[::-1]), np.maximum.accumulate(b[::-1]))[-2::-1]
        cost = left * -(-size // LANES) + right * -(-(count - size) // LANES)
        if cost.min() < best:
            best, order, split = cost.min(), sorted_, int(cost.argmin()) + 1
    parts = order[:split], order[split:]
    return float(own) + sum(swept_cost(low[part], high[part]) for part in parts)


def binary(corners: np.ndarray) -> BinaryTree:
    vertices, faces, _ = arrays(corners)
    records = aligned(len(corners) * RECORD)
    triangle_records(0, len(corners), vertices, faces, records)
    return build_binary(records, LANES, 1)


def boxes_of(tree: BinaryTree) -> tuple[np.ndarray, np.ndarray]:
    """Low and high corners of all nodes."""
    bounds = tree.bounds.reshape(-1, RECORD)[: int(tree.used[0])].astype(np.float64)
    return bounds[:, :3], -bounds[:, 4:7]


def leaves_of(tree: BinaryTree) -> np.ndarray:
    """What lies in each leaf: its range of records, and its box."""
    leaf = tree.left[: int(tree.used[0])] < 0
    low, high = boxes_of(tree)
    first, size = tree.first[: len(leaf)], tree.size[: len(leaf)]
    rows = np.column_stack([first, size, low, high])[leaf]
    return rows[np.argsort(rows[:, 0])]


def depths(tree: BinaryTree) -> np.ndarray:
    """Levels above each node, -1 for one that cannot be reached from the root."""
    depth, todo = np.full(int(tree.used[0]), -1), [(0, 0)]
    while todo:
        node, level = todo.pop()
        assert depth[node] == -1
        depth[node] = level
        if tree.left[node] >= 0:
            todo += [(int(tree.left[node]) + k, level + 1) for k in range(2)]
    return depth


def split_costs(low: np.ndarray, high: np.ndarray, wider: float) -> np.ndarray:
    """Cost of dividing records, in this order, after each of them but the last: all in double precision."""
    size = np.arange(1, len(low))
    left = area(np.minimum.accumulate(low) - wider, np.maximum.accumulate(high))[:-1]
    right = area(np.minimum.accumulate(low[::-1]) - wider, np.maximum.accumulate(high[::-1]))[-2::-1]
    return left * np.ceil(size / LANES) ** 0.75 + right * np.ceil((len(low) - size) / LANES) ** 0.75


@pytest.mark.parametrize("corners", [cloud(SMALL), cloud(100, 0.01), cloud(9), flat(8), cloud(SMALL) * np.float32(1e9)])
def test_few_triangles_are_split_where_it_costs_least(corners: np.ndarray) -> None:
    tree = binary(corners)
    low, high = boxes_of(tree)
    vertices, faces, _ = arrays(corners)
    records = aligned(len(corners) * RECORD)
    triangle_records(0, len(corners), vertices, faces, records)
    build_binary(records, LANES, 1)  # which puts them in the order of the leaves
    boxes = records.reshape(-1, RECORD).astype(np.float64)
    inner = np.flatnonzero(tree.left[: len(low)] >= 0)
    assert len(inner) > 0 and (tree.size[np.flatnonzero(tree.left[: len(low)] < 0)] <= LANES).all()
    for node in inner:
        first, count, to_left = tree.first[node], tree.size[node], tree.size[tree.left[node]]
        part_low, part_high = boxes[first : first + count, :3], -boxes[first : first + count, 4:7]
        wider = WIDER * (high[node] - low[node]).max()
        best = min(
            split_costs(part_low[order], part_high[order], wider).min()
            for order in np.argsort(part_low + part_high, axis=0, kind="stable").T
        )
        assert split_costs(part_low, part_high, wider)[to_left - 1] <= best * (1 + 1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_reinsertion_keeps_all_leaves_and_tight_boxes_and_adds_no_surface(shape: str) -> None:
    tree = binary(SHAPES[shape])
    before, leaves = area(*boxes_of(tree)).sum(), leaves_of(tree)
    optimise(tree, 1)
    low, high = boxes_of(tree)
    assert area(low, high).sum() <= before * (1 + 1e-6)
    np.testing.assert_array_equal(leaves_of(tree), leaves)
    reached = depths(tree)
    assert reached.min() >= 0 and reached.max() <= MAX_DEPTH
    inner = np.flatnonzero(tree.left[: len(low)] >= 0)
    left = tree.left[inner]
    np.testing.assert_array_equal(low[inner], np.minimum(low[left], low[left + 1]))
    np.testing.assert_array_equal(high[inner], np.maximum(high[left], high[left + 1]))


def optimise_again(tree: BinaryTree, count: int) -> None:
    """Optimise a tree over few records that has been optimised before."""
    tree.depth[: int(tree.used[0])] = depths(tree)
    tree.first[0], tree.size[0] = 0, count
    optimise(tree, 1)


def test_reinsertion_does_not_make_a_tree_too_deep() -> None:
    tree = binary(SHAPES["shells"])
    assert depths(tree).max() < MAX_DEPTH
    for _ in range(5):
        optimise_again(tree, 3000)
    assert MAX_SAH_DEPTH < depths(tree).max() <= MAX_DEPTH  # each shell in the next would be least surface


def shuffled(tree: BinaryTree, seed: int) -> None:
    """Exchange the leaves at random: a hierarchy as bad as can be."""
    leaf = np.flatnonzero(tree.left[: int(tree.used[0])] < 0)
    other = np.random.default_rng(seed).permutation(leaf)
    rows = tree.bounds.reshape(-1, RECORD)
    rows[leaf], tree.first[leaf], tree.size[leaf] = rows[other], tree.first[other], tree.size[other]
    depth = depths(tree)
    for node in np.argsort(-depth):
        if tree.left[node] >= 0:
            rows[node] = np.minimum(*rows[tree.left[node] : tree.left[node] + 2])


def test_reinsertion_mends_a_bad_hierarchy() -> None:
    for seed in range(3):
        tree = binary(cloud(3000, 0.02, seed))
        good = area(*boxes_of(tree)).sum()
        shuffled(tree, seed)
        bad = area(*boxes_of(tree)).sum()
        for _ in range(4):
            optimise_again(tree, 3000)
        mended = area(*boxes_of(tree)).sum()
        assert bad > 3 * good and mended < 1.1 * good


@pytest.mark.parametrize(("triangles", "clouds", "worst"), [(100, 8, 1.07), (1000, 4, 1.05), (12_000, 1, 1.04)])
def test_the_binned_hierarchy_is_nearly_as_good_as_a_full_sweep(triangles: int, clouds: int, worst: float) -> None:
    ratios = []
    for seed in range(clouds):
        vertices, faces, _ = arrays(cloud(triangles, 0.02, seed))
        records = aligned(triangles * RECORD)
        triangle_records(0, triangles, vertices, faces, records)
        tree = build_binary(records, LANES, 1)
        bounds = tree.bounds.reshape(-1, RECORD)[: int(tree.used[0])].astype(np.float64)
        corners = vertices[faces].astype(np.float64)
        cost = area(bounds[:, :3], -bounds[:, 4:7]).sum()
        ratios.append(cost / swept_cost(corners.min(1), corners.max(1)))
    mean = float(np.mean(ratios))
    assert mean < worst


def test_threads_do_not_shape_the_hierarchy() -> None:
    vertices, faces, ids = arrays(cloud(50_000, 0.02))
    results = [build(vertices, faces, ids.astype(np.int32), threads) for threads in (1, 2, 5)]
    for bvh in results[1:]:
        assert bvh.blocks.tobytes() == results[0].blocks.tobytes()
        spare = NODE - LANES  # the last row of a node means nothing
        rows, expected = (one.nodes.reshape(-1, NODE)[:, :spare] for one in (bvh, results[0]))
        assert rows.tobytes() == expected.tobytes()
