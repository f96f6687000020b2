"""Bird's-eye rasters: the map as it lies around each agent, turned with it, and what is on it, channel by channel.

The map is drawn once into a raster of bits; a view samples it at its pixels' centers and fills boxes on top.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.parallel import parallel_for

F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
U8 = NDArray[np.uint8]

FINE = 4  # binary digits of a cell to which outlines are drawn
EYES_A_PIECE = 8
ONE, FULL = np.uint8(1), np.uint8(255)
# Columns of boxes.
X, Y, COSINE, SINE, HALF_LENGTH, HALF_WIDTH, CHANNEL, VALUE = range(8)
BOX = 8


class Raster(NamedTuple):
    """A map of bits.

    Attributes:
        cells: (R, C) uint8; bit k of a cell is set where layer k is. The middle of cell (i, j) lies at x = low[0] + i
            cell_m, y = low[1] + j cell_m; the outermost are empty.
        low: (2,) middle of the first cell. cell_m: width of a cell. layers: their number.
    """

    cells: U8
    low: F64
    cell_m: float
    layers: int


class Window(NamedTuple):
    """What a view shows: forwards is up, left is left.

    Attributes:
        rows, columns: of the picture. pixel_m: width of a pixel.
        eye_row, eye_column: where the agent is; fractions are allowed.
    """

    rows: int
    columns: int
    pixel_m: float
    eye_row: float
    eye_column: float


def bake(
    layers: Sequence[Sequence[ArrayLike]], lines: Sequence[tuple[int, ArrayLike, float]] = (), cell_m: float = 0.25
) -> Raster:
    """Draw a map.

    Args:
        layers: up to eight layers of (K, 2) polygons each.
        lines: a layer, a (K, 2) polyline and its width in metres each; none is thinner than a cell.
        cell_m: width of a cell.

    Raises:
        ValueError: for more than eight layers, or nothing to draw.
    """
    import cv2

    if not 0 < len(layers) <= 8:
        raise ValueError(f"a raster has one to eight layers, not {len(layers)}")
    areas = [[np.asarray(p, np.float64).reshape(-1, 2) for p in layer] for layer in layers]
    strokes = [(layer, np.asarray(line, np.float64).reshape(-1, 2), width) for layer, line, width in lines]
    points = [p for layer in areas for p in layer] + [line for _, line, _ in strokes]
    if not points:
        raise ValueError("there is nothing to draw")
    every = np.concatenate(points)
    low = np.floor(every.min(0) / cell_m - 2) * cell_m
    rows, columns = (np.ceil((every.max(0) - low) / cell_m) + 3).astype(int).tolist()
    cells = np.zeros((rows, columns), np.uint8)

    def pixels(shape: F64) -> NDArray[np.int32]:
        """Columns and rows (N, 2) of a shape (N, 2), in fractions of OpenCV's."""
        # OpenCV's x is the column.
        return np.asarray(np.rint((shape - low)[:, ::-1] / cell_m * (1 << FINE)), np.int32)

    for number, layer in enumerate(areas):
        plane = np.zeros_like(cells)
        for polygon in layer:
            cv2.fillPoly(plane, [pixels(polygon)], 1, cv2.LINE_8, FINE)
        for of, line, width in strokes:
            if of == number:
                thick = max(round(width / cell_m), 1)
                cv2.polylines(plane, [pixels(line)], False, 1, thick, cv2.LINE_8, FINE)
        cells |= plane << np.uint8(number)
    return Raster(cells, low, cell_m, len(layers))


def look_down(
    eyes: F64,
    world: I32,
    boxes: F64,
    own: F64,
    raster: Raster,
    window: Window,
    out: U8,
    threads: int | None = None,
) -> U8:
    """The rasters of N agents.

    Args:
        eyes: (N, 3) x, y and yaw. world: (N,) of W.
        boxes: (W, B, 8) of a world: x and y of the middle, cosine and sine of the yaw, half length, half width (0: none
            there), channel and value (0 to 255); none is drawn thinner than a pixel.
        own: (N, R, 8) boxes that only one agent sees, drawn last: its route, its signals.
        raster: of the map. window: what is shown.
        out: (N, C, rows, columns) uint8 result: a channel for each layer up to the channels that boxes are drawn into.
        threads: to use; results do not depend on it.
    """
    parallel_for(
        lambda start, stop: views(start, stop, eyes, world, boxes, own, raster, window, out),
        len(eyes),
        chunk=EYES_A_PIECE,
        threads=threads,
    )
    return out


@kernel
def views(start, stop, eyes, world, boxes, own, raster, window, out):
    """`look_down` for the agents `start:stop`."""
    for i in range(start, stop):
        sample(eyes[i, 0], eyes[i, 1], eyes[i, 2], raster, window, out[i])
        fill(eyes[i, 0], eyes[i, 1], eyes[i, 2], boxes[world[i]], window, out[i])
        fill(eyes[i, 0], eyes[i, 1], eyes[i, 2], own[i], window, out[i])


@kernel
def sample(x, y, yaw, raster, window, out):
    """Write the map around an agent at (x, y) that looks along `yaw` into the channels (C, rows, columns)."""
    cells, low, cell, layers = raster
    rows, columns, pixel, eye_row, eye_column = window
    # In cells: a step to the next column, and the first pixel of a row.
    c, s = math.cos(yaw) * pixel / cell, math.sin(yaw) * pixel / cell
    du, dv, last_i, last_j = (
        np.float32(s),
        np.float32(-c),
        np.float32(cells.shape[0] - 1),
        np.float32(cells.shape[1] - 1),
    )
    line = np.empty(columns, np.uint8)
    for row in range(rows):
        ahead, left = eye_row - row, eye_column
        u = np.float32((x - low[0]) / cell + ahead * c - left * s + 0.5)
        v = np.float32((y - low[1]) / cell + ahead * s + left * c + 0.5)
        for column in range(columns):
            # The margin is empty: what lies beyond is as there.
            at = min(max(u + np.float32(column) * du, np.float32(0)), last_i)
            across = min(max(v + np.float32(column) * dv, np.float32(0)), last_j)
            line[column] = cells[np.uint32(np.int32(at)), np.uint32(np.int32(across))]
        for k in range(layers):
            shift = np.uint8(k)
            for column in range(columns):
                out[k, row, column] = ((line[column] >> shift) & ONE) * FULL
    out[layers:] = 0


@kernel
def fill(x, y, yaw, boxes, window, out):
    """Fill boxes into the channels (C, rows, columns) of an agent at (x, y) that looks along `yaw`."""
    rows, columns, pixel, eye_row, eye_column = window
    c, s = math.cos(yaw), math.sin(yaw)
    for k in range(boxes.shape[0]):
        if boxes[k, HALF_WIDTH] <= 0.0:
            continue
        half_length, half_width = max(boxes[k, HALF_LENGTH] / pixel, 0.5), max(boxes[k, HALF_WIDTH] / pixel, 0.5)
        px, py = boxes[k, X] - x, boxes[k, Y] - y
        row = eye_row - (c * px + s * py) / pixel
        column = eye_column - (c * py - s * px) / pixel
        # The box's axis in rows and columns.
        ar, ac = -(c * boxes[k, COSINE] + s * boxes[k, SINE]), -(c * boxes[k, SINE] - s * boxes[k, COSINE])
        reach = abs(ar) * half_length + abs(ac) * half_width
        if column + half_length + half_width < 0.0 or column - half_length - half_width > columns:
            continue
        first, last = max(math.ceil(row - reach), 0), min(math.floor(row + reach), rows - 1)
        channel, value = np.int64(boxes[k, CHANNEL]), np.uint8(boxes[k, VALUE])
        for r in range(first, last + 1):
            # |ar dr + ac dc| <= half_length and |ar dc - ac dr| <= half_width, solved for dc.
            dr = r - row
            low, high = -1e9, 1e9
            if abs(ac) > 1e-9:
                middle, half = -ar * dr / ac, half_length / abs(ac)
                low, high = middle - half, middle + half
            elif abs(ar * dr) > half_length:
                continue
            if abs(ar) > 1e-9:
                middle, half = ac * dr / ar, half_width / abs(ar)
                low, high = max(low, middle - half), min(high, middle + half)
            elif abs(ac * dr) > half_width:
                continue
            begin, end = max(math.ceil(column + low), 0), min(math.floor(column + high), columns - 1)
            for q in range(begin, end + 1):
                out[channel, r, q] = value
