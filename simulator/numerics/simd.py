"""Vectors of eight and of sixteen lanes for kernels, by numba's public `@intrinsic`.

LLVM does not vectorise a ray-cast loop by itself, so the loop is written in vectors. Three types live in one
register each: `f32x8` (float32), `i32x8` (int32) and `b8` (a truth value a lane); `f32x16`, `i32x16` and `b16` are
twice as wide. Inside a `kernel`:

    a = load(array, i)                 # (see `memory`) array[i], ..., array[i + 7]; no bounds test, no alignment needed
    b = a * a + np.float32(2.0)        # + - * / on vectors; a scalar float32 operand stands for eight equal lanes
    inside = (b > a) & (b <= splat(x))
    mask = bits(inside)                # bit k: lane k
    while mask != 0:
        lane = lowest(mask)
        mask = without_lowest(mask)

Arithmetic may be contracted to fused multiply-add (flag `contract`) but is never reordered, so the same formula
gives the same bits wherever it stands. `minimum(a, b)` and `maximum(a, b)` return b when a lane holds a NaN.
What makes a vector of sixteen lanes is called `..._wide`; what takes vectors takes either width. On processors without
such wide registers LLVM splits vectors over several; results differ only by fusion, where that is missing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

LANES = 8
WIDE = 16
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
    """numba type of some lanes of one LLVM element type."""

    element: ir.Type
    letter: str

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.llvm = ir.VectorType(self.element, lanes)
        super().__init__(name=f"{self.letter}x{lanes}")


class Floats(Vector):
    """Lanes of float32."""

    element, letter = _FLOAT, "f32"


class Ints(Vector):
    """Lanes of int32."""

    element, letter = _INT, "i32"


class Mask(Vector):
    """A truth value a lane, -1 or 0: a vector of single bits would be packed anew at every branch."""

    element, letter = _INT, "b"


@register_model(Floats)
@register_model(Ints)
@register_model(Mask)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, vector: Vector) -> None:
        super().__init__(manager, vector, vector.llvm)


f32x8, i32x8, b8 = Floats(LANES), Ints(LANES), Mask(LANES)
f32x16, i32x16, b16 = Floats(WIDE), Ints(WIDE), Mask(WIDE)
_MASK = {LANES: b8, WIDE: b16}


# --- how LLVM spells the operations -------------------------------------------------------------------------------


def lane_numbers(values: Iterable[int]) -> ir.Constant:
    """LLVM's constant vector of int32."""
    values = list(values)
    return ir.Constant(ir.VectorType(_INT, len(values)), values)


def _splat(builder: ir.IRBuilder, scalar: ir.Value, vector: ir.VectorType) -> ir.Value:
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(_INT, 0))
    return builder.shuffle_vector(first, undefined, lane_numbers([0] * vector.count))


def _as_floats(context: Any, builder: ir.IRBuilder, value: ir.Value, given: types.Type, wanted: Floats) -> ir.Value:
    """The vector for an operand that is one already, or for a scalar."""
    if given is wanted:
        return value
    return _splat(builder, context.cast(builder, value, given, types.float32), wanted.llvm)


def lesser(builder: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    """LLVM for the lesser of two floats or vectors; y where either is NaN."""
    return builder.select(builder.fcmp_ordered("<", x, y), x, y)


def greater(builder: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    """LLVM for the greater of two floats or vectors; y where either is NaN."""
    return builder.select(builder.fcmp_ordered(">", x, y), x, y)


def _compare(builder: ir.IRBuilder, relation: str, x: ir.Value, y: ir.Value) -> ir.Value:
    return builder.sext(builder.fcmp_ordered(relation, x, y), ir.VectorType(_INT, x.type.count))


def _holds(builder: ir.IRBuilder, mask: ir.Value) -> ir.Value:
    """A mask as the vector of single bits that LLVM's instructions want."""
    return builder.icmp_signed("<", mask, lane_numbers([0] * mask.type.count))


def _shuffle(builder: ir.IRBuilder, value: ir.Value, order: list[int]) -> ir.Value:
    return builder.shuffle_vector(value, ir.Constant(value.type, ir.Undefined), lane_numbers(order))


def call_llvm(builder: ir.IRBuilder, name: str, args: Any, flags: tuple[str, ...] = ()) -> ir.Value:
    """Call LLVM's intrinsic function of some f32x8 that gives one, or of scalars."""
    kind = args[0].type
    declared = ir.FunctionType(kind, [kind] * len(args))
    suffix = f"v{LANES}f32" if kind == f32x8.llvm else "f32"
    function = cgutils.get_or_insert_function(builder.module, declared, f"llvm.{name}.{suffix}")
    return builder.call(function, args, fastmath=flags)


def across_each(builder: ir.IRBuilder, values: list[ir.Value], combine: Callable[..., ir.Value]) -> ir.Value:
    """The vector whose lane k combines all lanes of `values[k]`, of which there are as many as lanes.

    Two vectors become one with half of each in turn, a transposition that reduces as it goes: it takes a third of the
    instructions of one reduction after the other.
    """
    lanes, distance = len(values), 1
    while len(values) > 1:
        mine = [lane if lane & distance == 0 else lanes + lane - distance for lane in range(lanes)]
        other = [lane + distance for lane in mine]
        values = [
            combine(builder, *(builder.shuffle_vector(a, b, lane_numbers(order)) for order in (mine, other)))
            for a, b in zip(values[::2], values[1::2])
        ]
        distance *= 2
    return values[0]


def _across(builder: ir.IRBuilder, value: ir.Value, combine: Callable[..., ir.Value]) -> ir.Value:
    """Combine all lanes by exchanges over half of them, a quarter, ... (butterfly), then take lane 0."""
    lanes = value.type.count
    for distance in (lanes >> step for step in range(1, lanes.bit_length())):
        value = combine(builder, value, _shuffle(builder, value, [lane ^ distance for lane in range(lanes)]))
    return builder.extract_element(value, ir.Constant(_INT, 0))


# --- operators ----------------------------------------------------------------------------------------------------


def _register_float_operator(symbol: Any, compares: bool, emit: Callable[..., ir.Value]) -> None:
    """Teach numba `symbol` for two vectors of float32, and for one and a scalar in either order."""
    scalars = (types.Float, types.Integer)

    @type_callable(symbol)
    def resolve(context: Any) -> Any:
        """What numba asks for the types of a call."""

        def typer(left: Any, right: Any) -> Any:
            """Type of the result; None: not ours."""
            for vector, other in ((left, right), (right, left)):
                if isinstance(vector, Floats) and (other is vector or isinstance(other, scalars)):
                    return _MASK[vector.lanes] if compares else vector
            return None

        return typer

    def lower(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        """LLVM code of the operator."""
        wanted = next(given for given in signature.args if isinstance(given, Floats))
        left, right = (_as_floats(context, builder, *pair, wanted) for pair in zip(args, signature.args))
        return emit(builder, left, right)

    for scalar in scalars:
        lower_builtin(symbol, Floats, scalar)(lower)
        lower_builtin(symbol, scalar, Floats)(lower)
    lower_builtin(symbol, Floats, Floats)(lower)


def _register_mask_operator(symbol: Any, emit: Callable[..., ir.Value]) -> None:
    @type_callable(symbol)
    def resolve(context: Any) -> Any:
        """What numba asks for the types of a call."""

        def typer(left: Any, right: Any) -> Any:
            """Type of the result; None: not ours."""
            return left if isinstance(left, Mask) and left is right else None

        return typer

    @lower_builtin(symbol, Mask, Mask)
    def lower(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        """LLVM code of the operator."""
        return emit(builder, *args)


_register_float_operator(operator.add, False, lambda b, x, y: b.fadd(x, y, flags=_FUSED))
_register_float_operator(operator.sub, False, lambda b, x, y: b.fsub(x, y, flags=_FUSED))
_register_float_operator(operator.mul, False, lambda b, x, y: b.fmul(x, y, flags=_FUSED))
_register_float_operator(operator.truediv, False, lambda b, x, y: b.fdiv(x, y, flags=_FUSED))
_register_float_operator(operator.lt, True, lambda b, x, y: _compare(b, "<", x, y))
_register_float_operator(operator.le, True, lambda b, x, y: _compare(b, "<=", x, y))
_register_float_operator(operator.gt, True, lambda b, x, y: _compare(b, ">", x, y))
_register_float_operator(operator.ge, True, lambda b, x, y: _compare(b, ">=", x, y))
_register_mask_operator(operator.and_, lambda b, x, y: b.and_(x, y))
_register_mask_operator(operator.or_, lambda b, x, y: b.or_(x, y))


# --- whole vectors ------------------------------------------------------------------------------------------------


@type_callable(operator.neg)
def _negation(context: Any) -> Any:
    return lambda x: x if isinstance(x, Floats) else None


@lower_builtin(operator.neg, Floats)
def _negate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
    return builder.fneg(args[0])


def _splatter(result: Vector, scalar: types.Type, documentation: str) -> Any:
    @intrinsic
    def _splat_scalar(typing_context, value):
        def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            return _splat(builder, context.cast(builder, args[0], signature.args[0], scalar), result.llvm)

        return result(value), _emit

    _splat_scalar.__doc__ = documentation
    return _splat_scalar


splat = _splatter(f32x8, types.float32, "f32x8 with a scalar in every lane.")
splat_wide = _splatter(f32x16, types.float32, "f32x16 with a scalar in every lane.")
splat_int = _splatter(i32x8, types.int32, "i32x8 with a scalar in every lane.")
splat_int_wide = _splatter(i32x16, types.int32, "i32x16 with a scalar in every lane.")


def _pairwise(combine: Callable[..., ir.Value], documentation: str) -> Any:
    @intrinsic
    def _pair(typing_context, x, y):
        def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            return combine(builder, *args)

        return x(x, x), _emit

    _pair.__doc__ = documentation
    return _pair


minimum = _pairwise(lesser, "Lane by lane the lesser of two vectors of float32; y where either is NaN.")
maximum = _pairwise(greater, "Lane by lane the greater of two vectors of float32; y where either is NaN.")


@intrinsic
def lowered(typing_context, mask, x, y):
    """An f32x8 lowered to y, vector or scalar, in those lanes where `mask` holds and y is less; none may be NaN."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        mask, x, y = args
        less = call_llvm(
            builder, "minnum", [x, _as_floats(context, builder, y, signature.args[2], f32x8)], ("nnan", "nsz")
        )
        return builder.select(_holds(builder, mask), less, x)

    return f32x8(b8, f32x8, y), _emit


@intrinsic
def absolute(typing_context, x):
    """Lane by lane the magnitude of float32."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        sign_off = lane_numbers([0x7FFFFFFF] * signature.args[0].lanes)
        return builder.bitcast(builder.and_(builder.bitcast(args[0], sign_off.type), sign_off), args[0].type)

    return x(x), _emit


@intrinsic
def flip_where_negative(typing_context, x, y):
    """x with its sign changed in the lanes where the sign of y is minus."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        whole = ir.VectorType(_INT, x.lanes)
        value, other = (builder.bitcast(arg, whole) for arg in args)
        sign = builder.and_(other, lane_numbers([-(1 << 31)] * x.lanes))
        return builder.bitcast(builder.xor(value, sign), x.llvm)

    return x(x, x), _emit


@intrinsic
def cross_term(typing_context, a, b, c, d):
    """a * d - b * c, each product rounded: exactly negated when (a, b) and (c, d) are exchanged.

    A fused multiply-add would round only one product and break that symmetry, on which watertight edges rest.
    """

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        a, b, c, d = args
        left = builder.fmul(a, d, flags=_EXACT)
        right = builder.fmul(b, c, flags=_EXACT)
        return builder.fsub(left, right, flags=_EXACT)

    return a(a, a, a, a), _emit


@intrinsic
def fused(typing_context, a, b, c):
    """a * b + c, rounded once where the processor can (else the product too)."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return call_llvm(builder, "fmuladd", args, _EXACT)

    return f32x8(f32x8, f32x8, f32x8), _emit


@intrinsic
def select(typing_context, mask, x, y):
    """Lane by lane x where `mask` holds, else y (two of a kind)."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        mask, x, y = args
        return builder.select(_holds(builder, mask), x, y)

    return x(mask, x, x), _emit


@intrinsic
def with_lane(typing_context, x, lane, scalar):
    """A vector of float32 with one lane, given by an int32 or int64, set to `scalar`.

    Better than to write one element and load the vector: a load that is wider than the store before it has to wait.
    """

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        own = lane_numbers(range(signature.args[0].lanes))
        wanted = context.cast(builder, args[1], signature.args[1], types.int32)
        here = builder.icmp_signed("==", _splat(builder, wanted, own.type), own)
        return builder.select(here, _as_floats(context, builder, args[2], signature.args[2], x), args[0])

    return x(x, lane, scalar), _emit


def _shuffler(order: list[int], documentation: str) -> Any:
    @intrinsic
    def _shuffled(typing_context, x):
        def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            return _shuffle(builder, args[0], order)

        return f32x8(f32x8), _emit

    _shuffled.__doc__ = documentation
    return _shuffled


swap_halves = _shuffler([4, 5, 6, 7, 0, 1, 2, 3], "f32x8 with lanes 4 to 7 first, then lanes 0 to 3.")
swap_pairs = _shuffler([2, 3, 0, 1, 6, 7, 4, 5], "f32x8 whose halves have lanes 2 and 3 first, then lanes 0 and 1.")
shift = _shuffler([0, 0, 1, 2, 3, 4, 5, 6], "f32x8 with every lane moved up by one; lane 0 stays as well.")


def _lanewise(name: str, documentation: str) -> Any:
    @intrinsic
    def _lane(typing_context, x):
        def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            return call_llvm(builder, name, args)

        kind = types.float32 if x is types.float32 else f32x8
        return kind(kind), _emit

    _lane.__doc__ = documentation
    return _lane


floor = _lanewise("floor", "Lane by lane of an f32x8, or of a float32, the greatest whole number that is not greater.")
square_root = _lanewise("sqrt", "Likewise the square root; NaN of what is below zero.")


@intrinsic
def join(typing_context, low, high):
    """The sixteen lanes of two f32x8, or of two i32x8."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.shuffle_vector(*args, lane_numbers(range(WIDE)))

    return (f32x16 if low is f32x8 else i32x16)(low, low), _emit


@intrinsic
def truncate(typing_context, x):
    """i32x8 of an f32x8 rounded towards zero; a lane that does not fit, or is NaN, is arbitrary."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.fptosi(args[0], i32x8.llvm)

    return i32x8(f32x8), _emit


@intrinsic
def byte_of(typing_context, x, number):
    """f32x8 of one byte, 0 to 255, of each lane of an i32x8; byte 0 is the lowest."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        shift = builder.shl(context.cast(builder, args[1], signature.args[1], types.int32), ir.Constant(_INT, 3))
        moved = builder.lshr(args[0], _splat(builder, shift, i32x8.llvm))
        return builder.sitofp(builder.and_(moved, lane_numbers([255] * LANES)), f32x8.llvm)

    return f32x8(i32x8, number), _emit


@intrinsic
def times_power(typing_context, x, power):
    """Lane by lane x times 2 to the whole number `power` of an f32x8, from -126 to 127."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        exponent = builder.add(builder.fptosi(args[1], i32x8.llvm), lane_numbers([127] * LANES))
        factor = builder.bitcast(builder.shl(exponent, lane_numbers([23] * LANES)), f32x8.llvm)
        return builder.fmul(args[0], factor, flags=_FUSED)

    return f32x8(f32x8, f32x8), _emit


@intrinsic
def negative(typing_context, x):
    """Mask of the lanes of an i32x8 or i32x16 that are below zero."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.sext(_holds(builder, args[0]), args[0].type)

    return _MASK[x.lanes](x), _emit


@intrinsic
def equal(typing_context, x, y):
    """Mask of the lanes in which two i32x8 are equal."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.sext(builder.icmp_signed("==", *args), i32x8.llvm)

    return _MASK[LANES](x, x), _emit


@intrinsic
def subtract(typing_context, x, y):
    """Lane by lane the difference of two vectors of int32 (modulo 2^32)."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.sub(*args)

    return x(x, x), _emit


@intrinsic
def bits(typing_context, mask):
    """int32 with bit k set where lane k of a mask holds."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.zext(builder.bitcast(_holds(builder, args[0]), ir.IntType(mask.lanes)), _INT)

    return types.int32(mask), _emit


@intrinsic
def mask_of_bits(typing_context, mask):
    """b8 that holds in lane k where bit k of an int32 is set: the inverse of `bits`."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        held = builder.bitcast(builder.trunc(args[0], _BYTE), ir.VectorType(_BIT, LANES))
        return builder.sext(held, b8.llvm)

    return b8(types.int32), _emit


def _reducer(combine: Callable[..., ir.Value], documentation: str) -> Any:
    @intrinsic
    def _reduce(typing_context, x):
        def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            return _across(builder, args[0], combine)

        return types.float32(x), _emit

    _reduce.__doc__ = documentation
    return _reduce


least = _reducer(lesser, "The least of the lanes, as float32.")
greatest = _reducer(greater, "The greatest of the lanes, as float32.")


# --- bits of scalars ----------------------------------------------------------------------------------------------


@intrinsic
def lowest(typing_context, mask):
    """int64 index of the lowest set bit of a non-zero int32."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.zext(builder.cttz(args[0], ir.Constant(_BIT, 1)), _LONG)

    return types.int64(types.int32), _emit


@intrinsic
def without_lowest(typing_context, mask):
    """An int32 with its lowest set bit cleared."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.and_(args[0], builder.sub(args[0], ir.Constant(_INT, 1)))

    return types.int32(types.int32), _emit


@intrinsic
def lowest_of_64(typing_context, mask):
    """int64 index of the lowest set bit of a non-zero int64."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.cttz(args[0], ir.Constant(_BIT, 1))

    return types.int64(types.int64), _emit


@intrinsic
def population(typing_context, mask):
    """Number of set bits of an int32."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.ctpop(args[0])

    return types.int32(types.int32), _emit


@intrinsic
def bytes_of_bits(typing_context, mask):
    """The lowest eight bits of an int32, each in a byte of its own of an int64, the lowest in the lowest."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        held = builder.bitcast(builder.trunc(args[0], _BYTE), ir.VectorType(_BIT, 8))
        return builder.bitcast(builder.zext(held, ir.VectorType(_BYTE, 8)), _LONG)

    return types.int64(types.int32), _emit


@intrinsic
def float_bits(typing_context, value):
    """The bits of a float32 as int32; for values >= 0 they are ordered as the values are."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.bitcast(args[0], _INT)

    return types.int32(types.float32), _emit


@intrinsic
def bits_float(typing_context, value):
    """The float32 whose bits are an int32: the inverse of `float_bits`."""

    def _emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return builder.bitcast(args[0], _FLOAT)

    return types.float32(types.int32), _emit
