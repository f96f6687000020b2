"""Where each path must stop for traffic lights."""

from __future__ import annotations

import numpy as np

from simulator.roads import Path, RoadNetwork, Signal
from simulator.roads.records import SignalReference
from simulator.roads.signal_meaning import applies_to
from simulator.traffic.signals import SignalPlan


def stops_on(network: RoadNetwork, path: Path, plan: SignalPlan) -> tuple[tuple[float, int], ...]:
    """(arc length, signal index) of the stop lines of all traffic lights that apply to a path."""
    index = {sid: k for k, sid in enumerate(plan.ids)}
    stops: dict[int, float] = {}
    for number, key in enumerate(path.keys):
        road = network.roads[key.road]
        section = road.sections[key.section]
        samples = np.flatnonzero(path.key_index == number)
        applying: list[Signal | SignalReference] = [*road.signals, *road.signal_references]
        for signal in applying:
            k = index.get(signal.id)
            if k is None or not len(samples) or not section.s0 <= signal.s <= section.s1:
                continue
            if not applies_to(signal, road, key.lane):
                continue
            gap = np.abs(path.road_s[samples] - signal.s)
            stops.setdefault(k, float(path.s[samples[gap.argmin()]]))
    return tuple((s, k) for k, s in sorted(stops.items(), key=lambda item: item[1]))
