"""Mip maps: ever smaller copies of a texture, averaged in linear light."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.scene import Texture


def _srgb_tables(steps: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Linear light of the 256 sRGB codes, and the code of `steps + 1` even steps of linear light."""
    code = np.arange(256) / 255
    linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    ramp = np.arange(steps + 1) / steps
    coded = np.where(ramp <= 0.0031308, 12.92 * ramp, 1.055 * ramp ** (1 / 2.4) - 0.055)
    return linear.astype(np.float32), np.rint(255 * coded).astype(np.uint8)


_STEPS = 4095
SRGB_TO_LINEAR, LINEAR_TO_SRGB = _srgb_tables(_STEPS)
TOP = np.float32(_STEPS)


def mip_chain(texture: Texture) -> list[NDArray[np.uint8]]:
    """Levels from the full image to one texel; a cutout keeps the part of its area that is no hole (Castano, 2010)."""
    chain = [np.ascontiguousarray(texture.rgba)]
    coverage = float(np.mean(chain[0][..., 3] >= 128)) if texture.cutout else 1.0
    while chain[-1].shape[0] > 1 or chain[-1].shape[1] > 1:
        fine = chain[-1]
        small = np.empty((max(fine.shape[0] // 2, 1), max(fine.shape[1] // 2, 1), 4), np.uint8)
        halve(fine, texture.cutout, small)
        if texture.cutout and 0 < coverage < 1:
            threshold = max(float(np.quantile(small[..., 3], 1 - coverage)), 1.0)
            small[..., 3] = np.clip(np.rint(small[..., 3] * (128.0 / threshold)), 0, 255)
        chain.append(small)
    return chain


@kernel
def halve(fine, cutout, small):
    """Average 2 x 2 texels of `fine` (H, W, 4) uint8 into `small`; where holes are, colour counts by its alpha."""
    down, right = fine.shape[0] // small.shape[0], fine.shape[1] // small.shape[1]
    for y in range(small.shape[0]):
        for x in range(small.shape[1]):
            red, green, blue, alpha, total = (
                np.float32(0),
                np.float32(0),
                np.float32(0),
                np.float32(0),
                np.float32(0),
            )
            for dy in range(down):
                for dx in range(right):
                    v, u = y * down + dy, x * right + dx
                    a = np.float32(fine[v, u, 3])
                    w = a + np.float32(1.0) if cutout else np.float32(1.0)
                    red += w * SRGB_TO_LINEAR[fine[v, u, 0]]
                    green += w * SRGB_TO_LINEAR[fine[v, u, 1]]
                    blue += w * SRGB_TO_LINEAR[fine[v, u, 2]]
                    alpha, total = alpha + a, total + w
            scale = TOP / total
            small[y, x, 0] = LINEAR_TO_SRGB[np.int32(red * scale + np.float32(0.5))]
            small[y, x, 1] = LINEAR_TO_SRGB[np.int32(green * scale + np.float32(0.5))]
            small[y, x, 2] = LINEAR_TO_SRGB[np.int32(blue * scale + np.float32(0.5))]
            small[y, x, 3] = np.uint8(alpha / np.float32(down * right) + np.float32(0.5))
