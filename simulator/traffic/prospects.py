"""What lies ahead on lanes: which part and meet, where they end, and how fast one comfortably drives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FORK_DTYPE = np.dtype(
    [
        ("other", np.int64),  # lane that begins, or ends, with the same one
        ("at_end", np.int64),  # 1: they meet at their ends
        ("zone", np.float64),  # m from that end along which bodies on both would touch
        ("other_zone", np.float64),  # the same along the other
    ]
)
CLEAR_M = 2.6  # between the middles of lanes on which vehicles pass each other: the widest are 2.55 m (EU 96/53)
FAR_M = 1000.0  # further ahead nobody looks
CHANGE_M = 60.0  # of way that a change of lane is worth
NARROW_M = 1.1  # half the width of a lane in which a car finds room
LATERAL_MPS2 = 2.5  # comfortable in curves, for a driver of pace 1
BRAKING_MPS2 = 1.5  # comfortable for what is seen from afar
OPENING = 0.005  # of half the width in a m: where lanes open or close, their middle bends, but nobody steers along it
SLOWEST_MPS = 1.5  # in the tightest curve
SMOOTHING_M = 5  # over which curvature counts: kinks of a map are no curves


def find_forks(rows: NDArray[np.void], samples: NDArray[np.void], links: NDArray[np.int64]) -> NDArray[np.void]:
    """(F,) FORK_DTYPE, lane by lane; fills in `fork` and `forks` of the rows.

    Args:
        rows: (L,) LANE_DTYPE, with samples and links.
        samples: (S,) SAMPLE_DTYPE.
        links: (N,) as in `Lanes`.
    """
    found: list[tuple[int, int, float, float]] = []
    for number, row in enumerate(rows):
        row["fork"] = len(found)
        ends = (("previous", "previouses", "next", "nexts", 0), ("next", "nexts", "previous", "previouses", 1))
        for way, count, back, back_count, at_end in ends:
            joined = links[row[way] : row[way] + row[count]]
            others = {int(o) for k in joined for o in links[rows[k][back] : rows[k][back] + rows[k][back_count]]}
            for other in sorted(others - {number}):
                own = _line(row, samples, at_end)
                there = _line(rows[other], samples, at_end)
                found.append((other, at_end, _touching(own, there, row), _touching(there, own, rows[other])))
        row["forks"] = len(found) - row["fork"]
    return np.array(found, FORK_DTYPE)


def _line(row: np.void, samples: NDArray[np.void], at_end: int) -> NDArray[np.float64]:
    """(K, 2) middle of a lane, beginning where it meets others."""
    own = samples[row["first"] : row["first"] + row["samples"]]
    line = np.stack([own["x"], own["y"]], axis=1)
    return line[::-1] if at_end else line


def _touching(own: NDArray[np.float64], other: NDArray[np.float64], row: np.void) -> float:
    """How far along one line the other is nearer than `CLEAR_M`, m."""
    gap = np.hypot(*(own[:, None] - other[None]).transpose(2, 0, 1)).min(axis=1)
    far = np.flatnonzero(gap > CLEAR_M)
    return float((far[0] if len(far) else len(own) - 1) * row["step"])


def foresee(rows: NDArray[np.void], samples: NDArray[np.void], links: NDArray[np.int64]) -> None:
    """Fill in `usable`, `lasting` and `leaves` of the rows, and `speed` of the samples; arguments as above."""
    for row in rows:
        own = samples[row["first"] : row["first"] + row["samples"]]
        wide = np.flatnonzero(own["half_width"] >= NARROW_M)
        row["usable"] = (wide[-1] if len(wide) else 0) * row["step"] if not row["nexts"] else row["length"]
        row["leaves"] = not row["nexts"] and not _goes_on_beside(rows, row)
        steady = np.abs(np.gradient(own["half_width"], row["step"])) < OPENING
        own["speed"] = comfortable_speed(own["limit"], own["curvature"] * steady, float(row["step"]))
    lasting = np.full(len(rows), FAR_M)
    changed = True
    while changed:
        changed = False
        for number, row in enumerate(rows):
            ahead = links[row["next"] : row["next"] + row["nexts"]]
            end = row["length"] + lasting[ahead].max() if len(ahead) else FAR_M if row["leaves"] else row["usable"]
            if min(end, FAR_M) < lasting[number]:
                lasting[number], changed = min(end, FAR_M), True
    rows["lasting"] = lasting


def _goes_on_beside(rows: NDArray[np.void], row: np.void) -> bool:
    for side in ("left", "right"):
        beside = row[side]
        while beside >= 0:
            if rows[beside]["nexts"]:
                return True
            beside = rows[beside][side]
    return False


def find_routes(rows: NDArray[np.void], links: NDArray[np.int64], goals: Sequence[int]) -> NDArray[np.float32]:
    """(G, L) m from the start of each lane to the start of each goal, infinite where no way leads; as above.

    A change of lane counts as `CHANGE_M`; in junctions there are none.
    """
    if not goals:
        return np.zeros((0, len(rows)), np.float32)
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    edges: dict[tuple[int, int], float] = {}
    for number, row in enumerate(rows):
        for after in links[row["next"] : row["next"] + row["nexts"]]:
            edges[int(after), number] = float(row["length"])
        for side in ("left", "right"):
            if row[side] >= 0 and row["junction"] < 0:
                edges.setdefault((int(row[side]), number), CHANGE_M)
    places = np.array(list(edges), np.int64).reshape(-1, 2)
    graph = csr_array((list(edges.values()), places.T), shape=(len(rows), len(rows)))
    return np.asarray(dijkstra(graph, indices=list(goals)), np.float32)


def comfortable_speed(limit: NDArray[np.float64], curvature: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """(K,) m/s at places `step` m apart: the limit, `LATERAL_MPS2` in curves, reached by `BRAKING_MPS2` in time."""
    bend = _moving_mean(np.abs(curvature), max(min(round(SMOOTHING_M / step), len(curvature)), 1))
    speed = np.minimum(limit, np.maximum(np.sqrt(LATERAL_MPS2 / np.maximum(bend, 1e-6)), SLOWEST_MPS))
    ramp = 2 * BRAKING_MPS2 * step * np.arange(len(speed))
    return np.asarray(np.sqrt(np.minimum.accumulate((speed**2 + ramp)[::-1])[::-1] - ramp))


def _moving_mean(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Mean of `size` neighbours, ends repeated: SciPy's `uniform_filter1d`, whose import takes longer than a map."""
    padded = np.pad(values, (size // 2, size - 1 - size // 2), mode="edge")
    return np.cumsum(np.append(np.cumsum(padded[:size])[-1], padded[size:] - padded[:-size])) / size
