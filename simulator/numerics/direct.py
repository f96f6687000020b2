"""Calls of kernels time and again, without a look at what they are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def entry(function: Callable[..., Any], *arguments: Any) -> Callable[..., Any]:
    """What to call instead of a kernel, time and again, with arguments of the types of these.

    numba looks at all arrays of all NamedTuples at each call, to choose among what it has compiled; this does not, so
    that arguments of other types, or arrays that are not as contiguous as these, are not noticed.
    """
    dispatcher: Any = function
    found: Callable[..., Any] = dispatcher.compile(tuple(map(dispatcher.typeof_pyval, arguments)))
    return found
