"""What follows the roads: street lamps, guard rails, delineators, furniture, the fronts of plots, lines of poles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulator.scene.model import Model
from simulator.surroundings import barriers, furniture
from simulator.surroundings.barriers import Made, normals_of
from simulator.surroundings.place import Place
from simulator.surroundings.plants import hedge
from simulator.surroundings.roadsides import Side, runs
from simulator.surroundings.shapes import F64, poses

REACH_M = 160.0  # small things farther from the path than this are left out
MOST_LAMPS = 60
MOST_OBJECTS = 45
_PHONES_M = 2000.0


def place_roadside(place: Place, *, lamps: bool) -> None:
    """Place everything that follows a road edge; `lamps` whether street lamps stand there."""
    if lamps:
        _lamps(place)
    for side in place.sides:
        if side.near_m.min() > REACH_M:
            continue
        fast = place.style.guard_rails or (side.road.types[:1] and side.road.types[0].type == "motorway")
        if fast:
            _rails(place, side)
        if place.style.delineators or fast:
            _delineators(place, side)
        if fast:
            _phones(place, side)


def place_plots(place: Place) -> None:
    """Fences, walls and hedges along the fronts of plots, furniture on pavements' outer edges, poles with wires."""
    for side in place.sides:
        if side.near_m.min() < REACH_M:
            _furniture(place, side)
            _plot_edges(place, side)
    _utility_poles(place)


def raised(place: Place, xyz: F64, out: F64) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Where the land beside the edge lies far below or above it (bridges, cuttings)."""
    land = place.ground.height(xyz[:, :2] + 1.5 * out)
    return np.asarray(np.abs(land - xyz[:, 2]) > 1.8)


_LIT_FROM_BOTH_SIDES = ("car_park",)  # EN 12464-2 asks for 10 lx in the mean where many park, more than in a street


def _lamps(place: Place) -> None:
    """Street lamps on one side of each street, or on both of wide ones."""
    style = place.style
    spacing = style.lamp_spacing_m or 35.0
    kinds = style.lamp_kinds or ("led",)
    rng = place.rng("lamps")
    # One kind of lamp in the whole place: streets of a town are lit alike.
    kind = kinds[int(rng.integers(len(kinds)))]
    height = round(float(rng.uniform(*style.lamp_height_m)) * 2) / 2 if style.lamp_kinds else 9.0
    kelvin = float(rng.choice([2000.0, 2700.0, 3000.0, 3000.0, 4000.0]))
    if kind == "post":
        height = min(height, 5.0)
    model = furniture.street_lamp(height, kind, kelvin, round(450.0 * height**1.35, -2))
    spots = []
    for side in place.sides:
        own = place.rng("lamps", side.road.id)
        both = side.lanes >= 4 or style.name in _LIT_FROM_BOTH_SIDES
        if side.length < 12.0 or (not both and side.left != bool(own.integers(2))):
            continue
        count = max(int(round(side.length / spacing)), 1)
        at = (np.arange(count) + (0.25 if side.left else 0.5)) * side.length / count
        for d in at.tolist():
            xyz, out, _ = side.at(d, 0.35)
            spots.append((float(place.distance(xyz[:, :2])[0]), side, d))
    spots.sort(key=lambda spot: spot[0])
    reaches = (0.35, 1.0, 2.0) if style.name in _LIT_FROM_BOTH_SIDES else (0.35,)  # parked cars hang over kerbs
    for near, side, d in spots[:MOST_LAMPS]:
        for reach in reaches if near < place.radius_m else ():
            xyz, out, _ = side.at(d, reach)
            free = place.clear(xyz[:, :2], 0.2)[0] or (reach > 0.35 and _on_strip(place, side, xyz[0, :2]))
            if free and not raised(place, side.at(d, 0.35)[0], out)[0]:
                place.put_model(model, place.on_ground(xyz[0, :2])[0], float(np.arctan2(-out[0, 1], -out[0, 0])))
                place.occupancy.take_circles(xyz[:, :2], 0.8)
                place.counts["street lamp"] += 1
                break


def _on_strip(place: Place, side: Side, xy: F64) -> bool:
    """Whether a world point (2,) beside `side` is free and lies on the planted strip between it and other roads."""
    for other in place.sides:
        off = xy - other.xyz[:, :2]
        k = int(np.argmin(np.hypot(*off.T)))
        if other is not side and np.hypot(*off[k]) < 6.0 and off[k] @ other.out[k] < 0.6:
            return False
    return bool(place.occupancy.free(xy[None])[0])


def _line(
    place: Place, side: Side, span: tuple[int, int], outwards: float, build: Callable[[F64, int], Made], width_m: float
) -> bool:
    """Build something along part of a side, if the ground is free all along."""
    xyz, out, _ = side.at(side.along[span[0] : span[1] + 1], outwards)
    if len(xyz) < 2 or not place.clear(xyz[:, :2], 0.05).all() or raised(place, xyz, out).any():
        return False
    line = place.on_ground(xyz[:, :2])
    local = place.local(line)
    towards_left = float(normals_of(local, 1)[0] @ out[0]) < 0  # the road lies to the left of the line
    mesh, materials, name = build(local, 1 if towards_left else -1)
    place.put_mesh(mesh, materials, name)
    place.occupancy.take_line(xyz[:, :2], max(width_m, 0.5))
    return True


def _rails(place: Place, side: Side) -> None:
    """Guard rails, with gaps where other roads join; noise barriers behind some of them."""
    xyz, _, _ = side.at(side.along, 0.75)
    keep = (side.near_m < REACH_M) & place.clear(xyz[:, :2], 0.3) & ~raised(place, xyz, side.out)
    rng = place.rng("rails", side.road.id, int(side.left))
    barrier = rng.random() < place.style.noise_barriers
    for span in runs(keep, 6):
        if _line(place, side, span, 0.75, barriers.guard_rail, 0.5):
            for reach in (0.5, 1.1):
                place.rails.append(place.on_ground(side.at(side.along[span[0] : span[1] + 1], reach)[0][:, :2]))
        if barrier:
            _line(place, side, span, 3.2, lambda line, way: barriers.noise_barrier(line, way, rng), 1.0)


def _delineators(place: Place, side: Side) -> None:
    """White posts every 50 m, 25 m in curves."""
    post = furniture.delineator()
    turn = np.abs(np.diff(np.unwrap(np.arctan2(side.out[:, 1], side.out[:, 0])))).sum() / max(side.length, 1.0)
    step = 25.0 if turn > 1 / 400 else 50.0
    at = np.arange(8.0, side.length - 4.0, step)
    if not len(at):
        return
    xyz, out, _ = side.at(at, 0.5)
    for point, normal, ok in zip(xyz, out, place.clear(xyz[:, :2], 0.3) & ~raised(place, xyz, out)):
        if ok and place.distance(point[None, :2])[0] < REACH_M:
            # Its reflectors look along the road: y of the model.
            place.put_model(post, place.on_ground(point[:2])[0], float(np.arctan2(-normal[1], -normal[0])))
            place.occupancy.take_circles(point[None, :2], 0.3)


def _phones(place: Place, side: Side) -> None:
    """Emergency phones every 2 km (RAA 2008), at a place of this side's own."""
    rng = place.rng("emergency phones", side.road.id, int(side.left))
    at = np.arange(float(rng.uniform(0.0, _PHONES_M)), side.length, _PHONES_M)
    if not len(at):
        return
    xyz, out, _ = side.at(at, 1.6)
    for point, normal, ok in zip(xyz, out, place.clear(xyz[:, :2], 0.4) & ~raised(place, xyz, out)):
        if ok:
            yaw = float(np.arctan2(-normal[1], -normal[0]))
            place.put_object(furniture.emergency_phone(), place.on_ground(point[:2])[0], yaw)
            place.occupancy.take_circles(point[None, :2], 0.4)


def _furniture(place: Place, side: Side) -> None:
    """Bins, benches and the like behind the pavement."""
    style = place.style
    rng = place.rng("furniture", side.road.id, int(side.left))
    count = int(rng.poisson(style.furniture_per_100_m * side.length / 100.0))
    pool: list[tuple[Callable[[], Model], float, float]] = [
        (furniture.bin_model, 0.3, 0.26), (furniture.bench, 0.5, 0.14), (furniture.bollard, 0.25, 0.10),
        (furniture.cabinet, 0.45, 0.14), (furniture.hydrant, 0.3, 0.08), (furniture.mail_box, 0.35, 0.08),
        (lambda: furniture.planter(place.seed % 7), 0.75, 0.09), (furniture.bicycle_stand, 0.6, 0.06),
        (furniture.poster_column, 0.95, 0.02), (furniture.bus_shelter, 1.1, 0.03),
    ]  # fmt: skip
    weights = np.array([w for _, _, w in pool])
    for _ in range(count):
        make, depth, _ = pool[int(rng.choice(len(pool), p=weights / weights.sum()))]
        model = make()
        reach = float(model.size_lwh_m[1]) / 2
        at = float(rng.uniform(3.0, max(side.length - 3.0, 4.0)))
        near = float(np.interp(at, side.along, side.near_m))
        xyz, out, _ = side.at([at - reach, at, at + reach], depth + 0.2)
        if near > 90.0 or place.counts["furniture"] >= MOST_OBJECTS or not place.clear(xyz[:, :2], 0.12).all():
            continue
        yaw = float(np.arctan2(-out[1, 1], -out[1, 0]))
        place.put_object(model, place.on_ground(xyz[1, :2])[0], yaw)
        place.occupancy.take_circles(xyz[:, :2], max(depth, 0.5))
        place.counts["furniture"] += 1


def _plot_edges(place: Place, side: Side) -> None:
    """Something along the front of plots, wherever the ground between pavement and houses is free."""
    style = place.style
    rng = place.rng("plots", side.road.id, int(side.left))
    rural = not style.urban
    offset = float(rng.uniform(5.0, 9.0)) if rural else float(rng.uniform(0.7, 1.2))
    at = float(rng.uniform(0.0, 8.0))
    while at < side.length - 8.0:
        length = float(rng.uniform(40.0, 120.0) if rural else rng.uniform(10.0, 26.0))
        kind = style.plot_edges[int(rng.integers(len(style.plot_edges)))]
        span = np.flatnonzero((side.along >= at) & (side.along <= at + length))
        at += length + float(rng.uniform(2.5, 5.0))
        if kind == "none" or len(span) < 4 or side.near_m[span].min() > 110.0 or (style.paved and rng.random() < 0.5):
            continue
        xyz, out, _ = side.at(side.along[span], offset)
        keep = place.clear(xyz[:, :2], 0.4) & ~raised(place, xyz, out)
        if style.paved:  # no fence in front of shops
            keep &= np.all([place.occupancy.free(xyz[:, :2] + reach * out) for reach in (2.0, 4.0, 6.0)], axis=0)
        for a, b in runs(keep, 4):
            run = (int(span[a]), int(span[b]))
            if kind == "hedge":
                if place.vegetation > 0:
                    _hedge(place, side, run, offset)
            else:
                _line(place, side, run, offset, _maker(kind, rng), 0.5)


def _maker(kind: str, rng: np.random.Generator) -> Callable[[F64, int], Made]:
    random: dict[str, Callable[[F64, int, np.random.Generator], Made]] = {
        "picket_fence": barriers.picket_fence,
        "board_fence": barriers.board_fence,
        "rail_fence": barriers.rail_fence,
        "garden_wall": barriers.garden_wall,
    }
    if kind in random:
        return lambda line, side: random[kind](line, side, rng)
    return {"steel_fence": barriers.steel_fence, "wire_fence": barriers.wire_fence}[kind]


def _hedge(place: Place, side: Side, span: tuple[int, int], offset: float) -> None:
    """A hedge of equal pieces along part of a side."""
    piece = 3.0
    low, high = side.along[span[0]], side.along[span[1]]
    at = np.arange(low + piece / 2, high, piece)
    xyz, out, _ = side.at(at, offset)
    along = np.stack([-out[:, 1], out[:, 0]], axis=1)
    reaches = np.linspace(-0.5, 0.5, 5) * piece  # a piece is straight, and its ends must be free as well
    ok = np.all([place.clear(xyz[:, :2] + reach * along, 0.35) for reach in reaches], axis=0)
    near = float(side.near_m[span[0] : span[1] + 1].min())
    detail = 0 if near < 14 else 1 if near < 40 else 2 if near < 90 else 3
    rng = place.rng("hedge", side.road.id, int(side.left))
    height = round(float(rng.uniform(0.9, 2.0)), 1)
    shape = hedge(piece + 0.1, height, place.rng("hedge shape", int(10 * height)), season=place.season, detail=detail)
    yaw = np.arctan2(out[:, 1], out[:, 0]) - np.pi / 2
    for pose, good in zip(poses(place.local(place.on_ground(xyz[:, :2])), yaw), ok):
        if good:
            place.put_mesh(shape.mesh, shape.materials, "vegetation", pose)
    place.occupancy.take_line(xyz[ok][:, :2], 1.0)


def _utility_poles(place: Place) -> None:
    """Wooden poles with wires along some country roads."""
    for side in place.sides:
        rng = place.rng("utility poles", side.road.id)
        if (
            rng.random() > place.style.utility_poles
            or side.left != bool(rng.integers(2))
            or side.near_m.min() > REACH_M
        ):
            continue
        at = np.arange(float(rng.uniform(5.0, 30.0)), side.length, 42.0)
        if len(at) < 3:
            continue
        xyz, out, _ = side.at(at, float(rng.uniform(6.0, 9.0)))
        ok = place.clear(xyz[:, :2], 2.0)
        pole, height = furniture.utility_pole(8.5), 8.5
        for a, b in runs(ok, 2):
            feet = place.on_ground(xyz[a : b + 1, :2])
            for foot, normal in zip(feet, out[a : b + 1]):
                place.put_model(pole, foot, float(np.arctan2(normal[1], normal[0])))
            place.occupancy.take_circles(feet[:, :2], 0.6)
            made = barriers.wires(place.local(feet), out[a : b + 1], height)
            if made is not None:
                place.put_mesh(*made)
