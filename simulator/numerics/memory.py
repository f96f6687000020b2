"""Raw memory for kernels, by numba's public `@intrinsic`: loads, stores, prefetches, an atomic counter.

All take element i of a contiguous one-dimensional array, bare or not, or of a pointer, without bounds test or
wrap-around.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from llvmlite.binding import llvm_version_info
from numba.core import cgutils, types
from numba.extending import intrinsic

from simulator.numerics.bare import Bare
from simulator.numerics.simd import (
    LANES,
    across_each,
    call_llvm,
    f32x8,
    f32x16,
    greater,
    i32x8,
    i32x16,
    lane_numbers,
    lesser,
)

_FLOAT, _INT, _LONG, _BYTE = ir.FloatType(), ir.IntType(32), ir.IntType(64), ir.IntType(8)
_EIGHT_BITS = ir.VectorType(ir.IntType(1), LANES)


def _address(context: Any, builder: ir.IRBuilder, signature: Any, args: Any, element: ir.Type) -> ir.Value:
    """Pointer of LLVM type `element*` to args[0][args[1]], for an array, a bare one, or a pointer."""
    memory, index = signature.args[:2]
    data = args[0]
    if isinstance(memory, types.Array):
        data = context.make_array(memory)(context, builder, data).data
    elif isinstance(memory, Bare):
        data = cgutils.create_struct_proxy(memory)(context, builder, value=data).data
    wide = context.cast(builder, args[1], index, types.int64)
    return builder.bitcast(builder.gep(data, [wide]), element.as_pointer())


@intrinsic
def pointer(typing_context, array):
    """Pointer to an array's first element, for use while somebody keeps the array: see `hold`.

    Arrays are counted references: handing one to a helper in a hot loop costs atomic increments. Pointers cost nothing.
    """

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return context.make_array(signature.args[0])(context, builder, args[0]).data

    return types.CPointer(array.dtype)(array), _emit


@intrinsic
def hold(typing_context, array):
    """Hold an array that the kernel itself has made up to here.

    What a kernel is given its caller keeps; what it makes is freed after the last use of its name, whatever pointers to
    it are in use.
    """

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return context.get_dummy_value()

    return types.void(array), _emit


@intrinsic
def record(typing_context, memory, index):
    """Record i of an array of them or of a pointer; its fields can be read and written."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        row = _address(context, builder, signature, args, _BYTE)
        return builder.bitcast(row, context.get_value_type(signature.return_type))

    return memory.dtype(memory, index), _emit


def local_memory(dtype: types.Type, count: int) -> Any:
    """A function for kernels: `memory()` is a pointer to `count` elements that live on the kernel's own stack.

    Call it in the kernel itself, not in a loop nor in a helper: there is one piece of memory a call site.
    """

    @intrinsic
    def memory(typing_context):
        """See `local_memory`."""

        def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            element = context.get_data_type(dtype)
            with builder.goto_entry_block():
                room = builder.alloca(ir.ArrayType(element, count))
                room.align = 64
            return builder.bitcast(room, element.as_pointer())

        return types.CPointer(dtype)(), _emit

    return memory


def _loader(result: types.Type, documentation: str) -> Any:
    @intrinsic
    def _load_element(typing_context, array, index):
        def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            element = context.get_value_type(result)
            loaded = builder.load(_address(context, builder, signature, args, element))
            loaded.align = 4
            return loaded

        return result(array, index), _emit

    _load_element.__doc__ = documentation
    return _load_element


def _storer(documentation: str, scalar: types.Type | None = None) -> Any:
    @intrinsic
    def _store_element(typing_context, array, index, value):
        def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            given = args[2] if scalar is None else context.cast(builder, args[2], signature.args[2], scalar)
            builder.store(given, _address(context, builder, signature, args, given.type)).align = 4
            return context.get_dummy_value()

        return types.void(array, index, value), _emit

    _store_element.__doc__ = documentation
    return _store_element


def _each(result: Any, combine: Any, documentation: str) -> Any:
    @intrinsic
    def _reduce_each(typing_context, array, index):
        def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            first = _address(context, builder, signature, args, result.llvm)
            loaded = [builder.load(builder.gep(first, [ir.Constant(_INT, k)])) for k in range(result.lanes)]
            for vector in loaded:
                vector.align = 4
            return across_each(builder, loaded, combine)

        return result(array, index), _emit

    _reduce_each.__doc__ = documentation
    return _reduce_each


load = _loader(f32x8, "f32x8 of the float32 elements i, ..., i + 7.")
load_wide = _loader(f32x16, "f32x16 of the float32 elements i, ..., i + 15.")
least_of_eights = _each(f32x8, lesser, "f32x8: the least of the elements i, ..., i + 7, of the next eight, and so on.")
greatest_of_eights = _each(f32x8, greater, "f32x8: the greatest of these.")
least_of_sixteens = _each(f32x16, lesser, "f32x16: the least of the elements i, ..., i + 15, of the next, and so on.")
greatest_of_sixteens = _each(f32x16, greater, "f32x16: the greatest of these.")
load_ints = _loader(i32x8, "i32x8 of the elements i, ..., i + 7, their bits taken as int32 whatever the dtype.")
load_ints_wide = _loader(i32x16, "i32x16 of the elements i, ..., i + 15, likewise.")
load_float = _loader(types.float32, "Element i, its bits taken as float32.")
load_int = _loader(types.int32, "Element i, its bits taken as int32 whatever the array's dtype.")
load_long = _loader(types.int64, "Element i of an int64 array.")
store = _storer("Write a vector of float32 to the elements from i on.")
store_ints = _storer("Write a vector of int32 to the elements from i on, bits unchanged whatever the dtype.")
store_float = _storer("Write a float32 to element i.", types.float32)
store_int = _storer("Write the bits of an int32 to element i whatever the array's dtype.", types.int32)
store_long = _storer("Write an int64 to element i of an int64 array.", types.int64)


def _prefetcher(write: int, documentation: str) -> Any:
    @intrinsic
    def _prefetch_element(typing_context, array, index):
        def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            address = _address(context, builder, signature, args, _BYTE)
            form = ir.FunctionType(ir.VoidType(), [address.type, _INT, _INT, _INT])
            function = builder.module.declare_intrinsic("llvm.prefetch", [address.type], form)
            # Into all caches (3); data, not instructions (1).
            builder.call(function, [address, *(ir.Constant(_INT, value) for value in (write, 3, 1))])
            return context.get_dummy_value()

        return types.void(array, index), _emit

    _prefetch_element.__doc__ = documentation
    return _prefetch_element


prefetch = _prefetcher(0, "Ask for the cache line of element i, which will be read soon.")
prefetch_to_write = _prefetcher(1, "Ask for the cache line of element i, which will be written soon.")


@intrinsic
def store_minimum(typing_context, array, index, x):
    """Lower the float32 elements i, ..., i + 7 to the lanes of an f32x8 where these are less; none may be NaN."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        address = _address(context, builder, signature, args, f32x8.llvm)
        present = builder.load(address)
        present.align = 4
        # Written as a selection LLVM would make it a masked store, which takes ten times as long on some processors.
        less = call_llvm(builder, "minnum", [present, args[2]], ("nnan", "nsz"))
        builder.store(less, address).align = 4
        return context.get_dummy_value()

    return types.void(array, index, f32x8), _emit


@intrinsic
def store_halves(typing_context, array, low, high, x):
    """Write the first eight of sixteen lanes to the elements from `low` on, the others to those from `high` on."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        undefined = ir.Constant(args[3].type, ir.Undefined)
        for half, index in enumerate((1, 2)):
            lanes = builder.shuffle_vector(args[3], undefined, lane_numbers(range(half * LANES, (half + 1) * LANES)))
            memory = types.void(signature.args[0], signature.args[index])
            address = _address(context, builder, memory, (args[0], args[index]), lanes.type)
            builder.store(lanes, address).align = 4
        return context.get_dummy_value()

    return types.void(array, low, high, x), _emit


def _compressed(builder: ir.IRBuilder, vector: ir.Value, mask: ir.Value, letters: str) -> ir.Value:
    """The lanes of a vector of eight that an int32 has bits for, side by side; `letters`: of its elements' type."""
    kind, chosen = f"v{LANES}{letters}", builder.bitcast(builder.trunc(mask, _BYTE), _EIGHT_BITS)
    if llvm_version_info >= (20,):  # in a register: written by one instruction it takes a hundred cycles on Zen 4
        form = ir.FunctionType(vector.type, [vector.type, chosen.type, vector.type])
        compress = cgutils.get_or_insert_function(builder.module, form, f"llvm.experimental.vector.compress.{kind}")
        return builder.call(compress, [vector, chosen, ir.Constant(vector.type, ir.Undefined)])
    with builder.goto_entry_block():
        room = builder.alloca(vector.type)
    first = builder.bitcast(room, vector.type.element.as_pointer())
    form = ir.FunctionType(ir.VoidType(), [vector.type, first.type, chosen.type])
    write = cgutils.get_or_insert_function(builder.module, form, f"llvm.masked.compressstore.{kind}")
    builder.call(write, [vector, first, chosen])
    return builder.load(room)


@intrinsic
def packed(typing_context, x, mask):
    """The lanes of a vector of eight that an int32 has bits for, in their order and first; the others are undefined."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return _compressed(builder, args[0], args[1], signature.return_type.letter)

    return x(x, types.int32), _emit


@intrinsic
def store_chosen(typing_context, array, index, mask, high, low):
    """Write int64 elements from i on, one for each set bit of an int32: the upper half from that lane of an f32x8, the
    lower from that of an i32x8. All eight elements from i on may be overwritten.
    """

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        longs = ir.VectorType(_LONG, LANES)
        order = lane_numbers(lane + LANES * half for lane in range(LANES) for half in range(2))
        pairs = builder.bitcast(builder.shuffle_vector(args[4], builder.bitcast(args[3], args[4].type), order), longs)
        address = _address(context, builder, signature, args, longs)
        builder.store(_compressed(builder, pairs, args[2], "i64"), address).align = 8
        return context.get_dummy_value()

    return types.void(array, index, mask, high, low), _emit


@intrinsic
def load_triples(typing_context, array, index):
    """The 24 float32 from element i as three f32x8: every third from i, from i + 1 and from i + 2 (x, y, z)."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        row = ir.VectorType(_FLOAT, 3 * LANES)
        loaded = builder.load(_address(context, builder, signature, args, row))
        loaded.align = 4
        undefined = ir.Constant(row, ir.Undefined)
        picked = [
            builder.shuffle_vector(loaded, undefined, lane_numbers(3 * lane + start for lane in range(LANES)))
            for start in range(3)
        ]
        return context.make_tuple(builder, signature.return_type, picked)

    return types.UniTuple(f32x8, 3)(array, index), _emit


@intrinsic
def store_triples(typing_context, array, index, x, y, z):
    """Write three f32x8 to the 24 float32 elements from i on: lane 0 of each, then lane 1 of each, and so on."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        x, y, z = args[2:]
        low = builder.shuffle_vector(x, y, lane_numbers(range(2 * LANES)))
        high = builder.shuffle_vector(z, z, lane_numbers(range(2 * LANES)))
        order = (lane + LANES * part for lane in range(LANES) for part in range(3))
        row = builder.shuffle_vector(low, high, lane_numbers(order))
        builder.store(row, _address(context, builder, signature, args, row.type)).align = 4
        return context.get_dummy_value()

    return types.void(array, index, x, y, z), _emit


@intrinsic
def store_quadruples(typing_context, array, index, x, y, z, w):
    """Write four f32x8 to the 32 float32 elements from i on: lane 0 of each, then lane 1 of each, and so on."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        low, high = (builder.shuffle_vector(*args[k : k + 2], lane_numbers(range(2 * LANES))) for k in (2, 4))
        order = (lane + LANES * part for lane in range(LANES) for part in range(4))
        row = builder.shuffle_vector(low, high, lane_numbers(order))
        builder.store(row, _address(context, builder, signature, args, row.type)).align = 4
        return context.get_dummy_value()

    return types.void(array, index, x, y, z, w), _emit


def _gatherer(result: Any, documentation: str) -> Any:
    @intrinsic
    def _load_lanes(typing_context, memory, first, numbers):
        def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            own = types.void(signature.args[0], types.int64)
            start = _address(context, builder, own, (args[0], ir.Constant(_LONG, 0)), result.element)
            first = context.cast(builder, args[1], signature.args[1], types.int64)
            vector = ir.Constant(result.llvm, ir.Undefined)
            for lane in range(LANES):
                number = builder.sext(builder.extract_element(args[2], ir.Constant(_INT, lane)), _LONG)
                loaded = builder.load(builder.gep(start, [builder.add(first, number)]), align=4)
                vector = builder.insert_element(vector, loaded, ir.Constant(_INT, lane))
            return vector

        return result(memory, first, i32x8), _emit

    _load_lanes.__doc__ = documentation
    return _load_lanes


load_each = _gatherer(i32x8, "i32x8: of four bytes each, memory's number `first` plus lane k of an i32x8, from 0 on.")
load_each_float = _gatherer(f32x8, "f32x8, likewise.")


@intrinsic
def load_points(typing_context, points, numbers, index):
    """Three f32x8 (x, y, z): eight of the `points`, three float32 each; their numbers are int32, from an index on."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        def _pick(a: ir.Value, b: ir.Value, order: list[int]) -> ir.Value:
            return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_INT, len(order)), order))

        point, index = ir.VectorType(_FLOAT, 3), context.cast(builder, args[2], signature.args[2], types.int64)
        loaded = []
        for lane in range(LANES):
            number = builder.load(builder.gep(args[1], [builder.add(index, ir.Constant(_LONG, lane))]))
            first = builder.mul(builder.sext(number, _LONG), ir.Constant(_LONG, 3))
            loaded.append(builder.load(builder.bitcast(builder.gep(args[0], [first]), point.as_pointer()), align=4))
        # Transposed: points k and k + 4 side by side, then two by two their first, second and third numbers.
        pairs = [_pick(loaded[k], loaded[k + 4], [0, 1, 2, 2, 3, 4, 5, 5]) for k in range(4)]
        low, high = [0, 8, 1, 9, 4, 12, 5, 13], [2, 10, 2, 10, 6, 14, 6, 14]
        (a, b), (c, d) = [[_pick(pairs[k], pairs[k + 1], order) for k in (0, 2)] for order in (low, high)]
        first, second = [0, 1, 8, 9, 4, 5, 12, 13], [2, 3, 10, 11, 6, 7, 14, 15]
        rows = [_pick(a, b, first), _pick(a, b, second), _pick(c, d, first)]
        return context.make_tuple(builder, signature.return_type, rows)

    return types.UniTuple(f32x8, 3)(points, numbers, index), _emit


@intrinsic
def fetch_add(typing_context, array, index, amount):
    """Add to an element of an int64 array and return its former value, as one atomic step (a shared work counter)."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        amount = context.cast(builder, args[2], signature.args[2], types.int64)
        return builder.atomic_rmw("add", _address(context, builder, signature, args, _LONG), amount, "monotonic")

    return types.int64(array, index, amount), _emit
