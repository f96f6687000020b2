"""Ground textures: seeded, tileable, in true scale and with true reflectance.

Every function returns one shared `Texture` per set of parameters. Its texels are linear reflectance coded
as sRGB, so a material that uses it keeps `albedo=(1, 1, 1)` (or a tint near it). How many metres one repeat
covers is in the constants `*_M`; low frequencies are left out so that repeats do not show from the seat.

Mean reflectances: asphalt 0.05 to 0.08 new and 0.10 to 0.16 worn, concrete 0.30 to 0.45 (pavement albedo as
in Levinson and Akbari, LBNL-48334, 2001), grass 0.07 to 0.08 (ASTER spectral library), fresh snow 0.85.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from simulator.numerics.jit import kernel
from simulator.numerics.rng import generator
from simulator.scene.material import LANE_WIDTH_M, Texture
from simulator.scene.noise import grade, rgb, to_srgb8, with_mean
from simulator.scene.noise import spectral_noise as noise
from simulator.scene.paving import CONCRETE_HUE

Array = NDArray[np.floating]

ASPHALT_M = 4.0
LANE_M = (LANE_WIDTH_M, 7.0)  # across and along the lane
_LANE_PX, _FADE_PX = (1024, 512), 40  # of a variant, and rows at either end over which it becomes like the others
CONCRETE_M = 5.0
YARD_M = 12.0
GRASS_M = 5.0
FIELD_M = 9.0
FOREST_M = 4.0
SOIL_M = 3.0
SNOW_M = 5.0
MARKING_M = 1.0
LANDSCAPE_M = 900.0

Drawing = Callable[[Array], None]
_GLOSS = rgb(0.008, 0.008, 0.005)


def _rng(name: str, seed: int) -> np.random.Generator:
    return generator(seed, "texture", name)


def _wrapped_lines(shape: tuple[int, int], lines: list[Array], width_px: list[float]) -> Array:
    """0..1 coverage of polylines in pixel coordinates (x, y), drawn antialiased on a torus."""
    import cv2

    height, width = shape
    scale = 2
    canvas = np.zeros((height * scale, width * scale), np.uint8)
    for line, thick in zip(lines, width_px):
        for dx in (-width, 0, width):
            for dy in (-height, 0, height):
                points = np.rint((line + np.array([dx, dy])) * scale * 16).astype(np.int32)
                cv2.polylines(canvas, [points[:, None]], False, 255, max(1, round(thick * scale)), cv2.LINE_AA, 4)
    small = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / 255


def _walk(rng: np.random.Generator, start: Array, heading: float, length: float, step: float = 6.0) -> Array:
    """A crack: a random walk of about `length` pixels that keeps to its heading."""
    count = max(2, round(length / step))
    turn = rng.normal(0.0, 0.45, count)
    angle = heading + turn + 0.3 * np.cumsum(rng.normal(0.0, 0.25, count))
    steps = step * np.stack([np.cos(angle), np.sin(angle)], 1)
    return np.concatenate([start[None], start + np.cumsum(steps, 0)])


# Contrast of clusters of stones and binder, a hand wide: asphalt 10 m ahead of KITTI's cameras varies by 0.10 to 0.14
# of its mean between pixels that see 3 x 3 cm, the cameras' noise included; with more than this, pictures of much road
# leave the range that real ones have in `audit images`.
_CLUSTERS = 0.11


def _aggregate(shape: tuple[int, int], rng: np.random.Generator, age: float) -> Array:
    """Relative brightness of a bituminous surface: bare stones, voids, clusters of both, blotches."""
    stones = noise(shape, rng, slope=0.4, low_cut=12)
    coarse = noise(shape, rng, slope=1.6, low_cut=20)
    blotch = noise(shape, rng, slope=2.4, low_cut=3)
    bright = np.maximum(stones - 1.25, 0.0)  # few light stones stand out, more of them with age
    voids = np.maximum(-stones - 1.1, 0.0)
    relief = 1.0 + 0.10 * stones + _CLUSTERS * coarse + (0.15 + 0.45 * age) * bright - 0.22 * voids
    return np.asarray(relief * (1.0 + 0.045 * blotch))


def _asphalt_color(value: Array, age: float) -> Array:
    """Binder is black when new; the bare stones of old asphalt, and its dust, are warm grey.

    Reflectance grows with the wavelength, more so with age (M. Herold and D. Roberts, "Spectral characteristics of
    asphalt road aging and deterioration", Applied Optics 44, 2005). Roads on 15 pictures of KITTI and nuScenes have
    0.976 of the green in their blue, coded, half of them less: with the light of the sky on it, that is this warm.
    """
    mean = 0.055 + 0.085 * age
    warm = rgb(1.035, 1.0, 0.89) * age + rgb(1.0, 1.0, 0.98) * (1.0 - age)
    return grade(value, (0.0, 0.0, 0.0), tuple(mean * warm))


def _cracks(shape: tuple[int, int], rng: np.random.Generator, amount: float, px_per_m: float) -> tuple[Array, Array]:
    """Coverage of open cracks and of bitumen-sealed cracks; `amount` 0..1."""
    height, width = shape
    open_, sealed = list[Array](), list[Array]()
    for _ in range(round(5 * amount)):
        start = rng.uniform(0, [width, height])
        heading = rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.25)
        line = _walk(rng, start, heading, rng.uniform(0.8, 3.0) * px_per_m)
        (sealed if rng.random() < 0.35 else open_).append(line)
        for _ in range(rng.integers(0, 4)):  # side branches
            branch = _walk(rng, line[rng.integers(len(line))], heading + rng.choice([-1, 1]) * 1.1, 0.5 * px_per_m)
            open_.append(branch)
    thin = _wrapped_lines(shape, open_, [0.004 * px_per_m + 0.4] * len(open_))
    thick = _wrapped_lines(shape, sealed, [0.05 * px_per_m] * len(sealed))
    return thin, thick


@cache
def asphalt(
    age: float = 0.6, *, cracks: float = 0.0, patches: float = 0.0, aggregate: float = 1.0, seed: int = 0
) -> Texture:
    """Asphalt concrete, ASPHALT_M square.

    Args:
        age: 0 just laid (dark, closed) to 1 worn for decades (light, bare stones).
        cracks: 0 sound to 1 many open and sealed cracks.
        patches: 0 none to 1 several rectangular repairs in newer asphalt.
        aggregate: contrast of the stones, 1 usual.
        seed: another texture of the same kind.
    """
    rng = _rng("asphalt", seed)
    shape = (512, 512)
    value = 1.0 + aggregate * (_aggregate(shape, rng, age) - 1.0)
    color = with_mean(_asphalt_color(value, age), 0.055 + 0.085 * age)
    px = 512 / ASPHALT_M
    for _ in range(round(3 * patches)):
        _repair(color, rng, age, px)
    _draw_cracks(color, rng, cracks, px)
    return Texture(f"asphalt-{age:g}-{seed}", to_srgb8(color))


def _draw_cracks(color: Array, rng: np.random.Generator, amount: float, px_per_m: float) -> None:
    if amount <= 0:
        return
    thin, thick = _cracks((color.shape[0], color.shape[1]), rng, amount, px_per_m)
    color *= 1.0 - 0.75 * thin[..., None]
    sealed = thick > 0.0
    seal = rgb(0.035, 0.035, 0.037) * (1.0 + 0.1 * rng.standard_normal((np.count_nonzero(sealed), 1), np.float32))
    color[sealed] += (seal - color[sealed]) * 0.55 * thick[sealed, None]  # chalky with age, and dusty


def _repair(color: Array, rng: np.random.Generator, age: float, px_per_m: float) -> None:
    """A patch of newer asphalt, longer along the road than across, with a sealed edge, away from the tile's border.

    Traffic bleaches it soon, so it is only a little darker than what is around it.
    """
    height, width = color.shape[:2]
    size = np.minimum(rng.uniform([0.8, 1.6], [1.6, 4.0]) * px_per_m, [width * 0.6, height * 0.6]).astype(int)
    x, y = (rng.integers(8, [width - size[0] - 8, height - size[1] - 8])).tolist()
    area = color[y : y + size[1], x : x + size[0]]
    newer = 0.7 * age
    stones = _aggregate((512, 512), rng, newer)
    fresh = with_mean(_asphalt_color(stones, newer), 0.055 + 0.085 * newer)
    down, aside = np.arange(size[1]) % 512, np.arange(size[0]) % 512
    area[:] = fresh[np.ix_(down, aside)]
    rim = max(1, round(0.015 * px_per_m))
    edge = np.ones(area.shape[:2], np.float32)
    edge[rim:-rim, rim:-rim] = 0.0
    area *= 1.0 - 0.35 * edge[..., None]


@cache
def lane_asphalt(
    age: float = 0.6, variant: int = 0, *, cracks: float = 0.3, manhole: bool = False, seed: int = 0
) -> Texture:
    """Asphalt of one lane with wheel tracks and drip line: u across (lane centre at 0.5), v along; LANE_M.

    Variants of one (age, seed) are equal at both ends, so they follow each other in any order: each has its
    own cracks, stains and repairs in between.
    """
    own, shape = _rng(f"lane-variant-{variant}", seed), _LANE_PX
    height, width = shape
    plain = _worn_lane(age, seed)
    color, px = plain.copy("K"), width / LANE_M[0]
    if variant:
        blot = noise(shape, own, slope=2.6, low_cut=2)
        color *= 1.0 - (0.10 * np.clip(blot - 1.0, 0, 2))[..., None]
        if own.random() < 0.35:
            _repair(color, own, age, px)
        for _ in range(own.integers(0, 4)):  # oil stains
            _stain(color, own, px)
        _draw_cracks(color, own, cracks * float(own.uniform(0.4, 1.6)), px)
        if own.random() < 0.3:
            _seal(color, own, px)
        if own.random() < 0.35:
            _ghost(color, own, px)
        if own.random() < 0.06:
            _skid(color, own, px)
    if manhole:
        _manhole(color, own, px)
    for ends in (slice(0, _FADE_PX), slice(height - 1, height - 1 - _FADE_PX, -1)):
        color[ends] = plain[ends] + (color[ends] - plain[ends]) * (np.arange(_FADE_PX) / _FADE_PX)[:, None, None]
    return Texture(f"lane-{age:g}-{variant}-{seed}", to_srgb8(color))


@lru_cache(maxsize=2)
def _worn_lane(age: float, seed: int) -> Array:
    """(H, W, 3) what the variants of a lane have in common: stones, wheel tracks, drip line."""
    rng = _rng("lane", seed)
    value = _aggregate(_LANE_PX, rng, age)
    across = (np.arange(_LANE_PX[1], dtype=np.float32) + 0.5) / _LANE_PX[1] * LANE_M[0] - LANE_M[0] / 2
    strength = 1.0 + 0.25 * noise(_LANE_PX, rng, slope=3.0, low_cut=1)
    tracks = np.exp(-0.5 * ((np.abs(across) - 0.78) / 0.24) ** 2) * strength
    drip = np.exp(-0.5 * (across / 0.28) ** 2) * strength
    value = value * (1.0 + (0.14 * age - 0.13) * tracks - 0.15 * drip)
    return with_mean(_asphalt_color(value, age), 0.055 + 0.085 * age)


@cache
def gravel_lane(*, seed: int = 0) -> Texture:
    """A lane of crushed stone in loam, with pale hard wheel tracks and loose stones beside them; u and v as LANE_M."""
    rng = _rng("gravel-lane", seed)
    shape = (1024, 512)
    across = (np.arange(shape[1], dtype=np.float32) + 0.5) / shape[1] * LANE_M[0] - LANE_M[0] / 2
    patches = noise(shape, rng, slope=2.6, low_cut=2)
    tracks = np.clip(np.exp(-0.5 * ((np.abs(across) - 0.75) / 0.30) ** 2) * (1.0 + 0.3 * patches), 0.0, 1.0)
    loose, grain = 1.0 - 0.7 * tracks, noise(shape, rng, slope=0.6, low_cut=24)
    stones = np.clip(noise(shape, rng, slope=0.2, low_cut=40) - 1.2, 0.0, 2.0)
    value = 1.0 + loose * (0.20 * grain + 0.35 * stones - 0.12) + 0.09 * patches + 0.10 * tracks
    color = grade(np.maximum(value, 0.15), (0.0, 0.0, 0.0), (1.0, 0.90, 0.74))
    return Texture(f"gravel-lane-{seed}", to_srgb8(with_mean(color, 0.20)))


def _seal(color: Array, rng: np.random.Generator, px_per_m: float) -> None:
    """A crack along the lane that was sealed with a band of bitumen 6 cm wide, which traffic has bleached."""
    height, width = color.shape[:2]
    y = np.linspace(0.08, rng.uniform(0.5, 0.92), 24) * height
    x = width * rng.uniform(0.15, 0.85) + np.cumsum(rng.normal(0.0, 0.03 * px_per_m, 24))
    line = np.stack([np.clip(x, 6.0, width - 6.0), y], axis=1)
    band = _wrapped_lines((height, width), [line], [0.06 * px_per_m])[..., None]
    color += (rgb(0.038, 0.038, 0.039) - color) * 0.48 * band


def _ghost(color: Array, rng: np.random.Generator, px_per_m: float) -> None:
    """Where a line was blasted off: stones laid bare in a lighter band 12 cm wide, with flecks of paint left in it."""
    shape = height, width = color.shape[0], color.shape[1]
    y = np.array([0.07, rng.uniform(0.5, 0.93)]) * height
    x = width * rng.uniform(0.2, 0.8) + np.array([0.0, rng.uniform(-0.25, 0.25) * px_per_m])
    band = _wrapped_lines(shape, [np.stack([x, y], axis=1)], [0.12 * px_per_m])
    stones = noise(shape, rng, slope=0.6, low_cut=12)
    color *= 1.0 + (band * np.clip(0.22 + 0.10 * stones, 0.0, 0.6))[..., None]
    paint = band * np.clip(stones + 0.6 * noise(shape, rng, slope=2.2, low_cut=4) - 1.5, 0.0, 0.8)
    color += (rgb(0.52, 0.52, 0.50) - color) * paint[..., None]


def _skid(color: Array, rng: np.random.Generator, px_per_m: float) -> None:
    """Rubber of a car that braked hard: two dark tracks 0.18 m wide that set in softly and end soon."""
    shape = height, width = color.shape[0], color.shape[1]
    begin, end = rng.uniform([0.07, 0.75], [0.35, 0.93]) * height
    y = np.linspace(begin, end, 16)
    drift = rng.uniform(-0.3, 0.3) * px_per_m * ((y - begin) / height) ** 2
    middle, half = width / 2 + rng.normal(0.0, 0.12) * px_per_m, 0.74 * px_per_m
    lines = [np.stack([middle + side * half + drift, y], axis=1) for side in (-1.0, 1.0)]
    tracks = _wrapped_lines(shape, lines, [0.18 * px_per_m] * 2)
    rows = np.clip((np.arange(height) - begin) / (0.6 * (end - begin)), 0.0, 1.0)[:, None]
    rows *= np.clip((end - np.arange(height)) / (0.6 * px_per_m), 0.0, 1.0)[:, None]
    ribs = 0.75 + 0.25 * np.sin(2.0 * np.pi * np.arange(width) / (0.045 * px_per_m))[None]
    color *= 1.0 - (0.34 * tracks * rows * ribs)[..., None]


def _disc(color: Array, x: float, y: float, radius: float) -> Array:
    """Distance from a centre in units of the radius."""
    high, wide = color.shape[:2]
    yy, xx = np.arange(high, dtype=np.float32)[:, None] - float(y), np.arange(wide, dtype=np.float32) - float(x)
    return np.asarray(np.sqrt(xx * xx + yy * yy) / np.float32(radius))


def _stain(color: Array, rng: np.random.Generator, px_per_m: float) -> None:
    height, width = color.shape[:2]
    r = _disc(
        color,
        rng.normal(width / 2, 0.2 * px_per_m),
        rng.uniform(0.2, 0.8) * height,
        rng.uniform(0.05, 0.2) * px_per_m,
    )
    color *= (1.0 - 0.35 * np.clip(1.5 - r, 0.0, 1.0))[..., None]


def _manhole(color: Array, rng: np.random.Generator, px_per_m: float) -> None:
    """A cast-iron cover of 0.6 m in its frame, off the wheel tracks."""
    height, width = color.shape[:2]
    x, y = width / 2 + rng.choice([-1.0, 1.0]) * 0.25 * px_per_m, rng.uniform(0.3, 0.7) * height
    r = _disc(color, x, y, 0.3 * px_per_m)
    yy, xx = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)
    studs = 0.5 + 0.5 * np.sign(np.sin(xx * np.float32(90 / px_per_m)) * np.sin(yy * np.float32(90 / px_per_m)))
    iron = rgb(0.10, 0.09, 0.08) * (0.6 + 0.6 * studs[..., None])
    collar = np.clip((1.45 - r) * 8, 0, 1)[..., None]
    grit = 0.9 + 0.2 * rng.random((height, width, 1), np.float32)
    color += (rgb(0.075, 0.075, 0.077) * grit - color) * collar * 0.8
    color += (iron - color) * np.clip((1.0 - r) * 20, 0, 1)[..., None]
    color *= 1.0 - 0.7 * np.exp(-(((r - 1.0) / 0.03) ** 2))[..., None]


@cache
def yard(age: float = 0.8, *, seed: int = 0) -> Texture:
    """Asphalt of a yard, YARD_M square: repairs, cracks, dust that rain left in hollows, oil of parked lorries."""
    rng, shape = _rng("yard", seed), (1024, 1024)
    color = with_mean(_asphalt_color(_aggregate(shape, rng, age), age), 0.055 + 0.085 * age)
    px = shape[0] / YARD_M
    for _ in range(3):
        _repair(color, rng, age, px)
    dust = np.clip(noise(shape, rng, slope=2.4, low_cut=2), 0.0, 2.0)[..., None]
    color += (rgb(0.20, 0.18, 0.145) - color) * 0.22 * dust
    _draw_cracks(color, rng, 0.9, px)
    blot = 0.25 * noise(shape, rng, slope=2.4, low_cut=6)
    for x, y, radius in rng.uniform([0.09, 0.09, 0.08], [0.91, 0.91, 0.45], (26, 3)) * [shape[1], shape[0], px]:
        left, top = (max(round(middle - 2.6 * radius), 0) for middle in (x, y))  # a blot adds a radius at most
        area = color[top : round(y + 2.6 * radius), left : round(x + 2.6 * radius)]
        r = _disc(area, x - left, y - top, radius)
        if radius > 0.3 * px:
            r += blot[-area.shape[0] :, : area.shape[1]]
        area *= (1.0 - 0.42 * np.clip(1.6 - r, 0.0, 1.0))[..., None]
    return Texture(f"yard-{age:g}-{seed}", to_srgb8(color))


@cache
def concrete(age: float = 0.5, *, joints: bool = True, seed: int = 0) -> Texture:
    """Cast concrete slabs, CONCRETE_M square; `joints` cuts the tile's border; `age` darkens and stains."""
    rng = _rng("concrete", seed)
    fine = noise(512, rng, slope=0.5, low_cut=16)
    cloud = noise(512, rng, slope=2.2, low_cut=2)
    value = 1.0 + 0.045 * fine + 0.05 * cloud
    value *= 1.0 - 0.5 * np.clip(noise(512, rng, slope=0.2, low_cut=60) - 2.6, 0, 1)  # pores
    stain = np.clip(noise(512, rng, slope=2.8, low_cut=2) - 0.6, 0, 2)
    value *= 1.0 - 0.10 * age * stain
    color = with_mean(grade(value, (0.0, 0.0, 0.0), CONCRETE_HUE), 0.42 - 0.10 * age)
    if joints:
        x = np.minimum(np.arange(512), np.arange(512)[::-1])
        line = np.exp(-((x / 1.2) ** 2))
        color *= (1.0 - 0.7 * np.maximum(line[:, None], line[None]))[..., None]
    _draw_cracks(color, rng, 0.25 * age, 512 / CONCRETE_M)
    return Texture(f"concrete-{age:g}-{seed}", to_srgb8(color))


@cache
def grass(dryness: float = 0.25, *, seed: int = 0) -> Texture:
    """Mown or meadow grass from above, GRASS_M square; `dryness` 0 lush to 1 straw.

    Red : green : blue is 0.90 : 1 : 0.46 of a green sward, 1.38 : 1 : 0.56 of straw and 1.20 : 1 : 0.87 of dry soil, as
    PROSAIL has them (S. Jacquemoud et al., Remote Sensing of Environment 113, 2009; leaf area 2, chlorophyll 30 ug/cm2,
    brown pigment 0.3; straw without chlorophyll; sun 40 and eye 20 degrees off the vertical). A verge of leaf area 1.2
    over that soil is 1.02 : 1 : 0.55.
    """
    rng = _rng("grass", seed)
    size = 512
    angle = noise(size, rng, slope=2.5, low_cut=4)  # tufts lie in directions of their own
    streak = np.zeros((size, size), np.float32)
    fy, fx = fft.fftfreq(size)[:, None] * size, fft.rfftfreq(size)[None] * size
    f = np.hypot(fx, fy)
    band = (f > 12) * np.exp(-((f / 190.0) ** 2))
    for k, heading in enumerate(0.3 + np.arange(5) * np.pi / 5):
        white = fft.rfft2(rng.standard_normal((size, size), np.float32))
        along = fx * np.cos(heading) + fy * np.sin(heading)
        blade: Array = fft.irfft2(white * (band * np.exp(-((along / 28.0) ** 2))).astype(np.float32), s=(size, size))
        streak += blade / blade.std() * np.clip(1.2 - np.abs(angle - float(k - 2.0) * 0.6), 0.1, 1.0)
    streak /= streak.std()
    # Tufts shade what is between them: unmown grass on KITTI's frames varies by half of its mean from pixel to pixel.
    tuft = noise(size, rng, slope=2.0, low_cut=5)
    patch = noise(size, rng, slope=2.4, low_cut=3)
    light = np.clip(0.42 * np.exp(0.42 * streak + 0.52 * tuft), 0.03, 1.8)
    green = grade(light, (0.021, 0.020, 0.016), (0.106, 0.134, 0.065))  # soil and thatch show between the blades
    straw = grade(light, (0.050, 0.040, 0.027), (0.205, 0.160, 0.105))  # soil shows through a third of it
    share = np.clip(0.75 * dryness - 0.03 + 0.13 * patch + 0.16 * (streak > 1.2), 0.0, 1.0)[..., None]
    color = green * (1.0 - share) + straw * share
    clover = np.clip(noise(size, rng, slope=2.0, low_cut=4) - 0.9, 0.0, 1.0)[
        ..., None
    ]  # broad leaves between the blades
    color *= 1.0 - clover * rgb(0.48, 0.30, 0.45)
    bare = np.clip(noise(size, rng, slope=2.2, low_cut=4) - 1.2, 0.0, 0.8)[..., None]
    color += (rgb(0.108, 0.091, 0.078) * (0.7 + 0.5 * light[..., None]) - color) * bare
    return Texture(f"grass-{dryness:g}-{seed}", to_srgb8(_matt(with_mean(color, 0.068 + 0.06 * dryness))))


def _matt(color: Array) -> Array:
    """Leaves without their gloss: tables hold both, and a dielectric's Fresnel reflection adds it to the diffuse part.

    0.008 is what GGX of roughness 1.32 reflects of an even sky at a slant of 55 degrees (F0 = 0.04).
    """
    return np.asarray(np.maximum(color - _GLOSS, 0.15 * color))


@cache
def soil(kind: str = "soil", *, seed: int = 0) -> Texture:
    """Bare ground, SOIL_M square: `soil`, `gravel` (crushed stone), `ballast` (coarse, under rails) or `verge`.

    A verge is gravel at the roadside, full of soil, that grass has overgrown for the greater part.
    """
    rng = _rng(kind, seed)
    size = 512
    cell, mean, light = {
        "soil": (60, 0.105, (1.0, 0.80, 0.58)),
        "gravel": (90, 0.20, (1.0, 0.95, 0.87)),
        "verge": (90, 0.135, (1.0, 0.88, 0.70)),
        "ballast": (36, 0.14, (1.0, 0.95, 0.90)),
    }[kind]
    tone, edge = _pebbles(rng, size, cell)
    weight = {"soil": 0.25, "gravel": 0.8, "verge": 0.8, "ballast": 1.0}[kind]
    value = 1.0 + weight * (0.5 * (tone - 0.5) - 0.5 * np.clip(1.0 - edge * 1.6, 0.0, 1.0))
    value += 0.09 * noise(size, rng, slope=1.0, low_cut=8) + 0.06 * noise(size, rng, slope=2.4, low_cut=3)
    color = with_mean(grade(np.maximum(value, 0.1), (0.0, 0.0, 0.0), light), mean)
    if kind == "verge":
        clump = noise(size, rng, slope=1.5, low_cut=5) + 0.8 * noise(size, rng, slope=0.5, low_cut=20)
        cover = np.clip(0.55 * clump + 0.85, 0.0, 1.0)[..., None]
        blade = np.clip(np.exp(0.5 * noise(size, rng, slope=1.2, low_cut=8)), 0.15, 2.6)[..., None]
        color += (rgb(0.056, 0.069, 0.023) * blade - color) * cover
    return Texture(f"{kind}-{seed}", to_srgb8(color))


def _pebbles(rng: np.random.Generator, size: int, cells: int) -> tuple[Array, Array]:
    """Voronoi stones on a torus: random tone of each texel's stone, and 0 (joint) to 1 (inside)."""
    points, tones = rng.random((cells, cells, 2), np.float32), rng.random((cells, cells), np.float32)
    tone, edge = np.empty((2, size, size), np.float32)
    _nearest_stones(points, tones, tone, edge)
    return tone, edge


@kernel
def _nearest_stones(points, tones, tone, edge):
    """Fill (S, S) tone of the nearest stone and how much farther the second is, in cells.

    points: (N, N, 2) place of the stone in each cell of the torus. tones: (N, N).
    """
    size, cells = len(tone), len(points)
    for row in range(size):
        y = (row + 0.5) / size * cells
        for column in range(size):
            x = (column + 0.5) / size * cells
            first, second, mine = 1e9, 1e9, 0.0
            for j in range(int(y) - 2, int(y) + 3):  # a cell farther none is among the two nearest
                b = (j + cells) % cells
                for i in range(int(x) - 2, int(x) + 3):
                    a = i + cells if i < 0 else i - cells if i >= cells else i
                    dx, dy = i + points[b, a, 0] - x, j + points[b, a, 1] - y
                    far = dx * dx + dy * dy
                    if far < first:
                        first, second, mine = far, first, tones[b, a]
                    elif far < second:
                        second = far
            tone[row, column], edge[row, column] = mine, math.sqrt(second) - math.sqrt(first)


@cache
def snow(*, dirt: float = 0.0, seed: int = 0) -> Texture:
    """Snow cover, SNOW_M square; `dirt` 0 fresh to 1 grey slush at the roadside."""
    rng = _rng("snow", seed)
    value = 1.0 + 0.018 * noise(512, rng, slope=1.0, low_cut=8) + 0.02 * noise(512, rng, slope=2.6, low_cut=2)
    color = with_mean(grade(value, (0.0, 0.0, 0.0), (0.97, 0.99, 1.0)), 0.85 - 0.45 * dirt)
    grit = np.clip(noise(512, rng, slope=0.8, low_cut=8) - 1.2 + 0.8 * dirt, 0.0, 1.0)[..., None] * dirt
    return Texture(f"snow-{dirt:g}-{seed}", to_srgb8(color + (rgb(0.12, 0.11, 0.10) - color) * 0.8 * grit))


# Means of reflectance (ASTER: wheat, dry and green; bare soils) and colours of what lies in rows on fields, and of what
# shows between the rows; the distance of the rows, and how much of the ground they cover.
_CROPS: dict[str, tuple[float, tuple[float, ...], tuple[float, ...], float, float]] = {
    "green": (0.072, (0.66, 1.0, 0.28), (0.42, 0.57, 0.19), 0.14, 0.85),
    "ripe": (0.230, (1.0, 0.74, 0.31), (0.62, 0.44, 0.19), 0.14, 0.9),
    "maize": (0.065, (0.63, 1.0, 0.26), (0.40, 0.45, 0.18), 0.75, 0.62),
    "rape": (0.260, (1.0, 0.88, 0.06), (0.42, 0.60, 0.12), 0.30, 0.8),
    "stubble": (0.180, (1.0, 0.82, 0.54), (0.56, 0.42, 0.28), 0.14, 0.6),
    "soil": (0.090, (1.0, 0.74, 0.52), (0.55, 0.40, 0.28), 0.30, 0.5),
}
CROPS = tuple(_CROPS)


@cache
def field(kind: str, *, seed: int = 0) -> Texture:
    """A field from above, FIELD_M square, its rows along v: one of CROPS. Tractors leave a pair of tracks."""
    mean, row, between, distance, cover = _CROPS[kind]
    rng = _rng(f"field-{kind}", seed)
    size = 512
    x = (np.arange(size, dtype=np.float32) + 0.5) / size * FIELD_M
    count = round(FIELD_M / distance)
    wave = np.cos(2 * np.pi * count * x / FIELD_M)[None, :] + 0.5 * noise(size, rng, slope=1.2, low_cut=12)
    rows = np.clip(0.5 + 1.6 * (wave - np.cos(np.pi * (1.0 - cover))) / 2.0, 0.0, 1.0)
    light = np.clip(1.0 + 0.22 * noise(size, rng, slope=0.8, low_cut=10) + 0.08 * noise(size, rng, slope=2.4), 0.2, 2.0)
    color = grade((1.0 - rows) * light, (0.0, 0.0, 0.0), between) + grade(rows * light, (0.0, 0.0, 0.0), row)
    track = np.exp(-(((np.abs(x - 0.5 * FIELD_M) - 0.9) / 0.2) ** 2))[None, :, None]
    color *= 1.0 - 0.45 * track
    return Texture(f"field-{kind}-{seed}", to_srgb8(_matt(with_mean(np.clip(color, 0.0, None), mean))))


@cache
def forest_floor(season: str = "summer", *, seed: int = 0) -> Texture:
    """Needles, dead leaves, moss and bare soil under trees, FOREST_M square; leaves lie thick in autumn and winter."""
    rng = _rng(f"forest-{season}", seed)
    size = 512
    tone, edge = _pebbles(rng, size, 110)
    moss = np.clip(noise(size, rng, slope=2.2, low_cut=3) * 0.8 - 0.1, 0.0, 1.0)[..., None]
    grain = np.clip(1.0 + 0.35 * noise(size, rng, slope=0.8, low_cut=12), 0.3, 2.0)[..., None]
    dead = {"spring": 0.35, "summer": 0.22, "autumn": 0.85, "winter": 0.6}[season]
    litter = np.where((tone < dead)[..., None], rgb(0.115, 0.070, 0.034), rgb(0.060, 0.044, 0.028))
    litter = litter * (0.75 + 0.5 * np.clip(edge, 0.0, 1.0))[..., None] * grain
    green = rgb(0.034, 0.060, 0.014) * grain
    return Texture(f"forest-floor-{season}-{seed}", to_srgb8(litter * (1.0 - 0.8 * moss) + green * 0.8 * moss))


_PAINT = {
    "white": (0.66, 0.66, 0.63),
    "yellow": (0.60, 0.36, 0.035),
    "red": (0.36, 0.045, 0.035),
    "blue": (0.035, 0.10, 0.33),
    "green": (0.04, 0.22, 0.09),
    "orange": (0.62, 0.20, 0.03),
    "violet": (0.20, 0.06, 0.28),
    "black": (0.03, 0.03, 0.03),
}


@cache
def marking(color: str = "white", wear: float = 0.3, *, seed: int = 0) -> Texture:
    """Road paint, MARKING_M square; `wear` 0..1 lets asphalt show. Unknown colours are white."""
    rng = _rng(f"marking-{color}", seed)
    shape = (256, 256)
    stones = noise(shape, rng, slope=0.6, low_cut=6) + 0.7 * noise(shape, rng, slope=2.0, low_cut=2)
    lost = np.clip((stones - 2.6 + 3.0 * wear) * 1.2, 0.0, 0.92)[..., None]
    grime = (1.0 - 0.14 * wear * np.clip(noise(shape, rng, slope=2.4, low_cut=2) + 0.5, 0, 2))[..., None]
    paint = rgb(*_PAINT.get(color, _PAINT["white"])) * (1.0 - 0.25 * wear) * grime
    paint = paint * (1.0 + 0.04 * noise(shape, rng, slope=0.6, low_cut=8))[..., None]
    road = _asphalt_color(_aggregate(shape, rng, 0.6), 0.6)
    return Texture(f"marking-{color}-{wear:g}-{seed}", to_srgb8(paint + (road - paint) * lost))


# Shares of fields by season in country seen from afar: green, ripe or yellow, bare.
_FAR_FIELDS = {
    "spring": (0.5, 0.2, 0.3),
    "summer": (0.35, 0.5, 0.15),
    "autumn": (0.3, 0.2, 0.5),
    "winter": (0.5, 0.0, 0.5),
}


@cache
def landscape(dryness: float = 0.25, *, season: str = "summer", seed: int = 0) -> Texture:
    """Far country from above, LANDSCAPE_M square: meadows, fields and woods without detail below a metre."""
    rng = _rng("landscape", seed)
    size = 512
    warp = noise((size, size), rng, slope=3.0, low_cut=2), noise((size, size), rng, slope=3.0, low_cut=2)
    tone, edge = _pebbles(rng, size, 7)
    yy, xx = np.mgrid[:size, :size]
    at = (np.rint(yy + 6 * warp[0]).astype(int) % size, np.rint(xx + 6 * warp[1]).astype(int) % size)
    tone, edge = tone[at], edge[at]
    grain = noise(size, rng, slope=1.0, low_cut=8)
    color = grade(1.0 + 0.12 * grain, (0, 0, 0), (0.060 + 0.03 * dryness, 0.084, 0.030))
    green, yellow, _ = _FAR_FIELDS[season]
    share = np.clip((tone - 0.35) / 0.35, 0.0, 1.0)  # fields take tones from 0.35 to 0.7
    field = np.where((share < green)[..., None], rgb(0.058, 0.092, 0.030), rgb(0.19, 0.142, 0.058))
    field = np.where((share >= green + yellow)[..., None], rgb(0.115, 0.084, 0.056), field)
    color = np.where(((tone > 0.35) & (tone < 0.7))[..., None], field * (1.0 + 0.06 * grain)[..., None], color)
    wood = grade(np.clip(1.0 + 0.35 * grain, 0.2, 2.0), (0, 0, 0), (0.019, 0.029, 0.012))
    forest = (tone > 0.74) | (noise(size, rng, slope=3.0, low_cut=3) > 1.1) | (edge < 0.06)
    return Texture(f"landscape-{dryness:g}-{season}-{seed}", to_srgb8(_matt(np.where(forest[..., None], wood, color))))


# Crowns in woods from above, conifers among them: reflectances of whole canopies, half of those of their leaves.
_CROWNS = {
    "spring": ((0.018, 0.027, 0.012), (0.044, 0.062, 0.020)),
    "summer": ((0.017, 0.026, 0.011), (0.032, 0.046, 0.017)),
    "autumn": ((0.018, 0.025, 0.011), (0.095, 0.058, 0.016)),
    "winter": ((0.018, 0.025, 0.013), (0.052, 0.044, 0.036)),
}


@cache
def woodland(season: str = "summer", *, seed: int = 0) -> Texture:
    """Woods from above and afar, LANDSCAPE_M square: stands of conifers and broadleaf trees, crown beside crown."""
    rng = _rng(f"woodland-{season}", seed)
    size = 512
    crown, edge = _pebbles(rng, size, 90)
    stand = np.clip(1.6 * noise(size, rng, slope=2.6, low_cut=2) + 0.5 + 0.8 * (crown - 0.5), 0.0, 1.0)[..., None]
    dark, light = (rgb(*color) for color in _CROWNS[season])
    shade = (0.45 + 0.75 * np.clip(edge, 0.0, 1.0) * (0.7 + 0.6 * crown))[..., None]
    return Texture(f"woodland-{season}-{seed}", to_srgb8(_matt((dark + (light - dark) * stand) * shade)))


def linear_mean(texture: Texture) -> tuple[float, float, float]:
    """Mean linear RGB reflectance of a texture (for lidar estimates and far views)."""
    coded = np.arange(256) / 255
    table = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    mean: Any = table[texture.rgba[..., :3]].reshape(-1, 3).mean(0)
    return (float(mean[0]), float(mean[1]), float(mean[2]))
