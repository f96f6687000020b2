"""Parameters, expressions, constraints, variables: against Python's own arithmetic and the rules of the standard."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import InputError
from simulator.storyboard.expressions import MAX_LENGTH, ExpressionError, evaluate, resolve
from simulator.storyboard.openscenario import read_openscenario
from simulator.storyboard.parameters import compare, typed
from tests.small_scenario import SPEED, scenario, write

P = {"a": "3", "b": "-2.5", "on": "true", "off": "false", "name": "Ego", "_x1": "7"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("-$a", -3.0),
        ("--3", 3.0),
        ("2 - -3", 5.0),
        ("7 % 4", 3.0),
        ("-7 % 4", -3.0),
        ("8 / 4 / 2", 1.0),
        ("1e3 + .5", 1000.5),
        ("$a*$b", -7.5),
        ("$_x1", 7.0),
        ("pow(2, 10)", 1024.0),
        ("sqrt(16)", 4.0),
        ("round(2.5)", 3.0),
        ("round(-2.5)", -3.0),
        ("floor(-1.2)", -2.0),
        ("ceil(1.2)", 2.0),
        ("sign(-3)", -1.0),
        ("sign(0)", 0.0),
        ("max($a, $b)", 3.0),
        ("min($a, $b)", -2.5),
        ("65*pi/180", math.radians(65.0)),
        ("not $on", False),
        ("$on and not $off", True),
        ("$off or $a > 2", True),
        ("true or false and false", True),
        ("1 < 2", True),
        ("2 <= 1", False),
        ("$a == 3", True),
        ("$a != 3", False),
        ("$a >= 3 and $b < 0", True),
        ("$name == Ego", None),
        ("$name + left", "Egoleft"),
        ("$name + trajectory event", "Egotrajectory event"),
        ("BrakeCondition_HWT + _ + $b", "BrakeCondition_HWT_-2.5"),
        ("$name", "Ego"),
    ],
)
def test_expressions_have_these_values(text: str, value: object) -> None:
    if value is None:
        with pytest.raises(ExpressionError):
            evaluate(text, P)
    else:
        found = evaluate(text, P)
        assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$c", 'unknown parameter "$c"'),
        ("$nane", 'Did you mean "name"'),
        ("flor(2)", 'Did you mean "floor"'),
        ("pow(2)", "takes 2 values"),
        ("1 / 0", "divides by zero"),
        ("1 % 0", "divides by zero"),
        ("sqrt(-1)", "has no value"),
        ("pow(10, 1000)", "has no value"),
        ("1 +", "not complete"),
        ("(1", "closing bracket"),
        ("1 2", "not expected"),
        ("2 ** 3", "not expected"),
        ("$name * 2", "not a number"),
        ("", "not complete"),
        ("1 & 2", "cannot read"),
        ("(" * 60 + "1" + ")" * 60, "nested too deeply"),
        ("-" * 60 + "1", "nested too deeply"),
        ("1" * (MAX_LENGTH + 1), "characters long"),
        ("1e308 * 10", "no finite value"),
    ],
)
def test_expressions_fail_with_a_reason(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as info:
        evaluate(text, P)
    assert message in str(info.value)


_NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 6))
_TREES = st.recursive(
    _NUMBERS.map(lambda x: f"({x!r})" if x < 0 else f"{x:.6f}"),
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | inner.map(lambda t: f"-{t}")
    ),
    max_leaves=12,
)


@given(_TREES)
def test_arithmetic_is_that_of_python(text: str) -> None:
    expected = float(eval(text))
    found = evaluate(text, {})
    assert isinstance(found, float)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(st.text(alphabet="0123456789.+-*/%()<>=! $ab_,notrndpiaxe", max_size=40))
def test_any_text_has_a_value_or_a_reason(text: str) -> None:
    try:
        evaluate(text, P)
    except ExpressionError as error:
        assert str(error)


def test_references_are_whole_values() -> None:
    assert resolve("$a", P) == "3"
    assert resolve(" ${$a + 1} ", P) == "4"
    assert resolve("${$a / 2}", P) == "1.500000"
    assert resolve("${1 / 3}", P) == "0.333333"
    assert resolve("${$a == 3}", P) == "true"
    assert resolve("price $a", P) == "price $a"
    assert resolve("$", P) == "$"
    with pytest.raises(ExpressionError, match="end with a brace"):
        resolve("${1 + 2", P)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("3", "int", 3),
        ("3.0", "int", 3),
        ("3.5", "int", None),
        ("-1", "unsignedInt", None),
        ("65536", "unsignedShort", None),
        ("65535", "unsignedShort", 65535),
        ("4294967296", "unsignedInt", None),
        ("1e3", "double", 1000.0),
        ("INF", "double", math.inf),
        ("NaN", "double", None),
        ("1", "boolean", True),
        ("True", "boolean", True),
        ("yes", "boolean", None),
        ("2024-02-03T04:05:06", "dateTime", "2024-02-03T04:05:06"),
        ("today", "dateTime", None),
        (" x ", "string", "x"),
    ],
)
def test_texts_are_values_of_their_type(text: str, kind: str, value: object) -> None:
    assert typed(text, kind) == value


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_rules_compare_as_they_say(value: float, bound: float) -> None:
    names = ("equalTo", "notEqualTo", "greaterThan", "lessThan", "greaterOrEqual", "lessOrEqual")
    expected = (value == bound, value != bound, value > bound, value < bound, value >= bound, value <= bound)
    assert tuple(compare(value, name, repr(bound)) for name in names) == expected
    assert (compare("x", "equalTo", "x"), compare("x", "greaterThan", "a")) == (True, False)


def _declared(*items: str) -> str:
    return f"<ParameterDeclarations>{''.join(items)}</ParameterDeclarations>"


def _parameter(name: str, kind: str, value: str, inside: str = "") -> str:
    return f'<ParameterDeclaration name="{name}" parameterType="{kind}" value="{value}">{inside}</ParameterDeclaration>'


def _speed(path: Path, **parameters: object) -> float:
    found = read_openscenario(path, parameters=parameters)
    assert found.warnings == ()
    action = found.storyboard.stories[0].acts[0].maneuver_groups[0].maneuvers[0].events[0].actions[0].action
    return float(action.target.value)  # type: ignore[union-attr]


def test_parameters_follow_from_each_other_and_from_the_caller(tmp_path: Path) -> None:
    declared = _declared(_parameter("$kph", "double", "36"), _parameter("v", "double", "${$kph / 3.6}"))
    path = write(tmp_path, scenario(declarations=declared, action=SPEED.format(time=2, speed="${2 * $v}")))
    assert _speed(path) == pytest.approx(20.0)
    assert _speed(path, kph=72) == pytest.approx(40.0)
    assert _speed(path, v="5") == pytest.approx(10.0)
    found = read_openscenario(path, parameters={"kph": 72})
    assert [(item.name, item.value) for item in found.parameters] == [("kph", 72.0), ("v", 20.0)]
    with pytest.raises(InputError, match=r'no parameter "kpH".*Did you mean "kph"'):
        read_openscenario(path, parameters={"kpH": 1})


def test_inner_declarations_hold_inside_only(tmp_path: Path) -> None:
    outer, inner = _declared(_parameter("v", "double", "1")), _declared(_parameter("v", "double", "9"))
    stop = """<StopTrigger><ConditionGroup><Condition name="c" delay="$v" conditionEdge="none"><ByValueCondition>
      <SimulationTimeCondition value="1" rule="greaterThan"/></ByValueCondition></Condition></ConditionGroup>
      </StopTrigger>"""
    text = scenario(declarations=outer, story=inner, action=SPEED.format(time=2, speed="$v"))
    path = write(tmp_path, text.replace("<StopTrigger/>", stop))
    assert _speed(path) == 9.0
    found = read_openscenario(path)
    assert found.parameters[0].value == 1.0
    assert found.storyboard.stop_trigger is not None
    assert found.storyboard.stop_trigger.condition_groups[0].conditions[0].delay == 1.0


def test_an_unknown_parameter_is_named_with_its_line(tmp_path: Path) -> None:
    declared = _declared(_parameter("speed", "double", "1"))
    path = write(tmp_path, scenario(declarations=declared, action=SPEED.format(time=2, speed="$sped")))
    line = next(i for i, text in enumerate(path.read_text().splitlines(), 1) if "$sped" in text)
    with pytest.raises(InputError) as info:
        read_openscenario(path)
    assert str(info.value) == f'{path}:{line}: unknown parameter "$sped". Did you mean "speed"?'


@pytest.mark.parametrize(("value", "fits"), [("3", True), ("8", True), ("5", False), ("0", False)])
def test_one_group_of_constraints_must_hold_in_full(tmp_path: Path, value: str, fits: bool) -> None:
    groups = """<ConstraintGroup><ValueConstraint rule="greaterThan" value="1"/>
      <ValueConstraint rule="lessThan" value="5"/></ConstraintGroup>
      <ConstraintGroup><ValueConstraint rule="equalTo" value="8"/></ConstraintGroup>"""
    path = write(tmp_path, scenario(declarations=_declared(_parameter("v", "double", "2", groups))))
    if fits:
        assert read_openscenario(path, parameters={"v": value}).parameters[0].value == float(value)
    else:
        with pytest.raises(InputError, match=r"must be (greaterThan 1|lessThan 5) or equalTo 8"):
            read_openscenario(path, parameters={"v": value})


def test_variables_and_monitors_are_kept(tmp_path: Path) -> None:
    text = """<VariableDeclarations><VariableDeclaration name="x" variableType="int" value="4"/></VariableDeclarations>
      <MonitorDeclarations><MonitorDeclaration name="m" value="true"/></MonitorDeclarations>"""
    condition = '<ByValueCondition><VariableCondition variableRef="$y" rule="equalTo" value="4"/></ByValueCondition>'
    found = read_openscenario(write(tmp_path, scenario(declarations=text, condition=condition)))
    assert (found.variables[0].value, found.monitors[0].value) == (4, True)
    assert len(found.warnings) == 1
    assert 'there is no variable "y"' in found.warnings[0]


def test_texts_that_double_are_stopped(tmp_path: Path) -> None:
    items = [_parameter("p0", "string", "xxxxxxxx")]
    items += [_parameter(f"p{k}", "string", f"${{$p{k - 1} + $p{k - 1}}}") for k in range(1, 60)]
    with pytest.raises(InputError, match="makes a text of more than"):
        read_openscenario(write(tmp_path, scenario(declarations=_declared(*items))))


def test_a_value_of_another_type_is_a_warning(tmp_path: Path) -> None:
    found = read_openscenario(write(tmp_path, scenario(declarations=_declared(_parameter("v", "double", "fast")))))
    assert "is not of type double" in found.warnings[0]
    assert found.parameters[0].value == "fast"
