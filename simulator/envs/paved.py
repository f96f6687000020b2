"""Where vehicles may be: lanes, shoulders and parking places as a raster, for whether wheels are off the road."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import prefetch
from simulator.numerics.trig import sine_cosine
from simulator.roads import DRIVABLE, LaneKey, RoadNetwork
from simulator.roads.lane_frame import lane_frame

CELL_M, MOST_CELLS = 0.25, 1 << 26  # side of a cell, or greater on maps of more cells
PAVED = DRIVABLE | {"shoulder", "stop", "parking", "biking", "restricted"}  # types of lanes
_STEP_M = 1.0  # between corners of what is drawn
TILE_ROWS, TILE_COLUMNS = 16, 32  # of cells: 64 bytes
_FINE = 4  # bits of a cell's fraction in what OpenCV draws
TRACK = 0.9  # half the distance of the wheels' outer sides, in half widths of the body


class Paved(NamedTuple):
    """A raster of where the ground is paved.

    Attributes:
        cells: (H, W) uint8, 1 where it is; row 0 at the least y.
        bits: (H / 16, W / 2) uint32, rounded up, the same in tiles of 16 rows x 32 columns, a word for each row of one:
            what the caches hold of a town, and the wheels of a car mostly find in a line or two of them.
        x, y: m of the middle of the first cell from the origin of the map.
        cell: m, side of a cell.
    """

    cells: NDArray[np.uint8]
    bits: NDArray[np.uint32]
    x: float
    y: float
    cell: float


class Outline(NamedTuple):
    """Where a lane is.

    Attributes:
        key: of the lane.
        edges: (2, K, 2) left and right one, seen along the road, m from the origin of the map.
        low, high: (2,) bounds of both.
    """

    key: LaneKey
    edges: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def outlines(network: RoadNetwork, origin: NDArray[np.float64]) -> list[Outline]:
    """All lanes of `PAVED` types."""
    found = []
    for key in network.lanes(PAVED):
        road = network.roads[key.road]
        section = road.sections[key.section]
        s = np.linspace(section.s0, section.s1, max(int(np.ceil(section.length / _STEP_M)), 1) + 1)
        f = lane_frame(road, key.lane, s, np.full(len(s), key.section), exact=True)
        left = 0.5 * f.width if road.drives_forward(key.lane) else -0.5 * f.width
        side = np.stack([-np.sin(f.heading), np.cos(f.heading)], axis=-1) * left[:, None]
        middle = np.stack([f.x, f.y], axis=-1) - origin[:2]
        edges = np.stack([middle + side, middle - side])
        found.append(Outline(key, edges, edges.min((0, 1)), edges.max((0, 1))))
    return found


def paved(lanes: list[Outline]) -> Paved:
    """The raster of lanes."""
    import cv2

    low, high = (np.min([o.low for o in lanes], 0) - 2.0, np.max([o.high for o in lanes], 0) + 2.0)
    cell = max(CELL_M, float(np.sqrt(np.prod(high - low) / MOST_CELLS)))
    width, height = np.ceil((high - low) / cell).astype(int) + 1
    cells = np.zeros((height, width), np.uint8)
    for lane in lanes:
        left, right = lane.edges
        outline = np.round((np.concatenate([left, right[::-1]]) - low) / cell * (1 << _FINE)).astype(np.int32)
        cv2.fillPoly(cells, [outline], 1, cv2.LINE_8, _FINE)
    return Paved(cells, _tiles(cells), float(low[0]), float(low[1]), cell)


def _tiles(cells: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """`Paved.bits` of cells."""
    rows, columns = (-(-size // side) for size, side in zip(cells.shape, (TILE_ROWS, TILE_COLUMNS)))
    whole = np.zeros((rows * TILE_ROWS, columns * TILE_COLUMNS), np.uint8)
    whole[: cells.shape[0], : cells.shape[1]] = cells
    words = np.packbits(whole, axis=1, bitorder="little").view("<u4").astype(np.uint32)
    tiles = words.reshape(rows, TILE_ROWS, columns).swapaxes(1, 2)
    return np.ascontiguousarray(tiles).reshape(rows, columns * TILE_ROWS)


def borders_of(ground: Paved) -> list[NDArray[np.float64]]:
    """(K, 2) closed lines about all that is paved, m from the origin of the map."""
    import cv2

    found, _ = cv2.findContours(ground.cells, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    lines = [contour[:, 0].astype(np.float64) for contour in found if len(contour) > 2]
    return [np.concatenate([line, line[:1]]) * ground.cell + (ground.x, ground.y) for line in lines]


@kernel(inline=True)
def fetch_paved(paved, x, y):
    """Let the caches fetch what is known of the ground at a place."""
    column, row = int((x - paved.x) / paved.cell), int((y - paved.y) / paved.cell)
    if 0 <= column < paved.cells.shape[1] and 0 <= row < paved.cells.shape[0]:
        tile = row // TILE_ROWS * paved.bits.shape[1] + column // TILE_COLUMNS * TILE_ROWS
        prefetch(paved.bits, tile)


@kernel(inline=True)
def _is_paved(paved, x, y):
    column, row = int(np.rint((x - paved.x) / paved.cell)), int(np.rint((y - paved.y) / paved.cell))
    inside = 0 <= column < paved.cells.shape[1] and 0 <= row < paved.cells.shape[0]
    if not inside:
        return False
    word = paved.bits[row // TILE_ROWS, column // TILE_COLUMNS * TILE_ROWS + row % TILE_ROWS]
    return word >> np.uint32(column % TILE_COLUMNS) & np.uint32(1) != 0


@kernel
def off_road(paved, vehicle, driver):
    """Whether one of the four wheels of a vehicle is where nothing is paved."""
    (s, c), half = sine_cosine(vehicle.yaw), TRACK * driver.half_width
    for ahead in (0.0, driver.wheelbase):
        x, y = vehicle.x + ahead * c, vehicle.y + ahead * s
        if not (_is_paved(paved, x - half * s, y + half * c) and _is_paved(paved, x + half * s, y - half * c)):
            return True
    return False
