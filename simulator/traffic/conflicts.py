"""Where bodies of traffic on two lanes would meet: stretches of lanes whose corridors overlap."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.traffic.lane_map import NONE, Lanes, lane_pose


class Body(NamedTuple):
    """What sweeps a corridor: a box on two axles that keep to the middle of lanes; m."""

    front: float  # of the bumper ahead of the rear axle
    rear: float  # of the bumper behind it
    wheelbase: float
    half_width: float  # with some room


CAR = Body(4.3, 1.0, 3.3, 1.2)  # a van, 2 m wide
LONG = Body(8.6, 3.4, 5.9, 1.4)  # a bus of 12 m, 2.55 m wide (Directive 96/53/EC)
NARROWEST_M = 0.8  # where a lane is narrower, nobody is
STOREY_M = 2.5  # what lies higher above is another road: bridges clear 4.5 m, and roads in one junction meet
JOINT_M = 4.0  # a lane that begins so soon behind another's end is its continuation, hence no conflict
GAP_M = 4.0  # stretches that are nearer to each other count as one
OPPOSITE_RAD = np.radians(150.0)


class Kind(IntEnum):
    """How two lanes meet."""

    CROSS = 0  # over each other, or touching on parallel ways
    MERGE = 1  # both go on into the same lane
    DIVERGE = 2  # both come from the same lane
    OPPOSITE = 3  # head on
    BESIDE = 4  # neighbours of one road that are too narrow for two bodies abreast


CONFLICT_DTYPE = np.dtype(
    [
        ("lane", np.int64),
        ("other", np.int64),  # the lane whose traffic is in the way
        ("s0", np.float64),  # m along the lane, where the shared stretch begins; negative on the lane before
        ("s1", np.float64),  # where it ends; beyond the lane's length on the lane behind
        ("other_s0", np.float64),  # the same, along the other lane
        ("other_s1", np.float64),
        ("kind", np.int64),  # Kind
        ("yields", np.int64),  # 1: this lane's traffic gives way, -1: the other's, 0: neither by any rule
    ]
)


def overlaps(lanes: Lanes, body: Body = CAR) -> NDArray[np.void]:
    """(K,) CONFLICT_DTYPE of all pairs of lanes, each pair both ways, sorted by lane and other; `yields` is 0.

    A corridor is what a body sweeps; straight on, no more than the width of the lane. It is taken piece by piece
    between samples, so stretches are exact to one spacing of samples, and never too short. Lanes that follow each
    other end to end are left out, as are lanes above each other.
    """
    piece, lane, number = _pieces(lanes, body)
    if not len(piece):
        return np.zeros(0, CONFLICT_DTYPE)
    cell = np.floor(piece[:, :2] / _CELL_M).astype(np.int64)
    cell -= cell.min(axis=0)
    width = int(cell[:, 1].max()) + 1
    key = cell[:, 0] * width + cell[:, 1]
    order = np.argsort(key, kind="stable")
    cells, start = np.unique(key[order], return_index=True)
    start = np.append(start, len(order))
    pairs = np.zeros((16 * len(piece), 2), np.int64)
    count = _meet(piece, lane, cell, width, order, cells, start, pairs)
    if count > len(pairs):
        pairs = np.zeros((count, 2), np.int64)
        _meet(piece, lane, cell, width, order, cells, start, pairs)
    pairs = pairs[:count]
    return _rows(lanes, pairs, lane, number)


_CELL_M = 3.0  # no less than twice the radius of a piece


def _pieces(lanes: Lanes, body: Body) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Corridors between samples: (P, 7) middle x, y, z, cos, sin, half length, half width; lane; number in the lane."""
    rows, samples = lanes.lanes, lanes.samples
    swing = np.zeros((len(samples), 2))
    _swing(lanes, body, swing)
    last = rows["first"] + rows["samples"] - 1
    inner = np.ones(len(samples), bool)
    inner[last] = False
    i = np.flatnonzero(inner)
    lane = np.repeat(np.arange(len(rows)), rows["samples"])[i]
    a, b = samples[i], samples[i + 1]
    length = np.hypot(b["x"] - a["x"], b["y"] - a["y"])
    narrow = np.minimum(a["half_width"], b["half_width"])
    left, right = (np.minimum(body.half_width, narrow) + np.maximum(swing[i], swing[i + 1]).T)
    heading = 0.5 * (a["heading"] + b["heading"])
    cos, sin = np.cos(heading), np.sin(heading)
    shift = 0.5 * (left - right)
    x, y = 0.5 * (a["x"] + b["x"]) - shift * sin, 0.5 * (a["y"] + b["y"]) + shift * cos
    piece = np.stack([x, y, 0.5 * (a["z"] + b["z"]), cos, sin, 0.5 * length, 0.5 * (left + right)], axis=1)
    wide = narrow >= 0.5 * NARROWEST_M
    return piece[wide], lane[wide], (i - rows["first"][lane])[wide]


@kernel
def _swing(lanes, body, out):  # type: ignore[no-untyped-def]
    """Write how far the sides of a body get beyond its half width, to the left and right (S, 2), at each sample: in
    bends the middle cuts the corner and the front swings out."""
    for lane in range(lanes.lanes.shape[0]):
        row = lanes.lanes[lane]
        reach = int(np.ceil((body.front + body.wheelbase) / row.step))
        back = int(np.ceil((body.rear + body.wheelbase) / row.step))
        for k in range(-reach, row.samples + back):
            s = k * row.step
            x, y = _along(lanes, lane, s)
            ahead_x, ahead_y = _along(lanes, lane, s + body.wheelbase)
            dx, dy = ahead_x - x, ahead_y - y
            size = max(np.sqrt(dx * dx + dy * dy), 1e-6)
            dx, dy = dx / size, dy / size
            first, last = int(np.ceil(k - body.rear / row.step)), int(np.floor(k + body.front / row.step))
            for n in range(max(first, 0), min(last, row.samples - 1) + 1):
                here, u = lanes.samples[row.first + n], n * row.step - s
                cos, sin = np.cos(here.heading), np.sin(here.heading)
                left = (x + u * dx - here.x) * -sin + (y + u * dy - here.y) * cos
                out[row.first + n, 0] = max(out[row.first + n, 0], left)
                out[row.first + n, 1] = max(out[row.first + n, 1], -left)


@kernel
def _along(lanes, lane, s):  # type: ignore[no-untyped-def]
    """x, y of a place on a lane, on the first lane before it, or on the first behind it."""
    row = lanes.lanes[lane]
    if s < 0.0 and row.previouses > 0:
        lane = lanes.links[row.previous]
        s += lanes.lanes[lane].length
    elif s > row.length and row.nexts > 0:
        lane = lanes.links[row.next]
        s -= row.length
    x, y, _, _ = lane_pose(lanes, lane, s, 0.0)
    return x, y


@kernel
def _meet(piece, lane, cell, width, order, cells, start, pairs):  # type: ignore[no-untyped-def]
    """Write pairs i < j of pieces of different lanes that overlap; their number, which may be more than there is
    room for."""
    count = 0
    for i in range(piece.shape[0]):
        for column in range(cell[i, 0] - 1, cell[i, 0] + 2):
            low, high = max(cell[i, 1] - 1, 0), min(cell[i, 1] + 1, width - 1)
            k = np.searchsorted(cells, column * width + low)
            while k < cells.shape[0] and cells[k] <= column * width + high:
                for m in range(start[k], start[k + 1]):
                    j = order[m]
                    if j > i and lane[j] != lane[i] and _overlap(piece[i], piece[j]):
                        if count < pairs.shape[0]:
                            pairs[count, 0], pairs[count, 1] = i, j
                        count += 1
                k += 1
    return count


@kernel(inline=True)
def _overlap(a, b):  # type: ignore[no-untyped-def]
    """Whether two rectangles overlap (separating axes), on one storey."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    cos, sin = abs(a[3] * b[3] + a[4] * b[4]), abs(a[3] * b[4] - a[4] * b[3])
    return (
        abs(b[2] - a[2]) < STOREY_M
        and abs(dx * a[3] + dy * a[4]) < a[5] + b[5] * cos + b[6] * sin
        and abs(dy * a[3] - dx * a[4]) < a[6] + b[5] * sin + b[6] * cos
        and abs(dx * b[3] + dy * b[4]) < b[5] + a[5] * cos + a[6] * sin
        and abs(dy * b[3] - dx * b[4]) < b[6] + a[5] * sin + a[6] * cos
    )


def _rows(
    lanes: Lanes, pairs: NDArray[np.int64], lane: NDArray[np.int64], number: NDArray[np.int64]
) -> NDArray[np.void]:
    """Stretches from pairs of pieces."""
    rows = lanes.lanes
    swap = lane[pairs[:, 0]] > lane[pairs[:, 1]]
    pairs[swap] = pairs[swap][:, ::-1]
    a, b = lane[pairs].T
    i, j = number[pairs].T
    order = np.lexsort((j, i, b, a))
    a, b, i, j = a[order], b[order], i[order], j[order]
    step_a, step_b = rows["step"][a], rows["step"][b]
    reach = np.ceil(GAP_M / np.maximum(step_a, 1e-3))
    new = np.ones(len(a), bool)
    new[1:] = (np.diff(a) != 0) | (np.diff(b) != 0) | (np.diff(i) > reach[1:])
    first = np.flatnonzero(new)
    out = np.zeros(len(first), CONFLICT_DTYPE)
    if not len(first):
        return out
    out["lane"], out["other"] = a[first], b[first]
    out["s0"], out["s1"] = np.minimum.reduceat(i * step_a, first), np.maximum.reduceat((i + 1) * step_a, first)
    out["other_s0"] = np.minimum.reduceat(j * step_b, first)
    out["other_s1"] = np.maximum.reduceat((j + 1) * step_b, first)
    followers = [_continuations(lanes, k) for k in range(len(rows))]
    keep = [row["other"] not in followers[row["lane"]] and row["lane"] not in followers[row["other"]] for row in out]
    out = out[np.array(keep, bool)]
    out["kind"] = [_kind(lanes, row) for row in out]
    back = mirrored(out)
    both = np.concatenate([out, back])
    return both[np.lexsort((both["s0"], both["other"], both["lane"]))]


def mirrored(rows: NDArray[np.void]) -> NDArray[np.void]:
    """Conflicts seen from the other lane."""
    back = rows.copy()
    back["lane"], back["other"] = rows["other"], rows["lane"]
    for name in ("s0", "s1"):
        back[name], back[f"other_{name}"] = rows[f"other_{name}"], rows[name]
    back["yields"] = -rows["yields"]
    return back


def following(lanes: Lanes, lane: int) -> NDArray[np.int64]:
    """Lanes that follow a lane."""
    row = lanes.lanes[lane]
    return lanes.links[row["next"] : row["next"] + row["nexts"]]


def preceding(lanes: Lanes, lane: int) -> NDArray[np.int64]:
    """Lanes that lead to a lane."""
    row = lanes.lanes[lane]
    return lanes.links[row["previous"] : row["previous"] + row["previouses"]]


def _continuations(lanes: Lanes, lane: int) -> set[int]:
    """Lanes whose starts lie within `JOINT_M` behind a lane's end, along links."""
    found: set[int] = set()
    todo = [(lane, 0.0)]
    while todo:
        here, gap = todo.pop()
        for other in following(lanes, here).tolist():
            if other not in found:
                found.add(other)
                if gap + lanes.lanes["length"][other] < JOINT_M:
                    todo.append((other, gap + float(lanes.lanes["length"][other])))
    return found


def _kind(lanes: Lanes, row: np.void) -> Kind:
    a, b = int(row["lane"]), int(row["other"])
    length = lanes.lanes["length"]
    at_end = row["s1"] > length[a] - JOINT_M and row["other_s1"] > length[b] - JOINT_M
    at_start = row["s0"] < JOINT_M and row["other_s0"] < JOINT_M
    if at_end and set(following(lanes, a)) & set(following(lanes, b)):
        return Kind.MERGE
    if at_start and set(preceding(lanes, a)) & set(preceding(lanes, b)):
        return Kind.DIVERGE
    if lanes.lanes["road"][a] == lanes.lanes["road"][b] and _chain(lanes, a) == _chain(lanes, b):
        return Kind.BESIDE
    turn = _heading(lanes, a, row["s0"], row["s1"]) - _heading(lanes, b, row["other_s0"], row["other_s1"])
    return Kind.OPPOSITE if abs(np.angle(np.exp(1j * turn))) > OPPOSITE_RAD else Kind.CROSS


def _chain(lanes: Lanes, lane: int) -> int:
    """The leftmost lane beside a lane, over lanes of its direction."""
    while lanes.lanes["left"][lane] != NONE:
        lane = int(lanes.lanes["left"][lane])
    return lane


def _heading(lanes: Lanes, lane: int, s0: float, s1: float) -> float:
    row = lanes.lanes[lane]
    k = int(np.clip(0.5 * (s0 + s1) / row["step"], 0, row["samples"] - 1))
    return float(lanes.samples["heading"][row["first"] + k])
