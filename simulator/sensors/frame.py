"""One instant of a drive: what every sensor that is due then has measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from simulator.sensors.camera import CameraFrame
    from simulator.sensors.lidar import LidarFrame


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Sensor readings at one time.

    Attributes:
        index: number of the frame in its scene, from 0.
        time_ns: since the start of the drive.
        ego_pose: (4, 4) world_SE3_ego at `time_ns` (x forward, origin on the ground under the rear axle).
        sensors: readings by sensor name, in the rig's order; only the sensors that are due at this time.
    """

    index: int
    time_ns: int
    ego_pose: NDArray[np.float64]
    sensors: dict[str, CameraFrame | LidarFrame]
