"""Who walks: people by chance on the walkways of a map, and their steps in any number of worlds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.parallel import parallel_for
from simulator.numerics.rng import generator
from simulator.traffic.person import CAUTION_S, PACE_MPS, PACE_SPREAD_MPS, PERSON_DTYPE, USE_DTYPE, Being
from simulator.traffic.walkways import NONE, Array, Kind, WalkwayMap

# Paces beside those of adults (`PACE_MPS`): elderly 0.97 to 1.2 m/s, MUTCD and Knoblauch et al., TRR 1538, 1996
# (older pedestrians 1.25 +- 0.3, 15th percentile 0.97); children about 1.2.
_PACE = {Being.ADULT: (PACE_MPS, PACE_SPREAD_MPS), Being.CHILD: (1.2, 0.25), Being.ELDERLY: (1.1, 0.2)}
_PACE |= {Being.DOG: (1.4, 0.3), Being.ANIMAL: (1.1, 0.3)}
_RADIUS = {Being.ADULT: 0.22, Being.CHILD: 0.18, Being.ELDERLY: 0.22, Being.DOG: 0.18, Being.ANIMAL: 0.3}
_STRIDE = {Being.ADULT: 1.45, Being.CHILD: 1.1, Being.ELDERLY: 1.15, Being.DOG: 0.9, Being.ANIMAL: 1.2}
_LENIENT = {Being.CHILD: 1.0, Being.ELDERLY: 1.3}  # times the caution
_WEIGHT = {Kind.PAVEMENT: 1.0, Kind.CORNER: 1.0, Kind.VERGE: 0.25, Kind.CROSSING: 0.0}  # people per metre of a way
_KEEPS_RIGHT = 0.3  # mean of where across the way people like to walk, towards the side that traffic drives on
_APART_M = 0.6
_TRIES = 20


def populate_people(
    walkways: WalkwayMap,
    worlds: int,
    people: int,
    seed: int,
    *,
    children: float = 0.12,
    elderly: float = 0.15,
    dogs: float = 0.0,
    jaywalkers: float = 0.1,
    heedless: float = 0.0,
    groups: float = 0.25,
    keeps_right: bool = True,
) -> NDArray[np.void]:
    """(W, P) PERSON_DTYPE of people on their way, evenly over the length of ways; none where there is no way.

    Which people a world has depends on its number alone, not on how many worlds there are.

    Args:
        walkways: of the map.
        worlds: W.
        people: P, at most, in each; where there is no room for all, rows stay empty.
        seed: of all draws.
        children, elderly, dogs: shares of them; the others are adults.
        jaywalkers: share of those who cross anywhere, about once a minute.
        heedless: share of those who run over the street without looking, anywhere and at crossings.
        groups: share of people who go in twos and threes.
        keeps_right: whether traffic drives on the right.
    """
    rows = np.zeros((worlds, people), PERSON_DTYPE)
    rows["way"] = rows["next_way"] = rows["crossing"] = rows["over"] = NONE
    arrays = walkways.arrays
    if not len(arrays.ways):
        return rows
    weight = arrays.ways["length"] * np.array([_WEIGHT[Kind(kind)] for kind in arrays.ways["kind"]])
    if weight.sum() <= 0.0:
        return rows
    shares = [1.0 - children - elderly - dogs, children, elderly, dogs]
    for world in range(worlds):
        rng = generator(seed, "people", world)
        own = rows[world]
        being = rng.choice([Being.ADULT, Being.CHILD, Being.ELDERLY, Being.DOG], people, p=shares)
        way = rng.choice(len(weight), people, p=weight / weight.sum())
        draws = {name: rng.random(people) for name in ("stray", "heed", "group", "forward", "phase")}
        noise = {name: rng.normal(size=people) for name in ("pace", "caution", "side")}
        places = rng.random((people, _TRIES))
        own["group"] = np.arange(people)
        for kind in Being:
            if kind is Being.NOBODY:
                continue
            mine = being == kind
            mean, spread = _PACE[kind]
            own["pace"][mine] = np.clip(mean + spread * noise["pace"][mine], 0.5 * mean, 1.6 * mean)
            own["radius"][mine], own["stride"][mine] = _RADIUS[kind], _STRIDE[kind]
            own["caution"][mine] = CAUTION_S * _LENIENT.get(kind, 1.0) * np.exp(0.2 * noise["caution"][mine])
        own["strays"] = np.where(draws["stray"] < jaywalkers, 1.0 / 60.0, 0.0)
        own["heedless"] = draws["heed"] < heedless
        own["strays"] = np.where(own["heedless"] > 0, 1.0 / 20.0, own["strays"])
        own["side"] = np.clip((-_KEEPS_RIGHT if keeps_right else _KEEPS_RIGHT) + 0.45 * noise["side"], -1.0, 1.0)
        own["progress"] = own["pace"]
        own["phase"], own["haste"] = 2.0 * np.pi * draws["phase"], 1.0
        taken = np.zeros((0, 2))
        for i in range(people):
            joins = i > 0 and draws["group"][i] < 0.6 * groups and own["being"][i - 1] > 0 and being[i] < Being.DOG
            taken = _place(arrays, own, i, int(way[i]), places[i], joins, bool(draws["forward"][i] < 0.5), taken)
            if own["way"][i] != NONE:
                own["being"][i] = being[i]
    return rows


def _place(arrays, own, i, way, places, joins, forward, taken) -> Array:  # type: ignore[no-untyped-def]
    """Put a person somewhere on a way, or beside the one before, where nobody is; all places taken (K, 2)."""
    row = own[i]
    for share in places:
        if joins:
            before = own[i - 1]
            way, s, forward = int(before["way"]), before["s"] - 0.5 + share, before["forward"] > 0
            side = -np.sign(before["side"]) * min(abs(before["side"]) + 0.4, 1.0)
        else:
            s, side = share * arrays.ways["length"][way], row["side"]
        first, size = int(arrays.ways["first"][way]), int(arrays.ways["points"][way])
        points = arrays.points[first : first + size]
        s = float(np.clip(s, 0.0, points["s"][-1]))
        k = int(np.clip(np.searchsorted(points["s"], s, side="right") - 1, 0, size - 2))
        a, b = points[k], points[k + 1]
        step = np.array([b["x"] - a["x"], b["y"] - a["y"]])
        length = max(float(np.linalg.norm(step)), 1e-9)
        u = (s - a["s"]) / max(b["s"] - a["s"], 1e-9)
        half = a["half_width"] + u * (b["half_width"] - a["half_width"])
        d = (1.0 if forward else -1.0) * side * max(half - row["radius"] - 0.15, 0.0)
        xy = np.array([a["x"], a["y"]]) + u * step + d * np.array([-step[1], step[0]]) / length
        if len(taken) and np.min(np.hypot(*(taken - xy).T)) < _APART_M:
            continue
        row["way"], row["point"], row["s"], row["d"], row["side"] = way, first + k, s, d, side
        row["forward"] = 1 if forward else -1
        row["x"], row["y"] = xy
        row["z"] = a["z"] + u * (b["z"] - a["z"])
        row["heading"] = np.arctan2(step[1], step[0]) + (0.0 if forward else np.pi)
        row["vx"], row["vy"] = row["pace"] * np.cos(row["heading"]), row["pace"] * np.sin(row["heading"])
        if joins:
            row["group"], row["pace"] = own[i - 1]["group"], own[i - 1]["pace"]
            row["draws"] = own[i - 1]["draws"]
        _first_choice(arrays, row)
        return np.asarray(np.concatenate([taken, xy[None]]))
    return np.asarray(taken)


def _first_choice(arrays, row) -> None:  # type: ignore[no-untyped-def]
    """The way after the first: any at its end; groups draw the same."""
    way = arrays.ways[row["way"]]
    node = arrays.nodes[way["end"] if row["forward"] > 0 else way["start"]]
    arrival = 2 * row["way"] + (1 if row["forward"] > 0 else 0)
    ends = [int(e) for e in arrays.ends[node["first"] : node["first"] + node["ends"]] if e != arrival] or [int(arrival)]
    chosen = ends[int(row["group"]) % len(ends)]
    row["next_way"], row["next_forward"] = chosen // 2, 1 if chosen % 2 == 0 else -1


def nobody_crosses(worlds: int, walkways: WalkwayMap) -> NDArray[np.void]:
    """(W, C) USE_DTYPE at the start: nobody on any crossing."""
    use = np.zeros((worlds, len(walkways.crossings)), USE_DTYPE)
    use["since"], use["left"] = np.inf, -np.inf
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
    from simulator.traffic.people import step_worlds

    if not len(walkways.arrays.ways):
        return

    def work(begin: int, end: int) -> None:
        step_worlds(walkways.arrays, people, vehicles, drivers, go, use, seed, step, dt, begin, end)

    parallel_for(work, len(people), chunk=16, threads=threads)
