"""Pictures from the agent's windscreen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from simulator.envs.observations.base import Observation, View, part_of

if TYPE_CHECKING:
    from simulator.envs.core import Core
    from simulator.sensors.worlds.shade import Pictures

_MOUNT_M = (1.5, 0.0, 1.35)  # ahead of the rear axle, above the ground


class Eye:
    """Cameras on the agents of a core.

    Args:
        core: whose worlds they see.
        count: cameras, room for so many pictures.
        width, height: px.
        view_deg: horizontal angle of view.
        place: m ahead of the rear axle, to the left, above the ground.
        pitch: rad, downwards.
    """

    def __init__(
        self,
        core: Core,
        count: int,
        width: int,
        height: int,
        view_deg: float,
        place: tuple[float, float, float] = _MOUNT_M,
        pitch: float = 0.0,
    ) -> None:
        from simulator.numerics import se3
        from simulator.sensors.camera import MOUNT_SE3_OPTICAL
        from simulator.sensors.optics import CameraModel
        from simulator.sensors.worlds.camera import BatchCamera
        from simulator.sensors.worlds.views import Views

        focal = 0.5 * width / np.tan(0.5 * np.radians(view_deg))
        model = CameraModel.of(
            width, height, [[focal, 0, 0.5 * (width - 1)], [0, focal, 0.5 * (height - 1)], [0, 0, 1]]
        )
        self._stage, self._agents = core.stage, core.actors.agents.shape[1]
        self._camera = BatchCamera(self._stage.scenery, model)
        self._pictures, self._views = self._camera.pictures(count), Views.empty(count)
        self._mounts = (se3.pose(place, pitch=pitch) @ MOUNT_SE3_OPTICAL)[None, :3].astype(np.float32)

    def look(self, first: int, last: int, rooms: slice, *, own: bool = False) -> Pictures:
        """Pictures of agents `first` .. `last`, in those rooms; `own`: of the agent's vehicle too."""
        from simulator.sensors.worlds.views import mount

        begin, end = first // self._agents, -(-last // self._agents)
        number = np.arange(first, last, dtype=np.int32)
        here = part_of(self._views, rooms)
        states = self._stage.update(begin, end)
        world = number // np.int32(self._agents) - np.int32(begin)
        mount(states.actors, world, number % np.int32(self._agents), self._mounts, here)
        if own:
            here.hidden[:] = -1
        return self._camera.render(states, here, part_of(self._pictures, rooms))


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

        eye, agents = Eye(core, core.count, self.width, self.height, self.view_deg), core.actors.agents.shape[1]
        values = np.zeros((core.count, self.height, self.width, 4 if self.semantic else 3), np.uint8)

        def fill(begin: int, end: int) -> None:
            """Worlds `begin` to `end`."""
            mine = slice(begin * agents, end * agents)
            out = eye.look(mine.start, mine.stop, mine)
            values[mine, :, :, :3] = out.rgb
            if self.semantic:
                values[mine, :, :, 3] = out.semantic

        return View(Box(0, 255, values.shape[1:], np.uint8), values, fill)
