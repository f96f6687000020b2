"""The ray caster's interface: what it hits, masks, moving parts, awkward input, errors; beside a naive twin."""

from __future__ import annotations

import doctest
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from raycast_twin import closest_hit as twin

import simulator.raycast.scene
from simulator.numerics.se3 import pose
from simulator.raycast import Hits, Scene

SQUARE = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32)
HALVES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
MISS = (np.inf, -1, -1, 0.0, 0.0)


def soup(rng: np.random.Generator, triangles: int, size: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    center = rng.normal(size=(triangles, 1, 3))
    vertices = (center + size * rng.normal(size=(triangles, 3, 3))).reshape(-1, 3).astype(np.float32)
    return vertices, np.arange(3 * triangles, dtype=np.int32).reshape(-1, 3)


def scene_of(vertices: np.ndarray, faces: np.ndarray, **options: object) -> Scene:
    scene = Scene()
    scene.add(vertices, faces, **options)  # type: ignore[arg-type]
    scene.commit(1)
    return scene


def assert_same(hits: Hits, expected: Hits, rtol: float = 1e-4) -> None:
    np.testing.assert_allclose(hits.t, expected.t, rtol=rtol)
    np.testing.assert_array_equal(hits.part, expected.part)
    np.testing.assert_array_equal(hits.primitive, expected.primitive)
    np.testing.assert_allclose(hits.u, expected.u, atol=2e-3)
    np.testing.assert_allclose(hits.v, expected.v, atol=2e-3)


def test_the_example_in_the_documentation_holds() -> None:
    assert doctest.testmod(simulator.raycast.scene).failed == 0


def test_what_is_compiled_ahead_is_what_casting_needs() -> None:
    code = (
        "import numpy as np\nfrom simulator.raycast import Scene, scene\nscene.exercise()\nmade = Scene()\n"
        "made.add(np.eye(3), [[0, 1, 2]])\nmade.add(np.eye(3), [[0, 1, 2]], instanced=True)\nmade.commit(1)\n"
        "rays = np.ones((64, 3))\nmade.closest_hit(rays[0], rays, grid=(8, 8))\nmade.closest_hit(rays, rays)\n"
        "made.any_hit(rays, rays)\n"
        "print([len(k.signatures) for k in (scene.closest_tiles, scene.closest_hits, scene.cast_streams)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[1, 1, 1]\n"


def test_eights_that_start_far_from_each_other_meet_what_they_meet_alone() -> None:
    rng = np.random.default_rng(8)
    vertices, faces = soup(rng, 300)
    scene = scene_of(vertices * np.float32(20), faces)
    start = np.repeat(rng.uniform(-20, 20, (40, 3)), 8, axis=0) + rng.uniform(-0.05, 0.05, (320, 3))
    down = np.array([0.1, 0.2, -1.0]) + rng.uniform(-0.01, 0.01, (320, 3))
    singly = [scene.closest_hit(start[k : k + 8], down[k : k + 8], threads=1) for k in range(0, 320, 8)]
    expected = Hits(*(np.concatenate(row) for row in zip(*singly, strict=True)))
    assert 0.2 < (expected.part >= 0).mean() < 0.95
    assert_same(scene.closest_hit(start, down, threads=1), expected)
    np.testing.assert_array_equal(scene.any_hit(start, down, threads=1), expected.part >= 0)


def test_only_the_rays_of_runs_are_cast() -> None:
    rng = np.random.default_rng(8)
    vertices, faces = soup(rng, 200)
    scene = scene_of(vertices / np.abs(vertices).max(), faces)
    origins, directions = rng.uniform(-1, 1, (5000, 3)), rng.normal(size=(5000, 3))
    directions[:3000] = [0.3, -0.2, 1.0]
    every, runs = scene.any_hit(origins, directions), [(0, 900), (1000, 1000), (1003, 3000), (3000, 4999)]
    chosen = np.zeros(5000, np.bool_)
    for first, stop in runs:
        chosen[first:stop] = True
    assert every[~chosen].any()
    np.testing.assert_array_equal(scene.any_hit(origins, directions, runs=runs), every & chosen)
    assert not scene.any_hit(origins, directions, runs=np.empty((0, 2))).any()
    with pytest.raises(ValueError, match="within the 5000"):
        scene.any_hit(origins, directions, runs=[(4000, 5001)])


@pytest.mark.parametrize("triangles", [1, 2, 7, 8, 9, 60, 400])
@pytest.mark.parametrize("packet", [False, True])
def test_agrees_with_the_naive_twin(triangles: int, packet: bool) -> None:
    rng = np.random.default_rng(triangles)
    vertices, faces = soup(rng, triangles)
    vertices /= np.abs(vertices).max()
    scene = scene_of(vertices, faces)
    if packet:
        origins = np.array([3.0, -2.0, 1.0], np.float32)
        u, v = np.meshgrid(np.linspace(-0.6, 0.6, 45), np.linspace(-0.5, 0.5, 37))
        directions = vertices.mean(0) - origins + np.stack([u, v, 0.3 * u * v], -1).reshape(-1, 3) * 3
        hits = scene.closest_hit(origins, directions, grid=(37, 45))
    else:
        origins = rng.normal(size=(1500, 3)) * 2
        directions = rng.uniform(vertices.min(0), vertices.max(0), (1500, 3)) - origins
        hits = scene.closest_hit(origins, directions)
    expected = twin(vertices, faces, origins, directions)
    certain = expected.margin > 1e-4
    assert certain.mean() > 0.9
    assert (expected.primitive[certain] >= 0).any()
    np.testing.assert_array_equal(hits.primitive[certain], expected.primitive[certain])
    np.testing.assert_allclose(hits.t[certain], expected.t[certain], rtol=1e-4)
    np.testing.assert_allclose(hits.u[certain], expected.u[certain], atol=1e-3)
    np.testing.assert_allclose(hits.v[certain], expected.v[certain], atol=1e-3)
    np.testing.assert_array_equal(scene.any_hit(origins, directions)[certain], expected.primitive[certain] >= 0)


@pytest.mark.parametrize("threads", [1, 3])
def test_rays_may_be_cast_while_others_are(threads: int) -> None:
    scene = Scene()
    vertices = np.random.default_rng(3).uniform(-1, 1, (300, 3)).astype(np.float32)
    scene.add(vertices, np.arange(300, dtype=np.int32).reshape(-1, 3), mask=1)
    scene.add(vertices + np.float32(0.5), np.arange(300, dtype=np.int32).reshape(-1, 3), mask=2)
    scene.commit(threads)
    u, v = np.meshgrid(np.linspace(-0.4, 0.4, 160), np.linspace(-0.4, 0.4, 120))
    ways, eye = np.stack([np.ones_like(u), u, v], -1).reshape(-1, 3), np.array([-3.0, 0.0, 0.0])
    inner = list[Hits]()

    def meanwhile() -> None:
        inner.append(scene.closest_hit(eye, ways[:999], mask=2, threads=threads))

    for grid, count in (((120, 160), 120 * 160), (None, 5), (None, 0)):
        inner.clear()
        seen = scene.closest_hit(eye, ways[:count], mask=1, threads=threads, grid=grid, meanwhile=meanwhile)
        alone = scene.closest_hit(eye, ways[:count], mask=1, grid=grid), scene.closest_hit(eye, ways[:999], mask=2)
        assert len(inner) == 1
        for found, expected in zip((seen, inner[0]), alone, strict=True):
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_array_equal(one, other)

    def fails() -> None:
        raise KeyError("meanwhile")

    with pytest.raises(KeyError, match="meanwhile"):
        scene.closest_hit(eye, ways, threads=threads, grid=(120, 160), meanwhile=fails)
    assert (scene.closest_hit(eye, ways, threads=threads, grid=(120, 160)).part >= 0).any()


def test_hits_have_the_promised_types_and_meaning() -> None:
    scene = scene_of(SQUARE, HALVES)
    hits = scene.closest_hit([[0.5, -0.25, 4.0]], [[0.0, 0.0, -2.0]])
    assert [array.dtype for array in hits] == [np.float32, np.int32, np.int32, np.float32, np.float32]
    assert (hits.t[0], hits.part[0], hits.primitive[0]) == (2.0, 0, 0)  # in units of the direction's length
    a, b, c = SQUARE[HALVES[0]]
    point = (1 - hits.u[0] - hits.v[0]) * a + hits.u[0] * b + hits.v[0] * c
    np.testing.assert_allclose(point, [0.5, -0.25, 0], atol=1e-6)
    miss = scene.closest_hit([[0, 0, 4.0]], [[0, 0, 1.0]])
    assert tuple(float(array[0]) for array in miss) == MISS


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("sign", [-1.0, 1.0])
@pytest.mark.parametrize("packet", [False, True])
def test_directions_along_an_axis(axis: int, sign: float, packet: bool) -> None:
    shifted = np.roll(SQUARE, axis + 1, axis=1)
    scene = scene_of(shifted, HALVES)
    origin = np.zeros(3)
    origin[axis] = -3 * sign
    direction = np.zeros((100, 3))
    direction[:, axis] = sign
    origins = origin if packet else np.tile(origin, (100, 1))
    assert (scene.closest_hit(origins, direction).t == 3).all()
    assert np.isinf(scene.closest_hit(origins, -direction).t).all()
    # In the plane of the square a ray meets it edge-on, which is a miss.
    flat = np.roll(direction, 1, axis=1)
    inside = np.zeros(3) if packet else np.zeros((100, 3))
    assert np.isinf(scene.closest_hit(inside, flat).t).all()


def test_limits_are_exclusive_and_may_differ_by_ray() -> None:
    scene = scene_of(SQUARE, HALVES)
    origins, down = np.tile([0.1, 0.2, 3.0], (4, 1)), np.tile([0, 0, -1.0], (4, 1))
    limits = [2.9, 3.0, 3.1, np.inf]
    assert np.isfinite(scene.closest_hit(origins, down, limits).t).tolist() == [False, False, True, True]
    assert scene.any_hit(origins, down, limits).tolist() == [False, False, True, True]
    assert not scene.any_hit(origins, down, 2.0).any()
    assert scene.any_hit(origins, down, 4.0).all()
    many = np.tile([0, 0, -1.0], (128, 1))
    limits = np.where(np.arange(128) % 3 == 0, 2.0, 4.0)
    hits = scene.closest_hit([0.1, 0.2, 3.0], many, limits, grid=(8, 16))
    np.testing.assert_array_equal(np.isfinite(hits.t), limits > 3)
    np.testing.assert_array_equal(hits.part, np.where(limits > 3, 0, -1))
    assert np.isinf(scene.closest_hit([0, 0, 3.0], many, np.nan).t).all()
    assert np.isinf(scene.closest_hit([0, 0, 3.0], many, -1.0).t).all()


def test_a_hit_starts_ahead_of_the_origin() -> None:
    scene = scene_of(SQUARE, HALVES)
    assert np.isinf(scene.closest_hit([[0.3, 0.1, 0]], [[0, 0, 1.0]]).t).all()
    assert np.isinf(scene.closest_hit([0.3, 0.1, 0], np.tile([0.1, 0, 1.0], (64, 1))).t).all()


def test_masks_select_parts() -> None:
    rng = np.random.default_rng(5)
    parts = [(*soup(rng, 40), pose(rng.normal(size=3) * 4), k % 2 == 0, 1 << (k % 7)) for k in range(13)]
    scene = Scene()
    for vertices, faces, transform, moving, mask in parts:
        scene.add(vertices, faces, transform, moving, mask)
    scene.commit()
    origins, directions = rng.normal(size=(1000, 3)) * 6, rng.normal(size=(1000, 3))
    for mask in (0, 1, 2, 3, 5, 31, 64, 96, 127, 128):
        some, numbers = Scene(), [-1]
        for k, (vertices, faces, transform, _, own) in enumerate(parts):
            if own & mask:
                some.add(vertices, faces, transform)
                numbers.insert(-1, k)
        some.commit()
        expected = some.closest_hit(origins, directions)
        hits = scene.closest_hit(origins, directions, mask=mask)
        assert_same(hits, expected._replace(part=np.array(numbers)[expected.part]))
        np.testing.assert_array_equal(scene.any_hit(origins, directions, mask=mask), hits.part >= 0)


def test_parts_report_their_own_numbers_and_faces() -> None:
    scene = Scene()
    numbers = [scene.add(SQUARE + [3 * k, 0, 0], HALVES, moving=k % 3 == 1) for k in range(9)]
    empty = scene.add(np.zeros((0, 3)), np.zeros((0, 3), int), moving=True)
    scene.commit()
    assert numbers == list(range(9))
    assert (empty, scene.part_count, scene.triangle_count) == (9, 10, 18)
    origins = np.array([[3 * k + dx, dy, 1.0] for k in range(9) for dx, dy in ((0.5, -0.5), (-0.5, 0.5))])
    hits = scene.closest_hit(origins, np.tile([0, 0, -1.0], (18, 1)))
    np.testing.assert_array_equal(hits.part, np.repeat(range(9), 2))
    np.testing.assert_array_equal(hits.primitive, np.tile([0, 1], 9))


def test_moved_parts_are_where_they_were_put() -> None:
    rng = np.random.default_rng(8)
    shapes = [soup(rng, 70) for _ in range(3)]
    scene = Scene()
    scene.add(SQUARE * 9, HALVES, pose([0, 0, -4]))
    cars = [scene.add(*shapes[k % 3], moving=True) for k in range(6)]
    scene.commit()
    origins, directions = rng.normal(size=(2000, 3)) * 5, rng.normal(size=(2000, 3))
    for _ in range(3):
        places = [pose(rng.normal(size=3) * 3, *rng.uniform(-3, 3, 3)) for _ in cars]
        for car, place in zip(cars, places):
            scene.move(car, place)
        scene.commit()
        again = Scene()
        again.add(SQUARE * 9, HALVES, pose([0, 0, -4]))
        for k, place in enumerate(places):
            again.add(*shapes[k % 3], transform=place)
        again.commit()
        expected = again.closest_hit(origins, directions)
        assert (expected.part > 0).sum() > 100
        hits = scene.closest_hit(origins, directions)
        same = hits.primitive == expected.primitive
        assert same.mean() > 0.998  # a transform rounded in another order moves edges by a hair
        assert_same(Hits(*(a[same] for a in hits)), Hits(*(a[same] for a in expected)), rtol=1e-3)


def test_moves_take_effect_at_commit_and_parts_may_be_added_later() -> None:
    scene = Scene()
    lid = scene.add(SQUARE, HALVES, moving=True)
    scene.commit()
    ray = ([[0.2, 0.1, 9.0]], [[0, 0, -1.0]])
    scene.move(lid, pose([0, 0, 2]))
    assert scene.closest_hit(*ray).t[0] == 9
    scene.commit()
    assert scene.closest_hit(*ray).t[0] == 7
    static = scene.add(SQUARE, HALVES, pose([0, 0, 4]))
    with pytest.raises(RuntimeError, match="commit"):
        scene.closest_hit(*ray)
    scene.commit()
    assert (scene.closest_hit(*ray).t[0], scene.closest_hit(*ray).part[0]) == (5, static)
    before = scene.memory_bytes
    other = scene.add(SQUARE, HALVES, pose([0, 0, 5]), moving=True)
    scene.commit()
    assert (scene.closest_hit(*ray).t[0], scene.closest_hit(*ray).part[0]) == (4, other)
    assert scene.memory_bytes > before
    scene.move(other, pose([50, 0, 5]))
    scene.move(lid, pose([0, 0, 8]))
    scene.commit()
    assert (scene.closest_hit(*ray).t[0], scene.closest_hit(*ray).part[0]) == (1, lid)


def test_equal_moving_meshes_share_memory() -> None:
    rng = np.random.default_rng(0)
    vertices, faces = soup(rng, 800)
    alone, together, apart = Scene(), Scene(), Scene()
    alone.add(vertices, faces, moving=True)
    for _ in range(10):
        together.add(vertices, faces, moving=True)
        apart.add(vertices.copy(), faces.copy(), moving=True)
    for scene in (alone, together, apart):
        scene.commit()
    assert together.memory_bytes < 0.65 * apart.memory_bytes
    assert apart.memory_bytes < 11 * alone.memory_bytes
    assert alone.memory_bytes < 800 * 150


def test_scenes_and_rays_may_be_empty() -> None:
    nothing = Scene()
    with pytest.raises(RuntimeError, match="commit"):
        nothing.any_hit([0, 0, 0], [[0, 0, 1]])
    nothing.commit()
    directions = np.ones((70, 3))
    assert np.isinf(nothing.closest_hit([0, 0, 0], directions).t).all()
    assert not nothing.any_hit([0, 0, 0], directions).any()
    assert nothing.memory_bytes < 64
    hollow = scene_of(np.zeros((0, 3)), np.zeros((0, 3), int))
    assert np.isinf(hollow.closest_hit([0, 0, 0], directions).t).all()
    full = scene_of(SQUARE, HALVES)
    for shape in ((0, 3), (0,)):
        assert len(full.closest_hit([0, 0, 1], np.zeros(shape)).t) == 0
        assert len(full.any_hit(np.zeros(shape) if len(shape) == 2 else [0, 0, 0], np.zeros(shape))) == 0


def test_faces_without_area_are_never_hit() -> None:
    rng = np.random.default_rng(2)
    points = rng.normal(size=(50, 3)).astype(np.float32)
    dots = np.repeat(np.arange(50)[:, None], 3, 1)
    lines = np.stack([np.arange(49), np.arange(1, 50), np.arange(49)], 1)
    scene = scene_of(points, np.concatenate([dots, lines]))
    directions = points - np.float32(7)
    assert np.isinf(scene.closest_hit([7, 7, 7], directions, grid=(5, 10)).t).all()
    assert np.isinf(scene.closest_hit([7, 7, 7], np.repeat(directions, 2, 0)).t).all()
    assert np.isinf(scene.closest_hit(np.full((50, 3), 7.0), directions).t).all()
    many_equal = scene_of(np.tile(SQUARE[:3], (300, 1)), np.arange(900).reshape(-1, 3))
    assert many_equal.closest_hit([[0.5, 0, 1]], [[0, 0, -1.0]]).t[0] == 1


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1e-3, 1e3, 1e6, 1e10])
def test_any_scale_of_coordinates(scale: float) -> None:
    rng = np.random.default_rng(3)
    vertices, faces = soup(rng, 100)
    reference = scene_of(vertices, faces)
    directions = -np.array([3, 1, 2]) + rng.normal(size=(640, 3)) * 0.5
    expected = reference.closest_hit(np.tile([3, 1, 2], (640, 1)), directions)
    scaled = scene_of(vertices * np.float32(scale), faces)
    origin = np.array([3, 1, 2]) * scale
    assert (expected.part == 0).mean() > 0.5
    for hits in (
        scaled.closest_hit(np.tile(origin, (640, 1)), directions * scale),
        scaled.closest_hit(origin, directions * scale),
    ):
        same = hits.primitive == expected.primitive
        assert same.mean() > 0.99
        np.testing.assert_allclose(hits.t[same], expected.t[same], rtol=1e-3)


def test_a_scene_of_very_uneven_sizes_is_built_and_searched() -> None:
    # Every triangle is half the one before: the heuristic alone would make a list a hundred deep.
    scales = np.float32(0.5) ** np.arange(60, dtype=np.float32)
    vertices = (SQUARE[:3][None] * scales[:, None, None] + scales[:, None, None] * [3, 0, 0]).reshape(-1, 3)
    scene = scene_of(vertices, np.arange(180).reshape(-1, 3))
    targets = vertices.reshape(-1, 3, 3).mean(1)
    hits = scene.closest_hit(targets + [0, 0, 1], np.tile([0, 0, -1.0], (60, 1)))
    np.testing.assert_array_equal(hits.primitive[:20], np.arange(20))


@pytest.mark.parametrize("odd", [0.0, np.nan, np.inf])
def test_odd_directions_hit_nothing_and_spoil_nothing(odd: float) -> None:
    scene = scene_of(SQUARE, HALVES)
    directions = np.tile([0.01, 0.02, -1.0], (200, 1))
    spoilt = np.arange(200) % 37 == 5
    directions[spoilt] = odd
    for origins in (np.array([0, 0, 2.0]), np.tile([0, 0, 2.0], (200, 1))):
        np.testing.assert_array_equal(scene.closest_hit(origins, directions).part, np.where(spoilt, -1, 0))
        np.testing.assert_array_equal(scene.any_hit(origins, directions), ~spoilt)
    directions[:] = odd
    assert np.isinf(scene.closest_hit([0, 0, 2.0], directions, grid=(10, 20)).t).all()


def test_rays_may_be_given_in_a_sensor_frame() -> None:
    rng = np.random.default_rng(6)
    scene = scene_of(*soup(rng, 200))
    frame = pose([4, 1, 0.5], 0.1, -0.2, 3.0)
    directions = np.array([1, 0, 0]) + rng.uniform(-0.3, 0.3, (640, 3))
    world = (directions @ frame[:3, :3].T).astype(np.float32)
    for grid in ((20, 32), None):
        expected = scene.closest_hit(frame[:3, 3], world, grid=grid)
        hits = scene.closest_hit([0, 0, 0], directions, grid=grid, frame=frame)
        same = hits.primitive == expected.primitive
        assert same.mean() > 0.99
        np.testing.assert_allclose(hits.t[same], expected.t[same], rtol=1e-4)
    origins = rng.normal(size=(640, 3)) * 0.1
    blocked = scene.any_hit(origins, directions, frame=frame)
    expected_blocked = scene.any_hit(origins @ frame[:3, :3].T + frame[:3, 3], world)
    assert (blocked == expected_blocked).mean() > 0.99
    assert blocked.any()


@pytest.mark.parametrize(
    ("vertices", "faces", "message"),
    [
        ([[0, 0, 0], [1, 0, np.nan], [0, 1, 0]], [[0, 1, 2]], "part 1: vertex 1 is .*not finite"),
        ([[0, 0, 0], [1, 0, np.inf], [0, 1, 0]], [[0, 1, 2]], "part 1: vertex 1"),
        ([[0, 0, 0], [1e13, 0, 0], [0, 1, 0]], [[0, 1, 2]], "part 1: vertex 1"),
        ([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 3]], r"part 1: face 0 is \[0, 1, 3\], but there are 3 vertices"),
        ([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, -1, 2]], "part 1: face 0"),
        ([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2**40]], "part 1: face 0"),
        ([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0.0, 1.0, 2.0]], "part 1: faces must be"),
        ([[0, 0], [1, 0], [0, 1]], [[0, 1, 2]], "part 1: vertices must have the shape"),
        ([[0, 0, 0]], [[0, 1]], "part 1: faces must be"),
    ],
)
def test_bad_geometry_is_refused_by_name(vertices: object, faces: object, message: str) -> None:
    scene = Scene()
    scene.add(SQUARE, HALVES)
    with pytest.raises(ValueError, match=message):
        scene.add(vertices, faces)  # type: ignore[arg-type]
    scene.commit()
    assert scene.part_count == 1


def test_other_mistakes_are_named() -> None:
    scene = Scene()
    still, lid = scene.add(SQUARE, HALVES), scene.add(SQUARE, HALVES, moving=True)
    with pytest.raises(ValueError, match="part 0 was not added with moving=True"):
        scene.move(still, np.eye(4))
    with pytest.raises(ValueError, match="there is no part 7: the scene has 2"):
        scene.move(7, np.eye(4))
    for bad in (np.eye(3), np.full((4, 4), np.nan), np.diag([1.0, 1, 1, 2]), pose([1e13, 0, 0])):
        with pytest.raises(ValueError, match="part 1: the transform"):
            scene.move(lid, bad)
    with pytest.raises(ValueError, match="part 2: mask -1"):
        scene.add(SQUARE, HALVES, mask=-1)
    scene.commit()
    rays = np.ones((6, 3))
    with pytest.raises(ValueError, match="directions must have the shape"):
        scene.closest_hit([0, 0, 0], np.ones((6, 2)))
    with pytest.raises(ValueError, match="origins must have the shape"):
        scene.closest_hit(np.ones((5, 3)), rays)
    with pytest.raises(ValueError, match="t_max must be one number"):
        scene.any_hit([0, 0, 0], rays, t_max=np.ones(5))
    with pytest.raises(ValueError, match=r"grid .* is not the shape of 6 rays"):
        scene.closest_hit([0, 0, 0], rays, grid=(2, 4))


def test_right_without_the_vector_instructions_of_this_processor(tmp_path: Path) -> None:
    """The same answers on a processor without AVX: numba is told to compile for any x86-64."""
    program = """
import numpy as np
from simulator.raycast import Scene
rng = np.random.default_rng(1)
v = (rng.normal(size=(300, 1, 3)) + 0.3 * rng.normal(size=(300, 3, 3))).reshape(-1, 3).astype(np.float32)
scene = Scene()
scene.add(v, np.arange(900).reshape(-1, 3))
scene.commit(2)
d = rng.normal(size=(640, 3)) * 0.4 - [3, 1, 2]
packet = scene.closest_hit([3, 1, 2], d, grid=(20, 32))
single = scene.closest_hit(np.tile([3, 1, 2], (640, 1)), d)
print(repr([packet.primitive.tolist(), single.primitive.tolist()]))
"""
    answers = []
    for cpu in (None, "generic"):
        extra = {"NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)} if cpu else {}
        extra["ODDROAD_THREADS"] = "1"  # no second process that would compile for this one
        done = subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, **extra}, capture_output=True, text=True, check=True
        )
        answers.append(np.array(eval(done.stdout)))
    assert (answers[0][0] >= 0).sum() > 100
    assert (answers[0] == answers[1]).mean() > 0.995


def test_removed_parts_are_gone_and_the_others_keep_their_numbers() -> None:
    scene = Scene()
    far = scene.add(SQUARE, HALVES)
    near = scene.add(SQUARE + [0, 0, 1], HALVES)
    lid = scene.add(SQUARE, HALVES, pose([0, 0, 2]), moving=True)
    other = scene.add(SQUARE, HALVES, pose([0, 0, 3]), moving=True)
    scene.commit()
    for gone, left in ((other, lid), (near, lid), (lid, far), (far, -1)):
        scene.remove(gone)
        with pytest.raises(RuntimeError, match="removing"):
            scene.any_hit([0, 0, 9], [[0, 0, -1]])
        scene.commit()
        assert scene.closest_hit([0.2, 0.1, 9], [[0, 0, -1]]).part[0] == left
        assert scene.any_hit([0.2, 0.1, 9], [[0, 0, -1]])[0] == (left >= 0)
        for forbidden in (scene.remove, lambda part: scene.move(part, np.eye(4))):
            with pytest.raises(ValueError, match=f"part {gone} was removed"):
                forbidden(gone)
    assert scene.add(SQUARE, HALVES) == other + 1
    scene.commit()
    assert scene.closest_hit([0.2, 0.1, 9], [[0, 0, -1]]).part[0] == other + 1


def test_a_pickled_scene_casts_the_same_rays_and_can_still_be_changed() -> None:
    rng = np.random.default_rng(5)
    scene = Scene()
    scene.add(*soup(rng, 300))
    vertices, faces = soup(rng, 40)
    cars = [scene.add(vertices, faces, pose([k, 0, 0]), moving=True) for k in range(3)]
    scene.commit()
    again = pickle.loads(pickle.dumps(scene))
    assert again.memory_bytes == scene.memory_bytes  # meshes are still shared
    origins, directions = rng.normal(size=(500, 3)) * 3, rng.normal(size=(500, 3))
    for hits, expected in zip(again.closest_hit(origins, directions), scene.closest_hit(origins, directions)):
        np.testing.assert_array_equal(hits, expected)
    for changed in (scene, again):
        changed.move(cars[1], pose([0.5, 2, 0], yaw=1))
        changed.remove(cars[0])
        changed.add(vertices, faces, pose([0, 0, 3]), moving=True)
        changed.commit()
    for hits, expected in zip(again.closest_hit(origins, directions), scene.closest_hit(origins, directions)):
        np.testing.assert_array_equal(hits, expected)
