"""Which pixels the sun reaches: a ray asks for one of each four, and for others where those around do not agree."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import load_int, load_ints, load_long, load_triples, pointer, store_long, store_triples
from simulator.numerics.parallel import parallel_for
from simulator.numerics.simd import LANES, bits, equal, lowest_of_64, splat_int
from simulator.sensors.stage import SHARP

if TYPE_CHECKING:
    from simulator.sensors.stage import Stage

F32 = NDArray[np.float32]

# What is known of a pixel: whether the sun may reach it has yet to be found out, it does, something is in between; or
# its light is left to others. 0: the sun adds nothing more. What is WANTED may be LEAFY, too: in the crown of a tree no
# eye finds the edges of shadows, so that those who do not agree are not asked again.
WANTED, SUNNY, SHADED, LEFT, LEAFY = 1, 2, 4, 8, 16
BYTE = np.int64(255)
EVERY, EVEN = np.int64(0x0101010101010101), np.int64(0x0001000100010001)  # a bit of the fates of eight pixels
CHUNK, CHUNK_ROWS = 1 << 13, 32  # pixels, and rows of them, that one thread does in a row


@kernel
def list_pixels(fate, kind, step, pixel):
    """Write the numbers in H x E of pixels of a `kind`, of every `step`-th (1, 2) row and column; returns how many."""
    found, padded, fates = 0, fate.shape[1], pointer(fate)
    asked = (EVERY if step == 1 else EVEN) * kind
    for y in range(0, fate.shape[0], step):
        for first in range(y * padded, (y + 1) * padded, LANES):
            those = load_long(fates, first) & asked
            while those != 0:
                pixel[found] = first + (lowest_of_64(those) >> 3)
                those &= those - 1
                found += 1
    return found


@kernel
def start_rays(start, stop, pixel, origin, toward, starts, ways):
    """Rays `start:stop` to the sun from pixels (N,), numbers in `origin` (H * E, 3), into `starts`, `ways` (N, 3)."""
    for i in range(start, stop):
        for axis in range(3):
            starts[i, axis], ways[i, axis] = origin[pixel[i], axis], toward[axis]


@kernel(inline=True)
def agreed(fates, instances, place, above, below, pixel, over, under):
    """SUNNY or SHADED where eight pixels, to all of which the sun may add, and those asked about them agree, else 0.

    Args:
        fates, instances: pointers to those of `decide`.
        place, above, below: numbers of the first of the eight and of those asked over and under it, in H x E.
        pixel, over, under: the same in H x W.
    """
    upper, lower = load_long(fates, above), load_long(fates, below)
    all_known, known = EVEN * (SUNNY | SHADED), upper & (SUNNY | SHADED)
    own = load_long(fates, place)
    # Each byte's lowest three bits, or-ed into its lowest one.
    some = (own | (own >> 1) | (own >> 2)) & EVERY
    if some != EVERY or (upper & all_known) != EVEN * known or (lower & all_known) != EVEN * known:
        return np.int64(0)
    if (load_long(fates, above + 1) ^ load_long(fates, below + 1)) >> 56 & (SUNNY | SHADED) != 0:
        return np.int64(0)
    if load_long(fates, above + 1) >> 56 & (SUNNY | SHADED) != known:
        return np.int64(0)
    one = splat_int(load_int(instances, pixel))
    alike = equal(load_ints(instances, pixel), one) & equal(load_ints(instances, over), one)
    alike = alike & equal(load_ints(instances, over + 1), one)
    alike = alike & equal(load_ints(instances, under), one) & equal(load_ints(instances, under + 1), one)
    return known if bits(alike) == (1 << LANES) - 1 else np.int64(0)


@kernel
def decide(start, stop, instance, sunlit, fate, radiance):
    """Add the sun to pixels of the rows `start:stop` that it reaches, as far as that is known.

    Those that were asked are even columns of even rows. Others are like those around them, of the same instance, if
    these agree, and stay WANTED if not.

    Args:
        start, stop: range of rows.
        instance: (H, W) int32. sunlit: (H, E, 3) radiance that the sun adds. fate: (H, E) uint8 what is known.
        radiance: (H, W, 3), to which it is added.
    """
    height, width = instance.shape
    padded, fates, instances = fate.shape[1], pointer(fate), pointer(instance)
    sun, light = pointer(sunlit), pointer(radiance)
    for y in range(start, stop):
        above, below = y - (y & 1), min(y + (y & 1), (height - 1) & ~1)
        asked = EVEN * BYTE if y == above else np.int64(0)  # what others still look at
        x = 0
        while x < width:
            pixel, place = y * width + x, y * padded + x
            if x & (LANES - 1) == 0 and x + LANES < width:
                over, under = above * width + x, below * width + x
                known = agreed(fates, instances, place, above * padded + x, below * padded + x, pixel, over, under)
                if known != 0:
                    store_long(fates, place, load_long(fates, place) & asked)
                    if known == SUNNY:
                        red, green, blue = load_triples(light, 3 * pixel)
                        r, g, b = load_triples(sun, 3 * place)
                        store_triples(light, 3 * pixel, red + r, green + g, blue + b)
                    x += LANES
                    continue
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
            x += 1


@kernel
def note(start, stop, pixel, blocked, fate):
    """Write to fate (H * E,) whether the sun reaches `pixel[start:stop]`: those that are not `blocked` (N,)."""
    for i in range(start, stop):
        fate[pixel[i]] = SHADED if blocked[i] else SUNNY


@kernel
def add_sun(start, stop, pixel, blocked, sunlit, radiance):
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
        pixel = listed[: list_pixels(fate, WANTED, step, listed)]
        starts, ways = np.empty((len(pixel), 3), np.float32), np.empty((len(pixel), 3), np.float32)
        each(pixel, start_rays, origin.reshape(-1, 3), toward, starts, ways)
        return pixel, stage.rays.any_hit(starts, ways, mask=SHARP, threads=stage.threads)

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
