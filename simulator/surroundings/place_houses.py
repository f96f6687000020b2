"""Houses along the roads: a first row that faces the street, a second behind it, and the pavement in between."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from simulator.scene.material import Material, Surface
from simulator.surroundings.barriers import normals_of
from simulator.surroundings.buildings import building
from simulator.surroundings.facades import wall_texture
from simulator.surroundings.place import Place
from simulator.surroundings.roadsides import Side, runs
from simulator.surroundings.shapes import F64, joined, poses, ribbon

# Width along the street and depth of the kinds of buildings, lowest and highest, metres.
SIZES: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "flats": ((15.0, 30.0), (11.0, 14.0)),
    "townhouse": ((6.0, 9.5), (9.0, 12.0)),
    "office": ((22.0, 40.0), (14.0, 20.0)),
    "detached": ((9.0, 13.5), (8.0, 10.5)),
    "garage": ((3.3, 6.0), (5.8, 6.5)),
    "hall": ((26.0, 52.0), (16.0, 28.0)),
    "barn": ((13.0, 23.0), (9.0, 12.0)),
    "church": ((9.0, 11.0), (16.0, 20.0)),
}
FLAT_GROUND_M = 5.0  # a footprint that falls more than this is left alone
_REACH_M = (45.0, 115.0)  # from the path: nearer than the first, full detail; farther than the second, none
MOST_TRIANGLES = 120_000
CLOSED = 0.75  # share of houses in paved streets that touch the next one


def place_houses(place: Place) -> None:
    """Line all streets with houses, nearest streets first, as long as the triangles last."""
    style = place.style
    share = float(np.clip(style.frontage * (0.2 + 1.6 * place.buildings), 0.0, 1.0)) if place.buildings > 0 else 0.0
    if share == 0.0:
        return
    start = place.triangles
    if style.church:
        _church(place)
    order = sorted(place.sides, key=lambda side: (float(side.near_m.min()), side.road.id, side.left))
    for row, reach in ((0, place.radius_m), (1, 140.0)):
        for side in order:
            if place.triangles - start > MOST_TRIANGLES or side.near_m.min() > reach:
                break
            if row == 0 or style.second_row > 0:
                _line(place, side, row, share if row == 0 else style.second_row * min(1.0, 0.4 + 1.2 * place.buildings))


def _line(place: Place, side: Side, row: int, share: float) -> None:
    """Houses along one side of a road."""
    style, rng = place.style, place.rng("houses", side.road.id, int(side.left), row)
    kinds, weights = zip(*style.houses)
    p = np.array(weights) / sum(weights)
    setback = float(rng.uniform(*style.setback_m))
    if row:
        setback += float(rng.uniform(24.0, 32.0))
    trees = place.style.urban and float(rng.random()) < style.tree_share
    if trees and style.paved:
        setback = max(setback, 4.2)  # room for a row of trees
    shopping = rng.random() < style.shops * 1.6
    at, built = float(rng.uniform(0.5, 3.0) if style.paved else rng.uniform(1.0, 6.0)), False
    while at < side.length - 5.0:
        kind = str(rng.choice(kinds, p=p))
        for _ in range(int(rng.integers(2, 7)) if kind == "townhouse" else 1):
            width = float(rng.uniform(*SIZES[kind][0]))
            shop = shopping and row == 0 and kind in ("flats", "townhouse") and rng.random() < 0.7
            if rng.random() < share and at + width < side.length + 1.0:
                if _house(place, side, kind, at + width / 2, width, setback, shop, f"{row}-{at:.0f}"):
                    built = True
                    at += width
                else:
                    at += min(width, 2.0 if style.paved else 5.0)
                    break
            else:
                at += 0.5 * width if style.paved else width
                break
        closed = style.paved and row == 0 and rng.random() < CLOSED
        at += 0.0 if closed or (kind == "townhouse" and rng.random() < 0.5) else float(rng.uniform(*style.gap_m))
    if style.paved and row == 0 and built:
        _forecourt(place, side, setback)


def _house(place: Place, side: Side, kind: str, at: float, width: float, setback: float, shop: bool, name: str) -> bool:
    """Try to build one house with its front `setback` from the edge; False if the ground is not free."""
    rng = place.rng("house", side.road.id, int(side.left), name)
    depth = float(rng.uniform(*SIZES[kind][1]))
    edge, out, _ = side.at([at], setback + depth / 2)
    if place.distance(edge[:, :2])[0] > place.radius_m:
        return False
    yaw = float(np.arctan2(-out[0, 1], -out[0, 0]))
    road_z = float(edge[0, 2]) if setback < 8.0 else -np.inf
    return build_at(place, kind, edge[0, :2], yaw, width, depth, rng, shop=shop, lowest_z=road_z - 0.02)


def build_at(
    place: Place, kind: str, xy: F64, yaw: float, width: float, depth: float, rng: np.random.Generator, *,
    shop: bool = False, lowest_z: float = -np.inf, margin_m: float = 0.6,
) -> bool:  # fmt: skip
    """Build a house with its middle at world `xy` facing `yaw`, if its ground is free; returns whether it was."""
    u = np.array([np.cos(yaw), np.sin(yaw)])
    v = np.array([-u[1], u[0]])
    gx, gy = np.meshgrid(
        np.linspace(-0.5, 0.5, max(int(depth / 2), 2) + 1), np.linspace(-0.5, 0.5, max(int(width / 2), 2) + 1)
    )
    spots = xy + (gx.ravel() * depth)[:, None] * u + (gy.ravel() * width)[:, None] * v
    if not place.occupancy.free(spots).all() or (place.ground.clearance(spots) <= margin_m).any():
        return False
    ground = place.ground.height(spots)
    if np.ptp(ground) > FLAT_GROUND_M:
        return False
    front = ground[gx.ravel() > 0.49]
    floor = max(float(front.mean()), lowest_z, float(ground.max()) - 1.5)
    distance = float(place.distance((xy + 0.5 * depth * u)[None])[0])
    detail = 0 if distance < _REACH_M[0] else 1 if distance < _REACH_M[1] else 2
    storeys = place.style.most_storeys
    house = building(
        kind, rng, width_m=width, depth_m=depth, style=place.look, detail=detail, shop=shop, most_storeys=storeys
    )
    pose = poses(place.local(np.array([[*xy, floor]])), yaw)[0]
    place.put_mesh(house.mesh, house.materials, "building", pose)
    place.counts[f"house {kind}"] += 1
    half = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * [depth / 2 + 0.3, width / 2 - 0.3]
    place.occupancy.take_polygon(xy + half[:, :1] * u + half[:, 1:] * v)
    return True


def _church(place: Place) -> None:
    """One church beside the nearest street where there is room."""
    rng = place.rng("church")
    for side in sorted(place.sides, key=lambda side: float(side.near_m.min()))[:6]:
        for at in rng.uniform(0.15, 0.85, 4) * side.length:
            width, depth = float(rng.uniform(9.0, 11.0)), float(rng.uniform(16.0, 20.0))
            edge, out, _ = side.at([at], 9.0 + depth / 2)
            yaw = float(np.arctan2(-out[0, 1], -out[0, 0]))
            if build_at(place, "church", edge[0, :2], yaw, width, depth, rng):
                return


def _forecourt(place: Place, side: Side, setback: float) -> None:
    """Paving from the edge of the pavement to the facades and across the gaps, a little above the land."""
    paving = Material(
        "forecourt",
        (0.62, 0.60, 0.57),
        wall_texture("paving"),
        roughness=0.9,
        reflectance_905=0.35,
        surface=Surface.CONCRETE,
    )
    d = np.linspace(0.0, side.length, max(int(side.length / 2.0), 2) + 1)
    offsets = (-0.045, 0.06, 0.3, 0.8, 1.6, 0.6 * setback + 0.8, setback + 0.3)
    rows = [side.at(d, out)[0] for out in offsets]
    floor = rows[0][:, 2].copy()
    rows[0][:, 2] += 0.003  # it laps over the edge of the pavement by a few centimetres
    free = np.ones(len(d), np.bool_)
    steps = np.concatenate([np.linspace(offsets[k - 1], offsets[k], 3)[1:] for k in range(1, len(rows))])
    points = np.concatenate([side.at(d, out)[0][:, :2] for out in steps])
    lands = place.ground.height(points).reshape(len(rows) - 1, 2, len(d)).max(axis=1)
    for k in range(1, len(rows)):
        rows[k][:, 2] = np.maximum(floor - 0.004 - 0.01 * k, lands[k - 1] + 0.025)
        if offsets[k] > 0.5:  # where another street runs there is none
            free &= place.ground.clearance(rows[k][:, :2]) > 0.25
    free &= np.abs(rows[-1][:, 2] - floor) < 1.2
    swap = outer_is_left(side)
    for first, last in runs(free, 2):
        local = [place.local(row[first : last + 1]) for row in rows]
        strips = [ribbon(b, a, 0, 3.0) if swap else ribbon(a, b, 0, 3.0) for a, b in pairwise(local)]
        place.put_mesh(joined(strips), (paving,), "sidewalk")
        inner, outer = rows[2][first : last + 1, :2], rows[-1][first : last + 1, :2]
        place.paved += list(np.stack([inner[:-1], inner[1:], outer[1:], outer[:-1]], 1))


def outer_is_left(side: Side) -> bool:
    """Whether away from the road is left of the direction in which the side is sampled."""
    return bool((normals_of(side.xyz, 1)[0] @ side.out[0]) > 0)
