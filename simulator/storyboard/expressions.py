"""`${...}` expressions and `$name` references of OpenSCENARIO XML 1.1 to 1.3.

Operators, from the ones that bind least: or; and; == != < <= > >=; + -; * / %; unary - + not. Functions: round, floor,
ceil, sqrt, pow, sign, max, min, abs, sin, cos, tan, asin, acos, atan (the last seven are widely used beyond the
standard); constants: true, false, pi, e. What is neither is text, which + joins: `${$name + _left}`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from simulator.errors import did_you_mean

Value: TypeAlias = bool | float | str
MAX_LENGTH = 10_000  # of an expression, in characters
_MAX_DEPTH = 50  # of brackets and signs

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))|(?P<parameter>\$\w+)|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<sign>==|!=|<=|>=|[-+*/%<>(),]))"
)
_PLAIN_TEXT = re.compile(r"[\w .:#-]*")
_CONSTANTS: dict[str, Value] = {"true": True, "false": False, "pi": math.pi, "e": math.e}
_FUNCTIONS: dict[str, tuple[Callable[..., float], int]] = {
    "round": (lambda x: math.floor(x + 0.5) if x >= 0.0 else math.ceil(x - 0.5), 1),  # halves away from 0, as in C
    "floor": (math.floor, 1),
    "ceil": (math.ceil, 1),
    "sqrt": (math.sqrt, 1),
    "pow": (math.pow, 2),
    "sign": (lambda x: (x > 0.0) - (x < 0.0), 1),
    "max": (max, 2),
    "min": (min, 2),
    "abs": (abs, 1),
    "sin": (math.sin, 1),
    "cos": (math.cos, 1),
    "tan": (math.tan, 1),
    "asin": (math.asin, 1),
    "acos": (math.acos, 1),
    "atan": (math.atan, 1),
}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class ExpressionError(ValueError):
    """An expression or reference cannot be evaluated; the message says why, without the place."""


class _NotANumber(ExpressionError):
    """A word that is neither function nor constant: perhaps the expression is a text."""


def resolve(text: str, parameters: Mapping[str, str]) -> str:
    """The text that an attribute stands for: `$name` and `${...}` replaced, anything else as it is.

    Args:
        text: an attribute's value.
        parameters: values of the parameters by name, as text.

    Raises:
        ExpressionError: an unknown parameter, or an expression that cannot be evaluated.
    """
    text = text.strip()
    if len(text) < 2 or text[0] != "$":
        return text
    if text[1] != "{":
        return _parameter(text[1:], parameters)
    if not text.endswith("}"):
        raise ExpressionError(f'expression "{_short(text)}" does not end with a brace')
    return as_text(evaluate(text[2:-1], parameters))


def evaluate(expression: str, parameters: Mapping[str, str]) -> Value:
    """Value of an expression, given without `${` and `}`.

    Raises:
        ExpressionError: a wrong syntax, an unknown parameter or function, or no finite result.
    """
    if len(expression) > MAX_LENGTH:
        raise ExpressionError(f"an expression is {len(expression)} characters long; at most {MAX_LENGTH} are accepted")
    try:
        value = _Parser(expression, parameters).parse()
    except _NotANumber as error:
        joined = _join(expression, parameters)
        if joined is None:
            raise error from None
        return joined
    except (ArithmeticError, ValueError, RecursionError) as error:
        if isinstance(error, ExpressionError):
            raise
        raise ExpressionError(f'expression "{_short(expression)}" has no value: {error}') from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ExpressionError(f'expression "{_short(expression)}" has no finite value')
    return value


def number_in(text: str) -> float | None:
    """The number that a text is, as XML Schema writes them (also INF and NaN); None: it is none."""
    try:  # what Python reads beyond that are digits of other scripts, and underscores between digits
        return float(text) if text.isascii() and "_" not in text else None
    except ValueError:
        return None


def as_text(value: Value) -> str:
    """A value as an attribute would have it: true and false, whole numbers without a point.

    Other numbers have six decimals, as in esmini: conditions that are met exactly then fire in the same step.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:.6f}"


def _join(expression: str, parameters: Mapping[str, str]) -> str | None:
    """Texts and values with + between them as one text; None when there is more to it than that."""
    parts = []
    for part in (piece.strip() for piece in expression.split("+")):
        if part.startswith("$") and part[1:].isidentifier():
            parts.append(_parameter(part[1:], parameters))
        elif len(part) > 1 and part[0] == part[-1] and part[0] in "\"'":
            parts.append(part[1:-1])
        elif _PLAIN_TEXT.fullmatch(part):
            parts.append(part)
        else:
            return None
    if sum(map(len, parts)) > MAX_LENGTH:  # texts that double from one parameter to the next grow beyond all bounds
        raise ExpressionError(f'expression "{_short(expression)}" makes a text of more than {MAX_LENGTH} characters')
    return "".join(parts)


def _parameter(name: str, parameters: Mapping[str, str]) -> str:
    value = parameters.get(name)
    if value is None:
        raise ExpressionError(f'unknown parameter "${_short(name)}".{did_you_mean(name, parameters)}')
    return value


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, expression: str, parameters: Mapping[str, str]) -> None:
        self.expression, self.parameters = expression, parameters
        self.tokens = self._split()
        self.at = self.depth = 0

    def parse(self) -> Value:
        """The value of the whole expression."""
        value = self._or()
        if self.at < len(self.tokens):
            raise self._wrong()
        return value

    def _split(self) -> list[tuple[str, str]]:
        tokens, at, text = [], 0, self.expression.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise _NotANumber(f'expression "{_short(self.expression)}": cannot read "{_short(text[at:].strip())}"')
            tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            at = found.end()
        return tokens

    def _wrong(self) -> ExpressionError:
        if self.at >= len(self.tokens):
            return ExpressionError(f'expression "{_short(self.expression)}" is not complete')
        kind, token = self.tokens[self.at]
        error = _NotANumber if kind == "word" else ExpressionError
        return error(f'expression "{_short(self.expression)}": "{_short(token)}" is not expected there')

    def _take(self, *signs: str) -> str | None:
        if self.at < len(self.tokens) and self.tokens[self.at][1] in signs:
            self.at += 1
            return self.tokens[self.at - 1][1]
        return None

    def _or(self) -> Value:
        value = self._and()
        while self._take("or"):
            right = self._and()
            value = self._truth(value) or self._truth(right)
        return value

    def _and(self) -> Value:
        value = self._comparison()
        while self._take("and"):
            right = self._comparison()
            value = self._truth(value) and self._truth(right)
        return value

    def _comparison(self) -> Value:
        value = self._sum()
        while sign := self._take("==", "!=", "<", "<=", ">", ">="):
            right = self._sum()
            if sign in _COMPARISONS:
                value = _COMPARISONS[sign](self._number(value), self._number(right))
            else:
                value = (value == right) == (sign == "==")
        return value

    def _sum(self) -> Value:
        value = self._product()
        while sign := self._take("+", "-"):
            right = self._product()
            if sign == "+" and (isinstance(value, str) or isinstance(right, str)):
                raise _NotANumber(f'expression "{_short(self.expression)}" is not a number')
            first, second = self._number(value), self._number(right)
            value = first + second if sign == "+" else first - second
        return value

    def _product(self) -> Value:
        value = self._unary()
        while sign := self._take("*", "/", "%"):
            first, second = self._number(value), self._number(self._unary())
            if sign != "*" and second == 0.0:
                raise ExpressionError(f'expression "{_short(self.expression)}" divides by zero')
            value = first * second if sign == "*" else first / second if sign == "/" else math.fmod(first, second)
        return value

    def _unary(self) -> Value:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise ExpressionError(f'expression "{_short(self.expression)}" is nested too deeply')
        sign = self._take("-", "+", "not")
        if sign is None:
            value = self._primary()
        elif sign == "not":
            value = not self._truth(self._unary())
        else:
            value = self._number(self._unary())
            value = -value if sign == "-" else value
        self.depth -= 1
        return value

    def _primary(self) -> Value:
        if self._take("("):
            value = self._or()
            self._close()
            return value
        if self.at >= len(self.tokens) or self.tokens[self.at][0] == "sign":
            raise self._wrong()
        kind, token = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return float(token)
        if kind == "parameter":
            return _typed(_parameter(token[1:], self.parameters))
        if self._take("("):
            return self._call(token)
        if token not in _CONSTANTS:
            raise _NotANumber(
                f'expression "{_short(self.expression)}": "{_short(token)}" is neither a function nor a constant'
            )
        return _CONSTANTS[token]

    def _call(self, name: str) -> float:
        arguments = [self._number(self._or())]
        while self._take(","):
            arguments.append(self._number(self._or()))
        self._close()
        if name not in _FUNCTIONS:
            raise ExpressionError(
                f'unknown function "{_short(name)}" in an expression.{did_you_mean(name, _FUNCTIONS)}'
            )
        function, count = _FUNCTIONS[name]
        if len(arguments) != count:
            raise ExpressionError(
                f"function {name} takes {count} value{'s' if count > 1 else ''}, not {len(arguments)}"
            )
        return float(function(*arguments))

    def _close(self) -> None:
        if not self._take(")"):
            raise (
                self._wrong()
                if self.at < len(self.tokens)
                else ExpressionError(f'expression "{_short(self.expression)}" lacks a closing bracket')
            )

    def _number(self, value: Value) -> float:
        if isinstance(value, str):
            raise ExpressionError(f'expression "{_short(self.expression)}": "{_short(value)}" is not a number')
        return float(value)

    def _truth(self, value: Value) -> bool:
        if isinstance(value, str):
            raise ExpressionError(
                f'expression "{_short(self.expression)}": "{_short(value)}" is neither true nor false'
            )
        return bool(value)


def _typed(text: str) -> Value:
    """A parameter's value in an expression: a number or a truth where it reads as one, otherwise text."""
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text)
    except ValueError:
        return text
