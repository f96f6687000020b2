"""Random numbers inside kernels, by what they are for and never by call order.

`hash4` / `uniform` map (seed, a, b, c) to bits without state (PCG4D, Jarzynski and Olano, "Hash Functions for GPU
Rendering", JCGT 9(3), 2020).
"""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel


@kernel(inline=True)
def hash4(x, y, z, w):
    """PCG4D: four well-mixed uint32 from four whole numbers, of which the low 32 bits count."""
    return _mixed(np.uint32(x), np.uint32(y), np.uint32(z), np.uint32(w))


@kernel(inline=True)
def _mixed(x, y, z, w):
    mul, inc = np.uint32(1664525), np.uint32(1013904223)
    shift = np.uint32(16)
    x = np.uint32(x * mul + inc)
    y = np.uint32(y * mul + inc)
    z = np.uint32(z * mul + inc)
    w = np.uint32(w * mul + inc)
    x = np.uint32(x + y * w)
    y = np.uint32(y + z * x)
    z = np.uint32(z + x * y)
    w = np.uint32(w + y * z)
    x = np.uint32(x ^ (x >> shift))
    y = np.uint32(y ^ (y >> shift))
    z = np.uint32(z ^ (z >> shift))
    w = np.uint32(w ^ (w >> shift))
    x = np.uint32(x + y * w)
    y = np.uint32(y + z * x)
    z = np.uint32(z + x * y)
    w = np.uint32(w + y * z)
    return x, y, z, w


@kernel(inline=True)
def uniform(bits):
    """Float32 in [0, 1) from the top 24 of 32 random bits."""
    return np.float32(np.uint32(bits) >> np.uint32(8)) * np.float32(5.9604644775390625e-08)
