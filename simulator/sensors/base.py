"""What a sensor is: a frozen set of parameters, a mount on the ego vehicle, and one method that senses."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simulator.numerics import se3
from simulator.scenario.distributions import Degrees, Quantity, SignedMetres
from simulator.scenario.family import Family

if TYPE_CHECKING:
    from simulator.sensors.stage import Stage

Hertz = Annotated[float, Quantity("Hz", ge=0.01, le=1000.0)]


class Sensor(Family, family="sensors"):
    """Base of all sensors.

    The mount is the pose of the sensor's body (x forward, y left, z up) in the ego frame, which has the same
    axes and its origin on the ground under the rear axle's centre. Angles follow ISO 8855: positive pitch looks
    down.
    """

    QUALITIES: ClassVar[tuple[str, ...]] = ("preview", "standard", "reference")

    x_m: SignedMetres = 0.0
    y_m: SignedMetres = 0.0
    z_m: SignedMetres = 1.5
    roll_deg: Degrees = 0.0
    pitch_deg: Degrees = 0.0
    yaw_deg: Degrees = 0.0
    rate_hz: Hertz = 10.0

    @property
    def ego_SE3_mount(self) -> NDArray[np.float64]:
        """(4, 4) pose of the sensor's body in the ego frame."""
        roll, pitch, yaw = np.radians([self.roll_deg, self.pitch_deg, self.yaw_deg])
        return se3.pose((self.x_m, self.y_m, self.z_m), roll, pitch, yaw)

    @property
    def ego_SE3_sensor(self) -> NDArray[np.float64]:
        """(4, 4) pose of the frame that the sensor's data is given in; a camera's is its optical frame."""
        return self.ego_SE3_mount

    @abstractmethod
    def sense(self, stage: Stage, time_ns: int, seed: int, quality: str) -> Any:
        """Measure the stage at `time_ns` and return the sensor's frame.

        Args:
            stage: the scene, posed and ready for rays.
            time_ns: time of the measurement on the drive's clock.
            seed: seed of this sensor at this frame; equal seeds give equal data.
            quality: one of `QUALITIES`.
        """
