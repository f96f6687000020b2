"""A scenario of Argoverse 2 motion forecasting and its vector map, in the schema of the published files, made here.

The ground rises by 2 % to the east and by 1 % to the north. A street runs east with two lanes, 3.5 m and 3 m wide, from
y = 0 to the right; a lane of the other direction lies to its left. At x = 60 there is an intersection in which a lane
goes on straight and one turns right; beyond, the street goes on. A parking strip of 2.5 m lies to the right.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

ID = "0a1e6f0a-0000-0000-0000-000000000000"
FOCAL = "138951"
STEPS = 110
TYPES = {
    "AV": "vehicle",
    FOCAL: "vehicle",
    "7": "bus",
    "8": "pedestrian",
    "9": "cyclist",
    "10": "motorcyclist",
    "11": "riderless_bicycle",
    "12": "construction",
    "13": "unknown",
}


def ground(x: Any, y: Any) -> Any:
    """Height in m."""
    return 5.0 + 0.02 * np.asarray(x) + 0.01 * np.asarray(y)


def table() -> dict[str, list[Any]]:
    """The columns of a scenario: the AV drives east at 10 m/s, the focal vehicle backs off at 2, others stand."""
    rows: dict[str, list[Any]] = {name: [] for name in ("observed", "track_id", "object_type", "object_category")}
    rows |= {name: [] for name in ("timestep", "position_x", "position_y", "heading", "velocity_x", "velocity_y")}
    for number, (name, kind) in enumerate(TYPES.items()):
        steps = range(20, 40) if name == "8" else [*range(30), *range(60, STEPS)] if name == "9" else range(STEPS)
        speed = {"AV": 10.0, FOCAL: -2.0}.get(name, 0.0)
        y = -1.75 if name == "AV" else -5.0 if name == FOCAL else -8.0
        for step in steps:
            x = (0.0 if name == "AV" else 10.0 + 4.0 * number) + speed * 0.1 * step
            values = (step < 50, name, kind, 3 if name == FOCAL else 1, step, x, y, 0.0, speed, 0.0)
            for column, value in zip(rows.values(), values, strict=True):
                column.append(value)
    count = len(rows["timestep"])
    start = 3.15986559459579e17
    facts = {"scenario_id": ID, "start_timestamp": start, "end_timestamp": start + 10.9e9, "num_timestamps": STEPS}
    facts |= {"focal_track_id": FOCAL, "city": "austin", "map_id": 74806, "slice_id": "7bef7e1f"}
    return rows | {name: [value] * count for name, value in facts.items()}


def write_scenario(folder: Path, columns: dict[str, list[Any]] | None = None) -> Path:
    """Write a scenario file."""
    path = folder / f"scenario_{ID}.parquet"
    pq.write_table(pa.table(table() if columns is None else columns), path)
    return path


def _points(xy: NDArray[np.float64]) -> list[dict[str, float]]:
    return [{"x": float(x), "y": float(y), "z": float(ground(x, y))} for x, y in xy]


def _line(*ends: tuple[float, float]) -> NDArray[np.float64]:
    return np.array(ends, np.float64)


def _turn(radius: float) -> NDArray[np.float64]:
    """A right turn about (60, -16.5), from heading east to heading south."""
    angle = np.linspace(np.pi / 2, 0.0, 13)
    return np.stack([60.0 + radius * np.cos(angle), -16.5 + radius * np.sin(angle)], 1)


def vector_map() -> dict[str, Any]:
    """The content of the map."""
    segments: dict[str, Any] = {}

    def lane(number: int, near: Any, far: Any, marks: tuple[str, str] = ("NONE", "NONE"), **more: Any) -> None:
        segments[str(number)] = {
            "id": number,
            "is_intersection": more.get("inside", False),
            "lane_type": more.get("kind", "VEHICLE"),
            "left_lane_boundary": _points(near),
            "right_lane_boundary": _points(far),
            "left_lane_mark_type": marks[0],
            "right_lane_mark_type": marks[1],
            "left_neighbor_id": more.get("left"),
            "right_neighbor_id": more.get("right"),
            "predecessors": more.get("before", []),
            "successors": more.get("after", []),
        }

    a, b, c, d = (_line((0, y), (30, y), (60, y)) for y in (3.5, 0.0, -3.5, -6.5))
    yellow, white = "DOUBLE_SOLID_YELLOW", "DASHED_WHITE"
    lane(1, b, c, (yellow, white), left=3, right=2, after=[4])
    lane(2, c, d, (white, "SOLID_WHITE"), left=1, after=[5], kind="BUS")
    lane(3, b[::-1], a[::-1], (yellow, "NONE"), left=1)
    lane(4, _line((60, 0), (75, 0)), _line((60, -3.5), (75, -3.5)), inside=True, before=[1], after=[6])
    lane(5, _turn(13.0), _turn(10.0), inside=True, before=[2])
    lane(6, _line((75, 0), (110, 0)), _line((75, -3.5), (110, -3.5)), before=[4])
    around = [(0, 3.5), (0, -9), (60, -9), (60, -6.5), (110, -6.5), (110, 3.5)]
    edges = [_line((10, 3.5), (10, -6.5)), _line((13, 3.5), (13, -6.5))]
    return {
        "lane_segments": segments,
        "drivable_areas": {"70": {"id": 70, "area_boundary": _points(_line(*around))}},
        "pedestrian_crossings": {"80": {"id": 80, "edge1": _points(edges[0]), "edge2": _points(edges[1])}},
    }


def write_map(folder: Path, content: dict[str, Any] | None = None) -> Path:
    """Write a map file."""
    path = folder / f"log_map_archive_{ID}.json"
    path.write_text(json.dumps(vector_map() if content is None else content), encoding="utf-8")
    return path
