"""Textures of plants: leaves, needles and bark, painted leaf by leaf."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.rng import generator
from simulator.scene.material import Texture
from simulator.scene.noise import spectral_noise

Palette = tuple[tuple[int, int, int], ...]  # sRGB from shade to light

# sRGB codes of leaves from shade to light. Single leaves reflect about 0.11 at 550 nm (PROSPECT-5); dry and young
# ones more. The dark tones stand for gaps between them.
PALETTES: dict[str, Palette] = {
    "summer": ((40, 58, 20), (61, 88, 32), (78, 109, 40), (100, 130, 54)),
    "lime": ((51, 72, 22), (76, 107, 36), (95, 128, 46), (119, 148, 64)),
    "dark": ((32, 49, 22), (49, 72, 32), (64, 90, 40), (83, 109, 54)),
    "spring": ((58, 74, 24), (88, 108, 40), (110, 130, 54), (136, 152, 78)),
    "olive": ((46, 61, 27), (70, 91, 42), (90, 115, 55), (112, 138, 74)),
    "gold": ((84, 62, 16), (140, 104, 26), (176, 134, 36), (196, 160, 62)),
    "rust": ((66, 36, 16), (112, 62, 24), (144, 84, 34), (168, 108, 50)),
    "spruce": ((24, 36, 24), (40, 57, 37), (53, 73, 45), (73, 93, 60)),
    "pine": ((32, 45, 29), (50, 69, 43), (67, 90, 55), (90, 112, 73)),
    "blossom": ((110, 96, 92), (188, 164, 166), (214, 192, 194), (230, 216, 216)),
    "bare": ((50, 42, 34), (72, 62, 52), (90, 80, 68), (110, 100, 88)),
}

SIZE = 256


def _wrapped(image: NDArray[np.uint8], shape: NDArray[np.float64], color: tuple[int, ...]) -> None:
    """Fill a polygon of (K, 2) pixels on a tile that repeats in both directions."""
    import cv2

    (left, top), (right, bottom) = shape.min(0), shape.max(0)
    for dx in (0, SIZE if left < 0 else -SIZE if right >= SIZE else 0):
        for dy in (0, SIZE if top < 0 else -SIZE if bottom >= SIZE else 0):
            points = np.rint((shape + [dx, dy]) * 16).astype(np.int32)
            cv2.fillPoly(image, [points], color, cv2.LINE_AA, 4)


@cache
def leaf_texture(palette: str, *, needles: bool = False) -> Texture:
    """Tile of 1 m x 1 m dense foliage: thousands of leaves (or needle sprays), light ones above dark ones."""
    rng = generator(0, "foliage", palette, int(needles))
    colors = np.array(PALETTES[palette], np.float64)
    image = np.empty((SIZE, SIZE, 3), np.uint8)
    image[:] = colors[0] * 0.62
    count = 620 if needles else 520
    order = np.linspace(0.0, 1.0, count)  # later leaves lie above and catch more light
    place = rng.uniform(0, SIZE, (count, 2))
    turn = rng.uniform(0, 2 * np.pi, count)
    length = rng.uniform(9, 16, count) if needles else rng.uniform(8, 15, count)
    ratio = rng.uniform(0.10, 0.2, count) if needles else rng.uniform(0.42, 0.62, count)
    outline = np.array(
        [[-1, 0], [-0.5, 0.8], [0.15, 1.0], [0.7, 0.5], [1.1, 0], [0.7, -0.5], [0.15, -1.0], [-0.5, -0.8]]
    )
    for i in range(count):
        tone = np.clip(order[i] * 2.6 + rng.normal(0, 0.5), 0, len(colors) - 1.001)
        low = int(tone)
        color = colors[low] + (tone - low) * (colors[low + 1] - colors[low])
        color = color * rng.uniform(0.82, 1.16) * (1 + rng.normal(0, 0.05, 3))
        c, s = np.cos(turn[i]), np.sin(turn[i])
        blade = (outline * [length[i], length[i] * ratio[i]]) @ np.array([[c, s], [-s, c]]) + place[i]
        _wrapped(image, blade, tuple(int(v) for v in np.clip(color, 0, 255)))
    clump = spectral_noise(SIZE, rng, slope=2.4, low_cut=1.5)[..., None]
    shaded = np.clip(image * (1.0 + 0.16 * clump), 0, 255)
    rgba = np.dstack([shaded, np.full((SIZE, SIZE), 255.0)])
    return Texture(f"{'needles' if needles else 'leaves'}-{palette}", np.rint(rgba).astype(np.uint8))


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
