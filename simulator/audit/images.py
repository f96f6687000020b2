"""Statistics of 8-bit pictures, and whether they lie within those of real ones.

Pictures made by cameras share a few numbers that pictures made by renderers easily miss: how fast their spectrum falls
(D. J. Field, "Relations between the statistics of natural images and the response properties of cortical cells", 1987),
how steep their edges are, how much noise is left in what is flat, how colourful they are and how much burns out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError

Image = NDArray[np.uint8]
F64 = NDArray[np.float64]

PERCENTS = (1, 5, 25, 50, 75, 95, 99)
WHITE, BLACK = 254, 1  # from and up to which grey levels count as clipped
# Spatial frequencies between which the slope is fitted: periods a picture, and a share of its height a period.
SLOPE_FROM, SLOPE_TO = 4, 0.35
SUFFIXES = (".png", ".jpg", ".jpeg")
# Where datasets keep their pictures, below their folder; elsewhere every picture counts.
PICTURES = ("kitti/training/image_2", "kitti/testing/image_2", "training/image_2", "coco/images", "images")
JUDGED = ("grad_mean", "spectrum_slope", "noise_sigma_flat", "sat_mean", "clipped_white")


def image_statistics(bgr: Image) -> dict[str, Any]:
    """Statistics of one picture (H, W, 3), 8 bit, in OpenCV's order of channels.

    Returns:
        shape: (H, W, 3). bgr_mean, bgr_std: mean and standard deviation by channel.
        sat_mean: mean saturation (HSV), 0 to 255.
        luma_q, grad_q: quantiles at `PERCENTS` of the grey levels (BT.601) and of their gradient's magnitude, grey levels
            a pixel (Sobel / 8). grad_mean: its mean.
        clipped_white, clipped_black: shares of the pixels.
        noise_sigma_flat: see `flat_noise`. spectrum_slope: see `spectrum_slope`.
    """
    import cv2

    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    level = grey.astype(np.float64)
    gradient = np.hypot(cv2.Sobel(level, cv2.CV_64F, 1, 0), cv2.Sobel(level, cv2.CV_64F, 0, 1)) / 8
    return {
        "shape": list(bgr.shape),
        "bgr_mean": np.round(bgr.mean((0, 1)), 1).tolist(),
        "bgr_std": np.round(bgr.std((0, 1)), 1).tolist(),
        "sat_mean": round(float(cv2.cvtColor(bgr, cv2.COLOR_BGR2HSV)[..., 1].mean()), 1),
        "luma_q": np.percentile(grey, PERCENTS).tolist(),
        "clipped_white": round(float((grey >= WHITE).mean()), 4),
        "clipped_black": round(float((grey <= BLACK).mean()), 4),
        "noise_sigma_flat": round(flat_noise(level, gradient), 3),
        "grad_q": np.round(np.percentile(gradient, PERCENTS), 4).tolist(),
        "grad_mean": round(float(gradient.mean()), 3),
        "spectrum_slope": round(spectrum_slope(level), 3),
    }


def spectrum_slope(level: F64) -> float:
    """Exponent of the power spectrum over spatial frequency, of the middle square of (H, W) levels.

    Mean power on rings one period wide, under a Hann window, and a straight line through their logarithms; white noise
    has 0, natural pictures about -2 (power falls with the square of the frequency) and those of sharp lenses less than
    those of soft ones.
    """
    side = min(level.shape)
    top, left = ((size - side) // 2 for size in level.shape)
    square = level[top : top + side, left : left + side]
    window = np.hanning(side)
    power = np.abs(np.fft.fftshift(np.fft.fft2((square - square.mean()) * np.outer(window, window)))) ** 2
    row, column = np.indices(power.shape) - side // 2
    ring = np.hypot(row, column).astype(int)
    mean = np.bincount(ring.ravel(), power.ravel()) / np.bincount(ring.ravel())
    periods = np.arange(SLOPE_FROM, int(SLOPE_TO * side))
    return float(np.polyfit(np.log(periods), np.log(np.maximum(mean[periods], 1e-12)), 1)[0])
