"""What shop windows show: figures in clothes, shelves, counters, tables, pedestals, flowers, sheets, an office's hall.

All is painted in metres as it stands behind the glass, in linear light: 1 is the brightest, which is that of lamps.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.numerics.rng import generator

F64 = NDArray[np.float64]
MEAN = 0.2  # light of a window in the mean, by choice: 36 cd/m2 with lamps of 180, a third of 340 lx
_FINER = 2  # pixels painted for one of the picture, each way
_BODY_M = 1.84  # height of a figure on its base: shops show tall ones

_GREEN = (0.06, 0.125, 0.042)  # of leaves

# Outlines of a figure 1.84 m high from the front, right half, as (half width, height): bare parts, then clothes.
_HEAD = ((0.0, 1.84), (0.055, 1.81), (0.075, 1.73), (0.06, 1.64), (0.03, 1.60), (0.045, 1.53), (0.0, 1.50))
_TOP = ((0.06, 1.53), (0.15, 1.50), (0.205, 1.44), (0.18, 1.22), (0.145, 1.14), (0.175, 0.96), (0.185, 0.88))
_DRESS = ((0.07, 1.50), (0.15, 1.47), (0.18, 1.36), (0.135, 1.14), (0.21, 0.86), (0.29, 0.52))
_COAT = ((0.06, 1.54), (0.16, 1.51), (0.23, 1.43), (0.21, 1.10), (0.23, 0.80), (0.26, 0.56))
_SKIRT = ((0.145, 1.14), (0.185, 0.94), (0.22, 0.58))
_LEG = ((0.01, 0.92), (0.175, 0.92), (0.15, 0.50), (0.115, 0.10), (0.035, 0.10), (0.02, 0.50))
_ARM = ((0.17, 1.46), (0.225, 1.41), (0.265, 1.10), (0.235, 0.86), (0.205, 0.87), (0.195, 1.14))


class Window:
    """A picture under construction, `width_m` x `height_m`; x to the right, y up from its foot, colours linear."""

    def __init__(self, height: int, width: int, width_m: float, height_m: float, rng: np.random.Generator) -> None:
        self.width_m, self.height_m, self.rng = width_m, height_m, rng
        self._size = (height, width)
        self._image = np.zeros((_FINER * height, _FINER * width, 3), np.uint8)
        self._scale = np.array([_FINER * width / width_m, -_FINER * height / height_m])

    def shape(self, points: ArrayLike, color: ArrayLike) -> None:
        """Fill a polygon of (K, 2) metres."""
        import cv2

        at = np.asarray(points, np.float64) * self._scale + [0.0, self._image.shape[0]]
        code = 255.0 * np.sqrt(np.clip(np.broadcast_to(np.asarray(color, np.float64), 3), 0.0, 1.0))
        cv2.fillPoly(self._image, [np.rint(16 * at).astype(np.int32)], tuple(code.tolist()), cv2.LINE_AA, 4)

    def box(self, x0: float, y0: float, x1: float, y1: float, color: ArrayLike) -> None:
        """Fill a rectangle."""
        self.shape([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], color)

    def oval(self, x: float, y: float, half_wide: float, half_high: float, color: ArrayLike) -> None:
        """Fill an ellipse."""
        angle = np.arange(20) * (2 * np.pi / 20)
        self.shape(np.stack([x + half_wide * np.cos(angle), y + half_high * np.sin(angle)], 1), color)

    def tuft(
        self, count: int, middle: ArrayLike, spread: ArrayLike, half: tuple[float, float], color: ArrayLike
    ) -> None:
        """Scatter `count` small ovals, as of leaves or petals, some brighter than others."""
        for x, y in (np.array(middle) + self.rng.normal(0.0, 1.0, (count, 2)) * np.array(spread)).tolist():
            self.oval(x, y, *half, np.asarray(color) * self.rng.uniform(0.4, 1.15))

    def wall(self, y0: float, y1: float, low: ArrayLike, high: ArrayLike) -> None:
        """Bands from colour `low` at `y0` to `high` at `y1`, all across."""
        steps = 24
        a, b = np.asarray(low, np.float64), np.asarray(high, np.float64)
        for k in range(steps):
            bottom = y0 + (y1 - y0) * k / steps
            self.box(0.0, bottom, self.width_m, y1, a + (b - a) * (k + 0.5) / steps)

    def spots(self, gap: float, wide: float, around: float) -> list[float]:
        """Places along the window about `gap` apart, for things `wide`, each off by up to `around`."""
        count = max(int((self.width_m - wide) / gap), 1)
        even = (np.arange(count) + 0.5) * self.width_m / count
        return [float(x) for x in even + self.rng.uniform(-around, around, count)]

    def cloth(self) -> F64:
        """A colour of clothes, covers, packages: from dark to bright, some of them white or grey."""
        value = self.rng.uniform(0.18, 0.8) ** 2
        warm = np.array([1.0, 0.95, 0.88])
        if self.rng.random() < 0.4:
            return np.asarray(value * warm)
        hue = self.rng.uniform(0.12, 1.0, 3) * [1.15, 0.9, 0.8]  # reds are commoner than greens and violets
        return np.asarray(value * warm * hue / hue.max())

    def picture(self) -> F64:
        """(height, width, 3) of it, linear."""
        import cv2

        height, width = self._size
        linear = (self._image.astype(np.float32) / 255.0) ** 2
        y, x = np.linspace(1, 0, len(linear))[:, None], np.linspace(0, 1, linear.shape[1])[None]
        spots = 0.75 + 0.25 * np.cos(2 * np.pi * 3 * x) * np.clip(2.2 * y - 0.4, 0, 1)  # of light, from above
        linear *= ((0.62 + 0.5 * y) * spots)[..., None].astype(np.float32)
        linear *= MEAN / linear.mean()
        return np.asarray(np.clip(cv2.resize(linear, (width, height), interpolation=cv2.INTER_AREA), 0.02, 1.0), float)


@cache
def display(height: int, width: int, variant: int, width_m: float = 2.7, height_m: float = 2.75) -> F64:
    """(height, width, 3) light that a shop window sends out, in parts of its lamps'.

    Args:
        height, width: pixels.
        variant: twice the place of a trade in TRADES, or one more: another arrangement.
        width_m, height_m: size of the window.
    """
    window = Window(height, width, width_m, height_m, generator(0, "shop window", variant))
    _room(window)
    TRADES[tuple(TRADES)[variant // 2 % len(TRADES)]](window)
    return window.picture()


def _room(window: Window) -> None:
    """The shop behind the display: back wall, ceiling with lamps in rows that run away from the glass, floor."""
    rng, wide, high = window.rng, window.width_m, window.height_m
    tint = np.array([1.0, rng.uniform(0.88, 1.0), rng.uniform(0.72, 0.98)])
    window.wall(0.0, high, 0.11 * tint, 0.30 * tint)
    window.box(0.0, high - 0.42, wide, high, 0.10 * tint)
    for row, (drop, size) in enumerate(((0.08, 1.0), (0.22, 0.6), (0.33, 0.4))):
        for x in np.arange(rng.uniform(0.1, 0.5), wide, (0.9, 0.62, 0.45)[row]):
            window.box(x - 0.13 * size, high - drop - 0.025 * size, x + 0.13 * size, high - drop + 0.02 * size, 1.0)
    left = float(rng.uniform(0.0, wide - 0.8))  # a door or a passage in the back wall
    window.box(left, 0.0, left + 0.7, 1.75, 0.045)


def figure(window: Window, x: float, foot: float) -> None:
    """A shop window's figure in clothes, upright on a base at `x`, `foot` above the floor."""
    rng = window.rng
    skin = float(rng.choice([0.55, 0.42, 0.12])) * np.array([1.0, rng.uniform(0.86, 0.97), rng.uniform(0.74, 0.92)])
    upper, lower, shoe = window.cloth(), window.cloth(), 0.03
    size = float(rng.uniform(0.94, 1.0))
    kind = int(rng.integers(4))  # shirt and trousers, coat, dress, shirt and skirt
    bare = kind >= 2

    def part(half: tuple[tuple[float, float], ...], color: ArrayLike, sides: tuple[float, ...] = (1.0,)) -> None:
        outline = np.array(half)
        for side in sides:
            both = outline if len(sides) > 1 else np.concatenate([outline, outline[::-1] * [-1.0, 1.0]])
            window.shape(both * [side * size, size] + [x, foot], color)

    window.oval(x, foot + 0.02, 0.24, 0.03, 0.30)
    part(_LEG, 0.8 * skin if bare else lower, (-1.0, 1.0))
    for side in (-0.085, 0.085):
        window.oval(x + side * size, foot + 0.075, 0.05, 0.05, shoe)
    sleeves = rng.random() < 0.5 or kind == 1
    part(_ARM, 0.75 * upper if sleeves else 0.85 * skin, (-1.0, 1.0))
    if kind == 3:
        part(_SKIRT, lower)
    part(_HEAD, skin)
    part((_TOP, _COAT, _DRESS, _TOP)[kind], upper)
    shade = np.array((_TOP, _COAT, _DRESS, _TOP)[kind])  # the side away from the lamps
    inner = shade[::-1] * [0.45, 1.0]
    window.shape(np.concatenate([shade, inner]) * [-size, size] + [x, foot], 0.62 * upper)
    if kind == 1:
        window.shape(np.array([[0.0, 1.52], [0.07, 1.52], [0.0, 1.22], [-0.07, 1.52]]) * size + [x, foot], lower)
        window.box(x - 0.006, foot + 0.58, x + 0.006, foot + 1.2, 0.4 * upper)
    elif rng.random() < 0.5:  # a belt, a scarf, or a bag at the hip
        window.box(x - 0.15 * size, foot + 1.10 * size, x + 0.15 * size, foot + 1.15 * size, 0.25 * upper)
    else:
        window.box(x + 0.17 * size, foot + 0.72, x + 0.36 * size, foot + 0.93, window.cloth())


def _clothes(window: Window) -> None:
    """Figures before a rail of clothes, posters."""
    rng, wide = window.rng, window.width_m
    x = float(rng.uniform(0.0, 0.2))
    while x < wide:  # what hangs on the rail
        step, hem = float(rng.uniform(0.05, 0.10)), float(rng.uniform(0.45, 0.95))
        color = 0.6 * window.cloth()
        window.shape([[x, hem], [x + step, hem], [x + step, 1.45], [x + step / 2, 1.52], [x, 1.45]], color)
        window.box(x, hem, x + 0.015, 1.45, 0.5 * color)
        x += step
    window.box(0.0, 1.53, wide, 1.56, 0.5)
    if rng.random() < 0.7:
        _poster(window, float(rng.uniform(0.4, wide - 0.4)), 2.0, 0.30, 0.28)
    window.box(0.0, 0.0, wide, 0.16, 0.20)
    for at in window.spots(0.72, 0.2, 0.12):
        if rng.random() < 0.85:
            figure(window, at, 0.16 + float(rng.choice([0.0, 0.0, 0.12])))


def _poster(window: Window, x: float, y: float, half_wide: float, half_high: float) -> None:
    """A sheet with a picture above and lines of print below."""
    rng, paper = window.rng, window.cloth()
    window.box(x - half_wide, y - half_high, x + half_wide, y + half_high, 0.35 + 0.5 * paper)
    inner, top = 0.86 * half_wide, y + 0.88 * half_high
    window.box(x - inner, y - 0.15 * half_high, x + inner, top, window.cloth())
    window.oval(x + rng.uniform(-0.4, 0.4) * half_wide, y + 0.3 * half_high, 0.4 * half_wide, 0.35 * half_high, paper)
    for k in range(3):
        line, reach = y - half_high * (0.35 + 0.2 * k), inner * rng.uniform(0.5, 1.0)
        window.box(x - inner, line - 0.05 * half_high, x - inner + 2 * reach * 0.9, line, 0.05)


def _shelf(window: Window, x0: float, x1: float, foot: float, tall: float) -> None:
    """A row of goods on a board at `foot`: several of each kind side by side, boxes or bottles, above their prices."""
    rng, x = window.rng, x0
    while x < x1:
        size, high = float(rng.uniform(0.045, 0.13)), float(rng.uniform(0.55, 0.92)) * tall
        color, bottle, lid = window.cloth(), rng.random() < 0.35, window.cloth()
        for _ in range(int(rng.integers(2, 6))):
            if x + size > x1:
                break
            here = color * rng.uniform(0.85, 1.1)
            if bottle:
                neck = 0.32 * size
                window.box(x + 0.04 * size, foot, x + 0.92 * size, foot + 0.66 * high, here)
                window.box(x + 0.5 * size - neck / 2, foot, x + 0.5 * size + neck / 2, foot + high, 0.8 * here)
                window.box(x + 0.04 * size, foot + 0.2 * high, x + 0.92 * size, foot + 0.45 * high, 0.3 + 0.5 * lid)
            else:
                window.box(x, foot, x + 0.94 * size, foot + high, here)
                window.box(x + 0.15 * size, foot + 0.5 * high, x + 0.8 * size, foot + 0.8 * high, lid)
            x += size
        x += float(rng.choice([0.0, 0.02, 0.10]))
    window.box(x0, foot - 0.05, x1, foot - 0.005, 0.55)
    for price in np.arange(x0 + 0.06, x1 - 0.06, 0.22):
        window.box(price, foot - 0.045, price + 0.07, foot - 0.01, (0.8, 0.7, 0.1))


def _shelves(window: Window) -> None:
    """Shelves full of goods from the floor to above the head, in bays."""
    rng, wide = window.rng, window.width_m
    bay, step = wide / int(rng.integers(2, 4)), float(rng.uniform(0.30, 0.42))
    window.box(0.0, 0.0, wide, 2.05, 0.05)
    for x in np.arange(0.0, wide - 0.01, bay):
        for foot in np.arange(0.22, 1.95, step):
            _shelf(window, float(x) + 0.03, float(x) + bay - 0.03, float(foot), step - 0.07)
        window.box(float(x) - 0.025, 0.0, float(x) + 0.025, 2.05, 0.40)
    window.box(0.0, 0.0, wide, 0.17, 0.10)
    for x in window.spots(1.4, 0.4, 0.3):
        if rng.random() < 0.6:  # offers, stuck to the glass
            _poster(window, x, float(rng.uniform(0.5, 0.8)), 0.21, 0.29)


def _counter(window: Window) -> None:
    """A glazed counter of bread and cakes, boards with the prices and shelves behind it, lamps that hang."""
    rng, wide = window.rng, window.width_m
    crust = np.array([0.42, 0.20, 0.07])
    for foot in (1.25, 1.6):
        window.box(0.0, foot - 0.03, wide, foot, 0.25)
        for x in np.arange(0.08, wide, 0.19):
            window.oval(x, foot + 0.055, rng.uniform(0.06, 0.09), 0.06, crust * rng.uniform(0.5, 1.4))
    for x in np.arange(rng.uniform(0.1, 0.4), wide - 0.5, 0.8):
        window.box(x, 1.92, x + 0.62, 2.28, 0.03)
        for k in range(5):
            window.box(x + 0.05, 2.22 - 0.06 * k, x + rng.uniform(0.3, 0.56), 2.235 - 0.06 * k, 0.5)
    window.box(0.0, 0.0, wide, 1.12, window.cloth() * 0.5 + 0.05)
    window.box(0.06, 0.42, wide - 0.06, 1.08, (0.62, 0.52, 0.38))
    for foot in (0.46, 0.78):
        for x in np.arange(0.14, wide - 0.1, 0.13):
            cake = crust * rng.uniform(0.4, 2.0) + rng.uniform(0.0, 0.25) * np.array([1.0, 0.8, 0.6])
            window.oval(x, foot + 0.05, 0.055, rng.uniform(0.035, 0.07), cake)
        window.box(0.06, foot - 0.035, wide - 0.06, foot, 0.30)
    _lamps(window, 2.1)


def _lamps(window: Window, low: float) -> None:
    """Lamps that hang in a row."""
    for x in window.spots(0.8, 0.3, 0.05):
        window.box(x - 0.008, low, x + 0.008, window.height_m, 0.03)
        window.shape([[x - 0.13, low], [x + 0.13, low], [x + 0.04, low + 0.17], [x - 0.04, low + 0.17]], 0.06)
        window.oval(x, low, 0.10, 0.04, 1.0)


def _tables(window: Window) -> None:
    """Tables and chairs of guests, one or two of whom sit there, a bar with bottles behind them."""
    rng, wide = window.rng, window.width_m
    _shelf(window, 0.2, wide - 0.2, 1.55, 0.34)
    _shelf(window, 0.2, wide - 0.2, 1.25, 0.27)
    window.box(0.1, 0.0, wide - 0.1, 1.08, (0.12, 0.07, 0.04))
    wood = rng.uniform(0.5, 1.0) * np.array([0.30, 0.17, 0.09])
    for x in window.spots(1.15, 0.5, 0.1):
        for side in (-1.0, 1.0):
            seat = x + 0.44 * side
            if rng.random() < 0.45:
                shirt, face = window.cloth(), rng.uniform(0.12, 0.5) * np.array([1.0, 0.68, 0.5])
                window.shape(
                    np.array([[-0.2, 0.45], [0.2, 0.45], [0.21, 0.92], [0.1, 1.05], [-0.1, 1.05], [-0.21, 0.92]])
                    + [seat, 0.0],
                    shirt,
                )
                window.oval(seat, 1.19, 0.085, 0.125, face)
                window.oval(seat, 1.26, 0.095, 0.075, 0.05)
            window.box(seat - 0.19, 0.42, seat + 0.19, 0.48, 0.8 * wood)
            for leg in (-0.17, 0.15):
                window.box(seat + leg, 0.0, seat + leg + 0.03, 0.46, 0.6 * wood)
            back = seat + 0.18 * side
            window.box(back - 0.02, 0.45, back + 0.02, 0.9, 0.7 * wood)
        window.box(x - 0.36, 0.71, x + 0.36, 0.76, wood * 1.4)
        window.box(x - 0.03, 0.0, x + 0.03, 0.72, 0.05)
        window.box(x - 0.05, 0.76, x + 0.02, 0.86, 0.7)
    _lamps(window, float(rng.uniform(1.75, 2.0)))


def _pedestals(window: Window) -> None:
    """Single things on pedestals of several heights, under a picture: shoes, bags, cameras."""
    rng, wide = window.rng, window.width_m
    _poster(window, wide * float(rng.uniform(0.35, 0.65)), 1.75, 0.62, 0.42)
    for foot in (0.95, 1.22):
        for x in (0.3, wide - 0.9):
            _shelf(window, x, x + 0.6, foot, 0.2)
    window.box(0.0, 0.0, wide, 0.18, 0.22)
    for x in window.spots(0.42, 0.2, 0.05):
        top, half, color = float(rng.choice([0.35, 0.55, 0.75])), 0.17, window.cloth()
        window.box(x - half, 0.18, x + half, top, rng.uniform(0.35, 0.6))
        window.box(x - half, 0.18, x - 0.3 * half, top, 0.28)
        if rng.random() < 0.5:  # a shoe from the side, else a bag
            shoe = [[-0.13, 0.0], [0.14, 0.0], [0.14, 0.035], [0.03, 0.08], [-0.04, 0.15], [-0.13, 0.15]]
            window.shape(np.array(shoe) + [x, top], color)
            window.box(x - 0.13, top, x + 0.14, top + 0.018, 0.5)
        else:
            window.shape(np.array([[-0.13, 0.0], [0.13, 0.0], [0.10, 0.19], [-0.10, 0.19]]) + [x, top], color)
            for handle in (-0.06, 0.05):
                window.box(x + handle, top + 0.19, x + handle + 0.015, top + 0.29, 0.6 * color)
            window.box(x - 0.06, top + 0.28, x + 0.065, top + 0.295, 0.6 * color)


def _flowers(window: Window) -> None:
    """Steps of buckets with bunches of flowers, leaves between them."""
    rng, wide = window.rng, window.width_m
    for foot in (0.95, 0.5, 0.1):
        window.box(0.0, foot - 0.06, wide, foot, 0.16)
        for x in window.spots(0.27, 0.1, 0.04):
            bloom, tall = window.cloth() + [0.25, 0.05, 0.05], float(rng.uniform(0.20, 0.34))
            window.shape(np.array([[-0.08, 0.0], [0.08, 0.0], [0.10, 0.2], [-0.10, 0.2]]) + [x, foot], 0.10)
            window.tuft(16, (x, foot + 0.2 + 0.6 * tall), (0.065, 0.06), (0.035, 0.03), _GREEN)
            window.tuft(14, (x, foot + 0.2 + tall), (0.06, 0.045), (0.028, 0.026), bloom)
    _poster(window, wide * float(rng.uniform(0.3, 0.7)), 2.0, 0.3, 0.22)


def _sheets(window: Window) -> None:
    """Rows of sheets that hang behind the glass, as of travel and estate agents, above a low partition."""
    rng, wide = window.rng, window.width_m
    window.box(0.0, 0.0, wide, 0.75, window.cloth() * 0.4 + 0.05)
    step = float(rng.uniform(0.34, 0.46))
    for y in (1.85, 1.42, 1.0):
        for x in np.arange(step / 2 + 0.08, wide - step / 2, step):
            if rng.random() < 0.88:
                _poster(window, float(x), y, 0.40 * step, 0.18)
    for x in np.arange(step / 2 + 0.08, wide - step / 2, step):
        window.box(x - 0.003, 0.8, x + 0.003, window.height_m, 0.5)


def _hall(window: Window) -> None:
    """The hall of an office: a lit wall, a desk with a person behind it, plants in tubs, a pillar."""
    rng, wide = window.rng, window.width_m
    window.wall(0.0, 2.3, (0.16, 0.15, 0.14), (0.30, 0.29, 0.27))
    window.box(0.0, 0.0, wide, 0.10, 0.10)
    desk = wide * float(rng.uniform(0.3, 0.7))
    window.oval(desk, 1.38, 0.09, 0.12, (0.32, 0.22, 0.16))
    window.box(desk - 0.2, 0.9, desk + 0.2, 1.25, window.cloth())
    window.box(desk - 0.7, 0.1, desk + 0.7, 1.06, (0.15, 0.09, 0.05))
    window.box(desk - 0.74, 1.04, desk + 0.74, 1.10, 0.45)
    for side in (0.35, wide - 0.3):
        window.box(side - 0.14, 0.1, side + 0.14, 0.5, 0.35)
        window.tuft(26, (side, 1.0), (0.13, 0.22), (0.06, 0.04), _GREEN)
    pillar = wide * float(rng.uniform(0.75, 0.85))
    window.box(pillar, 0.0, pillar + 0.28, window.height_m, 0.22)
    window.box(pillar, 0.0, pillar + 0.07, window.height_m, 0.30)


TRADES: dict[str, Callable[[Window], None]] = {
    "hall": _hall,
    "clothes": _clothes,
    "shelves": _shelves,
    "counter": _counter,
    "tables": _tables,
    "pedestals": _pedestals,
    "flowers": _flowers,
    "sheets": _sheets,
}
