"""The vectors of eight and sixteen lanes against numpy, lane by lane."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numba.core import types

from simulator.numerics.jit import kernel
from simulator.numerics.memory import (
    fetch_add,
    greatest_of_eights,
    greatest_of_sixteens,
    least_of_eights,
    least_of_sixteens,
    load,
    load_each,
    load_each_float,
    load_float,
    load_int,
    load_ints,
    load_ints_wide,
    load_long,
    load_points,
    load_triples,
    load_wide,
    local_memory,
    packed,
    pointer,
    store,
    store_chosen,
    store_float,
    store_halves,
    store_int,
    store_ints,
    store_long,
    store_minimum,
    store_triples,
)
from simulator.numerics.simd import (
    absolute,
    bits,
    bits_float,
    bytes_of_bits,
    cross_term,
    flip_where_negative,
    float_bits,
    floor,
    greatest,
    join,
    least,
    lowered,
    lowest,
    lowest_of_64,
    mask_of_bits,
    maximum,
    minimum,
    negative,
    population,
    select,
    shift,
    splat,
    splat_int,
    splat_int_wide,
    splat_wide,
    square_root,
    subtract,
    swap_halves,
    truncate,
    with_lane,
    without_lowest,
)
from simulator.raycast.order import SIDE, hilbert

eights = arrays(np.float32, 8, elements=st.floats(width=32, allow_nan=True, allow_infinity=True))
sixteens = arrays(np.float32, 16, elements=st.floats(width=32, allow_nan=True, allow_infinity=True))
finite = arrays(np.float32, 8, elements=st.floats(-1000, 1000, width=32))
quick = settings(max_examples=60, deadline=None, derandomize=True, database=None)


@kernel
def arithmetic(x, y, k, out):
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
def comparisons(x, y, out):
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
def across(x, y, out):
    a, b = load(x, 0), load(y, 0)
    out[0], out[1] = least(a), greatest(a)
    store(out, 2, cross_term(a, b, b, a + b))
    store(out, 10, cross_term(b, a + b, a, b))
    store(out, 18, select(a < b, a, b))
    store_ints(out, 26, truncate(a))
    store(out, 34, shift(a))
    store(out, 42, floor(a))
    store(out, 50, lowered(a > splat(np.float32(0)), a, b))
    store(out, 58, square_root(absolute(a)))


@given(finite, finite)
@quick
def test_across_lanes_and_exact_symmetry(x: np.ndarray, y: np.ndarray) -> None:
    out = np.empty(66, np.float32)
    across(x, y, out)
    assert (out[0], out[1]) == (x.min(), x.max())
    np.testing.assert_array_equal(out[2:10], -out[10:18])
    np.testing.assert_array_equal(out[2:10], x * (x + y) - y * y)  # every product rounded
    np.testing.assert_array_equal(out[18:26], np.minimum(x, y))
    np.testing.assert_array_equal(out[26:34].view(np.int32), x.astype(np.int32))
    expected = [np.concatenate([x[:1], x[:7]]), np.floor(x)]
    expected += [np.where(x > 0, np.minimum(x, y), x), np.sqrt(np.abs(x))]
    np.testing.assert_array_equal(out[34:].reshape(4, 8), expected)


@kernel
def scalars(words, floats, out):
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
def memory(x, words, longs, out):
    room, raw = room_of_floats(), pointer(x)
    store(room, 3, load(raw, 1))  # neither aligned
    for k in range(8):
        store_float(out, k, load_float(room, 3 + k))
    a, b, c = load_triples(raw, 2)
    store(out, 8, a)
    store(out, 16, b)
    store(out, 24, c)
    a, b, c = load_points(raw, pointer(words), 3)
    store(out, 32, a)
    store(out, 40, b)
    store(out, 48, c)
    store_ints(words, 8, load_ints(words, 0))
    store_int(x, 0, 7)
    store_long(longs, 1, load_long(longs, 0) + 1)
    store_minimum(out, 0, splat(np.float32(4)))


def test_memory() -> None:
    x, out = np.arange(40, dtype=np.float32), np.empty(56, np.float32)
    words, longs = np.array([5, 1, 0, 9, 2, 12, 0, 4, 7, 3, 11, 6, 8, 10, 1, 2], np.int32), np.array([2**40, 0])
    points, first = words[3:11].copy(), words[:8].copy()
    memory(x, words, longs, out)
    np.testing.assert_array_equal(out[:8], np.minimum(np.arange(1, 9), 4))
    np.testing.assert_array_equal(out[8:32].reshape(3, 8), [2 + k + 3 * np.arange(8) for k in range(3)])
    np.testing.assert_array_equal(out[32:].reshape(3, 8), [3 * points + k for k in range(3)])
    np.testing.assert_array_equal(words, [*first, *first])
    assert x[:1].view(np.int32)[0] == 7
    assert longs[1] == 2**40 + 1


@kernel
def draw(counter, taken):
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
def wide(x, y, words, k, out, numbers):
    a, b, c = load_wide(x, 0), join(load(y, 0), load(y, 8)), np.float32(k)
    ints = load_ints_wide(words, 0)
    store(out, 0, c - a)
    store(out, 16, minimum(a, b))
    store(out, 32, maximum(a, b))
    store(out, 48, select((a < b) | (a > splat_wide(c)), a, b))
    store(out, 64, with_lane(absolute(a), 11, c))
    store_halves(out, 80, 104, a)
    store_ints(numbers, 0, select(negative(ints), splat_int_wide(-1), subtract(ints, splat_int_wide(7))))
    numbers[16] = bits(a <= b)


@given(sixteens, sixteens, arrays(np.int32, 16), st.floats(-100, 100, width=32))
@quick
def test_wide_vectors(x: np.ndarray, y: np.ndarray, words: np.ndarray, k: float) -> None:
    out, numbers = np.full(112, 7, np.float32), np.zeros(17, np.int32)
    wide(x, y, words, k, out, numbers)
    k32 = np.float32(k)
    with np.errstate(all="ignore"):
        assert np.array_equal(out[:16], k32 - x, equal_nan=True)
        assert np.array_equal(out[16:32], np.where(x < y, x, y), equal_nan=True)
        assert np.array_equal(out[32:48], np.where(x > y, x, y), equal_nan=True)
        assert np.array_equal(out[48:64], np.where((x < y) | (x > k32), x, y), equal_nan=True)
    laned = np.abs(x)
    laned[11] = k32
    assert np.array_equal(out[64:80], laned, equal_nan=True)
    assert np.array_equal(out[80:88], x[:8], equal_nan=True) and np.array_equal(out[104:112], x[8:], equal_nan=True)
    assert (out[88:104] == 7).all()
    with np.errstate(over="ignore"):
        assert np.array_equal(numbers[:16], np.where(words < 0, np.int32(-1), words - np.int32(7)))
    assert numbers[16] == sum(1 << lane for lane in range(16) if x[lane] <= y[lane])


@kernel
def extremes(x):
    return least(load_wide(x, 0)), greatest(load_wide(x, 0))


@given(arrays(np.float32, 16, elements=st.floats(-1000, 1000, width=32)))
@quick
def test_extremes_of_sixteen(x: np.ndarray) -> None:
    assert extremes(x) == (x.min(), x.max())


@kernel
def extremes_of_runs(x, out):
    store(out, 0, least_of_eights(x, 0))
    store(out, 8, greatest_of_eights(x, 0))
    store(out, 16, least_of_sixteens(x, 0))
    store(out, 32, greatest_of_sixteens(x, 0))


@given(arrays(np.float32, 256, elements=st.floats(-1000, 1000, width=32)))
@quick
def test_extremes_of_runs(x: np.ndarray) -> None:
    out, eights_of_x, sixteens_of_x = np.empty(48, np.float32), x[:64].reshape(8, 8), x.reshape(16, 16)
    extremes_of_runs(x, out)
    assert np.array_equal(out[:16], [*eights_of_x.min(1), *eights_of_x.max(1)])
    assert np.array_equal(out[16:], [*sixteens_of_x.min(1), *sixteens_of_x.max(1)])


@kernel
def woven(x, y, z, out):
    store_triples(out, 1, load(x, 0), load(y, 0), load(z, 0))


def test_three_vectors_are_written_in_turn_and_read_again() -> None:
    x, y, z = np.random.default_rng(4).random((3, 8)).astype(np.float32)
    out = np.zeros(26, np.float32)
    woven(x, y, z, out)
    assert np.array_equal(out[1:25].reshape(8, 3), np.stack([x, y, z], 1)) and out[0] == out[25] == 0


@kernel
def picked(memory, first, numbers, out):
    store_ints(out, 0, load_each(pointer(memory), first, load_ints(numbers, 0)))


@kernel
def picked_floats(memory, first, numbers, out):
    store(out, 0, load_each_float(memory, first, load_ints(numbers, 0)))


def test_lanes_are_loaded_each_from_its_own_place() -> None:
    rng = np.random.default_rng(5)
    texels, numbers = rng.integers(0, 256, (40, 4), np.uint8), rng.integers(0, 30, 8).astype(np.int32)
    out = np.empty(8, np.int32)
    picked(texels, 7, numbers, out)
    np.testing.assert_array_equal(out, texels.view(np.int32).ravel()[7 + numbers])
    floats = rng.random(40).astype(np.float32)
    picked_floats(floats, 7, numbers, out.view(np.float32))
    np.testing.assert_array_equal(out.view(np.float32), floats[7 + numbers])


@kernel
def chosen(mask, high, low, out):
    store_chosen(out, 1, mask, load(high, 0), load_ints(low, 0))


def test_pairs_of_chosen_lanes_are_written_side_by_side() -> None:
    rng = np.random.default_rng(6)
    high, low = rng.normal(size=8).astype(np.float32), rng.integers(-9, 9, 8).astype(np.int32)
    pairs = (high.view(np.int32).astype(np.int64) << 32) | (low.astype(np.int64) & 0xFFFFFFFF)
    for mask in range(256):
        out, lanes = np.zeros(10, np.int64), np.flatnonzero([mask >> lane & 1 for lane in range(8)])
        chosen(np.int32(mask), high, low, out)
        np.testing.assert_array_equal(out[1 : 1 + len(lanes)], pairs[lanes])
        assert out[0] == out[9] == 0


@kernel
def side_by_side(mask, x, numbers, out, others):
    store(out, 0, packed(load(x, 0), mask))
    store_ints(others, 0, packed(load_ints(numbers, 0), mask))


def test_chosen_lanes_are_packed_side_by_side() -> None:
    x, numbers = np.random.default_rng(7).normal(size=8).astype(np.float32), np.arange(8, dtype=np.int32) - 4
    out, others = np.empty(8, np.float32), np.empty(8, np.int32)
    for mask in range(256):
        lanes = np.flatnonzero([mask >> lane & 1 for lane in range(8)])
        side_by_side(np.int32(mask), x, numbers, out, others)
        np.testing.assert_array_equal(out[: len(lanes)], x[lanes])
        np.testing.assert_array_equal(others[: len(lanes)], numbers[lanes])


@kernel
def flipped(x, y, out):
    store(out, 0, flip_where_negative(load(x, 0), load(y, 0)))


@given(eights, eights)
@quick
def test_signs_are_flipped_where_the_other_is_negative(x: np.ndarray, y: np.ndarray) -> None:
    out = np.empty(8, np.float32)
    flipped(x, y, out)
    assert np.array_equal(out.view(np.int32), np.where(np.signbit(y), -x, x).view(np.int32))


@kernel
def marks_of(bits_of_eight, out, back):
    for i in range(len(out)):
        out[i] = bytes_of_bits(bits_of_eight[i])
        back[i] = bits(mask_of_bits(bits_of_eight[i]))


def test_bits_become_bytes_and_masks() -> None:
    out, back = np.empty(256, np.int64), np.empty(256, np.int32)
    marks_of(np.arange(256, dtype=np.int32), out, back)
    np.testing.assert_array_equal(back, np.arange(256))
    expected = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
    np.testing.assert_array_equal(out.view(np.uint8).reshape(256, 8), expected)


@kernel
def places(x, y, out):
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
def lowest_bits(masks, out):
    for i in range(len(out)):
        out[i] = lowest_of_64(masks[i])


def test_lowest_bit_of_64() -> None:
    masks, out = np.int64(-1) << np.arange(64), np.empty(64, np.int64)
    lowest_bits(masks, out)
    np.testing.assert_array_equal(out, np.arange(64))
