"""COCO's compressed run-length encoding of masks, so that writing datasets does not need pycocotools."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel


@kernel
def run_lengths(mask, value, x0, y0, x1, y1, counts):
    """Write the lengths of alternating runs of other pixels and `value`, down the columns; returns their number.

    Args:
        mask: (H, W) int32.
        value: what to encode.
        x0, y0, x1, y1: columns and rows (ends excluded) outside of which `value` does not occur.
        counts: int64 result, long enough: 2 + 2 * (x1 - x0) * ((y1 - y0) // 2 + 1).
    """
    height, width = mask.shape
    count, position, begin, inside = 0, 0, 0, False
    for x in range(x0, x1):
        for y in range(y0, y1 + 1):
            hit = y < y1 and mask[y, x] == value
            if hit != inside:
                if y == height and x + 1 < width and x + 1 < x1 and mask[0, x + 1] == value:
                    continue  # the run goes on at the top of the next column
                position = x * height + y
                counts[count] = position - begin
                count, begin, inside = count + 1, position, hit
    if begin < height * width:
        counts[count] = height * width - begin
        count += 1
    return count


@kernel
def compress(counts, text):
    """Write COCO's text of run lengths and return its size: differences to the run before last, 5 bits a letter."""
    length = 0
    for i in range(counts.shape[0]):
        x = counts[i]
        if i > 2:
            x -= counts[i - 2]
        more = True
        while more:
            c = x & 31
            x >>= 5
            more = x != -1 if c & 16 else x != 0
            text[length] = (c | 32 if more else c) + 48
            length += 1
    return length


def encode(mask: NDArray[np.int32], value: int, bbox: list[int]) -> str:
    """Compressed counts of the pixels of `mask` (H, W) that are `value`; `bbox` x, y, width, height holds them all."""
    x, y, width, height = bbox
    counts = np.empty(2 + 2 * width * (height // 2 + 1), np.int64)
    count = run_lengths(mask, np.int32(value), x, y, x + width, y + height, counts)
    text = np.empty(count * 8, np.uint8)
    length = compress(counts[:count], text)
    return text[:length].tobytes().decode("ascii")
