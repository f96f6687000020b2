from __future__ import annotations

import numpy as np
import pytest
from surroundings_fakes import volume

from simulator.numerics.rng import generator
from simulator.scene.material import Switch
from simulator.scene.mesh import Mesh
from simulator.surroundings import barriers, furniture
from simulator.surroundings.buildings import KINDS, building
from simulator.surroundings.facades import FINISHES, FRAMES, OPENINGS, bay_texture, wall
from simulator.surroundings.plans import FLOOR_M, look
from simulator.surroundings.shapes import Patchwork, lamp_color, stalks

SIZE = {"hall": (30.0, 18.0), "office": (26.0, 15.0), "garage": (3.3, 6.0), "church": (10.0, 18.0)}


def _house(kind: str, seed: int = 1, detail: int = 1, shop: bool = False):
    width, depth = SIZE.get(kind, (12.0, 10.0))
    return building(
        kind, generator(seed, kind), width_m=width, depth_m=depth, style=look(generator(seed)), detail=detail, shop=shop
    )


@pytest.mark.parametrize("kind", KINDS)
def test_walls_stand_on_the_footprint_and_face_outwards(kind: str) -> None:
    house = _house(kind)
    v = house.mesh.vertices[house.mesh.faces].astype(float)
    middle = v.mean(1)
    normal = np.cross(v[:, 1] - v[:, 0], v[:, 2] - v[:, 0])
    area = np.linalg.norm(normal, axis=1) / 2
    normal /= np.maximum(2 * area, 1e-12)[:, None]
    for axis, half in ((0, house.depth_m / 2), (1, house.width_m / 2)):
        for sign in (-1.0, 1.0):
            on = (np.abs(v[..., axis] - sign * half).max(1) < 1e-3) & (area > 0.05)
            assert area[on].sum() > 2.0, "there is a wall"
            assert (normal[on, axis] * sign > 0.99).all()
    assert house.mesh.bounds[0, 2] == pytest.approx(-3.0), "its foundation reaches into the ground"
    assert 2.4 < house.height_m < 50 and np.ptp(middle[:, 2]) > 2.0


@pytest.mark.parametrize("kind", KINDS)
def test_details_share_one_silhouette_and_cost_less(kind: str) -> None:
    houses = [_house(kind, detail=d) for d in range(3)]
    counts = [len(h.mesh.faces) for h in houses]
    assert counts[0] >= counts[1] >= counts[2]
    assert counts[0] < 3200 and counts[2] < 420
    for house in houses[1:]:
        assert house.height_m == pytest.approx(houses[0].height_m, abs=1.2)


def test_a_box_of_walls_holds_its_footprint_times_its_height() -> None:
    """A flat roof, four walls and the foundation enclose a known volume; the open bottom adds 3 m below ground."""
    house = building("garage", generator(2, "x"), width_m=3.0, depth_m=6.0, style=look(generator(2)), detail=2)
    mesh = house.mesh
    # Close it from below: the divergence theorem needs a closed surface.
    x, y = 3.04, 1.54
    floor = Mesh.of([[-x, -y, -3], [-x, y, -3], [x, y, -3], [x, -y, -3]], [[0, 1, 2], [0, 2, 3]])
    total = volume(mesh) + volume(floor)
    assert 6.0 * 3.0 * 5.6 < total < 1.35 * 6.0 * 3.0 * (2.6 + FLOOR_M + 3.0)


def test_houses_follow_their_stream() -> None:
    for kind in ("flats", "detached", "townhouse"):
        a, b, c = _house(kind, 7), _house(kind, 7), _house(kind, 8)
        np.testing.assert_array_equal(a.mesh.vertices, b.mesh.vertices)
        assert [m.name for m in a.materials] == [m.name for m in b.materials]
        assert len(a.mesh.vertices) != len(c.mesh.vertices) or not np.array_equal(a.mesh.vertices, c.mesh.vertices)


def test_panes_light_warm_and_only_panes() -> None:
    house = _house("flats", detail=0, shop=True)
    lit = [m for m in house.materials if m.switch == Switch.WINDOWS]
    assert lit
    for material in lit:
        assert material.texture is not None and material.texture.panes
        r, g, b = material.emission_cd_m2
        alpha = material.texture.rgba[..., 3].astype(float)
        assert r > b
        room = 2 * alpha[alpha >= 128] / 255 - 1
        if not len(room):  # a door, a bare wall
            continue
        assert 10 < (0.2126 * r + 0.7152 * g + 0.0722 * b) * room.mean() < 400
        assert room.std() > 0.1 * room.mean()  # there is something in the room
    casement = bay_texture("plaster", "casement").rgba
    panes = casement[..., 3] >= 128
    share = panes.mean()
    left, bottom, right, top = OPENINGS["casement"].rect or (0, 0, 0, 0)
    assert 0.6 * (right - left) * (top - bottom) < share < (right - left) * (top - bottom)
    assert casement[panes][:, :3].mean() < 0.6 * casement[casement[..., 3] == 0][:, :3].mean()


def test_reveals_are_cut_into_near_fronts_only() -> None:
    near, far = _house("townhouse", detail=0), _house("townhouse", detail=1)
    front = near.depth_m / 2

    def set_back(house) -> int:
        x = house.mesh.vertices[house.mesh.faces][..., 0]
        return int(np.count_nonzero(np.abs(x - (front - 0.14)).max(1) < 1e-3))

    assert set_back(near) > 4 and set_back(far) == 0


def test_all_bays_can_be_painted() -> None:
    for finish in FINISHES:
        assert wall(finish).shape == (256, 256, 3)
        assert wall(finish).min() >= 0.0 and wall(finish).max() <= 1.3
    for opening in OPENINGS:
        rgba = bay_texture("brick", opening, "green", 2).rgba
        assert rgba.shape == (256, 256, 4)
        assert ((rgba[..., 3] > 0).any()) == (OPENINGS[opening].rect is not None and OPENINGS[opening].glazed)
    assert len(FRAMES) >= 5


@pytest.mark.parametrize(
    "model",
    [furniture.bin_model(), furniture.bench(), furniture.bollard("stone"), furniture.hydrant(), furniture.mail_box(),
     furniture.cabinet(), furniture.delineator(), furniture.poster_column()],
)  # fmt: skip
def test_furniture_faces_outwards(model) -> None:
    assert volume(model.bodies[0].mesh) > 1e-3
    assert -0.45 < model.bounds[0, 2] <= 0.0 and model.size_lwh_m[2] < 3.6


@pytest.mark.parametrize("kind", ["led", "hook", "post"])
def test_street_lamps_shine_down_from_the_top_of_their_pole(kind: str) -> None:
    model = furniture.street_lamp(5.0 if kind == "post" else 8.0, kind)
    (lamp,) = model.lamps
    top = model.bounds[1, 2]
    assert lamp.direction == (0.0, 0.0, -1.0) and lamp.switch == Switch.STREET
    assert top - 0.8 < lamp.position[2] < top
    assert 1500 < lamp.intensity_cd < 6500
    lens = [m for body in model.bodies for m in body.materials if sum(m.emission_cd_m2) > 0]
    assert len(lens) == 1 and lens[0].switch == Switch.STREET
    low = model.bodies[1].mesh.bounds
    assert (low[0, :2] - 0.1 <= lamp.position[:2]).all() and (np.array(lamp.position[:2]) <= low[1, :2] + 0.1).all()


def test_colour_temperatures_follow_the_black_body() -> None:
    """Chromaticities of Planckian radiators, CIE 15: 2856 K (illuminant A) 0.4476 0.4074, 6504 K 0.3135 0.3237."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    for kelvin, x, y in ((2856.0, 0.4476, 0.4074), (6504.0, 0.3135, 0.3237), (4000.0, 0.3805, 0.3768)):
        xyz = to_xyz @ np.array(lamp_color(kelvin))
        np.testing.assert_allclose(xyz[:2] / xyz.sum(), [x, y], atol=0.003)
        assert xyz[1] == pytest.approx(1.0, abs=1e-3)


def test_patchwork_and_stalks_make_closed_outward_shapes() -> None:
    work = Patchwork()
    work.blocks([[0, 0, 0], [5, 5, 5]], [[1, 2, 3], [6, 6, 6]])
    assert volume(work.mesh()) == pytest.approx(7.0)
    tube = stalks([[[0, 0, 0], [0, 0, 1e-6], [0, 0, 1], [0, 0, 1 + 1e-6]]], [[1e-3, 0.5, 0.5, 1e-3]], 64)
    assert volume(tube) == pytest.approx(np.pi / 4, rel=0.01)


def test_walls_have_closed_ends() -> None:
    """Every edge of a wall's body belongs to two faces, but for those along its foot in the ground."""
    line = np.column_stack([np.arange(0.0, 21.0, 5.0), np.zeros(5), np.zeros(5)])
    mesh, _, _ = barriers.garden_wall(line, 1, generator(0, "wall"))
    points = np.unique(np.round(mesh.vertices, 4), axis=0, return_inverse=True)[1].reshape(-1)
    for slot in (0, 1):
        faces = points[mesh.faces[mesh.slots == slot]]
        edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
        once, count = np.unique(edges, axis=0, return_counts=True)
        height = np.array([mesh.vertices[points == p, 2].max() for p in once[count == 1].ravel()])
        assert (height < 0).all() and (count <= 2).all()
