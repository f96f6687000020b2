"""The shape of the house: imports run one way, modules stay small, public names are documented, imports stay light."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(path for path in (ROOT / "simulator").rglob("*.py") if "_data" not in path.parts)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def test_imports_run_one_way() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_stay_readable(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 600
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 100, node.name


def _public(node: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Public classes, functions and methods; what is inside a function is nobody else's business."""
    for child in node.body:
        if isinstance(child, (ast.FunctionDef, ast.ClassDef)) and not child.name.startswith("_"):
            if any(isinstance(d, ast.Name) and d.id == "overload" for d in child.decorator_list):
                continue
            yield child
            if isinstance(child, ast.ClassDef):
                yield from _public(child)


def test_public_names_are_documented() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in MODULES
        for node in _public(_tree(path))
        if not ast.get_docstring(node)
    ]
    assert bare == []


def _defined(body: Sequence[ast.stmt]) -> Iterator[ast.FunctionDef]:
    """Functions and methods, but for those inside of functions."""
    for node in body:
        if isinstance(node, ast.FunctionDef):
            yield node
        elif isinstance(node, (ast.ClassDef, ast.If)):
            yield from _defined(node.body)


def _annotated(node: ast.FunctionDef) -> bool:
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    named = [argument for argument in given if argument.arg not in ("self", "cls")]
    return node.returns is not None and all(argument.annotation is not None for argument in named)


def test_only_kernels_go_without_types() -> None:
    """numba infers the types of kernels; mypy lets them pass, and with them whatever has no annotation at all."""
    bare = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in MODULES
        for node in _defined(_tree(path).body)
        if not _annotated(node)
        and not any(ast.unparse(d).split("(")[0] in ("kernel", "intrinsic") for d in node.decorator_list)
    ]
    assert bare == []


def _given(node: ast.FunctionDef, *functions: str) -> set[str]:
    """Names of what a function gives to some functions as their first argument."""
    calls = (each for each in ast.walk(node) if isinstance(each, ast.Call) and each.args)
    return {
        call.args[0].id
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in functions and isinstance(call.args[0], ast.Name)
    }


def _made(node: ast.FunctionDef) -> Iterator[str]:
    """Names to which a function assigns what numpy makes, or several such things at once."""
    for each in ast.walk(node):
        if isinstance(each, ast.Assign):
            target, value = each.targets[0], each.value
            pairs: list[tuple[ast.expr, ast.expr]] = [(target, value)]
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = list(zip(target.elts, value.elts))
            for name, made in pairs:
                names = name.elts if isinstance(name, ast.Tuple) else [name]
                if ast.unparse(made).startswith("np."):
                    yield from (one.id for one in names if isinstance(one, ast.Name))


def test_kernels_hold_the_arrays_that_they_have_pointers_to() -> None:
    """numba frees what a kernel has made after the last use of its name."""
    freed = [
        f"{path.relative_to(ROOT)}:{node.lineno} {name}"
        for path in MODULES
        for node in _defined(_tree(path).body)
        for name in sorted(set(_made(node)) & _given(node, "pointer", "record", "bare", "borrowed"))
        if name not in _given(node, "hold") and node.returns is None
    ]
    assert freed == []


def test_only_jit_names_numba_decorators() -> None:
    guilty = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if path.name != "jit.py" and any(word in path.read_text() for word in ("njit", "numba.jit", "prange"))
    ]
    assert guilty == []


def test_one_module_each_knows_an_old_or_optional_library() -> None:
    users: dict[str, set[Path]] = {"pybullet": set(), "pyrender": set(), "ray": set()}
    for path in MODULES:
        for node in ast.walk(_tree(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            for library in users.keys() & {name.split(".")[0] for name in names}:
                users[library].add(path)
    assert all(len(modules) <= 1 for modules in users.values()), users


def _loaded(statement: str) -> set[str]:
    code = f"{statement}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_import_and_help_stay_light() -> None:
    heavy = {"numba", "cv2", "scipy", "lxml", "shapely", "trimesh", "pyrender", "pybullet", "matplotlib"}
    assert not heavy & _loaded("import simulator")
    assert not heavy & _loaded("import simulator.cli")
