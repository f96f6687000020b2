"""Tileable noise images and their colours, the raw material of procedural textures: float32, for 8-bit texels."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

F32 = NDArray[np.float32]
Field = NDArray[np.floating]


def spectral_noise(
    size: int | tuple[int, int], rng: np.random.Generator, *, slope: float = 2.0, low_cut: float = 1.0
) -> F32:
    """Tileable Gaussian noise, power spectrum 1 / f**slope, zero mean, unit deviation.

    Args:
        size: (H, W) or side of a square in pixels, powers of two.
        rng: named random stream.
        slope: 0 white, 2 clouds-like, 3 and more smooth.
        low_cut: frequencies below this many cycles per shorter side are removed: tiling does not show.
    """
    height, width = (size, size) if isinstance(size, int) else size
    spectrum = fft.rfft2(rng.standard_normal((height, width), np.float32))
    spectrum *= _amplitude(height, width, slope, low_cut)
    noise: F32 = fft.irfft2(spectrum, s=(height, width))
    noise -= noise.mean(dtype=np.float64)
    noise /= max(noise.std(dtype=np.float64), 1e-12)
    return noise


@lru_cache(maxsize=48)  # textures use few kinds of noise, each many times; 1 to 2 MB each
def _amplitude(height: int, width: int, slope: float, low_cut: float) -> F32:
    """(H, W / 2 + 1) factors of the frequencies of white noise."""
    short = min(height, width)
    f = np.hypot(np.fft.rfftfreq(width)[None] * short, np.fft.fftfreq(height)[:, None] * short)
    return np.where(f >= low_cut, np.maximum(f, 1e-9) ** (-slope / 2), 0.0).astype(np.float32)


def rgb(*colors: float | tuple[float, ...]) -> F32:
    """Linear colours as an array; of float32, so that images in which they are mixed stay so."""
    return np.array(colors, np.float32)


def grade(value: Field, dark: tuple[float, ...], light: tuple[float, ...]) -> Field:
    """(H, W, 3) colour between `dark` (value 0) and `light` (value 1), extrapolated beyond.

    In memory it is one plane a channel, and so is what numpy makes of it: that takes a fifth of the time.
    """
    planes = [low + (high - low) * value for low, high in zip(dark, light, strict=True)]
    return np.moveaxis(np.asarray(planes, np.float32), 0, -1)


def with_mean(color: Field, mean: float) -> Field:
    """The colour scaled to a mean luminance (Rec. 709 weights)."""
    luminance = float(color.mean((0, 1), dtype=np.float64) @ np.array([0.2126, 0.7152, 0.0722]))
    return np.asarray(np.clip(color * (mean / luminance), 0.0, 1.0))


def to_srgb8(linear: Field, alpha: Field | float = 1.0) -> NDArray[np.uint8]:
    """(H, W, 4) uint8 sRGB image of (H, W, 3) linear colour and 0..1 alpha (IEC 61966-2-1)."""
    code = _srgb_codes()
    out = np.empty((*linear.shape[:2], 4), np.uint8)
    for channel in range(3):
        level = np.clip(linear[..., channel], 0.0, 1.0) * (len(code) - 1)
        out[..., channel] = np.take(code, np.rint(level).astype(np.uint16))
    out[..., 3] = np.rint(np.clip(alpha, 0.0, 1.0) * 255)
    return out


@cache
def _srgb_codes() -> NDArray[np.uint8]:
    """The codes of 65536 steps of light: where the curve is steepest they are 0.05 of a code wide."""
    c = np.linspace(0.0, 1.0, 1 << 16)
    coded = np.where(c <= 0.0031308, 12.92 * c, 1.055 * np.power(c, 1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * coded), np.uint8)
