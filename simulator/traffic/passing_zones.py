"""Where drivers may pass others over the oncoming lane of a road: by its centre line, its sight, and its length.

Roads of one lane each way only: where there are more, slower vehicles are passed by a change of lane.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.roads import LaneKey, RoadNetwork
from simulator.roads.records import RoadMark
from simulator.traffic.prospects import FAR_M, NARROW_M

Array = NDArray[np.float64]

PASSING_DTYPE = np.dtype(
    [
        ("oncoming", np.int64),  # lane of the other direction beside this one, or -1
        ("oncoming_s", np.float64),  # m along it
        ("room", np.float64),  # m ahead along which there is one all the way: 0 before junctions
        ("allowed", np.float64),  # m ahead along which the centre line allows to cross it, at most `room`
        ("sight", np.float64),  # m ahead in which a driver sees who comes, at most `room`
        ("coming", np.float64),  # m/s of somebody who may come from beyond that
    ]
)
# Heights of a driver's eyes, and of an oncoming vehicle that it must see: AASHTO, A Policy on Geometric Design of
# Highways and Streets (2011), section 3.2.6, 1.08 m both, for passing.
EYE_M = 1.08
# From the middle of the lane to what hides the road inside of a bend: the offset of AASHTO's equation 3-36 (horizontal
# sightline offset); here half a lane, a shoulder, and a verge as procedural country roads have it.
OPEN_M = 5.0
SPACING_M = 10.0  # between places from which sight is measured
LOOKS = (0.25, 0.5, 0.75)  # of the line of sight, where the road may hide what is at its end
TURNING_MPS = 8.3  # of who comes out of a junction: 30 km/h; the straight through are seen in time


def allows(mark: RoadMark, *, left: bool) -> bool:
    """Whether a centre line may be crossed from its left or right side (as along the road).

    Broken lines may, also of two the one that is nearer, and where none is painted (StVO, sign 340 and section 5;
    OpenDRIVE 1.8, 11.9: double marks of lane 0 are named from left to right). What the file says of lane changes or of
    passing counts more.
    """
    if mark.lane_change in ("none", "both"):
        return mark.lane_change == "both"
    if mark.lane_change in ("increase", "decrease"):  # of lane ids, which are positive on the left
        return (mark.lane_change == "decrease") == left
    if any(line.rule == "no passing" for line in mark.lines) and " " not in mark.type:
        return False
    parts = mark.type.split()
    return mark.type == "none" or (mark.type != "broken broken" and parts[0 if left else -1] == "broken")


def find_passing(
    rows: NDArray[np.void],
    samples: NDArray[np.void],
    links: NDArray[np.int64],
    chains: Sequence[tuple[LaneKey, ...]],
    network: RoadNetwork,
) -> NDArray[np.void]:
    """(S,) PASSING_DTYPE of the samples of all lanes.

    Args:
        rows: (L,) LANE_DTYPE, complete.
        samples: (S,) SAMPLE_DTYPE.
        links: (N,) as in `Lanes`.
        chains: (L) sections of each lane.
        network: the roads.
    """
    index = {key: number for number, chain in enumerate(chains) for key in chain}
    out = np.zeros(len(samples), PASSING_DTYPE)
    marked = np.zeros(len(samples), np.bool_)
    out["oncoming"] = -1
    single = (rows["left"] < 0) & (rows["right"] < 0) & (rows["junction"] < 0)
    for number in np.flatnonzero(single).tolist():
        own = slice(rows[number]["first"], rows[number]["first"] + rows[number]["samples"])
        marked[own] = _oncoming(out[own], samples[own], chains[number], index, single, rows, samples, network)
    beside = out["oncoming"] >= 0
    for number in np.flatnonzero(single).tolist():
        follows = _follows(rows, links, number)
        own = slice(rows[number]["first"], rows[number]["first"] + rows[number]["samples"])
        for field, there in (("room", beside), ("allowed", beside & marked)):
            out[field][own] = _lasting(rows, there, number, follows)
        if beside[own].any():
            _sight(out[own], rows, samples, number, follows)
    return out


def _oncoming(
    out: NDArray[np.void],
    own: NDArray[np.void],
    chain: tuple[LaneKey, ...],
    index: Mapping[LaneKey, int],
    single: NDArray[np.bool_],
    rows: NDArray[np.void],
    samples: NDArray[np.void],
    network: RoadNetwork,
) -> NDArray[np.bool_]:
    """Fill in the lane of the other direction beside a lane; (K,) whether the line between them may be crossed."""
    road = network.roads[chain[0].road]
    free = np.zeros(len(own), np.bool_)
    sections = road.section_at(own["station"])
    for key in chain:
        other = index.get(LaneKey(key.road, key.section, -key.lane), -1)
        here = np.flatnonzero(sections == key.section)
        if abs(key.lane) != 1 or other < 0 or not single[other] or not len(here):
            continue
        if road.drives_forward(key.lane) == road.drives_forward(-key.lane):
            continue
        row = rows[other]
        there = samples[row["first"] : row["first"] + row["samples"]]
        order = 1 if there["station"][-1] >= there["station"][0] else -1
        station, s = own["station"][here], row["step"] * np.arange(row["samples"])
        wide = np.interp(station, there["station"][::order], there["half_width"][::order]) > NARROW_M
        out["oncoming"][here] = np.where(wide, other, -1)
        out["oncoming_s"][here] = np.interp(station, there["station"][::order], s[::order])
        section = road.sections[key.section]
        for mark in section.lane(0).marks or (RoadMark(0.0, "none"),):  # ascending
            free[here[station >= section.s0 + mark.ds - 1e-6]] = allows(mark, left=key.lane > 0)
    return free


def _follows(rows: NDArray[np.void], links: NDArray[np.int64], number: int) -> list[int]:
    """A lane and those that follow where it has no choice, outside of junctions, as far as drivers look."""
    found, far = [number], 0.0
    while True:
        row = rows[found[-1]]
        far += row["length"]
        if row["nexts"] != 1 or far > FAR_M:
            return found
        after = int(links[row["next"]])
        if rows[after]["junction"] >= 0 or rows[after]["previouses"] != 1 or after in found:
            return found
        found.append(after)


def _lasting(rows: NDArray[np.void], there: NDArray[np.bool_], number: int, follows: Sequence[int]) -> Array:
    """(K,) m from the samples of a lane to the first one, on it or those that follow, that is not `there`."""
    on = 0.0
    for other in follows[:0:-1]:
        row = rows[other]
        gone = np.flatnonzero(~there[row["first"] : row["first"] + row["samples"]])
        on = gone[0] * row["step"] if len(gone) else row["length"] + on
    row = rows[number]
    own = there[row["first"] : row["first"] + row["samples"]]
    s = row["step"] * np.arange(row["samples"])
    stops = np.append(np.where(~own, s, np.inf), row["length"] + on)
    return np.asarray(np.minimum.accumulate(stops[::-1])[::-1][:-1] - s)


def _sight(
    out: NDArray[np.void], rows: NDArray[np.void], samples: NDArray[np.void], number: int, follows: list[int]
) -> None:
    """Fill in how far drivers see on a lane and those that follow, by its bends and crests, and who may come there."""
    row = rows[number]
    step = max(int(round(SPACING_M / row["step"])), 1)
    places, along, offset = [], [], 0.0
    for other in follows:
        lane = rows[other]
        stride = max(int(round(SPACING_M / lane["step"])), 1)
        own = samples[lane["first"] : lane["first"] + lane["samples"] : stride]
        places.append(np.stack([own["x"], own["y"], own["z"]], axis=1))
        along.append(offset + lane["step"] * stride * np.arange(len(own)))
        offset += lane["length"]
    xyz, s = np.concatenate(places), np.concatenate(along)
    starts = len(range(0, row["samples"], step))
    seen, open_ = np.full(starts, offset), np.ones(starts, np.bool_)
    for ahead in range(2, len(xyz)):
        first = np.flatnonzero(open_ & (np.arange(starts) + ahead < len(xyz)))
        if not len(first):
            break
        eye, target = xyz[first], xyz[first + ahead]
        chord = target - eye
        length = np.maximum(np.hypot(chord[:, 0], chord[:, 1]), 1e-6)
        hidden = np.zeros(len(first), np.bool_)
        for look in LOOKS:
            between = xyz[first + round(look * ahead)] - eye
            aside = np.abs(chord[:, 0] * between[:, 1] - chord[:, 1] * between[:, 0]) / length
            share = (chord[:, 0] * between[:, 0] + chord[:, 1] * between[:, 1]) / (length * length)
            hidden |= (aside > OPEN_M) | (between[:, 2] > share * chord[:, 2] + EYE_M)
        seen[first[hidden]] = s[first[hidden] + ahead - 1] - s[first[hidden]]
        open_[first[hidden]] = False
    own_s = row["step"] * np.arange(row["samples"])
    sight = np.interp(own_s, s[:starts], seen) if starts > 1 else np.full(len(own_s), seen[0])
    out["sight"] = np.minimum(sight, out["room"])
    limit = samples["limit"][row["first"] : row["first"] + row["samples"]]
    whole = out["sight"] >= out["room"]
    last = rows[follows[-1]]
    turning = np.minimum(limit, TURNING_MPS)
    out["coming"] = np.where(whole & (last["nexts"] > 0), turning, limit)
