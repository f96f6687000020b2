"""Which pixels the sun reaches: a ray asks for one of each four, and for others where those around do not agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.parallel import parallel_for
from simulator.sensors.stage import OPAQUE

if TYPE_CHECKING:
    from simulator.sensors.stage import Stage

F32 = NDArray[np.float32]

# What is known of a pixel: whether the sun may reach it has yet to be found out, it does, something is in between; or
# its light is left to others. 0: the sun adds nothing more.
WANTED, SUNNY, SHADED, LEFT = 1, 2, 4, 8
CHUNK = 8  # rows


@kernel
def decide(start, stop, instance, sunlit, fate, radiance):  # type: ignore[no-untyped-def]
    """Add the sun to pixels of the rows `start:stop` that it reaches, as far as that is known.

    Those that were asked are even columns of even rows. Others are like those around them, of the same instance, if
    these agree, and stay WANTED if not.

    Args:
        start, stop: range of rows.
        instance: (H, W) int32. sunlit: (H, E, 3) radiance that the sun adds. fate: (H, E) uint8 what is known.
        radiance: (H, W, 3), to which it is added.
    """
    height, width = instance.shape
    for y in range(start, stop):
        above, below = y - (y & 1), min(y + (y & 1), (height - 1) & ~1)
        for x in range(width):
            known = fate[y, x]
            if (x | y) & 1 and known == WANTED:
                left, right, own = x - (x & 1), min(x + (x & 1), (width - 1) & ~1), instance[y, x]
                known = fate[above, left] if instance[above, left] == own else np.uint8(0)
                known |= fate[above, right] if instance[above, right] == own else np.uint8(0)
                known |= fate[below, left] if instance[below, left] == own else np.uint8(0)
                known |= fate[below, right] if instance[below, right] == own else np.uint8(0)
                known &= SUNNY | SHADED
                if known in (SUNNY, SHADED):
                    fate[y, x] = 0
            if known == SUNNY:
                radiance[y, x, 0] += sunlit[y, x, 0]
                radiance[y, x, 1] += sunlit[y, x, 1]
                radiance[y, x, 2] += sunlit[y, x, 2]


@kernel
def add_sun(start, stop, pixel, blocked, sunlit, radiance):  # type: ignore[no-untyped-def]
    """Add `sunlit` (H, E, 3) to pixels of radiance (H, W, 3) whose rays are not `blocked` (N,): `pixel` of H x E."""
    padded = sunlit.shape[1]
    for i in range(start, stop):
        if not blocked[i]:
            y, x = pixel[i] // padded, pixel[i] % padded
            for channel in range(3):
                radiance[y, x, channel] += sunlit[y, x, channel]


def shine(
    stage: Stage,
    toward: F32,
    origin: F32,
    sunlit: F32,
    instance: NDArray[np.int32],
    fate: NDArray[np.uint8],
    radiance: F32,
) -> None:
    """Add the light of the sun to the pixels that it reaches.

    Args:
        stage: what may be in between. toward: (3,) unit vector to the sun.
        origin: (H, E, 3) where rays to it start. sunlit: (H, E, 3) radiance that it adds.
        instance: (H, W) int32, W <= E. fate: (H, E) uint8, pixels that are WANTED. radiance: (H, W, 3), modified.
    """
    height, width = instance.shape
    threads, padded = stage.threads, fate.shape[1]

    def ask(pixel: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(N,) whether something is between the sun and pixels, numbers in H x E."""
        starts = origin.reshape(-1, 3)[pixel]
        ways = np.ascontiguousarray(np.broadcast_to(toward, starts.shape))
        return stage.rays.any_hit(starts, ways, mask=OPAQUE, threads=threads)

    row, column = np.nonzero(fate[::2, :width:2] == WANTED)
    pixel = 2 * (row * padded + column)
    fate.reshape(-1)[pixel] = np.where(ask(pixel), SHADED, SUNNY)
    parallel_for(
        lambda start, stop: decide(start, stop, instance, sunlit, fate, radiance), height, chunk=CHUNK, threads=threads
    )
    pixel = np.flatnonzero(fate.reshape(-1) == WANTED)
    if len(pixel):
        blocked = ask(pixel)
        parallel_for(
            lambda start, stop: add_sun(start, stop, pixel, blocked, sunlit, radiance),
            len(pixel),
            chunk=1 << 13,
            threads=threads,
        )
