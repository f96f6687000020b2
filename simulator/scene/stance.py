"""How things stand on uneven ground: vehicles on their wheels, people upright, animals on their feet."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.scene.builder import SceneBuilder
from simulator.scene.model import Model

Array = NDArray[np.float64]


LEAN_RAD = 0.15  # on steeper slopes animals bend the legs uphill


def keeps_upright(model: Model) -> bool:
    """Whether a model stays vertical on slopes: people on their feet."""
    return model.class_name == "pedestrian" and ("pose", "lying") not in model.attributes


def footing(builder: SceneBuilder, model: Model, position: ArrayLike, yaw: ArrayLike) -> tuple[Array, Array, Array]:
    """Height, roll and pitch (T,) of a model that stands at (T, 3) world positions with (T,) headings.

    People are upright; animals follow the slope, but lean to a side by `LEAN_RAD` at most; all else lies on the plane
    that fits best to the ground below four points, a vehicle's wheels. Where there is no ground the height is the given
    one.
    """
    at, heading = np.asarray(position, np.float64), np.asarray(yaw, np.float64)
    level = np.zeros(len(at))
    if keeps_upright(model):
        return builder.ground_height(at), level, level
    (x0, y0, _), (x1, y1, _) = model.bounds
    front = model.wheelbase_m or x1
    rear = 0.0 if model.wheelbase_m else x0
    corners = np.array([[front, 0.8 * y1], [front, 0.8 * y0], [rear, 0.8 * y1], [rear, 0.8 * y0]])
    c, s = np.cos(heading), np.sin(heading)
    xy = at[:, None, :2] + corners @ np.stack([np.stack([c, s], -1), np.stack([-s, c], -1)], -2)
    below = np.concatenate([xy, np.broadcast_to(at[:, None, 2:], (len(at), 4, 1))], -1)
    z = builder.ground_height(below.reshape(-1, 3)).reshape(len(at), 4)
    forward, left, height = np.linalg.pinv(np.column_stack([corners, np.ones(4)])) @ z.T
    lean = LEAN_RAD if model.class_name == "animal" else np.inf
    return np.asarray(height), np.clip(np.arctan(left), -lean, lean), -np.arctan(forward)


def stance(
    builder: SceneBuilder, model: Model, position: ArrayLike, yaw: float
) -> tuple[Array, tuple[float, float, float]]:
    """Position (3,) and roll, pitch, yaw of a model that stands on the ground (kerbs, slopes); see `footing`.

    Args:
        builder: holds the ground.
        model: what stands there.
        position: (3,) world, of the model's origin; its height is used where there is no ground.
        yaw: heading.
    """
    found = np.array(position, np.float64)
    height, roll, pitch = footing(builder, model, found[None], np.array([yaw]))
    found[2] = height[0]
    return found, (float(roll[0]), float(pitch[0]), float(yaw))
