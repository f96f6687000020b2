"""Who plays an entity: actors, furniture, plants and houses of ours that come nearest to its kind and its box."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.anomalies._props import barrier, cone, crate
from simulator.drives.categories import RIDERLESS
from simulator.numerics import se3
from simulator.numerics.rng import generator
from simulator.scenario.family import member
from simulator.scene import Body, Material, Mesh, Model
from simulator.scene.mesh import box, cylinder, loft, merge
from simulator.scene.model import transformed
from simulator.surroundings import barriers, furniture
from simulator.surroundings.buildings import building
from simulator.surroundings.plants import hedge, plant
from simulator.surroundings.species import species_table

Array = NDArray[np.float64]
Given = dict[str, Any]

CAR_SIZES_M = ((3.0, 1.4, 1.25), (5.6, 2.2, 2.1))  # smallest and largest length, width, height of our cars
ADULT_M, LYING_M = 1.4, 0.7  # people under the first are children; who is lower and longer than the second lies
STYLES: dict[str, tuple[tuple[str, Given], ...]] = {
    "van": tuple(("van", {"style": style, "size": size}) for style in ("panel", "minibus") for size in (0.0, 0.5, 1.0)),
    "truck": tuple(
        ("truck", {"body": body, "size": size}) for body in ("box", "semi", "tractor") for size in (0.0, 0.5, 1.0)
    ),
    "bus": tuple(("bus", {"size": size}) for size in (0.0, 0.5, 1.0)),
    "motorbike": tuple(("motorcycle", {"style": style}) for style in ("naked", "sport", "scooter")),
    "bicycle": (("bicycle", {}),),
    "animal": tuple((kind, {}) for kind in ("dog", "sheep", "deer", "cow", "horse")),
    "fire": tuple(("truck", {"body": "box", "paint": "red", "size": size}) for size in (0.0, 0.5, 1.0)),
    "ambulance": (("van", {"style": "ambulance"}),),
}
TRAILER_M = (13.6, 2.55, 4.0)  # limits of 96/53/EC for road trains of 16.5 m
FITTING = {"trailer": "trailer", "semitrailer": "trailer", "tram": "tram", "train": "tram"}


def models_for(
    kind: str,
    size: Array,
    rng: np.random.Generator,
    *,
    role: str = "none",
    model: str = "",
    moves: bool = True,
    hinged: bool = False,
    manner: tuple[str, str] = ("", ""),
    air_c: float | None = None,
    season: str = "",
    rains: bool = False,
) -> list[Model]:
    """Models of what comes nearest to an entity, a rider after the vehicle.

    Args:
        kind: a category in the words of OpenSCENARIO, or riderless_bicycle. size: (3,) length, width, height, m.
        role: of a vehicle. model: words that may tell more of what it is, such as "cone" or "moose".
        moves: whether it goes anywhere; people who do not stand.
        hinged: whether the doors of a vehicle can open. manner: pose and thing in the hands of a person; "": any.
        air_c: temperature for which people have dressed, Celsius; None: any. season: of animals; "": any.
        rains: whether hoods are up.
    """
    if kind == "car" and role not in STYLES:
        role = "police" if role == "police" else "taxi" if "taxi" in model.lower() else "private"
        return _car(size, role, rng, hinged)
    if kind == "pedestrian":
        return _person(size, moves, rng, air_c, rains, *manner)
    if kind == "wheelchair":
        return _made("wheelchair", {}, rng, air_c)
    if kind == RIDERLESS:
        return _made("bicycle", {}, rng)[:1]
    if kind in FITTING:
        lengths = dict(zip(("length_m", "width_m", "height_m"), (float(v) for v in size), strict=True))
        return _made(FITTING[kind], lengths, rng)
    kind = role if role in STYLES and kind in ("car", "van", "truck") else kind
    if kind in STYLES:
        seed, words = int(rng.integers(2**32)), set(re.findall("[a-z]+", model.lower()))
        named = [(name, given) for name, given in STYLES[kind] if {name, given.get("style")} & words]
        options = named or STYLES[kind]
        made = [
            _made(name, given | _hinged(name, hinged), np.random.default_rng(seed), air_c, season)
            for name, given in options
        ]
        return min(made, key=lambda models: float(np.abs(models[0].size_lwh_m - size).sum()))
    return [_thing(kind, np.maximum(size, 0.02), rng, model.lower())]


@cache
def waiting_trailer(number: int) -> Model:
    """A semi-trailer on its legs, one for each number, its origin on the ground in its middle, its front along y."""
    lengths = dict(zip(("length_m", "width_m", "height_m"), TRAILER_M, strict=True))
    [model] = _made("trailer", lengths, generator(number, "waiting trailer"))
    middle = se3.pose((0.0, -0.5 * float(model.bounds[:, 0].sum()), 0.0), 0.0, 0.0, np.pi / 2)
    return replace(transformed(model, middle), joints=(), lamps=())


def _made(
    kind: str,
    given: Given,
    rng: np.random.Generator,
    air_c: float | None = None,
    season: str = "",
    rains: bool = False,
) -> list[Model]:
    actor: Any = member("actors", kind)(**given)
    models: list[Model] = (actor if air_c is None else actor.dressed(air_c, season, rains=rains)).models(rng)
    return models


def _hinged(kind: str, hinged: bool) -> Given:
    """Whether the doors of an actor can open, if it has any."""
    return {"hinged": hinged} if "hinged" in member("actors", kind).model_fields else {}


def _car(size: Array, role: str, rng: np.random.Generator, hinged: bool) -> list[Model]:
    length, width, height = (float(v) for v in np.clip(size, *CAR_SIZES_M))
    style = "suv" if height > 1.65 else "hatchback" if length < 4.3 else "sedan"
    given: Given = {"style": style, "role": role, "length_m": length, "width_m": width, "height_m": height}
    return _made("car", given | {"hinged": hinged}, rng)


def _person(
    size: Array,
    moves: bool,
    rng: np.random.Generator,
    air_c: float | None,
    rains: bool,
    pose: str = "",
    thing: str = "",
) -> list[Model]:
    length, _, height = size.tolist()
    if height < LYING_M < length:
        return _made("pedestrian", {"pose": "lying", "height_m": float(np.clip(length, 1.45, 2.05))}, rng, air_c)
    pose = "walking" if moves else pose or "standing"
    if 0.4 < height < ADULT_M:
        age_years = float(np.interp(height, (0.85, 1.5), (2.0, 12.0)))
        return _made("child", {"pose": pose, "age_years": age_years}, rng, air_c, rains=rains)
    given: Given = {"pose": pose, "height_m": float(np.clip(height, 1.45, 2.05))}
    return _made("pedestrian", given | ({"carries": thing} if thing else {}), rng, air_c, rains=rains)


# ---------------------------------------------------------------- things


def _thing(kind: str, size: Array, rng: np.random.Generator, model: str) -> Model:
    """What stands or lies there, stretched into the box of `size`."""
    named = next((make for word, make in _NAMED.items() if word in model), None)
    usual = _MAKERS.get(kind, _crate)
    made = (named if named is not None and kind in _TELLING else usual)(size, rng)
    return replace(_fitted(made, size), attributes=(*made.attributes, ("kind", kind)))


def _fitted(model: Model, size: Array) -> Model:
    """The model stretched into a box of `size` whose middle lies over the origin, its bottom on the ground."""
    low = np.min([body.mesh.vertices.min(0) for body in model.bodies], axis=0).astype(np.float64)
    high = np.max([body.mesh.vertices.max(0) for body in model.bodies], axis=0).astype(np.float64)
    low[2] = min(max(low[2], 0.0), high[2] - 1e-3)  # what reaches into the ground stays there
    scale = np.diag([*(size / np.maximum(high - low, 1e-3)), 1.0])
    scale[:3, 3] = -scale[:3, :3] @ np.r_[(low[:2] + high[:2]) / 2, low[2]]
    half = size / 2
    return replace(transformed(model, scale), box=np.array([[-half[0], -half[1], 0.0], [half[0], half[1], size[2]]]))


def _line(size: Array, step_m: float) -> Array:
    """(N, 3) points about `step_m` apart along the longer side of a box, through its middle."""
    reach, across = max(float(max(size[:2])), 0.1) / 2, int(size[1] > size[0])
    points = np.zeros((max(round(2 * reach / step_m), 1) + 1, 3))
    points[:, across] = np.linspace(-reach, reach, len(points))
    return points


def _made_of(mesh: Mesh, materials: tuple[Material, ...], class_name: str) -> Model:
    return Model(class_name, (Body(mesh, materials),))


def _crate(size: Array, rng: np.random.Generator) -> Model:
    return crate(rng)


def _cone(size: Array, rng: np.random.Generator) -> Model:
    return cone(round(float(np.clip(size[2], 0.3, 1.2)), 2))


def _board(size: Array, rng: np.random.Generator) -> Model:
    """A barrier of road works, across its longer side; long and heavy ones are of concrete."""
    longer = float(max(size[:2]))
    if longer > 3.5:
        return _concrete_barrier(size, rng)
    made = barrier(round(float(np.clip(longer, 0.6, 3.5)), 1))
    return made if size[1] >= size[0] else transformed(made, _QUARTER)


# New Jersey profile of EN 1317 concrete walls, 0.81 m high: (across, up).
_JERSEY = np.array([[-0.30, 0.0], [-0.30, 0.08], [-0.12, 0.33], [-0.08, 0.81],
                    [0.08, 0.81], [0.12, 0.33], [0.30, 0.08], [0.30, 0.0]])  # fmt: skip


def _concrete_barrier(size: Array, rng: np.random.Generator) -> Model:
    ends = _line(size, np.inf)
    side = np.array([0.0, 1.0, 0.0]) if size[0] >= size[1] else np.array([-1.0, 0.0, 0.0])
    up = np.array([0.0, 0.0, 1.0])
    rings = [end + _JERSEY[::-1, :1] * side + _JERSEY[::-1, 1:] * up for end in ends]
    return _made_of(loft(np.stack(rings), smooth=False), (furniture.CONCRETE,), "barrier")


def _guard_rail(size: Array, rng: np.random.Generator) -> Model:
    return _made_of(*barriers.guard_rail(_line(size, 4.0), 1))


def _railing(size: Array, rng: np.random.Generator) -> Model:
    return _made_of(*barriers.steel_fence(_line(size, 2.0), 1))


def _noise_barrier(size: Array, rng: np.random.Generator) -> Model:
    return _made_of(*barriers.noise_barrier(_line(size, 4.0), 1, rng))


def _wall(size: Array, rng: np.random.Generator) -> Model:
    return _made_of(*barriers.garden_wall(_line(size, 2.0), 1, rng))


def _pole(size: Array, rng: np.random.Generator) -> Model:
    height = float(size[2])
    if height < 1.3:
        return furniture.delineator()
    shaft = cylinder(0.06, height, segments=16, top_radius=0.045)
    return _made_of(shaft, (furniture.STEEL,), "pole")


def _street_lamp(size: Array, rng: np.random.Generator) -> Model:
    return furniture.street_lamp(round(float(np.clip(size[2], 3.0, 14.0)) * 2) / 2)


def _tree(size: Array, rng: np.random.Generator) -> Model:
    tall = float(size[2]) > 2.2 * float(max(size[:2]))
    grown = plant(species_table()["spruce" if tall else "maple"], rng)
    return _made_of(grown.mesh, grown.materials, "vegetation")


def _vegetation(size: Array, rng: np.random.Generator) -> Model:
    longer, shorter = float(max(size[:2])), float(min(size[:2]))
    if size[2] > 3.5:
        return _tree(size, rng)
    if longer > 2.5 * shorter:
        grown = hedge(longer, float(size[2]), rng)
        mesh = grown.mesh if size[0] >= size[1] else grown.mesh.transformed(_QUARTER)
    else:
        grown = plant(species_table()["thicket"], rng)
        mesh = grown.mesh
    return _made_of(mesh, grown.materials, "vegetation")


_QUARTER = np.array([[0.0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])


def _building(size: Array, rng: np.random.Generator) -> Model:
    depth, width, height = (float(v) for v in size)
    kind = "garage" if height < 3.5 else "flats" if height > 11.0 else "detached" if max(depth, width) < 22 else "hall"
    house = building(kind, rng, width_m=max(width, 3.0), depth_m=max(depth, 3.0))
    return _made_of(house.mesh, house.materials, "building")


def _gantry(size: Array, rng: np.random.Generator) -> Model:
    """Two posts and a lattice beam over the road, across the longer side."""
    across = size[1] > size[0]
    height, reach = float(size[2]), float(max(size[:2])) / 2
    posts = [box((0.3, 0.3, height), (0.0, sign * (reach - 0.15), height / 2)) for sign in (-1, 1)]
    beams = [box((0.12, 2 * reach, 0.12), (x, 0.0, z)) for x in (-0.35, 0.35) for z in (height - 0.1, height - 1.0)]
    rungs = [box((0.7, 0.08, 0.9), (0.0, float(y), height - 0.55)) for y in np.arange(-reach + 0.5, reach, 1.5)]
    mesh = merge([*posts, *beams, *rungs])
    return _made_of(mesh if across else mesh.transformed(_QUARTER), (furniture.STEEL,), "pole")


def _island(size: Array, rng: np.random.Generator) -> Model:
    return _made_of(box((1.0, 1.0, 0.15), (0.0, 0.0, 0.075)), (furniture.CONCRETE,), "kerb")


def _sheet(material: Material, class_name: str) -> Callable[[Array, np.random.Generator], Model]:
    def make(size: Array, rng: np.random.Generator) -> Model:
        """A sheet of 1 m by 1 m, whatever is asked for."""
        return _made_of(box((1.0, 1.0, 0.01), (0.0, 0.0, 0.005)), (material,), class_name)

    return make


def _stripes(size: Array, rng: np.random.Generator) -> Model:
    """The bars of a zebra crossing, half a metre wide, half a metre apart, along the shorter side."""
    across = int(size[1] > size[0])
    longer = float(max(size[:2]))
    bars = []
    for y in np.arange(-longer / 2 + 0.25, longer / 2, 1.0):
        center = np.zeros(3)
        center[across], center[2] = y, 0.003
        extent = np.array([0.5, 0.5, 0.006])
        extent[1 - across] = float(min(size[:2]))
        bars.append(box(extent, center))
    return _made_of(merge(bars), (PAINT,), "road_marking")


PAINT = Material("road paint", (0.75, 0.75, 0.74), roughness=0.7, retro_cd_lx_m2=0.15, reflectance_905=0.7)
TAR = Material("tar", (0.03, 0.03, 0.032), roughness=0.6, reflectance_905=0.06)
_MAKERS: dict[str, Callable[[Array, np.random.Generator], Model]] = {
    "barrier": _board,
    "building": _building,
    "crosswalk": _stripes,
    "gantry": _gantry,
    "parkingSpace": _sheet(PAINT, "road_marking"),
    "patch": _sheet(TAR, "road_defect"),
    "pole": _pole,
    "railing": _railing,
    "roadMark": _sheet(PAINT, "road_marking"),
    "soundBarrier": _noise_barrier,
    "streetLamp": _street_lamp,
    "trafficIsland": _island,
    "tree": _tree,
    "vegetation": _vegetation,
    "wall": _wall,
}
# Words in the names of models that say more than these categories.
_TELLING = ("obstacle", "none", "barrier", "pole", "railing")
_NAMED: dict[str, Callable[[Array, np.random.Generator], Model]] = {
    "cone": _cone,
    "pylon": _cone,
    "guard": _guard_rail,
    "jersey": _concrete_barrier,
    "concrete": _concrete_barrier,
}
