"""What is lit: a picture before the lens, drawn into by all that adds light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture before lens, exposure and sensor, with its labels.

    Attributes:
        radiance: (H, W, 3) float32, cd/m2 by channel of linear sRGB.
        depth: (H, W) float32 metres along the optical axis, inf where nothing was hit.
        instance: (H, W) int32 row of the scene's instances, -1 for none.
    """

    radiance: F32
    depth: F32
    instance: NDArray[np.int32]
