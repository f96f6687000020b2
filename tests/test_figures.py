"""Shapes and motions of actors against geometry: closed surfaces, free wheels, feet that hold, boxes that fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from test_actors import KINDS, SHOE, all_vertices, models, sole_tracks

from simulator.actors.coachwork import Slot
from simulator.actors.figure import figure
from simulator.actors.head import EYE_WHITE
from simulator.actors.hull import hull
from simulator.actors.physique import Dress, Part
from simulator.actors.sculpt import Lump, sculpted
from simulator.actors.shape import signed_volume
from simulator.actors.wardrobe import adult, materials
from simulator.data import load_asset
from simulator.scene import Driver, Material, Mesh, Model, SceneBuilder, footing
from simulator.scene.material import srgb
from simulator.scene.mesh import grid
from simulator.sensors.shading.mips import SRGB_TO_LINEAR

WHEELS = ("car", "van", "truck", "fire_engine", "bus", "tractor")
MOST_TRIANGLES, LONGEST = 16_000, {"bus": 20_000}  # articulated ones are nearly two


@settings(max_examples=40, deadline=None)
@given(kind=st.sampled_from(KINDS), seed=st.integers(0, 2**31))
def test_any_individual_is_sound(kind: str, seed: int) -> None:
    for model in models(kind, seed):
        points = all_vertices(model)
        assert np.isfinite(points).all()
        assert points[:, 2].min() > -0.025
        assert sum(len(body.mesh.faces) for body in model.bodies) < LONGEST.get(kind, MOST_TRIANGLES)
        for body in model.bodies:
            assert body.mesh.faces.max(initial=0) < len(body.mesh.vertices)
            assert body.mesh.slots.max(initial=0) < len(body.materials)
        if model.class_name in ("pedestrian", "animal", "rider"):  # the box is that of the whole gait cycle
            low, high = model.bounds
            reach = [all_vertices(model, gait_rad=g) for g in np.arange(16) * np.pi / 8]
            reach.append(all_vertices(model, speed_mps=0.0))
            assert np.min([p.min(0) for p in reach], 0)[:2] == pytest.approx(low[:2], abs=0.012)
            assert np.max([p.max(0) for p in reach], 0) == pytest.approx(high, abs=0.012)


@given(radius=st.floats(0.1, 0.5), length=st.floats(0.0, 1.0), flat=st.floats(0.6, 1.0), seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_sculpted_surfaces_are_closed_and_enclose_the_right_volume(
    radius: float, length: float, flat: float, seed: int
) -> None:
    way = np.random.default_rng(seed).standard_normal(3) * [1, 0, 1]
    end = way / np.linalg.norm(way) * length
    capsule = Lump((0.0, 0.0, 0.0), (float(end[0]), 0.0, float(end[2])), (radius, radius), flat)
    mesh = sculpted([capsule], radius / 10, 0.05 * radius)
    exact = flat * np.pi * radius**2 * (4 / 3 * radius + length)
    assert signed_volume(mesh) == pytest.approx(exact, rel=0.03)
    assert _open_edges(mesh) == 0


def _open_edges(mesh: Mesh) -> int:
    """Number of directed edges without the opposite one."""
    a = mesh.faces.astype(np.int64)
    edges = np.concatenate([a[:, [0, 1]], a[:, [1, 2]], a[:, [2, 0]]])
    count = len(mesh.vertices)
    forth, back = edges[:, 0] * count + edges[:, 1], edges[:, 1] * count + edges[:, 0]
    return int((~np.isin(forth, back)).sum())


@pytest.mark.parametrize("kind", ["deer", "cow", "cat", "horse", "bird"])
def test_bodies_of_animals_are_closed(kind: str) -> None:
    (model,) = models(kind, 3)
    assert signed_volume(model.bodies[0].mesh) > 0
    from simulator.actors.animals import _neck, _torso

    if kind != "bird":
        row = load_asset("animals")[kind]
        torso = _torso(row, 1.0, 1.0, kind, *_neck(row, 1.0, 1.0, 0.2), np.random.default_rng(0))
        assert _open_edges(torso) == 0


@pytest.mark.parametrize("kind", WHEELS)
@pytest.mark.parametrize("steer", [0.0, 0.35, -0.35])
def test_wheels_turn_free_of_the_body(kind: str, steer: float) -> None:
    for seed in range(2):
        model = models(kind, seed)[0]
        mesh = model.bodies[0].mesh
        body = mesh.vertices[np.unique(mesh.faces[mesh.slots != Slot.UNDER])].astype(np.float64)  # axles reach inside
        for centre, radius, half_width, heading in _wheels(model, steer):
            offset = (body - centre) @ _yaw(heading)
            inside = (np.hypot(offset[:, 0], offset[:, 2]) < 0.97 * radius) & (np.abs(offset[:, 1]) < 0.9 * half_width)
            assert inside.sum() == 0, (kind, seed, body[inside][:5])


def _yaw(angle: float) -> NDArray[np.float64]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _wheels(model: Model, steer: float) -> list[tuple[NDArray[np.float64], float, float, float]]:
    """Centre, radius, half width and heading of each road wheel."""
    out = []
    for body in model.bodies[1:]:
        joint = model.joints[body.joint]
        if body.joint >= 0 and joint.driver == Driver.TRAVEL:
            points = body.mesh.vertices - np.array(joint.pivot)
            half = float(np.abs(points[:, 1]).max())
            out.append((np.array(joint.pivot), 1 / joint.gain, half, steer if joint.parent >= 0 else 0.0))
    assert len(out) >= 4
    return out


def test_a_runner_is_carried_by_a_foot_that_holds_and_flies_between() -> None:
    (model,) = models("runner", 3)
    track = sole_tracks(model, SHOE)
    lowest = track[..., 2].min(1)
    assert lowest.min() == pytest.approx(0.0, abs=0.02)
    assert lowest.max() > 0.02  # both feet off the ground
    assert 0.1 < (lowest > 0.008).mean() < 0.4


def test_who_stands_sways_and_keeps_the_feet_still() -> None:
    (model,) = models("pedestrian", 5, pose="standing", carries="")
    states = [all_vertices(model, gait_rad=g) for g in np.linspace(0, 2 * np.pi, 9)]
    moved = np.ptp(states, axis=0)
    low, crown = states[0][:, 2] < 0.05, states[0][:, 2] > 0.95 * states[0][:, 2].max()
    assert moved[low].max() < 0.005
    assert moved[crown].max() > 0.008


@pytest.fixture(scope="module")
def cow() -> Model:
    return models("cow", 1)[0]


@settings(max_examples=20, deadline=None)
@given(along=st.floats(-0.25, 0.25), across=st.floats(-0.14, 0.14), yaw=st.floats(-3.1, 3.1))
def test_animals_have_their_feet_on_slopes(cow: Model, along: float, across: float, yaw: float) -> None:
    builder = SceneBuilder((0.0, 0.0, 0.0))
    x = np.linspace(-5.0, 5.0, 5)
    gx, gy = np.meshgrid(x, x, indexing="ij")
    c, s = np.cos(yaw), np.sin(yaw)
    slope_x, slope_y = along * c - across * s, along * s + across * c
    builder.add_mesh(grid(x, x, slope_x * gx + slope_y * gy), (Material("grass"),), "terrain")
    z, roll, pitch = footing(builder, cow, np.array([[0.0, 0.0, 0.0]]), np.array([yaw]))
    # Where the animal's plane z = 0 lies at its corners, against the slope there (small angles: see tolerance).
    for dx in cow.bounds[:, 0]:
        for dy in 0.5 * cow.bounds[:, 1]:
            foot = z[0] + dx * np.sin(-pitch[0]) + dy * np.sin(roll[0]) * np.cos(pitch[0])
            reach = dx * np.cos(pitch[0])
            assert foot == pytest.approx(along * reach + across * dy, abs=0.02)


def test_new_vehicles_keep_to_their_published_sizes() -> None:
    table = load_asset("vehicles")
    for kind, row in (("fire_engine", table["trucks"]["fire"]), ("tractor", table["tractors"]["farm"])):
        for seed in range(4):
            size = dict(zip(("length", "width", "height"), models(kind, seed)[0].size_lwh_m, strict=True))
            for name, value in size.items():
                low, high = row[name]
                assert low - 1e-6 <= value <= high + 1e-6, (kind, name, value)


def test_an_open_door_stands_out_to_the_left_and_leaves_a_hole() -> None:
    closed, wide = (models("car", 2, style="sedan", door=share)[0] for share in (0.0, 1.0))
    posed = [np.concatenate(model.posed()) for model in (closed, wide)]
    left = [float(vertices[:, 1].max()) for vertices in posed]
    right = [float(vertices[:, 1].min()) for vertices in posed]
    assert left[1] > left[0] + 0.5
    assert right[1] == pytest.approx(right[0], abs=1e-6)
    assert np.array_equal(closed.bounds, wide.bounds)


def test_closed_doors_that_can_open_leave_the_car_as_it_is() -> None:
    plain, hinged = (models("car", 3, style="estate", door=0.0, hinged=can)[0] for can in (False, True))
    assert [name for name, _, _ in hinged.openings] == ["front_left", "front_right", "rear_left", "rear_right"]
    outlines = [np.concatenate(model.posed()) for model in (plain, hinged)]
    for axis in range(3):
        assert outlines[0][:, axis].max() == pytest.approx(outlines[1][:, axis].max(), abs=1e-4)
        assert outlines[0][:, axis].min() == pytest.approx(outlines[1][:, axis].min(), abs=1e-4)
    for name, joint, angle in hinged.openings:
        [leaf] = [body.mesh.vertices for body in hinged.bodies if body.joint == joint]
        assert np.all(leaf[:, 1] > 0.3) if name.endswith("left") else np.all(leaf[:, 1] < -0.3)
        assert (angle < 0) == name.endswith("left")  # hinges are ahead: the rear edge swings out


def test_the_steering_wheel_turns_to_the_left_with_the_wheels() -> None:
    (model,) = models("car", 1)
    (joint,) = [j for j in model.joints if j.driver == Driver.STEER and abs(j.gain) > 2]
    body = next(b for b in model.bodies if b.joint >= 0 and model.joints[b.joint] is joint)
    index = model.bodies.index(body)
    straight = model.posed()[index]
    turned = model.posed(steer_rad=0.02)[index]
    top = straight[:, 2].argmax()
    assert turned[top, 1] > straight[top, 1] + 0.02  # the top of its rim goes to the driver's left


@settings(max_examples=12, deadline=None)
@given(kind=st.sampled_from(("pedestrian", "car", "cow", "bicycle")), seed=st.integers(0, 1000))
def test_coarse_models_have_the_same_shape_within_a_cell(kind: str, seed: int) -> None:
    from scipy.spatial import cKDTree

    cell = 0.05
    (fine, *_) = models(kind, seed)
    coarse = fine.coarse(cell)
    assert np.array_equal(coarse.bounds, fine.bounds)
    count = [sum(len(body.mesh.faces) for body in model.bodies) for model in (fine, coarse)]
    assert count[1] < 0.75 * count[0]
    for a, b in zip(fine.bodies, coarse.bodies, strict=True):
        near = cKDTree(a.mesh.vertices).query(b.mesh.vertices)[0] if len(b.mesh.vertices) else np.zeros(1)
        assert near.max() < cell * np.sqrt(3)


def test_the_front_of_a_hull_is_met_between_its_levels() -> None:
    """A front that leans by 45 degrees and sides that draw in are straight lines between two levels."""
    body = hull([0.0, 1.0, 2.0], [3.0, 3.0, 2.0], [0.0, 0.0, 0.0], [1.0, 1.0, 0.8], [2.0, 1.0])
    for z in (1.0, 1.25, 1.7, 2.0):
        assert body.nose_at(z, 0.0) == pytest.approx(4.0 - z)
        assert body.half_at(z) == pytest.approx(1.2 - 0.2 * z)
    assert body.nose_at(0.5, 0.0) == pytest.approx(3.0)


def test_eyes_are_as_white_in_faces_of_every_tone() -> None:
    for tone in range(1, 11):
        skin = materials(tone, Dress(), np.random.default_rng(tone), face="smooth")[0][Part.SKIN]
        assert skin.texture is not None
        shown = SRGB_TO_LINEAR[skin.texture.rgba[..., :3]] * np.array(skin.albedo)
        # texture rows fall from the crown, columns go from the middle of the face to the nape
        eye, plain = shown[128, 43], shown[-1, 0]
        assert eye == pytest.approx(EYE_WHITE, rel=0.04)
        assert shown.max() < 0.75 and (plain < 0.7).all()
        swatch = np.array(srgb(load_asset("people")["skin"][tone - 1]))
        assert 0.4 * swatch.mean() < plain.mean() < 0.035 + swatch.mean()


def test_motorcyclists_wear_gloves_and_others_show_their_hands() -> None:
    """The hands are the lowest skin of who stands with long sleeves; in gloves only the head shows any."""
    for clothes, bare in (("riding", False), ("casual", True)):
        person = adult("male", 5, clothes, 1.75, np.random.default_rng(2))
        dress = replace(person.dress, sleeve=1.0, legs="trousers")
        skin = [
            segment.mesh.vertices[segment.mesh.faces[segment.mesh.slots == Part.SKIN]]
            for segment in figure(person.physique, dress, np.random.default_rng(3))
        ]
        lowest = min(points[..., 2].min() for points in skin if len(points))
        assert (lowest < 0.6 * 1.75) == bare


@pytest.mark.parametrize("kind", ["cow", "horse"])
def test_a_neck_slopes_forward_to_the_grass(kind: str) -> None:
    """Grazing heads are before the fore feet, at the end of necks that do not hang straight down."""
    from simulator.actors.animals import _grazing, _neck

    row = load_asset("animals")[kind]
    withers = sum(row["withers_m"]) / 2
    base, tip = _neck(row, withers, 1.0, _grazing(row, withers, 1.0))
    below_deg = np.degrees(np.arctan2(base[2] - tip[2], tip[0] - base[0]))
    assert 20.0 < below_deg < 65.0
    assert tip[0] > 0.37 * row["body"][0] + 0.25 * withers
    assert 0.0 < tip[2] < row["head"][0]
