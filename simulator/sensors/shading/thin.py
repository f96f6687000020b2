"""What is thinner than a pixel, seen with one ray a pixel: twigs, wires and bars mixed with what is about them.

Such a ray meets a twig or misses it, so that a bare crown would be a cloud of dark dots. What shows another instance
than the pixels on both sides of it, or than those above and below, is thinner than a pixel or the gap between such
things; there, and one pixel about it, a picture shows the mean over the neighbours, as a lens and a sensor do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import load_ints, load_long, pointer, store_long
from simulator.numerics.parallel import parallel_for
from simulator.numerics.simd import LANES, bits, bytes_of_bits, equal, lowest_of_64

if TYPE_CHECKING:
    from simulator.sensors.shading.canvas import Picture

ROWS, CHUNK = 32, 1 << 13  # rows, and pixels, that one thread does in a row
QUARTER, HALF = np.float32(0.25), np.float32(0.5)
FAR_BYTE = np.int64(56)  # shift of the last byte of eight


@kernel
def find_thin(start, stop, instance, thin):
    """Write 1 to `thin` (H, E) uint8, whose other bytes are 0, in rows `start:stop` where a pixel of `instance` (H, W)
    int32 differs from both neighbours along its row or its column; W <= E, both more than LANES + 1."""
    height, width = instance.shape
    padded, shown, out = thin.shape[1], pointer(instance), pointer(thin)
    for y in range(max(start, 1), min(stop, height - 1)):
        for column in range(1, width - 1, LANES):
            first = min(column, width - 1 - LANES)
            at = y * width + first
            here = load_ints(shown, at)
            left = bits(equal(here, load_ints(shown, at - 1)))
            above = bits(equal(here, load_ints(shown, at - width)))
            if left & above == (1 << LANES) - 1:
                continue
            across = left | bits(equal(here, load_ints(shown, at + 1)))
            down = above | bits(equal(here, load_ints(shown, at + width)))
            store_long(out, y * padded + first, bytes_of_bits(~(across & down) & ((1 << LANES) - 1)))


@kernel(inline=True)
def three_rows(marks, at, padded):
    """Eight bytes from `at` on, each or-ed with those above and below it; rows are `padded` bytes long."""
    return load_long(marks, at - padded) | load_long(marks, at) | load_long(marks, at + padded)


@kernel
def list_about(thin, width, pixel):
    """Write the numbers in H x `width` of pixels within one of those of `thin` (H, E) uint8; returns how many."""
    (height, padded), marks, found = thin.shape, pointer(thin), 0
    for y in range(1, height - 1):
        before, here = np.int64(0), three_rows(marks, y * padded, padded)
        for first in range(0, padded, LANES):
            after = np.int64(0)
            if first + LANES < padded:
                after = three_rows(marks, y * padded + first + LANES, padded)
            if before | here | after != 0:
                those = here | (here << 8) | ((here >> 8) & ((np.int64(1) << FAR_BYTE) - 1))
                those |= ((before >> FAR_BYTE) & 1) | (after << FAR_BYTE)
                while those != 0:
                    x = first + (lowest_of_64(those) >> 3)
                    those &= those - 1
                    if x < width:
                        pixel[found] = y * width + x
                        found += 1
            before, here = here, after
    return found


@kernel
def mix_neighbours(start, stop, pixel, radiance, mixed):
    """Write to rows `start:stop` of `mixed` (N, 3) means over three by three pixels of `radiance` (H, W, 3), binomial.

    `pixel` (N,): their numbers in H x W, none of them in the first or the last row.
    """
    width, light = radiance.shape[1], pointer(radiance)
    for i in range(start, stop):
        at, column = 3 * pixel[i], pixel[i] % width
        left, right = at - 3 * (column > 0), at + 3 * (column < width - 1)
        for channel in range(3):
            beside = mean_down(light, left + channel, 3 * width) + mean_down(light, right + channel, 3 * width)
            mixed[i, channel] = QUARTER * beside + HALF * mean_down(light, at + channel, 3 * width)


@kernel(inline=True)
def mean_down(light, at, row):
    """Binomial mean of a float, the one a `row` of floats before and the one after it."""
    return HALF * light[at] + QUARTER * (light[at - row] + light[at + row])


@kernel
def put_back(start, stop, pixel, mixed, radiance):
    """Copy rows `start:stop` of `mixed` (N, 3) to `pixel` (N,) of `radiance` (H * W, 3)."""
    for i in range(start, stop):
        for channel in range(3):
            radiance[pixel[i], channel] = mixed[i, channel]


def soften_thin(picture: Picture, threads: int | None) -> None:
    """Mix what is thinner than a pixel of a picture of one ray a pixel with its neighbours (1 2 1, both ways)."""
    height, width = picture.instance.shape
    if height < 3 or width < LANES + 2:
        return
    thin = np.zeros((height, -(-width // LANES) * LANES), np.uint8)
    parallel_for(
        lambda start, stop: find_thin(start, stop, picture.instance, thin), height, chunk=ROWS, threads=threads
    )
    pixel: NDArray[np.int32] = np.empty(height * width, np.int32)
    pixel = pixel[: list_about(thin, width, pixel)]
    mixed, flat = np.empty((len(pixel), 3), np.float32), picture.radiance.reshape(-1, 3)
    for body in (
        lambda start, stop: mix_neighbours(start, stop, pixel, picture.radiance, mixed),
        lambda start, stop: put_back(start, stop, pixel, mixed, flat),
    ):
        parallel_for(body, len(pixel), chunk=CHUNK, threads=threads)
