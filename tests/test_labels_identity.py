"""A person in one pose after the other is one person in the labels."""

from __future__ import annotations

import numpy as np

from simulator.labels.annotations import Annotations, Boxes2D, Boxes3D, PointLabels
from simulator.labels.frame import LabelledFrame
from simulator.labels.identity import as_one


def boxes_3d(ids: list[int], names: tuple[str, ...], z: list[float]) -> Boxes3D:
    count = len(ids)
    return Boxes3D(
        np.array(ids, np.int32),
        np.arange(count, dtype=np.uint8),
        names,
        np.column_stack([np.zeros((count, 2)), z]),
        np.ones((count, 3)),
        np.ones((count, 4)),
        np.zeros((count, 3)),
        np.arange(count, dtype=np.int32),
        ("",) * count,
        np.array([0] * (count - 1) + [ids[1]], np.int32),
        tuple({"row": str(k)} for k in range(count)),
    )


def boxes_2d(ids: list[int]) -> Boxes2D:
    count = len(ids)
    four, one = np.arange(4.0 * count).reshape(count, 4), np.ones(count)
    pixels = np.arange(count, dtype=np.int32)
    return Boxes2D(np.array(ids, np.int32), np.arange(count, dtype=np.uint8), four, four, one, one, one, pixels)


def test_later_shapes_take_the_first_ones_id_and_name() -> None:
    """Of the walker (5, later 8 and 9) the third shape is there; the bag (10) belongs to the car (7)."""
    names = ("walker", "car", "walker-2", "walker-3", "bag")
    world = boxes_3d([5, 7, 8, 9, 10], names, [-999.0, 0.5, -999.0, 0.9, 0.1])
    mask = np.array([[0, 7, 9], [10, 9, 7]], np.int32)
    points = PointLabels(np.array([9, 0, 7, 10], np.int32), np.zeros(4, np.uint8))
    found = Annotations(world, {"front": boxes_2d([7, 9, 10])}, {}, {"front": mask}, {}, {"top": points})
    frame = as_one(LabelledFrame(0, 0, np.eye(4), {}, found), {8: 5, 9: 5}).annotations
    assert frame.boxes_3d.object_id.tolist() == [5, 7, 10]
    assert frame.boxes_3d.name == ("walker", "car", "bag")
    assert frame.boxes_3d.center[:, 2].tolist() == [0.9, 0.5, 0.1]
    assert [each["row"] for each in frame.boxes_3d.attributes] == ["3", "1", "4"]
    assert frame.boxes_3d.parent.tolist() == [0, 0, 7]
    flat = frame.boxes_2d["front"]
    assert (flat.object_id.tolist(), flat.pixels.tolist()) == ([5, 7, 10], [1, 0, 2])
    assert frame.instance["front"].tolist() == [[0, 7, 5], [10, 5, 7]]
    assert frame.points["top"].object.tolist() == [5, 0, 7, 10]
    assert frame.boxes_3d.rows(flat.object_id).tolist() == [0, 1, 2]
