"""People in worlds with traffic: drawn with their world, stepped with its lights, told of to its drivers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.traffic.crossings import lights_at
from simulator.traffic.people import step_people
from simulator.traffic.person import PERSON_DTYPE
from simulator.traffic.populace import draw_people
from simulator.traffic.signals import SignalPlan, red_for
from simulator.traffic.walkers import BEINGS, nobody_crosses, reach_of
from simulator.traffic.walkways import WalkwayMap, Walkways


class Crowd(NamedTuple):
    """What people share on one map.

    Attributes:
        walkways: Walkways.
        beings: BEING_DTYPE, by `Being`.
        manners: (1,) CHANCES_DTYPE.
        reach: (M,) running sum over the ways of how many people they have.
        first, lights: those that stop traffic for crossing c are `lights[first[c] : first[c + 1]]`.
    """

    walkways: Walkways
    beings: NDArray[np.void]
    manners: NDArray[np.void]
    reach: NDArray[np.float64]
    first: NDArray[np.int64]
    lights: NDArray[np.int64]


class People(NamedTuple):
    """P people in each of W worlds on a map with C crossings; kernels write it in place.

    Attributes:
        rows: (W, P) PERSON_DTYPE.
        use: (W, C) USE_DTYPE.
        go: (W, C) s for which people may still set out, where there are lights.
        busy: (W, C) uint8, 1 where people are on a crossing or about to step on it.
        head: (W, cells) and link: (W, P) to work in.
    """

    rows: NDArray[np.void]
    use: NDArray[np.void]
    go: NDArray[np.float64]
    busy: NDArray[np.uint8]
    head: NDArray[np.int64]
    link: NDArray[np.int64]


def crowd_of(walkways: WalkwayMap, plan: SignalPlan, manners: NDArray[np.void]) -> Crowd:
    """What people on a map share.

    Args:
        walkways: of the map.
        plan: of its traffic lights.
        manners: (1,) CHANCES_DTYPE, what people are like.
    """
    return Crowd(walkways.arrays, BEINGS, manners, reach_of(walkways), *lights_at(walkways, plan.ids))


def empty_people(worlds: int, people: int, walkways: WalkwayMap) -> People:
    """Rows for P people in each of W worlds, and nobody in them."""
    crossings, side = len(walkways.crossings), 4
    while side * side < 4 * people:
        side *= 2
    return People(
        np.zeros((worlds, people), PERSON_DTYPE),
        nobody_crosses(worlds, walkways),
        np.zeros((worlds, crossings)),
        np.zeros((worlds, crossings), np.uint8),
        np.zeros((worlds, side * side if people else 0), np.int64),
        np.zeros((worlds, people), np.int64),
    )


@kernel(inline=True)
def _keys(seed):
    """Two keys of random draws from a seed of 64 bits."""
    return np.int64(seed & np.uint64(0xFFFFFFFF)), np.int64(seed >> np.uint64(32))


@kernel
def fill_people(crowd, people, w, seed):
    """Draw the people of world `w`, none where there is no way.

    Args:
        crowd: Crowd.
        people: People.
        w: the world.
        seed: of the world.
    """
    use = people.use[w]
    for c in range(use.shape[0]):
        use[c].on = use[c].about = people.busy[w, c] = 0
        use[c].since = use[c].seen = use[c].left = -np.inf
    ways = crowd.reach.shape[0]
    if people.rows.shape[1] and ways and crowd.reach[ways - 1] > 0.0:
        low, high = _keys(seed)
        draw_people(crowd.walkways, people.rows[w], crowd.beings, crowd.manners, crowd.reach, low, high)


@kernel
def walk(crowd, people, vehicles, drivers, seen, program, clock_ns, step, dt, w, seed):
    """Move the people of world `w` by `dt`, and mark the crossings that they use.

    Args:
        crowd: Crowd.
        people: People.
        vehicles, drivers: (A,) of this world.
        seen: (A,) SEEN_DTYPE to work in.
        program: (S,) SIGNAL_DTYPE.
        clock_ns: of the programs.
        step: number of this step, from 0.
        dt: s.
        w: the world.
        seed: of the world.
    """
    crossings, go, use = crowd.walkways.crossings, people.go[w], people.use[w]
    for c in range(crossings.shape[0]):
        if crossings[c].signals > 0:
            left = np.inf
            for k in range(crowd.first[c], crowd.first[c + 1]):
                left = min(left, red_for(program[crowd.lights[k]], clock_ns))
            go[c] = left
    low, high = _keys(seed)
    rows, head, link = people.rows[w], people.head[w], people.link[w]
    step_people(crowd.walkways, rows, vehicles, drivers, go, use, head, link, seen, low, high, step, dt)
    for c in range(crossings.shape[0]):
        people.busy[w, c] = use[c].on + use[c].about > 0
