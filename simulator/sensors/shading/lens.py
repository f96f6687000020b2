"""What a lens does to light: it blurs, splits colours, shows ghosts of what is bright, and darkens the corners."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from simulator.sensors.optics import CameraModel

F32 = NDArray[np.float32]

# Ghosts: images of what is bright by two reflections between lens surfaces, through the picture's middle. Magnification
# (negative: on the other side), radius of the aperture's image in parts of the picture's width, and tint by what the
# coatings leave. A coated surface reflects about half a percent (W. J. Smith, "Modern Optical Engineering").
GHOSTS = (
    (-0.35, 0.010, (0.9, 1.0, 0.7)),
    (-0.75, 0.026, (0.5, 1.0, 0.8)),
    (-1.25, 0.045, (0.9, 0.6, 1.0)),
    (0.45, 0.016, (1.0, 0.8, 0.5)),
)
SURFACE_REFLECTANCE = 0.005
GHOSTS_FROM = 300.0  # parts of saturation: what is darker has ghosts of less than a hundredth
GHOST_SHRINK = 4


def falloff(camera: CameraModel, exponent: float) -> F32:
    """(H, W) share of the axis' illuminance that each pixel gets: cos^n of its angle off the axis."""
    rays = camera.rays()
    cosine = 1.0 / np.sqrt(np.sum(rays.astype(np.float64) ** 2, -1))
    return np.asarray(cosine**exponent, np.float32)


def through_lens(light: F32, camera: CameraModel, blur_px: float, lateral_px: float, white_cd_m2: float) -> F32:
    """Linear light (H, W, 3) behind the lens.

    Args:
        light: in front of it. camera: geometry.
        blur_px: standard deviation of the spot of a point: diffraction, aberrations and the pixel's own size. The
            contrast at f cycles a pixel (MTF) is exp(-2 pi^2 blur^2 f^2).
        lateral_px: distance between red and blue in the corners (lateral chromatic aberration).
        white_cd_m2: luminance that saturates.
    """
    import cv2

    out = light
    if light.max() > GHOSTS_FROM * white_cd_m2:
        out = out + _ghosts(light, camera, np.float32(GHOSTS_FROM * white_cd_m2))
    if blur_px > 0:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), blur_px, borderType=cv2.BORDER_REPLICATE), np.float32)
    if lateral_px > 0:
        middle = (float(camera.K[0, 2]), float(camera.K[1, 2]))
        reach = math.hypot(max(middle[0], camera.width - middle[0]), max(middle[1], camera.height - middle[1]))
        red, blue = (
            _magnified(out[..., k], middle, 1.0 + sign * lateral_px / 2 / reach) for k, sign in ((0, 1), (2, -1))
        )
        out = np.stack([red, out[..., 1], blue], -1)
    return out


def _magnified(channel: F32, middle: tuple[float, float], scale: float) -> F32:
    """One channel (H, W) about a point of the picture; overshoots of the interpolation do not turn negative."""
    import cv2

    matrix = np.array([[1 / scale, 0, middle[0] * (1 - 1 / scale)], [0, 1 / scale, middle[1] * (1 - 1 / scale)]])
    size = (channel.shape[1], channel.shape[0])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(np.ascontiguousarray(channel), matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.maximum(np.asarray(moved, np.float32), np.float32(0))


def _ghosts(light: F32, camera: CameraModel, above: np.float32) -> F32:
    """Light (H, W, 3) of the ghosts of all that shines brighter than `above`."""
    import cv2

    height, width = light.shape[:2]
    small = (max(width // GHOST_SHRINK, 1), max(height // GHOST_SHRINK, 1))
    bright = cv2.resize(
        np.where(light.max(2, keepdims=True) > above, light, np.float32(0)), small, interpolation=cv2.INTER_AREA
    )
    total = np.zeros_like(bright)
    x, y = float(camera.K[0, 2]) * small[0] / width, float(camera.K[1, 2]) * small[1] / height
    for scale, radius, tint in GHOSTS:
        reach = max(round(radius / abs(scale) * small[0]), 2)  # before it is shrunk, so that no light falls through
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)).astype(np.float32)
        image = cv2.filter2D(bright, -1, disc / disc.sum(), borderType=cv2.BORDER_CONSTANT)
        matrix = np.array([[1 / scale, 0, x * (1 - 1 / scale)], [0, 1 / scale, y * (1 - 1 / scale)]])
        image = cv2.warpAffine(image, matrix, small, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        total += image * (np.array(tint, np.float32) * np.float32(SURFACE_REFLECTANCE**2 / scale**2))
    return np.asarray(cv2.resize(total, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
