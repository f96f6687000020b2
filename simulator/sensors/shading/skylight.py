"""Sky light on a coarse grid of pixels: smoothed along surfaces, then looked up for every sample of the picture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import load, pointer, store
from simulator.numerics.simd import LANES, maximum, select, splat
from simulator.sensors.shading.surface import SOLID
from simulator.sensors.shading.vector import ONE, ZERO, luminance, sky_irradiance

F32 = NDArray[np.float32]

PLANE_SHARE = np.float32(0.02)  # points off a plane by this share of their distance do not mix
PLANE_M = np.float32(0.03)
# Beside what is close light changes within a part of the mean distance to it (harmonic, over the hemisphere): contact
# shadows. So far light is smoothed at most, but for noise's sake not less than one over `SHARPEST_1_M`.
CONTACT, SHARPEST_1_M = np.float32(0.35), np.float32(8.0)
UNLIKE = np.float32(1e-5)  # weight of grid points on other surfaces, which count where there are no better ones
BRIGHTER = np.float32(2.0)  # where the sky lights a point more than those on other surfaces, it is so much at most
TAPS = np.array([1, 4, 6, 4, 1], np.float32) / np.float32(16)
MARGIN = 16  # columns beside the grid, in which there is nothing: twice the farthest reach


class Grid(NamedTuple):
    """Sky light of some pixels, for kernels.

    Attributes:
        stride: pixels between grid points. width: columns of the grid.
        points: (G,) POINT_DTYPE, row-major. light: (G, 4) float32 their irradiance, and one over that by the whole sky.
    """

    stride: int
    width: int
    points: NDArray[np.void]
    light: F32


@kernel(inline=True)
def alike(p, q):
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
def lay_out(start, stop, width, points, light, closeness, facts, spread):
    """Write rows `start:stop` of a grid as planes, for vectors; what is no surface stays zero.

    Args:
        start, stop: range of grid rows.
        width: columns of the grid.
        points: (G,) POINT_DTYPE of the grid, row-major. light: (G, 3) float32 their irradiance.
        closeness: (G,) float32 of `mean_irradiance`.
        facts: (9, rows, width and margins) float32 result: normal, place, one over how far off its plane points
            still mix, 1, and one over the square of how far along it they do.
        spread: (3, rows, width and margins) float32 result: the irradiance.
    """
    for y in range(start, stop):
        for x in range(width):
            p, column = points[y * width + x], x + MARGIN
            if p.state == SOLID:
                facts[0, y, column], facts[1, y, column], facts[2, y, column] = p.nx, p.ny, p.nz
                facts[3, y, column], facts[4, y, column], facts[5, y, column] = p.x, p.y, p.z
                facts[6, y, column], facts[7, y, column] = ONE / (PLANE_M + PLANE_SHARE * p.distance), ONE
                sharp = min(closeness[y * width + x] / CONTACT, SHARPEST_1_M)
                facts[8, y, column] = sharp * sharp
                for k in range(3):
                    spread[k, y, column] = light[y * width + x, k]


@kernel
def smooth(start, stop, width, reach, facts, source, target):
    """One pass of an a-trous filter (H. Dammertz et al., HPG 2010) over rows `start:stop` of the grid, by `alike`.

    Args:
        start, stop: range of grid rows.
        width: columns of the grid. reach: distance of the taps in grid cells.
        facts: of `lay_out`. source, target: irradiance before and after, as `spread` there.
    """
    _, height, padded = facts.shape
    plane, known, light, out = height * padded, pointer(facts), pointer(source), pointer(target)
    none, one, least_facing = splat(ZERO), splat(ONE), splat(np.float32(0.5))
    for y in range(start, stop):
        for column in range(MARGIN, MARGIN + width, LANES):
            i = y * padded + column
            nx, ny, nz = load(known, i), load(known, i + plane), load(known, i + 2 * plane)
            px, py, pz = load(known, i + 3 * plane), load(known, i + 4 * plane), load(known, i + 5 * plane)
            thick, solid = load(known, i + 6 * plane), load(known, i + 7 * plane)
            own = load(known, i + 8 * plane)
            red, green, blue, total = none, none, none, splat(np.float32(1e-20))
            for dy in range(-2, 3):
                v = y + dy * reach
                if v < 0 or v >= height:
                    continue
                for dx in range(-2, 3):
                    j = v * padded + column + dx * reach
                    qx, qy, qz = load(known, j), load(known, j + plane), load(known, j + 2 * plane)
                    facing = nx * qx + (ny * qy + nz * qz)
                    facing = select(facing < least_facing, none, facing)
                    qx, qy, qz = load(known, j + 3 * plane), load(known, j + 4 * plane), load(known, j + 5 * plane)
                    qx, qy, qz = qx - px, qy - py, qz - pz
                    sharp = maximum(own, load(known, j + 8 * plane))  # of both, so that no light gets lost
                    off, far = (qx * nx + (qy * ny + qz * nz)) * thick, (qx * qx + (qy * qy + qz * qz)) * sharp
                    off, facing = off * off, facing * facing
                    facing = facing * facing
                    weight = facing * facing / ((one + off * (one + off)) * (one + far * far))
                    weight = weight * load(known, j + 7 * plane)
                    weight = weight * (TAPS[dx + 2] * TAPS[dy + 2])
                    red = red + weight * load(light, j)
                    green = green + weight * load(light, j + plane)
                    blue, total = blue + weight * load(light, j + 2 * plane), total + weight
            by = solid / total
            store(out, i, red * by)
            store(out, i + plane, green * by)
            store(out, i + 2 * plane, blue * by)


@kernel
def compare_with_sky(start, stop, points, harmonics, light):
    """Write one over the luminance of the irradiance of `points` by the whole sky to Grid.light."""
    for i in range(start, stop):
        p = points[i]
        if p.state == SOLID:
            r, g, b = sky_irradiance(harmonics, p.nx, p.ny, p.nz)
            light[i, 3] = ONE / max(luminance(r, g, b), np.float32(1e-9))


@kernel(inline=True)
def light_at(p, x, y, stride, width, harmonics, grid, light):
    """Irradiance of point p (POINT_DTYPE record) at pixel (x, y) from the grid points around it.

    Args:
        stride: pixels between grid points. width: columns of the grid.
        harmonics: Sky.harmonics, for points with nothing but sky about them.
        grid, light: Grid.points, Grid.light.
    """
    height = len(grid) // width
    sr, sg, sb = sky_irradiance(harmonics, p.nx, p.ny, p.nz)
    sky = luminance(sr, sg, sb)
    x, y = np.float32(x) / np.float32(stride), np.float32(y) / np.float32(stride)
    u0, v0 = np.int32(x), np.int32(y)
    red, green, blue, total = ZERO, ZERO, ZERO, ZERO
    for corner in range(4):
        du, dv = corner & 1, corner >> 1
        j = min(v0 + dv, height - 1) * width + min(u0 + du, width - 1)
        if grid[j].state != SOLID:
            continue
        near = (ONE - abs(x - np.float32(u0 + du))) * (ONE - abs(y - np.float32(v0 + dv)))
        near, like = near + np.float32(0.05), alike(p, grid[j])
        w = near * (like + UNLIKE * min(sky * light[j, 3], BRIGHTER))
        red, green = red + w * light[j, 0], green + w * light[j, 1]
        blue, total = blue + w * light[j, 2], total + near * (like + UNLIKE)
    if total > ZERO:
        return red / total, green / total, blue / total
    return sr, sg, sb


@kernel
def look_up(start, stop, pixels, image_width, stride, width, harmonics, grid, light, points, paths):
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
