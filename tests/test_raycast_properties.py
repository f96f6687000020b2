"""What must hold for any scene: the order of work, the threads and the frame of reference do not matter."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.numerics.se3 import from_rpy, pose
from simulator.raycast import Hits, Scene

seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=15, deadline=None, derandomize=True, database=None)


def soup(rng: np.random.Generator, triangles: int) -> tuple[np.ndarray, np.ndarray]:
    center = rng.normal(size=(triangles, 1, 3)) * 2
    size = rng.uniform(0.05, 0.8)
    vertices = (center + size * rng.normal(size=(triangles, 3, 3))).reshape(-1, 3).astype(np.float32)
    return vertices, np.arange(3 * triangles, dtype=np.int32).reshape(-1, 3)


def fan(rng: np.random.Generator, rows: int, columns: int, field: float) -> np.ndarray:
    u, v = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(-1, 1, rows) * rows / columns)
    directions = np.stack([np.ones_like(u), field * u, field * v], -1).reshape(-1, 3)
    return (directions @ from_rpy(*rng.uniform(-3, 3, 3)).T * rng.uniform(0.1, 9)).astype(np.float32)


def scene_of(vertices: np.ndarray, faces: np.ndarray) -> Scene:
    scene = Scene()
    scene.add(vertices, faces)
    scene.commit(1)
    return scene


def one_by_one(scene: Scene, origins: np.ndarray, directions: np.ndarray, limits: object = np.inf) -> Hits:
    """What single rays hit: so few at a time are never cast together."""
    count, step = len(directions), 32
    starts, ends = np.broadcast_to(origins, directions.shape), np.broadcast_to(limits, count)
    some = [
        scene.closest_hit(starts[k : k + step], directions[k : k + step], ends[k : k + step])
        for k in range(0, count, step)
    ]
    return Hits(*(np.concatenate(arrays) for arrays in zip(*some)))


def nearly_all_equal(hits: Hits, expected: Hits, rtol: float = 1e-3) -> None:
    """The same but for rays that pass within a hair of an edge."""
    same = (hits.primitive == expected.primitive) & (hits.part == expected.part)
    assert same.mean() > 0.99
    np.testing.assert_allclose(hits.t[same], expected.t[same], rtol=rtol, atol=1e-6)
    np.testing.assert_allclose(hits.u[same], expected.u[same], atol=0.02)
    np.testing.assert_allclose(hits.v[same], expected.v[same], atol=0.02)


@given(seeds, st.integers(1, 40), st.integers(8, 70), st.floats(0.01, 6.0))
@quick
def test_packets_are_single_rays(seed: int, rows: int, columns: int, field: float) -> None:
    rng = np.random.default_rng(seed)
    scene = scene_of(*soup(rng, int(rng.integers(1, 500))))
    origin, directions = rng.normal(size=3).astype(np.float32), fan(rng, rows, columns, field)
    limits = rng.choice([np.inf, 2.0, 0.3], rows * columns)
    many = np.broadcast_to(origin, directions.shape)
    expected = one_by_one(scene, many, directions, limits)
    nearly_all_equal(scene.closest_hit(origin, directions, limits, grid=(rows, columns)), expected)
    nearly_all_equal(scene.closest_hit(many, directions, limits, grid=(rows, columns)), expected)
    nearly_all_equal(scene.closest_hit(origin, directions, limits), expected)


@given(seeds, st.integers(1, 40), st.integers(8, 70), st.floats(0.01, 3.0), st.sampled_from([0.0, 0.01, 0.3, 4.0]))
@quick
def test_rays_side_by_side_are_single_rays(seed: int, rows: int, columns: int, field: float, apart: float) -> None:
    rng = np.random.default_rng(seed)
    scene = Scene()
    scene.add(*soup(rng, int(rng.integers(1, 500))))
    for k in range(3):
        scene.add(*soup(rng, 20), pose(rng.uniform(-3, 3, 3), yaw=k), instanced=k > 0, moving=k == 0)
    scene.commit(1)
    directions = fan(rng, rows, columns, field)
    origins = (rng.normal(size=3) * 4 + apart * rng.normal(size=directions.shape)).astype(np.float32)
    limits = rng.choice([np.inf, 2.0, 0.3], rows * columns)
    expected = one_by_one(scene, origins, directions, limits)
    nearly_all_equal(scene.closest_hit(origins, directions, limits, grid=(rows, columns)), expected)
    nearly_all_equal(scene.closest_hit(origins, directions, limits), expected)
    assert (scene.any_hit(origins, directions, limits) == np.isfinite(expected.t)).mean() > 0.99


@given(seeds)
@quick
def test_any_hit_tells_whether_there_is_a_closest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scene = scene_of(*soup(rng, int(rng.integers(1, 300))))
    origins, directions = rng.normal(size=(500, 3)) * 3, rng.normal(size=(500, 3))
    limits = rng.uniform(0, 6, 500).astype(np.float32)
    closest = scene.closest_hit(origins, directions)
    np.testing.assert_array_equal(scene.any_hit(origins, directions), np.isfinite(closest.t))
    np.testing.assert_array_equal(scene.any_hit(origins, directions, limits), closest.t < limits)
    within = scene.closest_hit(origins, directions, limits)
    np.testing.assert_array_equal(within.t, np.where(closest.t < limits, closest.t, np.inf))


@given(seeds, st.integers(1, 40_000))
@quick
def test_any_hit_of_rays_side_by_side_is_that_of_single_rays(seed: int, number: int) -> None:
    """They are cast in another order than they are given in: rows of neighbours that end anywhere, some rays spoilt."""
    rng = np.random.default_rng(seed)
    scene = scene_of(*soup(rng, 200))
    starts = rng.normal(size=(number, 3))[np.cumsum(rng.random(number) < 0.1) % number] * 3
    origins = (starts + rng.normal(size=(number, 3)) * 0.05).astype(np.float32)
    directions = (rng.normal(size=3) + 0.05 * rng.normal(size=(number, 3))).astype(np.float32)
    spoilt = rng.random(number) < rng.choice([0.0, 0.001])
    origins[spoilt] = rng.choice([np.nan, np.inf, 1e30])
    limits = rng.choice([np.inf, 2.0, 0.3], number).astype(np.float32)
    closest, blocked = scene.closest_hit(origins, directions, limits), scene.any_hit(origins, directions, limits)
    np.testing.assert_array_equal(blocked, np.isfinite(closest.t))
    np.testing.assert_array_equal(scene.any_hit(origins, directions, limits, threads=3), blocked)


@given(seeds)
@quick
def test_the_frame_of_reference_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vertices, faces = soup(rng, 200)
    frame = pose(rng.uniform(-20, 20, 3), *rng.uniform(-3, 3, 3))
    origins, directions = rng.normal(size=(640, 3)) * 2, fan(rng, 20, 32, 0.5)
    expected = scene_of(vertices, faces).closest_hit(origins, directions)
    turned = (directions @ frame[:3, :3].T).astype(np.float32)
    moved_origins = (origins @ frame[:3, :3].T + frame[:3, 3]).astype(np.float32)
    placed, baked = Scene(), scene_of((vertices @ frame[:3, :3].T + frame[:3, 3]).astype(np.float32), faces)
    moving = placed.add(vertices, faces, moving=True)
    placed.move(moving, frame)
    placed.commit()
    for scene in (placed, baked):
        nearly_all_equal(scene.closest_hit(moved_origins, turned), expected, rtol=1e-2)
        nearly_all_equal(scene.closest_hit(origins, directions, frame=frame), expected, rtol=1e-2)


@given(seeds)
@quick
def test_moving_is_rebuilding(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = [soup(rng, int(rng.integers(1, 120))) for _ in range(4)]
    moving = Scene()
    for vertices, faces in shapes:
        moving.add(vertices, faces, moving=True)
    moving.commit()
    origins, directions = rng.normal(size=(400, 3)) * 4, rng.normal(size=(400, 3))
    for _ in range(2):
        rebuilt = Scene()
        for part, (vertices, faces) in enumerate(shapes):
            place = pose(rng.normal(size=3) * 3, *rng.uniform(-3, 3, 3))
            place[:3, :3] *= rng.uniform(0.5, 2)
            moving.move(part, place)
            rebuilt.add(vertices, faces, place)
        moving.commit()
        rebuilt.commit()
        nearly_all_equal(moving.closest_hit(origins, directions), rebuilt.closest_hit(origins, directions))


def test_shared_edges_do_not_leak() -> None:
    """Rays at the vertices and edges of a closed surface, from inside it, all hit it."""
    rng = np.random.default_rng(4)
    up, around = np.meshgrid(np.linspace(-1.5, 1.5, 40), np.linspace(-np.pi, np.pi, 60, endpoint=False), indexing="ij")
    radius = np.ones(up.shape)  # convex: nothing stands before anything else
    net = np.stack([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)], -1) * radius[..., None]
    poles = np.array([[0, 0, -1.01], [0, 0, 1.01]])
    vertices = np.concatenate([net.reshape(-1, 3), poles]).astype(np.float32)
    number = np.arange(net[..., 0].size).reshape(up.shape)
    ring = np.roll(number, -1, 1)
    a, b, c, d = number[:-1].ravel(), number[1:].ravel(), ring[1:].ravel(), ring[:-1].ravel()
    low, high = np.full(60, number.size), np.full(60, number.size + 1)
    faces = [np.stack(k, 1) for k in ((a, b, c), (a, c, d), (low, number[0], ring[0]), (high, number[-1], ring[-1]))]
    faces = np.concatenate(faces)
    for shift in ([0, 0, 0], [100, -70, 3], [3000, 2000, 50]):
        moved = (vertices + np.array(shift)).astype(np.float32)
        scene = scene_of(moved, faces)
        ends = moved[np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])]
        share = rng.choice([0.0, 0.5, 0.25, 1.0, 0.3, rng.uniform()], (len(ends), 1)).astype(np.float32)
        targets = ends[:, 0] * (1 - share) + ends[:, 1] * share
        origin = (np.array(shift) + [0.1, 0.05, -0.2]).astype(np.float32)
        directions = targets - origin
        for origins in (origin, np.tile(origin, (len(targets), 1))):
            hits = scene.closest_hit(origins, directions)
            assert np.isfinite(hits.t).all()
            np.testing.assert_allclose(hits.t, 1, atol=2e-2)
        assert scene.any_hit(origin, directions).all()
        eye = np.stack(
            [np.ones(90 * 160), *(k.ravel() for k in np.meshgrid(*(np.linspace(-1, 1, n) for n in (160, 90))))], -1
        )
        for turn in (np.eye(3), from_rpy(0.3, 0.2, 1.5), from_rpy(0, np.pi / 2, 0)):
            assert np.isfinite(scene.closest_hit(origin, eye @ turn.T, grid=(90, 160)).t).all()


def ways_to_cast(scene: Scene, origin: np.ndarray, directions: np.ndarray) -> dict[str, np.ndarray]:
    """t of the same rays as a packet and one by one, and whether shadow rays in tiles and one by one are stopped."""
    apart = np.random.default_rng(len(directions)).permutation(len(directions))
    places, back = np.broadcast_to(origin, directions.shape), np.argsort(apart)
    return {
        "packets": scene.closest_hit(origin, directions).t,
        "one by one": scene.closest_hit(places, directions).t,
        "shadows": scene.any_hit(origin, directions),
        "scattered shadows": scene.any_hit(places[apart], directions[apart])[back],
    }


def rows_on_edges(rng: np.random.Generator, ends: np.ndarray) -> np.ndarray:
    """(64 N, 3) points on (N, 2, 3) edges, 64 in a row on each, the first and the last at its vertices."""
    share = np.sort(rng.uniform(0, 1, (len(ends), 64)), axis=1)
    share[:, :2], share[:, -2:] = 0, 1
    return (ends[:, :1] + share[..., None] * (ends[:, 1:] - ends[:, :1])).reshape(-1, 3)


@given(seeds, st.sampled_from([0.0, 1e2, 1e5]), st.sampled_from([0.8, 0.01, 0.0003]))
@quick
def test_all_ways_of_casting_decide_alike(seed: int, far: float, width: float) -> None:
    """Along the very edges of triangles and of needles, where rounding decides."""
    rng = np.random.default_rng(seed)
    center, along = rng.normal(size=(2, 200, 1, 3)) * [[[[4]]], [[[0.8]]]]
    corners = center + along * np.array([0, 0.5, 1])[:, None] + width * rng.normal(size=(200, 3, 3))
    origin = (far * rng.uniform(-1, 1, 3)).astype(np.float32)
    vertices = (corners + origin).astype(np.float32)
    scene = scene_of(vertices.reshape(-1, 3), np.arange(600).reshape(-1, 3))
    targets = rows_on_edges(rng, vertices[rng.integers(0, 200, 100)][:, :2].astype(np.float64))
    found = ways_to_cast(scene, origin, (targets - origin).astype(np.float32))
    t = found["one by one"]
    assert 0.3 < np.isfinite(t).mean() < 1
    np.testing.assert_allclose(found["packets"], t, rtol=1e-4)
    np.testing.assert_array_equal(found["shadows"], np.isfinite(t))
    np.testing.assert_array_equal(found["scattered shadows"], np.isfinite(t))


def assert_closed(scene: Scene, origin: np.ndarray, directions: np.ndarray) -> None:
    for way, found in ways_to_cast(scene, origin, directions).items():
        leaks = ~np.isfinite(found) if found.dtype != bool else ~found
        assert not leaks.any(), f"{way}: {leaks.sum()} of {len(leaks)} rays leak"


@given(seeds, st.integers(3, 40), st.sampled_from([0.0, 1e2, 1e4, 1e5]))
@settings(quick, max_examples=40)
def test_no_ray_leaves_a_closed_surface(seed: int, rows: int, far: float) -> None:
    """Rays from inside random star-shaped bodies, many of them through vertices and edges, always hit."""
    rng = np.random.default_rng(seed)
    columns = rows + 3
    up, around = np.meshgrid(
        np.linspace(-1.5, 1.5, rows), np.linspace(-np.pi, np.pi, columns, endpoint=False), indexing="ij"
    )
    radius = rng.uniform(0.5, 2.0, up.shape)[..., None] * rng.choice([1.0, 30.0, 300.0])
    net = np.stack([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)], -1) * radius
    vertices = np.concatenate([net.reshape(-1, 3), [[0, 0, -radius.max()], [0, 0, radius.max()]]])
    number = np.arange(rows * columns).reshape(rows, columns)
    ring = np.roll(number, -1, 1)
    a, b, c, d = number[:-1].ravel(), number[1:].ravel(), ring[1:].ravel(), ring[:-1].ravel()
    low, high = np.full(columns, number.size), np.full(columns, number.size + 1)
    faces = np.concatenate(
        [np.stack(k, 1) for k in ((a, b, c), (a, c, d), (low, number[0], ring[0]), (high, number[-1], ring[-1]))]
    )
    origin = (far * rng.uniform(-1, 1, 3)).astype(np.float32)
    vertices = (vertices + origin).astype(np.float32)
    scene = scene_of(vertices, faces)
    ends = vertices[faces[rng.integers(0, len(faces), 1500)]]
    share = rng.dirichlet([0.3, 0.3, 0.3], len(ends))
    share[rng.random(share.shape) < 0.3] = 0
    targets = np.einsum("nk,nkd->nd", share / np.maximum(share.sum(1, keepdims=True), 1e-9), ends)
    targets[share.sum(1) == 0] = vertices[0]
    assert_closed(scene, origin, (targets - origin).astype(np.float32))
    targets = rows_on_edges(rng, ends[:100, :2].astype(np.float64))
    assert_closed(scene, origin, (targets - origin).astype(np.float32))
    turn = from_rpy(*rng.uniform(-3, 3, 3))
    screen = np.stack([*np.meshgrid(np.linspace(-0.4, 0.4, 64), np.linspace(-0.3, 0.3, 48)), np.ones((48, 64))], -1)
    assert np.isfinite(scene.closest_hit(origin, screen.reshape(-1, 3) @ turn.T, grid=(48, 64)).t).all()


@given(seeds, st.integers(4, 12), st.sampled_from([0.0, 1e2, 1e4]), st.sampled_from([0.0, 1.0, 3.0]))
@settings(quick, max_examples=40)
def test_no_ray_leaks_at_a_vertex(seed: int, count: int, far: float, spread: float) -> None:
    """Rays within rounding of a vertex where long and short, wide and narrow triangles meet."""
    rng = np.random.default_rng(seed)
    turn = 2 * np.pi * (np.arange(count) + rng.uniform(-0.4, 0.4, count)) / count
    length = 10 ** rng.uniform(-spread, spread, count)
    rim = np.stack([np.ones(count), length * np.cos(turn), length * np.sin(turn)], 1)
    corners = np.concatenate([[[1, 0, 0], [-3, 0, 0]], rim]) @ from_rpy(*rng.uniform(-3, 3, 3)).T
    k, following = np.arange(count) + 2, np.roll(np.arange(count), -1) + 2
    faces = np.concatenate([np.stack([0 * k, k, following], 1), np.stack([0 * k + 1, following, k], 1)])
    origin = (far * rng.uniform(-1, 1, 3)).astype(np.float32)
    vertices = (corners * rng.choice([1.0, 50.0]) + origin).astype(np.float32)
    vertex = (vertices[0] - origin).astype(np.float64)
    near = rng.normal(size=(2000, 3)) * np.linalg.norm(vertex) * 10 ** rng.uniform(-9, -5, (2000, 1))
    near[:100] = 0
    assert_closed(scene_of(vertices, faces), origin, (vertex + near).astype(np.float32))


def test_threads_do_not_change_a_bit() -> None:
    rng = np.random.default_rng(9)
    parts = [soup(rng, 9000), soup(rng, 30_000), soup(rng, 500)]
    origins, directions = rng.normal(size=(30_000, 3)) * 3, rng.normal(size=(30_000, 3))
    view = fan(rng, 120, 200, 1.5)
    results = []
    for threads in (1, 2, 5):
        scene = Scene()
        for k, part in enumerate(parts):
            scene.add(*part, moving=k == 2)
        scene.commit(threads)
        scene.move(2, pose([0.5, 0, 0], yaw=0.3))
        scene.commit(threads)
        answers = [
            *scene.closest_hit(origins, directions, threads=threads),
            *scene.closest_hit([0, 0, 0], view, threads=threads, grid=(120, 200)),
            scene.any_hit(origins, directions, threads=threads),
        ]
        results.append([array.tobytes() for array in answers])
    assert results[0] == results[1] == results[2]


def test_many_threads_may_cast_at_once() -> None:
    rng = np.random.default_rng(10)
    scene = Scene()
    for k in range(12):
        scene.add(*soup(rng, 50), moving=k % 2 == 0, mask=1 << (k % 6))
    scene.commit()
    origins, directions = rng.normal(size=(300, 3)) * 3, rng.normal(size=(300, 3))
    expected = {mask: scene.closest_hit(origins, directions, mask=mask) for mask in range(1, 64)}
    scene.commit()  # forgets the trees over what each mask sees
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda mask: scene.closest_hit(origins, directions, mask=mask, threads=2), range(1, 64)))
    for mask, hits in zip(range(1, 64), found):
        for array, other in zip(hits, expected[mask]):
            np.testing.assert_array_equal(array, other)
