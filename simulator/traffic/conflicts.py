"""Where bodies of traffic on two lanes would meet: stretches of lanes whose corridors overlap."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.traffic.lane_map import NONE, Lanes, half_width_at, lane_pose


class Body(NamedTuple):
    """What sweeps a corridor: a box on two axles that keep to the middle of lanes; m."""

    front: float  # of the bumper ahead of the rear axle
    rear: float  # of the bumper behind it
    wheelbase: float
    half_width: float  # with some room


CAR = Body(4.3, 1.0, 3.3, 1.2)  # a van, 2 m wide
LONG = Body(8.6, 3.4, 5.9, 1.3)  # a bus of 12 m, 2.55 m wide (Directive 96/53/EC)
NARROWEST_M = 0.8  # where a lane is narrower, nobody is
STOREY_M = 2.5  # what lies higher above is another road: bridges clear 4.5 m, and roads in one junction meet
SWING_M = 0.3  # beyond the straight corridor, that count on the lanes before and behind a turn
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


def overlaps(lanes: Lanes, body: Body = CAR, other: Body | None = None) -> NDArray[np.void]:
    """(K,) CONFLICT_DTYPE of all pairs of lanes, each pair both ways, sorted by lane and other; `yields` is 0.

    Bodies are alike, or one is `body` and the one that it meets is `other`, whichever lane that is on.

    A corridor is what a body sweeps; straight on, no more than the width of the lane. It is taken piece by piece
    between samples, so stretches are exact to one spacing of samples, and never too short. Lanes that follow each
    other end to end are left out, as are lanes above each other.
    """
    piece, lane, number, at = _pieces(lanes, body)
    group = np.zeros(len(piece) if other else 0, np.int64)
    if other:
        parts = zip((piece, lane, number, at), _pieces(lanes, other))
        piece, lane, number, at = (np.concatenate(part) for part in parts)
        group = np.append(group, np.ones(len(piece) - len(group), np.int64))
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
    count = _meet(piece, lane, group, cell, width, order, cells, start, pairs)
    if count > len(pairs):
        pairs = np.zeros((count, 2), np.int64)
        _meet(piece, lane, group, cell, width, order, cells, start, pairs)
    return _rows(lanes, _apart(lanes, pairs[:count], at), lane, number)


_CELL_M = 3.0  # no less than twice the radius of a piece


def _pieces(
    lanes: Lanes, body: Body
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Corridors between samples: (P, 7) middle x, y, z, cos, sin, half length, half width; lane; number in the lane;
    lane on which the piece lies.

    Ways through junctions begin on the lane before and end on the lane behind, as far as bodies that turn reach.
    """
    rows = lanes.lanes
    inside = rows["junction"] != NONE
    over = np.where(
        inside[:, None], np.ceil(np.array([body.rear + 0.5 * body.wheelbase, body.front]) / rows["step"][:, None]), 0
    ).astype(np.int64)
    before = np.where(rows["previouses"] > 0, over[:, 0], 0)
    behind = np.where(rows["nexts"] > 0, over[:, 1], 0)
    counts = rows["samples"] - 1 + before + behind
    out, at = np.zeros((int(counts.sum()), 7)), np.zeros(int(counts.sum()), np.int64)
    _sweep(lanes, body, before, behind, out, at)
    lane = np.repeat(np.arange(len(rows)), counts)
    number = np.arange(len(lane)) - np.repeat(np.cumsum(counts) - counts + before, counts)
    wide = (out[:, 6] > 0.0) & ((at == lane) | ~inside[at])
    return out[wide], lane[wide], number[wide], at[wide]


@kernel
def _sweep(lanes, body, before, behind, out, lies_on):
    """Write the pieces (P, 7) of what a body sweeps, and the lanes (P,) that they lie on; half width 0: too narrow.

    In bends the middle cuts the corner, the front swings out, and so does the tail. Left and right of each sample are
    found from bodies at all samples around it; only what reaches beyond a straight corridor counts in the pieces on
    the lanes before and behind.
    """
    piece = 0
    for lane in range(lanes.lanes.shape[0]):
        row = lanes.lanes[lane]
        first, last = -before[lane], row.samples - 1 + behind[lane]
        count = last - first + 1
        sides = np.zeros((count, 2))
        line = np.empty((count, 5))  # x, y, z, heading, half width
        for n in range(count):
            at, s = _along(lanes, lane, (first + n) * row.step)
            x, y, z, heading = lane_pose(lanes, at, s, 0.0)
            line[n, 0], line[n, 1], line[n, 2], line[n, 3] = x, y, z, heading
            line[n, 4] = half_width_at(lanes, at, s)
        reach = int(np.ceil(body.front / row.step))
        back = int(np.ceil(body.rear / row.step))
        for k in range(first - reach, last + back + 1):
            s = k * row.step
            at, there = _along(lanes, lane, s)
            x, y, _, _ = lane_pose(lanes, at, there, 0.0)
            at, there = _along(lanes, lane, s + body.wheelbase)
            dx, dy, _, _ = lane_pose(lanes, at, there, 0.0)
            dx, dy = dx - x, dy - y
            size = max(np.sqrt(dx * dx + dy * dy), 1e-6)
            dx, dy = dx / size, dy / size
            for n in range(max(k - back, first) - first, min(k + reach, last) - first + 1):
                u = min(max((n + first - k) * row.step, -body.rear), body.front)
                left = (x + u * dx - line[n, 0]) * -np.sin(line[n, 3]) + (y + u * dy - line[n, 1]) * np.cos(line[n, 3])
                sides[n, 0], sides[n, 1] = max(sides[n, 0], left), max(sides[n, 1], -left)
        for n in range(count - 1):
            narrow = min(line[n, 4], line[n + 1, 4])
            half = min(body.half_width, narrow)
            left, right = max(sides[n, 0], sides[n + 1, 0]), max(sides[n, 1], sides[n + 1, 1])
            here = out[piece]
            lies_on[piece] = _along(lanes, lane, (first + n + 0.5) * row.step)[0]
            piece += 1
            if narrow < 0.5 * NARROWEST_M or (not 0 <= n + first < row.samples - 1 and max(left, right) < SWING_M):
                continue
            turn = 0.5 * np.arctan2(np.sin(line[n + 1, 3] - line[n, 3]), np.cos(line[n + 1, 3] - line[n, 3]))
            here[3], here[4] = np.cos(line[n, 3] + turn), np.sin(line[n, 3] + turn)
            shift = 0.5 * (left - right)
            here[0] = 0.5 * (line[n, 0] + line[n + 1, 0]) - shift * here[4]
            here[1] = 0.5 * (line[n, 1] + line[n + 1, 1]) + shift * here[3]
            here[2] = 0.5 * (line[n, 2] + line[n + 1, 2])
            here[5], here[6] = 0.5 * row.step, half + 0.5 * (left + right)


@kernel
def _along(lanes, lane, s):
    """A place on a lane, or on the first lanes before and behind it: lane and s there."""
    for _ in range(4):
        row = lanes.lanes[lane]
        if s < 0.0 and row.previouses > 0:
            lane = lanes.links[row.previous]
            s += lanes.lanes[lane].length
        elif s > row.length and row.nexts > 0:
            s -= row.length
            lane = lanes.links[row.next]
        else:
            break
    return lane, s


@kernel
def _meet(piece, lane, group, cell, width, order, cells, start, pairs):
    """Write pairs i < j of pieces of different lanes, and of different groups if there are any, that overlap; their
    number, which may be more than there is room for."""
    count, grouped = 0, len(group) > 0
    for i in range(piece.shape[0]):
        for column in range(cell[i, 0] - 1, cell[i, 0] + 2):
            low, high = max(cell[i, 1] - 1, 0), min(cell[i, 1] + 1, width - 1)
            k = np.searchsorted(cells, column * width + low)
            while k < cells.shape[0] and cells[k] <= column * width + high:
                for m in range(start[k], start[k + 1]):
                    j = order[m]
                    if grouped and group[i] == group[j]:
                        continue
                    if j > i and lane[j] != lane[i] and _overlap(piece[i], piece[j]):
                        if count < pairs.shape[0]:
                            pairs[count, 0], pairs[count, 1] = i, j
                        count += 1
                k += 1
    return count


@kernel(inline=True)
def _overlap(a, b):
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


def _apart(lanes: Lanes, pairs: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs of pieces that lie on different lanes, of which none soon goes on into the other."""
    a, b = at[pairs].T
    code, index = np.unique(a * len(lanes.lanes) + b, return_inverse=True)
    keep = np.zeros(len(code), bool)
    after: dict[int, set[int]] = {}
    for k, (one, two) in enumerate(zip(*(part.tolist() for part in np.divmod(code, len(lanes.lanes))))):
        for lane in (one, two):
            if lane not in after:
                after[lane] = _continuations(lanes, lane)
        keep[k] = one != two and one not in after[two] and two not in after[one]
    return pairs[keep[index]]


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
