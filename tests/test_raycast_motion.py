"""Parts that move during a sweep: rays with times of their own against the same parts held still at these times."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from raycast_twin import closest_hit as twin_hit
from test_raycast_properties import fan, nearly_all_equal, quick, seeds, soup

from simulator.numerics.se3 import from_rpy, pose
from simulator.raycast import Alpha, Hits, Scene

CORNERS = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), -1).reshape(-1, 3)
SIDES = np.array([[0, 2, 6, 4], [1, 5, 7, 3], [0, 4, 5, 1], [2, 3, 7, 6], [0, 1, 3, 2], [4, 6, 7, 5]])
BOX = (
    ((CORNERS - 0.5) * [4.0, 2.0, 1.5]).astype(np.float32),
    np.concatenate([SIDES[:, [0, 1, 2]], SIDES[:, [0, 2, 3]]]).astype(np.int32),
)


def at(keys: np.ndarray, time: float) -> np.ndarray:
    """The pose at a time: matrices interpolated linearly."""
    place = float(np.float32(time)) * (len(keys) - 1)
    k = min(int(place), len(keys) - 2)
    return keys[k] + (place - k) * (keys[k + 1] - keys[k])


def random_keys(rng: np.random.Generator, count: int) -> np.ndarray:
    """A flight with turns and uneven scales, which may be a mirror image all the way."""
    keys, stretch = [], rng.uniform(0.4, 1.8, 3) * rng.choice([-1, 1], 3)
    place, angles = rng.uniform(-4, 4, 3), rng.uniform(-3, 3, 3)
    for _ in range(count):
        matrix = pose(place, *angles)
        matrix[:3, :3] @= np.diag(stretch)
        keys.append(matrix)
        place, angles = place + rng.normal(size=3), angles + 0.2 * rng.normal(size=3)
    return np.stack(keys)


def rays_toward(rng: np.random.Generator, keys: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Origins and directions of rays from all around that pass near a part on its way."""
    origins = keys[0][:3, 3] + rng.normal(size=(count, 3)) * 8
    return origins, keys[len(keys) // 2][:3, 3] + rng.normal(size=(count, 3)) * 1.5 - origins


def chosen(hits: Hits, rows: np.ndarray) -> Hits:
    return Hits(*(array[rows] for array in hits))


@given(seeds, st.booleans(), st.sampled_from([1, 2, 3]))
@quick
def test_every_ray_meets_parts_where_they_are_at_its_time(seed: int, conditions: bool, mask: int) -> None:
    rng = np.random.default_rng(seed)
    ground, meshes = soup(rng, 60), [soup(rng, 40), soup(rng, 9)]
    image = (255 * (rng.random((8, 8)) < 0.5)).astype(np.uint8)
    alphas = [
        Alpha(rng.uniform(0, 2, (len(v), 2)).astype(np.float32), [image], np.zeros(len(f), np.int32)) for v, f in meshes
    ]
    kinds, paths = rng.integers(0, 2, 7), [random_keys(rng, 2 + n % 3) for n in range(7)]

    def scene_of(moving: bool) -> tuple[Scene, list[int]]:
        scene = Scene()
        scene.add(*ground)
        parts = []
        for n, (k, keys) in enumerate(zip(kinds, paths)):
            alpha = alphas[k] if conditions else None
            one_sided, instanced = bool(conditions and n % 3 == 0), moving and n % 4 == 1
            parts.append(scene.add(*meshes[k], keys[0], True, 1 + n % 2, alpha, one_sided, instanced))
        scene.commit(1)
        return scene, parts

    (moving, parts), (still, _) = scene_of(True), scene_of(False)
    for part, keys in zip(parts, paths):
        moving.sweep(part, keys)
    moving.commit()
    times = rng.choice([0.0, 0.21, 0.5, 0.77, 1.0], 40 * 32).astype(np.float32)
    origins, directions = rng.normal(size=(1280, 3)) * 8, rng.normal(size=(1280, 3))
    view = fan(rng, 32, 40, 0.6)
    eye = -7 * view.mean(0) / np.linalg.norm(view.mean(0))
    single = moving.closest_hit(origins, directions, mask=mask, time=times)
    tiles = moving.closest_hit(eye, view, mask=mask, time=times, grid=(32, 40))
    blocked, seen = (
        moving.any_hit(origins, directions, mask=mask, time=times),
        moving.any_hit(eye, view, mask=mask, time=times),
    )
    assert (blocked == np.isfinite(single.t)).mean() > 0.99
    assert (seen == np.isfinite(tiles.t)).mean() > 0.99
    for time in np.unique(times):
        for part, keys in zip(parts, paths):
            still.move(part, at(keys, time))
        still.commit()
        rows = np.flatnonzero(times == time)
        nearly_all_equal(chosen(single, rows), still.closest_hit(origins[rows], directions[rows], mask=mask))
        nearly_all_equal(chosen(tiles, rows), still.closest_hit(np.tile(eye, (len(rows), 1)), view[rows], mask=mask))


def test_agrees_with_the_naive_twin() -> None:
    rng = np.random.default_rng(4)
    vertices, faces = soup(rng, 30)
    keys = random_keys(rng, 3)
    scene = Scene()
    part = scene.add(vertices, faces, moving=True)
    scene.sweep(part, keys)
    scene.commit()
    origins, directions = rays_toward(rng, keys, 600)
    times = rng.integers(0, 13, 600) / 12
    hits = scene.closest_hit(origins, directions, time=times)
    assert 50 < (hits.part == part).sum() < 570
    for time in np.unique(times):
        matrix, rows = at(keys, time), np.flatnonzero(times == time)
        there = vertices @ matrix[:3, :3].T + matrix[:3, 3]
        twin = twin_hit(there, faces, origins[rows], directions[rows])
        sure = twin.margin > 1e-4
        np.testing.assert_array_equal(hits.primitive[rows][sure], twin.primitive[sure])
        np.testing.assert_allclose(hits.t[rows][sure], twin.t[sure], rtol=1e-4)
        np.testing.assert_allclose(hits.u[rows][sure], twin.u[sure], atol=2e-3)
        np.testing.assert_allclose(hits.v[rows][sure], twin.v[sure], atol=2e-3)


def test_agrees_with_embree_at_every_time() -> None:
    pytest.importorskip("embreex.rtcore_scene", reason="the peer exists for x86-64 only")
    from test_raycast_peers import cast_embree, embree

    rng = np.random.default_rng(6)
    vertices, faces = soup(rng, 2000)
    keys = random_keys(rng, 4)
    scene = Scene()
    scene.sweep(scene.add(vertices, faces, moving=True), keys)
    scene.commit()
    origins, directions = rays_toward(rng, keys, 20_000)
    times = rng.integers(0, 9, 20_000) / 8
    hits = scene.closest_hit(origins, directions, time=times)
    assert np.isfinite(hits.t).mean() > 0.2
    for time in np.unique(times):
        matrix, rows = at(keys, time), np.flatnonzero(times == time)
        peer = embree(vertices @ matrix[:3, :3].T + matrix[:3, 3], faces)
        theirs = cast_embree(peer, origins[rows], directions[rows])
        same = hits.primitive[rows] == theirs["primID"]
        assert same.mean() > 0.999
        np.testing.assert_allclose(hits.t[rows][same], theirs["t"][same], rtol=1e-3)


def lidar_past_a_box() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(keys, origins, directions, times, true distances) of a driving lidar that turns once beside a turning box.

    The distances are the slab test's in the box' own frame, in float64.
    """
    columns, rings, count = 900, 32, 9
    keys = np.stack(
        [pose([8 - 3 * s, 5 + 0.5 * s, 0.2], yaw=0.4 + 0.9 * s, roll=0.1 * s) for s in np.linspace(0, 1, count)]
    )
    times = np.repeat(np.linspace(0, 1, columns), rings)
    azimuth = np.repeat(np.linspace(np.pi, -np.pi, columns), rings)
    elevation = np.tile(np.deg2rad(np.linspace(-20, 10, rings)), columns)
    flat = np.cos(elevation)
    directions = np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)], 1).astype(np.float32)
    origins = np.stack([2 * times, 0 * times, 0.3 + 0 * times], 1).astype(np.float32)
    distances = np.full(len(times), np.inf)
    for column in range(columns):
        rows = slice(column * rings, (column + 1) * rings)
        inverse = np.linalg.inv(at(keys, times[rows][0]))
        o = origins[rows].astype(np.float64) @ inverse[:3, :3].T + inverse[:3, 3]
        d = directions[rows].astype(np.float64) @ inverse[:3, :3].T
        half = np.array([2.0, 1.0, 0.75])
        one, other = (-half - o) / d, (half - o) / d
        near, far = np.minimum(one, other).max(1), np.maximum(one, other).min(1)
        distances[rows] = np.where((near <= far) & (near > 0), near, np.inf)
    return keys, origins, directions, times, distances


def test_a_spinning_lidar_meets_a_passing_and_turning_box_where_it_is() -> None:
    keys, origins, directions, times, distances = lidar_past_a_box()
    scene = Scene()
    part = scene.add(*BOX, moving=True)
    scene.sweep(part, keys)
    scene.commit()
    assert np.isfinite(distances).sum() > 500
    for hits in (
        scene.closest_hit(origins, directions, time=times),
        scene.closest_hit(origins, directions, time=times, grid=(900, 32)),
    ):
        same = np.isfinite(hits.t) == np.isfinite(distances)
        assert same.mean() > 0.9999
        assert np.abs(hits.t[same & np.isfinite(distances)] - distances[same & np.isfinite(distances)]).max() < 2e-5
    blocked = scene.any_hit(origins, directions, time=times)
    assert (blocked == np.isfinite(distances)).mean() > 0.9999
    # That it matters: at the sweep's middle the box is elsewhere for most.
    there = np.isfinite(distances)
    still = scene.closest_hit(origins[there], directions[there], time=0.5)
    assert (np.abs(still.t - distances[there]) > 1e-3).mean() > 0.9


def test_threads_do_not_change_a_bit() -> None:
    keys, origins, directions, times, _ = lidar_past_a_box()
    rng, results = np.random.default_rng(1), []
    ground = soup(rng, 500)
    for threads in (1, 2, 5):
        scene = Scene()
        scene.add(*ground)
        scene.sweep(scene.add(*BOX, moving=True), keys)
        scene.commit(threads)
        answers = [
            *scene.closest_hit(origins, directions, time=times, threads=threads),
            *scene.closest_hit(origins, directions, time=times, threads=threads, grid=(900, 32)),
            *scene.closest_hit([0, 0, 0], directions, time=times, threads=threads, grid=(900, 32)),
            scene.any_hit(origins, directions, time=times, threads=threads),
        ]
        results.append([array.tobytes() for array in answers])
    assert results[0] == results[1] == results[2]


def test_a_part_may_be_swept_and_moved_in_turn() -> None:
    rng = np.random.default_rng(8)
    meshes, ground = [soup(rng, 30), soup(rng, 12)], soup(rng, 40)
    scene, moved_only = Scene(), Scene()
    for one in (scene, moved_only):
        one.add(*ground)
        for k in range(6):
            one.add(*meshes[k % 2], moving=True, instanced=k == 3)
        one.commit()
    origins, directions = rng.normal(size=(400, 3)) * 8, rng.normal(size=(400, 3))
    paths = np.stack([random_keys(rng, 3) for _ in range(6)])
    places = np.stack([random_keys(rng, 1)[0] for _ in range(6)])

    def expect(time: float) -> None:
        for one in (scene, pickle.loads(pickle.dumps(scene))):
            hits = one.closest_hit(origins, directions, time=time)
            expected = moved_only.closest_hit(origins, directions)
            nearly_all_equal(hits, expected)
            assert (np.isfinite(hits.t) == one.any_hit(origins, directions, time=time)).mean() > 0.99

    before = scene.closest_hit(origins, directions)
    scene.sweep([1, 3, 5], paths[[0, 2, 4]])
    for array, expected in zip(scene.closest_hit(origins, directions), before):
        np.testing.assert_array_equal(array, expected)  # not yet
    scene.commit()
    for time in (0.0, 0.3, 1.0):
        moved_only.move([1, 3, 5], np.stack([at(keys, time) for keys in paths[[0, 2, 4]]]))
        moved_only.commit()
        expect(time)
    # Some go on, some stop, others start.
    scene.sweep([2, 5], paths[[1, 0]])
    scene.move([1, 4], places[:2])
    scene.commit()
    moved_only.move([1, 4], places[:2])
    moved_only.move([2, 3, 5], np.stack([at(paths[k], 0.6) for k in (1, 2, 0)]))
    moved_only.commit()
    expect(0.6)
    scene.remove(2)
    moved_only.remove(2)
    late = [one.add(*meshes[0], places[3]) for one in (scene, moved_only)]
    assert late == [7, 7]
    scene.commit()
    moved_only.commit()
    expect(0.6)
    # What is merely moved again is as if it had never been swept, and so is what is swept without moving.
    scene.move([1, 3, 5], places[2:5])
    scene.sweep(4, np.stack([places[5]] * 3))
    scene.commit()
    moved_only.move([1, 3, 4, 5], places[[2, 3, 5, 4]])
    moved_only.commit()
    for array, expected in zip(scene.closest_hit(origins, directions), moved_only.closest_hit(origins, directions)):
        np.testing.assert_array_equal(array, expected)


def test_a_part_that_turns_flat_on_its_way_is_not_hit_then() -> None:
    scene = Scene()
    part = scene.add([[0, -1, -1], [0, 1, -1], [0, 0, 1]], [[0, 1, 2]], moving=True, one_sided=True)
    scene.sweep(part, np.stack([np.diag([1.0, 1, 1, 1]), np.diag([1.0, 1, -1, 1])]))  # from above to below, turned over
    scene.commit()
    down = np.array([[-9.0, 0, 0.0]] * 5), np.array([[1.0, 0, 0]] * 5)
    assert scene.closest_hit(*down, time=[0, 0.25, 0.5, 0.75, 1]).part.tolist() == [-1, -1, -1, 0, 0]
    up = np.array([[9.0, 0, 0.0]] * 5), np.array([[-1.0, 0, 0]] * 5)
    assert scene.closest_hit(*up, time=[0, 0.25, 0.5, 0.75, 1]).part.tolist() == [0, 0, -1, -1, -1]


def test_mistakes_are_named() -> None:
    scene = Scene()
    still, part = scene.add(*BOX), scene.add(*BOX, moving=True)
    keys = np.stack([np.eye(4)] * 3)
    with pytest.raises(ValueError, match="part 0 was not added with moving=True"):
        scene.sweep(still, keys)
    with pytest.raises(ValueError, match="there is no part 5"):
        scene.sweep(5, keys)
    for bad in (np.eye(4), keys[:1], np.stack([keys, keys])):
        with pytest.raises(ValueError, match="a sweep needs"):
            scene.sweep(part, bad)
    with pytest.raises(ValueError, match="2 parts cannot be swept by 1"):
        scene.sweep([part, part], keys[None])
    for bad in (keys[:, :3], keys * 2, np.where(keys == 0, np.nan, keys)):
        with pytest.raises(ValueError, match="part 1: the transform"):
            scene.sweep(part, bad)
    scene.commit()
    rays = [0, 0, 9], np.ones((6, 3))
    for cast in (scene.closest_hit, scene.any_hit):
        for time, shown in ((-0.1, "-0.1"), (1.5, "1.5"), (np.nan, "nan"), ([0, 0, 0.5, 1, np.inf, 1], "inf")):
            with pytest.raises(ValueError, match=f"time must lie from 0 to 1, not {shown}"):
                cast(*rays, time=time)
        with pytest.raises(ValueError, match="time must be one number"):
            cast(*rays, time=[0, 1])


def test_sensor_frames_turn_swept_parts_too() -> None:
    keys, origins, directions, times, _ = lidar_past_a_box()
    scene = Scene()
    scene.sweep(scene.add(*BOX, moving=True), keys)
    scene.commit()
    turn = from_rpy(0.3, -0.2, 1.0)
    frame = pose([1.0, -2.0, 0.5], 0.3, -0.2, 1.0)
    inside = (origins - frame[:3, 3]) @ turn, directions @ turn
    hits = scene.closest_hit(*inside, time=times, frame=frame)
    nearly_all_equal(hits, scene.closest_hit(origins, directions, time=times))


@given(seeds, st.booleans())
@quick
def test_soft_parts_are_met_in_their_new_shape(seed: int, swept: bool) -> None:
    """Against a scene that is built of the new vertices; shapes change twice, among parts that stay as they are."""
    rng = np.random.default_rng(seed)
    meshes = [soup(rng, 40), soup(rng, 9), soup(rng, 25)]
    keys = random_keys(rng, 3)
    soft, fresh = Scene(), Scene()
    for k, (vertices, faces) in enumerate(meshes):
        soft.add(vertices, faces, moving=True, soft=k < 2)
    soft.commit(threads=1)
    origins, directions = rays_toward(rng, keys, 200)
    for _ in range(2):
        shapes = [
            (vertices + rng.normal(size=vertices.shape) * 0.3 * (k < 2)).astype(np.float32)
            for k, (vertices, _) in enumerate(meshes)
        ]
        soft.bend([1, 0], np.concatenate([shapes[1], shapes[0]]), [0, len(shapes[1])])
        if swept:
            soft.sweep([0, 1, 2], np.stack([keys] * 3))
        else:
            soft.move([0, 1, 2], np.stack([keys[0]] * 3))
        soft.commit(threads=2)
        fresh = Scene()
        for shape, (_, faces) in zip(shapes, meshes):
            fresh.add(shape, faces, moving=True)
        if swept:
            fresh.sweep([0, 1, 2], np.stack([keys] * 3))
        else:
            fresh.move([0, 1, 2], np.stack([keys[0]] * 3))
        fresh.commit(threads=1)
        found, wanted = (scene.closest_hit(origins, directions, time=0.4) for scene in (soft, fresh))
        assert np.array_equal(found.primitive, wanted.primitive)
        assert np.array_equal(found.part, wanted.part)
        assert np.array_equal(found.t, wanted.t)
    again = pickle.loads(pickle.dumps(soft)).closest_hit(origins, directions, time=0.4)
    assert np.array_equal(again.t, found.t)


def test_only_soft_parts_bend() -> None:
    scene = Scene()
    part = scene.add(*BOX, moving=True)
    with pytest.raises(ValueError, match="not added with soft"):
        scene.bend(part, BOX[0], 0)
    with pytest.raises(ValueError, match="moves"):
        scene.add(*BOX, soft=True)
    soft = scene.add(*BOX, moving=True, soft=True)
    with pytest.raises(ValueError, match="too few"):
        scene.bend(soft, BOX[0], 1)
