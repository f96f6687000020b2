"""Arrays as hot kernels want them: a pointer and the lengths, without owner, strides, or counting from the end.

numba hands an array to a function as seven words or more, and a NamedTuple as all of its arrays one after the other: a
kernel that passes a map and a world on to a helper moves a hundred words before the helper does anything. Bare arrays
are two or three words each.

    lanes = bare(lanes)  # an array or a NamedTuple with arrays; those of other shapes stay as `jit.borrowed` has them

They know `len(a)`, `a.shape`, `a[i]`, `a[i, j]` and assignment to these, and stretches `a[i:j]`; `a[i]` of a matrix is
a row of it, and an element of an array of records is that record itself. Indices must be from 0 to the length less one.
With NUMBA_BOUNDSCHECK=1 `bare` leaves arrays as they are.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, config, types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    infer_getattr,
    intrinsic,
    lower_builtin,
    lower_getattr,
    models,
    register_model,
    type_callable,
)

from simulator.numerics.jit import without_owner

_LONG = ir.IntType(64)
_kinds: Any = types  # numba declares the types of few of its types
MOST_AXES = 2


class Bare(types.Type):
    """numba type of a bare array."""

    def __init__(self, dtype: types.Type, ndim: int) -> None:
        self.dtype, self.ndim = dtype, ndim
        super().__init__(name=f"bare({dtype}, {ndim})")

    @property
    def key(self) -> tuple[types.Type, int]:
        """What tells types apart."""
        return self.dtype, self.ndim


@register_model(Bare)
class _BareModel(models.StructModel):
    def __init__(self, manager: Any, kind: Bare) -> None:
        lengths = [(f"length{axis}", types.int64) for axis in range(kind.ndim)]
        super().__init__(manager, kind, [("data", _kinds.CPointer(kind.dtype)), *lengths])


def _as_bare(kind: Any) -> Any:
    """The type that `bare` gives for a type."""
    if isinstance(kind, types.Array) and kind.layout == "C" and 1 <= kind.ndim <= MOST_AXES:
        return Bare(kind.dtype, kind.ndim)
    if isinstance(kind, (_kinds.NamedTuple, _kinds.NamedUniTuple)):
        return _kinds.NamedTuple(tuple(_as_bare(part) for part in kind.types), kind.instance_class)
    return kind


@intrinsic
def bare(_context, value):
    """A bare array for an array, a NamedTuple with bare arrays for one with arrays; what the caller keeps alive."""

    def convert(context: Any, builder: ir.IRBuilder, given: Any, wanted: Any, held: ir.Value) -> ir.Value:
        """LLVM code of one value, `held`, that is of type `given` and is `wanted`."""
        if isinstance(given, Bare):
            return held
        if isinstance(wanted, Bare):
            array = context.make_array(given)(context, builder, held)
            made = cgutils.create_struct_proxy(wanted)(context, builder)
            made.data = builder.bitcast(array.data, made.data.type)
            for axis, length in enumerate(cgutils.unpack_tuple(builder, array.shape, wanted.ndim)):
                setattr(made, f"length{axis}", length)
            return made._getvalue()
        if isinstance(wanted, types.Array):
            return without_owner(context, builder, wanted, held)
        if isinstance(wanted, _kinds.BaseTuple):
            parts = cgutils.unpack_tuple(builder, held, len(given))
            return context.make_tuple(
                builder, wanted, [convert(context, builder, *each) for each in zip(given, wanted, parts, strict=True)]
            )
        return held

    def build(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        """LLVM code of the call."""
        return convert(context, builder, signature.args[0], signature.return_type, arguments[0])

    return (value if config.BOUNDSCHECK else _as_bare(value))(value), build


@infer_getattr
class _BareAttributes(AttributeTemplate):
    key = Bare

    def resolve_shape(self, kind: Bare) -> Any:
        """Type of `shape`."""
        return _kinds.UniTuple(types.int64, kind.ndim)


@lower_getattr(Bare, "shape")
def _shape(context: Any, builder: ir.IRBuilder, kind: Bare, value: ir.Value) -> ir.Value:
    held = cgutils.create_struct_proxy(kind)(context, builder, value=value)
    lengths = [getattr(held, f"length{axis}") for axis in range(kind.ndim)]
    return context.make_tuple(builder, _kinds.UniTuple(types.int64, kind.ndim), lengths)


@type_callable(len)
def _type_len(context: Any) -> Any:
    def typer(array: types.Type) -> types.Type | None:
        """Type of the result; None: not ours."""
        return types.intp if isinstance(array, Bare) else None

    return typer


@lower_builtin(len, Bare)
def _len(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
    return cgutils.create_struct_proxy(signature.args[0])(context, builder, value=arguments[0]).length0


_WHOLE = (types.Integer, types.IntEnumMember)


def _axes(index: types.Type) -> int:
    """How many axes an index is for; 0 where it is none."""
    if isinstance(index, _WHOLE):
        return 1
    if isinstance(index, _kinds.BaseTuple) and all(isinstance(part, _WHOLE) for part in index):
        return len(index)
    return 0


@type_callable(operator.getitem)
def _type_getitem(context: Any) -> Any:
    def typer(array: types.Type, index: types.Type) -> types.Type | None:
        """Type of the element or of the part; None: not ours."""
        if isinstance(array, Bare) and array.ndim == 1 and isinstance(index, _kinds.SliceType) and not index.has_step:
            return array
        if not isinstance(array, Bare) or not 1 <= _axes(index) <= array.ndim:
            return None
        left = array.ndim - _axes(index)
        return Bare(array.dtype, left) if left else array.dtype

    return typer


@type_callable(operator.setitem)
def _type_setitem(context: Any) -> Any:
    def typer(array: Any, index: types.Type, value: types.Type) -> types.Type | None:
        """Nothing, for one element; None: not ours."""
        whole = isinstance(array, Bare) and _axes(index) == array.ndim
        return types.void if whole and context.can_convert(value, array.dtype) is not None else None

    return typer


def _address(
    context: Any, builder: ir.IRBuilder, kind: Bare, array: ir.Value, index: types.Type, at: ir.Value
) -> tuple[Any, ir.Value]:
    """The fields of a bare array, and the address of what an index means."""
    held = cgutils.create_struct_proxy(kind)(context, builder, value=array)
    axes = _axes(index)
    parts = cgutils.unpack_tuple(builder, at, axes) if isinstance(index, _kinds.BaseTuple) else [at]
    given = list(index) if isinstance(index, _kinds.BaseTuple) else [index]
    offset = ir.Constant(_LONG, 0)
    for axis in range(kind.ndim):
        if axis:
            offset = builder.mul(offset, getattr(held, f"length{axis}"), flags=("nsw",))
        if axis < axes:
            offset = builder.add(offset, context.cast(builder, parts[axis], given[axis], types.int64), flags=("nsw",))
    size = ir.Constant(_LONG, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    bytes_ = builder.bitcast(held.data, ir.IntType(8).as_pointer())
    return held, builder.gep(bytes_, [builder.mul(offset, size, flags=("nsw",))], inbounds=True)


def _getitem(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
    kind, index = signature.args
    held, address = _address(context, builder, kind, arguments[0], index, arguments[1])
    wanted = signature.return_type
    if isinstance(wanted, Bare):
        row = cgutils.create_struct_proxy(wanted)(context, builder)
        row.data = builder.bitcast(address, row.data.type)
        row.length0 = held.length1
        return row._getvalue()
    if isinstance(wanted, types.Record):
        return builder.bitcast(address, context.get_value_type(wanted))
    pointer = builder.bitcast(address, context.get_data_type(wanted).as_pointer())
    return context.unpack_value(builder, wanted, pointer)


def _setitem(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
    kind, index, value = signature.args
    _, address = _address(context, builder, kind, arguments[0], index, arguments[1])
    pointer = builder.bitcast(address, context.get_data_type(kind.dtype).as_pointer())
    context.pack_value(builder, kind.dtype, context.cast(builder, arguments[2], value, kind.dtype), pointer)
    return context.get_dummy_value()


@lower_builtin(operator.getitem, Bare, _kinds.SliceType)
def _stretch(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
    kind, index = signature.args
    span = context.make_helper(builder, index, arguments[1])
    held, address = _address(context, builder, kind, arguments[0], types.int64, span.start)
    part = cgutils.create_struct_proxy(kind)(context, builder)
    part.data = builder.bitcast(address, part.data.type)
    end = builder.select(builder.icmp_signed("<", span.stop, held.length0), span.stop, held.length0)
    part.length0 = builder.sub(end, span.start)
    return part._getvalue()


for _index in (*_WHOLE, _kinds.BaseTuple):
    lower_builtin(operator.getitem, Bare, _index)(_getitem)
    lower_builtin(operator.setitem, Bare, _index, types.Any)(_setitem)
