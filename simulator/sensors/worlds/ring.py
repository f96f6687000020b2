"""A ring of beams in the plane: how far it is to vehicles, people and the borders of the road, without a hierarchy.

Each thing is met only by the beams within its angle, and of the borders only what lies near is looked at, by a grid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.parallel import parallel_for

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]

CELL_M = 16.0  # of the grid of borders; no segment is longer
EYES_A_PIECE = 16
# Columns of boxes and of discs.
X, Y, COSINE, SINE, HALF_LENGTH, HALF_WIDTH, RADIUS = 0, 1, 2, 3, 4, 5, 2
BOX, DISC = 6, 3


class Borders(NamedTuple):
    """Line segments in a uniform grid of `CELL_M` cells.

    Attributes:
        segments: (B, 4) x0, y0, x1, y1, those of a cell together: a segment is in the cell of its middle.
        first: (R * C + 1,) first segment of each cell, row-major; a cell's row goes with x.
        low: (2,) corner of the grid. shape: its rows and columns.
    """

    segments: F64
    first: I32
    low: F64
    shape: tuple[int, int]


class Beams(NamedTuple):
    """Beams at equal angles, the first forwards, then counter-clockwise: (K,) cosines and sines; reach in metres."""

    cosine: F64
    sine: F64
    reach: float


def borders_of(lines: Sequence[ArrayLike], tolerance_m: float = 0.02) -> Borders:
    """The grid of (K, 2) polylines, whose points are left out where they deviate by less than the tolerance."""
    parts = [np.zeros((0, 4))]
    for line in lines:
        points = _straightened(np.asarray(line, np.float64).reshape(-1, 2), tolerance_m)
        for a, b in pairwise(points):
            pieces = max(1, math.ceil(float(np.hypot(*(b - a))) / CELL_M))
            ends = a + np.linspace(0, 1, pieces + 1)[:, None] * (b - a)
            parts.append(np.concatenate([ends[:-1], ends[1:]], 1))
    segments = np.concatenate(parts)
    middles = (segments[:, :2] + segments[:, 2:]) / 2
    low = middles.min(0) if len(middles) else np.zeros(2)
    cells = ((middles - low) // CELL_M).astype(np.int64)
    rows, columns = (cells.max(0) + 1).tolist() if len(cells) else (1, 1)
    number = cells[:, 0] * columns + cells[:, 1]
    order = np.argsort(number, kind="stable")
    first = np.searchsorted(number[order], np.arange(rows * columns + 1)).astype(np.int32)
    return Borders(np.ascontiguousarray(segments[order]), first, low, (rows, columns))


def _straightened(points: F64, tolerance: float) -> F64:
    """A polyline without points that are nearer to it than the tolerance (D. Douglas and T. Peucker, 1973)."""
    kept = np.zeros(len(points), bool)
    kept[[0, -1]] = True
    spans = [(0, len(points) - 1)]
    while spans:
        a, b = spans.pop()
        if b - a < 2:
            continue
        along, inner = points[b] - points[a], points[a + 1 : b] - points[a]
        share = np.clip(inner @ along / max(float(along @ along), 1e-12), 0, 1)
        off = np.hypot(*(inner - share[:, None] * along).T)
        k = int(off.argmax())
        if off[k] > tolerance:
            kept[a + 1 + k] = True
            spans += [(a, a + 1 + k), (a + 1 + k, b)]
    return points[kept]


def beams_of(count: int, reach_m: float) -> Beams:
    """So many beams at equal angles."""
    angle = 2 * np.pi * np.arange(count) / count
    return Beams(np.cos(angle), np.sin(angle), reach_m)


def look_around(
    eyes: F64,
    world: I32,
    hidden: I32,
    boxes: F64,
    discs: F64,
    borders: Borders,
    beams: Beams,
    out: NDArray[np.float32],
    threads: int | None = None,
) -> NDArray[np.float32]:
    """Distances along the beams of N agents, the reach where nothing is met.

    Args:
        eyes: (N, 3) x, y and yaw. world: (N,) of W. hidden: (N,) box of its world that an agent does not see, or -1.
        boxes: (W, B, 6) x and y of the middle, cosine and sine of the yaw, half length, half width (0: none there).
        discs: (W, P, 3) x, y and radius (0: none there).
        borders, beams: see there.
        out: (N, K) float32 result, metres.
        threads: to use; results do not depend on it.
    """
    parallel_for(
        lambda start, stop: rings(start, stop, eyes, world, hidden, boxes, discs, borders, beams, out),
        len(eyes),
        chunk=EYES_A_PIECE,
        threads=threads,
    )
    return out


@kernel
def rings(start, stop, eyes, world, hidden, boxes, discs, borders, beams, out):
    """`look_around` for the agents `start:stop`."""
    for i in range(start, stop):
        w = world[i]
        ring(eyes[i, 0], eyes[i, 1], eyes[i, 2], hidden[i], boxes[w], discs[w], borders, beams, out[i])


@kernel
def ring(x, y, yaw, hidden, boxes, discs, borders, beams, out):
    """Distances along the beams of one agent at (x, y), the first in the direction `yaw`: see `look_around`."""
    cosines, sines, reach = beams
    c, s = math.cos(yaw), math.sin(yaw)
    out[:] = reach
    for k in range(boxes.shape[0]):
        half_length, half_width = boxes[k, HALF_LENGTH], boxes[k, HALF_WIDTH]
        if k == hidden or half_width <= 0.0:
            continue
        px, py = boxes[k, X] - x, boxes[k, Y] - y
        around = half_length + half_width  # no corner is farther from the middle
        if px * px + py * py < (reach + around) * (reach + around):
            meet_box(
                c * px + s * py, c * py - s * px,
                c * boxes[k, COSINE] + s * boxes[k, SINE], c * boxes[k, SINE] - s * boxes[k, COSINE],
                half_length, half_width, cosines, sines, out,
            )  # fmt: skip
    for k in range(discs.shape[0]):
        radius = discs[k, RADIUS]
        px, py = discs[k, X] - x, discs[k, Y] - y
        if radius > 0.0 and px * px + py * py < (reach + radius) * (reach + radius):
            meet_disc(c * px + s * py, c * py - s * px, radius, cosines, sines, out)
    meet_borders(x, y, c, s, borders, reach, cosines, sines, out)


@kernel(inline=True)
def beams_between(low, high, count):
    """First beam, and how many, at angles from `low` to `high`, counting on beyond a full turn; one more each side."""
    step = count / (2.0 * math.pi)
    first = np.int64(math.floor(low * step))
    return first, min(np.int64(math.floor(high * step)) + 2 - first, count)


@kernel
def meet_box(px, py, bc, bs, half_length, half_width, cosines, sines, out):
    """Shorten the beams that a box meets; its middle is (px, py), its axis (bc, bs)."""
    count = out.shape[0]
    # The eye in the frame of the box.
    ox, oy = -(px * bc + py * bs), px * bs - py * bc
    if abs(ox) <= half_length and abs(oy) <= half_width:
        out[:] = 0.0
        return
    # Slopes of the corners against the direction of the middle.
    distance = math.sqrt(px * px + py * py)
    ux, uy = px / distance, py / distance
    low, high, ahead = 0.0, 0.0, True
    for corner in range(4):
        a = half_length if corner & 1 else -half_length
        b = half_width if corner & 2 else -half_width
        qx, qy = px + a * bc - b * bs, py + a * bs + b * bc
        along, left = qx * ux + qy * uy, qy * ux - qx * uy
        ahead = ahead and along > 1e-3 * distance
        slope = left / along if along > 0.0 else 0.0
        low, high = min(low, slope), max(high, slope)
    first, number = np.int64(0), count
    if ahead:
        middle = math.atan2(py, px)
        first, number = beams_between(middle + math.atan(low), middle + math.atan(high), count)
    for k in range(first, first + number):
        beam = k % count
        dx = cosines[beam] * bc + sines[beam] * bs
        dy = sines[beam] * bc - cosines[beam] * bs
        # Slabs; a beam along a side divides by zero and meets the side's ends.
        enter, leave = -np.inf, np.inf
        if abs(dx) > 1e-12:
            t = -ox / dx
            half = half_length / abs(dx)
            enter, leave = t - half, t + half
        elif abs(ox) > half_length:
            continue
        if abs(dy) > 1e-12:
            t = -oy / dy
            half = half_width / abs(dy)
            enter, leave = max(enter, t - half), min(leave, t + half)
        elif abs(oy) > half_width:
            continue
        if 0.0 <= enter <= leave and enter < out[beam]:
            out[beam] = enter


@kernel
def meet_disc(px, py, radius, cosines, sines, out):
    """Shorten the beams that a disc around (px, py) meets."""
    count = out.shape[0]
    distance = math.sqrt(px * px + py * py)
    if distance <= radius:
        out[:] = 0.0
        return
    middle, half = math.atan2(py, px), math.asin(radius / distance)
    first, number = beams_between(middle - half, middle + half, count)
    for k in range(first, first + number):
        beam = k % count
        along = px * cosines[beam] + py * sines[beam]
        beside = py * cosines[beam] - px * sines[beam]
        left = radius * radius - beside * beside
        if left >= 0.0 and along > 0.0:
            out[beam] = min(out[beam], along - math.sqrt(left))


@kernel
def meet_borders(x, y, c, s, borders, reach, cosines, sines, out):
    """Shorten the beams that meet borders, for an eye at (x, y) that looks along (c, s)."""
    segments, firsts, low, shape = borders
    count, around = out.shape[0], reach + 0.5 * CELL_M
    row0 = max(np.int64(math.floor((x - around - low[0]) / CELL_M)), 0)
    row1 = min(np.int64(math.floor((x + around - low[0]) / CELL_M)), shape[0] - 1)
    column0 = max(np.int64(math.floor((y - around - low[1]) / CELL_M)), 0)
    column1 = min(np.int64(math.floor((y + around - low[1]) / CELL_M)), shape[1] - 1)
    if column1 < column0:
        return
    for row in range(row0, row1 + 1):
        # The cells of a row are neighbours in memory too.
        begin, end = firsts[row * shape[1] + column0], firsts[row * shape[1] + column1 + 1]
        for k in range(begin, end):
            ax, ay, bx, by = segments[k, 0] - x, segments[k, 1] - y, segments[k, 2] - x, segments[k, 3] - y
            ax, ay, bx, by = c * ax + s * ay, c * ay - s * ax, c * bx + s * by, c * by - s * bx
            ex, ey = bx - ax, by - ay
            offset = ax * ey - ay * ex  # of the line from the eye, times the segment's length
            if offset * offset >= reach * reach * (ex * ex + ey * ey):
                continue
            # Beyond the reach along the line?
            along = -(ax * ex + ay * ey) / max(ex * ex + ey * ey, 1e-12)
            along = min(max(along, 0.0), 1.0)
            nx, ny = ax + along * ex, ay + along * ey
            if nx * nx + ny * ny >= reach * reach:
                continue
            start = math.atan2(ay, ax)
            turn = math.atan2(ax * by - ay * bx, ax * bx + ay * by)
            first, number = beams_between(start + min(turn, 0.0), start + max(turn, 0.0), count)
            for j in range(first, first + number):
                beam = j % count
                dx, dy = cosines[beam], sines[beam]
                across = dx * ey - dy * ex
                # Where on the segment, and how far along the beam, both times `across`.
                place = dx * ay - dy * ax
                if across < 0.0:
                    place, across, far = -place, -across, -offset
                else:
                    far = offset
                # t = offset / across; place on the segment: -place / across
                if across > 1e-12 and far >= 0.0 and 0.0 <= -place <= across:
                    out[beam] = min(out[beam], far / across)
