"""The hierarchy itself: what it holds, how good it is, and that the number of threads does not shape it."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.numerics.simd import LANES
from simulator.raycast.build import RECORD, build_binary, triangle_records
from simulator.raycast.collapse import build
from simulator.raycast.layout import BLOCK, IDS, LOW_HIGH, NODE, aligned, children


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
