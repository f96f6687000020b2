"""Parameters, variables and monitors: declarations, their types and constraints."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from simulator.errors import InputError
from simulator.storyboard.binding import Node
from simulator.storyboard.expressions import number_in
from simulator.storyboard.model import MonitorDeclaration, ParameterDeclaration, ParameterType, VariableDeclaration

_OTHER_NAMES = {"integer": "int", "bool": "boolean"}  # of 1.0, and a usual slip
_LIMITS = {"int": (-(2**31), 2**31 - 1), "unsignedInt": (0, 2**32 - 1), "unsignedShort": (0, 2**16 - 1)}
_DATE = re.compile(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")


def typed(text: str, kind: str) -> bool | int | float | str | None:
    """A text as a value of a parameter type; None when it is not one."""
    text = text.strip()
    if kind == "string":
        return text
    if kind == "dateTime":
        return text if _DATE.fullmatch(text) else None
    if kind == "boolean":
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
    number = number_in(text)
    if number is None:
        return None
    if kind == "double":
        return None if math.isnan(number) else number
    least, most = _LIMITS[kind]
    return int(number) if math.isfinite(number) and number == int(number) and least <= number <= most else None


class ViolatedConstraint(InputError):
    """A value that the constraints of its parameter exclude."""


def read_parameters(
    node: Node | None, given: Mapping[str, str], values: dict[str, str]
) -> tuple[ParameterDeclaration, ...]:
    """Declared parameters; `values` gets their texts, those in `given` instead of the declared ones.

    A value that is not of its type is kept as a text, with a warning: there are catalogs that rely on it.

    Raises:
        InputError: a value that breaks its constraints.
    """
    declarations: dict[str, ParameterDeclaration] = {}
    for item in node.children("ParameterDeclaration") if node is not None else ():
        name = _name(item)
        kind = _kind(item, "parameterType")
        declared = item.text("value", "")
        text = item.resolved(given[name]) if name in given else declared
        value = typed(text, kind)
        if value is None:
            item.warn(f'parameter "{name}": "{text}" is not of type {kind}; it is used as a text')
            value, kind = text, "string"
        _check(item, name, value)
        if name in declarations and declarations[name].value != value:
            item.warn(f'parameter "{name}" is declared twice; the last counts')
        values[name] = text
        declarations[name] = ParameterDeclaration(name, kind, value, line=item.line)
        item.finish()
    if node is not None:
        node.finish()
    return tuple(declarations.values())


def read_variables(node: Node | None) -> tuple[VariableDeclaration, ...]:
    """Declared variables.

    Raises:
        InputError: a value that is not of its type.
    """
    declarations = []
    for item in node.children("VariableDeclaration") if node is not None else ():
        name, kind, text = _name(item), _kind(item, "variableType"), item.text("value", "")
        value = typed(text, kind)
        if value is None:
            raise item.error(f'variable "{name}": "{text}" is not of type {kind}')
        declarations.append(VariableDeclaration(name, kind, value, line=item.line))
        item.finish()
    if node is not None:
        node.finish()
    return tuple(declarations)


def read_monitors(node: Node | None) -> tuple[MonitorDeclaration, ...]:
    """Declared monitors."""
    declarations = []
    for item in node.children("MonitorDeclaration") if node is not None else ():
        declarations.append(MonitorDeclaration(_name(item), item.truth("value"), line=item.line))
        item.finish()
    if node is not None:
        node.finish()
    return tuple(declarations)


def _name(item: Node) -> str:
    """What is declared, without the $ that some put before it."""
    name = (item.raw("name") or "").strip().removeprefix("$")
    if not name:
        raise item.error(f'<{item.tag}> needs the attribute "name"')
    return name


def _kind(item: Node, attribute: str) -> ParameterType:
    kind: ParameterType = item.choice(attribute, ParameterType, others=_OTHER_NAMES)
    return kind


def _check(item: Node, name: str, value: bool | int | float | str) -> None:
    """Raises when there are groups of constraints and none of them holds in full."""
    groups, broken = item.children("ConstraintGroup"), []
    for group in groups:
        rules = []
        for constraint in group.children("ValueConstraint"):
            rule = constraint.choice("rule", "Rule")
            rules.append((rule, constraint.text("value")))
            constraint.finish()
        group.finish()
        failed = [f"{rule} {bound}" for rule, bound in rules if not compare(value, rule, bound)]
        if not failed:
            return
        broken.append(" and ".join(failed))
    if broken:
        error = item.error(f'parameter "{name}" is {value}; it must be {" or ".join(broken)}')
        raise ViolatedConstraint(error.message, source=error.source, line=error.line)


def compare(value: bool | int | float | str, rule: str, bound: str) -> bool:
    """Whether a value stands to a text as a rule of the standard says; texts compare by equality only."""
    other: bool | int | float | str | None = bound
    if isinstance(value, bool):
        other = typed(bound, "boolean")
    elif not isinstance(value, str):
        other = typed(bound, "double")
    if rule == "equalTo":
        return value == other
    if rule == "notEqualTo":
        return value != other
    if isinstance(value, (str, bool)) or not isinstance(other, (int, float)):
        return False
    if rule == "greaterThan":
        return value > other
    if rule == "lessThan":
        return value < other
    return value >= other if rule == "greaterOrEqual" else value <= other
