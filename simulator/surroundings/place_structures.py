"""What belongs to bridges and tunnels: parapets, piers, lamps below the ceiling, signs on the walls."""

from __future__ import annotations

from functools import cache

import numpy as np

from simulator.roads import Road
from simulator.roads.surface_tunnels import CLEAR_M, walled
from simulator.roads.surface_verge import DECK_M
from simulator.scene.material import Beam, Lamp, Material, Switch
from simulator.scene.mesh import box
from simulator.scene.model import Body, Model
from simulator.surroundings.barriers import guard_rail, parapet
from simulator.surroundings.furniture import CONCRETE, GREY
from simulator.surroundings.place import Place
from simulator.surroundings.roadsides import runs
from simulator.surroundings.shapes import F64, emission, lamp_color
from simulator.surroundings.tunnel_fittings import SIGNS_M, fittings

BRIDGE_M = 2.2  # a road this high above the land beside it has parapets
BANK_M = 2.0  # so far above the land 7 m beside it has guard rails (RPS 2009: banks higher than 3 m, steep ones sooner)
_STEP_M = 2.0
_SPAN_M = 16.0  # from pier to pier
# Lamps in tunnels (CIE 88:2004, 80 km/h), in two rows. Luminance of the road deep inside, and metres from lamp to lamp;
# what is added by day behind the portals, as a part of what eyes see before these; cd/m2 of asphalt for one lux, and
# what of the light reaches it.
_INSIDE_CD_M2, _INSIDE_M = 6.0, 12.0
_THRESHOLD_CD_M2, _STOPPING_M, _ADAPTATION_M = 0.06 * 3000.0, 100.0, 4.0
_SPEED_MPS = 22.2
_ASPHALT_1_SR, _USED = 0.07, 0.5
_FLUX_STEP_LM = 5_000.0
_REACH_M = 170.0  # from the path
MOST_LAMPS = 240


def place_structures(place: Place) -> None:
    """Parapets and piers wherever a road runs above the land; lamps in tunnels near the path."""
    lamps: list[tuple[float, F64, float, Model]] = []
    for road in place.network.roads.values():
        s = np.linspace(0.0, road.length, max(int(road.length / _STEP_M), 1) + 1)
        middle = road.point(s, np.zeros(len(s)))
        near = place.distance(middle[:, :2]) < _REACH_M
        if near.any():
            _bridge(place, road, s, near)
            lamps += _lamps(place, road)
            _fittings(place, road)
    lamps.sort(key=lambda lamp: lamp[0])
    for _, point, yaw, model in lamps[:MOST_LAMPS]:
        place.put_model(model, point, yaw)
        place.counts["tunnel lamp"] += 1


def _edges(road: Road, s: F64, *, inside: bool = False) -> tuple[F64, F64]:
    """t (N,) of the outermost lanes' outer edges, left and right; or of the walls `inside` of a tunnel."""
    section = road.section_at(s)
    left, right = np.zeros(len(s)), np.zeros(len(s))
    for index in np.unique(section):
        here = section == index
        rows = road.boundaries(int(index), s[here])
        first, last = walled([lane for lane in road.sections[index].lanes if lane.id]) if inside else (0, -1)
        left[here], right[here] = rows[first], rows[last]
    return left, right


def _bridge(place: Place, road: Road, s: F64, near: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
    left, right = _edges(road, s)
    for t, side in ((left, -1), (right, 1)) if not road.junction else ():
        edge = road.point(s, t)
        outside = road.point(s, t - side * 1.5)[:, :2]
        high = near & (edge[:, 2] - place.ground.land_height(outside) > BRIDGE_M)
        high &= place.ground.height(outside) < edge[:, 2] - 0.5  # no other road joins there
        high = _widened(high)
        drop = edge[:, 2] - place.ground.height(road.point(s, t - side * 7.0)[:, :2])
        for make, inside, where in ((parapet, 0.3, high), (guard_rail, 0.6, near & ~high & (drop > BANK_M))):
            for first, last in runs(where, 4):
                line = place.local(road.point(s[first : last + 1], t[first : last + 1] + side * inside))
                place.put_mesh(*make(line, side))
    _piers(place, road, s[near], left[near], right[near])


def _widened(high: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Runs of True, 6 m longer at both ends: parapets go on over the abutments."""
    out = high.copy()
    for _ in range(int(6.0 / _STEP_M)):
        out[1:] |= out[:-1].copy()
        out[:-1] |= out[1:].copy()
    return out if high.any() else high


def _piers(place: Place, road: Road, s: F64, left: F64, right: F64) -> None:
    """Rows of round piers across the deck, where no other road runs below."""
    if len(s) < 2:
        return
    at = np.arange(float(s[0]), float(s[-1]), _STEP_M)
    a, b = np.interp(at, s, left), np.interp(at, s, right)
    across = [np.linspace(y + 1.2, x - 1.2, max(int((x - y) / 5.0), 1) + 1) for x, y in zip(a, b)]
    ends = np.cumsum([len(t) for t in across])
    points = road.point(np.repeat(at, [len(t) for t in across]), np.concatenate(across))
    ground = place.ground.land_height(points[:, :2])
    if not (points[:, 2] - ground > BRIDGE_M + 2.0).any():
        return
    last = -np.inf
    for station, end, t in zip(at.tolist(), ends.tolist(), across):
        deck, land = points[end - len(t) : end], ground[end - len(t) : end]
        clear = deck[:, 2] - land > BRIDGE_M + 2.0
        if station - last < _SPAN_M or not clear.all() or not _free_below(place, road, deck):
            continue
        last = station
        for point, foot in zip(place.local(deck), land - place.builder.origin[2]):
            tall = float(point[2]) - DECK_M - float(foot) + 0.5
            pier = box((0.9, 0.9, tall), (point[0], point[1], float(foot) - 0.5 + 0.5 * tall))
            place.put_mesh(pier, (CONCRETE,), "wall")


def _free_below(place: Place, road: Road, deck: F64) -> bool:
    """Whether no other road comes within 2 m of points (N, 3) below them."""
    for other in place.network.roads.values():
        if other.id == road.id:
            continue
        s = np.arange(0.0, other.length, 4.0)
        left, right = _edges(other, s)
        points = other.point(s, 0.5 * (left + right))
        half = 0.5 * (left - right) + 2.0
        away = np.hypot(points[:, None, 0] - deck[None, :, 0], points[:, None, 1] - deck[None, :, 1])
        below = points[:, None, 2] < deck[None, :, 2] - 1.0
        if (below & (away < half[:, None])).any():
            return False
    return True


# ---------------------------------------------------------------- tunnels


@cache
def luminaire(flux_lm: float, switch: Switch) -> Model:
    """A lamp below the ceiling of a tunnel, that radiates evenly downward; 0.9 m long, those behind portals 1.2 m."""
    length, width = (1.2, 0.5) if switch == Switch.ADAPTATION else (0.9, 0.32)
    body = box((length, width, 0.12), (0.0, 0.0, -0.06))
    lens = box((length - 0.06, width - 0.06, 0.02), (0.0, 0.0, -0.13))
    shine = emission(flux_lm / (np.pi * (length - 0.06) * (width - 0.06)), 4000.0)
    glow = Material("tunnel lamp", (0.8, 0.8, 0.8), roughness=0.3, emission_cd_m2=shine, switch=switch)
    lamp = Lamp((0.0, 0.0, -0.2), (0.0, 0.0, -1.0), flux_lm / np.pi, lamp_color(4000.0), Beam.LAMBERT, switch)
    return Model("street_furniture", (Body(body, (GREY,)), Body(lens, (glow,))), lamps=(lamp,))


def adaptation(depth_m: F64) -> F64:
    """Luminance of the road (N,) by day so far behind the nearest portal, in parts of that right behind it.

    CIE 88:2004: full over half the stopping distance, to 0.4 at its end, then as (1.9 + t)^-1.4 after t seconds.
    """
    beyond = np.maximum(depth_m - _STOPPING_M, 0.0) / _SPEED_MPS
    threshold = np.interp(depth_m, [0.5 * _STOPPING_M, _STOPPING_M], [1.0, 0.4])
    return np.where(depth_m < _STOPPING_M, threshold, 0.4 * (1.0 + beyond / 1.9) ** -1.4)


def _lamps(place: Place, road: Road) -> list[tuple[float, F64, float, Model]]:
    """Distance from the path, place, yaw and model of the lamps in the tunnels of a road."""
    found = []
    for tunnel in road.structures:
        if tunnel.kind != "tunnel":
            continue
        for switch, step in ((Switch.ALWAYS, _INSIDE_M), (Switch.ADAPTATION, _ADAPTATION_M)):
            s = np.arange(tunnel.s + 0.5 * step, tunnel.s + tunnel.length - 2.0, step)
            aim = np.full(len(s), _INSIDE_CD_M2)
            if switch == Switch.ADAPTATION:
                aim = _THRESHOLD_CD_M2 * adaptation(np.minimum(s - tunnel.s, tunnel.s + tunnel.length - s))
                s, aim = s[aim > 2 * _INSIDE_CD_M2], aim[aim > 2 * _INSIDE_CD_M2]
            left, right = _edges(road, s, inside=True)
            flux = aim / _ASPHALT_1_SR * step * (left - right) / (2 * _USED)
            flux = np.maximum(np.rint(flux / _FLUX_STEP_LM), 1.0) * _FLUX_STEP_LM
            heading = road.reference(s)[2]
            for share in (0.3, 0.7):
                points = road.point(s, right + share * (left - right)) + [0.0, 0.0, CLEAR_M - 0.05]
                rows = zip(place.distance(points[:, :2]), points, heading, flux)
                found += [(float(d), p, float(h), luminaire(float(f), switch)) for d, p, h, f in rows if d < 110.0]
    return found


def _fittings(place: Place, road: Road) -> None:
    """Signs of the escape route and emergency stations on the walls near the path."""
    for tunnel in road.structures:
        if tunnel.kind != "tunnel" or tunnel.length < 2 * SIGNS_M:
            continue
        s = np.arange(tunnel.s + 0.5 * SIGNS_M, tunnel.s + tunnel.length, SIGNS_M)
        walls, heading = _edges(road, s, inside=True), road.reference(s)[2]
        points = [road.point(s, t) for t in walls]
        near = place.distance(road.point(s, np.zeros(len(s)))[:, :2]) < _REACH_M
        for k, left, model in fittings(s, tunnel.s, tunnel.length):
            if near[k]:
                inwards = -np.pi / 2 if left else np.pi / 2
                place.put_model(model, points[0 if left else 1][k], float(heading[k] + inwards))
                place.counts["tunnel sign"] += 1
