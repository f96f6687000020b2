"""Yards of works: asphalt, slabs or gravel between the green strip at the road and the halls, ways in, and goods."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np

from simulator.scene import textures
from simulator.scene.material import Material, Surface
from simulator.scene.model import Model
from simulator.surroundings import yard_goods
from simulator.surroundings.place import Place
from simulator.surroundings.place_houses import outer_is_left
from simulator.surroundings.roadsides import Side, runs
from simulator.surroundings.shapes import F64, joined, ribbon

GREEN_M = 2.4  # strip of grass with a fence or a hedge between the road and a yard
_ACROSS_M = (0.0, 0.5, 2.0, 5.0, 9.0, 13.0, 17.0, 21.0, 25.0, 29.0, 33.0, 38.0)  # from the strip's inner edge
_ABOVE_M = 0.05  # the land, whose triangles are not those of the yard
_REACH_M = 150.0  # from the path
_GATE_M, _GATE_EVERY_M = 7.0, (38.0, 75.0)
_WAY_IN_M = (0.06, 1.0, 1.8, GREEN_M + 0.15)
_LEVEL_M = 1.5  # a yard that rises or falls more from the road to its back is left as meadow
_FLOORS = ("asphalt", "asphalt", "slabs", "gravel")
MOST_GOODS = 40

Floor = tuple[Material, float]  # and the metres of one repeat


def place_yards(place: Place) -> None:
    """Pave the plots along all streets of a style that has yards, and put goods where they are out of the way."""
    if not place.style.yards:
        return
    for side in sorted(place.sides, key=lambda side: (float(side.near_m.min()), side.road.id, side.left)):
        if side.near_m.min() < _REACH_M and side.length > 20.0:
            rng = place.rng("yard", side.road.id, int(side.left))
            floor = _floor(_FLOORS[int(rng.integers(len(_FLOORS)))], place.seed % 4)
            if _pave(place, side, floor):
                _gates(place, side, rng)
                _goods(place, side, rng)


def _floor(kind: str, seed: int) -> Floor:
    """What a yard is paved with."""
    make, repeat_m, reflectance, surface = {
        "asphalt": (partial(textures.yard, seed=seed), textures.YARD_M, 0.2, Surface.ASPHALT),
        "slabs": (partial(textures.concrete, 0.9, seed=seed), textures.CONCRETE_M, 0.33, Surface.CONCRETE),
        "gravel": (partial(textures.soil, "gravel", seed=seed), textures.SOIL_M, 0.36, Surface.SOIL),
    }[kind]
    look = Material(f"yard {kind}", texture=make(), roughness=0.95, reflectance_905=reflectance, surface=surface)
    return look, repeat_m


def _strips(place: Place, side: Side, d: F64, reach: F64, above_m: F64, floor: Floor) -> bool:
    """Pave along distances `d`, at `reach` (K,) from the road's edge, `above_m` (K,) the land, where that is free."""
    rows = [side.at(d, out)[0] for out in reach]
    free = np.ones(len(d), np.bool_)
    for k, row in enumerate(rows):
        beside = [row[:, :2], *(0.5 * (row[:, :2] + other[:, :2]) for other in rows[max(k - 1, 0) : k + 2])]
        row[:, 2] = np.max([place.ground.height(xy) for xy in beside], axis=0) + above_m[k]
        step = np.linalg.norm(np.diff(row[:, :2], axis=0), axis=1)  # a bend folds the inner rows up
        free &= np.append(step, step[-1]) > 0.5
        if reach[k] > 1.0:
            free &= place.ground.clearance(row[:, :2]) > 0.4
    free &= np.ptp([row[:, 2] for row in rows], axis=0) < _LEVEL_M
    swap, laid = outer_is_left(side), False
    for first, last in runs(free, 2):
        local = [place.local(row[first : last + 1]) for row in rows]
        strips = [ribbon(b, a, 0, floor[1]) if swap else ribbon(a, b, 0, floor[1]) for a, b in pairwise(local)]
        place.put_mesh(joined(strips), (floor[0],), "sidewalk")
        inner, outer = rows[0][first : last + 1, :2], rows[-1][first : last + 1, :2]
        place.paved += list(np.stack([inner[:-1], inner[1:], outer[1:], outer[:-1]], 1))
        laid = True
    return laid


def _pave(place: Place, side: Side, floor: Floor) -> bool:
    d = np.linspace(0.0, side.length, max(int(side.length / 2.5), 2) + 1)
    above = np.full(len(_ACROSS_M), _ABOVE_M)
    above[-1] = -2.0 * _ABOVE_M  # the far edge sinks into the land
    return _strips(place, side, d, GREEN_M + np.array(_ACROSS_M), above, floor)


def _gates(place: Place, side: Side, rng: np.random.Generator) -> None:
    """Ways in across the green strip, which end what stands along the front of the plot."""
    asphalt = _floor("asphalt", place.seed % 4)
    at = float(rng.uniform(8.0, 30.0))
    while at < side.length - 12.0:
        d = np.linspace(at, at + _GATE_M, 4)
        corners = np.concatenate([side.at(d[[0, -1]], 0.1)[0], side.at(d[[-1, 0]], GREEN_M + 6.0)[0]])[:, :2]
        free = place.occupancy.free(corners).all()
        if free and _strips(place, side, d, np.array(_WAY_IN_M), np.full(len(_WAY_IN_M), _ABOVE_M + 0.01), asphalt):
            place.occupancy.take_polygon(corners)
        at += float(rng.uniform(*_GATE_EVERY_M))


def _goods(place: Place, side: Side, rng: np.random.Generator) -> None:
    """Containers, pallets, skips and tanks, most along the halls and the fence."""
    count = int(rng.poisson(side.length / 16.0))
    for _ in range(count):
        model = _one(rng)
        wide, long = float(model.size_lwh_m[0]), float(model.size_lwh_m[1])
        at, out = float(rng.uniform(8.0, side.length - 8.0)), GREEN_M + 1.0 + wide / 2 + float(rng.gamma(1.5, 4.0))
        spots = at + np.linspace(-0.5, 0.5, max(int(long), 2)) * long
        xyz, normal, _ = side.at(np.repeat(spots, 3), out + np.tile([-0.5, 0.0, 0.5], len(spots)) * wide)
        near = float(np.interp(at, side.along, side.near_m))
        if near > 110.0 or place.counts["yard goods"] >= MOST_GOODS or not place.clear(xyz[:, :2], 0.6).all():
            continue
        middle, outwards = side.at([at], out)[0][0], normal[len(normal) // 2]
        turn = float(rng.normal(0.0, 0.05))
        foot = place.on_ground(middle[:2])[0] + [0.0, 0.0, _ABOVE_M]
        place.put_object(model, foot, float(np.arctan2(-outwards[1], -outwards[0])) + turn)
        place.occupancy.take_circles(xyz[:, :2], 0.8)
        place.counts["yard goods"] += 1


def _one(rng: np.random.Generator) -> Model:
    kind = rng.random()
    if kind < 0.3:
        paints = yard_goods.CONTAINER_PAINTS
        length = yard_goods.CONTAINER_LENGTHS_M[int(rng.random() < 0.35)]
        return yard_goods.container(length, paints[int(rng.integers(len(paints)))])
    if kind < 0.75:
        return (
            yard_goods.pallets(int(rng.integers(3, 13)), loaded=False)
            if rng.random() < 0.6
            else yard_goods.pallets(int(rng.integers(2, 5)), loaded=True)
        )
    if kind < 0.88:
        return yard_goods.skip(("#4a6b3a", "#8a7a2c", "#3a4f6b")[int(rng.integers(3))])
    return yard_goods.liquid_tanks(int(rng.integers(2, 6)))
