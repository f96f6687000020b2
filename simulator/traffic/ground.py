"""Arrays that a step of traffic works on: what all worlds share, and what each has of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.traffic.crowd import Crowd, People, crowd_of
from simulator.traffic.demand import Sources, sources_of
from simulator.traffic.lane_map import LaneMap, Lanes
from simulator.traffic.precedence import Gates, gates
from simulator.traffic.signals import SignalPlan
from simulator.traffic.state import Failing
from simulator.traffic.walkers import chances
from simulator.traffic.walkways import WalkwayMap


class Ground(NamedTuple):
    """What worlds on one map share.

    Attributes:
        lanes: Lanes.
        gates: who goes first in junctions.
        sources: who comes up where.
        program: (S,) SIGNAL_DTYPE of the traffic lights.
        crowd: where people walk, and who.
    """

    lanes: Lanes
    gates: Gates
    sources: Sources
    program: NDArray[np.void]
    crowd: Crowd


class Worlds(NamedTuple):
    """State of W worlds of A vehicles; kernels write it in place.

    Attributes:
        vehicles: (W, A) VEHICLE_DTYPE.
        drivers: (W, A) DRIVER_DTYPE.
        seeds: (W,) uint64.
        clock_ns: (W,) int64 since the last reset.
        phase_ns: (W,) int64, how far the traffic lights were on in their programs at the last reset.
        signals: (W, S) uint8, Colour of the traffic lights.
        people: who walks.
        stand: (W, A) m from each front bumper to where its driver has to stand, infinite for nowhere.
        events: (W, A) uint8, right_of_way.Event bits of what was done in the last step.
        conditions: (W,) CONDITIONS_DTYPE, what the weather does to drivers who come up.
        lines, entries: who was where on the lanes when the last step began, see Occupancy.
    """

    vehicles: NDArray[np.void]
    drivers: NDArray[np.void]
    seeds: NDArray[np.uint64]
    clock_ns: NDArray[np.int64]
    phase_ns: NDArray[np.int64]
    signals: NDArray[np.uint8]
    people: People
    stand: NDArray[np.float64]
    events: NDArray[np.uint8]
    conditions: NDArray[np.void]
    lines: NDArray[np.void]
    entries: NDArray[np.void]


def ground_of(
    lane_map: LaneMap,
    plan: SignalPlan,
    walkways: WalkwayMap,
    kinds: NDArray[np.void] | None = None,
    failing: Mapping[Failing, float] | None = None,
    manners: NDArray[np.void] | None = None,
) -> Ground:
    """What worlds on a map share.

    Args:
        lane_map: of a road network.
        plan: of its traffic lights.
        walkways: of the same map, or of nobody.
        kinds: (K,) KIND_DTYPE of vehicles; None: as the map suggests.
        failing: share of the drivers that fail in each way.
        manners: what people are like, of `walkers.chances`; None: as they mostly are.
    """
    lights = {name: number for number, name in enumerate(plan.ids)}
    right = gates(lane_map, lane_map.network, lights, [crossing.lanes for crossing in walkways.crossings])
    if manners is None:
        manners = chances(keeps_right=all(road.rule != "LHT" for road in lane_map.network.roads.values()))
    crowd = crowd_of(walkways, plan, manners)
    return Ground(lane_map.arrays, right, sources_of(lane_map.arrays, kinds, failing), plan.program, crowd)
