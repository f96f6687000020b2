"""A road network as flat arrays: where lanes run, what follows them, what lies beside them.

A place on the map is a lane, s metres along its middle in the direction of its traffic, and d metres to the left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError
from simulator.numerics.jit import kernel
from simulator.numerics.trig import sine_cosine
from simulator.roads import DRIVABLE, LaneKey, RoadNetwork
from simulator.roads.lane_frame import LaneFrame, lane_frame
from simulator.traffic.passing_zones import PASSING_DTYPE, find_passing
from simulator.traffic.prospects import find_forks, find_routes, foresee

Array = NDArray[np.float64]

TRAFFIC = DRIVABLE - {"bidirectional", "bus", "taxi"}  # types of lanes that are for everybody
SPACING_M = 1.0  # of samples along a lane, at most
SHORTEST_M = 0.01  # lanes that are shorter are passed over
CLOSED_M, ASIDE_M = 0.25, 0.5  # half the width of a lane that has closed; between ends that do not meet
TURN_RAD = np.radians(30.0)  # a way through a junction that turns by more is no straight one
NONE = -1  # instead of an index

LANE_DTYPE = np.dtype(
    [
        ("first", np.int64),  # of its samples
        ("samples", np.int64),
        ("step", np.float64),  # m between samples
        ("rate", np.float64),  # 1 / step
        ("length", np.float64),  # m
        ("left", np.int64),  # lane of the same direction beside it, or NONE
        ("right", np.int64),
        ("next", np.int64),  # first of `links` to the lanes that follow
        ("nexts", np.int64),  # their number
        ("previous", np.int64),
        ("previouses", np.int64),
        ("junction", np.int64),  # number of the junction that it leads through, or NONE
        ("turn", np.int64),  # of a way through a junction: 1 left, 0 straight on, -1 right
        ("road", np.int64),  # number of its road
        ("fork", np.int64),  # first of `forks`
        ("forks", np.int64),
        ("usable", np.float64),  # m, where it is too narrow for a car from then on, or its length
        ("lasting", np.float64),  # m from its start to where one has to have left it, at most FAR_M
        ("keeps", np.int64),  # side to keep to: -1 right, 1 left (where traffic keeps left)
        ("leaves", np.int64),  # 1 where it ends at the edge of the map
    ]
)
SAMPLE_DTYPE = np.dtype(
    [
        ("x", np.float64),  # m from the origin of the map
        ("y", np.float64),
        ("z", np.float64),
        ("heading", np.float64),  # rad, of the traffic; unwrapped along a lane
        ("cos", np.float64),  # of the heading
        ("sin", np.float64),
        ("pitch", np.float64),  # rad, nose down is positive
        ("roll", np.float64),
        ("curvature", np.float64),  # 1/m, to the left is positive
        ("half_width", np.float64),  # m
        ("limit", np.float64),  # m/s
        ("speed", np.float64),  # m/s, comfortable here and for what comes on this lane
        ("left_s", np.float64),  # m along the lane to the left, at the same station of the road
        ("right_s", np.float64),
        ("station", np.float64),  # m along the road
    ]
)


class Lanes(NamedTuple):
    """What kernels know of a map.

    Attributes:
        lanes: (L,) LANE_DTYPE.
        samples: (S,) SAMPLE_DTYPE, lane by lane, those of a lane equally far apart.
        links: (N,) int64 lanes that follow or precede others.
        forks: (F,) FORK_DTYPE pairs of lanes that part or meet.
        routes: (G, L) float32 m from the start of each lane to each goal, infinite where none leads.
        passing: (S,) PASSING_DTYPE, where one may pass over the oncoming lane, by samples.
    """

    lanes: NDArray[np.void]
    samples: NDArray[np.void]
    links: NDArray[np.int64]
    forks: NDArray[np.void]
    routes: NDArray[np.float32] = np.zeros((0, 0), np.float32)
    passing: NDArray[np.void] = np.zeros(0, PASSING_DTYPE)


@dataclass(frozen=True, eq=False)
class LaneMap:
    """Lanes that traffic drives on.

    Attributes:
        arrays: for kernels.
        keys: (L) names of the lanes: the sections of a lane in which nothing changes but its shape, in the order of
            its traffic.
        origin: (3,) world position of the map's origin, m.
        junctions: ids of the junctions, by number.
        roads: ids of the roads, by number.
        network: the roads that the lanes are of.
    """

    arrays: Lanes
    keys: tuple[tuple[LaneKey, ...], ...]
    origin: Array
    junctions: tuple[str, ...]
    roads: tuple[str, ...]
    network: RoadNetwork

    @property
    def index(self) -> dict[LaneKey, int]:
        """Number of the lane that a section of a road's lane belongs to."""
        return {key: number for number, chain in enumerate(self.keys) for key in chain}

    def heading(self, lane: int, s: float) -> float:
        """Direction of a lane's traffic `s` m along it, rad."""
        row = self.arrays.lanes[lane]
        own = self.arrays.samples["heading"][row["first"] : row["first"] + row["samples"]]
        return float(np.interp(s, row["step"] * np.arange(row["samples"]), own))


def lane_map(network: RoadNetwork, types: frozenset[str] = TRAFFIC, goals: Sequence[LaneKey] = ()) -> LaneMap:
    """The lanes of `types` of a network.

    Links in the middle of a lane (virtual junctions) are left out.

    Args:
        network: the roads.
        types: of lanes.
        goals: lanes that vehicles may be sent to (`goal` of their rows is the number here).

    Raises:
        InputError: there is no such lane, or a goal is none of them.
    """
    chains = [chain for chain in _chains(network, types) if sum(map(network.lane_length, chain)) >= SHORTEST_M]
    if not chains:
        raise InputError("has no lane to drive on", source=network.source or network.name or "the road network")
    index = {key: number for number, chain in enumerate(chains) for key in chain}
    low, high = network.bounds
    origin = np.append(np.round(0.5 * (low + high)), 0.0)
    junctions = {name: number for number, name in enumerate(network.junctions)}
    roads = {name: number for number, name in enumerate(network.roads)}
    rows = np.zeros(len(chains), LANE_DTYPE)
    columns = [_samples(network, chain, origin) for chain in chains]
    counts = np.array([len(column) for column in columns])
    rows["samples"] = counts
    rows["first"] = np.concatenate([[0], np.cumsum(counts)[:-1]])
    samples = np.concatenate(columns)
    links: list[int] = []
    for number, chain in enumerate(chains):
        row, own, key = rows[number], columns[number], chain[0]
        row["step"] = _step(own)
        row["length"], row["rate"] = row["step"] * (len(own) - 1), 1.0 / row["step"]
        row["road"] = roads[key.road]
        row["keeps"] = 1 if network.roads[key.road].rule == "LHT" else -1
        row["junction"] = junctions.get(network.roads[key.road].junction, NONE)
        bend = own["heading"][-1] - own["heading"][0]
        row["turn"] = 0 if abs(bend) < TURN_RAD else int(np.sign(bend))
        for way, number_of, ahead in (("next", "nexts", True), ("previous", "previouses", False)):
            found = _linked(network, chain[-1 if ahead else 0], index, ahead=ahead)
            found = [n for n in found if _meet(*((own, columns[n]) if ahead else (columns[n], own)))]
            row[way], row[number_of] = len(links), len(found)
            links += found
    following = np.array(links, np.int64)
    lanes = Lanes(rows, samples, following, find_forks(rows, samples, following))
    for number, chain in enumerate(chains):
        for side, beside in zip(("left", "right"), network.lane_neighbours(chain[0])):
            other = index.get(beside, NONE) if beside is not None else NONE
            rows[number][side] = other
            if other != NONE:
                _map_across(lanes, number, other, side)
    foresee(rows, samples, following)
    lanes = lanes._replace(passing=find_passing(rows, samples, following, chains, network))
    for goal in goals:
        if goal not in index:
            raise InputError(f"goal {tuple(goal)}: there is no such lane for traffic")
    lanes = lanes._replace(routes=find_routes(rows, following, [index[goal] for goal in goals]))
    return LaneMap(lanes, tuple(chains), origin, tuple(junctions), tuple(roads), network)


def _chains(network: RoadNetwork, types: frozenset[str]) -> list[tuple[LaneKey, ...]]:
    """Lanes of `types`, those of neighbouring sections of a road joined where all lanes of a direction go on as they
    are: section borders are often a metre apart, and mean little to drivers."""
    keys = network.lanes(types)
    allowed = set(keys)
    after: dict[LaneKey, LaneKey] = {}
    for road in network.roads.values():
        for section in range(len(road.sections) - 1):
            for forward in (True, False):
                here, there = (
                    [
                        key
                        for lane in road.sections[number].lanes
                        if (key := LaneKey(road.id, number, lane.id)) in allowed
                        and road.drives_forward(lane.id) == forward
                    ]
                    for number in ((section, section + 1) if forward else (section + 1, section))
                )
                after |= _pairs(network, here, there)
    begun = set(after.values())
    chains = []
    for key in keys:
        if key not in begun:
            chain = [key]
            while chain[-1] in after:
                chain.append(after[chain[-1]])
            chains.append(tuple(chain))
    return chains


def _pairs(network: RoadNetwork, here: list[LaneKey], there: list[LaneKey]) -> dict[LaneKey, LaneKey]:
    """Which of the lanes `there` goes on from which one `here`; empty where some end, begin, part, meet or move."""
    pairs: dict[LaneKey, LaneKey] = {}
    for key in here:
        following = network.next_lanes(key)
        if len(following) != 1 or following[0] not in there or network.previous_lanes(following[0]) != [key]:
            return {}
        pairs[key] = following[0]
    if len(here) != len(there):
        return {}
    for key, other in pairs.items():
        for near, far in zip(network.lane_neighbours(key), network.lane_neighbours(other)):
            if (pairs.get(near) if near else None) != (far if far in there else None):
                return {}
    return pairs


def _samples(network: RoadNetwork, chain: tuple[LaneKey, ...], origin: Array) -> NDArray[np.void]:
    """(K,) SAMPLE_DTYPE of a lane, equally far apart along its middle; the step is kept in the first `left_s`."""
    road = network.roads[chain[0].road]
    stations, parts = [], []
    for number, key in enumerate(chain):
        section = road.sections[key.section]
        ends = (section.s0, section.s1) if road.drives_forward(key.lane) else (section.s1, section.s0)
        stations.append(np.linspace(*ends, max(int(np.ceil(section.length / (0.5 * SPACING_M))), 2) + 1))
        parts.append(np.full(len(stations[-1]), number))
    station, part = np.concatenate(stations), np.concatenate(parts)

    def frame(s: Array, part: NDArray[np.int64]) -> LaneFrame:
        """The lane's frames at stations of parts of the chain."""
        frames = [
            lane_frame(road, key.lane, s[part == number], np.full((part == number).sum(), key.section), exact=True)
            for number, key in enumerate(chain)
        ]
        return LaneFrame(*(np.concatenate(column) for column in zip(*frames)))

    coarse = frame(station, part)
    chord = np.sqrt(np.diff(coarse.x) ** 2 + np.diff(coarse.y) ** 2 + np.diff(coarse.z) ** 2)
    half = 0.5 * np.abs(np.diff(np.unwrap(coarse.heading)))
    chord = chord / np.maximum(np.sinc(np.minimum(half, 1.0) / np.pi), 0.5)  # the arc, as long as the heading turns
    s = np.concatenate([[0.0], np.cumsum(chord)])
    length = max(s[-1], SHORTEST_M)
    count = max(int(np.ceil(length / SPACING_M)), 1) + 1
    s[-1] = length
    even = np.linspace(0.0, length, count)
    part = part[np.clip(np.searchsorted(s, even, "right") - 1, 0, len(s) - 1)]
    station = np.interp(even, s, station)
    f = frame(station, part)
    out = np.zeros(count, SAMPLE_DTYPE)
    out["x"], out["y"], out["z"] = f.x - origin[0], f.y - origin[1], f.z - origin[2]
    out["heading"], out["pitch"], out["roll"] = np.unwrap(f.heading), f.pitch, f.roll
    out["cos"], out["sin"] = np.cos(out["heading"]), np.sin(out["heading"])
    out["curvature"] = np.gradient(out["heading"], length / (count - 1)) if count > 1 else 0.0
    out["half_width"] = np.maximum(0.5 * f.width, 0.0)
    out["limit"] = np.concatenate(
        [road.speed_limits(key.section, key.lane, station[part == number]) for number, key in enumerate(chain)]
    )
    out["station"] = station
    out["left_s"] = out["right_s"] = length / (count - 1)
    return out


def _step(samples: NDArray[np.void]) -> float:
    return float(samples["left_s"][0])


def _linked(network: RoadNetwork, key: LaneKey, index: dict[LaneKey, int], *, ahead: bool) -> list[int]:
    """Lanes on the map that follow (or precede) a lane end to end; those too short to be on it are passed over."""
    graph = network._graph
    found: list[int] = []
    todo, seen = [key], {key}
    while todo:
        here = todo.pop()
        for other in graph.next_lanes(here) if ahead else graph.previous_lanes(here):
            joint = graph.joint(here, other) if ahead else graph.joint(other, here)
            if other in seen or joint != (None, None):
                continue
            seen.add(other)
            if other in index:
                found.append(index[other])
            elif network.lane_length(other) < SHORTEST_M:
                todo.append(other)
    return found


def _meet(own: NDArray[np.void], other: NDArray[np.void]) -> bool:
    """Whether one drives on from the end of a lane to the start of another.

    Not where one of them closes to nothing, or opens from it, beside the other: there one changes lanes.
    """
    end, start = own[-1], other[0]
    aside = np.hypot(end["x"] - start["x"], end["y"] - start["y"])
    return bool(aside < ASIDE_M or min(end["half_width"], start["half_width"]) > CLOSED_M)


def _map_across(lanes: Lanes, number: int, other: int, side: str) -> None:
    """Fill in where along the lane beside it each sample of a lane lies, by their stations."""
    row, beside = lanes.lanes[number], lanes.lanes[other]
    own = lanes.samples[row["first"] : row["first"] + row["samples"]]
    there = lanes.samples[beside["first"] : beside["first"] + beside["samples"]]
    s = beside["step"] * np.arange(beside["samples"])
    order = 1 if there["station"][-1] >= there["station"][0] else -1
    own[f"{side}_s"] = np.interp(own["station"], there["station"][::order], s[::order])


def s_at(lanes: Lanes, lane: int, station: float) -> float:
    """Where along a lane a station of its road lies, m."""
    row = lanes.lanes[lane]
    own = lanes.samples["station"][row["first"] : row["first"] + row["samples"]]
    s = row["step"] * np.arange(row["samples"])
    return float(np.interp(station, own, s) if own[-1] >= own[0] else np.interp(-station, -own, s))


@kernel(inline=True)
def sample_at(lanes, lane, s):
    """Index of the sample before `s` on a lane, and how far on to the next it lies (0..1, beyond the ends outside)."""
    row = lanes.lanes[lane]
    u = s * row.rate
    k = min(max(int(u), 0), row.samples - 2)
    return row.first + k, u - k


@kernel
def lane_pose(lanes, lane, s, d):
    """x, y, z, heading of the place `d` metres to the left of a lane's middle; straight on beyond its ends.

    Between samples a cubic with the samples' directions (Hermite).
    """
    i, u = sample_at(lanes, lane, s)
    a, b, step = lanes.samples[i], lanes.samples[i + 1], lanes.lanes[lane].step
    heading = a.heading + min(max(u, 0.0), 1.0) * (b.heading - a.heading)
    if u <= 0.0:
        x, y, z = a.x + u * step * a.cos, a.y + u * step * a.sin, a.z - u * step * np.tan(a.pitch)
    elif u >= 1.0:
        over = (u - 1.0) * step
        x, y, z = b.x + over * b.cos, b.y + over * b.sin, b.z - over * np.tan(b.pitch)
    else:
        v = 1.0 - u
        w, p, q = u * u * (3.0 - 2.0 * u), step * u * v * v, -step * u * u * v
        x = a.x + (b.x - a.x) * w + p * a.cos + q * b.cos
        y = a.y + (b.y - a.y) * w + p * a.sin + q * b.sin
        z = a.z + u * (b.z - a.z)
    if d == 0.0:
        return x, y, z, heading
    sine, cosine = sine_cosine(heading)
    return x - d * sine, y + d * cosine, z, heading


@kernel
def onto_lane(lanes, lane, s, x, y):
    """Place on a lane of a point near `s`: s, d, and the direction of the lane there."""
    for _ in range(3):
        at_x, at_y, _z, heading = lane_pose(lanes, lane, s, 0.0)
        dx, dy = x - at_x, y - at_y
        along = dx * np.cos(heading) + dy * np.sin(heading)
        s += along
        if abs(along) < 1e-3:
            break
    return s, dy * np.cos(heading) - dx * np.sin(heading), heading


@kernel(inline=True)
def along_left(lanes, lane, s):
    """Where along the lane to the left a place lies, m."""
    i, u = sample_at(lanes, lane, s)
    return lanes.samples[i].left_s + u * (lanes.samples[i + 1].left_s - lanes.samples[i].left_s)


@kernel(inline=True)
def along_right(lanes, lane, s):
    """Where along the lane to the right a place lies, m."""
    i, u = sample_at(lanes, lane, s)
    return lanes.samples[i].right_s + u * (lanes.samples[i + 1].right_s - lanes.samples[i].right_s)


@kernel(inline=True)
def half_width_at(lanes, lane, s):
    """Half the width of a lane, m."""
    i, u = sample_at(lanes, lane, s)
    u = min(max(u, 0.0), 1.0)
    return lanes.samples[i].half_width + u * (lanes.samples[i + 1].half_width - lanes.samples[i].half_width)
