"""How things stand on uneven ground: vehicles on their wheels, people upright, animals on their feet."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.scene.builder import SceneBuilder
from simulator.scene.model import Model

Array = NDArray[np.float64]


def keeps_upright(model: Model) -> bool:
    """Whether a model stays vertical on slopes: people on their feet."""
    return model.class_name == "pedestrian" and ("pose", "lying") not in model.attributes


def stance(
    builder: SceneBuilder, model: Model, position: ArrayLike, yaw: float
) -> tuple[Array, tuple[float, float, float]]:
    """Position (3,) and roll, pitch, yaw of a model that stands on the ground (kerbs, slopes).

    Args:
        builder: holds the ground.
        model: what stands there: people upright; animals along the slope, but not leaning to a side; all else on the
            plane that fits best to the ground below four points, a vehicle's wheels.
        position: (3,) world, of the model's origin; its height is used where there is no ground.
        yaw: heading.
    """
    position = np.array(position, np.float64)
    if keeps_upright(model):
        position[2] = builder.ground_height(position[None])[0]
        return position, (0.0, 0.0, float(yaw))
    (x0, y0, _), (x1, y1, _) = model.bounds
    front = model.wheelbase_m or x1
    rear = 0.0 if model.wheelbase_m else x0
    corners = np.array([[front, 0.8 * y1], [front, 0.8 * y0], [rear, 0.8 * y1], [rear, 0.8 * y0]])
    c, s = np.cos(yaw), np.sin(yaw)
    xy = position[:2] + corners @ np.array([[c, s], [-s, c]])
    z = builder.ground_height(np.column_stack([xy, np.full(4, position[2])]))
    forward, left, height = np.linalg.lstsq(np.column_stack([corners, np.ones(4)]), z, rcond=None)[0]
    position[2] = height
    roll = 0.0 if model.class_name == "animal" else float(np.arctan(left))
    return position, (roll, float(-np.arctan(forward)), float(yaw))
