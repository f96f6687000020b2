"""Lamps near a place: a coarse grid of the strongest ones, and the light they throw on surfaces."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.parallel import parallel_for
from simulator.sensors.shading.beams import DEGREES, ISOTROPIC, STREET, beam_intensity, greatest_aside
from simulator.sensors.shading.paths import LAMP_STREAM, OF_POINTS, stratum
from simulator.sensors.shading.reflectance import scattered, thrown_back
from simulator.sensors.shading.surface import SOLID
from simulator.sensors.shading.vector import HALF, ONE, PI, TWO, ZERO, clamp01, luminance, random2, unit

F32 = NDArray[np.float32]

CELL_M = 8.0
# Water shows lamps as streaks about the places where level ground mirrors them, for eyes at such a height: there they
# count so much more when cells choose.
STREAK_GAIN, STREAK_M, EYE_M = 8.0, np.float32(1.0), np.float32(1.5)
HALF_CELLS = 24  # the grid reaches 192 m to each side
PER_CELL = 16
NEAREST_CELL_M = 2.0  # cells are no nearer to a lamp than this
LEVEL_AXIS = np.float32(0.7)  # lamps that rise or dip by a greater sine may shine to all sides
STRAYED_SHARE = np.float32(0.1)  # of a lamp's light in fog, at least, that drops scatter on the way but do not take
FAINTEST_LX = 0.03  # lamps that give less than this, or than a share of the daylight, are left out
DAYLIGHT_SHARE = 0.02
LAMP_CLEARANCE_M = np.float32(0.35)  # shadow rays end before the lamp's own housing
LAMP_RADIUS_M = np.float32(0.06)
NEAREST_M2 = np.float32(0.04)
SHADOW_SHARE = np.float32(0.06)  # lamps that give less of a point's lamp light get no shadow ray for themselves
CHANCE_SHARE = np.float32(0.02)  # ... nor one together


class Lamps(NamedTuple):
    """Burning lamps and where each matters.

    Attributes:
        position, axis, intensity: (L, 3) float32: metres in the local frame, unit vector, peak cd by channel.
        beam: (L,) int32 Beam.
        low: (2,) float32 corner of the grid, metres.
        cells: (C, C, PER_CELL) int32 lamps of each cell in x and y, strongest first, -1 after the last.
        least: (L,) float32 illuminance in lux below which each does not count.
    """

    position: F32
    axis: F32
    intensity: F32
    beam: NDArray[np.int32]
    low: F32
    cells: NDArray[np.int32]
    least: F32

    @property
    def dark(self) -> bool:
        """Whether no lamp matters anywhere on the grid."""
        return bool((self.cells[..., 0] < 0).all())


def gather_lamps(
    rows: NDArray[np.void],
    center: NDArray[np.float64],
    daylight_lx: Callable[[NDArray[np.void]], NDArray[np.float64]],
    daylight_share: float = DAYLIGHT_SHARE,
    extinction_1_m: float = 0.0,
    wet: bool = False,
) -> Lamps:
    """Grid of LAMP_LIGHT_DTYPE `rows` around `center` (3,) in the local frame, of those that matter beside daylight.

    `daylight_lx` tells how much of that there is where lamps (N,) burn; lamps count that give more than a share of it
    through air of some extinction. Where it is `wet`, those that the eye at `center` sees mirrored come before others.
    """
    count = 2 * HALF_CELLS
    eye = np.array([*center, STREAK_GAIN if wet else 1.0], np.float32)
    low = (np.floor(np.asarray(center[:2]) / CELL_M) * CELL_M - HALF_CELLS * CELL_M).astype(np.float32)
    peak = rows["intensity"] @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    near = np.all(np.abs(rows["position"][:, :2] - low - HALF_CELLS * CELL_M) < HALF_CELLS * CELL_M * 1.5, 1)
    near &= peak / NEAREST_CELL_M**2 >= FAINTEST_LX
    rows, peak = rows[near], peak[near]
    least = np.maximum(FAINTEST_LX, daylight_share * daylight_lx(rows)).astype(np.float32)
    near = peak / NEAREST_CELL_M**2 >= least
    rows, peak, least = rows[near], peak[near], least[near]
    position, axis, intensity, beam = (np.ascontiguousarray(rows[k]) for k in ("position", "axis", "intensity", "beam"))
    cells, haze = np.full((count, count, PER_CELL), -1, np.int32), np.float32(extinction_1_m)
    parallel_for(
        lambda start, stop: fill_cells(start, stop, position, axis, beam, peak, least, low, haze, eye, cells),
        count,
        chunk=8,
    )
    return Lamps(position, axis, intensity, beam, low, cells, least)


@kernel(inline=True)
def nearest_aside(beam, ax, ay, tx, ty, half):
    """No less than the relative intensity of a lamp of axis (ax, ay), about level, in a cell (tx, ty) from it.

    `half` is the radius of the cell, which does not hold the lamp.
    """
    turned = math.atan2(abs(ax * ty - ay * tx), ax * tx + ay * ty)
    turned -= math.asin(min(half / math.sqrt(tx * tx + ty * ty), ONE))
    if beam != ISOTROPIC and beam != STREET and turned > HALF * PI:
        return ZERO
    return greatest_aside(beam, DEGREES * max(turned, ZERO))


@kernel(inline=True)
def mirrors_lamp(x, y, half, eye, px, py, pz):
    """Whether an eye (3,) sees the streak of a lamp at p in a cell about (x, y), of radius `half`."""
    vx, vy, wx, wy = px - eye[0], py - eye[1], x - eye[0], y - eye[1]
    middle = EYE_M / max(EYE_M + EYE_M + pz - eye[2], EYE_M)  # of the streak, in parts of the way to the lamp
    part = (vx * wx + vy * wy) / max(vx * vx + vy * vy, np.float32(1e-6))
    part = min(max(part, HALF * middle), min(TWO * middle, ONE))
    wx, wy, reach = wx - part * vx, wy - part * vy, half + STREAK_M
    return wx * wx + wy * wy < reach * reach


@kernel
def fill_cells(start, stop, position, axis, beam, peak, least, low, haze, eye, cells):
    """Write the strongest lamps of the cells of rows `start:stop` of the grid: Lamps.cells, -1 before.

    Args:
        start, stop: range of rows. position, axis, beam, low, least: of Lamps.
        peak: (L,) float32 luminous intensity, cd. haze: extinction of the air, 1/m, float32.
        eye: (4,) float32 where it is, and by how much more lamps count where it sees them mirrored in the ground.
        cells: result.
    """
    half, lux = np.float32(0.7 * CELL_M), np.empty(cells.shape[2], np.float32)
    nearest = np.float32(NEAREST_CELL_M)
    for row in range(start, stop):
        x = low[0] + (np.float32(row) + np.float32(0.5)) * np.float32(CELL_M)
        for column in range(cells.shape[1]):
            y, found = low[1] + (np.float32(column) + np.float32(0.5)) * np.float32(CELL_M), 0
            for lamp in range(len(peak)):
                tx, ty = x - position[lamp, 0], y - position[lamp, 1]
                flat = max(math.sqrt(tx * tx + ty * ty) - half, ZERO)
                away, gain = max(flat, nearest), ONE
                level = peak[lamp] / (away * away)
                if level < least[lamp]:
                    continue
                px, py, pz = position[lamp, 0], position[lamp, 1], position[lamp, 2]
                if eye[3] > ONE and mirrors_lamp(x, y, half, eye, px, py, pz):
                    gain = eye[3]
                if found == len(lux) and gain * level <= lux[found - 1]:
                    continue
                level *= max(math.exp(-haze * flat), STRAYED_SHARE)
                if flat > ZERO and abs(axis[lamp, 2]) < LEVEL_AXIS:
                    level *= nearest_aside(beam[lamp], axis[lamp, 0], axis[lamp, 1], tx, ty, half)
                if level < least[lamp] or (found == len(lux) and gain * level <= lux[found - 1]):
                    continue
                level *= gain
                found = min(found + 1, len(lux))
                place = found - 1
                while place > 0 and lux[place - 1] < level:
                    lux[place], cells[row, column, place] = lux[place - 1], cells[row, column, place - 1]
                    place -= 1
                lux[place], cells[row, column, place] = level, lamp


@kernel(inline=True)
def cell_of(low, last, x, y):
    """Cell of a place: `low` is Lamps.low; clamped to 0 ... `last`."""
    i = np.int32(math.floor((x - low[0]) / np.float32(CELL_M)))
    j = np.int32(math.floor((y - low[1]) / np.float32(CELL_M)))
    return min(max(i, 0), last), min(max(j, 0), last)


@kernel
def lamp_lux(position, axis, beam, lamp, x, y, z, reach2):
    """Unit direction to a lamp, its distance, and lux per unit of its peak on a plane facing it at (x, y, z).

    `position`, `axis` and `beam` are those of Lamps; farther than the square root of `reach2` there is no light, nor
    behind a lamp that has a front.
    """
    tx, ty, tz = position[lamp, 0] - x, position[lamp, 1] - y, position[lamp, 2] - z
    d2 = tx * tx + ty * ty + tz * tz
    behind = tx * axis[lamp, 0] + ty * axis[lamp, 1] + tz * axis[lamp, 2] >= ZERO
    if d2 > reach2 or (behind and beam[lamp] != ISOTROPIC):
        return ZERO, ZERO, ZERO, ZERO, ZERO
    lx, ly, lz = unit(tx, ty, tz)
    level = beam_intensity(beam[lamp], axis[lamp, 0], axis[lamp, 1], axis[lamp, 2], -lx, -ly, -lz)
    return lx, ly, lz, math.sqrt(d2), level / max(d2, NEAREST_M2)


@kernel(inline=True)
def beside_daylight(lux, least):
    """Part of a lamp's light that is shown: none where it is the least that counts, all from twice that on."""
    return clamp01(lux / least - ONE)


@kernel(inline=True)
def lamp_on(p, path, lamps, lamp, extinction, least_blur):
    """Radiance by channel that a lamp gives point p (POINT_DTYPE record) of `path` if nothing is between; the unit
    direction to it and its distance. The others are those of `lamps_on_points`.
    """
    position, axis, intensity, beam, _, _, least = lamps
    peak = luminance(intensity[lamp, 0], intensity[lamp, 1], intensity[lamp, 2])
    tx, ty, tz = position[lamp, 0] - p.x, position[lamp, 1] - p.y, position[lamp, 2] - p.z
    if tx * p.nx + ty * p.ny + tz * p.nz <= ZERO and p.translucency == ZERO:
        return ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
    lx, ly, lz, distance, lux = lamp_lux(position, axis, beam, lamp, p.x, p.y, p.z, peak / least[lamp])
    if lux * peak < least[lamp]:
        return ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
    lux *= math.exp(-extinction * distance) * beside_daylight(lux * peak, least[lamp])
    blur = max(LAMP_RADIUS_M / max(distance, ONE), least_blur)
    r, g, b = scattered(p, -path.dx, -path.dy, -path.dz, lx, ly, lz, blur)
    facing = lx * p.nx + ly * p.ny + lz * p.nz
    if p.retro > ZERO and facing > ZERO:
        off = TWO * (ONE + lx * path.dx + ly * path.dy + lz * path.dz)
        back = thrown_back(p.retro, max(off, ZERO), p.retro_width, facing)
        back /= max(p.red, p.green, p.blue, np.float32(1e-3))  # R_A is that of the brightest channel
        r, g, b = r + back * p.red, g + back * p.green, b + back * p.blue
    return (
        lux * intensity[lamp, 0] * r,
        lux * intensity[lamp, 1] * g,
        lux * intensity[lamp, 2] * b,
        lx,
        ly,
        lz,
        distance,
    )


@kernel(inline=True)
def leave_to_chance(way, light, luck, rest, r, g, b, lx, ly, lz, reach):
    """Let a lamp join those of which one gets a shadow ray, on behalf of all: each as often as it is strong.

    Args:
        way: (4,) of the one that has been picked so far. light: (3,) of all of them.
        luck: uniform number. rest: their luminance.
        r, g, b, lx, ly, lz, reach: light of this one, and the way to it.

    Returns:
        A uniform number for the next, and the luminance with this one.
    """
    strength = luminance(r, g, b)
    rest += strength
    part = strength / rest
    light[0], light[1], light[2] = light[0] + r, light[1] + g, light[2] + b
    if luck >= part:
        return (luck - part) / max(ONE - part, np.float32(1e-6)), rest
    way[0], way[1], way[2], way[3] = lx, ly, lz, reach
    return luck / part, rest


@kernel
def lamps_on_points(start, stop, points, paths, lamps, extinction, most, least_blur, seed, samples, ways, lights):
    """Light of the lamps around each solid point, and shadow rays: to the strongest, and to one of the others.

    Where there is no choosing by chance, the others have no shadows.

    Args:
        start, stop: range of points.
        points: (N,) POINT_DTYPE. paths: (N,) PATH_DTYPE; `lamp_*` receives the light that no ray asks for.
        lamps: Lamps. extinction: of the air, 1/m, float32. most: lamps to look at.
        least_blur: angular radius of lamps at least, in highlights, float32.
        seed: uint32. samples: the points are so many samples of each pixel, sample after sample; 0: no chance.
        ways: (N, S, 4) float32 result: unit direction to a lamp and distance to go, 0 for none.
        lights: (N, S, 3) float32 result: radiance by that lamp, or those that it stands for, if nothing is between.
    """
    cells, last, fair = lamps.cells, lamps.cells.shape[0] - 1, samples > 0
    per_cell, end = min(most, cells.shape[2]), ways.shape[1] - 1
    strongest, pixels = end if fair else end + 1, len(points) // max(samples, 1)
    for i in range(start, stop):
        way, light, path, p = ways[i], lights[i], paths[i], points[i]
        way[:, 3], light[end, :] = ZERO, ZERO
        if p.state != SOLID:
            continue
        luck, rest = ZERO, ZERO
        if fair:
            luck, at = random2(seed, np.uint32(i % pixels), LAMP_STREAM, OF_POINTS)
            luck, _ = stratum(luck, at, i // pixels, samples)
        row, column = cell_of(lamps.low, last, p.x, p.y)
        for k in range(per_cell):
            lamp = cells[row, column, k]
            if lamp < 0:
                break
            r, g, b, lx, ly, lz, reach = lamp_on(p, path, lamps, lamp, extinction, least_blur)
            strength = luminance(r, g, b)
            if strength <= ZERO:
                continue
            reach = max(reach - LAMP_CLEARANCE_M, np.float32(0.01))
            slot, weakest = -1, strength  # the free slot, or the weakest
            for s in range(strongest):
                if way[s, 3] == ZERO:
                    slot, weakest = s, -ONE
                    break
                other = luminance(light[s, 0], light[s, 1], light[s, 2])
                if other < weakest:
                    slot, weakest = s, other
            if slot >= 0:  # what was there goes on in place of this one
                was_r, was_g, was_b = light[slot, 0], light[slot, 1], light[slot, 2]
                was_x, was_y, was_z, was_reach = way[slot, 0], way[slot, 1], way[slot, 2], way[slot, 3]
                light[slot, 0], light[slot, 1], light[slot, 2] = r, g, b
                way[slot, 0], way[slot, 1], way[slot, 2], way[slot, 3] = lx, ly, lz, reach
                r, g, b, lx, ly, lz, reach = was_r, was_g, was_b, was_x, was_y, was_z, was_reach
            if reach == ZERO:
                continue
            if fair:
                luck, rest = leave_to_chance(way[end], light[end], luck, rest, r, g, b, lx, ly, lz, reach)
            else:
                path.lamp_r, path.lamp_g, path.lamp_b = path.lamp_r + r, path.lamp_g + g, path.lamp_b + b
        drop_weak(path, way, light, strongest, fair, luck, rest)


@kernel(inline=True)
def drop_weak(path, way, light, strongest, fair, luck, rest):
    """Take the shadow rays from lamps that hardly matter; `strongest` slots are those of single lamps.

    The others are those of `lamps_on_points`, `leave_to_chance` and a point of theirs.
    """
    end, total = len(way) - 1, rest + luminance(path.lamp_r, path.lamp_g, path.lamp_b)
    for s in range(strongest):
        if way[s, 3] > ZERO:
            total += luminance(light[s, 0], light[s, 1], light[s, 2])
    for s in range(strongest):
        r, g, b = light[s, 0], light[s, 1], light[s, 2]
        if way[s, 3] == ZERO or luminance(r, g, b) >= SHADOW_SHARE * total:
            continue
        if fair:
            luck, rest = leave_to_chance(
                way[end], light[end], luck, rest, r, g, b, way[s, 0], way[s, 1], way[s, 2], way[s, 3]
            )
        else:
            path.lamp_r, path.lamp_g, path.lamp_b = path.lamp_r + r, path.lamp_g + g, path.lamp_b + b
        way[s, 3] = ZERO
    if fair and rest < CHANCE_SHARE * total and way[end, 3] > ZERO:
        path.lamp_r += light[end, 0]
        path.lamp_g += light[end, 1]
        path.lamp_b += light[end, 2]
        way[end, 3] = ZERO


@kernel
def add_lamp(start, stop, rows, blocked, slot, lights, paths):
    """Add the light of the lamps in `slot` of `lights` to the paths `rows` where no shadow ray was `blocked`."""
    for j in range(start, stop):
        if not blocked[j]:
            i = rows[j]
            path = paths[i]
            path.lamp_r += lights[i, slot, 0]
            path.lamp_g += lights[i, slot, 1]
            path.lamp_b += lights[i, slot, 2]
