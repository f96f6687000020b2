"""Woods from outside: walls that carry a painted row of trees with their crowns, trunks and undergrowth cut out."""

from __future__ import annotations

from functools import cache

import numpy as np

from simulator.numerics.rng import generator
from simulator.scene.foliage import PALETTES, Cutout, tone
from simulator.scene.material import Material, Texture
from simulator.scene.mesh import Mesh
from simulator.surroundings.place import Place
from simulator.surroundings.shapes import F64

WIDE_M, HIGH_M = 64.0, 16.0  # one repeat of the texture
CONIFERS = (0.12, 0.55)  # share of conifers in each kind of wood
STEP_M = 8.0
# Foliage of broadleaf trees in each season; "" is leafless.
_BROADLEAF = {
    "spring": ("spring", "lime", "spring", "olive"),
    "summer": ("summer", "dark", "lime", "olive"),
    "autumn": ("gold", "rust", "olive", "gold", "dark"),
    "winter": ("",),
}


@cache
def wood_texture(season: str, kind: int) -> Texture:
    """A row of trees WIDE_M long under HIGH_M, tiling along u; `kind` is a row of CONIFERS."""
    rng = generator(0, "wood", season, kind)
    leafless = not any(_BROADLEAF[season])
    floor = np.array(PALETTES["bare" if leafless else "dark"], np.float64)
    canvas = Cutout(1024, 256, 0.7 * floor[0])
    if leafless:  # one looks through the first trees at the stems and twigs of those behind
        for x in rng.uniform(0, WIDE_M, 22).tolist():
            _leafless(canvas, x, rng.uniform(0.55, 0.85) * HIGH_M, rng, 0.72)
        _scrub(canvas, 0.8 * floor, rng, 3.6, 200)
    else:  # it is dark below the crowns
        _undergrowth(canvas, 0.55 * floor, rng, 8.0, 260, 0.55)
    count = 30
    for i, x in enumerate(((np.arange(count) + rng.uniform(0.1, 0.9, count)) / count)[rng.permutation(count)]):
        near = i / count  # later trees stand in front
        high = rng.uniform(0.62, 0.97) * HIGH_M * (1.0 - 0.12 * near)
        shade = -0.7 * (1 - near)
        if rng.random() < CONIFERS[kind]:
            colors = np.array(PALETTES["spruce"], np.float64)
            _conifer(canvas, x * WIDE_M, high, colors, shade, rng)
        else:
            palette = _BROADLEAF[season][int(rng.integers(len(_BROADLEAF[season])))]
            if palette:
                _broadleaf(canvas, x * WIDE_M, high, np.array(PALETTES[palette], np.float64), shade, rng)
            else:
                _leafless(canvas, x * WIDE_M, high, rng)
    if leafless:
        _scrub(canvas, floor, rng, 2.0, 260)
    else:
        _undergrowth(canvas, floor, rng, 2.2, 420, 0.25)
    return canvas.texture(f"wood-{season}-{kind}")


def _put(canvas: Cutout, points: F64, color: tuple[int, ...]) -> None:
    """Fill a polygon of metres, also where it reaches over the seam."""
    unit = points / [WIDE_M, HIGH_M]
    canvas.polygon(unit, color)
    if unit[:, 0].min() < 0:
        canvas.polygon(unit + [1.0, 0.0], color)
    elif unit[:, 0].max() > 1:
        canvas.polygon(unit - [1.0, 0.0], color)


def _blob(x: float, y: float, size: float, rng: np.random.Generator) -> F64:
    """A ragged (K, 2) clump of leaves."""
    phi = np.arange(9) * (2 * np.pi / 9)
    r = size * rng.uniform(0.55, 1.15, 9)
    return np.stack([x + r * np.cos(phi), np.maximum(y + 0.8 * r * np.sin(phi), 0.0)], 1)


def _undergrowth(canvas: Cutout, colors: F64, rng: np.random.Generator, high: float, count: int, dark: float) -> None:
    """Bushes up to about `high`, before what is dark between the trunks up to the share `dark` of it."""
    _skirt(canvas, colors, rng, dark * high)
    for x in rng.uniform(0, WIDE_M, count):
        y = high * rng.uniform(0, 1) ** 1.6
        _put(canvas, _blob(x, y, rng.uniform(0.2, 0.5), rng), tone(colors, 2.4 * rng.uniform(0, y / high), rng))


def _scrub(canvas: Cutout, colors: F64, rng: np.random.Generator, high: float, count: int) -> None:
    """Leafless bushes up to about `high`: shoots that fan out of the ground."""
    _skirt(canvas, colors, rng, 0.15 * high)
    for x in rng.uniform(0, WIDE_M, count).tolist():
        shoots = 14
        lean = rng.normal(0, 0.38, shoots)
        reach = high * rng.uniform(0.35, 1.0) * rng.uniform(0.6, 1.0, shoots)
        foot = np.stack([x + rng.normal(0, 0.12, shoots), np.zeros(shoots)], 1)
        bend = foot + 0.6 * reach[:, None] * np.stack([np.sin(lean), np.cos(lean)], 1)
        tip = bend + 0.4 * reach[:, None] * np.stack([np.sin(1.6 * lean), np.cos(1.6 * lean)], 1)
        ways = np.stack([foot, bend, tip], 1)
        for shift in (-WIDE_M, 0.0, WIDE_M) if min(x, WIDE_M - x) < high else (0.0,):
            canvas.lines((ways + [shift, 0.0]) / [WIDE_M, HIGH_M], 0.5, tone(colors, rng.uniform(0.3, 2.7), rng))


def _skirt(canvas: Cutout, colors: F64, rng: np.random.Generator, high: float) -> None:
    """What is dark at the foot of the wood, ragged, about `high`."""
    along = np.linspace(0, WIDE_M, 90)
    top = high * rng.uniform(0.6, 1.4, 90)
    top[-1] = top[0]
    ring = np.concatenate([np.stack([along, top], 1), [[WIDE_M, 0.0], [0.0, 0.0]]])
    canvas.polygon(ring / [WIDE_M, HIGH_M], tone(colors, 0.0, rng))


def _trunk(canvas: Cutout, x: float, high: float, rng: np.random.Generator) -> None:
    half = 0.012 * high
    corners = np.array([[x - half, 0], [x + half, 0], [x + 0.4 * half, 0.8 * high], [x - 0.4 * half, 0.8 * high]])
    _put(canvas, corners, tone(np.array(PALETTES["bare"], np.float64) * 0.8, rng.uniform(0, 2), rng))


def _broadleaf(canvas: Cutout, x: float, high: float, colors: F64, shade: float, rng: np.random.Generator) -> None:
    _trunk(canvas, x, high, rng)
    radius, foot = rng.uniform(0.17, 0.27) * high, rng.uniform(0.14, 0.3) * high
    middle, tall = 0.5 * (foot + high), 0.5 * (high - foot)
    count = 190
    phi, reach = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.uniform(0, 1, count))
    u, v = reach * np.cos(phi), reach * np.sin(phi)
    light = 1.5 + 1.1 * v - 0.5 * reach + shade + rng.normal(0, 0.5, count)  # tops catch the sky
    broad = np.linspace(0.75, 0.28, count)  # from what is deep in the crown and dark to the sprays outside
    for k, wide in zip(np.argsort(light).tolist(), broad.tolist()):
        size = wide * rng.uniform(0.75, 1.2) * (1.15 - 0.35 * reach[k])
        spot = _blob(x + u[k] * (radius - 0.3), middle + v[k] * (tall - 0.4), size, rng)
        _put(canvas, spot, tone(colors, float(light[k]), rng))


def _conifer(canvas: Cutout, x: float, high: float, colors: F64, shade: float, rng: np.random.Generator) -> None:
    _trunk(canvas, x, high, rng)
    radius = rng.uniform(0.13, 0.19) * high
    for t in np.linspace(0.08, 0.985, 34):
        reach = radius * (1 - t) ** 0.9 * rng.uniform(0.75, 1.1, 2) + 0.12
        drop = 0.35 * reach + 0.25
        z = t * high
        (left, right), (sag, fall) = reach, drop
        bough = np.array(
            [
                [x - left, z - sag],
                [x - 0.5 * left, z - 0.2 * sag],
                [x, z + 0.35],
                [x + 0.5 * right, z - 0.2 * fall],
                [x + right, z - fall],
                [x + 0.6 * right, z - 0.75 * fall],
                [x + 0.2 * right, z - 0.9 * fall],
                [x - 0.3 * left, z - 0.8 * sag],
            ]
        )
        _put(canvas, np.maximum(bough, [-np.inf, 0.0]), tone(colors, rng.uniform(0.2, 2.0) + 0.6 * t + shade, rng))


def _leafless(canvas: Cutout, x: float, high: float, rng: np.random.Generator, light: float = 1.0) -> None:
    """Branches that fork six times; the last are a haze of twigs."""
    colors = light * np.array(PALETTES["bare"], np.float64)
    feet, aims, reach = np.array([[x, 0.0]]), np.array([np.pi / 2 + rng.normal(0, 0.04)]), 0.34 * high
    for order in range(7):
        n = len(feet)
        tips = feet + reach * rng.uniform(0.75, 1.2, (n, 1)) * np.stack([np.cos(aims), np.sin(aims)], 1)
        width = (4.0, 2.6, 1.8, 1.2, 0.8, 0.6, 0.5)[order]
        for shift in (-WIDE_M, 0.0, WIDE_M):
            ways = (np.stack([feet, tips], 1) + [shift, 0.0]) / [WIDE_M, HIGH_M]
            canvas.lines(np.minimum(ways, [2.0, 0.985]), width, tone(colors, rng.uniform(0.5, 2.5), rng))
        feet = np.concatenate([feet + (tips - feet) * part for part in (1.0, 1.0, 0.6)])
        turn = rng.normal(0, 0.12, 3 * n) + np.repeat([-0.5, 0.42, 0.75], n) * rng.choice([-1.0, 1.0], 3 * n)
        aims = np.tile(aims, 3) + turn
        aims += 0.12 * (np.pi / 2 - aims)
        reach *= 0.62


def wood(place: Place, line: F64, rng: np.random.Generator, high_m: float, kind: int) -> None:
    """Put a wall of trees about `high_m` high along (N, 2) world points some STEP_M apart; running out at its ends."""
    n = len(line)
    if n < 3:
        return
    foot = place.local(place.on_ground(line))
    end = np.minimum(np.arange(n), np.arange(n)[::-1])
    tall = high_m * rng.uniform(0.88, 1.12, n) * np.interp(end, [0, 1, 2, 4], [0.35, 0.62, 0.85, 1.0])
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    u = rng.uniform(0, 1) + length / (WIDE_M * high_m / HIGH_M)
    rows, shares = [], (0.0, 0.55, 1.0)
    for share in shares:
        row = foot + np.array([0.0, 0.0, 1.0]) * (tall * share)[:, None]
        row[:, 2] -= 0.4 * (1 - share)
        rows.append(row)
    vertices = np.concatenate(rows)
    uv = np.concatenate([np.stack([u, np.full(n, 0.004 + 0.99 * share)], 1) for share in shares])
    index = np.arange(3 * n).reshape(3, n)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    texture = wood_texture(place.season, kind)
    # Light comes through the crowns from behind.
    trees = Material(f"wood {kind}", (1.0, 1.0, 1.0), texture, roughness=0.9, reflectance_905=0.5, translucency=0.5)
    place.put_mesh(Mesh.of(vertices, faces, uv, 0, smooth=True), (trees,), "vegetation")
