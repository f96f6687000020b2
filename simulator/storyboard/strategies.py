"""What a road on the way costs, by the strategy of a route (RouteStrategy of ASAM OpenSCENARIO XML 1.3)."""

from __future__ import annotations

from math import inf

from simulator.roads.records import Link
from simulator.roads.scalar import ScalarRoad
from simulator.storyboard import model

# Usual speeds in m/s of kinds of road without a limit; every other kind counts as rural.
_USUAL = {
    **dict.fromkeys(("pedestrian", "bicycle"), 5.0 / 3.6),
    **dict.fromkeys(("lowSpeed", "townPlayStreet", "townPrivate"), 30.0 / 3.6),
    **dict.fromkeys(("town", "townLocal"), 50.0 / 3.6),
    "motorway": 90.0 / 3.6,
}
_RURAL = 70.0 / 3.6


def way_cost(strategy: model.RouteStrategy, road: ScalarRoad, length: float, link: Link | None) -> float:
    """Seconds at the limits ("fastest"), junctions entered by the link ("leastIntersections"), else metres."""
    if strategy == "fastest":
        return length / max(_mean_speed(road), 1e-9)
    if strategy == "leastIntersections":
        return 1.0 if link is not None and link.kind == "junction" else 0.0
    return length


def _mean_speed(road: ScalarRoad) -> float:
    kinds = road.road.types
    if not kinds:
        return _RURAL
    speeds = [k.speed if k.speed is not None and 0.0 < k.speed < inf else _USUAL.get(k.type, _RURAL) for k in kinds]
    return sum(speeds) / len(speeds)
