"""Range images of a lidar on the agent's roof, without noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulator.envs.observations.base import Observation, View, part_of
from simulator.weather.base import CONTRAST

if TYPE_CHECKING:
    from simulator.envs.core import Core

_MOUNT_M = (1.3, 0.0, 1.8)  # ahead of the rear axle, above the ground


CLEAR = 60.0  # times the range of a lidar: from so great an optical range on it loses less than a tenth of its light
FAINT = 0.01  # of the light, below which an echo is lost


def dim(images: NDArray[np.float32], sight: NDArray[np.float32], range_m: float) -> None:
    """Take from range images (N, rows, columns, 2) what air of an optical range (N,) m swallows, there and back."""
    left = np.exp(-2.0 * np.float32(np.log(CONTRAST) * range_m) * images[..., 0] / sight[:, None, None])
    images[..., 1] *= left
    images[left < FAINT] = (1.0, 0.0)


class RangeImage(Observation, kind="range_image"):
    """Images (rows, columns, 2) float32: range in shares of `range_m`, 1 for nothing, and intensity.

    Rows from the highest beam down, columns clockwise from behind over ahead to behind.
    """

    rows: int = Field(32, ge=1, le=128)
    """Beams, one above the other, from 10 degrees up to 25 degrees down."""
    columns: int = Field(360, ge=8, le=4096)
    """Over a full turn."""
    range_m: float = Field(80.0, gt=1.0, le=300.0)
    """Of a beam."""

    def view(self, core: Core) -> View:
        """A box of numbers."""
        from gymnasium.spaces import Box

        from simulator.numerics import se3
        from simulator.sensors.worlds.lidar import BatchLidar
        from simulator.sensors.worlds.views import Views, mount

        stage, agents = core.stage, core.actors.agents.shape[1]
        lidar = BatchLidar(stage.scenery, np.radians(np.linspace(10.0, -25.0, self.rows)), self.columns, self.range_m)
        scans, views = lidar.scans(core.count), Views.empty(core.count)
        values = np.zeros((core.count, self.rows, self.columns, 2), np.float32)
        mounts = se3.pose(_MOUNT_M)[None, :3].astype(np.float32)
        number = np.arange(core.count, dtype=np.int32)
        world, carrier = number // np.int32(agents), number % np.int32(agents)

        def fill(begin: int, end: int) -> None:
            """Worlds `begin` to `end`."""
            states = stage.update(begin, end)
            mine = slice(begin * agents, end * agents)
            here = part_of(views, mine)
            mount(states.actors, world[mine] - np.int32(begin), carrier[mine], mounts, here)
            out = lidar.scan(states, here, part_of(scans, mine))
            np.clip(out.range / np.float32(self.range_m), 0.0, 1.0, out=values[mine, :, :, 0])
            np.clip(out.intensity, 0.0, 1.0, out=values[mine, :, :, 1])
            sight = core.actors.weather["sight"][world[mine]].astype(np.float32)
            if sight.min() < CLEAR * self.range_m:
                dim(values[mine], sight, self.range_m)

        return View(Box(0.0, 1.0, values.shape[1:], np.float32), values, fill)
