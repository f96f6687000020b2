"""A drawing surface for flat graphics such as sign faces: unit coordinates, smooth edges."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.scene.material import Texture
from simulator.surroundings.shapes import F64

# RAL traffic colours (RAL 3020, 5017, 1023, 6024, 9016, 9017, 2009, 7042, 8017) as sRGB.
COLORS: dict[str, tuple[int, int, int]] = {
    "red": (187, 30, 16),
    "blue": (0, 90, 140),
    "yellow": (247, 186, 11),
    "green": (0, 131, 81),
    "white": (241, 240, 234),
    "black": (42, 41, 42),
    "orange": (222, 83, 7),
    "grey": (142, 150, 151),
    "brown": (80, 54, 42),
    "freeway": (0, 95, 66),  # green of US guide signs
    "lime": (190, 220, 40),  # fluorescent yellow-green of US school signs
}
Color = str | tuple[int, int, int]


class Canvas:
    """An image of `height` x `width` pixels (powers of two), drawn at twice the size.

    Unit coordinates: x to the right and y upwards, each from -1 to 1 across the image, whatever its proportions;
    lengths such as radii and line widths are in halves of the image's height.
    """

    def __init__(self, width: int, height: int, ground: Color, aspect: float = 1.0) -> None:
        """`aspect` is the true width divided by the true height of what is drawn."""
        self._size = (2 * height, 2 * width)
        self._image = np.empty((2 * height, 2 * width, 3), np.uint8)
        self._image[:] = _rgb(ground)
        self.aspect = aspect

    def _pixels(self, points: ArrayLike) -> NDArray[np.int32]:
        h, w = self._size
        p = np.asarray(points, np.float64)
        out = np.stack([(p[..., 0] + 1) * w / 2, (1 - p[..., 1]) * h / 2], -1)
        return np.rint(out * 16 - 8).astype(np.int32)

    def polygon(self, points: ArrayLike, color: Color) -> None:
        """Fill a polygon of (K, 2) unit points."""
        import cv2

        cv2.fillPoly(self._image, [self._pixels(points)], _rgb(color), cv2.LINE_AA, 4)

    def disc(self, center: tuple[float, float], radius: float, color: Color) -> None:
        """Fill a circle."""
        angle = np.arange(64) * (2 * np.pi / 64)
        self.polygon(self._round(center, radius * np.cos(angle), radius * np.sin(angle)), color)

    def _round(self, center: tuple[float, float], x: F64, y: F64) -> F64:
        return np.stack([center[0] + x / self.aspect, center[1] + y], -1)

    def line(self, points: ArrayLike, width: float, color: Color) -> None:
        """Stroke a polyline with round joints."""
        p = np.asarray(points, np.float64) * [self.aspect, 1.0]
        for a, b in pairwise(p):
            run = b - a
            across = np.array([-run[1], run[0]]) * (width / 2 / max(float(np.hypot(*run)), 1e-9))
            self.polygon(np.stack([a + across, b + across, b - across, a - across]) / [self.aspect, 1.0], color)
        for q in p[1:-1]:
            self.disc((float(q[0]) / self.aspect, float(q[1])), width / 2, color)

    def text(self, text: str, center: tuple[float, float], height: float, color: Color, room: float = 1.8) -> None:
        """Write capitals `height` high (in halves of the image's height), at most `room` units wide."""
        import cv2

        text = text.replace("0", "O")  # fonts of screens cross their zeros, road signs do not
        font, thick = cv2.FONT_HERSHEY_SIMPLEX, 10
        (w, h), base = cv2.getTextSize(text, font, 3.0, thick)
        tile = np.zeros((h + 2 * base + 40, w + 80), np.uint8)
        cv2.putText(tile, text, (40, h + 20), font, 3.0, 255, thick, cv2.LINE_AA)
        rows, columns = np.flatnonzero(tile.max(1)), np.flatnonzero(tile.max(0))
        if not len(rows):
            return
        tile = tile[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        pixel_h = height * self._size[0] / 2
        pixel_w = pixel_h * tile.shape[1] / tile.shape[0] * (self._size[1] / self._size[0]) / self.aspect
        squeeze = min(1.0, room * self._size[1] / 2 / pixel_w)
        pixel_w *= squeeze
        pixel_h *= max(squeeze, 0.75)  # condensed a little before it shrinks
        out = cv2.resize(tile, (max(int(pixel_w), 1), max(int(pixel_h), 1)), interpolation=cv2.INTER_AREA)
        x = int((center[0] + 1) * self._size[1] / 2 - out.shape[1] / 2)
        y = int((1 - center[1]) * self._size[0] / 2 - out.shape[0] / 2)
        x0, y0 = max(x, 0), max(y, 0)
        x1, y1 = min(x + out.shape[1], self._size[1]), min(y + out.shape[0], self._size[0])
        cover = out[y0 - y : y1 - y, x0 - x : x1 - x, None] / 255.0
        part = self._image[y0:y1, x0:x1]
        part[:] = np.rint(cover * np.array(_rgb(color)) + (1 - cover) * part).astype(np.uint8)

    def texture(self, name: str) -> Texture:
        """The finished drawing."""
        import cv2

        small = cv2.resize(self._image, (self._size[1] // 2, self._size[0] // 2), interpolation=cv2.INTER_AREA)
        return Texture(name, np.dstack([small, np.full(small.shape[:2], 255, np.uint8)]))


def _rgb(color: Color) -> tuple[int, int, int]:
    return COLORS[color] if isinstance(color, str) else color
