"""Skins against plain sums of matrices, and what rays, normals and labels make of them against meshes built anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from small_world import ORIGIN, air, car
from test_actors import models

from simulator import raycast
from simulator.actors.physique import Part
from simulator.scene import Model, SceneBuilder, Timeline
from simulator.scene.mesh import ellipsoid
from simulator.scene.skinning import INFLUENCES, skin_of
from simulator.sensors.shading.tables import pack_scene
from simulator.sensors.stage import SEEN, Stage

SPEED_MPS = 1.3


@given(seed=st.integers(0, 2**31), gait=st.floats(-20.0, 20.0), phases=st.integers(1, 9), bones=st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_vertices_are_weighted_means_of_what_their_bones_do(seed: int, gait: float, phases: int, bones: int) -> None:
    rng = np.random.default_rng(seed)
    vertices = rng.normal(size=(30, 3)).astype(np.float32)
    cycle = rng.normal(size=(phases, bones, 3, 4))
    blend = {f"bone {b}": rng.random(30) for b in range(bones)}
    skin = skin_of(list(blend), [(30, blend)], cycle)  # type: ignore[arg-type]
    weight = np.stack(list(blend.values()), 1)
    weight[np.arange(30)[:, None], np.argsort(-weight, axis=1, kind="stable")[:, INFLUENCES:]] = 0.0
    weight /= weight.sum(1, keepdims=True)
    place = (gait / (2 * np.pi)) % 1.0 * phases
    share, before = place % 1.0, int(place) % phases
    now = (1 - share) * cycle[before] + share * cycle[(before + 1) % phases]
    mean = np.einsum("vb,bij->vij", weight, now)
    expected = np.einsum("vij,vj->vi", mean[:, :, :3], vertices) + mean[:, :, 3]
    np.testing.assert_allclose(skin.bent(vertices, gait), expected, atol=2e-5)


def street(kind: str, **parameters: object) -> tuple[Stage, int, Model]:
    """A stage with an ego and somebody who goes past it in ten seconds, and the object id and model of that one."""
    (model,) = models(kind, 2, **parameters)
    builder = SceneBuilder(ORIGIN)
    ego = builder.add_object(car(), ORIGIN, name="ego", moving=True)
    row = builder.add_object(model, ORIGIN + [8.0, -2.0, 0.0], (0, 0, 1.2), moving=True)
    position, rpy = builder.initial_poses()
    times = np.arange(101, dtype=np.int64) * 100_000_000
    seconds = times * 1e-9
    still = np.zeros((len(times), len(position)))
    places = np.repeat(position[None], len(times), 0)
    way = SPEED_MPS * seconds[:, None] * np.array([np.cos(1.2), np.sin(1.2), 0.0])
    places[:, row] += way
    gait = still.copy()
    gait[:, row] = np.linalg.norm(way, axis=1) * 2 * np.pi / model.stride_m
    speed = np.zeros_like(places)
    speed[:, row] = SPEED_MPS * np.array([np.cos(1.2), np.sin(1.2), 0.0])
    rpys = np.repeat(rpy[None], len(times), 0)
    timeline = Timeline(times, places, rpys, speed, still, still, gait, np.zeros(still.shape, np.uint32))
    return Stage(builder.build(), timeline, air(), ego), row, model


def standing_still(stage: Stage, model: Model, row: int, gait: float, time_ns: int) -> raycast.Scene:
    """The same body as a rigid mesh, built anew in its present shape."""
    scene = raycast.Scene()
    pose = stage.scene.local_SE3_object(stage.timeline.at(time_ns))[row]
    for body, vertices in zip(model.bodies, model.posed(gait_rad=gait, speed_mps=SPEED_MPS), strict=True):
        scene.add(vertices, body.mesh.faces, pose)
    scene.commit()
    return scene


def looks(rng: np.random.Generator, toward: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    origins = np.array([0.0, 0.0, 1.5]) + rng.normal(size=(3000, 3)) * [0.2, 3.0, 0.3]
    targets = toward + rng.normal(size=(3000, 3)) * [0.3, 0.3, 0.5] + [0, 0, 0.9]
    return origins.astype(np.float32), (targets - origins).astype(np.float32)


@pytest.mark.parametrize(
    ("kind", "time_ns"), [("pedestrian", 1_730_000_000), ("child", 410_000_000), ("deer", 650_000_000)]
)
def test_rays_meet_bodies_as_they_are_bent_and_so_do_normals(kind: str, time_ns: int) -> None:
    stage, row, model = street(kind, **({"carries": ""} if kind == "pedestrian" else {}))
    stage.at(time_ns)
    gait = float(stage.snapshot.gait_rad[row])
    origins, directions = looks(np.random.default_rng(1), stage.snapshot.position[row] - ORIGIN)
    found = stage.rays.closest_hit(origins, directions, mask=SEEN)
    expected = standing_still(stage, model, row, gait, time_ns).closest_hit(origins, directions)
    assert np.isfinite(expected.t).sum() > 300
    same = found.primitive == expected.primitive
    wisps = (kind != "deer") & (model.bodies[0].mesh.slots[expected.primitive] == Part.WISPS)
    assert (same | wisps).mean() > 0.995  # but for rays that pass a hair from an edge, or between hairs
    np.testing.assert_allclose(found.t[same], expected.t[same], rtol=1e-4)

    builder = SceneBuilder(ORIGIN)
    rigid = tuple(
        replace(body, mesh=replace(body.mesh, vertices=v), skin=None)
        for body, v in zip(model.bodies, model.posed(gait_rad=gait, speed_mps=SPEED_MPS), strict=True)
    )
    builder.add_object(replace(model, bodies=rigid), ORIGIN)
    anew = pack_scene(builder.build(), np.eye(4)[None])
    ours, faces = stage.packed.vertices[-len(anew.vertices) :], stage.packed.faces[-len(anew.faces) :]
    for name in ("nx", "ny", "nz"):
        np.testing.assert_allclose(ours[name], anew.vertices[name], atol=2e-3)
        np.testing.assert_allclose(faces[name], anew.faces[name], atol=2e-3)


def test_in_a_sweep_bodies_have_the_shape_in_which_they_are_met() -> None:
    stage, row, model = street("pedestrian", carries="")
    begin, end, when = 1_000_000_000, 1_100_000_000, 1_080_000_000
    stage.sweep(begin, end, met=lambda places: np.full(len(places), when))
    gait = float(stage.timeline.at(when).gait_rad[row])
    origins, directions = looks(np.random.default_rng(2), stage.timeline.at(when).position[row] - ORIGIN)
    time = stage.sweep_time(np.array([when]))[0]
    found = stage.rays.closest_hit(origins, directions, mask=SEEN, time=time)
    expected = standing_still(stage, model, row, gait, when).closest_hit(origins, directions)
    same = found.primitive == expected.primitive
    assert same.mean() > 0.99
    np.testing.assert_allclose(found.t[same], expected.t[same], rtol=1e-4)
    # Half a step later the legs are elsewhere.
    later = standing_still(stage, model, row, gait + 0.5 * np.pi, when).closest_hit(origins, directions)
    assert (found.primitive == later.primitive).mean() < same.mean() - 0.01


def test_two_of_one_model_have_their_own_shapes() -> None:
    (model,) = models("pedestrian", 2, carries="")
    builder = SceneBuilder(ORIGIN)
    for k in range(2):
        builder.add_object(model, ORIGIN + [0.0, 2.0 * k, 0.0], moving=True)
    skins = builder.build().skins
    first, second = np.split(skins.bent(np.array([0.0, 0.3, 2.5]), np.full(3, np.inf)), 2)
    assert np.array_equal(first, model.posed(gait_rad=0.3)[0])
    assert np.array_equal(second, model.posed(gait_rad=2.5)[0])


def test_what_stands_for_others_from_afar_bends_with_them() -> None:
    (model,) = models("pedestrian", 4, carries="")
    coarse = model.coarse(0.05)
    fine, few = model.posed(gait_rad=2.0)[0], coarse.posed(gait_rad=2.0)[0]
    assert len(few) < 0.5 * len(fine)
    nearest = np.array([np.linalg.norm(fine - v, axis=1).min() for v in few[::5]])
    assert np.quantile(nearest, 0.98) < 0.05


def test_bones_of_no_weight_and_too_many_are_left_out() -> None:
    mesh = ellipsoid((1, 1, 1))
    shares = {f"b{k}": float(k) for k in range(6)}
    cycle = np.broadcast_to(np.eye(4)[:3], (1, 6, 3, 4))
    skin = skin_of(list(shares), [(len(mesh.vertices), shares)], cycle)  # type: ignore[arg-type]
    assert skin.bones[0].tolist() == [5, 4, 3, 2]
    np.testing.assert_allclose(skin.weights.sum(1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(skin.bent(mesh.vertices, 1.0), mesh.vertices, atol=1e-6)


@pytest.mark.parametrize("kind", ["pedestrian", "child", "runner", "deer"])
def test_who_does_not_move_stands_on_the_ground(kind: str) -> None:
    (model,) = models(kind, 3, **({"carries": ""} if kind == "pedestrian" else {}))
    still = [model.posed(gait_rad=g, speed_mps=0.0)[0] for g in (0.0, 2.0)]
    assert np.array_equal(*still)
    assert still[0][:, 2].min() == pytest.approx(0.0, abs=0.02)
    fast = model.posed(gait_rad=1.0, speed_mps=20.0)[0]
    assert np.array_equal(fast, model.posed(gait_rad=1.0)[0])
    assert np.abs(fast - still[0]).max() > 0.1
    between = model.posed(gait_rad=1.0, speed_mps=0.25 * 1.34)[0]
    assert 0.0 < np.abs(between - still[0]).max() < np.abs(fast - still[0]).max()
