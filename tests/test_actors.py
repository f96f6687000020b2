"""Actors: real dimensions, wheels that roll, limbs that stay in their boxes, faces that look outside, equal seeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from simulator.actors import dirt
from simulator.actors.coachwork import Slot
from simulator.actors.finishes import paint as paint_of
from simulator.actors.lettering import lettered
from simulator.actors.physique import Part, Physique
from simulator.actors.shape import block, finish, lathe, pipe, rounded_box, signed_volume, skin
from simulator.data import load_asset
from simulator.numerics.rng import generator
from simulator.raycast import Scene as RayScene
from simulator.scenario.family import members
from simulator.scene import Driver, Mesh, Model, SceneBuilder, Switch

KINDS = sorted(members("actors"))
WHEELED = ("car", "van", "truck", "bus", "motorcycle", "bicycle")
SHOE = {Part.SHOES, Part.SOLES}
LEGGED = ("pedestrian", "child", "runner", "deer", "boar", "fox", "dog", "cat", "cow", "horse", "sheep")


def models(kind: str, seed: int, **parameters: object) -> list[Model]:
    return members("actors")[kind](**parameters).models(generator(seed, "actor"))  # type: ignore[attr-defined]


def all_vertices(model: Model, **state: float) -> NDArray[np.float64]:
    return np.concatenate(model.posed(**state)).astype(np.float64)


def test_the_kinds_that_the_world_needs_are_there() -> None:
    assert {*WHEELED, *LEGGED, "excavator"} <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_seeds_give_equal_bytes_and_others_another_individual(kind: str) -> None:
    first, again, other = (models(kind, seed) for seed in (1, 1, 2))
    for a, b in zip(first, again, strict=True):
        assert a.attributes == b.attributes
        assert a.joints == b.joints
        assert a.lamps == b.lamps
        for x, y in zip(a.bodies, b.bodies, strict=True):
            assert x.mesh.vertices.tobytes() == y.mesh.vertices.tobytes()
            assert x.mesh.faces.tobytes() == y.mesh.faces.tobytes()
            assert x.materials == y.materials
    assert first[0].bodies[0].mesh.vertices.tobytes() != other[0].bodies[0].mesh.vertices.tobytes()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [3, 4])
def test_everything_stands_on_the_ground_and_is_sound(kind: str, seed: int) -> None:
    for model in models(kind, seed):
        points = all_vertices(model)
        assert np.isfinite(points).all()
        assert points[:, 2].min() > -0.02
        low, high = model.bounds
        assert (high - low > 0.05).all()
        assert 0.0 <= low[2] < 0.35
        for body in model.bodies:
            assert body.joint < len(model.joints)
            assert body.mesh.slots.max() < len(body.materials)
            assert body.mesh.faces.max() < len(body.mesh.vertices)
    touching = [all_vertices(m, gait_rad=g)[:, 2].min() for m in models(kind, seed) for g in np.arange(8) * np.pi / 4]
    assert min(touching) < 0.06  # something touches the ground, if not all the time


@pytest.mark.parametrize("kind", KINDS)
def test_actors_can_be_put_into_a_scene(kind: str) -> None:
    builder = SceneBuilder((0.0, 0.0, 0.0))
    parent = 0
    for model in models(kind, 5):
        parent = builder.add_object(model, (1.0, 2.0, 0.0), moving=True, parent=parent)
    scene = builder.build()
    assert len(scene.objects) >= 2
    assert (scene.joints["parent"] < np.arange(len(scene.joints))).all()


@pytest.mark.parametrize(
    ("kind", "table", "field"), [("car", "cars", "style"), ("van", "vans", "style"), ("bus", "buses", "style")]
)
def test_dimensions_lie_in_the_catalogue(kind: str, table: str, field: str) -> None:
    for style, row in load_asset("vehicles")[table].items():
        for seed in range(4):
            (model,) = models(kind, seed, **{field: style})
            size = dict(zip(("length", "width", "height"), model.size_lwh_m, strict=True))
            for name, value in size.items():
                low, high = row[name]
                assert low - 1e-6 <= value <= high + 1e-6, (style, name)
            # The geometry fills the labelled box; only mirrors, aerials and roof fittings may stand out.
            points = all_vertices(model)
            low, high = model.bounds
            assert points[:, 0].min() == pytest.approx(low[0], abs=0.05)
            assert points[:, 0].max() == pytest.approx(high[0], abs=0.05)
            assert np.quantile(np.abs(points[:, 1]), 0.99) <= high[1] + 0.25
            assert points[:, 2].max() <= high[2] + 0.35
            sides = np.sort(np.abs(points[:, 1]))
            assert sides[-1] <= high[1] + 0.35
            assert (np.abs(points[:, 1]) > high[1] - 0.03).sum() > 20
            assert (points[:, 2] > high[2] - 0.06).sum() > 10


def test_asked_dimensions_are_kept() -> None:
    (model,) = models("car", 0, style="sedan", length_m=4.75, width_m=1.82, height_m=1.45)
    assert model.size_lwh_m == pytest.approx([4.75, 1.82, 1.45], abs=1e-9)


@pytest.mark.parametrize("kind", WHEELED)
def test_wheels_touch_the_ground_and_roll_without_slipping(kind: str) -> None:
    for seed in range(3):
        model = models(kind, seed)[0]
        rolling = [
            (k, j)
            for k, j in enumerate(model.joints)
            if j.driver == Driver.TRAVEL and abs(j.gain * j.pivot[2] - 1) < 1e-6
        ]
        assert len(rolling) >= 2
        at_rest = model.posed()
        step = 1e-4
        moved = model.posed(travel_m=step)
        for joint_index, joint in rolling:
            body = next(k for k, b in enumerate(model.bodies) if b.joint == joint_index)
            wheel = at_rest[body]
            assert abs(wheel[:, 2].min()) < 0.01
            contact = wheel[:, 2].argmin()
            # The vehicle moves forward by `step`; the contact point must stay where it is in the world.
            slip = moved[body][contact] + [step, 0, 0] - wheel[contact]
            off_axis = abs(wheel[contact, 0] - joint.pivot[0])  # the lowest vertex is not exactly under the hub
            assert abs(slip[0]) < step * 0.02 + 1e-9
            assert abs(slip[2]) < step * (off_axis / joint.pivot[2] + 0.02)


@pytest.mark.parametrize("kind", ["car", "bus", "motorcycle"])
def test_steered_wheels_turn_left_for_positive_angles(kind: str) -> None:
    model = models(kind, 1)[0]
    straight = model.posed()
    turned = model.posed(steer_rad=0.3)
    front = [k for k, b in enumerate(model.bodies) if b.joint >= 0 and model.joints[b.joint].parent >= 0]
    assert front
    for k in front:
        ahead = straight[k][:, 0].argmax()
        assert turned[k][ahead, 1] > straight[k][ahead, 1] + 0.02
    rear = [k for k, b in enumerate(model.bodies) if b.joint < 0]
    for k in rear:
        assert np.array_equal(straight[k], turned[k])


@pytest.mark.parametrize("kind", LEGGED)
def test_limbs_stay_in_the_box_over_a_gait_cycle(kind: str) -> None:
    for seed in range(2):
        (model,) = models(kind, seed)
        assert any(body.skin is not None for body in model.bodies)
        low, high = model.bounds
        reach = []
        for gait in np.linspace(0, 2 * np.pi, 23):
            points = all_vertices(model, gait_rad=float(gait))
            assert (points >= low - [0.015, 0.015, 0.03 + 0.02 * high[2]]).all()  # hooves tilt into soft ground
            assert (points <= high + 0.015).all()
            reach.append([points[:, 0].min(), points[:, 0].max()])
        swing = all_vertices(model, gait_rad=0.0) - all_vertices(model, gait_rad=np.pi / 2)
        assert np.linalg.norm(swing, axis=1).max() > 0.05 * high[2]
        # The box is not larger than the cycle needs.
        assert np.min(reach) < low[0] + 0.03
        assert np.max(reach) > high[0] - 0.03


PHASES = 97


def sole_tracks(model: Model, slots: set[int]) -> NDArray[np.float64]:
    """(phases, V, 3) vertices of these material slots on the way of one stride, in the world."""
    (body,) = [b for b in model.bodies if b.skin is not None]
    used = np.unique(body.mesh.faces[np.isin(body.mesh.slots, list(slots))])
    phases = np.linspace(0.0, 1.0, PHASES)
    track = np.array([body.skin.bent(body.mesh.vertices, 2 * np.pi * p)[used] for p in phases])  # type: ignore[union-attr]
    track[..., 0] += (phases * model.stride_m)[:, None]
    return track.astype(np.float64)


def slip(track: NDArray[np.float64], near_m: float) -> float:
    """How far a point moves over the ground at most while it is nearer than `near_m` to it."""
    worst = 0.0
    down = track[..., 2] < near_m
    for k in np.flatnonzero(down.any(0)):
        rows = np.flatnonzero(down[:, k])
        for run in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1):
            worst = max(worst, float(np.ptp(track[run, k, :2], axis=0).max()))
    return worst


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(("pedestrian", "child", "runner")),
    seed=st.integers(0, 1000),
    share=st.floats(0.5, 1.7),
)
def test_feet_do_not_slip_at_any_speed_and_stature(kind: str, seed: int, share: float) -> None:
    pace = share * members("actors")[kind].speed_mps  # type: ignore[attr-defined]
    track = sole_tracks(models(kind, seed, pace_mps=pace)[0], {Part.SHOES, Part.SOLES})
    assert slip(track, 0.003) < 0.03
    assert track[..., 2].min() > -0.02
    lowest = track[..., 2].min(1)
    assert lowest.min() < 0.005


@pytest.mark.parametrize("kind", ["deer", "boar", "fox", "dog", "cat", "cow", "horse", "sheep"])
@pytest.mark.parametrize("share", [0.3, 0.8, 2.0])
def test_hooves_and_paws_do_not_slip(kind: str, share: float) -> None:
    (model,) = models(kind, 1, pace_mps=share * members("actors")[kind].speed_mps)  # type: ignore[attr-defined]
    track = sole_tracks(model, set(range(5)))
    assert slip(track, 0.001 * model.size_lwh_m[2]) < 0.03
    assert track[..., 2].min() > -0.02 * model.size_lwh_m[2]


def test_strides_are_as_long_as_those_of_real_people() -> None:
    """At 1.34 m/s some 1.4 m (Weidmann), at 3 m/s some 2.2 m; children's are shorter."""
    assert 1.25 < models("pedestrian", 1, pace_mps=1.34, height_m=1.75)[0].stride_m < 1.5
    assert 2.0 < models("runner", 1, height_m=1.75)[0].stride_m < 2.4
    assert models("child", 1, age_years=3.0)[0].stride_m < 0.8


def test_cyclists_feet_follow_the_pedals() -> None:
    bicycle, rider = models("bicycle", 2)
    development = bicycle.stride_m
    crank = next(
        k
        for k, b in enumerate(bicycle.bodies)
        if b.joint >= 0 and bicycle.joints[b.joint].gain == pytest.approx(2 * np.pi / development)
    )
    shoe = np.unique(rider.bodies[0].mesh.faces[np.isin(rider.bodies[0].mesh.slots, list(SHOE))])
    for turn in np.linspace(0, 2 * np.pi, 9):
        pedals = bicycle.posed(travel_m=float(turn / (2 * np.pi) * development))[crank]
        shoes = rider.posed(gait_rad=float(turn))[0][shoe]
        for side in (1.0, -1.0):
            pedal = pedals[pedals[:, 1] * side > 0.1].mean(0)
            foot = shoes[shoes[:, 1] * side > 0]
            near = foot[np.abs(foot[:, 0] - pedal[0]) < 0.02]
            assert abs(near[:, 2].min() - pedal[2]) < 0.045
    assert rider.class_name == "rider"


@pytest.mark.parametrize("kind", ["bicycle", "motorcycle"])
def test_riders_hold_the_bars_and_sit_on_the_saddle(kind: str) -> None:
    for seed in range(4):
        machine, rider = models(kind, seed)
        points = all_vertices(rider)
        outer = points[(np.abs(points[:, 1]) > 0.15) & (points[:, 2] > 0.5 * points[:, 2].max())]
        hands = outer[outer[:, 0] > np.quantile(outer[:, 0], 0.97)]
        own = all_vertices(machine)
        near = own[(np.abs(own[:, 2] - hands[:, 2].mean()) < 0.15) & (np.abs(own[:, 1]) > 0.15)]
        assert np.abs(near[:, 0] - hands[:, 0].mean()).min() < 0.15
        assert points[:, 2].min() > 0.05


@pytest.mark.parametrize("kind", WHEELED)
def test_lamps_sit_on_the_vehicle_and_look_the_right_way(kind: str) -> None:
    model = models(kind, 7)[0]
    low, high = model.bounds
    assert model.lamps
    for lamp in model.lamps:
        position = np.array(lamp.position)
        assert (position > low - 0.2).all()
        assert (position < high + 0.2).all()
        assert np.linalg.norm(lamp.direction) == pytest.approx(1.0, abs=2e-3)
        forward = lamp.direction[0] > 0 and lamp.switch != Switch.PLATE  # which is lit from behind
        if lamp.beam != 0:
            assert (position[0] > high[0] - 0.8) == forward


@pytest.mark.parametrize("kind", ["car", "van", "truck", "bus"])
def test_rear_plates_are_lit_as_un_r4_asks(kind: str) -> None:
    """All over a white plate at least 2.5 cd/m2, and no edge of light sharper than twice the least in 1 cm (9)."""
    for seed in range(4):
        model = models(kind, seed)[0]
        [lamp] = [lamp for lamp in model.lamps if lamp.switch == Switch.PLATE]
        points = np.concatenate(
            [body.mesh.vertices[body.mesh.faces[body.mesh.slots == Slot.PLATE]].reshape(-1, 3) for body in model.bodies]
        )
        rear = points[points[:, 0] < points[:, 0].min() + 0.05]
        (x, y0, z0), (_, y1, z1) = rear.min(0), rear.max(0)
        y, z = np.meshgrid(np.linspace(y0, y1, 53), np.linspace(z0, z1, 12))
        way = np.stack([np.full(y.shape, x), y, z], -1) - lamp.position
        distance = np.linalg.norm(way, axis=-1)
        lux = lamp.intensity_cd * (way @ lamp.direction) / distance * way[..., 0] / distance**3
        luminance = 0.7 * lux / np.pi
        assert luminance.min() > 2.5
        assert np.abs(np.diff(luminance, axis=1)).max() < 2 * luminance.min()
        assert y1 - y0 == pytest.approx(0.52, abs=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_camera_sees_looks_outside(kind: str) -> None:
    """Rays from all round meet front faces: winding is right and shells have no holes."""
    model = models(kind, 11)[0]
    vertices, faces, start = [], [], 0
    for body, points in zip(model.bodies, model.posed(), strict=True):
        vertices.append(points)
        faces.append(body.mesh.faces + start)
        start += len(points)
    v, f = np.concatenate(vertices).astype(np.float32), np.concatenate(faces).astype(np.int32)
    scene = RayScene()
    scene.add(v, f)
    scene.commit(threads=1)
    rng = generator(0, "rays")
    low, high = model.bounds
    way = rng.standard_normal((6000, 3))
    way[:, 2] = np.abs(way[:, 2]) * 0.6
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    target = low + (high - low) * rng.random((6000, 3))
    origin = target + way * 2 * np.linalg.norm(high - low)
    hits = scene.closest_hit(origin.astype(np.float32), (-way).astype(np.float32), threads=1)
    met = hits.part >= 0
    assert met.sum() > 500
    triangle = v[f[hits.primitive[met]]].astype(np.float64)
    normal = np.cross(triangle[:, 1] - triangle[:, 0], triangle[:, 2] - triangle[:, 0])
    behind = np.einsum("ij,ij->i", normal, -way[met]) > 0
    assert behind.mean() < 0.012


@pytest.mark.parametrize("kind", ["pedestrian", "child"])
def test_people_keep_their_volume_however_they_bend(kind: str) -> None:
    for seed in range(3):
        (model,) = models(kind, seed, pose="walking")
        ((body, skin),) = [(b, b.skin) for b in model.bodies if b.skin is not None]
        states = [skin.bent(body.mesh.vertices, g) for g in np.arange(6.0)]
        volume = np.array([signed_volume(replace(body.mesh, vertices=v)) for v in states])
        assert np.ptp(volume) < 0.06 * volume.mean()
        # Litres against the weight at a body mass index of 22; clothes are hollow, and limbs reach into the trunk.
        assert 0.4 < volume.mean() * 1000 / (22 * model.size_lwh_m[2] ** 2) < 2.7


def test_children_have_larger_heads_and_shorter_legs() -> None:
    toddler = Physique(0.95, 0.186, crotch=0.405, youth=0.9)
    grown = Physique(1.75, 0.228)
    assert toddler.head / toddler.height > 1.4 * grown.head / grown.height
    assert toddler.hip_z / toddler.height < 0.95 * grown.hip_z / grown.height
    for age in (3.0, 7.0, 12.0):
        (model,) = models("child", 4, age_years=age, pose="standing")
        expected = np.interp(age, load_asset("people")["children"]["age"], load_asset("people")["children"]["height"])
        assert model.size_lwh_m[2] == pytest.approx(expected, rel=0.14)


def test_lying_and_sitting_people_are_low() -> None:
    for seed in range(4):
        (lying,) = models("pedestrian", seed, pose="lying")
        assert lying.size_lwh_m[2] < 0.75
        assert lying.size_lwh_m[0] > 1.1
        assert len(lying.bodies) == 1
        seated, _ = models("pedestrian", seed, pose="sitting", seat="bench")
        assert 1.0 < seated.size_lwh_m[2] < 1.6
        (seated,) = models("pedestrian", seed, pose="sitting", seat="ground")
        assert 0.6 < seated.size_lwh_m[2] < 1.1


@pytest.mark.parametrize("kind", ["pedestrian", "child", "runner", "bicycle", "scooter", "wheelchair"])
def test_sampling_of_people_is_balanced(kind: str) -> None:
    from collections import Counter

    tones, sexes = Counter[str](), Counter[str]()
    actor = members("actors")[kind]()
    for seed in range(400):
        drawn = actor.drawn(generator(seed, "balance"))  # type: ignore[attr-defined]
        tones[str(drawn.skin_tone)] += 1
        sexes[drawn.sex] += 1
    assert abs(sexes["female"] - 200) < 45
    assert len(tones) == 10
    assert min(tones.values()) > 15


def test_the_balance_of_people_is_reported() -> None:
    from simulator.cli.catalogue import catalogue

    rows = dict(catalogue("people"))
    assert {"pedestrian", "child", "bicycle", "motorcycle", "wheelchair"} <= set(rows)
    assert "female 5" in rows["pedestrian"] or "female 4" in rows["pedestrian"]
    assert "tones 8-10" in rows["child"]


def test_car_colours_follow_the_fleet() -> None:
    from simulator.actors.finishes import draw_paint

    rng = generator(0, "paint")
    names = [draw_paint(rng) for _ in range(2000)]
    muted = sum(name in ("white", "black", "grey", "silver") for name in names) / 2000
    assert 0.70 < muted < 0.84


def test_primitives_enclose_their_volume() -> None:
    assert signed_volume(block((1, 2, 3))) == pytest.approx(6.0)
    assert 5.5 < signed_volume(rounded_box((1, 2, 3), radius=0.1)) < 6.0
    rod = pipe([[0, 0, 0], [0, 0, 1.0]], 0.1, segments=64)
    assert signed_volume(rod) == pytest.approx(np.pi * 0.01, rel=0.01)
    drum = lathe([0, 1, 1, 0], [-1, -1, 1, 1], segments=96)
    assert signed_volume(drum) == pytest.approx(2 * np.pi, rel=0.01)
    angle = np.arange(32) * (2 * np.pi / 32)
    ring = np.stack([np.cos(angle), np.sin(angle), 0 * angle], 1)
    assert signed_volume(skin(np.stack([ring, ring + [0, 0, 2.0]]))) == pytest.approx(2 * np.pi, rel=0.02)


def test_finish_welds_smooth_edges_and_splits_sharp_ones() -> None:
    cube = finish([block((1, 1, 1))])
    assert len(cube.vertices) == 24
    assert len(finish([block((1, 1, 1))], crease_deg=100).vertices) == 8
    round_ = finish([lathe([1, 1], [0, 1], segments=48)])
    assert len(round_.vertices) == 96


def test_rears_and_what_is_behind_wheels_are_dirtier_than_flanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dirt, "LEVELS", (0.85,))
    monkeypatch.setattr(dirt, "SHARES", (1.0,))
    paint = paint_of("white", generator(0, "paint"))

    def _height(panel: Mesh, wheels_x: tuple[float, ...] = ()) -> tuple[Mesh, NDArray[np.float64]]:
        mesh, _ = dirt.soiled(finish([panel]), (paint,), (0,), generator(0, "dirt"), wheels_x=wheels_x)
        return mesh, mesh.uv[:, 1] * dirt.HEIGHT_M

    _, (soiled,) = dirt.soiled(finish([block((1.0, 1.0, 1.0))]), (paint,), (0,), generator(0, "dirt"))
    assert soiled.texture is not None and 0.0 < soiled.clearcoat < paint.clearcoat
    cover = soiled.texture.rgba[..., :3].astype(float).mean((1, 2))  # by rows, from the top of the body down
    assert cover[:20].mean() > cover[-20:].mean() + 60.0  # white paint shows where there is little dirt
    mesh, height = _height(block((0.2, 1.8, 1.0), (-2.0, 0.0, 1.0), 0))
    corner = mesh.vertices[mesh.faces]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    rear, rest = (np.unique(mesh.faces[where]) for where in (normal[:, 0] < 0, normal[:, 0] >= 0))
    assert height[rear] == pytest.approx(dirt.REAR_SHARE * mesh.vertices[rear, 2], abs=1e-3)
    assert height[rest] == pytest.approx(mesh.vertices[rest, 2], abs=1e-3)
    side = block((0.01, 1.8, 0.01), (-1.75, 0.0, 1.0), 0)  # 0.55 m behind a wheel
    assert (_height(side)[1] - _height(side, (-1.2,))[1]).max() == pytest.approx(dirt.THROWN_M, abs=0.01)


@pytest.mark.parametrize("seed", range(4))
def test_firms_on_walls_can_be_read(seed: int) -> None:
    light, dark = (
        lettered(0.0, 1.2, 2.0, (3.0, 1.0), generator(seed, "firm"), ground=ground).materials[0].albedo
        for ground in ("white", "black")
    )
    assert max(light) < 0.6 and sum(light) / 3 < 0.3  # on white walls
    assert min(dark) > 0.7
