from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulator.raycast import Scene
from simulator.roads import LaneKey, RoadNetwork, Signal, procedural
from simulator.roads.signal_meaning import is_light, sign_name
from simulator.roads.surface import surface
from simulator.roads.surface_marks import american_marks
from simulator.scene import SceneBuilder
from simulator.scene.material import Lamp, Switch
from simulator.sensors.shading.beams import beam_intensity
from simulator.surroundings.populate import populate
from simulator.surroundings.sign_designs import DESIGNS
from simulator.surroundings.signals import LUMINANCE_CD_M2, head
from simulator.surroundings.signs import american, plate, sign, sign_models, sign_names, sign_of
from simulator.surroundings.usual_signs import ranks


def _front(model):
    """Front faces of a plate: corners (F, 3, 3) and texture coordinates (F, 3, 2)."""
    mesh = model.bodies[0].mesh
    on = mesh.slots == 0
    return mesh.vertices[mesh.faces[on]].astype(float), mesh.uv[mesh.faces[on]].astype(float)


def _area(corners) -> float:
    a, b, c = corners[:, 0, 1:], corners[:, 1, 1:], corners[:, 2, 1:]
    u, v = b - a, c - a
    return float(np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]).sum() / 2)


def _shares(name: str, **options) -> dict[str, float]:
    """Share of the plate's face by colour, sampled through its texture coordinates."""
    model = plate(sign(name, **options), 2.0)
    corners, uv = _front(model)
    rng = np.random.default_rng(0)
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    face = rng.choice(len(corners), 4000, p=area / area.sum())
    w = rng.dirichlet([1, 1, 1], 4000)
    at = np.einsum("ni,nij->nj", w, uv[face])
    rgba = model.bodies[0].materials[0].texture.rgba
    h, width = rgba.shape[:2]
    pixel = rgba[
        np.clip(((1 - at[:, 1]) * h).astype(int), 0, h - 1), np.clip((at[:, 0] * width).astype(int), 0, width - 1)
    ]
    r, g, b = pixel[:, 0].astype(int), pixel[:, 1].astype(int), pixel[:, 2].astype(int)
    tests = {
        "red": (r > 140) & (g < 80) & (b < 80),
        "white": (r > 200) & (g > 200) & (b > 190),
        "blue": (b > 100) & (r < 60),
        "yellow": (r > 200) & (g > 150) & (b < 80),
        "black": (r < 80) & (g < 80) & (b < 80),
        "green": (r < 60) & (g > 70) & (b < g),
    }
    return {name: float(mask.mean()) for name, mask in tests.items()}


def test_a_stop_sign_is_a_red_octagon_with_white_letters() -> None:
    model = plate(sign("stop"), 2.0)
    corners, _ = _front(model)
    _, width, height = model.size_lwh_m
    assert len(np.unique(corners.reshape(-1, 3).round(4), axis=0)) == 8
    assert width == pytest.approx(0.9, abs=1e-4) and height == pytest.approx(0.9, abs=1e-4)
    # A regular octagon fills 2 (sqrt 2 - 1) of the square around it.
    assert _area(corners) / (width * height) == pytest.approx(2 * (2**0.5 - 1), rel=1e-3)
    shares = _shares("stop")
    assert 0.55 < shares["red"] < 0.85 and 0.12 < shares["white"] < 0.4
    assert shares["red"] + shares["white"] > 0.9


@pytest.mark.parametrize(
    ("name", "shape_area", "least"),
    [
        ("give_way", 0.5, {"red": 0.3, "white": 0.3}),
        ("danger", 0.5, {"red": 0.3, "white": 0.3, "black": 0.02}),
        ("priority_road", 0.5, {"yellow": 0.3, "white": 0.3}),
        ("no_entry", np.pi / 4, {"red": 0.6, "white": 0.1}),
        ("turn_right", np.pi / 4, {"blue": 0.5, "white": 0.1}),
        ("crossing", 1.0, {"blue": 0.4, "white": 0.2, "black": 0.02}),
        ("place_name", 1.0, {"yellow": 0.6, "black": 0.08}),
        ("deer_us", 0.5, {"yellow": 0.6, "black": 0.1}),
        ("motorway_direction", 1.0, {"blue": 0.7, "white": 0.05}),
    ],
)
def test_shapes_and_colours_of_signs(name: str, shape_area: float, least: dict[str, float]) -> None:
    model = plate(sign(name), 2.0)
    corners, _ = _front(model)
    assert _area(corners) / (model.size_lwh_m[1] * model.size_lwh_m[2]) == pytest.approx(shape_area, rel=0.06)
    shares = _shares(name)
    for color, share in least.items():
        assert shares[color] > share, (color, shares)


def test_numbers_on_limits_differ_and_are_written_in_black_on_white() -> None:
    faces = {v: plate(sign("speed_limit", value=v), 2.0).bodies[0].materials[0].texture.rgba for v in (30, 50, 80, 130)}
    values = list(faces)
    for i, a in enumerate(values):
        for b in values[i + 1 :]:
            assert (np.abs(faces[a].astype(int) - faces[b]).max(-1) > 60).mean() > 0.01
    shares = _shares("speed_limit", value=80)
    assert shares["red"] > 0.2 and shares["white"] > 0.35 and shares["black"] > 0.06


def test_every_sign_of_the_catalogue_can_be_built_and_shines_back() -> None:
    for name in sign_names():
        face, posts = sign_models(sign(name, value=50, text="HOLM"), 2.0)
        corners, _ = _front(face)
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        assert (normal[:, 0] > 0).all(), "the face looks along x"
        assert face.bodies[0].materials[0].retro_cd_lx_m2 > 100
        assert face.bodies[0].materials[1].retro_cd_lx_m2 == 0
        assert face.bounds[0, 2] == pytest.approx(2.0, abs=0.05)
        for model, offset in posts:
            assert model.bounds[0, 2] < 0 < model.bounds[1, 2] <= face.bounds[1, 2]
            assert model.bounds[1, 0] < face.bounds[0, 0] + 1e-6, "the post stands behind the plate"
            assert abs(offset) < face.size_lwh_m[1] / 2
    assert len(DESIGNS) > 25 and len(sign_names()) > 60


@pytest.mark.parametrize(
    ("record", "name", "value"),
    [
        ({"type": "206", "country": "DE"}, "stop", 0),
        ({"type": "205", "subtype": "-1", "country": "OpenDRIVE"}, "give_way", 0),
        ({"type": "274", "subtype": "57", "value": 70.0, "country": "DE"}, "speed_limit", 70),
        ({"type": "274", "subtype": "56", "value": 16.666666666666668, "country": "OpenDRIVE"}, "speed_limit", 60),
        ({"type": "274", "value": 22.2222, "unit": "m/s"}, "speed_limit", 80),
        ({"type": "c", "subtype": "31", "country": "se", "value": 5.0}, "speed_limit", 50),
        ({"type": "R1-1", "country": "US"}, "stop", 0),
        ({"type": "R2", "subtype": "1", "country": "USA", "value": 35.0}, "speed_limit_us", 35),
        ({"type": "", "name": "de_274-50"}, "speed_limit", 50),
        ({"type": "", "name": "StopSign1"}, "stop", 0),
        ({"type": "103", "subtype": "20", "country": "DE"}, "curve_right", 0),
        ({"type": "weird", "country": "XX"}, "plate", 0),
    ],
)
def test_records_of_maps_become_signs(record: dict, name: str, value: int) -> None:
    made = sign_of(Signal(id="1", s=0.0, t=0.0, **record))
    assert made is not None
    assert (made.name, made.value) == (name, value)


def test_lights_and_paint_are_no_signs() -> None:
    assert is_light(Signal("1", 0, 0, type="1000001")) == "vehicle"
    assert is_light(Signal("1", 0, 0, type="1000002")) == "pedestrian"
    for record in ({"type": "1000001"}, {"type": "294"}, {"type": "-1", "name": "SgRMArrowLeft.flt"}):
        assert sign_of(Signal("1", 0.0, 0.0, **record)) is None


@pytest.mark.parametrize(("kind", "count"), [("vehicle", 3), ("two", 2), ("pedestrian", 2)])
def test_lenses_are_seen_from_the_front_red_on_top(kind: str, count: int) -> None:
    model = head(kind, 2.5)
    body = model.bodies[0]
    scene = Scene()
    scene.add(body.mesh.vertices, body.mesh.faces)
    scene.commit()
    z = np.linspace(model.bounds[0, 2], model.bounds[1, 2], 200)
    origins = np.column_stack([np.full(200, 8.0), np.zeros(200), z]).astype(np.float32)
    aim = np.ascontiguousarray(np.broadcast_to(np.array([-1, 0, 0], np.float32), origins.shape))
    hits = scene.closest_hit(origins, aim)
    found = [body.materials[s].switch for s in body.mesh.slots[hits.primitive[hits.part >= 0]]]
    order = [s for i, s in enumerate(found) if s != Switch.ALWAYS and (i == 0 or found[i - 1] != s)]
    expected = {"vehicle": [Switch.SIGNAL_GREEN, Switch.SIGNAL_AMBER, Switch.SIGNAL_RED],
                "two": [Switch.SIGNAL_AMBER, Switch.SIGNAL_RED],
                "pedestrian": [Switch.SIGNAL_GREEN, Switch.SIGNAL_RED]}[kind]  # fmt: skip
    assert order == expected, "from below to above"
    lenses = [m for m in body.materials if m.switch != Switch.ALWAYS]
    assert len(lenses) == count
    for lens in lenses:
        assert float(np.array(lens.emission_cd_m2) @ [0.2126, 0.7152, 0.0722]) == pytest.approx(LUMINANCE_CD_M2)
    assert [lamp.switch for lamp in model.lamps] == expected[::-1]
    assert all(200 < lamp.intensity_cd < 400 for lamp in model.lamps)  # EN 12368: 200 to 400 cd, by class
    assert model.class_name == "traffic_light" and 0.5 < model.size_lwh_m[2] < 1.2


def _share(lamp: Lamp, aside_deg: float, down_deg: float) -> float:
    """Of the intensity on the axis that a lamp sends aside of it and below."""
    a, d = np.radians([aside_deg, down_deg])
    toward = np.array([np.cos(a) * np.cos(d), np.sin(a) * np.cos(d), -np.sin(d)])
    return float(beam_intensity(int(lamp.beam), *np.float32(lamp.direction), *np.float32(toward)))


def test_traffic_lights_shine_ahead_and_hardly_on_the_pavement_below() -> None:
    """Beside the factors of ITE's LED Circular Signal Supplement, 2005; the vertical one is 0.95 at 5 degrees down."""
    for lamp in head("vehicle", 2.5).lamps:
        for aside_deg in (0.0, 10.0, 20.0):
            wanted = 0.05 + 0.95 * np.exp(-0.5 * (aside_deg / 11.0) ** 2)
            assert _share(lamp, aside_deg, 0.0) == pytest.approx(wanted, abs=0.25)
        assert _share(lamp, 0.0, 5.0) > 0.6
        assert _share(lamp, 0.0, 45.0) < 0.02


def _without_signs(network: RoadNetwork, *, priorities: bool) -> RoadNetwork:
    junctions = {
        name: junction if priorities else replace(junction, priorities=())
        for name, junction in network.junctions.items()
    }
    bare = {name: replace(road, signals=(), objects=()) for name, road in network.roads.items()}
    return replace(network, roads=bare, junctions=junctions)


@pytest.mark.parametrize("make", [procedural.x_junction, procedural.t_junction])
def test_usual_signs_say_what_priority_records_say(make) -> None:
    """Who has priority is known from the signs that the generator set, and which are taken away here."""
    network = make(traffic_lights=False)
    before = {
        (road.id, "end" if signal.orientation == "+" else "start"): sign_name(signal)[0]
        for road in network.roads.values()
        for signal in road.signals
    }
    said = {"give_way": "give_way", "priority_crossing": "priority"}
    wanted = {arm: said[name] for arm, name in before.items() if name in said}
    found = {arm[1:]: rank for arm, rank in ranks(_without_signs(network, priorities=True)).items()}
    assert found == wanted and set(wanted.values()) == {"give_way", "priority"}
    assert ranks(network) == {}, "a junction with signs gets no others"


def test_without_any_rule_the_street_that_ends_gives_way_and_equal_ones_go_by_the_right() -> None:
    tee = ranks(_without_signs(procedural.t_junction(traffic_lights=False), priorities=False))
    assert sorted(tee.values()) == ["give_way", "priority", "priority"]
    cross = ranks(_without_signs(procedural.x_junction(traffic_lights=False), priorities=False))
    assert set(cross.values()) == {"right_first"} and len(cross) == 4


def test_signs_that_stand_beside_the_road_agree_with_the_right_of_way() -> None:
    network = _without_signs(procedural.t_junction(traffic_lights=False), priorities=True)
    rank = ranks(network)
    roads = {arm[1] for arm in rank}
    path = network.path(LaneKey(min(roads), 0, -1), 0.0, 60.0, lambda ways: ways[0])
    builder = SceneBuilder(np.zeros(3))
    ground = surface(network, np.zeros(3), np.zeros(2), 200.0, seed=1)
    populate(builder, network, ground, path, style="town", seed=5, vegetation=0.0, buildings=0.0)
    names = [dict(thing.model.attributes)["sign"] for thing in builder.objects if thing.class_name == "traffic_sign"]
    assert names.count("give_way") == list(rank.values()).count("give_way") == 1
    assert names.count("priority_crossing") == 2 and not {"stop", "priority_road"} & set(names)


def test_every_american_sign_is_one_of_the_catalogue_and_limits_become_miles_per_hour() -> None:
    for name in sign_names():
        made = american(sign(name))
        assert american(made) == made, "an American sign stays"
        plate(made, 2.0)
    # 50 km/h are 31.07 mph: the nearest multiple of five.
    assert (american(sign("speed_limit", value=50)).name, american(sign("speed_limit", value=50)).value) == (
        "speed_limit_us",
        30,
    )
    assert american(sign("speed_limit", value=100)).value == 60
    assert american(sign("stop")).face == "stop"


@pytest.mark.parametrize(
    ("name", "shape", "color", "share"),
    [
        ("deer", "diamond", "yellow", 0.6),  # MUTCD 2C.03
        ("direction", "rect", "green", 0.6),  # 2D.03
        ("no_overtaking", "rect", "white", 0.6),  # 2B.28
        ("give_way", "yield", "red", 0.4),
    ],
)
def test_american_signs_have_the_shapes_and_colours_of_the_mutcd(name, shape, color, share) -> None:
    made = american(sign(name))
    assert made.shape == shape
    assert _shares(made.name)[color] > share


def _plates(signs: str, network: RoadNetwork) -> set[str]:
    """Names of the signs that a country road has."""
    path = network.path(LaneKey(next(iter(network.roads)), 0, -1), 10.0, 200.0, lambda ways: ways[0])
    builder = SceneBuilder((0.0, 0.0, 0.0))
    ground = surface(network, np.zeros(3), path.xyz[60, :2], 150.0)
    populate(builder, network, ground, path, style="country", seed=5, signs=signs, vegetation=0.0)
    models = [thing.model for thing in builder.objects if thing.class_name == "traffic_sign"]
    return {dict(model.attributes)["sign"] for model in models if model is not None}


def test_a_road_in_the_us_has_us_signs() -> None:
    limit = Signal("limit", 80.0, -7.0, 2.0, type="274", value=50.0, country="DE", orientation="+")
    network = procedural.straight(240.0)
    road = replace(next(iter(network.roads.values())), signals=(limit,))
    network = replace(network, roads={road.id: road})
    assert "speed_limit" in _plates("auto", network)
    assert all(name.endswith("_us") or name == "stop" for name in _plates("mutcd", network))
    yellow = american_marks(network)
    assert {mark.color for road in yellow.roads.values() for mark in road.sections[0].lane(0).marks} == {"yellow"}
    assert "speed_limit_us" in _plates("auto", yellow)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"type": "1004", "subtype": "32"}, "STOP/100 m"),
        ({"type": "1004-30", "value": 250.0}, "250 m"),
        ({"type": "1001", "subtype": "30", "value": 800.0}, "^ 800 m ^"),
        ({"type": "1000", "subtype": "12"}, "[walker] <"),
        ({"type": "1010", "subtype": "58", "text": "nur Pkw"}, "nur Pkw"),
        ({"type": "1099", "subtype": "99"}, ""),
    ],
)
def test_supplementary_plates_say_what_their_code_means(record: dict, words: str) -> None:
    made = sign_of(Signal(id="1", s=0.0, t=0.0, **record))
    assert made is not None and (made.name, made.text) == ("supplementary", words)
    inked = DESIGNS["supplementary"](text=words).rgba[12:-12, 12:-12, :3].max(2) < 100  # the image within the rim
    assert (inked.mean() > 0.02) == bool(words)
