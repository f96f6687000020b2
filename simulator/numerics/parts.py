"""How kernels are compiled: whole for Python, as parts for other kernels.

numba makes machine code of each function before it makes any of its callers: it links all that the function calls into
it, optimises that and emits it. What lies ten calls deep goes through LLVM ten times. A part is only lowered, and taken
along by its callers as it is: LLVM sees it once, within the kernel that Python calls.

What is large and has many callers is compiled `apart`: once, for all of them, which find its machine code by a name.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any

import llvmlite.binding as llvm
from numba import _dynfunc
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.environment import lookup_environment
from numba.core.itanium_mangler import mangle
from numba.core.typed_passes import NativeLowering


def _short_symbol(name: str, arguments: Sequence[Any], **tags: Any) -> str:
    """Symbol of a function: a digest stands for its arguments' types, since a NamedTuple of records fills pages."""
    digest = hashlib.blake2b("\0".join(map(str, arguments)).encode(), digest_size=12).hexdigest()
    return str(mangle(name, [digest], **tags))


@contextmanager
def _short_symbols(context: Any) -> Iterator[None]:
    """Within it numba names functions so; outside, for everybody else's, as it always does."""
    usual, context.mangler = context.mangler, _short_symbol
    try:
        yield
    finally:
        context.mangler = usual


class _PartLibrary(JITCodeLibrary):
    """Code of a part."""

    def with_all_below(self) -> list[Any]:
        """It, and what it calls, directly or not."""
        return list(dict.fromkeys([self, *self._linking_libraries]))

    def finalize(self) -> None:
        """Link, optimise and emit nothing."""
        self._raise_if_finalized()
        self._finalize_dynamic_globals()
        self._finalized = True


class _NoLibrary(_PartLibrary):
    """No code: what calls it is only told what must be there before it."""

    def __init__(self, codegen: Any, name: str, needed: _Needed) -> None:
        super().__init__(codegen, name)
        self._reload_init.add(needed)
        self.finalize()

    def _get_module_for_linking(self) -> Any:
        return self._final_module


class _WholeLibrary(JITCodeLibrary):
    """Code of what Python calls, with its parts."""

    def finalize(self) -> None:
        """Link callers before what they call, then optimise and emit.

        LLVM leaves out what nobody has called yet when its turn comes: a part that was lowered for a branch that turned
        out dead would take along what other parts, later on, call too.
        """
        self._linking_libraries.sort(key=lambda library: -len(set(library._linking_libraries)))
        super().finalize()


@register_pass(mutates_CFG=True, analysis_only=False)
class _PartLowering(NativeLowering):
    """Lower a part."""

    _name = "part_lowering"

    def run_pass(self, state: Any) -> bool:
        """Lower it, and tell callers what to link."""
        library = state["library"] = _PartLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        with _short_symbols(state.targetctx):
            super().run_pass(state)
        lowered = state["cr"]
        name = lowered.fndesc.qualname.split(".")[-1]
        # By this, which cannot be called, numba knows the part; no address: there is no machine code.
        known_as = _dynfunc.make_function(lowered.fndesc.lookup_module(), name, "", 0, lowered.env, (library,))
        library.finalize()
        state.targetctx.insert_user_function(known_as, lowered.fndesc, library.with_all_below())
        state["cr"] = lowered._replace(cfunc=known_as)
        return True


@register_pass(mutates_CFG=True, analysis_only=False)
class _WholeLowering(NativeLowering):
    """Lower what Python calls."""

    _name = "whole_lowering"

    def run_pass(self, state: Any) -> bool:
        """As numba does; and give the parts in it their environments, as for what comes from the cache."""
        library = state["library"] = _WholeLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        library.enable_object_caching()
        with _short_symbols(state.targetctx):
            super().run_pass(state)
        for symbol in library._final_module.global_variables:
            environment = lookup_environment(symbol.name)
            if environment is not None:
                library.codegen.set_env(symbol.name, environment)
        return True


def _compiler(lowering: type[NativeLowering]) -> type[CompilerBase]:
    """numba's compiler with another way of lowering."""

    class Compiler(CompilerBase):
        """numba's, with that way of lowering."""

        def define_pipelines(self) -> list[Any]:
            """Its one pipeline."""
            manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
            manager.passes = [(lowering if step is NativeLowering else step, why) for step, why in manager.passes]
            manager.finalize()
            return [manager]

    return Compiler


Part, Whole = _compiler(_PartLowering), _compiler(_WholeLowering)


@dataclass(frozen=True)
class _Needed:
    """What a kernel that comes from the disk cache needs first: a kernel of a module, apart, for arguments of types."""

    module: str
    name: str
    arguments: tuple[Any, ...]

    def __call__(self) -> None:
        """Compile it, or take it from the cache."""
        dispatcher = getattr(importlib.import_module(self.module), self.name)
        callable_apart(dispatcher, self.arguments)


def callable_apart(dispatcher: Any, arguments: tuple[Any, ...]) -> Any:
    """By what numba knows a kernel that is compiled apart, of a module, for arguments of these types."""
    known = dispatcher.known_apart
    if arguments not in known:
        dispatcher.compile(arguments)
        made, plain = dispatcher.overloads[arguments], dispatcher.py_func
        digest = hashlib.blake2b("\0".join(map(str, arguments)).encode(), digest_size=12).hexdigest()
        symbol = f"oddroad.{plain.__module__}.{plain.__qualname__}.{digest}"
        llvm.add_symbol(symbol, made.library.get_pointer_to_function(made.fndesc.llvm_func_name))
        callers = copy(made.fndesc)
        callers.mangled_name = symbol
        needed = _Needed(plain.__module__, plain.__name__, arguments)
        library = _NoLibrary(made.target_context.codegen(), symbol, needed)
        known[arguments] = _dynfunc.make_function(
            made.fndesc.lookup_module(), plain.__name__, "", 0, made.environment, (library,)
        )
        made.target_context.insert_user_function(known[arguments], callers, [library])
    return known[arguments]
