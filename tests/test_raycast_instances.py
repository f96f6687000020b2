"""Instances against copies of the same parts, for all kinds of rays; what they cost; how they move, hide and go."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_raycast_properties import nearly_all_equal, quick, seeds, soup

from simulator.numerics.se3 import from_rpy, pose
from simulator.raycast import Alpha, Scene


def placed(rng: np.random.Generator) -> np.ndarray:
    """A placement with turn, uneven scale and mirror images."""
    matrix = pose(rng.uniform(-6, 6, 3), *rng.uniform(-3, 3, 3))
    matrix[:3, :3] @= np.diag(rng.uniform(0.3, 2.0, 3) * rng.choice([-1, 1], 3))
    return matrix


def twins(rng: np.random.Generator, conditions: bool, moving: bool) -> tuple[Scene, Scene]:
    """The same parts, once all as copies and once some as instances, after some have moved."""
    ground = soup(rng, 60)
    meshes = [soup(rng, 40), soup(rng, 7)]
    alphas = [None, None]
    if conditions:
        image = (255 * (rng.random((8, 8)) < 0.5)).astype(np.uint8)
        alphas = [
            Alpha(rng.uniform(0, 2, (len(v), 2)).astype(np.float32), [image], np.zeros(len(f), np.int32))
            for v, f in meshes
        ]
    scenes, places = (Scene(), Scene()), [(int(k), placed(rng), placed(rng)) for k in rng.integers(0, 2, 12)]
    for instanced, scene in enumerate(scenes):
        scene.add(*ground)
        numbers = [
            scene.add(
                *meshes[k], first, moving, 1 + n % 2, alphas[k], conditions and n % 3 == 0, instanced=bool(instanced)
            )
            for n, (k, first, _) in enumerate(places)
        ]
        scene.add(*ground, pose([9, 0, 0]))
        scene.commit(1)
        if moving:
            scene.move(numbers[::2], np.stack([second for _, _, second in places[::2]]))
            scene.commit(1)
    return scenes


@given(seeds, st.booleans(), st.booleans(), st.sampled_from([1, 2, 3]))
@quick
def test_instances_are_copies(seed: int, conditions: bool, moving: bool, mask: int) -> None:
    rng = np.random.default_rng(seed)
    copies, instances = twins(rng, conditions, moving)
    assert copies.triangle_count == instances.triangle_count
    origins, directions = rng.normal(size=(400, 3)) * 8, rng.normal(size=(400, 3))
    nearly_all_equal(
        instances.closest_hit(origins, directions, mask=mask), copies.closest_hit(origins, directions, mask=mask)
    )
    u, v = np.meshgrid(np.linspace(-0.5, 0.5, 40), np.linspace(-0.4, 0.4, 32))
    screen = np.stack([np.ones_like(u), u, v], -1).reshape(-1, 3) @ from_rpy(*rng.uniform(-3, 3, 3)).T
    eye = -9 * screen.mean(0)
    mine = instances.closest_hit(eye, screen, grid=(32, 40), mask=mask)
    nearly_all_equal(mine, copies.closest_hit(eye, screen, grid=(32, 40), mask=mask))
    assert (instances.any_hit(eye, screen, mask=mask) == np.isfinite(mine.t)).mean() > 0.99


def test_a_forest_of_a_million_triangles_takes_a_few_megabytes() -> None:
    rng = np.random.default_rng(1)
    trees = [soup(rng, 5000) for _ in range(4)]
    forest = Scene()
    for k in range(250):
        forest.add(*trees[k % 4], pose([k % 16 * 9.0, k // 16 * 9.0, 0], yaw=k), instanced=True)
    forest.commit()
    assert forest.triangle_count == 1_250_000
    assert forest.memory_bytes < 8e6
    down = forest.closest_hit(
        np.array([[9.0 * (k % 16), 9.0 * (k // 16), 40] for k in range(250)]), [[0.0, 0, -1]] * 250
    )
    assert (down.part[down.part >= 0] == np.flatnonzero(down.part >= 0)).mean() > 0.9


def test_instances_come_and_go_and_are_pickled() -> None:
    rng = np.random.default_rng(2)
    vertices, faces = soup(rng, 50)
    mesh = (
        np.concatenate([vertices, [[0, -9, -9], [0, 9, -9], [0, 0, 9]]]).astype(np.float32),
        np.concatenate([faces, [[150, 151, 152]]]).astype(np.int32),
    )
    scene = Scene()
    parts = [scene.add(*mesh, pose([4.0 * k, 0, 0]), moving=True, instanced=True) for k in range(3)]
    scene.commit()
    toward = np.tile(np.array([[1.0, 0.02, 0.01]]), (1, 1))
    start = np.array([-9.0, 0, 0])
    first = scene.closest_hit(start, toward).part[0]
    assert first in parts
    scene.remove(first)
    late = scene.add(*mesh, pose([30.0, 0, 0]), instanced=True)
    scene.commit()
    again = pickle.loads(pickle.dumps(scene))
    for one in (scene, again):
        assert one.closest_hit(start, toward).part[0] not in (first, -1)
        for part in parts:
            if part != first:
                one.move(part, pose([0, 500.0, 0]))
        one.commit()
        assert one.closest_hit(start, toward).part[0] == late
    with pytest.raises(ValueError, match="was not added with moving=True"):
        scene.move(late, np.eye(4))


def test_a_flat_instance_is_never_hit() -> None:
    scene = Scene()
    scene.add([[0, -1, -1], [0, 1, -1], [0, 0, 1]], [[0, 1, 2]], np.diag([1.0, 1, 0, 1]), instanced=True)
    scene.commit()
    assert not scene.any_hit([-1, 0, 0], [[1, 0, 0]])[0]
