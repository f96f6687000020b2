"""Pictures from the agent's windscreen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from simulator.envs.observations.base import Observation, View, part_of

if TYPE_CHECKING:
    from simulator.envs.core import Core

_MOUNT_M = (1.5, 0.0, 1.35)  # ahead of the rear axle, above the ground


class Camera(Observation, kind="camera"):
    """Images (height, width, 3) uint8 sRGB; with `semantic` (height, width, 4), the last channel being class ids."""

    height: int = Field(84, ge=8, le=1080)
    """Rows."""
    width: int = Field(84, ge=8, le=1920)
    """Columns."""
    view_deg: float = Field(90.0, ge=10.0, le=150.0)
    """Horizontal angle of view."""
    semantic: bool = False
    """Whether class ids are a fourth channel (`scene.classes`)."""

    def view(self, core: Core) -> View:
        """A box of bytes."""
        from gymnasium.spaces import Box

        from simulator.numerics import se3
        from simulator.sensors.camera import MOUNT_SE3_OPTICAL
        from simulator.sensors.optics import CameraModel
        from simulator.sensors.worlds.camera import BatchCamera
        from simulator.sensors.worlds.views import Views, mount

        focal = 0.5 * self.width / np.tan(0.5 * np.radians(self.view_deg))
        middle = 0.5 * (self.width - 1), 0.5 * (self.height - 1)
        model = CameraModel.of(self.width, self.height, [[focal, 0, middle[0]], [0, focal, middle[1]], [0, 0, 1]])
        stage, agents = core.stage, core.actors.agents.shape[1]
        camera = BatchCamera(stage.scenery, model)
        pictures, views = camera.pictures(core.count), Views.empty(core.count)
        values = np.zeros((core.count, self.height, self.width, 4 if self.semantic else 3), np.uint8)
        mounts = (se3.pose(_MOUNT_M) @ MOUNT_SE3_OPTICAL)[None, :3].astype(np.float32)
        number = np.arange(core.count, dtype=np.int32)
        world, carrier = number // np.int32(agents), number % np.int32(agents)

        def fill(begin: int, end: int) -> None:
            states = stage.update(begin, end)
            mine = slice(begin * agents, end * agents)
            here = part_of(views, mine)
            mount(states.actors, world[mine] - np.int32(begin), carrier[mine], mounts, here)
            out = camera.render(states, here, part_of(pictures, mine))
            values[mine, :, :, :3] = out.rgb
            if self.semantic:
                values[mine, :, :, 3] = out.semantic

        return View(Box(0, 255, values.shape[1:], np.uint8), values, fill)
