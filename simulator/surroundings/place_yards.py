"""Yards of works: a floor between the green strip at the road and the halls, ways in with gates, goods, trailers."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np

from simulator.scene import textures
from simulator.scene.material import Material, Surface
from simulator.scene.model import Model
from simulator.surroundings import furniture, yard_goods
from simulator.surroundings.barriers import steel_gate
from simulator.surroundings.place import TRAILERS, Place
from simulator.surroundings.place_houses import outer_is_left
from simulator.surroundings.roadsides import Side, runs
from simulator.surroundings.shapes import F64, joined, profile_sweep, ribbon

GREEN_M = 2.4  # strip of grass with a fence or a hedge between the road and a yard
_ACROSS_M = (-0.02, 0.0, 0.5, 2.0, 5.0, 9.0, 13.0, 17.0, 21.0, 25.0, 29.0, 33.0, 38.0)  # from the strip's inner edge
_ABOVE_M = 0.05  # the land, whose triangles are not those of the yard
_REACH_M = 150.0  # from the path
_GATE_M, _GATE_EVERY_M = 7.0, (38.0, 75.0)
# A way in: distances from the road's edge, and how much wider it is there on each side than at its gate: an arc about.
_WAY_IN_M = (0.02, 0.04, 0.3, 0.8, 1.5, GREEN_M + 0.15)
_FLARE_M = (1.75, 1.75, 1.2, 0.6, 0.15, 0.0)
_RISE_M = (-0.1, 0.012, 0.05, 0.06, 0.06, 0.06)  # above the land: flush with the road, its edge reaches down
_KERB = ((0.0, -0.1), (0.0, 0.09), (0.12, 0.09), (0.12, -0.1))  # outwards and up
_OPEN_RAD = (1.45, 2.1)  # by how much the leaves of gates stand open
_GATES_M, _WEEDS_M = 70.0, 60.0  # from the path
_ROW_EVERY_M = 19.0  # of goods behind the strip, in the mean
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
                ways = _gates(place, side, rng)
                _front(place, side)
                _goods(place, side, rng)
                _weeds(place, side, ways)


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
    above[[0, -1]] = -2.0 * _ABOVE_M  # edges reach down into the land: nobody looks below them
    return _strips(place, side, d, GREEN_M + np.array(_ACROSS_M), above, floor)


def _gates(place: Place, side: Side, rng: np.random.Generator) -> list[float]:
    """Ways in across the green strip, which end what stands along the front of the plot; returns where they begin."""
    at, found = float(rng.uniform(8.0, 30.0)), []
    while at < side.length - 12.0:
        flare = _FLARE_M[0] + 0.2
        d = np.array([at - flare, at + _GATE_M + flare])
        corners = np.concatenate([side.at(d, 0.1)[0], side.at(d[::-1], GREEN_M + 6.0)[0]])[:, :2]
        if place.occupancy.free(corners).all() and _way_in(place, side, at):
            place.occupancy.take_polygon(corners)
            found.append(at)
        at += float(rng.uniform(*_GATE_EVERY_M))
    return found


def _way_in(place: Place, side: Side, at: float) -> bool:
    """An apron of worn asphalt that widens to the road between kerbs, and a gate that stands open."""
    rows = []
    for out, flare, above in zip(_WAY_IN_M, _FLARE_M, _RISE_M):
        row = side.at(np.linspace(at - flare, at + _GATE_M + flare, 5), out)[0]
        row[:, 2] = place.ground.height(row[:, :2]) + above
        rows.append(place.local(row))
    if np.ptp(np.array(rows[1:])[..., 2]) > 0.5 * _LEVEL_M:
        return False
    swap = outer_is_left(side)
    worn = Material("way in", texture=textures.asphalt(1.0, cracks=0.8, patches=0.6), roughness=0.95,
                    reflectance_905=0.2, surface=Surface.ASPHALT)  # fmt: skip
    strips = [
        ribbon(b, a, 0, textures.ASPHALT_M) if swap else ribbon(a, b, 0, textures.ASPHALT_M) for a, b in pairwise(rows)
    ]
    place.put_mesh(joined(strips), (worn,), "sidewalk")
    for end in (0, -1):
        line = np.array([row[end] for row in rows[1:]])
        away = np.array([row[end] - row[2] for row in rows[1:]])[:, :2]
        away /= np.linalg.norm(away, axis=1, keepdims=True)
        stones = profile_sweep(line, away, _KERB[:: 1 if swap == (end == 0) else -1])
        place.put_mesh(stones, (furniture.CONCRETE,), "kerb")
    if place.distance(rows[-1][2:3, :2] + place.builder.origin[:2])[0] < _GATES_M:
        for end, way in ((0, 1.0), (-1, -1.0)):
            post = rows[-1][end]
            along = way * (rows[-1][-1] - rows[-1][0])[:2]
            inward = side.at([at], 0.0)[1][0]
            along /= np.linalg.norm(along)
            open_rad = place.rng("gate", side.road.id, int(side.left), int(at), end).uniform(*_OPEN_RAD)
            leaf = np.cos(open_rad) * along + np.sin(open_rad) * inward
            place.put_mesh(*steel_gate(post, post + [*(0.5 * _GATE_M * leaf), 0.0]))
    return True


def _front(place: Place, side: Side) -> None:
    """Rows of goods, and trailers that wait, right behind the strip at the road."""
    rng = place.rng("yard front", side.road.id, int(side.left))
    at = float(rng.uniform(4.0, 12.0))
    while at < side.length - 8.0:
        kind = rng.random()
        if kind < 0.4:
            row = [place.trailer(int(rng.integers(TRAILERS)))] if place.trailer is not None else list[Model]()
        elif kind < 0.8:
            row = [yard_goods.pallets(int(rng.integers(2, 5)), loaded=True) for _ in range(int(rng.integers(3, 7)))]
        else:
            row = [yard_goods.pipes(int(rng.integers(3, 6)))]
        out = GREEN_M + 0.8 + float(rng.uniform(0.0, 1.5))
        for model in row:
            long = float(model.size_lwh_m[1])
            _put(place, side, model, at + long / 2, out + float(model.size_lwh_m[0]) / 2, float(rng.normal(0.0, 0.02)))
            at += long + 0.15
        at += float(rng.exponential(_ROW_EVERY_M))


def _weeds(place: Place, side: Side, ways: list[float]) -> None:
    """Grass that nobody mows along the edge of the yard, but for the ways in."""
    d = np.arange(0.0, side.length, 1.5)
    xyz = side.at(d, GREEN_M - 0.12)[0]
    keep = place.distance(xyz[:, :2]) < _WEEDS_M
    for at in ways:
        keep &= (d < at - 1.0) | (d > at + _GATE_M + 1.0)
    place.rails += [place.on_ground(xyz[a : b + 1, :2]) for a, b in runs(keep, 3)]


def _put(place: Place, side: Side, model: Model, at: float, out: float, turn: float) -> None:
    """Stand a model with its middle at `at` along a side and `out` from it, where that is free."""
    wide, long = float(model.size_lwh_m[0]), float(model.size_lwh_m[1])
    spots = at + np.linspace(-0.5, 0.5, max(int(long), 2)) * long
    xyz, normal, _ = side.at(np.repeat(spots, 3), out + np.tile([-0.5, 0.0, 0.5], len(spots)) * wide)
    near = float(np.interp(at, side.along, side.near_m))
    if near > 110.0 or place.counts["yard goods"] >= MOST_GOODS or not place.clear(xyz[:, :2], 0.6).all():
        return
    middle, outwards = side.at([at], out)[0][0], normal[len(normal) // 2]
    foot = place.on_ground(middle[:2])[0] + [0.0, 0.0, _ABOVE_M]
    attributes = {"state": "parked"} if model.class_name == "trailer" else None
    place.put_object(model, foot, float(np.arctan2(-outwards[1], -outwards[0])) + turn, attributes)
    place.occupancy.take_circles(xyz[:, :2], 0.8)
    place.counts["yard goods"] += 1


def _goods(place: Place, side: Side, rng: np.random.Generator) -> None:
    """Containers, pallets, skips and tanks, most along the halls and the fence."""
    count = int(rng.poisson(side.length / 16.0))
    for _ in range(count):
        model = _one(rng)
        at, out = float(rng.uniform(8.0, side.length - 8.0)), GREEN_M + 1.0 + float(rng.gamma(1.5, 4.0))
        _put(place, side, model, at, out + float(model.size_lwh_m[0]) / 2, float(rng.normal(0.0, 0.05)))


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
