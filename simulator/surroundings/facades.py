"""Facade textures: one repeat is one window bay by one storey, about 3 m x 3 m.

A texture is a wall finish (plaster, brick, concrete ...) with an opening (window, door, shop front ...) painted into
it. Walls are painted nearly white where the finish is painted in reality, so that the material's albedo gives each
house its own colour. Alpha is 255 on window panes (Texture.panes), which light at night.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.rng import generator
from simulator.scene.material import Texture
from simulator.scene.noise import Field, spectral_noise, to_srgb8
from simulator.scene.paving import CONCRETE_HUE
from simulator.surroundings.shop_windows import display

SIZE = 256
BAY_M = 3.0
Color = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Opening:
    """What a bay holds: `rect` is left, bottom, right, top as fractions of the bay, empty for a blank wall.

    Attributes:
        name: unique name.
        rect: outline of the hole in the wall, frame included.
        columns, rows: casements or panes side by side and one above the other.
        frame_m: width of the frame's bars.
        glazed: has panes; otherwise a solid leaf (door, gate).
        sill: has a sill below.
    """

    name: str
    rect: tuple[float, float, float, float] | None
    columns: int = 1
    rows: int = 1
    frame_m: float = 0.07
    glazed: bool = True
    sill: bool = True


OPENINGS: dict[str, Opening] = {
    row.name: row
    for row in (
        Opening("blank", None),
        Opening("casement", (0.27, 0.30, 0.73, 0.80), columns=2),
        Opening("single", (0.33, 0.31, 0.67, 0.80)),
        Opening("sash", (0.30, 0.26, 0.70, 0.82), rows=2, columns=2, frame_m=0.055),
        Opening("wide", (0.14, 0.30, 0.86, 0.80), columns=3),
        Opening("french", (0.24, 0.03, 0.76, 0.80), columns=2, sill=False),
        Opening("small", (0.38, 0.48, 0.62, 0.80)),
        Opening("strip", (0.0, 0.36, 1.0, 0.80), columns=2, frame_m=0.05),
        Opening("curtain", (0.0, 0.0, 1.0, 1.0), columns=2, rows=2, frame_m=0.06, sill=False),
        Opening("shop", (0.05, 0.10, 0.95, 0.80), columns=2, frame_m=0.06, sill=False),
        Opening("shop door", (0.22, 0.01, 0.78, 0.80), columns=2, frame_m=0.09, sill=False),
        Opening("door", (0.32, 0.0, 0.68, 0.72), glazed=False, sill=False),
        Opening("garage", (0.06, 0.0, 0.94, 0.76), glazed=False, sill=False),
        Opening("gate", (0.06, 0.0, 0.94, 0.90), glazed=False, sill=False),
        Opening("factory", (0.10, 0.42, 0.90, 0.88), columns=4, rows=2, frame_m=0.05),
        Opening("barn", (0.08, 0.0, 0.92, 0.92), glazed=False, sill=False),
    )
}

OFFICES = ("strip", "curtain")  # openings of offices

# Sandstone and limestone, cream to buff by their iron, greyed by the weather: about 10YR 7/1 of Munsell's colours.
_ASHLAR_HUE = (1.0, 0.92, 0.76)
FRAMES: dict[str, Color] = {
    "white": (0.74, 0.74, 0.72),
    "brown": (0.16, 0.09, 0.05),
    "anthracite": (0.05, 0.055, 0.06),
    "green": (0.05, 0.12, 0.08),
    "red": (0.26, 0.04, 0.03),
    "grey": (0.32, 0.33, 0.34),
}


@cache
def _code() -> NDArray[np.uint8]:
    """(4096,) sRGB byte of linear 0..1: painting a street's facades by table takes a fifth of the time."""
    ramp = np.repeat(np.linspace(0.0, 1.0, 4096)[:, None, None], 3, 2)
    return np.ascontiguousarray(to_srgb8(ramp)[:, 0, 0])


def _bytes(linear: Field) -> NDArray[np.uint8]:
    return np.take(_code(), (np.clip(linear, 0.0, 1.0) * 4095.0 + 0.5).astype(np.int16))


def _texture(name: str, linear: Field) -> Texture:
    opaque = np.full((*linear.shape[:2], 1), 255, np.uint8)
    return Texture(name, np.concatenate([_bytes(linear), opaque], 2))


# ---------------------------------------------------------------- walls


@cache
def _grain(seed: int) -> tuple[Field, Field]:
    """Fine and coarse tileable noise for walls."""
    rng = generator(0, "facade", seed)
    return spectral_noise(SIZE, rng, slope=1.2, low_cut=6), spectral_noise(SIZE, rng, slope=2.6, low_cut=1)


@cache
def wall(finish: str) -> Field:
    """(256, 256, 3) linear reflectance of a tile of wall: one storey, one bay."""
    fine, coarse = _grain(len(finish))
    x, y = np.meshgrid((np.arange(SIZE) + 0.5) / SIZE, (np.arange(SIZE) + 0.5) / SIZE)
    rng = generator(0, "wall", finish)
    base = np.ones((SIZE, SIZE, 3))
    if finish == "plaster":
        return np.asarray(base * (0.86 * (1 + 0.025 * fine + 0.03 * coarse))[..., None])
    if finish in ("brick", "clinker", "yellow brick"):
        tone = {"brick": (0.27, 0.105, 0.066), "clinker": (0.13, 0.062, 0.05), "yellow brick": (0.42, 0.30, 0.16)}[
            finish
        ]
        courses, per_row = 40, 12
        row = np.floor(y * courses).astype(int)
        along = x * per_row + 0.5 * (row % 2)
        shade = rng.normal(1.0, 0.13, (courses, per_row))[row, np.floor(along).astype(int) % per_row]
        mortar = ((y * courses) % 1.0 < 0.15) | (along % 1.0 < 0.055)
        brick = np.array(tone) * np.clip(shade, 0.6, 1.5)[..., None]
        return np.asarray(np.where(mortar[..., None], [0.36, 0.34, 0.31], brick) * (1 + 0.05 * fine)[..., None])
    if finish == "panel":  # precast concrete, joints around each bay
        joint = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y)) < 0.008
        out = CONCRETE_HUE * base * (0.64 * (1 + 0.05 * fine + 0.05 * coarse))[..., None]
        return np.where(joint[..., None], 0.16, out)
    if finish == "stone":
        courses = 8
        row = np.floor(y * courses).astype(int)
        along = x * 4 + 0.5 * (row % 2)
        shade = rng.normal(1.0, 0.06, (courses, 4))[row, np.floor(along).astype(int) % 4]
        joint = ((y * courses) % 1.0 < 0.05) | (along % 1.0 < 0.02)
        ashlar = _ASHLAR_HUE * base * (0.53 * shade * (1 + 0.05 * fine + 0.04 * coarse))[..., None]
        return np.where(joint[..., None], 0.26, ashlar)
    if finish == "timber":  # horizontal boards
        board = (y * 20) % 1.0
        shade = rng.normal(1.0, 0.05, 20)[np.floor(y * 20).astype(int)]
        light = np.where(board < 0.10, 0.45, 1.0) * shade * (1 + 0.04 * np.repeat(fine[:, ::8], 8, 1))
        return np.asarray(base * (0.66 * light)[..., None])
    if finish == "paving":  # concrete slabs of 0.5 m x 0.25 m
        row = np.floor(y * 12).astype(int)
        along = x * 6 + 0.5 * (row % 2)
        shade = rng.normal(1.0, 0.07, (12, 6))[row, np.floor(along).astype(int) % 6]
        joint = ((y * 12) % 1.0 < 0.05) | (along % 1.0 < 0.025)
        slabs = CONCRETE_HUE * base * (0.54 * shade * (1 + 0.05 * fine + 0.06 * coarse))[..., None]
        return np.where(joint[..., None], 0.22, slabs)
    if finish == "boards":  # upright boards, painted
        board = (x * 24) % 1.0
        shade = rng.normal(1.0, 0.07, 24)[np.floor(x * 24).astype(int)]
        light = np.where(board < 0.08, 0.4, 1.0) * shade * (1 + 0.06 * np.repeat(fine[::8], 8, 0))
        return np.asarray(base * (0.62 * light)[..., None])
    if finish == "planks":  # upright boards of barns, grey with age
        board = (x * 18) % 1.0
        shade = rng.normal(1.0, 0.12, 18)[np.floor(x * 18).astype(int)]
        light = np.where(board < 0.08, 0.4, 1.0) * shade * (1 + 0.10 * np.repeat(fine[::8], 8, 0))
        return np.asarray(np.array([0.20, 0.15, 0.11]) * np.clip(light, 0.2, 2)[..., None])
    if finish == "metal":  # corrugated sheet
        light = 1 + 0.16 * np.sin(2 * np.pi * 15 * x) + 0.03 * coarse
        return base * (0.60 * light)[..., None]
    if finish == "glass":
        return base * 0.16
    raise ValueError(f"unknown wall finish {finish!r}")


FINISHES = (
    "plaster",
    "brick",
    "clinker",
    "yellow brick",
    "panel",
    "stone",
    "timber",
    "boards",
    "planks",
    "metal",
    "glass",
)


# ---------------------------------------------------------------- openings

# Goods stand right behind the glass: by day most light on them comes in through it, so that they look half as bright
# as before it, or a little more by the lamps.
DAYTIME_SHARE = 0.45


def _pixels(rect: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom pixel edges of a rectangle given as left, bottom, right, top fractions."""
    left, bottom, right, top = rect
    return round(left * SIZE), round((1 - top) * SIZE), round(right * SIZE), round((1 - bottom) * SIZE)


def _pane(height: int, width: int, variant: int, rng: np.random.Generator, *, shop: bool) -> Field:
    """(height, width, 3) daytime look of what is behind glass: a dim room, curtains or blinds, goods.

    White cloth behind two panes that pass 0.8 of the light each way looks half as bright as before them.
    """
    y, x = np.linspace(0, 1, height)[:, None], np.linspace(0, 1, width)[None]
    if shop:
        return DAYTIME_SHARE * display(height, width, variant)
    cloth = rng.uniform(0.36, 0.52) * np.array([1.0, rng.uniform(0.94, 1.0), rng.uniform(0.80, 0.98)])
    glow: Field = 0.026 + 0.06 * np.clip(1.5 * y - 0.75 + 0.25 * np.sin(3 * x + variant), 0, 1)  # most on the floor
    image: Field = glow[..., None] * np.array([1.0, 0.93, 0.84])
    jamb = np.clip(1.0 - np.minimum(x, 1 - x) / 0.045, 0, 1) ** 0.5 * (y > 0.03)  # the reveal inside, plastered white
    image = image + 0.16 * jamb[..., None]
    if rng.random() < 0.5:  # plants and things on the sill
        for u in rng.uniform(0.1, 0.9, int(rng.integers(1, 4))):
            tall, wide = rng.uniform(0.12, 0.34), rng.uniform(0.04, 0.09)
            pot = (np.abs(x - u) < 0.7 * wide) & (y > 0.91)
            leaves = ((x - u) / wide) ** 2 + ((y - 0.93 + 0.5 * tall) / (0.5 * tall)) ** 2
            ragged = 0.7 + 0.4 * np.sin(41 * x + 5 * variant) * np.sin(37 * y)
            image = np.where((leaves < ragged)[..., None], [0.035, 0.05, 0.028], image)
            image = np.where(pot[..., None], rng.uniform(0.05, 0.3) * np.array([1.0, 0.8, 0.7]), image)
    if variant % 4 == 1:  # curtains drawn aside
        folds = 0.82 + 0.18 * np.sin(x * 70 + 1.5 * np.sin(4 * y))
        side = (np.abs(x - 0.5) > rng.uniform(0.20, 0.34) + 0.05 * y) & (y > 0.02)
        image = np.where(side[..., None], folds[..., None] * cloth, image)
    elif variant % 4 == 2:  # a roller blind, or one of slats, part of the way down
        drop = rng.uniform(0.3, 0.8)
        slats = 1.0 - 0.3 * ((y * 34) % 1.0 < 0.3) * (rng.random() < 0.5) - 0.5 * (y > drop - 0.02)
        image = np.where((y < drop)[..., None], slats[..., None] * cloth, image)
    elif variant % 4 == 3:  # net curtain: all of it, or above or below the middle
        share = float(rng.choice([1.0, 1.0, 0.45, -0.5]))
        net = (y < share) if share > 0 else (y > -share)
        veil = (0.62 + 0.10 * np.sin(x * 90) + 0.06 * np.sin(x * 37))[..., None] * cloth
        image = np.where(net[..., None], image * 0.5 + veil, image)
    return np.asarray(image)


def _room(height: int, width: int, variant: int, rng: np.random.Generator, opening: str) -> Field:
    """(height, width) luminance of the lit room behind a window, 0..1 of the brightest, which is its lamps'."""
    y, x = np.linspace(0, 1, height)[:, None], np.linspace(0, 1, width)[None]
    if opening.startswith("shop"):
        return np.asarray(display(height, width, variant).max(-1))
    if opening in OFFICES:
        return _office(x, y, variant, rng)
    lamp, low = rng.uniform(0.2, 0.8), rng.uniform(0.20, 0.34)
    ceiling = 0.14 + 0.10 * rng.random()  # where it meets the wall
    image: Field = 0.20 + 0.42 * np.exp(-((x - lamp) ** 2) / 0.07 - (y - low) ** 2 / 0.10) - 0.06 * y
    image = np.where(y < ceiling, 0.30 + 0.35 * np.exp(-((x - lamp) ** 2) / 0.10) - 0.6 * (ceiling - y), image)
    u, v, w, h = rng.uniform(0.1, 0.9), rng.uniform(0.3, 0.45), rng.uniform(0.05, 0.1), rng.uniform(0.06, 0.12)
    image = np.where((np.abs(x - u) < w) & (np.abs(y - v) < h), rng.uniform(0.08, 0.30), image)  # a picture
    u, w = rng.uniform(0, 1), rng.uniform(0.08, 0.14)
    image = np.where(
        (np.abs(x - u) < w) & (y > 0.28), 0.5 * image * (1 - 0.5 * (np.abs(x - u) < 0.8 * w)), image
    )  # door
    for _ in range(3):  # cupboards, shelves, backs of chairs
        u, w, h = rng.uniform(0, 1), rng.uniform(0.06, 0.2), rng.uniform(0.12, 0.5)
        image = np.where((np.abs(x - u) < w) & (y > 1 - h), image * rng.uniform(0.2, 0.6), image)
    if rng.random() < 0.7:  # the lamp, hanging
        image = np.where((np.abs(x - lamp) < 0.006) & (y < low), 0.05, image)
        image = np.where(((x - lamp) / 0.07) ** 2 + ((y - low) / 0.055) ** 2 < 1, 1.0, image)
    folds = 0.32 + 0.09 * np.sin(x * 70) + 0.07 * np.sin(x * 23 + variant)  # of cloth with the light behind it
    if variant % 4 == 1:
        image = np.where(np.abs(x - 0.5) > rng.uniform(0.20, 0.34), 0.7 * folds, image)
    elif variant % 4 == 2:
        slats = 1.0 - 0.25 * ((y * 34) % 1.0 < 0.3) * (rng.random() < 0.5)
        image = np.where(y < rng.uniform(0.3, 0.7), (0.40 - 0.12 * y) * slats, image)
    elif variant % 4 == 3:
        image = 0.40 * image + 0.60 * folds * (1 - 0.3 * np.abs(y - 0.4))
    return np.clip(image, 0.0, 1.0)


def _office(x: Field, y: Field, variant: int, rng: np.random.Generator) -> Field:
    """`_room` of an office, from one side of a bay to the other: lamps in its ceiling, cupboards, desks, screens."""
    back = rng.uniform(0.40, 0.50)  # where the ceiling ends at the wall behind: one looks up from the street
    image: Field = np.where(y < back, 0.15 - 0.10 * y, 0.20 - 0.08 * (y - back)) + 0 * x
    for row in range(3):  # farther rows are nearer to the wall, shorter and lower
        middle, size = back * (0.22, 0.58, 0.83)[row], (1.0, 0.62, 0.42)[row]
        off = np.abs((x * (1.0, 1.5, 2.0)[row] + rng.random()) % 1.0 - 0.5)
        image = np.where((off < 0.30) & (np.abs(y - middle) < 0.028 * size), 1.0, image)
    for _ in range(2):
        u, w, h = rng.uniform(0, 1), rng.uniform(0.06, 0.16), rng.uniform(0.22, 0.40)
        image = np.where((np.abs(x - u) < w) & (y > 1 - h), rng.uniform(0.03, 0.10), image)
    for u in rng.uniform(0.1, 0.9, 2):
        image = np.where((np.abs(x - u) < 0.07) & (np.abs(y - 0.84) < 0.07), 0.03, image)
        image = np.where((np.abs(x - u) < 0.06) & (np.abs(y - 0.84) < 0.06), rng.choice([0.02, 0.25]), image)
    image = np.where(y > 0.92, 0.06, image)
    if variant % 4 in (1, 2):
        slats = 0.16 + 0.10 * ((y * 26) % 1.0 > 0.35)
        image = np.where(y < rng.uniform(0.25, 1.0), slats, image)
    return np.clip(image, 0.0, 1.0)


def _leaf(height: int, width: int, name: str, color: Color) -> Field:
    """(height, width, 3) look of a solid door, garage door or gate."""
    y, x = np.linspace(0, 1, height)[:, None], np.linspace(0, 1, width)[None]
    tint = np.array(color)
    if name in ("garage", "gate"):
        groove = np.broadcast_to((y * (9 if name == "garage" else 22)) % 1.0 < 0.08, (height, width))
        return np.where(groove[..., None], tint * 0.55, tint)
    if name == "barn":
        groove = ((x * 14) % 1.0 < 0.1) | (np.abs(x - 0.5) < 0.008) | (np.abs(y - 0.5) < 0.03)
        return np.where(groove[..., None], tint * 0.5, tint)
    inset = (np.abs(x - 0.5) < 0.3) & ((np.abs(y - 0.28) < 0.17) | (np.abs(y - 0.72) < 0.18))
    rim = inset & ~((np.abs(x - 0.5) < 0.27) & ((np.abs(y - 0.28) < 0.155) | (np.abs(y - 0.72) < 0.165)))
    image = np.where(rim[..., None], tint * 0.5, tint) * np.ones((height, width, 1))
    image[np.broadcast_to((np.abs(x - 0.88) < 0.025) & (np.abs(y - 0.52) < 0.03), (height, width))] = 0.5  # handle
    return image


def _draw_opening(
    image: Field, alpha: Field, opening: Opening, frame: Color, variant: int, rng: np.random.Generator
) -> None:
    """Paint an opening into a wall tile in place."""
    assert opening.rect is not None
    left, top, right, bottom = _pixels(opening.rect)
    bar = max(round(opening.frame_m / BAY_M * SIZE), 3)
    if not opening.glazed:
        image[top:bottom, left:right] = np.array(frame) * 0.7
        image[top + bar : bottom, left + bar : right - bar] = _leaf(
            bottom - top - bar, right - left - 2 * bar, opening.name, frame
        )
        return
    image[top:bottom, left:right] = frame
    pane = _pane(bottom - top, right - left, variant, rng, shop=opening.name.startswith("shop"))
    inside = generator(0, "room", opening.name, variant)
    room = _room(bottom - top, right - left, variant, inside, opening.name)
    xs = np.linspace(left, right - bar, opening.columns + 1)
    heights = np.linspace(0, 1, opening.rows + 1)
    if opening.rows == 2 and opening.name == "sash":
        heights = np.array([0.0, 0.36, 1.0])
    ys = top + heights * (bottom - bar - top)
    for i in range(opening.columns):
        for j in range(opening.rows):
            x0, x1 = round(xs[i]) + bar, round(xs[i + 1])
            y0, y1 = round(ys[j]) + bar, round(ys[j + 1])
            image[y0:y1, x0:x1] = pane[y0 - top : y1 - top, x0 - left : x1 - left]
            alpha[y0:y1, x0:x1] = 0.51 + 0.49 * room[y0 - top : y1 - top, x0 - left : x1 - left]
            image[y0 : y0 + 2, x0:x1] *= 0.6  # the frame's shadow on the glass
    if opening.name == "shop":  # bulkhead below the display
        image[bottom - 8 : bottom, left:right] = np.array(frame) * 0.8
        alpha[bottom - 8 : bottom, left:right] = 0.0


def _weather(image: Field, opening: Opening, surround: float) -> None:
    """Surround of reflectance `surround` (0: none), dirt under sills, shade under lintels, in place."""
    if opening.rect is None or opening.name in OFFICES:
        return
    left, top, right, bottom = _pixels(opening.rect)
    if surround and opening.name not in ("shop", "shop door", "factory", "barn", "gate", "garage"):
        above, beside = slice(max(top - 11, 0), top), slice(top, bottom)
        bands = (above, left - 11, right + 11), (beside, left - 11, left), (beside, right, right + 11)
        for rows, first, last in bands:
            part = (rows, slice(first, last))
            image[part] = surround * (0.97 + 0.06 * (image[part] / max(float(image[part].mean()), 1e-3) - 1.0))
        image[max(top - 13, 0) : max(top - 11, 0), left - 12 : right + 12] *= 0.72
    if opening.sill:
        image[bottom : bottom + 5, left - 4 : right + 4] = 0.42
        image[bottom + 5 : bottom + 8, left - 4 : right + 4] *= 0.5
        fade = np.linspace(0.90, 1.0, 40)[:, None, None]
        image[bottom + 8 : bottom + 48, left:right] *= fade[: max(min(SIZE - bottom - 8, 40), 0)]
    image[max(top - 2, 0) : top + 3, left:right] *= 0.45


# Reflectance of the stone or plaster around windows, about 0.13 m wide; nothing around those in panels and sheds.
_SURROUNDS = {"plaster": 0.97, "brick": 0.46, "clinker": 0.40, "yellow brick": 0.55}


@lru_cache(maxsize=320)  # 80 MB: a town needs about 150 at a time
def bay_texture(finish: str, opening: str, frame: str = "white", variant: int = 0) -> Texture:
    """Tile of one bay.

    Args:
        finish: one of FINISHES.
        opening: a key of OPENINGS.
        frame: a key of FRAMES; doors and gates have its colour too.
        variant: 0 bare glass, 1 curtains, 2 blind, 3 net curtain; higher numbers repeat with other details. Of shops:
            that of `shop_windows.display`.
    """
    hole = OPENINGS[opening]
    rng = generator(0, "bay", finish, opening, frame, variant)
    rgba = _wall_bytes(finish).copy()
    if hole.rect is not None:
        image, alpha = wall(finish).copy(), np.zeros((SIZE, SIZE))
        _draw_opening(image, alpha, hole, FRAMES[frame], variant, rng)
        _weather(image, hole, _SURROUNDS.get(finish, 0.0))
        left, top, right, bottom = _pixels(hole.rect)
        part = (slice(max(top - 14, 0), bottom + 50), slice(max(left - 13, 0), right + 13))  # all that has been painted
        rgba[(*part, slice(0, 3))], rgba[(*part, 3)] = _bytes(image[part]), alpha[part] * 255
    if finish == "glass":  # spandrel panel between the storeys of a curtain wall
        rgba[:30] = (97, 97, 97, 0)
    return Texture(f"{finish} {opening} {frame} {variant}", rgba, panes=True)


@cache
def _wall_bytes(finish: str) -> NDArray[np.uint8]:
    """(256, 256, 4) the bare wall with alpha 0 (no pane)."""
    return np.concatenate([_bytes(wall(finish)), np.zeros((SIZE, SIZE, 1), np.uint8)], 2)


# ---------------------------------------------------------------- roofs and lettering


@cache
def wall_texture(finish: str) -> Texture:
    """Plain tile of 3 m x 3 m of a wall finish, without openings or panes."""
    return _texture(f"wall {finish}", wall(finish))


@cache
def weathered_wall(finish: str, foot_m: float) -> Texture:
    """Tile of 3 m x 3 m of a wall that stands free: dark and green where rain splashes up, streaks below the coping.

    `foot_m`: height in the tile of the ground before the wall.
    """
    fine, coarse = _grain(7)
    rng = generator(0, "weathered", finish)
    up = ((np.arange(SIZE)[::-1] + 0.5) / SIZE * BAY_M)[:, None] - foot_m
    splash = np.exp(-np.maximum(up + 0.04 * coarse, 0.0) / 0.16)
    run = np.repeat(spectral_noise(SIZE, rng, slope=1.4, low_cut=4)[:1], SIZE, 0)
    streak = np.clip(run - 0.5, 0.0, 2.0) * (0.6 + 0.25 * fine)
    light = np.clip(1.0 - 0.13 * streak + 0.04 * coarse, 0.4, 1.2)[..., None]
    moss = np.array([0.62, 0.66, 0.50])  # what algae and dirt leave of the light
    return _texture(f"weathered {finish} {foot_m:g}", wall(finish) * light * (1.0 - splash[..., None] * (1.0 - moss)))


@cache
def roof_texture(kind: str) -> Texture:
    """Tile of 2 m x 2 m of roof: `tiles` (clay or concrete, tinted by the material), `slate`, `seam`, `gravel`."""
    fine, coarse = _grain(31)
    rng = generator(0, "roof", kind)
    x, y = np.meshgrid((np.arange(SIZE) + 0.5) / SIZE, (np.arange(SIZE) + 0.5) / SIZE)
    if kind == "tiles":
        rows, columns = 6, 8
        shade = rng.normal(1.0, 0.10, (rows, columns))
        light = shade[np.floor(y * rows).astype(int), np.floor(x * columns).astype(int)]
        light *= 0.72 + 0.33 * np.sin(np.pi * ((x * columns) % 1.0)) ** 0.6
        light *= np.where((y * rows) % 1.0 > 0.88, 0.45, 1.0)
    elif kind == "slate":
        rows, columns = 10, 10
        row = np.floor(y * rows).astype(int)
        along = x * columns + 0.5 * (row % 2)
        light = rng.normal(1.0, 0.14, (rows, columns))[row, np.floor(along).astype(int) % columns]
        light = light * np.where(((y * rows) % 1.0 > 0.9) | (along % 1.0 < 0.05), 0.5, 1.0)
    elif kind == "seam":
        light = np.where((x * 4) % 1.0 < 0.06, 1.25, 1.0) * np.where((x * 4 + 0.06) % 1.0 < 0.05, 0.6, 1.0)
    else:
        light = 1 + 0.22 * fine
    image = np.clip(0.8 * light * (1 + 0.05 * fine + 0.06 * coarse), 0.02, 1.0)[..., None] * np.ones(3)
    return _texture(f"roof {kind}", image)


@lru_cache(maxsize=128)
def lettering(text: str, ink: Color, ground: Color, *, lit: bool = False) -> Texture:
    """Sign board of 64 x 512 pixels with `text` in capitals, linear colours.

    One that is `lit` from behind shines as the square of how bright its colours are, the brightest fully: an even
    board drowns its letters.
    """
    import cv2

    mask = np.zeros((128, 1024), np.uint8)
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, 3.0, 9)
    scale = min(3.0, 3.0 * 960 / max(width, 1))
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, scale, 9)
    at = ((1024 - width) // 2, (128 + height) // 2)
    cv2.putText(mask, text, at, cv2.FONT_HERSHEY_DUPLEX, scale, 255, 9, cv2.LINE_AA)
    cover = cv2.resize(mask, (512, 64), interpolation=cv2.INTER_AREA)[..., None] / 255.0
    image = cover * np.array(ink) + (1 - cover) * np.array(ground)
    if not lit:
        return _texture(f"board {text}", image)
    through = (image.max(-1, keepdims=True) / max(*ink, *ground)) ** 2
    return Texture(
        f"lit board {text}", np.concatenate([_bytes(image), np.uint8(np.rint(128 + 127 * through))], 2), panes=True
    )


@cache
def awning_cloth(striped: bool) -> Texture:
    """Cloth of awnings, a metre wide: plain, or with darker stripes of 0.25 m; tinted by the material."""
    x = (np.arange(64) + 0.5) / 64
    weave = 0.9 + 0.05 * np.sin(2 * np.pi * 16 * x)
    image = np.repeat(weave[None, :, None], 3, 2) * np.ones((16, 1, 1))
    if striped:
        image[:, (x * 4).astype(int) % 2 == 1] = 0.35
    return _texture(f"awning {striped}", image)
