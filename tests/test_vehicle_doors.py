"""Doors of vehicles: where leaves are when they are open, and what is labelled then."""

import numpy as np
import pytest

from simulator.actors.bus_doors import SWUNG_M
from simulator.actors.door_leaves import pushed
from simulator.actors.pumps import DEEP_M
from simulator.scenario.family import member
from simulator.scene import Body, Joint, Model
from simulator.scene.mesh import box


def made(kind: str, seed: int = 2, **given: object) -> Model:
    """The first model of an actor."""
    model: Model = member("actors", kind)(**given).model(np.random.default_rng(seed))
    return model


def leaves(model: Model) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Name, vertices at rest and vertices as posed of every leaf."""
    named = {joint: name for name, joint, _ in model.openings}
    posed = zip(model.bodies, model.posed(), strict=True)
    return [(named[body.joint], body.mesh.vertices, now) for body, now in posed if body.joint in named]


@pytest.mark.parametrize("arc", [1.0, -1.0])
def test_a_pushed_leaf_goes_its_way_on_an_arc_and_stays_parallel(arc: float) -> None:
    mesh = box((0.8, 0.04, 2.0))
    for share, way in ((1.0, (-1.1, 0.2)), (0.0, (0.0, 0.0))):
        joints = list[Joint]()
        leaf = pushed((0.3, 1.0, 0.4), (-1.1, 0.2), arc, [mesh])
        joint = leaf.hang(share, joints)[-1][0]
        [now] = Model("car", (Body(mesh, (), joint),), tuple(joints)).posed()
        assert now - mesh.vertices == pytest.approx(np.broadcast_to([*way, 0.0], now.shape), abs=1e-5)


@pytest.mark.parametrize("style", ["city", "articulated"])
def test_the_doors_of_a_city_bus_turn_inward_and_leave_the_doorway(style: str) -> None:
    wide, closed = made("bus", style=style, door=1.0), made("bus", style=style)
    half = wide.bounds[1, 1]
    assert np.array_equal(wide.bounds, closed.bounds)
    assert len(leaves(wide)) == (6 if style == "articulated" else 4)
    for name, rest, now in leaves(wide):
        assert name in ("front_right", "rear_right")
        assert np.ptp(rest[:, 0]) > 0.5 and np.ptp(now[:, 0]) < 0.2  # across the doorway, then beside it
        assert now[:, 1].min() > -half - 0.06 and now[:, 1].max() < 0.0


def test_the_door_of_a_coach_swings_out_and_forward() -> None:
    [(name, rest, now)] = leaves(made("bus", style="coach", door=1.0))
    assert name == "front_right"
    assert (now - rest).mean(axis=0) == pytest.approx([*SWUNG_M, 0.0], abs=1e-5)
    [(_, rest, half_way)] = leaves(made("bus", style="coach", door=0.4))
    assert (half_way - rest)[:, 1].max() < -0.3  # it is clear of the wall before it passes it


@pytest.mark.parametrize("seed", range(2))
def test_the_doors_of_a_box_open_onto_its_load_and_round_to_its_flanks(seed: int) -> None:
    """Closed, no ray from behind comes in; open, it meets what stands inside, and the leaves are beside the box."""
    wide, closed = (made("truck", seed, body="box", door=share, hinged=True) for share in (1.0, 0.0))
    tail, half = wide.bounds[0, 0], wide.bounds[1, 1]
    assert np.array_equal(wide.bounds, closed.bounds)
    for name, rest, now in leaves(wide):
        if name == "front_left":
            continue
        assert name == "trunk"
        assert rest[:, 0].max() < tail + 0.1
        assert np.abs(now[:, 1]).min() > half - 0.03 and now[:, 0].max() > tail + 0.8
    across = np.array([0.0, 0.25 * half, -0.5 * half])
    for model, least, most in ((closed, -0.1, 0.1), (wide, 0.5, 9.0)):
        shell = np.concatenate([now[body.mesh.faces] for body, now in zip(model.bodies, model.posed(), strict=True)])
        for y in across:
            origin = np.array([tail - 2.0, y, 0.5 * wide.bounds[1, 2]])
            assert least < _first_hit(shell, origin) - 2.0 < most


@pytest.mark.parametrize("body", ["box", "semi"])
def test_the_door_of_a_cab_opens_to_the_left_about_its_front_edge(body: str) -> None:
    wide, closed = (made("truck", body=body, door=share, opened="driver", hinged=True) for share in (1.0, 0.0))
    assert np.array_equal(wide.bounds, closed.bounds)
    [(rest, now)] = [(rest, now) for name, rest, now in leaves(wide) if name == "front_left"]
    front, rear = rest[:, 0].argmax(), rest[:, 0].argmin()
    assert np.linalg.norm((now - rest)[front]) < 0.12  # beside the hinge
    assert (now - rest)[rear, 1] > 0.6
    assert np.ptp(rest[:, 0]) > 0.7 and rest[:, 1].min() > 0.5  # the whole door, of the left side only


def test_the_pump_of_a_fire_engine_is_in_a_recess_behind_its_shutter() -> None:
    """Seen from behind it is as deep as said, below the lower edge of the shutter only."""
    for share, depths in ((0.0, (0.0, 0.0)), (0.5, (DEEP_M, 0.0)), (1.0, (DEEP_M, DEEP_M))):
        model = made("fire_engine", door=share)
        tail = model.bounds[0, 0]
        shell = np.concatenate([body.mesh.vertices[body.mesh.faces] for body in model.bodies])
        for z, depth in zip((1.55, 2.15), depths, strict=True):
            hit = _first_hit(shell, np.array([tail - 2.0, -0.15, z])) - 2.0
            assert hit == pytest.approx(depth, abs=0.06)


@pytest.mark.parametrize(("opened", "name"), [("side", "rear_right"), ("rear", "trunk")])
def test_vans_open_onto_their_bays(opened: str, name: str) -> None:
    wide, closed = (made("van", style="panel", door=share, opened=opened, hinged=True) for share in (1.0, 0.0))
    assert np.array_equal(wide.bounds, closed.bounds)
    assert {each for each, _, _ in closed.openings} == {"front_left", "front_right", "rear_right", "trunk"}
    (tail, half), middle = wide.bounds[0, :2], 0.4 * (wide.bounds[0, 0] + wide.bounds[1, 0])
    for _, rest, now in (each for each in leaves(wide) if each[0] == name):
        if opened == "side":  # it slides back beside the body
            assert now - rest == pytest.approx(np.broadcast_to((now - rest)[0], now.shape), abs=1e-5)
            assert (now - rest)[0, 0] < -0.9 and -0.2 < (now - rest)[0, 1] < -0.1
        else:  # its wings stand behind the tail, clear of the opening
            assert now[:, 0].min() < tail - 0.4 and np.abs(now[:, 1]).min() > 0.58 * abs(half)
    z = 0.5 * wide.bounds[1, 2]
    for model, deep in ((closed, False), (wide, True)):
        shell = np.concatenate([now[body.mesh.faces] for body, now in zip(model.bodies, model.posed(), strict=True)])
        if opened == "rear":
            assert (_first_hit(shell, np.array([tail - 2.0, 0.3, z])) > 2.5) == deep
        else:  # from the right, as seen after a quarter turn
            turned = shell[..., [1, 0, 2]]
            assert (_first_hit(turned, np.array([half - 2.0, middle + 0.6, z])) > 2.4) == deep


@pytest.mark.parametrize("seed", range(2))
def test_the_doors_of_trams_clear_what_buses_must_and_go_along_the_walls(seed: int) -> None:
    """UN R107: double doors of city buses leave at least 1.2 m."""
    wide, closed = (made("tram", seed, door=share, hinged=True) for share in (1.0, 0.0))
    half = wide.bounds[1, 1]
    assert np.array_equal(wide.bounds, closed.bounds)
    assert {name for name, _, _ in closed.openings} == {"front_left", "front_right", "rear_left", "rear_right"}
    for z in (0.9, 1.7):
        for model, side, doors in ((wide, -1, True), (wide, 1, False), (closed, -1, False)):
            x, outline = _outline(model, side, z, 1.2)
            runs = _runs(x, outline < half - 0.3)
            assert (len(runs) >= 3) == doors
            assert all(1.2 <= run < 1.4 for run in runs)
            assert outline.max() < half + 0.15


def test_the_double_doors_of_a_city_bus_leave_what_they_must() -> None:
    """UN R107, annex 3, 7.6.3.1: at least 1.2 m."""
    model = made("bus", style="city", door=1.0)
    x, outline = _outline(model, -1, 1.3)
    runs = _runs(x, outline < model.bounds[1, 1] - 0.5)
    assert len(runs) == 2 and min(runs) >= 1.2


@pytest.mark.parametrize(("style", "seed", "least"), [("ambulance", 3, 1.1), ("ambulance", 2, 1.1), ("panel", 2, 1.1),
                                                      ("compact", 4, 0.6)])  # fmt: skip
def test_sliding_doors_take_foil_and_windows_with_them(style: str, seed: int, least: float) -> None:
    """Nothing of it hangs in the doorway, which is as wide as makers say (1.1 to 1.35 m, compact vans 0.6 to 0.8 m)."""
    wide, closed = (made("van", seed, style=style, door=share, hinged=True) for share in (1.0, 0.0))
    half = wide.bounds[1, 1]
    for z in (0.9, 1.4):
        x, outline = _outline(wide, -1, z, 2.0)
        assert least - 0.05 < max(_runs(x, outline < 0.72 * half)) < least + 0.4  # before it is a wall behind seats
        assert outline.max() < half + 0.2
        x, outline = _outline(closed, -1, z, 2.0)
        assert not _runs(x, outline < 0.72 * half)


def _outline(model: Model, side: int, z: float, front: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """How far a model reaches to one side (1: left) at places 1 cm apart from 1.2 m before its tail to `front` m
    behind its nose, at a height."""
    x = np.arange(model.bounds[0, 0] + 1.2, model.bounds[1, 0] - front, 0.01)
    reach = np.full(len(x), -np.inf)
    for body, now in zip(model.bodies, model.posed(), strict=True):
        corner = now[body.mesh.faces].astype(float)
        for a, b, c in corner[(corner[..., 2].min(1) < z) & (corner[..., 2].max(1) > z)]:
            ends = [p + (q - p) * (z - p[2]) / (q[2] - p[2])
                    for p, q in ((a, b), (b, c), (c, a)) if (p[2] - z) * (q[2] - z) < 0.0]  # fmt: skip
            (x0, y0, _), (x1, y1, _) = sorted(ends, key=lambda end: float(end[0]))
            within = (x >= x0) & (x <= x1)
            reach[within] = np.maximum(reach[within], side * np.interp(x[within], [x0, x1], [y0, y1]))
    return x, reach


def _runs(x: np.ndarray, free: np.ndarray) -> list[float]:
    """Lengths (m) of runs of `free` places of more than 5 cm."""
    edges = np.flatnonzero(np.diff(np.r_[0, free.astype(int), 0]))
    lengths = (edges[1::2] - edges[::2]) * float(x[1] - x[0])
    return [float(run) for run in lengths if run > 0.05]


def _first_hit(triangles: np.ndarray, origin: np.ndarray) -> float:
    """Distance at which a ray along +x from `origin` meets the first of (F, 3, 3) triangles."""
    a, b, c = (triangles[:, k].astype(float) for k in range(3))
    edge, other, to = b - a, c - a, origin - a
    way = np.array([1.0, 0.0, 0.0])
    normal = np.cross(way, other)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 1.0 / np.einsum("ij,ij->i", edge, normal)
        u = scale * np.einsum("ij,ij->i", to, normal)
        q = np.cross(to, edge)
        v, t = scale * (q @ way), scale * np.einsum("ij,ij->i", other, q)
        hit = (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0)
    return float(t[hit].min(initial=np.inf))
