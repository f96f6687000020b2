"""Random numbers by name, never by call order.

`generator(seed, "actor", 7, "paint")` is an independent numpy generator per path of names. Inside kernels see
`simulator.numerics.counter_rng`.
"""

from __future__ import annotations

import hashlib
from copy import deepcopy

import numpy as np
from numpy.typing import ArrayLike, NDArray


def child_seed(seed: int, *names: str | int) -> int:
    """64-bit seed for the stream at path `names` below `seed`; equal on every machine and Python version."""
    text = "/".join([str(int(seed)), *(f"{type(name).__name__[0]}:{name}" for name in names)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Independent generator for the stream at path `names` below `seed`."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(child_seed(seed, *names))))


def offshoot(rng: np.random.Generator, *names: str | int) -> np.random.Generator:
    """Independent generator named below where a stream is now, which itself goes on as if nothing had been drawn."""
    return generator(int(deepcopy(rng).integers(2**63)), *names)


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
