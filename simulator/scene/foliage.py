"""Textures of plants, painted leaf by leaf: dense foliage, cut-out sprays and boughs, blades of grass, bark."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.rng import generator
from simulator.scene.material import Texture
from simulator.scene.noise import spectral_noise

F64 = NDArray[np.float64]
Palette = tuple[tuple[int, int, int], ...]  # sRGB from shade to light

# sRGB codes of leaves from shade to light. Single leaves reflect about 0.11 at 550 nm (PROSPECT-5); dry and young
# ones more. Green over red is that of the patch "foliage" of the ColorChecker (1.6). The dark tones stand for gaps.
PALETTES: dict[str, Palette] = {
    "summer": ((45, 57, 25), (69, 86, 40), (87, 107, 50), (109, 128, 64)),
    "lime": ((57, 70, 30), (85, 105, 47), (105, 125, 59), (128, 145, 75)),
    "dark": ((37, 48, 24), (56, 70, 36), (72, 88, 45), (91, 107, 59)),
    "spring": ((63, 73, 32), (94, 106, 50), (116, 128, 64), (141, 150, 85)),
    "olive": ((51, 60, 30), (76, 89, 47), (98, 113, 61), (120, 136, 78)),
    "gold": ((66, 66, 22), (116, 96, 28), (156, 122, 36), (178, 148, 60)),
    "rust": ((58, 44, 20), (98, 60, 26), (130, 80, 34), (154, 104, 50)),
    "spruce": ((32, 40, 26), (51, 63, 40), (66, 80, 50), (87, 101, 65)),
    "pine": ((36, 44, 28), (56, 68, 42), (74, 88, 55), (97, 110, 72)),
    "blossom": ((110, 96, 92), (188, 164, 166), (214, 192, 194), (230, 216, 216)),
    "bare": ((50, 42, 34), (72, 62, 52), (90, 80, 68), (110, 100, 88)),
}
# Meadow grass in spring, summer, autumn and winter: more and more dry blades among the green ones. Hues as those of
# `textures.grass`: blades that a driver sees from the side are a canopy with soil and dead leaves in it.
GRASSES: dict[str, Palette] = {
    "spring": ((42, 48, 30), (66, 77, 48), (87, 98, 63), (118, 124, 88)),
    "summer": ((44, 48, 32), (68, 75, 50), (90, 95, 66), (136, 125, 98)),
    "autumn": ((43, 45, 31), (68, 70, 48), (92, 90, 63), (138, 123, 97)),
    "winter": ((47, 46, 34), (74, 72, 52), (102, 94, 71), (137, 122, 98)),
}

SIZE = 256
_MARGIN = 4  # pixels around a tile, at whose border OpenCV would draw edges without smoothing them
_LEAF = np.array([[-1, 0], [-0.5, 0.8], [0.15, 1.0], [0.7, 0.5], [1.1, 0], [0.7, -0.5], [0.15, -1.0], [-0.5, -0.8]])


def tone(colors: F64, level: float, rng: np.random.Generator) -> tuple[int, ...]:
    """A colour of a palette (K, 3) at `level` 0 (shade) .. K - 1 (light), a little different for every leaf."""
    level = min(max(float(level), 0.0), len(colors) - 1.001)
    low = int(level)
    part, light = level - low, rng.uniform(0.82, 1.16)
    # Numbers one by one: arrays of three take several times as long, and there are thousands of leaves.
    channels = zip(colors[low].tolist(), colors[low + 1].tolist(), rng.normal(0, 0.05, 3).tolist(), strict=True)
    return tuple(int(min(max((a + part * (b - a)) * light * (1 + by), 0.0), 255.0)) for a, b, by in channels)


class Cutout:
    """An image with holes under construction, painted at twice its size; x to the right, y up, both 0..1."""

    def __init__(self, width: int, height: int, ground: F64) -> None:
        self._size = (2 * width, 2 * height)
        self._scale, self._start = np.array([32.0 * width, -32.0 * height]), np.array([0.0, 32.0 * height])
        self.image = np.empty((2 * height, 2 * width, 3), np.uint8)
        self.image[:] = np.clip(ground, 0, 255)
        self.mask = np.zeros((2 * height, 2 * width), np.uint8)

    def _pixels(self, points: F64) -> NDArray[np.int32]:
        """In sixteenths, as OpenCV takes them."""
        return np.asarray(np.rint(points * self._scale + self._start), np.int32)

    def polygon(self, points: F64, color: tuple[int, ...]) -> None:
        """Fill (K, 2)."""
        import cv2

        at = self._pixels(points)
        cv2.fillPoly(self.image, [at], color, cv2.LINE_AA, 4)
        cv2.fillPoly(self.mask, [at], (255,), cv2.LINE_AA, 4)

    def lines(self, ends: F64, width: float, color: tuple[int, ...]) -> None:
        """Draw (N, K, 2) polylines `width` texels wide."""
        import cv2

        at, thick = list(self._pixels(ends)), max(round(2 * width), 1)
        cv2.polylines(self.image, at, False, color, thick, cv2.LINE_AA, 4)
        cv2.polylines(self.mask, at, False, (255,), thick, cv2.LINE_AA, 4)

    def texture(self, name: str) -> Texture:
        """The finished image."""
        import cv2

        half = (self._size[0] // 2, self._size[1] // 2)
        small = [cv2.resize(part, half, interpolation=cv2.INTER_AREA) for part in (self.image, self.mask)]
        return Texture(name, np.dstack(small), cutout=True)


def _wrapped(image: NDArray[np.uint8], shape: F64, color: tuple[int, ...]) -> None:
    """Fill a polygon of (K, 2) pixels on a tile that repeats in both directions, within a `_MARGIN`."""
    import cv2

    (left, top), (right, bottom) = shape.min(0), shape.max(0)
    for dx in (0, SIZE if left < _MARGIN else -SIZE if right > SIZE - _MARGIN else 0):
        for dy in (0, SIZE if top < _MARGIN else -SIZE if bottom > SIZE - _MARGIN else 0):
            points = np.rint((shape + [dx + _MARGIN, dy + _MARGIN]) * 16).astype(np.int32)
            cv2.fillPoly(image, [points], color, cv2.LINE_AA, 4)


def _turned(outline: F64, angle: float) -> F64:
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(outline @ np.array([[c, s], [-s, c]]))


def leaf_outline(length: float, rng: np.random.Generator) -> F64:
    """(8, 2) outline of a leaf about its middle, turned at random."""
    return _turned(_LEAF * [0.5 * length, 0.5 * length * rng.uniform(0.45, 0.7)], rng.uniform(0, 2 * np.pi))


@cache
def leaf_texture(palette: str, *, needles: bool = False) -> Texture:
    """Tile of 1 m x 1 m dense foliage: thousands of leaves (or needle sprays), light ones above dark ones."""
    rng = generator(0, "foliage", palette, int(needles))
    colors = np.array(PALETTES[palette], np.float64)
    image = np.empty((SIZE + 2 * _MARGIN, SIZE + 2 * _MARGIN, 3), np.uint8)
    image[:] = colors[0] * 0.62
    count = 900 if needles else 1300
    order = np.linspace(0.0, 1.0, count)  # later leaves lie above and catch more light
    place = rng.uniform(0, SIZE, (count, 2))
    turn = rng.uniform(0, 2 * np.pi, count)
    length = rng.uniform(8, 14, count) if needles else rng.uniform(5, 9.5, count)
    ratio = rng.uniform(0.10, 0.2, count) if needles else rng.uniform(0.42, 0.62, count)
    for i in range(count):
        color = tone(colors, order[i] * 2.6 + rng.normal(0, 0.5), rng)
        _wrapped(image, _turned(_LEAF * [length[i], length[i] * ratio[i]], turn[i]) + place[i], color)
    clump = spectral_noise(SIZE, rng, slope=2.4, low_cut=1.5)[..., None]
    shaded = np.clip(image[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN] * (1.0 + 0.16 * clump), 0, 255)
    rgba = np.dstack([shaded, np.full((SIZE, SIZE), 255.0)])
    return Texture(f"{'needles' if needles else 'leaves'}-{palette}", np.rint(rgba).astype(np.uint8))


@cache
def spray_texture(palette: str, *, needles: bool = False, branch: bool = False) -> Texture:
    """Four twigs with their leaves (or tufts of long needles), one in each quarter, growing upwards from its foot.

    Leaves are about a tenth of a card long, or a fifteenth with `branch`: four branches of many twigs, for larger
    cards that are seen from farther away. Those near the stem lie in the shade of the others. Twigs of all lengths,
    with gaps between them, make the outline ragged.
    """
    rng = generator(0, "spray", palette, int(needles), int(branch))
    colors = np.array(PALETTES[palette], np.float64)
    canvas = Cutout(2 * SIZE, 2 * SIZE, colors[0:2].mean(0))
    twigs, along, scale = (27, 14, 0.45) if branch else (16, 11, 0.55)
    if needles:
        twigs, along, scale = (20, 9, 0.54) if branch else (12, 7, 0.72)
    for quarter in range(4):
        corner = np.array([quarter % 2, quarter // 2]) * 0.5
        ways = _twigs(twigs, rng)
        canvas.lines(np.stack(ways) + corner, 2.0 * scale, (62, 52, 40))
        spots, aims, outwards = [], [], []
        for way in ways:
            run = way[-1] - way[0]
            for t in np.linspace(0.12, 1.0, along):
                spot = np.array([np.interp(t, [0, 0.5, 1], way[:, j]) for j in (0, 1)])
                spots.append(spot + rng.normal(0, 0.010, 2))
                aims.append(np.arctan2(run[1], run[0]) + rng.choice([-1.0, 1.0]) * rng.uniform(0.3, 1.2))
                outwards.append(min(np.hypot(*(spot - [0.25, 0.2])) / 0.2, 1.0))
        for i in np.argsort(np.array(outwards) + rng.normal(0, 0.25, len(outwards))).tolist():
            color = tone(colors, 3.0 * rng.beta(2, 2.2) * (0.5 + 0.6 * outwards[i]), rng)
            if needles:
                angle = aims[i] + rng.uniform(-1.4, 1.4, 16)
                ends = scale * rng.uniform(0.05, 0.09, (16, 1)) * np.stack([np.cos(angle), np.sin(angle)], 1)
                ends = ends[((spots[i] + ends > 0.01) & (spots[i] + ends < 0.49)).all(1)]
                if len(ends):
                    burst = np.stack([np.repeat([spots[i]], len(ends), 0), spots[i] + ends], 1)
                    canvas.lines(burst + corner, 1.5, color)
            else:
                size = scale * rng.uniform(0.030, 0.052)
                blade = _turned((_LEAF + [1.0, 0.0]) * [size, size * rng.uniform(0.5, 0.75)], aims[i]) + spots[i]
                blade -= np.minimum(blade.min(0) - 0.008, 0.0) + np.maximum(blade.max(0) - 0.492, 0.0)
                _folded_leaf(canvas, blade + corner, np.array(color, np.float64), rng)
    return canvas.texture(f"{'branch' if branch else 'spray'}-{palette}")


def _twigs(count: int, rng: np.random.Generator) -> list[F64]:
    """A stem and `count` twigs that leave it, (3, 2) each, within 0.03 .. 0.47 of a quarter."""
    stem = np.array([[0.25, 0.01], [0.25 + rng.normal(0, 0.02), 0.2], [0.25 + rng.normal(0, 0.03), 0.40]])
    ways = [stem]
    for k in range(count):
        t = 0.04 + 0.94 * (k + 0.5 + rng.normal(0, 0.4)) / count
        foot = np.array([np.interp(t, [0, 0.5, 1], stem[:, j]) for j in (0, 1)])
        angle = (1 if k % 2 else -1) * rng.uniform(0.35, 1.35)
        reach = rng.uniform(0.05, 0.26) * (1.1 - 0.4 * t)
        ways.append(np.clip(foot + np.outer([0, 0.5, 1.0], [np.sin(angle), np.cos(angle)]) * reach, 0.01, 0.47))
    return ways


def _folded_leaf(canvas: Cutout, blade: F64, color: F64, rng: np.random.Generator) -> None:
    """Draw a leaf, (8, 2) as `_LEAF`: folded along its midrib, one half of it turned more towards the light.

    Leaves of a twig face all ways, so that some catch the light and some, one in fifteen, mirror the sky.
    """
    facing = rng.uniform(0.66, 1.30)
    halves = facing * np.array([1.0 + rng.uniform(0.04, 0.20), 1.0 - rng.uniform(0.04, 0.20)])
    if rng.random() < 1 / 15:
        color, halves = 0.75 * color + 0.25 * color.mean(), halves * 1.35
    for half, light in zip((blade[:5], blade[[0, 7, 6, 5, 4]]), halves[:: int(rng.choice([-1, 1]))]):
        canvas.polygon(half, tuple(int(v) for v in np.clip(color * light, 0, 255)))


@cache
def canopy_texture(palette: str) -> Texture:
    """Four pieces of a crown from afar, one in each quarter: hundreds of leaves in lumps, fewer towards the fringe.

    For cards of some metres: a leaf is a fortieth of a card long.
    """
    rng = generator(0, "canopy", palette)
    colors = np.array(PALETTES[palette], np.float64)
    canvas = Cutout(2 * SIZE, 2 * SIZE, colors[0:2].mean(0))
    for quarter in range(4):
        corner = np.array([quarter % 2, quarter // 2]) * 0.5
        lumps = 0.25 + np.clip(rng.normal(0, 0.075, (16, 2)), -0.15, 0.15)
        reach, shade = rng.uniform(0.045, 0.085, 16), rng.uniform(-0.6, 0.6, 16)
        owner = rng.integers(16, size=900)
        angle, away = rng.uniform(0, 2 * np.pi, 900), rng.uniform(0, 1, 900) ** 0.6
        spots = lumps[owner] + (reach[owner] * away)[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
        light = 1.7 + shade[owner] - 1.1 * away + rng.normal(0, 0.45, 900)  # edges of lumps lie in shade
        for i in np.argsort(light).tolist():
            size = rng.uniform(0.006, 0.0125)
            leaf = leaf_outline(2.0 * size, rng) + spots[i]
            canvas.polygon(np.clip(leaf, 0.006, 0.494) + corner, tone(colors, float(light[i]), rng))
    return canvas.texture(f"canopy-{palette}")


@cache
def bough_texture(palette: str) -> Texture:
    """Two boughs of a spruce or fir from above, side by side: u across, v from the trunk to the tip.

    Twigs leave the bough on both sides, smaller ones leave these, and all are set with short needles: between them
    one sees what is below.
    """
    rng = generator(0, "bough", palette)
    colors = np.array(PALETTES[palette], np.float64)
    canvas = Cutout(2 * SIZE, 2 * SIZE, colors[1])
    for half in range(2):
        middle = 0.25 + 0.5 * half
        rows = np.clip(np.linspace(0.02, 0.965, 44) + rng.normal(0.0, 0.008, 44), 0.01, 0.97)
        for row in rng.permutation(len(rows)).tolist():
            for side in (-1.0, 1.0):
                v = float(np.clip(rows[row] + rng.normal(0, 0.014), 0.01, 0.98))  # no fern: twigs of all lengths
                reach = 0.235 * min(1.15 * (1 - v) ** 0.5, 1.0, 0.45 + 3 * v) * rng.choice([0.4, 0.7, 1.0, 1.0])
                reach *= rng.uniform(0.75, 1.05)
                aim = float(np.arctan2(rng.uniform(0.3, 1.7), side))  # most point to the tip
                light = rng.uniform(-0.2, 1.3) + 1.1 * rows[row]  # the inner part lies in the shade of boughs above
                end = _needled(canvas, np.array([middle, v]), aim, reach, (half, light), colors, rng)
                for share in np.arange(0.15, 1.0, 0.04 / max(reach, 0.04)):
                    foot = np.array([middle, v]) + share * (end - [middle, v])
                    turn = aim + float(rng.choice([-1.0, 1.0])) * rng.uniform(0.5, 0.9)
                    length = 0.42 * reach * (1.1 - share) * rng.uniform(0.6, 1.2)
                    _needled(canvas, foot, turn, length, (half, light + 0.5 * share), colors, rng)
        canvas.lines(np.array([[[middle, 0.0], [middle, 0.96]]]), 2.0, (70, 58, 44))
    return canvas.texture(f"bough-{palette}")


def _needled(
    canvas: Cutout, foot: F64, aim: float, length: float, at: tuple[int, float], colors: F64, rng: np.random.Generator
) -> F64:
    """Draw a twig from `foot` at an angle, set with needles; `at`: which half it is in, its place in the palette.

    Returns its end (2,).
    """
    half, light = at
    count = max(int(length / 0.0055), 3)
    u = np.linspace(0.0, 1.0, count)[:, None]
    way = foot + length * u * np.array([np.cos(aim), np.sin(aim)]) - [0.0, 0.1 * length] * u**2
    for lean in (-0.85, 0.85):
        turn = aim + lean + rng.normal(0, 0.22, count)
        size = rng.uniform(0.010, 0.016, count)[:, None] * np.where(u > 0.8, 0.75, 1.0)
        tips = way + size * np.stack([np.cos(turn), np.sin(turn)], 1)
        ends = np.stack([way, tips], 1)
        ends[..., 0] = np.clip(ends[..., 0], 0.5 * half + 0.004, 0.5 * half + 0.496)
        ends[..., 1] = np.clip(ends[..., 1], 0.004, 0.996)
        canvas.lines(ends, 1.5, tone(colors, light + 0.35 * lean + rng.normal(0, 0.15), rng))
    return np.asarray(way[-1])


def _blades(
    canvas: Cutout,
    colors: F64,
    count: int,
    half_width: float,
    rng: np.random.Generator,
    *,
    margin: float = 0.06,
    tall: tuple[float, float] = (2.0, 2.4),
) -> None:
    """Blades side by side between margins; later ones stand in front: shorter and lighter.

    `tall`: parameters of the beta distribution of their heights.
    """
    for i in range(count):
        front = i / count
        foot = rng.uniform(margin, 1.0 - margin)
        high = float(np.clip(rng.beta(*tall) * (1.05 - 0.3 * front), 0.12, 0.98))
        lean = rng.normal(0, 0.11) * high
        wide = half_width * rng.uniform(0.63, 1.37)
        t = np.linspace(0, 1, 6)
        x, y = foot + lean * t**2, high * (t - 0.25 * abs(lean) * t**3)
        half = wide * (1 - t) ** 0.6
        blade = np.concatenate([np.stack([x - half, y], 1), np.stack([x + half, y], 1)[::-1]])
        canvas.polygon(np.clip(blade, 0.0, 1.0), tone(colors, 3.0 * rng.beta(1.6, 1.8) + 0.4 * front, rng))


GRASS_CARD_M = 0.6  # width of the blades of `grass_texture`


@cache
def grass_texture(season: str, *, sward: bool = False) -> Texture:
    """Blades of grass from the side, GRASS_CARD_M wide and half as high.

    They stand apart at the tile's left and right, or without gaps in a `sward`, which repeats along u.
    """
    colors = np.array(GRASSES[season], np.float64)
    canvas = Cutout(2 * SIZE, SIZE, colors[1])
    rng = generator(0, "grass blades", season, int(sward))
    if sward:
        _blades(canvas, colors, 260, 0.0032, rng, margin=0.0, tall=(2.6, 2.2))
    else:
        _blades(canvas, colors, 110, 0.0035, rng)
    return canvas.texture(f"{'sward' if sward else 'grass-blades'}-{season}")


# Stems and leaves of crops, ears or flowers above them, and half the width of a blade in repeats of CROP_EDGE_M.
_CROP_SIDES: dict[str, tuple[Palette, Palette, float]] = {
    "green": (GRASSES["spring"], GRASSES["spring"], 0.0028),
    "ripe": (
        ((84, 68, 34), (134, 110, 58), (172, 144, 84), (204, 178, 116)),
        ((150, 122, 66), (184, 152, 88), (206, 176, 110), (222, 196, 132)),
        0.0024,
    ),
    "maize": (PALETTES["summer"], PALETTES["olive"], 0.0075),
    "rape": (PALETTES["lime"], ((150, 140, 20), (190, 178, 24), (214, 200, 30), (228, 216, 60)), 0.0036),
}
CROP_EDGE_M = 1.6  # one repeat of a crop's side along the edge of the field


@cache
def crop_texture(kind: str) -> Texture:
    """The side of a field of corn, maize or rape, CROP_EDGE_M wide; the last sixth of its height is ragged."""
    rng = generator(0, "crop", kind)
    stems, tops, width = _CROP_SIDES[kind]
    colors, light = np.array(stems, np.float64), np.array(tops, np.float64)
    canvas = Cutout(2 * SIZE, SIZE, colors[0])
    canvas.polygon(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.7], [0.0, 0.7]]), tone(colors, 0.6, rng))
    for share in (0.85, 1.0, 1.12):
        _blades(canvas, colors * share, 260, width, rng, margin=0.0, tall=(6.0, 2.4))
        for x in rng.uniform(0.0, 1.0, 240):  # ears, tassels, flowers
            y = rng.normal(0.80, 0.07)
            ear = _turned(_LEAF * [0.045, 0.011], rng.normal(np.pi / 2, 0.35)) * [0.5, 1.0] + [x, min(y, 0.95)]
            canvas.polygon(np.clip(ear, 0.0, 1.0), tone(light, 3.0 * rng.random(), rng))
    return canvas.texture(f"crop-{kind}")


@cache
def bark_texture(kind: str) -> Texture:
    """Tile of bark, once around the trunk and 1 m high: `brown`, `grey`, `birch` or `pine`."""
    rng = generator(0, "bark", kind)
    base = {"brown": (84, 70, 56), "grey": (104, 98, 88), "birch": (196, 192, 182), "pine": (128, 86, 58)}[kind]
    size = 128
    fine = spectral_noise(size, rng, slope=1.6, low_cut=4)
    ridges = spectral_noise(size, rng, slope=2.2, low_cut=3)
    ridges = np.repeat(ridges[::4], 4, axis=0)  # stretched along the trunk
    light = 1.0 + 0.10 * fine + 0.16 * np.sign(ridges) * np.abs(ridges) ** 0.7
    image = np.array(base, np.float64) * light[..., None]
    if kind == "birch":  # dark lenticels across the white bark
        for _ in range(26):
            y, x, w = int(rng.integers(0, size)), int(rng.integers(0, size)), int(rng.integers(6, 34))
            rows, columns = (np.arange(int(rng.integers(1, 5))) + y) % size, (np.arange(w) + x) % size
            image[np.ix_(rows, columns)] *= rng.uniform(0.2, 0.5)
    rgba = np.dstack([np.clip(image, 0, 255), np.full((size, size), 255.0)])
    return Texture(f"bark-{kind}", np.rint(rgba).astype(np.uint8))
