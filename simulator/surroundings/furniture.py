"""Street furniture: lamps, bins, benches, shelters, posts and what else stands on pavements and verges.

Frame of every model: origin on the ground, x towards the road, y along it. All are built once and shared.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from simulator.scene.material import Beam, Lamp, Material, Switch, srgb
from simulator.scene.mesh import cylinder
from simulator.scene.model import Body, Model
from simulator.surroundings.facades import lettering
from simulator.surroundings.shapes import Patchwork, emission, lamp_color, stalks

# Weathered zinc is dull: a matt patina of carbonate over the metal.
STEEL = Material("galvanised steel", (0.40, 0.41, 0.42), roughness=0.62, metallic=0.25, reflectance_905=0.5)
GREY = Material("grey paint", srgb("#6d7172"), roughness=0.5)
GREEN = Material("green paint", srgb("#2f4a3a"), roughness=0.5)
DARK = Material("anthracite paint", srgb("#3a3d40"), roughness=0.5)
WOOD = Material("wood slats", srgb("#8a6a48"), roughness=0.7, reflectance_905=0.6)
OLD_WOOD = Material("weathered wood", srgb("#857a6c"), roughness=0.9, reflectance_905=0.55)
CONCRETE = Material("concrete", (0.365, 0.352, 0.303), roughness=0.9, reflectance_905=0.45)
GLASS = Material("shelter glass", (0.9, 0.95, 0.93), roughness=0.05, transmission=0.82, reflectance_905=0.1)
WHITE = Material("white plastic", (0.78, 0.78, 0.76), roughness=0.4, reflectance_905=0.8)
BLACK = Material("black plastic", (0.02, 0.02, 0.02), roughness=0.6, reflectance_905=0.06)
REFLECTOR = Material("reflector", (0.75, 0.72, 0.66), roughness=0.3, retro_cd_lx_m2=300.0, reflectance_905=0.9)
SOIL = Material("soil", (0.045, 0.032, 0.022), roughness=1.0, reflectance_905=0.25)


def _model(class_name: str, work: Patchwork, *materials: Material, smooth: bool = False) -> Model:
    return Model(class_name, (Body(work.mesh(smooth=smooth), materials),))


@cache
def street_lamp(height_m: float = 8.0, kind: str = "led", kelvin: float = 3000.0, flux_lm: float = 7000.0) -> Model:
    """Street lamp at the origin with its lantern reaching towards x.

    Args:
        height_m: of the lantern; 5 for post-top lamps, 8 to 12 on roads.
        kind: "led" (flat lantern on an arm), "hook" (curved arm) or "post" (post-top).
        kelvin: colour temperature; old sodium lamps 2000.
        flux_lm: luminous flux. A cut-off beam spreads it over about 2.6 sr, hence the peak intensity.
    """
    reach = {"led": 1.2, "hook": 1.8, "post": 0.0}[kind]
    work = Patchwork()
    base = 0.5
    work.add(
        stalks([[[0, 0, -0.4], [0, 0, base], [0, 0, base + 0.05], [0, 0, height_m]]], [[0.09, 0.09, 0.07, 0.045]], 8)
    )
    if kind == "led":
        work.add(
            stalks(
                [[[0, 0, height_m - 0.1], [0.5 * reach, 0, height_m + 0.02], [reach, 0, height_m + 0.05]]],
                [[0.04] * 3],
                6,
            )
        )
    elif kind == "hook":
        t = np.linspace(0, 1, 6)
        arm = np.stack([reach * (1 - np.cos(t * np.pi / 2)), 0 * t, height_m - 1.0 + 1.05 * np.sin(t * np.pi / 2)], 1)
        work.add(stalks(arm[None], np.full((1, 6), 0.035), 6))
    shaft = _model("pole", work, STEEL if kind == "led" else GREEN, smooth=True)
    top = Patchwork()
    peak = flux_lm / 2.6
    if kind == "post":
        z = height_m
        ring = np.array([[0.19, z + 0.02], [0.23, z + 0.34], [0.10, z + 0.5]])
        for k in range(8):
            a, b = 2 * np.pi * k / 8, 2 * np.pi * (k + 1) / 8
            for (r0, z0), (r1, z1), slot in ((ring[0], ring[1], 1), (ring[1], ring[2], 0)):
                top.quads(
                    [[r0 * np.cos(a), r0 * np.sin(a), z0], [r0 * np.cos(b), r0 * np.sin(b), z0],
                     [r1 * np.cos(b), r1 * np.sin(b), z1], [r1 * np.cos(a), r1 * np.sin(a), z1]], None, slot,
                )  # fmt: skip
        area, place = 2 * np.pi * 0.21 * 0.32, (0.0, 0.0, z + 0.2)
    else:
        x0, x1, z = reach - 0.1, reach + 0.55, height_m + 0.02
        top.blocks([[x0, -0.15, z]], [[x1, 0.15, z + 0.09]], 0)
        top.quads(
            [
                [x0 + 0.1, 0.12, z - 0.004],
                [x1 - 0.05, 0.12, z - 0.004],
                [x1 - 0.05, -0.12, z - 0.004],
                [x0 + 0.1, -0.12, z - 0.004],
            ],
            None,
            1,
        )
        area, place = 0.5 * 0.24, ((x0 + x1) / 2, 0.0, z - 0.05)
    # Lambertian lens of that area: luminance = flux / (pi * area).
    shine = emission(flux_lm / (np.pi * area), kelvin)
    lens = Material(
        f"lantern {kelvin:g} K", (0.6, 0.6, 0.58), roughness=0.3, emission_cd_m2=shine, switch=Switch.STREET
    )
    lantern = Body(top.mesh(), (DARK, lens))
    lamp = Lamp(place, (0.0, 0.0, -1.0), peak, lamp_color(kelvin), Beam.STREET, Switch.STREET)
    return Model("pole", (shaft.bodies[0], lantern), lamps=(lamp,))


@cache
def bin_model(color: str = "#2f4a3a") -> Model:
    """Litter bin on a post."""
    work = Patchwork()
    work.add(cylinder(0.20, 0.55, segments=12, top_radius=0.22).moved(z=0.35))
    work.add(cylinder(0.23, 0.06, segments=12, top_radius=0.14, slot=1).moved(z=0.92))
    work.blocks([[-0.03, -0.26, 0.0]], [[0.03, -0.2, 0.98]], 1)
    return _model("street_furniture", work, Material(f"bin {color}", srgb(color), roughness=0.5), DARK)


@cache
def bench() -> Model:
    """Bench with slats and a back, looking towards x."""
    work = Patchwork()
    seat = [[-0.22 + 0.12 * i, -0.9, 0.43] for i in range(4)]
    work.blocks(seat, np.array(seat) + [0.10, 1.8, 0.04], 0)
    back = [[-0.30, -0.9, 0.55 + 0.14 * i] for i in range(3)]
    work.blocks(back, np.array(back) + [0.035, 1.8, 0.11], 0)
    for y in (-0.7, 0.65):
        low = np.array([[-0.26, y, 0.0], [0.16, y, 0.0], [-0.28, y, 0.40], [-0.34, y, 0.40]])
        work.blocks(low, low + [[0.06, 0.05, 0.43], [0.06, 0.05, 0.43], [0.53, 0.05, 0.03], [0.05, 0.05, 0.55]], 1)
    return _model("street_furniture", work, WOOD, DARK)


@cache
def bus_shelter() -> Model:
    """Glazed bus shelter with a bench and a lit poster, open towards x."""
    work = Patchwork()
    w, d, h = 3.8, 1.4, 2.4
    posts = np.array([[-d / 2, -w / 2], [-d / 2, 0.0], [-d / 2, w / 2], [0.3, -w / 2], [0.3, w / 2]])
    low = np.column_stack([posts - 0.03, np.zeros(5)])
    work.blocks(low, low + [0.06, 0.06, h], 1)
    work.blocks([[-d / 2 - 0.1, -w / 2 - 0.15, h]], [[d / 2 + 0.3, w / 2 + 0.15, h + 0.12]], 1)
    work.quads(
        [[-d / 2, -w / 2, 0.25], [-d / 2, w / 2, 0.25], [-d / 2, w / 2, h - 0.1], [-d / 2, -w / 2, h - 0.1]], None, 2
    )
    work.quads(
        [[-d / 2, -w / 2, 0.25], [0.3, -w / 2, 0.25], [0.3, -w / 2, h - 0.1], [-d / 2, -w / 2, h - 0.1]], None, 2
    )
    work.blocks([[-d / 2, w / 2 - 0.06, 0.3]], [[0.35, w / 2 + 0.06, 2.1]], 1)
    poster = [
        [-d / 2 + 0.08, w / 2 - 0.065, 0.4],
        [0.28, w / 2 - 0.065, 0.4],
        [0.28, w / 2 - 0.065, 2.0],
        [-d / 2 + 0.08, w / 2 - 0.065, 2.0],
    ]
    work.quads(np.array(poster)[::-1], [[0, 1], [1, 1], [1, 0], [0, 0]], 3)
    work.blocks([[-d / 2 + 0.1, -1.4, 0.42]], [[-d / 2 + 0.45, 0.6, 0.47]], 0)
    light = Material(
        "poster", (0.9, 0.9, 0.9), lettering("OPEN AIR", srgb("#f2e9d0"), srgb("#8c2f4a")), roughness=0.3,
        emission_cd_m2=(9.0, 7.0, 6.5), switch=Switch.STREET,
    )  # fmt: skip
    return _model("street_furniture", work, WOOD, DARK, GLASS, light)


@cache
def bollard(kind: str = "steel") -> Model:
    """Bollard 0.9 m high: "steel" or "stone"."""
    work = Patchwork()
    if kind == "stone":
        work.add(cylinder(0.17, 0.75, segments=12, top_radius=0.13))
        return _model("street_furniture", work, CONCRETE)
    work.add(cylinder(0.05, 0.92, segments=10))
    work.add(cylinder(0.053, 0.10, segments=10, slot=1).moved(z=0.75))
    return _model("street_furniture", work, DARK, REFLECTOR)


@cache
def hydrant() -> Model:
    """Pillar hydrant."""
    work = Patchwork()
    work.add(cylinder(0.13, 0.12, segments=12))
    work.add(cylinder(0.10, 0.72, segments=12).moved(z=0.05))
    work.add(cylinder(0.12, 0.16, segments=12, top_radius=0.05).moved(z=0.76))
    for side in (-1, 1):
        work.blocks([[-0.05, side * 0.13 - 0.05, 0.5]], [[0.05, side * 0.13 + 0.05, 0.6]], 1)
    work.blocks([[0.08, -0.05, 0.42]], [[0.17, 0.05, 0.54]], 1)
    return _model("street_furniture", work, Material("hydrant red", srgb("#b02a20"), roughness=0.4), STEEL)


@cache
def mail_box(color: str = "#f2c200") -> Model:
    """Letter box on a post."""
    work = Patchwork()
    work.blocks([[-0.06, -0.06, 0.0]], [[0.06, 0.06, 0.8]], 1)
    work.blocks([[-0.17, -0.26, 0.75]], [[0.17, 0.26, 1.42]], 0)
    work.blocks([[0.171, -0.18, 1.24]], [[0.18, 0.18, 1.28]], 2)
    return _model("street_furniture", work, Material(f"mail box {color}", srgb(color), roughness=0.4), DARK, BLACK)


@cache
def cabinet() -> Model:
    """Grey distribution cabinet."""
    work = Patchwork()
    work.blocks([[-0.2, -0.55, 0.0]], [[0.2, 0.55, 1.25]], 0)
    work.blocks([[-0.23, -0.58, 1.25]], [[0.23, 0.58, 1.32]], 0)
    work.blocks([[0.2, -0.005, 0.1]], [[0.205, 0.005, 1.2]], 1)
    return _model("street_furniture", work, Material("cabinet", srgb("#9aa09a"), roughness=0.6), DARK)


@cache
def planter(seed: int) -> Model:
    """Concrete planter with a small bush."""
    from simulator.numerics.rng import generator
    from simulator.surroundings.plants import plant
    from simulator.surroundings.species import species_table

    work = Patchwork()
    ring = np.arange(9) * (2 * np.pi / 8)
    work.add(cylinder(0.5, 0.55, segments=16, top_radius=0.6))
    work.polygons(np.stack([0.54 * np.cos(ring[:8]), 0.54 * np.sin(ring[:8]), np.full(8, 0.552)], 1), None, 1, sides=8)
    bush = plant(species_table()["evergreen"], generator(seed, "planter"), detail=1)
    size = 1.1 / bush.height_m
    small = bush.mesh.transformed(np.diag([0.6 * size, 0.6 * size, 0.7 * size, 1.0])).moved(z=0.5)
    return Model(
        "street_furniture",
        (Body(work.mesh(), (CONCRETE, SOIL)), Body(small, bush.materials)),
    )


@cache
def delineator() -> Model:
    """White delineator post with a black band and reflectors, 1 m high (German Leitpfosten)."""
    work = Patchwork()
    work.blocks([[-0.06, -0.05, -0.1]], [[0.02, 0.05, 1.0]], 0)
    work.blocks([[-0.062, -0.052, 0.65]], [[0.022, 0.052, 0.88]], 1)
    for y in (-0.054, 0.054):
        work.blocks([[-0.045, y - 0.002, 0.68]], [[0.005, y + 0.002, 0.85]], 2)
    return _model("pole", work, WHITE, BLACK, REFLECTOR)


@cache
def emergency_phone() -> Model:
    """Orange telephone pillar of motorways, 1.7 m high, with a sloping top, its face towards the road."""
    work = Patchwork()
    work.blocks([[-0.14, -0.16, -0.2]], [[0.14, 0.16, 0.12]], 1)
    work.blocks([[-0.13, -0.15, 0.12]], [[0.13, 0.15, 1.55]], 0)
    work.blocks([[-0.17, -0.17, 1.55]], [[0.15, 0.17, 1.7]], 2)
    work.blocks([[0.13, -0.11, 1.05]], [[0.14, 0.11, 1.4]], 1)
    work.blocks([[-0.1, -0.155, 1.2], [-0.1, 0.15, 1.2]], [[0.1, -0.15, 1.4], [0.1, 0.155, 1.4]], 2)
    orange = Material("emergency phone", srgb("#e8641b"), roughness=0.4, reflectance_905=0.7)
    return _model("street_furniture", work, orange, DARK, WHITE)


@cache
def bicycle_stand() -> Model:
    """Row of three hoops."""
    work = Patchwork()
    t = np.linspace(0, np.pi, 7)
    hoop = np.stack([0.35 * np.cos(t), 0 * t, 0.45 + 0.35 * np.sin(t)], 1)
    hoop = np.concatenate([[[0.35, 0, 0.0]], hoop, [[-0.35, 0, 0.0]]])
    paths = np.stack([hoop + [0.0, y, 0.0] for y in (-0.8, 0.0, 0.8)])
    work.add(stalks(paths, np.full(paths.shape[:2], 0.025), 6))
    return _model("street_furniture", work, STEEL, smooth=True)


@cache
def poster_column() -> Model:
    """Round advertising column 3 m high."""
    work = Patchwork()
    work.add(cylinder(0.72, 0.3, segments=20))
    work.add(cylinder(0.65, 2.6, segments=20, slot=1).moved(z=0.3))
    work.add(cylinder(0.78, 0.2, segments=20, top_radius=0.6).moved(z=2.9))
    prints = lettering("CIRCUS", srgb("#f4d35e"), srgb("#284b63"))
    return _model("street_furniture", work, CONCRETE, Material("posters", (0.9, 0.9, 0.9), prints, roughness=0.6))


@cache
def utility_pole(height_m: float = 8.5) -> Model:
    """Wooden pole with a cross arm and insulators; the arm lies along x."""
    work = Patchwork()
    work.add(stalks([[[0, 0, -0.5], [0, 0, 0.5 * height_m], [0, 0, height_m]]], [[0.15, 0.13, 0.1]], 7))
    work.blocks([[-0.95, -0.05, height_m - 0.5]], [[0.95, 0.05, height_m - 0.38]], 0)
    tips = np.array([[x, 0.0, height_m - 0.38] for x in (-0.85, 0.0, 0.85)])
    work.blocks(tips - [0.03, 0.03, 0.0], tips + [0.03, 0.03, 0.14], 1)
    return _model("pole", work, OLD_WOOD, WHITE)
