"""Who goes first where lanes meet, and where drivers wait: gates of lanes, and the conflicts behind them.

A lane that others meet, and a way through a junction with a light, has a gate before it. Of two lanes one gives way,
found in this order: <priority> records, signs, the ring of a roundabout, the main road, and the rules without signs
(Vienna Convention on Road Traffic, articles 16 and 18: who turns lets the oncoming traffic pass, and who comes from
the right goes first; the left, where traffic keeps left).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics import se3
from simulator.roads import LaneKey, RoadNetwork
from simulator.roads.approaches import Approach, approach_controls
from simulator.traffic.conflicts import CAR, CONFLICT_DTYPE, GAP_M, LONG, Kind, following, mirrored, overlaps, preceding
from simulator.traffic.lane_map import NONE, LaneMap, Lanes, s_at

ATTACH_M = 20.0  # conflicts this near to the end of a lane are dealt with from the gate before or behind it
MARGIN_M = 1.0  # from the front bumper at a stand to what it stands before
FARTHEST_BACK_M = 2.5  # that stop points are moved for long vehicles that turn
PARALLEL_RAD, ONCOMING_RAD = np.radians(30.0), np.radians(150.0)
RING_M = 400.0  # longest way round a roundabout
TIGHT = 1.0 / 120.0  # 1/m, mean curvature of a ring at least
FASTER_MPS = 2.0  # a main road is faster by more
# Critical gaps, s (HCM 2000, exhibits 17-5 and 17-37): left off the main road, right, straight and left from a minor
# one, into a roundabout.
LEFT_OFF_S, RIGHT_S, ACROSS_S, LEFT_S, RING_S = 4.1, 6.2, 6.5, 7.1, 4.1
ALONGSIDE_S = 3.0  # merging at speed


class Control(IntEnum):
    """What tells drivers to give way."""

    NONE = 0
    YIELD = 1
    STOP = 2
    SIGNAL = 3


GATE_DTYPE = np.dtype(
    [
        ("gated", np.int64),  # 1: drivers ask to be let in
        ("stop", np.float64),  # m along the lane where the front bumper stands; negative: on the lane before
        ("control", np.int64),  # Control
        ("signal", np.int64),  # number of its light, or NONE
        ("all_stop", np.int64),  # 1: all ways into the junction have stop signs: first come, first served
        ("ring", np.int64),  # 1: part of a roundabout
        ("gap", np.float64),  # s, critical gap of traffic that has priority
        ("speed", np.float64),  # m/s that its curves comfortably allow
        ("first", np.int64, (3,)),  # of its conflicts where none, one or both of the two are long vehicles
        ("conflicts", np.int64, (3,)),
        ("clear", np.float64),  # m along the lane where its last conflict ends
        ("car_clear", np.float64),  # where that of cars with cars ends
        # m along the lane from where on a vehicle may stand, and where a car may; infinite below: everywhere.
        ("keep_clear", np.float64),
        ("car_keep_clear", np.float64),
        ("end", np.float64),  # m along the lane where the front bumper stands before the next gate; infinite: far away
        ("first_crossing", np.int64),  # of its crossings for people
        ("crossings", np.int64),
    ]
)
LANE_CROSSING_DTYPE = np.dtype([("crossing", np.int64), ("s0", np.float64), ("s1", np.float64)])


class Gates(NamedTuple):
    """What kernels know of the right of way.

    Attributes:
        gates: (L,) GATE_DTYPE, of the lanes.
        conflicts: (K,) CONFLICT_DTYPE, lane by lane, in the order of s0.
        crossings: (C,) LANE_CROSSING_DTYPE of crossings for people, lane by lane, in the order of s0.
    """

    gates: NDArray[np.void]
    conflicts: NDArray[np.void]
    crossings: NDArray[np.void]


LaneStretch = tuple[LaneKey, float, float]  # a lane, and stations of its road between which something lies on it


def gates(
    lane_map: LaneMap,
    network: RoadNetwork,
    signals: Mapping[str, int] | None = None,
    crossings: Sequence[Sequence[LaneStretch]] = (),
) -> Gates:
    """Gates and conflicts of a map.

    Args:
        lane_map: the lanes of `network`.
        network: roads with their lights, signs and priorities.
        signals: number of each traffic light, by id.
        crossings: of each crossing for people, the stretches of lanes that it covers.
    """
    lanes = lane_map.arrays
    table = np.zeros(len(lanes.lanes), GATE_DTYPE)
    table["signal"] = NONE
    approaches = _approaches(lane_map, network)
    _controls(table, lane_map, approaches, signals or {})
    left_hand = any(road.rule == "LHT" for road in network.roads.values())
    table["ring"] = _rings(lanes, left_hand=left_hand)
    found = []
    for body, other in ((CAR, CAR), (LONG, CAR), (LONG, LONG)):
        rows = overlaps(lanes, body, None if body is other else other)
        rows = _attached(lanes, rows[np.isin(rows["kind"], (Kind.CROSS, Kind.MERGE, Kind.OPPOSITE))])
        if body is LONG:  # on roads long vehicles are left alone: drivers see them coming
            inside = lanes.lanes["junction"] != NONE
            rows = rows[inside[rows["lane"]] & inside[rows["other"]]]
        rows = _yielding(rows, lanes, table, approaches, left_hand=left_hand)
        found.append(rows)
    _enter(table, found)
    rows = np.concatenate(found)
    table["gated"] = (table["conflicts"] > 0).any(axis=1) | (table["signal"] != NONE)
    table["speed"] = np.minimum.reduceat(lanes.samples["speed"], lanes.lanes["first"])
    table["gap"] = _critical_gaps(lanes, table, rows, left_hand=left_hand)
    strips = _lane_crossings(lane_map, crossings)
    lane = np.array([k for k, *_ in strips], np.int64)
    table["first_crossing"] = np.searchsorted(lane, np.arange(len(table)))
    table["crossings"] = np.searchsorted(lane, np.arange(len(table)), "right") - table["first_crossing"]
    across = np.array([tuple(strip[1:]) for strip in strips], LANE_CROSSING_DTYPE)
    _stop_before(table, lanes, rows, across)
    _ends(table, lanes)
    found = [_end_before_next(table, rows) for rows in found]
    _enter(table, found)
    _keep_clear(table, lanes, found)
    return Gates(table, np.concatenate(found), across)


def _enter(table: NDArray[np.void], found: Sequence[NDArray[np.void]]) -> None:
    """Enter where each lane's conflicts are: between cars, between a long vehicle and a car, between long vehicles."""
    table["clear"] = table["car_clear"] = 0.0
    begin = 0
    for long, rows in enumerate(found):
        first, last = (np.searchsorted(rows["lane"], np.arange(len(table)), side) for side in ("left", "right"))
        table["first"][:, long], table["conflicts"][:, long] = begin + first, last - first
        np.maximum.at(table["clear"], rows["lane"], rows["s1"])
        if begin == 0:
            table["car_clear"] = table["clear"]
        begin += len(rows)


def _keep_clear(table: NDArray[np.void], lanes: Lanes, found: Sequence[NDArray[np.void]]) -> None:
    """Enter where nobody may stand for want of room: where others pass; round a roundabout only those who leave it,
    for those who come have to wait anyway. Behind long vehicles it is about cars: few others are long."""
    ring = table["ring"] == 1
    leads_off = np.zeros(len(table), bool)
    for lane in np.flatnonzero(~ring).tolist():
        leads_off[lane] = bool(ring[preceding(lanes, lane)].any())
    clear = table["car_clear"].copy()
    np.maximum.at(clear, found[1]["lane"], found[1]["s1"])
    table["keep_clear"] = np.where(ring, -np.inf, clear)
    table["car_keep_clear"] = np.where(ring, -np.inf, table["car_clear"])
    rows = found[0][ring[found[0]["lane"]] & leads_off[found[0]["other"]]]
    for name in ("keep_clear", "car_keep_clear"):
        np.maximum.at(table[name], rows["lane"], rows["s1"])


def _approaches(lane_map: LaneMap, network: RoadNetwork) -> dict[int, Approach]:
    """How each way into a junction is controlled, by lane."""
    index = lane_map.index
    return {index[way.lane]: way for way in approach_controls(network) if way.lane in index}


def _controls(
    table: NDArray[np.void],
    lane_map: LaneMap,
    approaches: Mapping[int, Approach],
    signals: Mapping[str, int],
) -> None:
    """Fill in controls, lights and stop points."""
    lanes, index = lane_map.arrays, lane_map.index
    table["stop"] = -MARGIN_M
    all_stop: dict[str, bool] = {}
    for way in approaches.values():
        all_stop[way.junction] = all_stop.get(way.junction, True) and way.control == "stop"
    for lane, way in approaches.items():
        row = table[lane]
        row["control"] = Control[way.control.upper()]
        row["all_stop"] = all_stop[way.junction]
        if way.control == "signal":
            row["signal"] = signals.get(way.signal, NONE)
            if row["signal"] == NONE:
                row["control"] = Control.NONE
        back = 0.0
        here = index.get(way.incoming)
        target = index.get(way.stop_lane)
        while here is not None and here != target and back < 2.0 * ATTACH_M:
            back += float(lanes.lanes["length"][here])
            before = preceding(lanes, here)
            here = int(before[0]) if len(before) == 1 else None
        if here is not None and here == target:
            s = s_at(lanes, here, way.stop_s)
            row["stop"] = min(s - float(lanes.lanes["length"][here]) - back, 0.0) - 0.5 * MARGIN_M


def _attached(lanes: Lanes, rows: NDArray[np.void]) -> NDArray[np.void]:
    """Conflicts near the ends of lanes outside of junctions, given to the ways through the junctions there; stretches
    of a pair that touch are one."""
    inside = lanes.lanes["junction"] != NONE
    found: dict[tuple[int, int], list[np.void]] = {}
    for row in rows[rows["lane"] < rows["other"]]:
        ways = _carriers(lanes, inside, int(row["lane"]), float(row["s0"]), float(row["s1"]))
        others = _carriers(lanes, inside, int(row["other"]), float(row["other_s0"]), float(row["other_s1"]))
        for a, shift_a in ways:
            for b, shift_b in others:
                if a == b or b in following(lanes, a) or a in following(lanes, b):
                    continue
                if set(preceding(lanes, a)) & set(preceding(lanes, b)) and (shift_a or shift_b):
                    continue
                moved = row.copy()
                moved["lane"], moved["other"] = a, b
                for name, shift in (("s", shift_a), ("other_s", shift_b)):
                    moved[f"{name}0"] += shift
                    moved[f"{name}1"] += shift
                if (shift_a or shift_b) and row["kind"] == Kind.MERGE:
                    moved["kind"] = Kind.CROSS
                if a > b:
                    moved = mirrored(np.array([moved], CONFLICT_DTYPE))[0]
                _join(found.setdefault((min(a, b), max(a, b)), []), moved)
    half = np.array([row.item() for rows in found.values() for row in rows], CONFLICT_DTYPE)
    _widen_merges(lanes, half)
    both = np.concatenate([half, mirrored(half)])
    return both[np.lexsort((both["s0"], both["other"], both["lane"]))]


def _join(known: list[np.void], row: np.void) -> None:
    """Add a stretch to those of a pair, or widen the one that it touches."""
    for other in known:
        apart = [
            max(row[f"{side}0"], other[f"{side}0"]) - min(row[f"{side}1"], other[f"{side}1"])
            for side in ("s", "other_s")
        ]
        if max(apart) < GAP_M:
            for side in ("s", "other_s"):
                other[f"{side}0"] = min(row[f"{side}0"], other[f"{side}0"])
                other[f"{side}1"] = max(row[f"{side}1"], other[f"{side}1"])
            if Kind.MERGE in (row["kind"], other["kind"]):
                other["kind"] = Kind.MERGE
            return
    known.append(row)


def _widen_merges(lanes: Lanes, rows: NDArray[np.void]) -> None:
    """Let merges begin no later than where drivers begin to follow each other (`Lanes.forks`)."""
    length = lanes.lanes["length"]
    for k in np.flatnonzero(rows["kind"] == Kind.MERGE):
        row = rows[k]
        a, b = int(row["lane"]), int(row["other"])
        first = lanes.lanes["fork"][a]
        for fork in lanes.forks[first : first + lanes.lanes["forks"][a]]:
            if fork["other"] == b and fork["at_end"]:
                row["s0"] = min(row["s0"], length[a] - fork["zone"])
                row["other_s0"] = min(row["other_s0"], length[b] - fork["other_zone"])


def _carriers(lanes: Lanes, inside: NDArray[np.bool_], lane: int, s0: float, s1: float) -> list[tuple[int, float]]:
    """Lanes from whose gates a stretch of a lane is dealt with, and what to add to its s there."""
    if inside[lane]:
        return [(lane, 0.0)]
    length = float(lanes.lanes["length"][lane])
    behind = [int(k) for k in following(lanes, lane) if inside[k]]
    before = [int(k) for k in preceding(lanes, lane) if inside[k]]
    if behind and length - s0 < ATTACH_M and (not before or length - s0 < s1):
        return [(k, -length) for k in behind]
    if before and s1 < ATTACH_M:
        return [(k, float(lanes.lanes["length"][k])) for k in before]
    return [(lane, 0.0)]


def _rings(lanes: Lanes, *, left_hand: bool) -> NDArray[np.int64]:
    """(L,) 1 for lanes that lead round a roundabout: those that return to themselves, always turning one way."""
    side = -1.0 if left_hand else 1.0
    rows, samples = lanes.lanes, lanes.samples
    turn = side * (samples["heading"][rows["first"] + rows["samples"] - 1] - samples["heading"][rows["first"]])
    round_ = turn >= TIGHT * rows["length"]
    ring = np.zeros(len(rows), np.int64)
    for lane in np.flatnonzero(round_).tolist():
        if ring[lane]:
            continue
        todo: list[tuple[list[int], float]] = [([lane], float(rows["length"][lane]))]
        seen = {lane}
        while todo:
            way, length = todo.pop()
            for other in following(lanes, way[-1]).tolist():
                if other == lane and abs(turn[way].sum() - 2.0 * np.pi) < 0.5:
                    ring[way] = 1
                    todo.clear()
                    break
                if other not in seen and round_[other] and length < RING_M:
                    seen.add(other)
                    todo.append(([*way, other], length + float(rows["length"][other])))
    return ring


def _yielding(
    rows: NDArray[np.void],
    lanes: Lanes,
    table: NDArray[np.void],
    approaches: Mapping[int, Approach],
    *,
    left_hand: bool,
) -> NDArray[np.void]:
    """The conflicts with `yields` filled in."""
    a, b = rows["lane"], rows["other"]
    first, last = lanes.lanes["first"], lanes.lanes["first"] + lanes.lanes["samples"] - 1
    start, end = lanes.samples["heading"][first], lanes.samples["heading"][last]
    side = -1.0 if left_hand else 1.0
    turn = side * (end - start)  # to the side of the oncoming traffic is positive
    heading = start
    # The rules, the strongest first: each says 1, -1 or 0 (nothing).
    record = _recorded(rows, approaches)
    must = np.isin(table["control"], (Control.YIELD, Control.STOP)).astype(np.int64)
    signs = must[a] - must[b]
    ring = table["ring"][b] - table["ring"][a]
    lit = (table["signal"][a] != NONE) & (table["signal"][b] != NONE)
    main = np.where(lit, 0, _main_roads(lanes, table, rows, turn))
    delta = side * se3.wrap_angle(heading[b] - heading[a])  # of the other's heading; from the right is positive
    oncoming = np.abs(delta) > ONCOMING_RAD
    parallel = np.abs(delta) < PARALLEL_RAD
    more = np.sign(np.round(turn[a] - turn[b], 1))  # who turns more across the oncoming traffic
    bend = np.sign(np.round(np.abs(turn[a]) - np.abs(turn[b]), 1))
    usual = np.where(oncoming, more, np.where(parallel, bend, np.sign(delta)))
    index = np.sign(a - b)
    yields = np.zeros(len(rows), np.int64)
    for rule in (record, signs, ring, main, usual, index):
        yields = np.where(yields == 0, rule, yields).astype(np.int64)
    rows["yields"] = np.where((table["all_stop"][a] == 1) & (table["all_stop"][b] == 1), 0, yields)
    return rows


def _recorded(rows: NDArray[np.void], approaches: Mapping[int, Approach]) -> NDArray[np.int64]:
    """What <priority> records say of each conflict."""
    above = {lane: way.gives_way_to for lane, way in approaches.items() if way.gives_way_to}
    road = {lane: way.lane.road for lane, way in approaches.items()}
    out = np.zeros(len(rows), np.int64)
    for k, (a, b) in enumerate(zip(rows["lane"].tolist(), rows["other"].tolist())):
        out[k] = (road.get(b, "") in above.get(a, ())) - int(road.get(a, "") in above.get(b, ()))
    return out


def _main_roads(
    lanes: Lanes, table: NDArray[np.void], rows: NDArray[np.void], turn: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Which side of each conflict comes from the smaller road: that with fewer lanes, slower, or ending here."""
    known = lanes.lanes["junction"] != NONE
    count = len(table)
    before = np.array([(preceding(lanes, k)[:1].tolist() or [NONE])[0] for k in range(count)], np.int64)
    abreast = np.array([_abreast(lanes, k) for k in range(count)])
    # m/s just before the junction
    limit = lanes.samples["limit"][lanes.lanes["first"] + lanes.lanes["samples"] - 1]
    limit = np.where(np.isfinite(limit), limit, 1000.0)
    road = lanes.lanes["road"]
    # A road goes on where one of its lanes leads about straight through the junction.
    goes_on: dict[tuple[int, int], bool] = {}
    arms: dict[int, set[int]] = {}
    for k in np.flatnonzero(known & (before != NONE)).tolist():
        key = (int(lanes.lanes["junction"][k]), int(road[before[k]]))
        goes_on[key] = goes_on.get(key, False) or abs(float(turn[k])) < 2.0 * PARALLEL_RAD
        arms.setdefault(key[0], set()).add(key[1])
    out = np.zeros(len(rows), np.int64)
    for k, (a, b) in enumerate(zip(rows["lane"].tolist(), rows["other"].tolist())):
        p, q = int(before[a]), int(before[b])
        if p == NONE or q == NONE or road[p] == road[q]:
            continue
        j, i = int(lanes.lanes["junction"][a]), int(lanes.lanes["junction"][b])
        ends = int(goes_on.get((i, int(road[q])), False)) - int(goes_on.get((j, int(road[p])), False))
        if i != j or len(arms.get(j, ())) == 4:
            ends = 0
        faster = 0 if abs(limit[q] - limit[p]) < FASTER_MPS else int(np.sign(limit[q] - limit[p]))
        wider = int(np.sign(abreast[q] - abreast[p]))
        out[k] = ends or faster or wider
    return out


def _abreast(lanes: Lanes, lane: int) -> int:
    """Number of lanes of one direction at the end of a lane."""
    count = 1
    for side in ("left", "right"):
        here = int(lanes.lanes[side][lane])
        while here != NONE:
            count += 1
            here = int(lanes.lanes[side][here])
    return count


def _critical_gaps(
    lanes: Lanes, table: NDArray[np.void], rows: NDArray[np.void], *, left_hand: bool
) -> NDArray[np.float64]:
    """Critical gap of each lane, s."""
    across = (-1 if left_hand else 1) * lanes.lanes["turn"]
    minor = np.zeros(len(table), bool)  # gives way to traffic from the sides too
    start = lanes.samples["heading"][lanes.lanes["first"]]
    angle = np.abs(se3.wrap_angle(start[rows["other"]] - start[rows["lane"]]))
    sideways = (angle > PARALLEL_RAD) & (angle < ONCOMING_RAD) & (rows["yields"] == 1)
    minor[rows["lane"][sideways]] = True
    alongside = np.ones(len(table), bool)
    alongside[rows["lane"][angle > PARALLEL_RAD]] = False
    gap = np.where(across > 0, LEFT_S, np.where(across < 0, RIGHT_S, ACROSS_S))
    gap = np.where(~minor, LEFT_OFF_S, gap)
    gap = np.where(alongside, ALONGSIDE_S, gap)
    to_ring = np.zeros(len(table), bool)
    to_ring[rows["lane"][(table["ring"][rows["other"]] == 1) & (table["ring"][rows["lane"]] == 0)]] = True
    return np.where(to_ring, RING_S, gap)


def _lane_crossings(
    lane_map: LaneMap, crossings: Sequence[Sequence[LaneStretch]]
) -> list[tuple[int, int, float, float]]:
    """(lane, crossing, s0, s1) of crossings on lanes, sorted."""
    index = lane_map.index
    out = []
    for number, stretches in enumerate(crossings):
        spans: dict[int, tuple[float, float]] = {}
        for key, low, high in stretches:
            lane = index.get(key)
            if lane is not None:
                s = sorted((s_at(lane_map.arrays, lane, low), s_at(lane_map.arrays, lane, high)))
                known = spans.get(lane, (s[0], s[1]))
                spans[lane] = (min(known[0], s[0]), max(known[1], s[1]))
        out += [(lane, number, s0, s1) for lane, (s0, s1) in spans.items()]
    return sorted(out, key=lambda row: (row[0], row[2]))


def _stop_before(table: NDArray[np.void], lanes: Lanes, rows: NDArray[np.void], across: NDArray[np.void]) -> None:
    """Move stop points back, so that who stands there is in nobody's way, nor on a crossing."""
    plain = (lanes.lanes["junction"] == NONE) & (table["conflicts"][:, 0] > 0)
    for lane in np.flatnonzero(table["gated"]).tolist():
        row = table[lane]
        own, turning = (rows[row["first"][k] : row["first"][k] + row["conflicts"][k]]["s0"] for k in (0, 2))
        nearest = float(own.min(initial=np.inf))
        if plain[lane] and not len([k for k in preceding(lanes, lane) if table["gated"][k]]):
            row["stop"] = nearest - MARGIN_M  # a lane outside of junctions: drivers wait on it
        row["stop"] = min(row["stop"], nearest - MARGIN_M)
        if _gap_before(table, lanes, lane) > ATTACH_M:
            row["stop"] = min(row["stop"], max(float(turning.min(initial=np.inf)) - MARGIN_M, -FARTHEST_BACK_M))
        for before in preceding(lanes, lane).tolist():
            length = float(lanes.lanes["length"][before])
            first, count = table["first_crossing"][before], table["crossings"][before]
            for strip in across[first : first + count]:
                if strip["s0"] - length <= row["stop"] < strip["s1"] - length + 2.0 * MARGIN_M:
                    row["stop"] = strip["s0"] - length - MARGIN_M


def _gap_before(table: NDArray[np.void], lanes: Lanes, lane: int) -> float:
    """m from the nearest gated lane that leads to a lane to that lane; infinite where none is near."""
    gap, here = 0.0, lane
    while gap < 2.0 * ATTACH_M:
        before = preceding(lanes, here)
        if not len(before):
            break
        here = int(before[0])
        if table["gated"][here]:
            return gap
        gap += float(lanes.lanes["length"][here])
    return np.inf


def _ends(table: NDArray[np.void], lanes: Lanes) -> None:
    """Fill in where drivers wait before the next gate; never inside the junction before."""
    table["end"] = np.inf
    for lane in np.flatnonzero(table["gated"]).tolist():
        gap, here = _gap_before(table, lanes, lane), lane
        if not np.isfinite(gap):
            continue
        table["stop"][lane] = max(table["stop"][lane], -max(gap, 0.5 * MARGIN_M))
        while not table["gated"][preceding(lanes, here)[0]]:
            here = int(preceding(lanes, here)[0])
        for first in preceding(lanes, here).tolist():
            table["end"][first] = min(table["end"][first], lanes.lanes["length"][first] + gap + table["stop"][lane])


def _end_before_next(table: NDArray[np.void], rows: NDArray[np.void]) -> NDArray[np.void]:
    """The conflicts, none beyond where drivers wait before the next gate: what comes behind is that gate's."""
    for side, lane in (("s", "lane"), ("other_s", "other")):
        rows[f"{side}1"] = np.minimum(rows[f"{side}1"], table["end"][rows[lane]])
    return np.asarray(rows[(rows["s1"] > rows["s0"]) & (rows["other_s1"] > rows["other_s0"])])
