"""Pictures for the agents of many worlds: colour, classes and depth of all views in one call."""

from __future__ import annotations

import math

import numpy as np

from simulator.sensors.optics import CameraModel
from simulator.sensors.worlds.scenery import Scenery, States
from simulator.sensors.worlds.shade import Pictures
from simulator.sensors.worlds.views import Eyes, Views, optics_of


class BatchCamera:
    """One kind of camera, carried by many agents; views' poses are those of the optical frame (z forward, y down)."""

    def __init__(self, scenery: Scenery, model: CameraModel) -> None:
        """A camera for the worlds of a scenery."""
        self.model = model
        self._eyes = Eyes(scenery, optics_of(model.rays(), 1.0 / math.sqrt(model.K[0, 0] * model.K[1, 1])))

    def pictures(self, count: int, depth: bool = False) -> Pictures:
        """Room for so many pictures."""
        shape = self.model.height, self.model.width
        return Pictures(
            np.empty((count, *shape, 3), np.uint8),
            np.empty((count, *shape), np.uint8),
            np.empty((count if depth else 0, *shape), np.float32),
        )

    def render(self, states: States, views: Views, out: Pictures) -> Pictures:
        """Take the pictures of all views into `out`, and return it; a thread takes whole pictures."""
        pixels = self.model.width * self.model.height
        flat = Pictures(out.rgb.reshape(-1, pixels, 3), out.semantic.reshape(-1, pixels), out.depth.reshape(-1, pixels))
        self._eyes.look(states, views, pictures=flat)
        return out
