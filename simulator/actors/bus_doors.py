"""Doors of buses: pairs of leaves that turn inward beside the opening, and the leaf of a coach that swings out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.actors.bus_measures import BEND_X, Measures
from simulator.actors.coachwork import Slot
from simulator.actors.door_leaves import Leaf, pushed
from simulator.actors.hull import Hull
from simulator.actors.shape import block, mirrored, patch
from simulator.scene import Mesh

LOW_Z = 0.40  # of their lower edges, m
OPEN_RAD = float(np.radians(86.0))
SWUNG_M, SWING_RAD = (0.86, -0.50), float(np.radians(80.0))  # way of a coach's leaf forward, on its arms
_EDGE_M = 0.035  # half the rubber between two leaves, and the frame of a leaf


def leaf_frame(half: float, band: float, rear: float, front: float) -> list[Mesh]:
    """Frame and grab rail of a leaf between two x on the right side."""
    parts: list[Mesh] = []
    y, tall, middle, x = -half * 0.992, band - LOW_Z, (LOW_Z + band) / 2, (rear + front) / 2
    for at in (rear + _EDGE_M / 2, front - _EDGE_M / 2):
        parts.append(block((_EDGE_M, 0.03, tall), (at, y, middle), Slot.TRIM))
    parts.append(block((front - rear, 0.03, 0.09), (x, y, band - 0.04), Slot.TRIM))
    parts.append(block((front - rear, 0.03, 0.05), (x, y, LOW_Z + 0.02), Slot.TRIM))
    parts.append(block((0.03, 0.02, 0.55), (x, y + 0.05, LOW_Z + 0.95), Slot.ALUMINIUM))
    return parts


def leaf_spans(d: Measures) -> list[tuple[float, float]]:
    """(rear, front) x of all leaves, from the front."""
    if d.coach:
        return d.door_spans
    return [leaf for a, b in d.door_spans for leaf in (((a + b) / 2, b), (a, (a + b) / 2))]


def cut_bus_doors(body: Hull, d: Measures, right: NDArray[np.int64]) -> tuple[NDArray[np.int64], dict[str, list[Leaf]]]:
    """The slots of the right half without its doors, and their leaves: "front_right", "rear_right", "behind" the joint.

    Args:
        body: with columns where leaves end. right: its slots with closed doors.
    """
    shut, leaves = right.copy(), dict[str, list[Leaf]]()
    for k, (a, b) in enumerate(leaf_spans(d)):
        cells = body.rows(LOW_Z, d.band) & body.side(a, b)
        pane = mirrored(patch(body.points, np.where(cells, right, -1), flip=True))
        shut[cells] = -1
        meshes = [pane, *leaf_frame(d.half, d.band, a, b)]
        y = -d.half + 0.03
        if d.coach:
            leaf = pushed((0.5 * (a + b), y, LOW_Z), SWUNG_M, SWING_RAD, meshes)
        else:
            leaf = Leaf((b, y, LOW_Z), -OPEN_RAD, meshes) if k % 2 == 0 else Leaf((a, y, LOW_Z), OPEN_RAD, meshes)
        name = "front_right" if b > d.wheelbase else "rear_right" if b > BEND_X else "behind"
        leaves.setdefault(name, []).append(leaf)
    return shut, leaves
