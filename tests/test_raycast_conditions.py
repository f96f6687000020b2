"""Faces that rays pass: holes of alpha images and backs of one-sided faces, beside a slow twin that knows both."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raycast_twin import closest_hit as twin

from simulator.numerics.se3 import pose
from simulator.raycast import Alpha, Scene

CARD = np.array([[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1]], np.float32)  # in the x, z plane, facing -y
HALVES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
UV = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
BOTH = np.zeros(2, np.int32)


def chequer(size: int = 4, cell: int = 8) -> np.ndarray:
    """A chequer-board of `size` x `size` cells whose top left cell stops rays."""
    odd = np.indices((size, size)).sum(0) % 2
    return np.kron(255 - 255 * odd, np.ones((cell, cell))).astype(np.uint8)


def look(columns: int = 60, rows: int = 44, half: float = 1.3) -> np.ndarray:
    """Directions of a small camera at (0, -4, 0) that looks along y."""
    x, z = np.meshgrid(np.linspace(-half, half, columns), np.linspace(half, -half, rows))
    return np.stack([x, np.full_like(x, 4.0), z], -1).reshape(-1, 3).astype(np.float32)


def test_a_chequer_board_is_seen_through_its_holes() -> None:
    scene = Scene()
    scene.add(CARD, HALVES, alpha=Alpha(UV, [chequer()], BOTH))
    scene.add(CARD * 3 + [0, 2, 0], HALVES)
    scene.commit()
    d = look()
    eye = np.array([0, -4, 0], np.float32)
    x, z = d[:, 0], d[:, 2]  # where rays cross the card
    column, row = np.floor((x + 1) * 2), np.floor((1 - z) * 2)
    on_card = (np.abs(x) < 1) & (np.abs(z) < 1)
    stops = on_card & ((column + row) % 2 == 0)
    near_edge = np.minimum(np.abs((x + 1) * 2 % 1 - 0.5), np.abs((1 - z) * 2 % 1 - 0.5)) < 0.45
    certain = near_edge | ~on_card
    for hits in (
        scene.closest_hit(eye, d, grid=(44, 60)),
        scene.closest_hit(np.broadcast_to(eye, d.shape).copy(), d),
    ):
        assert (hits.part[certain] == np.where(stops, 0, 1)[certain]).all()
        np.testing.assert_allclose(hits.t, np.where(hits.part == 0, 1.0, 1.5), rtol=1e-5)
    # Shadow rays that end before the wall are stopped by the cells only.
    assert (scene.any_hit(eye, d, t_max=1.2)[certain] == stops[certain]).all()
    assert scene.any_hit(eye, d).all()


def test_row_0_of_the_image_is_at_v_1_and_images_repeat() -> None:
    image = np.zeros((4, 4), np.uint8)
    image[0] = 255
    scene = Scene()
    scene.add(CARD, HALVES, alpha=Alpha(UV + [7, -3], [image], BOTH))
    scene.commit()
    top = scene.closest_hit([0, -4, 0], [[0.3, 4, 0.85]])
    assert top.t[0] == pytest.approx(1)
    assert np.isinf(scene.closest_hit([0, -4, 0], [[0.3, 4, 0.4]]).t[0])


def test_faces_without_an_image_are_solid_and_images_do_not_mix() -> None:
    clear, solid = np.zeros((1, 1), np.uint8), np.full((2, 1), 255, np.uint8)
    scene = Scene()
    for x, image_of_face in ((0, [-1, -1]), (3, [0, 0]), (6, [1, 1]), (9, [0, 1])):
        alpha = Alpha(UV, (clear, solid), np.array(image_of_face, np.int32))
        scene.add(CARD + [x, 0, 0], HALVES, alpha=alpha)
    scene.commit()
    rays = [[0.5, 4, -0.5], [3.5, 4, -0.5], [6.5, 4, -0.5], [9.5, 4, -0.5], [8.5, 4, 0.5]]
    assert np.isfinite(scene.closest_hit([0, -4, 0], rays).t).tolist() == [True, False, True, False, True]


@pytest.mark.parametrize("packet", [False, True])
def test_backs_of_one_sided_faces_are_passed(packet: bool) -> None:
    scene = Scene()
    scene.add(CARD, HALVES, one_sided=True)  # seen from -y its corners run counter-clockwise
    back = scene.add(CARD + [0, 1, 0], HALVES, one_sided=True)
    scene.add(CARD * 2 + [0, 5, 0], HALVES)
    scene.commit()
    d = look(half=0.7)
    grid = (44, 60) if packet else None
    front = scene.closest_hit([0, -4, 0], d, grid=grid)
    assert (front.part == 0).all()
    behind = scene.closest_hit([0, 4.9, 0], -d, grid=grid)
    assert np.isinf(behind.t).all()
    assert not scene.any_hit([0, 4.9, 0], -d).any()
    assert (scene.closest_hit([0, 0.5, 0], d[:1]).part == back).all()


def test_conditions_move_with_their_part_and_masks_still_hold() -> None:
    alpha = Alpha(UV, [chequer()], BOTH)
    still, moved = Scene(), Scene()
    where = pose(np.array([0.2, 0.7, -0.1]), 0.3, -0.2, 0.4)
    still.add(CARD, HALVES, where, alpha=alpha)
    for scene in (still, moved):
        scene.add(CARD * 4 + [0, 3, 0], HALVES, mask=2)
    number = moved.add(CARD, HALVES, moving=True, alpha=alpha)
    moved.commit()
    moved.move(number, where)
    moved.commit()
    still.commit()
    d = look()
    for mask in (1, 2, 3):
        a = still.closest_hit([0, -4, 0], d, grid=(44, 60), mask=mask)
        b = moved.closest_hit([0, -4, 0], d, grid=(44, 60), mask=mask)
        np.testing.assert_allclose(a.t, b.t, rtol=1e-5)
        np.testing.assert_array_equal(still.any_hit([0, -4, 0], d, mask=mask), np.isfinite(a.t))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), packet=st.booleans(), one_sided=st.booleans())
def test_a_face_that_is_passed_is_as_if_not_there(seed: int, packet: bool, one_sided: bool) -> None:
    """Images that are all hole or all solid, and backs: the twin casts at what is left of each ray's triangles."""
    rng = np.random.default_rng(seed)
    center = rng.normal(size=(60, 1, 3))
    vertices = (center + 0.6 * rng.normal(size=(60, 3, 3))).reshape(-1, 3).astype(np.float32)
    faces = np.arange(180, dtype=np.int32).reshape(-1, 3)
    clear = rng.random(60) < 0.5
    images = (np.zeros((2, 2), np.uint8), np.full((2, 2), 200, np.uint8))
    alpha = Alpha(
        rng.normal(size=(180, 2)).astype(np.float32),
        images,
        np.where(clear, 0, rng.choice([-1, 1], 60)).astype(np.int32),
    )
    scene = Scene()
    scene.add(vertices, faces, alpha=alpha, one_sided=one_sided)
    scene.commit()
    eye = np.array([0.1, -6.0, 0.2], np.float32)
    d = look(24, 20, 1.5)
    hits = scene.closest_hit(eye, d, grid=(20, 24) if packet else None)
    a, b, c = (vertices[faces[:, k]].astype(float) for k in range(3))
    facing = (np.cross(b - a, c - a) * (a - eye)).sum(1) < 0
    left = ~clear & (facing | (not one_sided))
    expected = twin(vertices, faces[left], eye, d)
    certain = expected.margin > 1e-4
    numbers = np.append(np.flatnonzero(left), -1)
    np.testing.assert_array_equal(hits.primitive[certain], numbers[expected.primitive[certain]])
    np.testing.assert_array_equal(scene.any_hit(eye, d)[certain], expected.primitive[certain] >= 0)


@pytest.mark.parametrize(
    ("alpha", "message"),
    [
        (Alpha(UV[:3], [chequer()], BOTH), "alpha.uv must be 4 finite pairs"),
        (Alpha(UV, [chequer()], BOTH[:1]), "alpha.image_of_face must be 2 integers"),
        (Alpha(UV, [chequer()], BOTH + 1), "must lie from -1 to 0"),
        (Alpha(UV, [np.zeros((3, 4), np.uint8)], BOTH), "powers of two"),
        (Alpha(UV, [np.zeros((4, 4), np.float32)], BOTH), "uint8"),  # type: ignore[list-item]
    ],
)
def test_images_that_do_not_fit_are_refused_by_name(alpha: Alpha, message: str) -> None:
    with pytest.raises(ValueError, match=f"part 0: .*{message}"):
        Scene().add(CARD, HALVES, alpha=alpha)
