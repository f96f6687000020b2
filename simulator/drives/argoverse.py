"""Scenarios of the Argoverse 2 motion forecasting dataset: tracks at 10 Hz, seen from a car called AV.

The columns are those of the published files (av2-api, `datasets/motion_forecasting/data_schema.py`): a row for each
track and time step, with the middle of the object's box, its heading and velocity in the map's frame. There are no
heights and no sizes: they come from the vector map and from what is usual.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.drives.categories import check_category, usual_size
from simulator.drives.drive import Drive, Track
from simulator.errors import InputError

Column = NDArray[Any]

NEEDED = ("track_id", "object_type", "timestep", "position_x", "position_y", "heading", "velocity_x", "velocity_y")
EGO = "AV"
EGO_SIZE_M = (4.88, 2.00, 1.47)  # a Ford Fusion: the box of EGO_VEHICLE in Argoverse 2's scenario mining annotations
STEP_S = 0.1
MAX_TIMESTEP, MAX_NUMBER = 100_000, 1e10
SIGNED_MPS = 0.5  # slower velocities have no direction


def is_argoverse(columns: dict[str, Column]) -> bool:
    """Whether a file with these columns is a scenario of Argoverse 2."""
    return {"track_id", "object_type", "position_x"} <= set(columns)


def read_argoverse(columns: dict[str, Column], source: str) -> Drive:
    """The drive of a scenario file; `facts["argoverse"]` has its ids and the focal track.

    Raises:
        InputError: a column is missing or has values that cannot be used.
    """
    for name in NEEDED:
        if name not in columns:
            raise InputError(
                f"is missing in a scenario of Argoverse 2. Needed: {', '.join(NEEDED)}",
                source=source,
                key=f"column {name}",
            )
    if not len(columns["timestep"]):
        raise InputError("has no rows", source=source)
    numbers = {
        name: _numbers(columns[name], name, source) for name in NEEDED if name not in ("track_id", "object_type")
    }
    timestep = numbers["timestep"]
    wrong = np.flatnonzero((timestep != np.round(timestep)) | (timestep < 0) | (timestep > MAX_TIMESTEP))
    if len(wrong):
        row = int(wrong[0])
        raise InputError(f"{timestep[row]:g} is no number of a step", source=source, key=f"row {row + 1}, timestep")
    step, facts = _step(columns), _facts(columns)
    ids = [str(each) for each in columns["track_id"].tolist()]
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(ids):
        rows.setdefault(name, []).append(row)
    tracks = {}
    for name in sorted(rows, key=lambda each: each != EGO):  # the ego first, others as in the file
        mine = np.array(rows[name], np.int64)
        mine = mine[np.argsort(timestep[mine], kind="stable")]
        again = np.flatnonzero(np.diff(timestep[mine]) == 0)
        if len(again):
            row = int(mine[again[0] + 1])
            raise InputError(
                f"track {name} is there twice at step {timestep[row]:g}", source=source, key=f"row {row + 1}, timestep"
            )
        kind = str(columns["object_type"][mine[0]])
        category = check_category(kind, source=source, line=None, key=f"row {mine[0] + 1}, object_type")
        size = EGO_SIZE_M if name == EGO else usual_size(category)
        x, y, h, vx, vy = (numbers[each][mine] for each in NEEDED[3:])
        speed = np.hypot(vx, vy)
        backwards = (vx * np.cos(h) + vy * np.sin(h) < 0) & (speed > SIGNED_MPS)
        zero = np.zeros(len(mine))
        poses = np.column_stack([x, y, zero, h, zero, zero])
        t = np.round(timestep[mine] * step, 6)
        tracks[name] = Track(
            name, category, size, (0.0, 0.0, size[2] / 2), t, poses, np.where(backwards, -speed, speed)
        )
    ego = EGO if EGO in tracks else next(iter(tracks))
    focal = facts.get("focal_track_id", "")
    about = f"Argoverse 2 scenario {facts.get('scenario_id', '')}, {facts.get('city', 'unknown city')}"
    about += f"; focal track {focal} ({tracks[focal].category})" if focal in tracks else ""
    return Drive(tracks, ego, source, about, has_heights=False, facts={"argoverse": facts})


def _numbers(column: Column, name: str, source: str) -> NDArray[np.float64]:
    if column.dtype == object:
        raise InputError("holds text, not numbers", source=source, key=f"column {name}")
    values = column.astype(np.float64)
    bad = np.flatnonzero(~(np.abs(values) < MAX_NUMBER))
    if len(bad):
        raise InputError(
            f"{values[bad[0]]} is no finite number of a usual size", source=source, key=f"row {bad[0] + 1}, {name}"
        )
    return values


def _step(columns: dict[str, Column]) -> float:
    """Seconds between two steps: the scenario's times (ns) spread evenly, as av2-api does it; else 0.1."""
    try:
        first, last, count = (
            float(columns[name][0]) for name in ("start_timestamp", "end_timestamp", "num_timestamps")
        )
    except (KeyError, TypeError, ValueError):
        return STEP_S
    step = (last - first) / max(count - 1.0, 1.0) * 1e-9
    return round(step, 6) if 1e-3 <= step <= 10.0 else STEP_S


def _facts(columns: dict[str, Column]) -> dict[str, str]:
    names = ("scenario_id", "focal_track_id", "city", "map_id", "slice_id")
    return {name: str(columns[name][0]) for name in names if name in columns}
