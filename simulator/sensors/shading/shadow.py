"""Which pixels the sun reaches: a ray asks for one of each four, and for others where those around do not agree."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import load_long, pointer
from simulator.numerics.parallel import parallel_for
from simulator.numerics.simd import LANES, lowest_of_64
from simulator.sensors.stage import OPAQUE

if TYPE_CHECKING:
    from simulator.sensors.stage import Stage

F32 = NDArray[np.float32]

# What is known of a pixel: whether the sun may reach it has yet to be found out, it does, something is in between; or
# its light is left to others. 0: the sun adds nothing more. What is WANTED may be LEAFY, too: in the crown of a tree no
# eye finds the edges of shadows, so that those who do not agree are not asked again.
WANTED, SUNNY, SHADED, LEFT, LEAFY = 1, 2, 4, 8, 16
CHUNK, CHUNK_ROWS = 1 << 13, 32  # pixels, and rows of them, that one thread does in a row


@kernel
def list_wanted(fate, step, pixel):  # type: ignore[no-untyped-def]
    """Write the numbers in H x E of pixels that are WANTED, of every `step`-th (1 or 2) row and column; how many."""
    found, padded, fates = 0, fate.shape[1], pointer(fate)
    asked = np.int64(0x0101010101010101 if step == 1 else 0x0001000100010001) * WANTED
    for y in range(0, fate.shape[0], step):
        for first in range(y * padded, (y + 1) * padded, LANES):
            wanted = load_long(fates, first) & asked
            while wanted != 0:
                pixel[found] = first + (lowest_of_64(wanted) >> 3)
                wanted &= wanted - 1
                found += 1
    return found


@kernel
def start_rays(start, stop, pixel, origin, toward, starts, ways):  # type: ignore[no-untyped-def]
    """Rays `start:stop` to the sun from pixels (N,), numbers in `origin` (H * E, 3), into `starts`, `ways` (N, 3)."""
    for i in range(start, stop):
        for axis in range(3):
            starts[i, axis], ways[i, axis] = origin[pixel[i], axis], toward[axis]


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
            known = fate[y, x] & (SUNNY | SHADED)
            if (x | y) & 1 and fate[y, x] & WANTED:
                left, right, own = x - (x & 1), min(x + (x & 1), (width - 1) & ~1), instance[y, x]
                first = fate[above, left] if instance[above, left] == own else np.uint8(0)
                known = first | (fate[below, right] if instance[below, right] == own else np.uint8(0))
                known |= fate[above, right] if instance[above, right] == own else np.uint8(0)
                known |= fate[below, left] if instance[below, left] == own else np.uint8(0)
                known &= SUNNY | SHADED
                if known == SUNNY | SHADED and fate[y, x] & LEAFY and first != 0:
                    known = first & (SUNNY | SHADED)
                if known in (SUNNY, SHADED):
                    fate[y, x] = 0
            if known == SUNNY:
                radiance[y, x, 0] += sunlit[y, x, 0]
                radiance[y, x, 1] += sunlit[y, x, 1]
                radiance[y, x, 2] += sunlit[y, x, 2]


@kernel
def note(start, stop, pixel, blocked, fate):  # type: ignore[no-untyped-def]
    """Write to fate (H * E,) whether the sun reaches `pixel[start:stop]`: those that are not `blocked` (N,)."""
    for i in range(start, stop):
        fate[pixel[i]] = SHADED if blocked[i] else SUNNY


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
    rows = partial(parallel_for, count=height, chunk=CHUNK_ROWS, threads=stage.threads)
    listed = np.empty(height * width, np.int32)

    def ask(step: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Numbers in H x E of pixels that are wanted, and whether something is between the sun and them."""
        pixel = listed[: list_wanted(fate, step, listed)]
        starts, ways = np.empty((len(pixel), 3), np.float32), np.empty((len(pixel), 3), np.float32)
        each(pixel, start_rays, origin.reshape(-1, 3), toward, starts, ways)
        return pixel, stage.rays.any_hit(starts, ways, mask=OPAQUE, threads=stage.threads)

    def each(pixel: NDArray[np.int32], body: Callable[..., None], *arguments: object) -> None:
        """Run a kernel over pixels."""
        parallel_for(
            lambda start, stop: body(start, stop, pixel, *arguments), len(pixel), chunk=CHUNK, threads=stage.threads
        )

    pixel, blocked = ask(2)
    each(pixel, note, blocked, fate.reshape(-1))
    rows(lambda start, stop: decide(start, stop, instance, sunlit, fate, radiance))
    pixel, blocked = ask(1)
    each(pixel, add_sun, blocked, sunlit, radiance)
