"""Traffic lights: a fixed-time plan for every junction, and the colours that it shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from simulator.numerics import se3
from simulator.numerics.jit import kernel
from simulator.numerics.rng import generator
from simulator.roads import Road, RoadNetwork, Signal
from simulator.scene import Switch

# Amber 3 s at 50 km/h, then 2 s until who has passed last is out of the way (FGSV, Richtlinien für
# Lichtsignalanlagen, RiLSA).
GREEN_S, AMBER_S, ALL_RED_S = 18.0, 3.0, 2.0


class Colour(IntEnum):
    """What a traffic light shows."""

    RED = 0
    AMBER = 1
    GREEN = 2


_LAMPS = np.array(
    [1 << lamp for lamp in (Switch.SIGNAL_RED, Switch.SIGNAL_AMBER, Switch.SIGNAL_GREEN)], np.uint32
)  # by colour
SIGNAL_DTYPE = np.dtype(
    [
        ("junction", np.int64),  # number of its junction
        ("phase", np.int64),  # of its junction, in which it is green
        ("cycle", np.int64),  # ns, of its junction
        ("offset", np.int64),  # ns, where in its cycle the junction is at the start
        ("green", np.int64),  # ns, in the cycle, when it turns green
        ("amber", np.int64),  # when it turns amber
        ("red", np.int64),  # when it turns red
    ]
)


@kernel
def show(program, clock_ns, colours):
    """Write the Colour (S,) that each signal of a program (S,) shows at a time."""
    for k in range(program.shape[0]):
        signal = program[k]
        clock = (clock_ns + signal.offset) % signal.cycle
        colours[k] = Colour.RED
        if signal.green <= clock < signal.red:
            colours[k] = Colour.GREEN if clock < signal.amber else Colour.AMBER


@kernel(inline=True)
def red_for(signal, clock_ns):
    """s for which a signal will still be red; 0 while it is not."""
    clock = (clock_ns + signal.offset) % signal.cycle
    if signal.green <= clock < signal.red:
        return 0.0
    return ((signal.green - clock) % signal.cycle) * 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class SignalPlan:
    """Traffic lights of a network.

    Attributes:
        ids: signal ids, sorted.
        program: (S,) SIGNAL_DTYPE.
    """

    ids: tuple[str, ...]
    program: NDArray[np.void]

    def colours(self, times_ns: NDArray[np.int64]) -> NDArray[np.uint8]:
        """(T, S) Colour at the times (T,)."""
        out = np.zeros((len(times_ns), len(self.ids)), np.uint8)
        for time, row in zip(times_ns, out):
            show(self.program, time, row)
        return out

    def state(self, times_ns: NDArray[np.int64]) -> NDArray[np.uint32]:
        """(T, S) lamp bits, one of `1 << SIGNAL_RED`, `SIGNAL_AMBER`, `SIGNAL_GREEN`."""
        return np.asarray(_LAMPS[self.colours(times_ns)])

    def held(self, green: Sequence[int]) -> NDArray[np.uint32]:
        """(S,) lamp bits that stand still: green for the phases of the signals `green`, red for all others."""
        junction, phase = self.program["junction"], self.program["phase"]
        phase_of = {int(junction[k]): int(phase[k]) for k in reversed(green)}
        goes = np.array([phase_of.get(j, 0) for j in junction.tolist()], np.int64) == phase
        return np.asarray(np.where(goes, _LAMPS[Colour.GREEN], _LAMPS[Colour.RED]))


def plan_signals(network: RoadNetwork, seed: int) -> SignalPlan:
    """Two phases a junction: approaches are grouped by the axis of their heading, unless the map has controllers."""
    controller_of = {sid: cid for cid, controller in network.controllers.items() for sid, _ in controller.controls}
    groups: dict[str, dict[str, tuple[str, float]]] = defaultdict(dict)
    for road in network.roads.values():
        for signal in road.signals:
            if signal.dynamic:
                junction = _junction(road, signal) or f"alone-{road.id}"
                groups[junction][signal.id] = (controller_of.get(signal.id, ""), _heading(road, signal))
    rows: dict[str, tuple[int, ...]] = {}
    share = round((GREEN_S + AMBER_S + ALL_RED_S) * 1e9)
    for index, (junction, signals) in enumerate(groups.items()):
        names = sorted({name for name, _ in signals.values() if name})
        controlled = len(names) > 1 and all(name for name, _ in signals.values())
        axis = next(iter(signals.values()))[1]
        start = round(float(generator(seed, "signals", junction).uniform(0.0, 200.0)) * 1e9)
        for sid, (name, heading) in signals.items():
            crosses = abs(float(np.cos(heading - axis))) < 0.7
            phase = names.index(name) if controlled else int(crosses)
            green = phase * share
            amber = green + round(GREEN_S * 1e9)
            cycle = share * (len(names) if controlled else 2)
            rows[sid] = (index, phase, cycle, start, green, amber, amber + round(AMBER_S * 1e9))
    ids = tuple(sorted(rows))
    return SignalPlan(ids, np.array([rows[sid] for sid in ids], SIGNAL_DTYPE))


def _junction(road: Road, signal: Signal) -> str:
    """The junction whose traffic a signal controls."""
    if road.junction:
        return road.junction
    ahead = road.predecessor if signal.orientation == "-" else road.successor
    return ahead.id if ahead is not None and ahead.kind == "junction" else ""


def _heading(road: Road, signal: Signal) -> float:
    heading = float(road.reference(np.array([signal.s]))[2][0])
    return float(se3.wrap_angle(heading + (np.pi if signal.orientation == "-" else 0.0)))
