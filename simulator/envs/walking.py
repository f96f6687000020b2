"""People on foot in the worlds of environments: drawn when a world begins, moved with its traffic, heeded by it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.traffic.crossings import walkway_map
from simulator.traffic.ground import Ground, Worlds
from simulator.traffic.people import step_people
from simulator.traffic.person import Being
from simulator.traffic.populace import draw_people
from simulator.traffic.precedence import gates
from simulator.traffic.simulation import Traffic
from simulator.traffic.walkers import BEINGS, chances, nobody_crosses, reach_of
from simulator.traffic.walkways import Walkways

Array = NDArray[np.float64]


class Walking(NamedTuple):
    """What people need, for kernels.

    Attributes:
        walkways: of the map. reach: running sum of how many people its ways have; empty: it has no way.
        beings: what people are. manners: how they behave.
        lights: (N,) numbers of the traffic lights at crossings. first: (C + 1,) where those of each crossing begin.
        go: (W, C) s for which people may still set out.
        use: (W, C) USE_DTYPE of `traffic.person`.
    """

    walkways: Walkways
    reach: Array
    beings: NDArray[np.void]
    manners: NDArray[np.void]
    lights: NDArray[np.int64]
    first: NDArray[np.int64]
    go: Array
    use: NDArray[np.void]


def walking_of(traffic: Traffic) -> tuple[Walking, Ground, Worlds]:
    """What people need on the map of some traffic, and its arrays, with drivers who stop for people on crossings."""
    lane_map, worlds = traffic.lane_map, len(traffic.worlds.seeds)
    walkways = walkway_map(lane_map.network, lane_map.origin)
    number = {name: k for k, name in enumerate(traffic.plan.ids)}
    lights = [[number[name] for name in each.signals if name in number] for each in walkways.crossings]
    reach = reach_of(walkways)
    walking = Walking(
        walkways.arrays,
        reach if len(reach) and reach[-1] > 0.0 else np.zeros(0),
        BEINGS,
        chances(),
        np.array([k for each in lights for k in each], np.int64),
        np.cumsum([0, *map(len, lights)]),
        np.zeros((worlds, len(lights))),
        nobody_crosses(worlds, walkways),
    )
    right = gates(lane_map, lane_map.network, number, [each.lanes for each in walkways.crossings])
    busy = np.zeros((worlds, max(len(lights), 1)), np.uint8)
    return walking, traffic.ground._replace(gates=right), traffic.worlds._replace(busy=busy)


@kernel
def begin_walking(walking, people, seed, w):  # type: ignore[no-untyped-def]
    """Draw the people (P,) of world `w`."""
    for i in range(people.shape[0]):
        people[i].being = Being.NOBODY
    for c in range(walking.use.shape[1]):
        use = walking.use[w, c]
        use.on = use.about = 0
        use.since = use.seen = use.left = -np.inf
    if walking.reach.shape[0] > 0:
        draw_people(walking.walkways, people, walking.beings, walking.manners, walking.reach, np.uint32(seed), 0)


@kernel
def _time_to_go(program, lights, clock_ns):  # type: ignore[no-untyped-def]
    """s until the first of some traffic lights turns green; 0 where one is not red."""
    least = np.inf
    for k in lights:
        signal = program[k]
        clock = (clock_ns + signal.offset) % signal.cycle
        if signal.green <= clock < signal.red:
            return 0.0
        least = min(least, 1e-9 * ((signal.green - clock) % signal.cycle))
    return least


@kernel
def walk(walking, ground, traffic, people, w, head, link, dt_ns):  # type: ignore[no-untyped-def]
    """Move the people (P,) of world `w` by `dt_ns`, and tell drivers which crossings they use."""
    if walking.reach.shape[0] == 0:
        return
    clock, go, use = traffic.clock_ns[w], walking.go[w], walking.use[w]
    for c in range(go.shape[0]):
        lights = walking.lights[walking.first[c] : walking.first[c + 1]]
        go[c] = _time_to_go(ground.program, lights, clock + traffic.phase_ns[w]) if lights.shape[0] > 0 else np.inf
    step = clock // dt_ns
    vehicles, drivers, seed = traffic.vehicles[w], traffic.drivers[w], np.uint32(traffic.seeds[w])
    step_people(walking.walkways, people, vehicles, drivers, go, use, head, link, seed, 0, step, dt_ns * 1e-9)
    for c in range(go.shape[0]):
        traffic.busy[w, c] = 1 if use[c].on > 0 or use[c].about > 0 else 0
