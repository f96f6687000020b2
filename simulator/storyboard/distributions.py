"""Parameter value distributions of OpenSCENARIO XML 1.1 to 1.3: one scenario, many sets of parameters.

Deterministic distributions span a grid: every value of each with every value of the others, the last one in the file
changing fastest. Stochastic ones are drawn by inverse transform, each from a stream of its own parameter, so that a
parameter that is added changes no other. Expected value and variance are those of the distribution itself, before it is
cut to its range.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from simulator.errors import InputError, listed
from simulator.numerics.rng import generator
from simulator.roads.xodr_input import Report, load_xml
from simulator.storyboard.binding import Node
from simulator.storyboard.catalogs import MAX_BYTES, WANTED, Catalogs
from simulator.storyboard.openscenario import new_reader
from simulator.storyboard.versions import check_version

MAX_RUNS = 100_000
_MOST_EXPECTED = 1e6  # of a Poisson distribution: its table is that long
Values = dict[str, str]


@dataclass(frozen=True)
class Distribution:
    """The runs of a distribution file.

    Attributes:
        scenario: the scenario that all of them play.
        runs: a name and the values of the parameters, as text, for each.
        warnings: what was ignored.
    """

    scenario: Path
    runs: tuple[tuple[str, Values], ...]
    warnings: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[tuple[str, Values]]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)


def is_distribution(path: str | os.PathLike[str]) -> bool:
    """Whether an OpenSCENARIO file holds distributions of parameters and no scenario.

    Raises:
        InputError: it is no XML file.
    """
    root = load_xml(path, Report(os.fspath(path)), kind=WANTED, max_bytes=MAX_BYTES)
    return root.find("ParameterValueDistribution") is not None


def read_distribution(
    path: str | os.PathLike[str], *, map_path: Iterable[str | os.PathLike[str]] = (), seed: int | None = None
) -> Distribution:
    """All runs of a file of parameter value distributions.

    Args:
        path: the file.
        map_path: folders in which to look for the scenario when it is not where the file says.
        seed: of stochastic distributions; None: the file's, or 0.

    Raises:
        InputError: not such a file, a distribution that cannot be used, or more than 100 000 runs.
    """
    source = os.fspath(path)
    root = load_xml(path, Report(source), kind=WANTED, max_bytes=MAX_BYTES)
    revision = check_version(root, source)
    element = root.find("ParameterValueDistribution")
    if element is None:
        message = "<OpenSCENARIO> needs the element <ParameterValueDistribution>; this is not a distribution"
        raise InputError(message, source=source, line=root.sourceline)
    reader = new_reader(Catalogs(Path(path)), revision)
    node = Node(element, reader, source, 0)
    scenario = _scenario(node.need("ScenarioFile"), Path(path), map_path)
    grid, stochastic = node.child("Deterministic"), node.child("Stochastic")
    if (grid is None) == (stochastic is None):
        raise node.error("<ParameterValueDistribution> needs either <Deterministic> or <Stochastic>")
    sets = _grid(grid) if grid is not None else _draws(stochastic, seed)
    node.finish()
    digits = len(str(len(sets)))
    stem = Path(path).stem
    runs = tuple((f"{stem}_{index:0{digits}d}", values) for index, values in enumerate(sets, 1))
    return Distribution(scenario, runs, tuple(str(warning) for warning in reader.warnings))


def _scenario(node: Node, path: Path, map_path: Iterable[str | os.PathLike[str]]) -> Path:
    name = str(node.text("filepath")).replace("\\", "/")
    node.finish()
    places = (path.parent, *(Path(folder) for folder in map_path))
    for item in (name, name.rsplit("/", 1)[-1]):
        for place in places:
            try:
                if (place / item).is_file():
                    return place / item
            except (OSError, ValueError):  # a name that is too long, or has a null byte
                continue
    raise node.error(f'the scenario "{name}" is not found in {listed(str(place) for place in places)}')


def _grid(node: Node) -> list[Values]:
    axes: list[list[Values]] = []
    seen: set[str] = set()
    for item in node.children("DeterministicSingleParameterDistribution", "DeterministicMultiParameterDistribution"):
        if item.tag == "DeterministicMultiParameterDistribution":
            axes.append(_value_sets(item))
        else:
            name = _name(item, seen)
            values = _values(item, name)
            if values is not None:
                axes.append([{name: value} for value in values])
        item.finish()
    node.finish()
    count = math.prod(len(axis) for axis in axes)
    if count > MAX_RUNS:
        raise node.error(f"the distributions make {count} runs; at most {MAX_RUNS} are accepted")
    return [{name: value for part in parts for name, value in part.items()} for parts in itertools.product(*axes)]


def _value_sets(node: Node) -> list[Values]:
    group = node.need("ValueSetDistribution")
    sets = []
    for item in group.children("ParameterValueSet"):
        values = {}
        for assignment in item.children("ParameterAssignment"):
            values[(assignment.raw("parameterRef") or "").strip().removeprefix("$")] = assignment.raw("value") or ""
            assignment.finish()
        item.finish()
        sets.append(values)
    group.finish()
    if not sets:
        raise group.error("<ValueSetDistribution> needs at least one <ParameterValueSet>")
    return sets


def _values(node: Node, name: str) -> list[str] | None:
    """Values of one parameter; None, and a warning, for a distribution that only its user knows."""
    chosen, ranged, own = (
        node.child(tag) for tag in ("DistributionSet", "DistributionRange", "UserDefinedDistribution")
    )
    if chosen is not None:
        values = [item.raw("value") or "" for item in chosen.children("Element")]
        if not values:
            raise chosen.error("<DistributionSet> needs at least one <Element>")
        return values
    if ranged is not None:
        low, high = _range(ranged.need("Range"))
        step = ranged.number("stepWidth")
        if step <= 0.0:
            raise ranged.error(f'<DistributionRange> stepWidth="{step:g}" must be greater than 0')
        ranged.finish()
        count = math.floor((high - low) / step * (1.0 + 1e-12) + 1e-9) + 1
        if count > MAX_RUNS:
            raise ranged.error(f"<DistributionRange> has {count} values; at most {MAX_RUNS} are accepted")
        start, width = Decimal(repr(low)), Decimal(repr(step))  # 0.1 three times is 0.3
        return [_text(float(start + index * width)) for index in range(count)]
    if own is not None:
        _user_defined(own, name)
        return None
    raise node.error(f"<{node.tag}> needs a <DistributionSet> or a <DistributionRange>")


def _draws(node: Node | None, seed: int | None) -> list[Values]:
    assert node is not None
    count = node.integer("numberOfTestRuns")
    if not 0 < count <= MAX_RUNS:
        raise node.error(f'<Stochastic> numberOfTestRuns="{count}" must be 1 to {MAX_RUNS}')
    given = node.number("randomSeed", 0.0)
    seed = int(given) if seed is None else seed
    columns: dict[str, list[str]] = {}
    seen: set[str] = set()
    for item in node.children("StochasticDistribution"):
        name = _name(item, seen)
        shares = generator(seed, "parameter", name).random(count)
        inside = item.first()
        item.finish()
        if inside is None or inside.tag not in (*_DRAWN, "UserDefinedDistribution"):
            raise item.error(f"<{item.tag}> needs one of <{'>, <'.join(_DRAWN)}>")
        if inside.tag == "UserDefinedDistribution":
            _user_defined(inside, name)
            continue
        values = _DRAWN[inside.tag](inside, shares)
        inside.finish()
        columns[name] = [value if isinstance(value, str) else _text(float(value)) for value in values]
    node.finish()
    return [{name: column[index] for name, column in columns.items()} for index in range(count)]


def _text(value: float) -> str:
    """A number with all of its digits; a whole one without a point."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _name(node: Node, seen: set[str]) -> str:
    """The parameter that is distributed, which must not be among the seen ones; it is one of them from now on."""
    name = (node.raw("parameterName") or "").strip().removeprefix("$")
    if not name:
        raise node.error(f'<{node.tag}> needs the attribute "parameterName"')
    if name in seen:
        raise node.error(f'the parameter "{name}" has a distribution already; one is accepted')
    seen.add(name)
    return name


def _user_defined(node: Node, name: str) -> None:
    kind = node.raw("type") or ""
    node.warn(f'<UserDefinedDistribution> type="{kind[:40]}" is not known; "{name}" keeps the scenario\'s value')


def _range(node: Node) -> tuple[float, float]:
    low, high = node.number("lowerLimit"), node.number("upperLimit")
    node.finish()
    if low > high:
        raise node.error(f'<Range> lowerLimit="{low:g}" is above upperLimit="{high:g}"')
    return low, high


def _optional_range(node: Node) -> tuple[float, float]:
    child = node.child("Range")
    return (-math.inf, math.inf) if child is None else _range(child)


def _positive(node: Node, name: str) -> float:
    value = float(node.number(name))
    if value <= 0.0:
        raise node.error(f'<{node.tag}> {name}="{value:g}" must be greater than 0')
    return value


def _weights(node: Node, items: list[Node]) -> Any:
    """(K + 1,) cumulated shares of weights, from 0 to 1."""
    weights = [float(item.number("weight")) for item in items]
    if not weights or min(weights) < 0.0 or sum(weights) <= 0.0:
        raise node.error(f"<{node.tag}> needs weights of at least 0, one of them greater")
    edges = np.concatenate([[0.0], np.cumsum(weights)])
    return edges / edges[-1]


def _weighted_set(node: Node, shares: Any) -> list[str]:
    items = node.children("Element")
    edges = _weights(node, items)
    texts = [item.raw("value") or "" for item in items]
    for item in items:
        item.finish()
    return [texts[index] for index in np.searchsorted(edges[1:-1], shares, side="right")]


def _histogram(node: Node, shares: Any) -> Any:
    items = node.children("Bin")
    edges = _weights(node, items)
    low, high = np.array([_range(item.need("Range")) for item in items]).T
    for item in items:
        item.finish()
    index = np.searchsorted(edges[1:-1], shares, side="right")
    width = np.maximum(edges[index + 1] - edges[index], np.finfo(float).tiny)
    return low[index] + (shares - edges[index]) / width * (high[index] - low[index])


def _uniform(node: Node, shares: Any) -> Any:
    low, high = _range(node.need("Range"))
    return low + shares * (high - low)


def _normal(node: Node, shares: Any) -> Any:
    mean, deviation = float(node.number("expectedValue")), math.sqrt(_positive(node, "variance"))
    low, high = _optional_range(node)
    return _cut_normal(node, shares, mean, deviation, low, high)


def _log_normal(node: Node, shares: Any) -> Any:
    """With mean m and variance v, the logarithm has variance s = ln(1 + v / m^2) and mean ln(m) - s / 2."""
    mean, variance = _positive(node, "expectedValue"), _positive(node, "variance")
    low, high = _optional_range(node)
    if high <= 0.0:
        raise node.error("<LogNormalDistribution>: the range holds no positive number")
    spread = math.log1p(variance / mean**2)
    limits = math.log(low) if low > 0.0 else -math.inf, math.log(high) if high < math.inf else math.inf
    logarithm = _cut_normal(node, shares, math.log(mean) - 0.5 * spread, math.sqrt(spread), *limits)
    return np.clip(np.exp(logarithm), low, high)


def _cut_normal(node: Node, shares: Any, mean: float, deviation: float, low: float, high: float) -> Any:
    """Quantiles of a normal distribution cut to a range; the upper half is mirrored to keep its digits."""
    from scipy.special import ndtr, ndtri

    a, b = (low - mean) / deviation, (high - mean) / deviation
    mirrored = a > 0.0
    a, b = (-b, -a) if mirrored else (a, b)
    least, most = float(ndtr(a)), float(ndtr(b))
    if not most > least:
        raise node.error(f"<{node.tag}>: the range is too far from the expected value")
    scores = ndtri(least + ((1.0 - shares) if mirrored else shares) * (most - least))
    return np.clip(mean + deviation * (-scores if mirrored else scores), low, high)


def _poisson(node: Node, shares: Any) -> Any:
    from scipy.special import gammaln

    mean = _positive(node, "expectedValue")
    if mean > _MOST_EXPECTED:
        raise node.error(f'<PoissonDistribution> expectedValue="{mean:g}" is above {_MOST_EXPECTED:g}')
    low, high = _optional_range(node)
    reach = 40.0 * math.sqrt(mean) + 40.0  # beyond it a share is below 1e-16
    first, last = max(0, math.ceil(max(low, mean - reach))), math.floor(min(high, mean + reach))
    if last < first:
        raise node.error("<PoissonDistribution>: the range is too far from the expected value")
    counts = np.arange(first, last + 1, dtype=float)
    logarithm = counts * math.log(mean) - gammaln(counts + 1.0)
    cumulated = np.cumsum(np.exp(logarithm - logarithm.max()))
    return counts[np.searchsorted(cumulated / cumulated[-1], shares, side="right").clip(0, len(counts) - 1)]


_DRAWN: dict[str, Any] = {
    "ProbabilityDistributionSet": _weighted_set,
    "NormalDistribution": _normal,
    "LogNormalDistribution": _log_normal,
    "UniformDistribution": _uniform,
    "PoissonDistribution": _poisson,
    "Histogram": _histogram,
}
