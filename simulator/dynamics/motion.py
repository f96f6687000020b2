"""Prescribed motions: an object follows a polyline at a speed profile once its trigger fires."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """One object's prescribed motion.

    Attributes:
        object: object id.
        points: (K, 3) world polyline in metres, from the object's start; the object faces along it.
        speed_mps: target speed along the polyline; it stops at the end.
        acceleration_mps2: with which the target speed is reached.
        start_s: earliest start after the beginning of the drive.
        start_ego_distance_m: if given, starts only when the ego's front is this near (straight line).
        stride_m: length of a gait cycle (two steps) for legs; 0: no gait.
        keep_heading: keep the initial heading (a sideways slide) instead of facing along the polyline.
    """

    object: int
    points: NDArray[np.float64]
    speed_mps: float
    acceleration_mps2: float = 2.0
    start_s: float = 0.0
    start_ego_distance_m: float | None = None
    stride_m: float = 0.0
    keep_heading: bool = False
