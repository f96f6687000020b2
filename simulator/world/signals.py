"""Traffic lights: a fixed-time plan for every junction, and where each path must stop."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.numerics import se3
from simulator.numerics.rng import generator
from simulator.roads import Path, Road, RoadNetwork, Signal
from simulator.roads.records import SignalReference
from simulator.roads.signal_meaning import applies_to
from simulator.scene import Switch

GREEN_S, AMBER_S, ALL_RED_S = 18.0, 3.0, 2.0  # amber 3 s at 50 km/h (RiLSA)


@dataclass(frozen=True, slots=True, eq=False)
class SignalPlan:
    """Traffic lights of a network.

    Attributes:
        ids: signal ids, sorted.
        phase: (S,) phase of each signal's junction in which it is green.
        phases: (S,) number of phases of its junction.
        offset_s: (S,) where in its cycle the junction is at the start of the drive.
        junction: (S,) number of each signal's junction.
    """

    ids: tuple[str, ...]
    phase: NDArray[np.int64]
    phases: NDArray[np.int64]
    offset_s: NDArray[np.float64]
    junction: NDArray[np.int64]

    def state(self, times_ns: NDArray[np.int64]) -> NDArray[np.uint32]:
        """(T, S) lamp bits, one of `1 << SIGNAL_RED`, `SIGNAL_AMBER`, `SIGNAL_GREEN`."""
        share = GREEN_S + AMBER_S + ALL_RED_S
        clock = (times_ns[:, None] * 1e-9 + self.offset_s) % (share * self.phases)
        into = clock - self.phase * share
        green, amber = (into >= 0) & (into < GREEN_S), (into >= GREEN_S) & (into < GREEN_S + AMBER_S)
        bits = np.where(
            green, 1 << Switch.SIGNAL_GREEN, np.where(amber, 1 << Switch.SIGNAL_AMBER, 1 << Switch.SIGNAL_RED)
        )
        return bits.astype(np.uint32)

    def held(self, green: Sequence[int]) -> NDArray[np.uint32]:
        """(S,) lamp bits that stand still: green for the phases of the signals `green`, red for all others."""
        phase_of = {int(self.junction[k]): int(self.phase[k]) for k in reversed(green)}
        goes = np.array([phase_of.get(j, 0) for j in self.junction.tolist()], np.int64) == self.phase
        return np.where(goes, 1 << Switch.SIGNAL_GREEN, 1 << Switch.SIGNAL_RED).astype(np.uint32)


def plan_signals(network: RoadNetwork, seed: int) -> SignalPlan:
    """Two phases a junction: approaches are grouped by the axis of their heading, unless the map has controllers."""
    controller_of = {sid: cid for cid, controller in network.controllers.items() for sid, _ in controller.controls}
    groups: dict[str, dict[str, tuple[str, float]]] = defaultdict(dict)
    for road in network.roads.values():
        for signal in road.signals:
            if signal.dynamic:
                junction = _junction(road, signal) or f"alone-{road.id}"
                groups[junction][signal.id] = (controller_of.get(signal.id, ""), _heading(road, signal))
    ids, phase, phases, offset, number = [], [], [], [], []
    for index, (junction, signals) in enumerate(groups.items()):
        names = sorted({name for name, _ in signals.values() if name})
        controlled = len(names) > 1 and all(name for name, _ in signals.values())
        axis = next(iter(signals.values()))[1]
        start = float(generator(seed, "signals", junction).uniform(0.0, 200.0))
        for sid, (name, heading) in sorted(signals.items()):
            ids.append(sid)
            crosses = abs(float(np.cos(heading - axis))) < 0.7
            phase.append(names.index(name) if controlled else int(crosses))
            phases.append(len(names) if controlled else 2)
            offset.append(start)
            number.append(index)
    order = np.argsort(np.array(ids)) if ids else np.zeros(0, np.int64)
    return SignalPlan(
        tuple(ids[k] for k in order),
        np.array(phase, np.int64)[order],
        np.array(phases, np.int64)[order],
        np.array(offset, np.float64)[order],
        np.array(number, np.int64)[order],
    )


def _junction(road: Road, signal: Signal) -> str:
    """The junction whose traffic a signal controls."""
    if road.junction:
        return road.junction
    ahead = road.predecessor if signal.orientation == "-" else road.successor
    return ahead.id if ahead is not None and ahead.kind == "junction" else ""


def _heading(road: Road, signal: Signal) -> float:
    heading = float(road.reference(np.array([signal.s]))[2][0])
    return float(se3.wrap_angle(heading + (np.pi if signal.orientation == "-" else 0.0)))


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
