"""A frame together with its ground truth: what `simulator.render` yields and what formats write."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.labels.annotations import Annotations
from simulator.sensors.frame import Frame


@dataclass(frozen=True, slots=True, eq=False)
class LabelledFrame(Frame):
    """A Frame with `annotations`, the ground truth of everything its sensors see."""

    annotations: Annotations
