"""The only module that names numba's decorators: every compiled function of OddRoad is a `kernel`.

numba's disk cache keys a function by its own file only, so editing a callee in another file would leave the
caller's old machine code in use. `kernel` therefore puts a digest of the function's module and of every
`simulator` module it imports (transitively) into the cached name.

NUMBA_DISABLE_JIT=1 leaves the functions of others uncompiled, not kernels: vectors and raw memory have no form in
Python. A kernel's `py_func` is the plain function, for debuggers.
"""

from __future__ import annotations

import gc
import hashlib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from copy import copy
from functools import cache
from pathlib import Path
from typing import Any, overload

import numba
from numba.core import cgutils, config, types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.types.misc import unliteral
from numba.extending import intrinsic

from simulator.numerics.parts import Part, Whole, callable_apart

# No nnan/ninf: NaN and infinity keep their meaning (a missed ray has t = inf).
FASTMATH = {"nsz", "arcp", "contract", "reassoc"}

_ROOT = Path(__file__).resolve().parent.parent
SELDOM = 50_000, 20, 100  # garbage is looked for while kernels are compiled (`gc.set_threshold`)
LONGEST_COMPILE = 300.0  # seconds to wait for another process


# A whole `import` or `from ... import ...` statement. Found by pattern, not by parsing: this runs at every start.
_IMPORT = re.compile(r"^\s*(?:from\s+(\.*)([\w.]*)\s+import\s+(\([^)]*\)|[^\n]+)|import\s+([^\n]+))", re.MULTILINE)


@cache
def _imported_modules(name: str) -> frozenset[str]:
    """Modules of ours that a module may import; a name that is no module does no harm."""
    package = name.split(".")[:-1]
    found: set[str] = set()
    for dots, base, names, plain in _IMPORT.findall(_module_source(name) or ""):
        if plain:
            found.update(re.findall(r"[\w.]+", plain))
            continue
        above = package[: len(package) - len(dots) + 1] if dots else []
        module = ".".join([*above, *filter(None, [base])])
        found.add(module)
        found.update(f"{module}.{word}" for word in re.findall(r"\w+", names))
    return frozenset(module for module in found if module.startswith("simulator."))


@cache
def _module_source(name: str) -> str | None:
    package = name.rpartition(".")[0]
    if package.startswith("simulator") and package not in sys.modules:  # to find it by import would run its code
        base = _ROOT.joinpath(*name.split(".")[1:])
        files = base.with_suffix(".py"), base / "__init__.py"
        return next((file.read_text(encoding="utf-8") for file in files if file.is_file()), None)
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):
        return None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin).read_text(encoding="utf-8")


@cache
def source_digest(module: str) -> str:
    """Hex digest of the source of `module` and of all `simulator` modules with kernels that it reaches by imports."""
    todo, seen = [module], dict[str, str]()
    while todo:
        name = todo.pop()
        source = _module_source(name)
        if name in seen or source is None or (name != module and "numerics" not in name + source):
            continue
        seen[name] = source
        todo.extend(_imported_modules(name))
    text = "\0".join(f"{name}\0{seen[name]}" for name in sorted(seen))
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


@contextmanager
def _compiling() -> Iterator[None]:
    """numba compiles within it, even with NUMBA_DISABLE_JIT=1.

    Of the millions of objects that it makes nearly all stay until it is done: to look among them for garbage as often
    as Python does takes an eighth of the time.
    """
    with global_compiler_lock:
        disabled, config.DISABLE_JIT = config.DISABLE_JIT, 0
        thresholds = gc.get_threshold()
        gc.set_threshold(*SELDOM)
        try:
            yield
        finally:
            gc.set_threshold(*thresholds)
            config.DISABLE_JIT = disabled


@overload
def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """`@kernel`."""


@overload
def kernel(
    *, fastmath: bool = True, inline: bool = False, inner: bool = False, apart: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`@kernel(...)`."""


def kernel(
    function: Callable[..., Any] | None = None,
    *,
    fastmath: bool = True,
    inline: bool = False,
    inner: bool = False,
    apart: bool = False,
) -> Any:
    """Compile a plain function over arrays and scalars: nogil, cached on disk, no division checks.

    What kernels call is compiled with them (see `numerics.parts`); on the disk lies what Python has called.

    Args:
        fastmath: allow reordering and contraction of float operations (never assumptions about NaN or inf).
        inline: force LLVM to inline the function into its callers (small helpers in hot loops).
        inner: only kernels call it; it cannot be called from Python.
        apart: the same, but it is compiled and kept on disk by itself, once for all kernels that call it, at the price
            of a plain call: for what takes seconds to compile and has several callers. Only at the top of a module.
    """

    def decorate(plain: Callable[..., Any]) -> Any:
        """The kernel of a function."""
        plain.__qualname__ = f"{plain.__qualname__}__{source_digest(plain.__module__)}"
        options: dict[str, Any] = {
            "nogil": True,
            "error_model": "numpy",
            "fastmath": FASTMATH if fastmath else False,
            "no_cfunc_wrapper": True,  # nobody calls it from C
        }
        if inline:
            options.update(forceinline=True)
        with _compiling():
            return made(plain, options)

    def made(plain: Callable[..., Any], options: dict[str, Any]) -> Any:
        """What numba compiles when it is called."""
        part = cache(lambda: numba.njit(pipeline_class=Part, no_cpython_wrapper=True, **options)(plain))
        if inline or inner:
            return part()
        dispatcher = numba.njit(pipeline_class=Whole, no_cpython_wrapper=apart, **options)(plain)
        # What kernels that call it use of it.
        if apart:
            dispatcher.known_apart, template = {}, dispatcher.get_call_template
            # Not once more for each constant.
            dispatcher.get_call_template = lambda found, named: template([unliteral(one) for one in found], named)
            dispatcher.get_overload = lambda found: callable_apart(dispatcher, found)
        else:
            dispatcher.get_call_template = lambda *found: part().get_call_template(*found)
            dispatcher.get_overload = lambda signature: part().get_overload(signature)
        _cache_if_possible(dispatcher)
        _compile_once(dispatcher)
        return dispatcher

    return decorate if function is None else decorate(function)


def without_owner(context: Any, builder: Any, kind: types.Array, held: Any) -> Any:
    """In what an intrinsic builds: the array `held` without a count of references to it."""
    view = context.make_array(kind)(context, builder, value=held)
    view.meminfo, view.parent = (cgutils.get_null_value(part.type) for part in (view.meminfo, view.parent))
    return view._getvalue()


@intrinsic
def borrowed(_context, value):
    """The same array, or tuple with arrays, without a count of references to it: for what the caller keeps alive.

    numba counts references atomically, also when arrays are taken out of a NamedTuple or handed to inlined helpers;
    where many small calls share a few arrays that costs more than the work itself.
    """

    def build(context, builder, signature, arguments):
        """LLVM code of the call."""
        return without_owners(context, builder, signature.return_type, arguments[0])

    def without_owners(context, builder, kind, given):
        """As `without_owner`, of what is in tuples, too."""
        if isinstance(kind, types.Array):
            return without_owner(context, builder, kind, given)
        if isinstance(kind, types.BaseTuple):
            parts = cgutils.unpack_tuple(builder, given, len(kind))
            parts = [without_owners(context, builder, *part) for part in zip(kind, parts, strict=True)]
            return context.make_tuple(builder, kind, parts)
        return given

    return value(value), build


def _compile_once(dispatcher: Any) -> None:
    """While a process compiles a kernel let others that want it too wait, and then take it from the cache."""
    file, compile_here = _cache_file(dispatcher), dispatcher.compile

    def compile_or_wait(signature: Any) -> Any:
        """Compile for a signature, one process at a time."""
        from filelock import FileLock

        # Always in this order: whoever waits for another process has numba's own lock.
        with _compiling(), ExitStack() as stack:
            # Without, where the folder cannot be written or has no locks, or whoever compiles it seems to be stopped.
            with suppress(OSError, NotImplementedError):
                if file is not None:
                    stack.enter_context(FileLock(f"{file._index_path}.lock", timeout=LONGEST_COMPILE))
            return compile_here(signature)

    dispatcher.compile = compile_or_wait


def is_cached(function: Callable[..., Any]) -> bool:
    """Whether machine code of a kernel, as its source and its callees' are now, lies on the disk."""
    file = _cache_file(function)
    return file is not None and bool(file._load_index())


def _cache_file(dispatcher: Any) -> Any:
    """numba's index of what it keeps of a kernel, or None where it keeps nothing."""
    return getattr(getattr(dispatcher, "_cache", None), "_cache_file", None)


def _cache_if_possible(dispatcher: Any) -> None:
    """Keep compiled code on the disk; where it cannot be written or read, work without.

    numba pickles argument types into its index, so an index written before a NamedTuple moved to another module
    (an upgrade in place leaves the old index behind) would otherwise end the program.
    """
    try:
        dispatcher.enable_caching()
    except RuntimeError:  # no folder is writable
        return
    file = _cache_file(dispatcher)
    for name, missing, forgiven in (("_load_index", {}, Exception), ("load", None, Exception), ("save", None, OSError)):
        call = getattr(file, name, None)
        if call is not None:
            setattr(file, name, _or_else(call, missing, forgiven))


def _or_else(call: Callable[..., Any], missing: Any, forgiven: type[Exception]) -> Callable[..., Any]:
    def attempt(*args: Any) -> Any:
        """The call; `missing` where it fails as it may."""
        try:
            return call(*args)
        except forgiven:  # whatever unpickling may raise; a full disk
            return copy(missing)

    return attempt
