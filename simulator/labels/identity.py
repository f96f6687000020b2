"""Objects that are one thing in several shapes, such as a person in one pose after the other: one id, one name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.labels.annotations import Annotations, Boxes2D, Boxes3D
from simulator.labels.frame import LabelledFrame
from simulator.sensors.camera import CameraFrame
from simulator.sensors.lidar import LidarFrame

Boxes = TypeVar("Boxes", Boxes2D, Boxes3D)


def as_one(frame: LabelledFrame, same: Mapping[int, int]) -> LabelledFrame:
    """The frame in which each object that is a later shape of another one has that one's id and name.

    Args:
        same: ids of later shapes and of the first one. Those that are not there now lie far below the ground.
    """
    found = frame.annotations
    largest = max([*same, *same.values(), *found.boxes_3d.object_id.tolist()])
    identity = np.arange(largest + 1, dtype=np.int32)
    identity[list(same)] = list(same.values())
    sensors = {
        name: replace(data, object=identity[data.object]) if isinstance(data, (CameraFrame, LidarFrame)) else data
        for name, data in frame.sensors.items()
    }
    annotations = Annotations(
        _boxes_3d(found.boxes_3d, identity),
        {name: _boxes(each, identity, np.arange(len(each))) for name, each in found.boxes_2d.items()},
        found.semantic,
        {name: identity[mask] for name, mask in found.instance.items()},
        found.depth,
        {name: replace(each, object=identity[each.object]) for name, each in found.points.items()},
    )
    return replace(frame, sensors=sensors, annotations=annotations)


def _boxes_3d(boxes: Boxes3D, identity: NDArray[np.int32]) -> Boxes3D:
    """Of each thing the shape that is highest: the one that is there."""
    ids = identity[boxes.object_id]
    order = np.lexsort((-boxes.center[:, 2], ids))
    first = np.diff(ids[order], prepend=-1) != 0
    names = dict(zip(boxes.object_id.tolist(), boxes.name))
    kept = _boxes(boxes, identity, order[first])
    renamed = tuple(names.get(number, name) for number, name in zip(kept.object_id.tolist(), kept.name))
    return replace(kept, name=renamed, parent=identity[kept.parent])


def _boxes(boxes: Boxes, identity: NDArray[np.int32], rows: NDArray[np.int64]) -> Boxes:
    """Some rows of a table of boxes, in the order of what their ids become."""
    rows = rows[np.argsort(identity[boxes.object_id[rows]], kind="stable")]
    columns: dict[str, Any] = {}
    for each in fields(boxes):
        column = getattr(boxes, each.name)
        columns[each.name] = tuple(column[k] for k in rows.tolist()) if isinstance(column, tuple) else column[rows]
    return replace(boxes, **{**columns, "object_id": identity[columns["object_id"]]})
