"""People in their clothes and on their seats, against rays: seats that carry, necks without steps, coats that hang."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from test_actors import models

from simulator.actors.figure import figure
from simulator.actors.gait import WALK, striding
from simulator.actors.people import COAT_APART, SEXES
from simulator.actors.physique import Dress, Part
from simulator.actors.seats import SEATS
from simulator.actors.skeleton import Pose, skinned
from simulator.actors.wardrobe import Person, adult, child
from simulator.actors.wheelchairs import WHEEL_M
from simulator.numerics.rng import generator
from simulator.raycast import Scene as RayScene
from simulator.scenario.models import Scenario
from simulator.scene import Mesh, Model
from simulator.world import World, build_world
from simulator.world.casting import models_for

F64 = NDArray[np.float64]


def _reach(
    vertices: NDArray[np.float32], faces: NDArray[np.int32], origin: F64, way: F64
) -> tuple[F64, NDArray[np.int64]]:
    """Distance to the first face, infinite where there is none, and which face it is."""
    scene = RayScene()
    scene.add(np.ascontiguousarray(vertices, np.float32), np.ascontiguousarray(faces, np.int32))
    scene.commit(threads=1)
    ways = np.broadcast_to(way, origin.shape).astype(np.float32)
    hits = scene.closest_hit(origin.astype(np.float32), np.ascontiguousarray(ways), threads=1)
    return np.where(hits.part >= 0, hits.t.astype(np.float64), np.inf), np.where(hits.part >= 0, hits.primitive, -1)


@pytest.mark.parametrize("kind", ["pedestrian", "child"])
@pytest.mark.parametrize("seat", SEATS)
def test_seats_carry_hips_and_thighs(kind: str, seat: str) -> None:
    for seed in range(4):
        person, *furniture = models(kind, seed, pose="sitting", seat=seat)
        assert len(furniture) == (seat != "ground")
        body = person.bodies[0].mesh
        x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(-0.06, 0.12, 13), np.linspace(-0.09, 0.09, 9)))
        below = np.stack([x, y, np.full(len(x), -0.5)], 1)
        under, _ = _reach(body.vertices, body.faces, below, np.array([0.0, 0.0, 1.0]))
        carried = np.full(len(x), 0.5)
        if furniture:
            mesh = furniture[0].bodies[0].mesh
            assert mesh.vertices[:, 2].min() == pytest.approx(0.0, abs=0.03)
            above = np.stack([x, y, np.full(len(x), 0.6)], 1)
            carried = 1.1 - _reach(mesh.vertices, mesh.faces, above, np.array([0.0, 0.0, -1.0]))[0]
        gap = (under - carried)[np.isfinite(under) & np.isfinite(carried)]
        assert -0.03 < gap.min() < 0.005, (seed, gap.min())
        assert (np.abs(gap) < 0.03).mean() > 0.25, (seed, gap)
        if seat != "ground" and kind == "pedestrian":  # feet reach the ground
            assert body.vertices[:, 2].min() == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize("sex", SEXES)
def test_a_bare_neck_is_one_surface_however_the_head_is_held(sex: str) -> None:
    """Along the nape the surface has no steps: of two that cross each other, each would show a jagged edge."""
    for seed in range(4):
        person = adult(sex, 3, "casual", 0.0, generator(seed, "nape"), bag="")
        dress = replace(person.dress, thickness=0.004, hat="", hair="bald", open_front=False)
        segments = figure(person.physique, dress, generator(seed, "figure"))
        body = skinned(segments, person.materials, Pose()).mesh
        low, high = float(person.physique.z(0.842)), float(person.physique.z(0.862))
        for y in (-0.03, 0.0, 0.03):
            z = np.linspace(low, high, 40)
            origin = np.stack([np.full(40, -1.0), np.full(40, y), z], 1)
            away, face = _reach(body.vertices, body.faces, origin, np.array([1.0, 0.0, 0.0]))
            assert (body.slots[face] == Part.SKIN).mean() > 0.7
            assert np.abs(np.diff(away)).max() < 0.006, (seed, y)
            met = body.vertices[body.faces[face]].astype(np.float64)
            assert (np.cross(met[:, 1] - met[:, 0], met[:, 2] - met[:, 0])[:, 0] < 0).all()  # they look back


def _in_a_coat(sex: str, seed: int) -> Person:
    person = adult(sex, 3, "casual", 0.0, generator(seed, "coat"), bag="")
    # Without sleeves about the wrists the coat is all that there is of its cloth about the hips.
    dress = replace(person.dress, hem=0.34, thickness=0.016, legs="trousers", open_front=False, sleeve=0.45)
    return replace(person, dress=dress)


def _around_hips(mesh: Mesh, low: float, high: float) -> NDArray[np.bool_]:
    """(F,) faces of the upper garment about the hips at rest."""
    middle = mesh.vertices[mesh.faces].mean(1)
    return (mesh.slots == Part.TOP) & (middle[:, 2] > low) & (middle[:, 2] < high)


@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize("seed", range(2))
def test_coats_hang_before_walking_legs_and_beside_swinging_arms(sex: str, seed: int) -> None:
    person = _in_a_coat(sex, seed)
    p = person.physique
    segments = figure(p, person.dress, generator(seed, "figure"))
    posed = striding(p, WALK, 1.4, generator(seed, "gait"), apart=COAT_APART)
    body = skinned(segments, person.materials, posed)
    assert body.skin is not None
    rest = body.mesh
    coat = _around_hips(rest, float(p.z(0.33)), float(p.z(0.58)))
    hands = np.unique(rest.faces[(rest.slots == Part.SKIN) & (rest.vertices[rest.faces].mean(1)[:, 2] < p.z(0.50))])
    hung = []
    for gait in np.arange(8) * (np.pi / 4):
        moved = body.skin.bent(rest.vertices, float(gait))
        z = np.linspace(p.z(0.37), p.z(0.44), 12)
        y, z = (axis.ravel() for axis in np.meshgrid(np.linspace(-0.09, 0.09, 13), z))
        for start, way in ((2.0, -1.0), (-2.0, 1.0)):  # from before and behind
            origin = np.stack([np.full(len(y), start), y, z], 1)
            _, face = _reach(moved, rest.faces, origin, np.array([way, 0.0, 0.0]))
            assert (rest.slots[face[face >= 0]] == Part.BOTTOM).mean() < 0.01, gait
        for side in (1.0, -1.0):  # a hand inside the coat would see it on its way out
            mine = moved[hands][np.sign(rest.vertices[hands][:, 1]) == side].astype(np.float64)
            out, _ = _reach(moved, rest.faces[coat], mine, np.array([0.0, side, 0.0]))
            assert (np.where(np.isfinite(out), out, 0.0)).max() < 0.02, (gait, side)
        front = moved[np.unique(rest.faces[coat])]
        hung.append(front[:, 0].max() - rest.vertices[np.unique(rest.faces[coat])][:, 0].max())
    assert max(hung) < 0.10  # it is not carried ahead with the thigh, which goes 0.15 m at the hem


def test_who_sits_in_a_wheelchair_has_the_hands_on_the_push_rims() -> None:
    for seed in range(3):
        (model,) = models("wheelchair", seed)
        sitter = model.bodies[0].mesh
        hands = sitter.vertices[np.unique(sitter.faces[sitter.slots == Part.SKIN])].astype(np.float64)
        hands = hands[(hands[:, 2] < 0.75) & (np.abs(hands[:, 1]) > 0.2)]
        off = np.hypot(
            np.hypot(hands[:, 0] + 0.06, hands[:, 2] - WHEEL_M) - (WHEEL_M - 0.055), np.abs(hands[:, 1]) - 0.315
        )
        for side in (1.0, -1.0):
            assert off[np.sign(hands[:, 1]) == side].min() < 0.03, seed


@pytest.mark.parametrize("pose", ["standing", "walking", "sitting"])
def test_a_telephone_lies_in_the_hand_and_faces_the_eyes(pose: str) -> None:
    for seed in range(4):
        model = models("pedestrian", seed, pose=pose, carries="phone", seat="bench")[0]
        points, mesh = model.posed()[0].astype(np.float64), model.bodies[0].mesh
        screen = points[mesh.faces[mesh.slots == Part.VISOR]]
        middle = screen.reshape(-1, 3).mean(0)
        skin = points[np.unique(mesh.faces[mesh.slots == Part.SKIN])]
        assert np.linalg.norm(skin - middle, axis=1).min() < 0.04, seed  # palm or thumb
        normal = np.cross(screen[:, 1] - screen[:, 0], screen[:, 2] - screen[:, 0])
        up = normal[np.argmax(np.linalg.norm(normal, axis=1) * (normal[:, 2] > 0))]
        head = points[points[:, 2] > points[:, 2].max() - 0.22].mean(0)
        to_eyes = (head - middle) / np.linalg.norm(head - middle)
        assert to_eyes @ up / np.linalg.norm(up) > 0.6, seed


@pytest.mark.parametrize(("air_c", "padded", "short"), [
    (-8.0, (0.9, 1.0), (0.0, 0.0)), (0.0, (0.85, 1.0), (0.0, 0.02)),
    (15.0, (0.3, 0.6), (0.0, 0.15)), (30.0, (0.0, 0.03), (0.8, 1.0)),
])  # fmt: skip
def test_people_dress_for_the_temperature(
    air_c: float, padded: tuple[float, float], short: tuple[float, float]
) -> None:
    """A padded jacket is what 1 clo and more need, short sleeves are 0.6 clo at most (ISO 9920)."""
    worn = [
        person.dress
        for seed in range(120)
        for sex in SEXES
        for person in (
            adult(sex, 5, "casual", 0.0, np.random.default_rng(seed), air_c=air_c),
            child(8.0, sex, 5, np.random.default_rng(seed), air_c=air_c),
        )
    ]
    assert padded[0] <= np.mean([dress.thickness > 0.011 for dress in worn]) <= padded[1]
    assert short[0] <= np.mean([dress.sleeve < 1.0 for dress in worn]) <= short[1]
    if air_c < 0.0:
        assert not any(dress.legs == "shorts" for dress in worn)
        assert np.mean([dress.hat in ("beanie", "hood") for dress in worn]) > 0.4


def _worn(clothes: str, air_c: float, *, rained_on: bool = False) -> list[Dress]:
    return [
        adult(sex, 5, clothes, 0.0, np.random.default_rng(seed), air_c=air_c, rained_on=rained_on).dress
        for seed in range(80)
        for sex in SEXES
    ]


def test_business_people_and_runners_heed_frost_and_heat() -> None:
    frost, mild, heat = (_worn("formal", c) for c in (-10.0, 14.0, 31.0))
    assert np.mean([d.hem < 0.45 and d.gloves == "leather" for d in frost]) > 0.9  # overcoats
    assert np.mean([d.open_front for d in mild]) > 0.5  # jackets
    assert np.mean([d.collar and not d.open_front for d in heat]) > 0.9  # shirts
    runners = [_worn("sport", c) for c in (-10.0, 20.0)]
    bare = [np.mean([d.sleeve < 1.0 and d.legs == "shorts" for d in worn]) for worn in runners]
    assert bare[0] < 0.05 < 0.4 < bare[1]
    assert np.mean([d.gloves == "knitted" for d in runners[0]]) > 0.8


def _haired(person: Model) -> bool:
    """Whether hair, and not only a beard, is seen on the head."""
    mesh = person.bodies[0].mesh
    hair, skin = (mesh.vertices[mesh.faces[mesh.slots == part]][..., 2] for part in (Part.HAIR, Part.SKIN))
    return bool(hair.size and hair.max() > skin.max() - 0.08)


def test_hoods_are_up_in_the_rain_but_not_under_umbrellas_and_sun_hats_are_worn_in_heat() -> None:
    wet, dry, hot = _worn("casual", 12.0, rained_on=True), _worn("casual", 12.0), _worn("casual", 31.0)
    assert np.mean([d.hat == "hood" for d in wet]) == pytest.approx(0.75, abs=0.1)
    assert all(d.sleeve == 1.0 for d in wet if d.hat == "hood")
    assert np.mean([d.hat == "hood" for d in dry]) < 0.2
    assert np.mean([d.hat == "sun_hat" for d in hot]) > 0.05
    assert [d.sleeve for d in wet if d.hat != "hood"] == [d.sleeve for d, w in zip(dry, wet) if w.hat != "hood"]
    given = {"pose": "standing", "clothes": "casual", "sex": "female", "in_rain": True, "dressed_for_c": 25.0}
    haired = {
        thing: np.mean([
            _haired(models("pedestrian", seed, carries=thing, **given)[0])
            for seed in range(8)
        ])
        for thing in ("umbrella", "")
    }  # fmt: skip
    assert haired["umbrella"] > 0.85 > 0.5 > haired[""]
    size = np.array([0.6, 0.6, 1.7])  # of a person of a recorded drive
    covered = {
        rains: np.mean([
            not _haired(person)
            for seed in range(12)
            for person in [models_for("pedestrian", size, np.random.default_rng(seed), air_c=25.0, rains=rains)[0]]
        ])
        for rains in (False, True)
    }  # fmt: skip
    assert covered[True] > covered[False] + 0.3


def test_people_in_a_scene_are_dressed_for_its_air_unless_told_otherwise() -> None:
    data = {
        "duration_s": 0.0,
        "road": {"kind": "straight", "length_m": 200},
        "surroundings": {"vegetation": 0, "buildings": 0, "street_lamps": False},
        "traffic": {"vehicles": 0, "parked": 0, "pedestrians": 7, "cyclists": 0},
        "actors": [{"kind": "pedestrian", "ahead_m": 20, "dressed_for_c": 30}],
    }
    cold, warm = (
        build_world(Scenario.model_validate({**data, "weather": {"temperature_c": t}}).sample(3)) for t in (-8.0, 30.0)
    )

    def bare_m2(world: World) -> list[float]:
        """Skin of each of the people, who stand or walk."""
        people = [o.model.bodies[0].mesh for o in world.scene.objects if o.class_name == "pedestrian" and o.model]
        corners = [mesh.vertices[mesh.faces[mesh.slots == Part.SKIN]].astype(np.float64) for mesh in people]
        return [
            float(np.linalg.norm(np.cross(c[:, 1] - c[:, 0], c[:, 2] - c[:, 0]), axis=1).sum() / 2) for c in corners
        ]

    (told, *others), (same, *more) = bare_m2(cold), bare_m2(warm)
    assert told == pytest.approx(same, rel=1e-6)
    assert np.mean(others) < 0.6 * np.mean(more)
