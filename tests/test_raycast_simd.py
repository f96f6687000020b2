"""The vectors of eight lanes against numpy, lane by lane."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numba.core import types

from simulator.numerics.jit import kernel
from simulator.numerics.simd import (
    absolute,
    bits,
    bits_float,
    cross_term,
    fetch_add,
    float_bits,
    greatest,
    least,
    load,
    load_float,
    load_int,
    load_ints,
    load_long,
    load_triples,
    local_memory,
    lowest,
    lowest_of_64,
    maximum,
    minimum,
    negative,
    pointer,
    population,
    select,
    splat,
    splat_int,
    store,
    store_float,
    store_int,
    store_ints,
    store_long,
    store_minimum,
    swap_halves,
    truncate,
    with_lane,
    without_lowest,
)
from simulator.raycast.order import SIDE, hilbert

eights = arrays(np.float32, 8, elements=st.floats(width=32, allow_nan=True, allow_infinity=True))
finite = arrays(np.float32, 8, elements=st.floats(-1000, 1000, width=32))
quick = settings(max_examples=60, deadline=None, derandomize=True, database=None)


@kernel
def arithmetic(x, y, k, out):  # type: ignore[no-untyped-def]
    a, b, c = load(x, 0), load(y, 0), np.float32(k)
    store(out, 0, a + b)
    store(out, 8, a - b)
    store(out, 16, a * b)
    store(out, 24, a / b)
    store(out, 32, a + c)
    store(out, 40, c - a)
    store(out, 48, minimum(a, b))
    store(out, 56, maximum(a, b))
    store(out, 64, absolute(a))
    store(out, 72, swap_halves(a))
    store(out, 80, splat(c))
    for lane in range(8):
        store(out, 88 + 8 * lane, with_lane(a, lane, c))


@given(eights, eights, st.floats(-100, 100, width=32))
@quick
def test_arithmetic(x: np.ndarray, y: np.ndarray, k: float) -> None:
    out = np.empty(152, np.float32)
    arithmetic(x, y, k, out)
    k32 = np.float32(k)
    with np.errstate(all="ignore"):
        expected = [x + y, x - y, x * y, x / y, x + k32, k32 - x]
        expected += [np.where(x < y, x, y), np.where(x > y, x, y)]  # y where either is NaN
        expected += [np.abs(x), np.roll(x, 4), np.full(8, k32)]
        expected += [np.where(np.arange(8) == lane, k32, x) for lane in range(8)]
    np.testing.assert_array_equal(out.reshape(-1, 8), expected)


@kernel
def comparisons(x, y, out):  # type: ignore[no-untyped-def]
    a, b = load(x, 0), load(y, 0)
    out[0], out[1], out[2], out[3] = bits(a < b), bits(a <= b), bits(a > b), bits(a >= b)
    out[4], out[5] = bits((a < b) & (a < np.float32(0))), bits((a < b) | (a < np.float32(0)))
    out[6] = bits(negative(select(a < b, splat_int(-3), splat_int(0))))


@given(eights, eights)
@quick
def test_comparisons(x: np.ndarray, y: np.ndarray) -> None:
    out = np.empty(7, np.int32)
    comparisons(x, y, out)
    expected = [x < y, x <= y, x > y, x >= y, (x < y) & (x < 0), (x < y) | (x < 0), x < y]
    np.testing.assert_array_equal(out, [(1 << np.arange(8))[lanes].sum() for lanes in expected])


@kernel
def across(x, y, out):  # type: ignore[no-untyped-def]
    a, b = load(x, 0), load(y, 0)
    out[0], out[1] = least(a), greatest(a)
    store(out, 2, cross_term(a, b, b, a + b))
    store(out, 10, cross_term(b, a + b, a, b))
    store(out, 18, select(a < b, a, b))
    store_ints(out, 26, truncate(a))


@given(finite, finite)
@quick
def test_across_lanes_and_exact_symmetry(x: np.ndarray, y: np.ndarray) -> None:
    out = np.empty(34, np.float32)
    across(x, y, out)
    assert (out[0], out[1]) == (x.min(), x.max())
    np.testing.assert_array_equal(out[2:10], -out[10:18])
    np.testing.assert_array_equal(out[2:10], x * (x + y) - y * y)  # every product rounded
    np.testing.assert_array_equal(out[18:26], np.minimum(x, y))
    np.testing.assert_array_equal(out[26:34].view(np.int32), x.astype(np.int32))


@kernel
def scalars(words, floats, out):  # type: ignore[no-untyped-def]
    for i in range(words.shape[0]):
        word = load_int(words, i)
        out[i, 0], out[i, 1], out[i, 2] = lowest(word), without_lowest(word), population(word)
        out[i, 3] = float_bits(load_float(floats, i))
        store_float(floats, i, bits_float(float_bits(load_float(floats, i))))


def test_bits_of_scalars() -> None:
    rng = np.random.default_rng(0)
    words = rng.integers(1, 2**31, 100).astype(np.int32)
    words[:31] = np.int32(1) << np.arange(31, dtype=np.int32)
    floats = rng.normal(size=100).astype(np.float32)
    given_floats, out = floats.copy(), np.empty((100, 4), np.int64)
    scalars(words, floats, out)
    lowest_bit = words & -words
    np.testing.assert_array_equal(out[:, 0], np.log2(lowest_bit).astype(int))
    np.testing.assert_array_equal(out[:, 1], words - lowest_bit)
    np.testing.assert_array_equal(out[:, 2], [int(word).bit_count() for word in words])
    np.testing.assert_array_equal(out[:, 3], given_floats.view(np.int32))
    np.testing.assert_array_equal(floats, given_floats)
    positive = np.sort(np.abs(given_floats))
    assert (np.diff(positive.view(np.int32)) >= 0).all()  # ordered as the values are


room_of_floats = local_memory(types.float32, 16)


@kernel
def memory(x, words, longs, out):  # type: ignore[no-untyped-def]
    room, raw = room_of_floats(), pointer(x)
    store(room, 3, load(raw, 1))  # neither aligned
    for k in range(8):
        store_float(out, k, load_float(room, 3 + k))
    a, b, c = load_triples(raw, 2)
    store(out, 8, a)
    store(out, 16, b)
    store(out, 24, c)
    store_ints(words, 8, load_ints(words, 0))
    store_int(x, 0, 7)
    store_long(longs, 1, load_long(longs, 0) + 1)
    store_minimum(out, 0, splat(np.float32(4)))


def test_memory() -> None:
    x, out = np.arange(40, dtype=np.float32), np.empty(32, np.float32)
    words, longs = np.arange(16, dtype=np.int32), np.array([2**40, 0])
    memory(x, words, longs, out)
    np.testing.assert_array_equal(out[:8], np.minimum(np.arange(1, 9), 4))
    np.testing.assert_array_equal(out[8:].reshape(3, 8), [2 + k + 3 * np.arange(8) for k in range(3)])
    np.testing.assert_array_equal(words, [*range(8), *range(8)])
    assert x[:1].view(np.int32)[0] == 7
    assert longs[1] == 2**40 + 1


@kernel
def draw(counter, taken):  # type: ignore[no-untyped-def]
    while True:
        number = fetch_add(counter, 0, 1)
        if number >= taken.shape[0]:
            break
        taken[number] += 1


def test_every_number_is_drawn_once() -> None:
    counter, taken = np.zeros(1, np.int64), np.zeros(100_000, np.int32)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: draw(counter, taken), range(4)))
    assert (taken == 1).all()


@kernel
def places(x, y, out):  # type: ignore[no-untyped-def]
    for i in range(len(out)):
        out[i] = hilbert(x[i], y[i])


def test_hilbert_curve_goes_from_neighbour_to_neighbour_through_every_cell() -> None:
    x, y = (axis.reshape(-1).astype(np.int32) for axis in np.meshgrid(np.arange(SIDE), np.arange(SIDE)))
    out = np.empty(SIDE * SIDE, np.int32)
    places(x, y, out)
    order = np.argsort(out)
    np.testing.assert_array_equal(out[order], np.arange(SIDE * SIDE))
    assert (np.abs(np.diff(x[order])) + np.abs(np.diff(y[order])) == 1).all()


@kernel
def lowest_bits(masks, out):  # type: ignore[no-untyped-def]
    for i in range(len(out)):
        out[i] = lowest_of_64(masks[i])


def test_lowest_bit_of_64() -> None:
    masks, out = np.int64(-1) << np.arange(64), np.empty(64, np.int64)
    lowest_bits(masks, out)
    np.testing.assert_array_equal(out, np.arange(64))
