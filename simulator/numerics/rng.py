"""Random numbers by name, never by call order.

Outside kernels: `generator(seed, "actor", 7, "paint")` is an independent numpy generator per path of names.
Inside kernels: `hash4` / `uniform` map (seed, a, b, c) to bits without state (PCG4D, Jarzynski and Olano,
"Hash Functions for GPU Rendering", JCGT 9(3), 2020).
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.numerics.jit import kernel


def child_seed(seed: int, *names: str | int) -> int:
    """64-bit seed for the stream at path `names` below `seed`; equal on every machine and Python version."""
    text = "/".join([str(int(seed)), *(f"{type(name).__name__[0]}:{name}" for name in names)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Independent generator for the stream at path `names` below `seed`."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(child_seed(seed, *names))))


def counted(keys: ArrayLike, counts: ArrayLike) -> NDArray[np.uint64]:
    """(...) seeds of 64 bits: of the streams that begin at `keys`, the ones that `counts` from 0 on number.

    SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
    """
    counts = np.asarray(counts, np.int64).astype(np.uint64)  # -1, not yet begun, wraps round
    with np.errstate(over="ignore"):
        mixed = np.asarray(keys, np.uint64) + (counts + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


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
