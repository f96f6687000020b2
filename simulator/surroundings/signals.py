"""Traffic lights: heads with hoods and lenses that Switch.SIGNAL_RED, _AMBER and _GREEN turn on; posts and mast arms.

Frame: origin on the ground, x towards the traffic that the light faces. The head alone is the labelled object.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from simulator.scene.material import Beam, Lamp, Material, Rgb, Switch
from simulator.scene.mesh import Mesh
from simulator.scene.model import Body, Model
from simulator.surroundings.shapes import Patchwork, stalks
from simulator.surroundings.signs import POST

LENS_M = 0.2
PITCH_M = 0.30  # between lenses
# A 200 mm lens of EN 12368 shines with about 400 cd along its axis: 12 700 cd/m2.
LUMINANCE_CD_M2 = 12_000.0
_WEIGHT = np.array([0.2126, 0.7152, 0.0722])


def _lens(name: str, color: Rgb, dark: Rgb, switch: Switch) -> Material:
    tone = np.array(color)
    r, g, b = (tone * (LUMINANCE_CD_M2 / float(tone @ _WEIGHT))).tolist()
    return Material(f"lens {name}", dark, roughness=0.25, emission_cd_m2=(r, g, b), switch=switch, reflectance_905=0.2)


HOUSING = Material("signal housing", (0.022, 0.030, 0.026), roughness=0.5, reflectance_905=0.15)
BOARD = Material("signal board", (0.012, 0.012, 0.012), roughness=0.7, reflectance_905=0.1)
BORDER = Material("signal board border", (0.7, 0.7, 0.7), roughness=0.6, retro_cd_lx_m2=70.0)
LENSES = {
    "red": _lens("red", (1.0, 0.045, 0.012), (0.11, 0.008, 0.006), Switch.SIGNAL_RED),
    "amber": _lens("amber", (1.0, 0.42, 0.02), (0.13, 0.06, 0.008), Switch.SIGNAL_AMBER),
    "green": _lens("green", (0.03, 1.0, 0.42), (0.01, 0.085, 0.06), Switch.SIGNAL_GREEN),
}
_HEADS = {"vehicle": ("red", "amber", "green"), "two": ("red", "amber"), "pedestrian": ("red", "green")}


def _light_of(lens: Material, x_m: float, z_m: float) -> Lamp:
    """What a lens in the plane `x_m` throws on its surroundings: its light goes forward, toward who has to see it.

    About as narrow as the signal lamps of vehicles: of the intensity on the axis ITE's "LED Circular Signal Supplement"
    (2005) asks for 0.68 at 10 degrees aside and 0.23 at 20.
    """
    emission = np.array(lens.emission_cd_m2)
    luminance = float(emission @ _WEIGHT)
    red, green, blue = (emission / luminance).tolist()
    area = math.pi * LENS_M**2 / 4
    return Lamp((x_m, 0.0, z_m), (1.0, 0.0, 0.0), luminance * area, (red, green, blue), Beam.SIGNAL, lens.switch)


def lenses_of(kind: str) -> tuple[Switch, ...]:
    """Switches of the lenses of a kind of head, from the top."""
    return tuple(LENSES[color].switch for color in _HEADS[kind])


@lru_cache(maxsize=256)
def head(kind: str, bottom_m: float, *, board: bool = False) -> Model:
    """A signal head with its lower edge `bottom_m` above the ground.

    Args:
        kind: "vehicle" (red, amber, green), "two" (red, amber) or "pedestrian" (red, green).
        bottom_m: height of the housing's lower edge.
        board: with a black background board, as on mast arms and fast roads.
    """
    colors = _HEADS[kind]
    height, width, depth = PITCH_M * len(colors) + 0.02, 0.30, 0.20
    work = Patchwork()
    work.blocks([[-depth / 2, -width / 2, bottom_m]], [[depth / 2, width / 2, bottom_m + height]], 0)
    levels = [bottom_m + height - 0.01 - PITCH_M * (row + 0.5) for row in range(len(colors))]
    for row, z in enumerate(levels):
        _add_lens(work, depth / 2, z, 1 + row)
    lamps = tuple(_light_of(LENSES[name], depth / 2, z) for name, z in zip(colors, levels))
    materials = [HOUSING, *(LENSES[name] for name in colors)]
    if board:
        n = len(materials)
        materials += [BOARD, BORDER]
        for slot, grow, x in ((n + 1, 0.18, -0.012), (n, 0.15, 0.0)):
            low, high = [x - 0.01, -width / 2 - grow, bottom_m - grow], [x, width / 2 + grow, bottom_m + height + grow]
            work.blocks([low], [high], slot)
    attributes = (("light", kind),)
    return Model("traffic_light", (Body(work.mesh(), tuple(materials)),), lamps=lamps, attributes=attributes)


def _add_lens(work: Patchwork, x: float, z: float, slot: int) -> None:
    """A domed lens and the hood over it."""
    k, r = 16, LENS_M / 2
    angle = np.arange(k) * (2 * np.pi / k)
    rim = np.stack([np.full(k, x + 0.004), r * np.cos(angle), z + r * np.sin(angle)], 1)
    middle = np.stack([np.full(k, x + 0.025), 0.55 * r * np.cos(angle), z + 0.55 * r * np.sin(angle)], 1)
    j = (np.arange(k) + 1) % k
    work.quads(np.stack([rim, rim[j], middle[j], middle], 1), None, slot)
    work.polygons(middle, None, slot, sides=k)
    # Hood: the upper two thirds of a tube, cut slanting.
    arc = np.linspace(-0.35, np.pi + 0.35, 10)
    reach = 0.06 + 0.14 * np.clip(np.sin(arc) + 0.35, 0.0, 1.0)
    inner = np.stack([np.full(10, x), (r + 0.012) * np.cos(arc), z + (r + 0.012) * np.sin(arc)], 1)
    outer = inner + np.stack([reach, np.zeros(10), np.zeros(10)], 1)
    work.quads(np.stack([inner[1:], inner[:-1], outer[:-1], outer[1:]], 1), None, 0)


@lru_cache(maxsize=256)
def signal_post(height_m: float) -> Model:
    """Post behind a head, 0.1 m thick."""
    return Model("pole", (Body(_post(height_m, 0.055), (POST,)),))


def _post(height: float, radius: float) -> Mesh:
    x = -0.10 - radius - 0.02
    return stalks([[[x, 0, -0.4], [x, 0, height - 0.01], [x, 0, height]]], [[radius, radius, 1e-3]], 8)


@lru_cache(maxsize=256)
def mast_arm(height_m: float, reach_m: float) -> Model:
    """Mast at the origin whose arm reaches `reach_m` along y at `height_m`; heads hang below and in front of it."""
    sign = np.sign(reach_m) or 1.0
    mast = [[[0, 0, -0.4], [0, 0, 0.6 * height_m], [0, 0, height_m + 0.3]]]
    bend = 0.5 * sign
    arm = [
        [[0, 0, height_m - 0.3], [0, bend, height_m], [0, 0.6 * reach_m, height_m + 0.08], [0, reach_m, height_m + 0.1]]
    ]
    work = Patchwork()
    work.add(stalks(mast, [[0.11, 0.10, 0.085]], 10))
    work.add(stalks(arm, [[0.075, 0.07, 0.06, 0.045]], 8))
    return Model("pole", (Body(work.mesh(smooth=True), (POST,)),))
