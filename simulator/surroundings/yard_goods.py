"""What stands about in yards of works and warehouses: containers, pallets, pipes, skips, tanks.

Frame of every model: origin on the ground, x towards the road, y along it. All are built once and shared.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from simulator.numerics.rng import generator
from simulator.scene.material import Material, srgb
from simulator.scene.mesh import Mesh
from simulator.scene.model import Body, Model
from simulator.surroundings.furniture import DARK, OLD_WOOD, STEEL, WHITE
from simulator.surroundings.shapes import Patchwork, stalks

# Series 1 freight containers, ISO 668:2020: 1C is 6.058 m and 1A 12.192 m long, both 2.438 m wide and 2.591 m high.
_CONTAINER_M = (2.438, 2.591)
CONTAINER_LENGTHS_M = (6.058, 12.192)
CONTAINER_PAINTS = ("#7a3b2e", "#2f5276", "#3d6a58", "#8d8f8c", "#a8572f", "#4b3f3a")
_PALLET_M = (1.2, 0.8, 0.144)  # EN 13698-1


@cache
def container(length_m: float, paint: str) -> Model:
    """A freight container with its long side towards the road: corrugated walls, corner posts, doors at one end."""
    wide, high = _CONTAINER_M
    work = Patchwork()
    x, y = wide / 2, length_m / 2
    work.blocks([[-x, -y, 0.0]], [[x, y, 0.16]], 0)
    work.blocks([[-x, -y, high - 0.12]], [[x, y, high]], 0)
    corner = np.array([[a, b, 0.0] for a in (-x, x - 0.12) for b in (-y, y - 0.12)])
    work.blocks(corner, corner + [0.12, 0.12, high], 0)
    # Trapezoidal corrugation of a wall, 0.036 m deep: out, slope, in, slope, every 0.28 m.
    folds = int((length_m - 0.24) / 0.28)
    at = np.linspace(-y + 0.12, y - 0.12, 4 * folds + 1)
    deep = np.tile([0.036, 0.0, 0.0, 0.036], folds + 1)[: len(at)]
    for side in (1.0, -1.0):
        ends = np.column_stack([side * (x - 0.01 - deep), at])
        low = np.column_stack([ends, np.full(len(at), 0.16)])
        top = np.column_stack([ends, np.full(len(at), high - 0.12)])
        walls = np.stack([low[:-1], low[1:], top[1:], top[:-1]], 1)
        work.quads(walls if side > 0 else walls[:, ::-1])
    work.blocks([[-x + 0.12, -y + 0.02, 0.16]], [[x - 0.12, y - 0.03, high - 0.12]], 0)
    rods = np.array([[a, y - 0.03, 0.1] for a in (-0.85, -0.35, 0.3, 0.8)])
    work.blocks(rods, rods + [0.035, 0.05, high - 0.25], 1)
    color = Material(f"container {paint}", srgb(paint), roughness=0.55, reflectance_905=0.35)
    return Model("street_furniture", (Body(work.mesh(), (color, STEEL)),))


@cache
def pallets(count: int, loaded: bool) -> Model:
    """A stack of `count` pallets, or as many high a load on one, wrapped in film."""
    long, wide, high = _PALLET_M
    rng = generator(0, "pallets", count, int(loaded))
    work = Patchwork()
    for k in range(1 if loaded else count):
        x, y = rng.normal(0.0, 0.012, 2)
        z = k * high
        boards = np.array([[x - wide / 2, y - long / 2 + b, z + 0.122] for b in (0.0, 0.26, 0.53, 0.79, 1.06)])
        work.blocks(boards, boards + [wide, 0.14, 0.022], 0)
        runners = np.array([[x - wide / 2 + a, y - long / 2, z] for a in (0.0, 0.35, 0.7)])
        work.blocks(runners, runners + [0.1, long, 0.1], 0)
    if loaded:
        tall = 0.35 * count
        work.blocks([[-wide / 2, -long / 2, high]], [[wide / 2, long / 2, high + tall]], 1)
        band = np.array([[-wide / 2 - 0.004, -long / 2 - 0.004, high + tall * part] for part in (0.3, 0.68)])
        work.blocks(band, band + [wide + 0.008, long + 0.008, 0.02], 2)
    goods = srgb(("#b39a78", "#c9c6bd", "#6d86a0", "#9c8f7c")[count % 4])
    film = Material(f"wrapped goods {count}", goods, roughness=0.35, reflectance_905=0.5)
    return Model("street_furniture", (Body(work.mesh(), (OLD_WOOD, film, DARK)),))


@cache
def skip(paint: str) -> Model:
    """An open skip for waste, 3.4 m long, with sloping ends (DIN 30720: 7 m3) and rubble in it."""
    work = Patchwork()
    x, low, y, top = 0.9, 0.95, 1.7, 1.5
    foot = np.array([[-x, -low, 0.05], [x, -low, 0.05], [x, low, 0.05], [-x, low, 0.05]])
    rim = np.array([[-x, -y, top], [x, -y, top], [x, y, top], [-x, y, top]])
    for a in range(4):
        b = (a + 1) % 4
        side = np.stack([foot[a], foot[b], rim[b], rim[a]])
        work.quads(side)
        work.quads(side[::-1] * [0.985, 0.985, 1.0])
    for edge in (-x - 0.05, x - 0.03):
        work.blocks([[edge, -y, top - 0.09]], [[edge + 0.08, y, top]], 0)
    heap = np.array([[-x, -y, 1.2], [x, -y, 1.25], [x, 0.0, 1.5], [-x, 0.0, 1.42]]) * [0.95, 0.92, 1.0]
    work.quads(heap, None, 1)
    work.quads(np.stack([heap[3], heap[2], heap[1] * [1.0, -1.0, 1.0], heap[0] * [1.0, -1.0, 1.0]]), None, 1)
    color = Material(f"skip {paint}", srgb(paint), roughness=0.6)
    rubble = Material("rubble", (0.24, 0.21, 0.18), roughness=1.0)
    return Model("street_furniture", (Body(work.mesh(), (color, rubble)),))


@cache
def liquid_tanks(count: int) -> Model:
    """So many cubic tanks of 1 m3 on pallets in a row, in cages of tubes."""
    work = Patchwork()
    for k in range(count):
        y = 1.1 * (k - 0.5 * (count - 1))
        work.blocks([[-0.5, y - 0.5, 0.0]], [[0.5, y + 0.5, 0.14]], 1)
        work.blocks([[-0.47, y - 0.47, 0.14]], [[0.47, y + 0.47, 1.12]], 0)
        bars = np.array([[0.49, y + b, 0.14] for b in (-0.49, -0.24, 0.0, 0.23, 0.47)])
        work.blocks(bars, bars + [0.018, 0.018, 1.0], 2)
        hoops = np.array([[-0.5, y - 0.5, 0.14 + h] for h in (0.25, 0.62, 0.98)])
        work.blocks(hoops, hoops + [1.0, 1.0, 0.018], 2)
    return Model("street_furniture", (Body(work.mesh(), (WHITE, OLD_WOOD, STEEL)),))


@cache
def pipes(rows: int) -> Model:
    """A stack of pipes or beams on timbers, `rows` layers high, between stakes."""
    radius, long = 0.16, 6.0
    work = Patchwork()
    work.blocks([[-1.0, a, 0.0] for a in (-2.2, 2.0)], [[1.0, a + 0.2, 0.12] for a in (-2.2, 2.0)], 1)
    for k in range(rows):
        for j in range(6 - k % 2):
            at = [-0.8 + (0.16 if k % 2 else 0.0) + 2 * radius * j, 0.0, 0.12 + radius + 1.74 * radius * k]
            path = np.array([at + np.array([0.0, -long / 2, 0.0]), at + np.array([0.0, long / 2, 0.0])])
            work.add(stalks(path[None], np.full((1, 2), radius), 8))
            ends = stalks(path[None], np.full((1, 2), 0.82 * radius), 8, slot=2)  # the inside, seen at the ends
            work.add(Mesh(ends.vertices, ends.faces[:, ::-1].copy(), ends.uv, ends.slots, ends.smooth))
    stakes = np.array([[side, a, 0.0] for side in (-1.02, 0.98) for a in (-2.0, 2.1)])
    work.blocks(stakes, stakes + [0.05, 0.08, 0.25 + 1.8 * radius * rows], 2)
    tint = srgb(("#8f9497", "#5c6b73", "#a9745a")[rows % 3])
    steel = Material(f"pipes {rows}", tint, roughness=0.6, reflectance_905=0.4)
    return Model("street_furniture", (Body(work.mesh(), (steel, OLD_WOOD, DARK)),))
