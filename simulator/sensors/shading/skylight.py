"""Sky light on a coarse grid of pixels: smoothed along surfaces, then looked up for every sample of the picture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.sensors.shading.surface import SOLID
from simulator.sensors.shading.vector import ONE, ZERO, sky_irradiance

F32 = NDArray[np.float32]

PLANE_SHARE = np.float32(0.02)  # points off a plane by this share of their distance do not mix
PLANE_M = np.float32(0.03)
UNLIKE = np.float32(1e-5)  # weight of grid points on other surfaces, which count where there are no better ones
TAPS = np.array([1, 4, 6, 4, 1], np.float32) / np.float32(16)


class Grid(NamedTuple):
    """Sky light of some pixels, for kernels.

    Attributes:
        stride: pixels between grid points. width: columns of the grid.
        points: (G,) POINT_DTYPE, row-major. light: (G, 3) float32 their irradiance.
    """

    stride: int
    width: int
    points: NDArray[np.void]
    light: F32


@kernel(inline=True)
def alike(p, q):  # type: ignore[no-untyped-def]
    """0..1: whether point q lies on the surface of point p (POINT_DTYPE records)."""
    facing = p.nx * q.nx + p.ny * q.ny + p.nz * q.nz
    if facing < np.float32(0.5):
        return ZERO
    off = (q.x - p.x) * p.nx + (q.y - p.y) * p.ny + (q.z - p.z) * p.nz
    off /= PLANE_M + PLANE_SHARE * p.distance
    f2 = facing * facing
    f4 = f2 * f2
    return f4 * f4 / (ONE + off * off * (ONE + off * off))


@kernel
def smooth(start, stop, width, reach, points, source, target):  # type: ignore[no-untyped-def]
    """One pass of an a-trous filter (H. Dammertz et al., HPG 2010) over rows `start:stop` of the grid.

    Args:
        start, stop: range of grid rows.
        width: columns of the grid. reach: distance of the taps in grid cells.
        points: (G,) POINT_DTYPE of the grid, row-major.
        source, target: (G, 3) float32 irradiance before and after.
    """
    height = len(points) // width
    for y in range(start, stop):
        for x in range(width):
            i = y * width + x
            p = points[i]
            red, green, blue, total = ZERO, ZERO, ZERO, np.float32(1e-20)
            if p.state == SOLID:
                for dy in range(-2, 3):
                    v = y + dy * reach
                    if v < 0 or v >= height:
                        continue
                    for dx in range(-2, 3):
                        u = x + dx * reach
                        if u < 0 or u >= width or points[v * width + u].state != SOLID:
                            continue
                        j = v * width + u
                        w = TAPS[dx + 2] * TAPS[dy + 2] * alike(p, points[j])
                        red, green = red + w * source[j, 0], green + w * source[j, 1]
                        blue, total = blue + w * source[j, 2], total + w
            target[i, 0], target[i, 1], target[i, 2] = red / total, green / total, blue / total


@kernel(inline=True)
def light_at(p, x, y, stride, width, harmonics, grid, light):  # type: ignore[no-untyped-def]
    """Irradiance of point p (POINT_DTYPE record) at pixel (x, y) from the grid points around it.

    Args:
        stride: pixels between grid points. width: columns of the grid.
        harmonics: Sky.harmonics, for points with nothing but sky about them.
        grid: (G,) POINT_DTYPE. light: (G, 3) float32 their irradiance.
    """
    height = len(grid) // width
    x, y = np.float32(x) / np.float32(stride), np.float32(y) / np.float32(stride)
    u0, v0 = np.int32(x), np.int32(y)
    red, green, blue, total = ZERO, ZERO, ZERO, ZERO
    for corner in range(4):
        du, dv = corner & 1, corner >> 1
        j = min(v0 + dv, height - 1) * width + min(u0 + du, width - 1)
        if grid[j].state != SOLID:
            continue
        near = (ONE - abs(x - np.float32(u0 + du))) * (ONE - abs(y - np.float32(v0 + dv)))
        w = (near + np.float32(0.05)) * (alike(p, grid[j]) + UNLIKE)
        red, green = red + w * light[j, 0], green + w * light[j, 1]
        blue, total = blue + w * light[j, 2], total + w
    if total > ZERO:
        return red / total, green / total, blue / total
    return sky_irradiance(harmonics, p.nx, p.ny, p.nz)


@kernel
def look_up(start, stop, pixels, image_width, stride, width, harmonics, grid, light, points, paths):  # type: ignore[no-untyped-def]
    """Irradiance of the samples `start:stop` from the grid points around their pixels.

    Args:
        start, stop: range of samples; sample i belongs to pixel `pixels[i % len(pixels)]`.
        pixels: (P,) int32 numbers of pixels. image_width: of the picture.
        stride, width, harmonics, grid, light: as in `light_at`.
        points: (N,) POINT_DTYPE of the samples. paths: (N,) PATH_DTYPE, receives the result.
    """
    for i in range(start, stop):
        p = points[i]
        if p.state == SOLID:
            pixel, path = pixels[i % len(pixels)], paths[i]
            x, y = pixel % image_width, pixel // image_width
            path.er, path.eg, path.eb = light_at(p, x, y, stride, width, harmonics, grid, light)
