"""Vectors of eight lanes for kernels, and raw memory access, by numba's public `@intrinsic`.

LLVM does not vectorise a ray-cast loop by itself, so the loop is written in vectors. Three types live in one
register each: `f32x8` (float32), `i32x8` (int32) and `b8` (a truth value a lane). Inside a `kernel`:

    a = load(array, i)                 # array[i], ..., array[i + 7]; no bounds test, no alignment needed
    b = a * a + np.float32(2.0)        # + - * / on vectors; a scalar float32 operand stands for eight equal lanes
    inside = (b > a) & (b <= splat(x))
    mask = bits(inside)                # bit k: lane k
    while mask != 0:
        lane = lowest(mask)
        mask = without_lowest(mask)

Arithmetic may be contracted to fused multiply-add (flag `contract`) but is never reordered, so the same formula
gives the same bits wherever it stands. `minimum(a, b)` and `maximum(a, b)` return b when a lane holds a NaN.
On processors without 256-bit vectors LLVM splits them; results differ only by the missing fusion.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

LANES = 8
_FUSED = ("nsz", "contract")
# A flag that changes nothing: instructions without any flag would get the kernel's fastmath flags.
_EXACT = ("nsz",)

_FLOAT, _INT, _BIT, _LONG, _BYTE = (
    ir.FloatType(),
    ir.IntType(32),
    ir.IntType(1),
    ir.IntType(64),
    ir.IntType(8),
)


class Vector(types.Type):
    """numba type of eight lanes of one LLVM element type."""

    def __init__(self, name: str, element: ir.Type) -> None:
        self.llvm = ir.VectorType(element, LANES)
        super().__init__(name=name)


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, vector: Vector) -> None:
        super().__init__(manager, vector, vector.llvm)


f32x8 = Vector("f32x8", _FLOAT)
i32x8 = Vector("i32x8", _INT)
b8 = Vector("b8", _INT)  # -1 or 0 a lane: a vector of single bits would be packed anew at every branch


# --- how LLVM spells the operations -------------------------------------------------------------------------------


def _splat(builder: ir.IRBuilder, scalar: ir.Value, vector: ir.VectorType) -> ir.Value:
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(_INT, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(_INT, LANES), [0] * LANES))


def _as_vector(context: Any, builder: ir.IRBuilder, value: ir.Value, given: types.Type) -> ir.Value:
    """The f32x8 for an operand that is one already, or for a scalar."""
    if given is f32x8:
        return value
    return _splat(builder, context.cast(builder, value, given, types.float32), f32x8.llvm)


def _address(context: Any, builder: ir.IRBuilder, signature: Any, args: Any, element: ir.Type) -> ir.Value:
    """Pointer of LLVM type `element*` to args[0][args[1]], for an array or a pointer."""
    memory, index = signature.args[:2]
    data = args[0]
    if isinstance(memory, types.Array):
        data = context.make_array(memory)(context, builder, data).data
    wide = context.cast(builder, args[1], index, types.int64)
    return builder.bitcast(builder.gep(data, [wide]), element.as_pointer())


def _lesser(builder: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    return builder.select(builder.fcmp_ordered("<", x, y), x, y)


def _greater(builder: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    return builder.select(builder.fcmp_ordered(">", x, y), x, y)


def _compare(builder: ir.IRBuilder, relation: str, x: ir.Value, y: ir.Value) -> ir.Value:
    return builder.sext(builder.fcmp_ordered(relation, x, y), b8.llvm)


def _holds(builder: ir.IRBuilder, mask: ir.Value) -> ir.Value:
    """A b8 as the vector of single bits that LLVM's instructions want."""
    return builder.icmp_signed("<", mask, ir.Constant(b8.llvm, [0] * LANES))


def _across(builder: ir.IRBuilder, value: ir.Value, combine: Callable[..., ir.Value]) -> ir.Value:
    """Combine the eight lanes by three exchanges (butterfly), then take lane 0."""
    undefined = ir.Constant(value.type, ir.Undefined)
    for distance in (4, 2, 1):
        partner = ir.Constant(ir.VectorType(_INT, LANES), [lane ^ distance for lane in range(LANES)])
        value = combine(builder, value, builder.shuffle_vector(value, undefined, partner))
    return builder.extract_element(value, ir.Constant(_INT, 0))


# --- operators ----------------------------------------------------------------------------------------------------


def _register_float_operator(symbol: Any, result: Vector, emit: Callable[..., ir.Value]) -> None:
    """Teach numba `symbol` for two f32x8, and for an f32x8 and a scalar in either order."""

    @type_callable(symbol)
    def resolve(context: Any) -> Any:
        def typer(left: Any, right: Any) -> Any:
            scalars = (types.Float, types.Integer)
            if (left is f32x8 and (right is f32x8 or isinstance(right, scalars))) or (
                right is f32x8 and isinstance(left, scalars)
            ):
                return result
            return None

        return typer

    def lower(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        left, right = (_as_vector(context, builder, *pair) for pair in zip(args, signature.args))
        return emit(builder, left, right)

    for scalar in (types.Float, types.Integer):
        lower_builtin(symbol, f32x8, scalar)(lower)
        lower_builtin(symbol, scalar, f32x8)(lower)
    lower_builtin(symbol, f32x8, f32x8)(lower)


def _register_mask_operator(symbol: Any, emit: Callable[..., ir.Value]) -> None:
    @type_callable(symbol)
    def resolve(context: Any) -> Any:
        def typer(left: Any, right: Any) -> Any:
            return b8 if left is b8 and right is b8 else None

        return typer

    @lower_builtin(symbol, b8, b8)
    def lower(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return emit(builder, *args)


_register_float_operator(operator.add, f32x8, lambda b, x, y: b.fadd(x, y, flags=_FUSED))
_register_float_operator(operator.sub, f32x8, lambda b, x, y: b.fsub(x, y, flags=_FUSED))
_register_float_operator(operator.mul, f32x8, lambda b, x, y: b.fmul(x, y, flags=_FUSED))
_register_float_operator(operator.truediv, f32x8, lambda b, x, y: b.fdiv(x, y, flags=_FUSED))
_register_float_operator(operator.lt, b8, lambda b, x, y: _compare(b, "<", x, y))
_register_float_operator(operator.le, b8, lambda b, x, y: _compare(b, "<=", x, y))
_register_float_operator(operator.gt, b8, lambda b, x, y: _compare(b, ">", x, y))
_register_float_operator(operator.ge, b8, lambda b, x, y: _compare(b, ">=", x, y))
_register_mask_operator(operator.and_, lambda b, x, y: b.and_(x, y))
_register_mask_operator(operator.or_, lambda b, x, y: b.or_(x, y))


# --- whole vectors ------------------------------------------------------------------------------------------------


@type_callable(operator.neg)
def _negation(context: Any) -> Any:
    return lambda x: f32x8 if x is f32x8 else None


@lower_builtin(operator.neg, f32x8)
def _negate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
    return builder.fneg(args[0])


@intrinsic
def splat(typing_context, scalar):  # type: ignore[no-untyped-def]
    """f32x8 with `scalar` in every lane."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return _as_vector(context, builder, args[0], signature.args[0])

    return f32x8(scalar), emit


@intrinsic
def splat_int(typing_context, scalar):  # type: ignore[no-untyped-def]
    """i32x8 with `scalar` in every lane."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return _splat(builder, context.cast(builder, args[0], signature.args[0], types.int32), i32x8.llvm)

    return i32x8(scalar), emit


@intrinsic
def minimum(typing_context, x, y):  # type: ignore[no-untyped-def]
    """Lane by lane the lesser of two f32x8; y where either is NaN."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return _lesser(builder, *args)

    return f32x8(f32x8, f32x8), emit


@intrinsic
def maximum(typing_context, x, y):  # type: ignore[no-untyped-def]
    """Lane by lane the greater of two f32x8; y where either is NaN."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return _greater(builder, *args)

    return f32x8(f32x8, f32x8), emit


@intrinsic
def absolute(typing_context, x):  # type: ignore[no-untyped-def]
    """Lane by lane the magnitude of an f32x8."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        sign_off = ir.Constant(i32x8.llvm, [0x7FFFFFFF] * LANES)
        return builder.bitcast(builder.and_(builder.bitcast(args[0], i32x8.llvm), sign_off), f32x8.llvm)

    return f32x8(f32x8), emit


@intrinsic
def cross_term(typing_context, a, b, c, d):  # type: ignore[no-untyped-def]
    """a * d - b * c, each product rounded: exactly negated when (a, b) and (c, d) are exchanged.

    A fused multiply-add would round only one product and break that symmetry, on which watertight edges rest.
    """

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        a, b, c, d = args
        left = builder.fmul(a, d, flags=_EXACT)
        right = builder.fmul(b, c, flags=_EXACT)
        return builder.fsub(left, right, flags=_EXACT)

    return f32x8(f32x8, f32x8, f32x8, f32x8), emit


@intrinsic
def fused(typing_context, a, b, c):  # type: ignore[no-untyped-def]
    """a * b + c, rounded once where the processor can (else the product too)."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        form = ir.FunctionType(f32x8.llvm, [f32x8.llvm] * 3)
        function = cgutils.get_or_insert_function(builder.module, form, f"llvm.fmuladd.v{LANES}f32")
        return builder.call(function, args, fastmath=_EXACT)

    return f32x8(f32x8, f32x8, f32x8), emit


@intrinsic
def select(typing_context, mask, x, y):  # type: ignore[no-untyped-def]
    """Lane by lane x where `mask` holds, else y (both f32x8 or both i32x8)."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        mask, x, y = args
        return builder.select(_holds(builder, mask), x, y)

    return x(b8, x, x), emit


@intrinsic
def with_lane(typing_context, x, lane, scalar):  # type: ignore[no-untyped-def]
    """An f32x8 with one lane, an int32 or int64 below 8, set to `scalar`.

    Better than to write one element and load the vector: a load that is wider than the store before it has to wait.
    """

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        lane = _splat(builder, context.cast(builder, args[1], signature.args[1], types.int32), i32x8.llvm)
        here = builder.icmp_signed("==", lane, ir.Constant(i32x8.llvm, list(range(LANES))))
        return builder.select(here, _as_vector(context, builder, args[2], signature.args[2]), args[0])

    return f32x8(f32x8, lane, scalar), emit


@intrinsic
def swap_halves(typing_context, x):  # type: ignore[no-untyped-def]
    """f32x8 with lanes 4 to 7 first, then lanes 0 to 3."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        order = ir.Constant(i32x8.llvm, [4, 5, 6, 7, 0, 1, 2, 3])
        return builder.shuffle_vector(args[0], ir.Constant(f32x8.llvm, ir.Undefined), order)

    return f32x8(f32x8), emit


@intrinsic
def truncate(typing_context, x):  # type: ignore[no-untyped-def]
    """i32x8 of an f32x8 rounded towards zero; a lane that does not fit, or is NaN, is arbitrary."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.fptosi(args[0], i32x8.llvm)

    return i32x8(f32x8), emit


@intrinsic
def negative(typing_context, x):  # type: ignore[no-untyped-def]
    """b8: which lanes of an i32x8 are below zero."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.sext(_holds(builder, args[0]), b8.llvm)

    return b8(i32x8), emit


@intrinsic
def subtract(typing_context, x, y):  # type: ignore[no-untyped-def]
    """Lane by lane the difference of two i32x8 (modulo 2^32)."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.sub(*args)

    return i32x8(i32x8, i32x8), emit


@intrinsic
def bits(typing_context, mask):  # type: ignore[no-untyped-def]
    """int32 with bit k set where lane k of a b8 holds."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.zext(builder.bitcast(_holds(builder, args[0]), _BYTE), _INT)

    return types.int32(b8), emit


@intrinsic
def least(typing_context, x):  # type: ignore[no-untyped-def]
    """The least of the eight lanes of an f32x8, as float32."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return _across(builder, args[0], _lesser)

    return types.float32(f32x8), emit


@intrinsic
def greatest(typing_context, x):  # type: ignore[no-untyped-def]
    """The greatest of the eight lanes of an f32x8, as float32."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return _across(builder, args[0], _greater)

    return types.float32(f32x8), emit


# --- bits of scalars ----------------------------------------------------------------------------------------------


@intrinsic
def lowest(typing_context, mask):  # type: ignore[no-untyped-def]
    """int64 index of the lowest set bit of a non-zero int32."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.zext(builder.cttz(args[0], ir.Constant(_BIT, 1)), _LONG)

    return types.int64(types.int32), emit


@intrinsic
def without_lowest(typing_context, mask):  # type: ignore[no-untyped-def]
    """An int32 with its lowest set bit cleared."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.and_(args[0], builder.sub(args[0], ir.Constant(_INT, 1)))

    return types.int32(types.int32), emit


@intrinsic
def population(typing_context, mask):  # type: ignore[no-untyped-def]
    """Number of set bits of an int32."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.ctpop(args[0])

    return types.int32(types.int32), emit


@intrinsic
def float_bits(typing_context, value):  # type: ignore[no-untyped-def]
    """The bits of a float32 as int32; for values >= 0 they are ordered as the values are."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.bitcast(args[0], _INT)

    return types.int32(types.float32), emit


@intrinsic
def bits_float(typing_context, value):  # type: ignore[no-untyped-def]
    """The float32 whose bits are an int32: the inverse of `float_bits`."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.bitcast(args[0], _FLOAT)

    return types.float32(types.int32), emit


# --- memory: element i of a contiguous one-dimensional array or a pointer, without bounds test or wrap-around -----


@intrinsic
def pointer(typing_context, array):  # type: ignore[no-untyped-def]
    """Pointer to an array's first element, for use while the caller of the kernel keeps the array.

    Arrays are counted references: handing one to a helper in a hot loop costs atomic increments. Pointers cost nothing.
    """

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return context.make_array(signature.args[0])(context, builder, args[0]).data

    return types.CPointer(array.dtype)(array), emit  # type: ignore[attr-defined]


def local_memory(dtype: types.Type, count: int) -> Any:
    """A function for kernels: `memory()` is a pointer to `count` elements that live on the kernel's own stack.

    Call it in the kernel itself, not in a loop nor in a helper: there is one piece of memory a call site.
    """

    @intrinsic
    def memory(typing_context):  # type: ignore[no-untyped-def]
        def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            element = context.get_data_type(dtype)
            with builder.goto_entry_block():
                room = builder.alloca(ir.ArrayType(element, count))
                room.align = 64
            return builder.bitcast(room, element.as_pointer())

        return types.CPointer(dtype)(), emit  # type: ignore[attr-defined]

    return memory


def _loader(result: types.Type, documentation: str) -> Any:
    @intrinsic
    def load_element(typing_context, array, index):  # type: ignore[no-untyped-def]
        def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            element = context.get_value_type(result)
            loaded = builder.load(_address(context, builder, signature, args, element))
            loaded.align = 4
            return loaded

        return result(array, index), emit

    load_element.__doc__ = documentation
    return load_element


def _storer(given: types.Type, documentation: str) -> Any:
    @intrinsic
    def store_element(typing_context, array, index, value):  # type: ignore[no-untyped-def]
        def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            element = context.get_value_type(given)
            value = context.cast(builder, args[2], signature.args[2], given)
            builder.store(value, _address(context, builder, signature, args, element)).align = 4
            return context.get_dummy_value()

        # Vectors know no conversions, so they are asked for exactly; scalars are cast above.
        return types.void(array, index, given if isinstance(given, Vector) else value), emit

    store_element.__doc__ = documentation
    return store_element


load = _loader(f32x8, "f32x8 of the float32 elements i, ..., i + 7.")
load_ints = _loader(i32x8, "i32x8 of the elements i, ..., i + 7, their bits taken as int32 whatever the dtype.")
load_float = _loader(types.float32, "Element i, its bits taken as float32.")
load_int = _loader(types.int32, "Element i, its bits taken as int32 whatever the array's dtype.")
load_long = _loader(types.int64, "Element i of an int64 array.")
store = _storer(f32x8, "Write an f32x8 to the float32 elements i, ..., i + 7.")
store_ints = _storer(i32x8, "Write an i32x8 to the elements i, ..., i + 7, bits unchanged whatever the dtype.")
store_float = _storer(types.float32, "Write a float32 to element i.")
store_int = _storer(types.int32, "Write the bits of an int32 to element i whatever the array's dtype.")
store_long = _storer(types.int64, "Write an int64 to element i of an int64 array.")


def _prefetcher(write: int, documentation: str) -> Any:
    @intrinsic
    def prefetch_element(typing_context, array, index):  # type: ignore[no-untyped-def]
        def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            address = _address(context, builder, signature, args, _BYTE)
            form = ir.FunctionType(ir.VoidType(), [address.type, _INT, _INT, _INT])
            function = builder.module.declare_intrinsic("llvm.prefetch", [address.type], form)
            # Into all caches (3); data, not instructions (1).
            builder.call(function, [address, *(ir.Constant(_INT, value) for value in (write, 3, 1))])
            return context.get_dummy_value()

        return types.void(array, index), emit

    prefetch_element.__doc__ = documentation
    return prefetch_element


prefetch = _prefetcher(0, "Ask for the cache line of element i, which will be read soon.")
prefetch_to_write = _prefetcher(1, "Ask for the cache line of element i, which will be written soon.")


@intrinsic
def store_minimum(typing_context, array, index, x):  # type: ignore[no-untyped-def]
    """Lower the float32 elements i, ..., i + 7 to the lanes of an f32x8 where these are less; none may be NaN."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        address = _address(context, builder, signature, args, f32x8.llvm)
        present = builder.load(address)
        present.align = 4
        # Written as a selection LLVM would make it a masked store, which takes ten times as long on some processors.
        declared = ir.FunctionType(f32x8.llvm, [f32x8.llvm] * 2)
        function = cgutils.get_or_insert_function(builder.module, declared, f"llvm.minnum.v{LANES}f32")
        less = builder.call(function, [present, args[2]], fastmath=("nnan", "nsz"))
        builder.store(less, address).align = 4
        return context.get_dummy_value()

    return types.void(array, index, f32x8), emit


@intrinsic
def load_triples(typing_context, array, index):  # type: ignore[no-untyped-def]
    """The 24 float32 from element i as three f32x8: every third from i, from i + 1 and from i + 2 (x, y, z)."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        row = ir.VectorType(_FLOAT, 3 * LANES)
        loaded = builder.load(_address(context, builder, signature, args, row))
        loaded.align = 4
        undefined = ir.Constant(row, ir.Undefined)
        picked = [
            builder.shuffle_vector(
                loaded, undefined, ir.Constant(i32x8.llvm, [3 * lane + start for lane in range(LANES)])
            )
            for start in range(3)
        ]
        return context.make_tuple(builder, signature.return_type, picked)

    return types.UniTuple(f32x8, 3)(array, index), emit  # type: ignore[attr-defined]


@intrinsic
def fetch_add(typing_context, array, index, amount):  # type: ignore[no-untyped-def]
    """Add to an element of an int64 array and return its former value, as one atomic step (a shared work counter)."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        amount = context.cast(builder, args[2], signature.args[2], types.int64)
        return builder.atomic_rmw("add", _address(context, builder, signature, args, _LONG), amount, "monotonic")

    return types.int64(array, index, amount), emit
