"""People on the walkways of a map, in any number of worlds: drawn by chance, and moved step by step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.parallel import parallel_for
from simulator.numerics.rng import child_seed
from simulator.traffic.people import step_worlds
from simulator.traffic.person import PACE_MPS, PACE_SPREAD_MPS, PERSON_DTYPE, USE_DTYPE, Being
from simulator.traffic.populace import draw_worlds
from simulator.traffic.walkways import NONE, Array, Kind, WalkwayMap

_CHUNK = 16  # worlds that a thread takes at a time
_WEIGHT = {Kind.PAVEMENT: 1.0, Kind.CORNER: 1.0, Kind.VERGE: 0.25, Kind.CROSSING: 0.0}  # people per metre of a way
BEING_DTYPE = np.dtype(
    [
        ("pace", np.float64),  # m/s, mean
        ("spread", np.float64),  # m/s, standard deviation of the pace
        ("radius", np.float64),  # m
        ("stride", np.float64),  # m
        ("care", np.float64),  # times the caution of adults
    ]
)
CHANCES_DTYPE = np.dtype(
    [
        ("share", np.float64, (len(Being),)),  # of each `Being`
        ("jaywalkers", np.float64),
        ("heedless", np.float64),
        ("groups", np.float64),
        ("right", np.float64),  # 1: people keep to the right, -1: to the left
    ]
)
# Paces beside those of adults: older people 1.25 +- 0.3 m/s, the slower ones 0.97 m/s (Knoblauch et al.,
# Transportation Research Record 1538, 1996); bodies about as wide as SUMO's pedestrians, 0.48 m with the arms.
BEINGS = np.array(
    [
        (0.0, 0.0, 0.0, 1.0, 1.0),
        (PACE_MPS, PACE_SPREAD_MPS, 0.22, 1.45, 1.0),
        (1.2, 0.25, 0.18, 1.1, 1.0),
        (1.15, 0.2, 0.22, 1.15, 1.3),
        (1.4, 0.3, 0.18, 0.9, 1.0),
        (1.1, 0.3, 0.3, 1.2, 1.0),
    ],
    BEING_DTYPE,
)


def kernel_seed(seed: int) -> int:
    """The 32 bits of a seed that key the draws of people inside kernels."""
    return child_seed(seed, "people") & 0xFFFFFFFF


def reach_of(walkways: WalkwayMap) -> Array:
    """(M,) running sum over the ways of how many people they have, relative to each other: by length and kind."""
    rows = walkways.arrays.ways
    return np.cumsum(rows["length"] * np.array([_WEIGHT[Kind(kind)] for kind in rows["kind"]]))


def chances(
    *,
    children: float = 0.12,
    elderly: float = 0.15,
    dogs: float = 0.0,
    animals: float = 0.0,
    jaywalkers: float = 0.1,
    heedless: float = 0.0,
    groups: float = 0.25,
    keeps_right: bool = True,
) -> NDArray[np.void]:
    """(1,) CHANCES_DTYPE: what people are like.

    Args:
        children, elderly, dogs, animals: shares of them; the others are adults.
        jaywalkers: share of those who cross anywhere, about once a minute.
        heedless: share of those who run over the street without looking, anywhere and at crossings.
        groups: share of people who go in twos and threes, about.
        keeps_right: whether traffic, and by and large people, keep to the right.
    """
    row = np.zeros(1, CHANCES_DTYPE)
    row["share"][0, [Being.CHILD, Being.ELDERLY, Being.DOG, Being.ANIMAL]] = children, elderly, dogs, animals
    row["share"][0, Being.ADULT] = max(1.0 - children - elderly - dogs - animals, 0.0)
    row["jaywalkers"], row["heedless"], row["groups"] = jaywalkers, heedless, groups
    row["right"] = 1.0 if keeps_right else -1.0
    return row


def populate_people(
    walkways: WalkwayMap, worlds: int, people: int, seed: int, manners: NDArray[np.void] | None = None
) -> NDArray[np.void]:
    """(W, P) PERSON_DTYPE of people on their way, evenly over the length of ways; none where there is no way.

    Which people a world has depends on its number alone, not on how many worlds there are.

    Args:
        walkways: of the map.
        worlds: W.
        people: P, at most, in each; where there is no room for all, rows stay empty.
        seed: of all draws.
        manners: what people are like, of `chances`; None: as they mostly are.
    """
    rows = np.zeros((worlds, people), PERSON_DTYPE)
    rows["way"] = rows["next_way"] = rows["crossing"] = rows["over"] = NONE
    reach = reach_of(walkways)
    if not len(reach) or reach[-1] <= 0.0:
        return rows
    manners = chances() if manners is None else manners

    def work(begin: int, end: int) -> None:
        """Worlds `begin` to `end`."""
        draw_worlds(walkways.arrays, rows, BEINGS, manners, reach, kernel_seed(seed), begin, end)

    parallel_for(work, worlds, chunk=_CHUNK)
    return rows


def nobody_crosses(worlds: int, walkways: WalkwayMap) -> NDArray[np.void]:
    """(W, C) USE_DTYPE at the start: nobody on any crossing."""
    use = np.zeros((worlds, len(walkways.crossings)), USE_DTYPE)
    use["since"] = use["seen"] = use["left"] = -np.inf
    return use


def advance_people(
    walkways: WalkwayMap,
    people: NDArray[np.void],
    vehicles: NDArray[np.void],
    drivers: NDArray[np.void],
    go: Array,
    use: NDArray[np.void],
    seed: int,
    step: int,
    dt: float,
    threads: int | None = None,
) -> None:
    """One step of all worlds, in place; results do not depend on `threads`.

    Args:
        walkways: of the map.
        people: (W, P) PERSON_DTYPE.
        vehicles, drivers: (W, A) VEHICLE_DTYPE and DRIVER_DTYPE.
        go: (W, C) seconds for which people may still set out on each crossing.
        use: (W, C) USE_DTYPE.
        seed: of all draws.
        step: number of this step.
        dt: s.
        threads: default: one a processor.
    """
    if not len(walkways.arrays.ways):
        return

    def work(begin: int, end: int) -> None:
        """Worlds `begin` to `end`."""
        step_worlds(walkways.arrays, people, vehicles, drivers, go, use, kernel_seed(seed), step, dt, begin, end)

    parallel_for(work, len(people), chunk=_CHUNK, threads=threads)
