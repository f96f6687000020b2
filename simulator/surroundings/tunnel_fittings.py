"""What hangs on the walls of tunnels: signs of the escape route, reflectors and emergency stations."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from simulator.scene.material import Material, Texture, srgb
from simulator.scene.model import Body, Model
from simulator.surroundings.canvas import Canvas
from simulator.surroundings.furniture import DARK, GREY, REFLECTOR
from simulator.surroundings.pictograms import pictogram
from simulator.surroundings.shapes import F64, Patchwork

# Signs on both walls at most 25 m apart, 1.0 to 1.5 m high, and emergency stations at most 150 m apart (Directive
# 2004/54/EC, annex I, 2.10 and annex III). Signs that are lit inside have 100 cd/m2 and more in their white (EN 1838).
SIGNS_M, STATIONS_M = 25.0, 150.0
_WHITE_CD_M2 = 100.0
_SIGN_M = (0.9, 0.36)
_STATION_M = (0.9, 2.1, 0.10)


def fittings(s: F64, begin_s: float, length_m: float) -> Iterator[tuple[int, bool, Model]]:
    """(index, left, model) of what hangs at stations `s` (N,) of a tunnel, `SIGNS_M` apart, on its left and right wall.

    The frame of the models: origin on the road at the wall, x away from the wall, y to the right as one looks at it.
    """
    every = round(STATIONS_M / SIGNS_M)
    for k in range(len(s)):
        nearer_begin = s[k] - begin_s < 0.5 * length_m  # people flee to the nearer portal
        for left in (True, False):
            yield k, left, escape_sign(nearer_begin != left)
        if k % every == every // 2:
            yield k, False, station()


@cache
def _escape_texture(to_right: bool) -> Texture:
    c = Canvas(256, 128, "white", _SIGN_M[0] / _SIGN_M[1])
    c.polygon([(-0.98, -0.95), (0.98, -0.95), (0.98, 0.95), (-0.98, 0.95)], "green")
    way = 1.0 if to_right else -1.0
    pictogram(c, "walker", "white", 0.85, (-0.45 * way, 0.0))
    pictogram(c, "arrow_right" if to_right else "arrow_left", "white", 0.8, (0.45 * way, 0.0))
    return c.texture(f"escape {to_right}")


@cache
def escape_sign(to_right: bool) -> Model:
    """The way to the exit, lit inside, with a reflector below it that guides along the wall."""
    work = Patchwork()
    half, low, high = _SIGN_M[0] / 2, 1.15, 1.15 + _SIGN_M[1]
    work.blocks([[0.0, -half - 0.02, low - 0.02]], [[0.06, half + 0.02, high + 0.02]], 0)
    _face(work, 0.062, (-half, half), (low, high), 1)
    work.blocks([[0.0, -0.06, 0.55]], [[0.02, 0.06, 0.75]], 2)
    light = Material(
        f"escape sign {to_right}",
        (1.0, 1.0, 1.0),
        _escape_texture(to_right),
        roughness=0.4,
        emission_cd_m2=(_WHITE_CD_M2,) * 3,
    )
    return Model("street_furniture", (Body(work.mesh(), (GREY, light, REFLECTOR)),))


@cache
def station() -> Model:
    """An emergency station: a cabinet door with SOS above it, lit inside."""
    width, height, deep = _STATION_M
    work = Patchwork()
    work.blocks([[0.0, -width / 2, 0.1]], [[deep, width / 2, height]], 0)
    work.blocks([[deep, width / 2 - 0.16, 1.0]], [[deep + 0.03, width / 2 - 0.10, 1.2]], 1)
    work.blocks([[0.0, -width / 2, height + 0.06]], [[0.08, width / 2, height + 0.5]], 1)
    _face(work, 0.082, (-width / 2 + 0.02, width / 2 - 0.02), (height + 0.08, height + 0.48), 2)
    c = Canvas(256, 128, "white", (width - 0.04) / 0.4)
    c.polygon([(-0.97, -0.94), (0.97, -0.94), (0.97, 0.94), (-0.97, 0.94)], "orange")
    c.text("SOS", (0.0, 0.0), 1.3, "white", 1.8)
    light = Material(
        "emergency station sign",
        (1.0, 1.0, 1.0),
        c.texture("emergency station"),
        roughness=0.4,
        emission_cd_m2=(_WHITE_CD_M2,) * 3,
    )
    door = Material("emergency station", srgb("#d9601a"), roughness=0.5)
    return Model("street_furniture", (Body(work.mesh(), (door, DARK, light)),))


def _face(work: Patchwork, x: float, across: tuple[float, float], up: tuple[float, float], slot: int) -> None:
    (a, b), (low, high) = across, up
    corners = np.array([[x, a, low], [x, b, low], [x, b, high], [x, a, high]])
    work.quads(corners, [[0, 0], [1, 0], [1, 1], [0, 1]], slot)
