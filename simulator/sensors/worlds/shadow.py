"""What stands in the light of sun and lamps without shadow rays: maps of heights and of lamps, boxes.

What stands casts shadows by a map that is drawn once a weather: rays of the sun on a square lattice and where they end
(L. Williams, "Casting curved shadows on curved surfaces", SIGGRAPH 1978). What moves casts those of its box. Street
lamps light a map of the ground, and headlamps of near vehicles what is before them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator import raycast
from simulator.numerics.jit import kernel
from simulator.numerics.memory import pointer
from simulator.raycast.ensemble import MATRIX, matrix_of
from simulator.scene import Lamp, Switch
from simulator.scene.material import Beam
from simulator.sensors.shading.beams import beam_intensity
from simulator.sensors.shading.vector import HALF, ONE, ZERO, unit

F32 = NDArray[np.float32]

MOST_CELLS, CELL_M = 2048, 0.25  # of a side of a map of heights, and their least width
STEP_M = 0.02  # least step of a height
OFFSET_M, BIAS_M = np.float32(0.3), np.float32(0.2)  # from the surface along its normal, and toward the sun
LOWEST_SUN, LEAST_SUN = 0.03, 0.02  # sine of the elevation, and share of the light, from which it casts shadows
CASTERS, LAMPS = 8, 4  # vehicles near an eye that cast shadows, and lamps that light what it sees
NEAR_M, LAMP_M = np.float32(45.0), np.float32(70.0)  # how far from the eye they are, how far a headlamp matters
LONGEST_M = np.float32(12.0)  # of what a shadow is moved by the height of the middle
CONTACT_M = np.float32(0.8)  # around a box the sky is partly hidden from the ground too
CONTACT_OPEN = np.float32(0.35)
STREET_CELL_M, STREET_M = 1.0, 32.0  # of the map of street lamps, and how far one lights
HEAD_M = np.float32(4.0)  # above the ground street lamps' light fades within as much again

# Columns of a caster: middle, cosine and sine of the yaw, half sizes, sun in its frame, circle around its shadow.
CASTER = 14
# Columns of a lamp: position, axis, peak intensity by channel, beam.
LAMP = 10


class SunMap(NamedTuple):
    """Shadows of what stands, for K weathers.

    Attributes:
        heights: (K, S, S) int16 of what first meets the sun's rays, in steps along the way to the sun.
        frames: (K, 14): two axes across the sun's way and the one toward it, corner and cells a metre of the lattice,
            height of 0, metres a step; 1 if the sun casts shadows at all.
    """

    heights: NDArray[np.int16]
    frames: F32


class Bodies(NamedTuple):
    """Models as they cast shadows and light: (M, 6) middle and half sizes of their boxes; (M, 2, LAMP + 1) the middle
    of their low and of their high beams, and the switch of each, -1 for none."""

    boxes: F32
    lamps: F32


class Street(NamedTuple):
    """Light of street lamps on the ground.

    Attributes:
        cells: (R, C, 4) illuminance in lux by channel, and height of the ground. rows, columns: R, C.
        low_x, low_y: corner.
    """

    cells: F32
    rows: int
    columns: int
    low_x: np.float32
    low_y: np.float32


def sun_maps(
    stage: raycast.Scene,
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    suns: Sequence[tuple[F32, float]],
    threads: int,
) -> SunMap:
    """Draw the maps of some suns, (3,) directions and shares of the light, over a box (3,), (3,)."""
    corners = np.stack(np.meshgrid(*np.stack([low, high], 1), indexing="ij"), -1).reshape(-1, 3)
    frames = np.zeros((len(suns), 14), np.float32)
    heights = list[NDArray[np.int16]]()
    for frame, (direction, share) in zip(frames, suns):
        toward = np.asarray(direction, np.float64)
        if toward[2] < LOWEST_SUN or share < LEAST_SUN:
            heights.append(np.zeros((1, 1), np.int16))
            continue
        side = np.cross([0.0, 0.0, 1.0], toward)
        side = side / np.linalg.norm(side) if np.linalg.norm(side) > 1e-6 else np.array([1.0, 0.0, 0.0])
        over = np.cross(toward, side)
        u, v, w = corners @ side, corners @ over, corners @ toward
        extent = max(float(np.ptp(u)), float(np.ptp(v)))
        cell = max(CELL_M, extent / MOST_CELLS)
        count = int(math.ceil(extent / cell))
        top, step = w.max() + 1.0, max(STEP_M, float(np.ptp(w) + 2.0) / 32_000)
        line = (np.arange(count) + 0.5) * cell
        starts = toward * top + (u.min() + line)[:, None, None] * side + (v.min() + line)[None, :, None] * over
        ways = np.broadcast_to((-toward).astype(np.float32), (count * count, 3))
        hits = stage.closest_hit(starts.reshape(-1, 3), ways, threads=threads, grid=(count, count))
        reached = np.where(np.isfinite(hits.t), top - hits.t, w.min() - 1.0)
        base = (w.min() + w.max()) / 2
        heights.append(
            np.clip(np.rint((reached - base) / step), -32_767, 32_767).astype(np.int16).reshape(count, count)
        )
        frame[:9] = np.concatenate([side, over, toward])
        frame[9:] = u.min(), v.min(), 1 / cell, base, step
    size = max(len(h) for h in heights)
    table = np.full((len(suns), size, size), -32_768, np.int16)
    for row, plane in zip(table, heights):
        row[: len(plane), : len(plane)] = plane
    return SunMap(table, frames)


@kernel(inline=True)
def sun_cell(frame, size, x, y, z):
    """Cell of a map of heights, flat, that a point belongs to, or -1 if none does; `frame` is that of SunMap."""
    u = (frame[0] * x + frame[1] * y + frame[2] * z - frame[9]) * frame[11]
    v = (frame[3] * x + frame[4] * y + frame[5] * z - frame[10]) * frame[11]
    i, j = np.int32(u), np.int32(v)
    if u < ZERO or v < ZERO or i >= size or j >= size:
        return np.int32(-1)
    return i * size + j


@kernel(inline=True)
def in_sun(frame, heights, cell, x, y, z):
    """Whether the sun reaches a point whose cell is known."""
    if cell < 0:
        return True
    height = frame[6] * x + frame[7] * y + frame[8] * z - frame[12]
    return height + BIAS_M >= np.float32(heights[cell]) * frame[13]


def bodies_of(boxes: Sequence[NDArray[np.float64]], lamps: Sequence[Sequence[Lamp]]) -> Bodies:
    """Tables of models given by (2, 3) boxes and their lamps."""
    rows = np.zeros((len(boxes), 6), np.float32)
    beams = np.full((len(boxes), 2, LAMP + 1), -1, np.float32)
    for row, pair, box, lights in zip(rows, beams, boxes, lamps):
        row[:3], row[3:] = (box[0] + box[1]) / 2, (box[1] - box[0]) / 2
        for beam, kind in zip(pair, (Beam.LOW_BEAM, Beam.HIGH_BEAM)):
            some = [lamp for lamp in lights if lamp.beam == kind]
            if some:
                beam[:3] = np.mean([lamp.position for lamp in some], axis=0)
                axis = np.mean([lamp.direction for lamp in some], axis=0)
                beam[3:6] = axis / np.linalg.norm(axis)
                beam[6:9] = np.sum([lamp.intensity_cd * np.array(lamp.color) for lamp in some], axis=0)
                beam[9:] = kind, some[0].switch
    return Bodies(rows, beams)


@kernel(inline=True)
def insert(table, keys, count, key):
    """Row of a table of the nearest so far that becomes free for one at `key`, or -1; and how many there are then."""
    most = keys.shape[0]
    at = count
    if count == most:
        if key >= keys[most - 1]:
            return -1, count
        at = most - 1
    while at > 0 and keys[at - 1] > key:
        keys[at] = keys[at - 1]
        table[at] = table[at - 1]
        at -= 1
    keys[at] = key
    return at, min(count + 1, most)


@kernel
def gather_near(rows, bodies, eye, sun, casters, lamps):
    """Find the vehicles near an eye that cast shadows, and the headlamps that burn there; returns the numbers of both.

    Args:
        rows: (A,) actors of the world. bodies: Bodies. eye: (3,).
        sun: (3,) toward the sun.
        casters: (CASTERS, CASTER), lamps: (LAMPS, LAMP) results.
    """
    near_casters, near_lamps = np.empty(casters.shape[0], np.float32), np.empty(lamps.shape[0], np.float32)
    m = np.empty(MATRIX, np.float32)
    caster_count, lamp_count = 0, 0
    for a in range(rows.shape[0]):
        model = rows[a].model
        if model < 0 or model >= bodies.boxes.shape[0]:
            continue
        x, y = rows[a].x - eye[0], rows[a].y - eye[1]
        squared = x * x + y * y
        if squared > NEAR_M * NEAR_M:
            continue
        box = bodies.boxes[model]
        k, caster_count = insert(casters, near_casters, caster_count, squared)
        if k >= 0:
            c, s = math.cos(rows[a].yaw), math.sin(rows[a].yaw)
            own = casters[k]
            own[0], own[1] = rows[a].x + c * box[0] - s * box[1], rows[a].y + s * box[0] + c * box[1]
            own[2], own[3], own[4] = rows[a].z + box[2], c, s
            own[5], own[6], own[7] = box[3], box[4], box[5]
            own[8], own[9], own[10] = c * sun[0] + s * sun[1], c * sun[1] - s * sun[0], max(sun[2], np.float32(0.02))
            slant = min(
                box[5] / own[10], LONGEST_M / max(math.sqrt(sun[0] * sun[0] + sun[1] * sun[1]), np.float32(1e-3))
            )
            own[11], own[12] = own[0] - slant * sun[0], own[1] - slant * sun[1]
            reach = math.sqrt(box[3] * box[3] + box[4] * box[4]) + CONTACT_M
            reach += slant * math.sqrt(sun[0] * sun[0] + sun[1] * sun[1])
            own[13] = reach * reach
        for kind in range(2):
            lamp = bodies.lamps[model, kind]
            if lamp[LAMP] < ZERO or (rows[a].lamps >> np.uint32(lamp[LAMP])) & np.uint32(1) == 0:
                continue
            k, lamp_count = insert(lamps, near_lamps, lamp_count, squared)
            if k >= 0:
                matrix_of(rows[a], m)
                for row in range(3):
                    along = m[4 * row] * lamp[0] + m[4 * row + 1] * lamp[1] + m[4 * row + 2] * lamp[2]
                    lamps[k, row] = along + m[4 * row + 3]
                    lamps[k, 3 + row] = m[4 * row] * lamp[3] + m[4 * row + 1] * lamp[4] + m[4 * row + 2] * lamp[5]
                    lamps[k, 6 + row] = lamp[6 + row]
                lamps[k, 9] = lamp[9]
    return caster_count, lamp_count


@kernel(inline=True)
def shaded(casters, count, x, y, z):
    """(whether the box of a vehicle near by is between a point and the sun, share of the sky it leaves open there)."""
    dark, opening = False, ONE
    for k in range(count):
        o = k * CASTER
        ax, ay = x - casters[o + 11], y - casters[o + 12]
        if ax * ax + ay * ay > casters[o + 13]:
            continue
        ax, ay, az = x - casters[o], y - casters[o + 1], z - casters[o + 2]
        c, s = casters[o + 3], casters[o + 4]
        ax, ay = c * ax + s * ay, c * ay - s * ax
        length, width, height = casters[o + 5], casters[o + 6], casters[o + 7]
        if az < -HALF * height:
            beside = max(max(abs(ax) - length, abs(ay) - width), ZERO)
            opening *= min(CONTACT_OPEN + beside * ((ONE - CONTACT_OPEN) / CONTACT_M), ONE)
        sx, sy, sz = casters[o + 8], casters[o + 9], casters[o + 10]
        # Slabs, along the way to the sun.
        t0, t1 = max((-height - az) / sz, ZERO), (height - az) / sz
        if abs(sx) > np.float32(1e-6):
            t, half = -ax / sx, length / abs(sx)
            t0, t1 = max(t0, t - half), min(t1, t + half)
        elif abs(ax) > length:
            continue
        if abs(sy) > np.float32(1e-6):
            t, half = -ay / sy, width / abs(sy)
            t0, t1 = max(t0, t - half), min(t1, t + half)
        elif abs(ay) > width:
            continue
        dark = dark or t0 <= t1
    return dark, opening


@kernel(inline=True)
def headlight(lamps, count, x, y, z, nx, ny, nz):
    """Illuminance (lux, by channel) that headlamps near by give a surface at a point with a unit normal."""
    r, g, b = ZERO, ZERO, ZERO
    for k in range(count):
        o = k * LAMP
        dx, dy, dz = x - lamps[o], y - lamps[o + 1], z - lamps[o + 2]
        squared = dx * dx + dy * dy + dz * dz
        ahead = dx * lamps[o + 3] + dy * lamps[o + 4] + dz * lamps[o + 5]
        facing = -(dx * nx + dy * ny + dz * nz)
        if squared > LAMP_M * LAMP_M or ahead <= ZERO or facing <= ZERO:
            continue
        wx, wy, wz = unit(dx, dy, dz)
        level = beam_intensity(np.int32(lamps[o + 9]), lamps[o + 3], lamps[o + 4], lamps[o + 5], wx, wy, wz)
        squared = max(squared, ONE)
        level *= facing / (squared * math.sqrt(squared))
        r, g, b = r + level * lamps[o + 6], g + level * lamps[o + 7], b + level * lamps[o + 8]
    return r, g, b


def street_of(stage: raycast.Scene, lamps: NDArray[np.void], threads: int) -> Street:
    """Map of the street lamps among LAMP_DTYPE rows, whose positions are in the local frame."""
    rows = lamps[lamps["switch"] == Switch.STREET]
    if not len(rows):
        return Street(np.zeros((1, 1, 4), np.float32), 0, 0, np.float32(0), np.float32(0))
    down = np.broadcast_to(np.array([0, 0, -1], np.float32), (len(rows), 3))
    starts = rows["position"] - [0, 0, 0.5]
    fall = stage.closest_hit(starts, down, threads=threads).t
    ground = np.where(np.isfinite(fall), starts[:, 2] - fall, starts[:, 2] - 6.0)
    low = np.floor(rows["position"][:, :2].min(0) - STREET_M)
    shape = np.ceil((rows["position"][:, :2].max(0) + STREET_M - low) / STREET_CELL_M).astype(int).tolist()
    cells = np.zeros((*shape, 4), np.float32)
    cells[..., 3] = ground.min()
    intensity = (rows["intensity_cd"][:, None] * rows["color"]).astype(np.float32)
    add_lamps(
        rows["position"].astype(np.float32), rows["direction"].astype(np.float32), intensity,
        rows["beam"].astype(np.int32), ground.astype(np.float32), low.astype(np.float32), cells,
    )  # fmt: skip
    return Street(cells, *shape, *low.astype(np.float32))


@kernel
def add_lamps(position, axis, intensity, beam, ground, low, cells):
    """Add the illuminance of level ground by lamps to `Street.cells`."""
    reach = np.int64(STREET_M / STREET_CELL_M)
    for k in range(position.shape[0]):
        i0 = np.int64((position[k, 0] - low[0]) / np.float32(STREET_CELL_M))
        j0 = np.int64((position[k, 1] - low[1]) / np.float32(STREET_CELL_M))
        for i in range(max(i0 - reach, 0), min(i0 + reach + 1, cells.shape[0])):
            for j in range(max(j0 - reach, 0), min(j0 + reach + 1, cells.shape[1])):
                x = low[0] + (np.float32(i) + HALF) * np.float32(STREET_CELL_M) - position[k, 0]
                y = low[1] + (np.float32(j) + HALF) * np.float32(STREET_CELL_M) - position[k, 1]
                z = ground[k] - position[k, 2]
                wx, wy, wz = unit(x, y, z)
                squared = x * x + y * y + z * z
                lux = beam_intensity(beam[k], axis[k, 0], axis[k, 1], axis[k, 2], wx, wy, wz) * -wz / max(squared, ONE)
                if lux > ZERO:
                    for channel in range(3):
                        cells[i, j, channel] += lux * intensity[k, channel]
                    cells[i, j, 3] = ground[k]


@kernel(inline=True)
def raw_street(street):
    """The map as pointer."""
    return Street(pointer(street.cells), street.rows, street.columns, street.low_x, street.low_y)


@kernel(inline=True)
def streetlight(street, x, y, z, nz):
    """Illuminance (lux, by channel) that street lamps give a surface at a point; nz is that of its unit normal."""
    i = np.int64((x - street.low_x) / np.float32(STREET_CELL_M))
    j = np.int64((y - street.low_y) / np.float32(STREET_CELL_M))
    if x < street.low_x or y < street.low_y or i >= street.rows or j >= street.columns:
        return ZERO, ZERO, ZERO
    cells, at = street.cells, (i * street.columns + j) * 4
    # Walls get about half of what the ground gets, and nothing above the lamps.
    share = HALF + HALF * nz
    share *= min(max(ONE - (z - cells[at + 3] - HEAD_M) / HEAD_M, ZERO), ONE)
    return share * cells[at], share * cells[at + 1], share * cells[at + 2]
