"""Reflections in rough water, smoothed over the picture: a few rays a pixel are too few for a wide lobe."""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel
from simulator.sensors.shading.paths import BLURRED
from simulator.sensors.shading.skylight import TAPS
from simulator.sensors.shading.surface import SOLID
from simulator.sensors.shading.vector import ONE, ZERO

# Columns of the sheen buffer (H, W, 6): mean reflected radiance (3), its weight in the pixel, roughness, height.
RED, WEIGHT, ROUGHNESS, HEIGHT = 0, 3, 4, 5
STEP_M = np.float32(0.04)  # surfaces at heights that differ by more do not mix


@kernel
def gather_sheen(start, stop, points, paths, sheen):
    """Collect the blurred reflections of pixels `start:stop` of a band into `sheen` (P, 6).

    `points` (S * P,) POINT_DTYPE and `paths` (S * P,) PATH_DTYPE come sample after sample.
    """
    count = len(sheen)
    samples = len(paths) // count
    for i in range(start, stop):
        red, green, blue, weight, rough, height = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
        for s in range(samples):
            p, path = points[s * count + i], paths[s * count + i]
            if p.state == SOLID and path.mirrors == BLURRED:
                w = path.wg
                red, green, blue = red + w * path.ir, green + w * path.ig, blue + w * path.ib
                weight, rough, height = weight + w, rough + w * p.coat_roughness, height + w * p.z
        scale = ONE / max(weight, np.float32(1e-12))
        sheen[i, 0], sheen[i, 1], sheen[i, 2] = red * scale, green * scale, blue * scale
        sheen[i, 3] = weight / np.float32(samples)
        sheen[i, 4], sheen[i, 5] = rough * scale, height * scale


@kernel
def blur_sheen(start, stop, reach, focal, depth, source, target):
    """One pass of an a-trous filter over rows `start:stop`; taps `reach` pixels apart, where the lobe is wider.

    Args:
        start, stop: range of rows.
        reach: pixels between taps. focal: focal length in pixels, float32.
        depth: (H, W) float32 metres.
        source, target: (H, W, 6) sheen before and after.
    """
    height, width = depth.shape
    for y in range(start, stop):
        for x in range(width):
            for k in range(6):
                target[y, x, k] = source[y, x, k]
            rough = source[y, x, ROUGHNESS]
            if source[y, x, WEIGHT] == ZERO or rough * rough * focal < np.float32(1.5) * np.float32(reach):
                continue
            level, away = source[y, x, HEIGHT], depth[y, x]
            red, green, blue, total = ZERO, ZERO, ZERO, ZERO
            for dy in range(-2, 3):
                v = y + dy * reach
                if v < 0 or v >= height:
                    continue
                for dx in range(-2, 3):
                    u = x + dx * reach
                    if u < 0 or u >= width:
                        continue
                    w = source[v, u, WEIGHT]
                    if w == ZERO or abs(source[v, u, HEIGHT] - level) > STEP_M + np.float32(0.004) * away:
                        continue
                    other = source[v, u, ROUGHNESS]
                    if other > np.float32(2.0) * rough or rough > np.float32(2.0) * other:
                        continue
                    w *= TAPS[dx + 2] * TAPS[dy + 2]
                    red, green = red + w * source[v, u, RED], green + w * source[v, u, RED + 1]
                    blue, total = blue + w * source[v, u, RED + 2], total + w
            if total > ZERO:
                scale = ONE / total
                target[y, x, RED], target[y, x, RED + 1] = red * scale, green * scale
                target[y, x, RED + 2] = blue * scale


@kernel
def add_sheen(start, stop, sheen, radiance):
    """Add smoothed reflections (H, W, 6) to rows `start:stop` of `radiance` (H, W, 3)."""
    for y in range(start, stop):
        for x in range(radiance.shape[1]):
            w = sheen[y, x, WEIGHT]
            for k in range(3):
                radiance[y, x, k] += w * sheen[y, x, RED + k]
