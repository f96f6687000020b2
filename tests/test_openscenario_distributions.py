"""Parameter value distributions: grids against products, draws against the distributions' own moments and shares."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from simulator.errors import InputError
from simulator.storyboard.distributions import MAX_RUNS, read_distribution
from simulator.storyboard.openscenario import ScenarioFile, read_openscenario
from tests.small_scenario import HEAD, SPEED, VEHICLE, catalog, scenario, write

SET = "<DistributionSet>{}</DistributionSet>"
RUNS = 4000


def _file(folder: Path, inside: str, name: str = "variation.xosc") -> Path:
    declared = """<ParameterDeclarations><ParameterDeclaration name="a" parameterType="double" value="1"/>
      <ParameterDeclaration name="b" parameterType="string" value="x"/></ParameterDeclarations>"""
    write(folder, scenario(declarations=declared, action=SPEED.format(time=1, speed="$a")))
    where = '<ScenarioFile filepath="scenario.xosc"/>'
    text = f"{HEAD.format(minor=3)}<ParameterValueDistribution>{where}{inside}</ParameterValueDistribution>"
    return write(folder, f"<OpenSCENARIO>{text}</OpenSCENARIO>", name)


def _single(name: str, inside: str) -> str:
    return f"""<DeterministicSingleParameterDistribution parameterName="{name}">{inside}
      </DeterministicSingleParameterDistribution>"""


def _range(low: float, high: float, step: float) -> str:
    return f'<DistributionRange stepWidth="{step}"><Range lowerLimit="{low}" upperLimit="{high}"/></DistributionRange>'


def test_a_grid_has_every_value_with_every_other(tmp_path: Path) -> None:
    elements = SET.format('<Element value="x"/><Element value="y"/>')
    sets = """<DeterministicMultiParameterDistribution><ValueSetDistribution>
      <ParameterValueSet><ParameterAssignment parameterRef="c" value="1"/><ParameterAssignment parameterRef="$d"
        value="2"/></ParameterValueSet>
      <ParameterValueSet><ParameterAssignment parameterRef="c" value="3"/></ParameterValueSet>
      </ValueSetDistribution></DeterministicMultiParameterDistribution>"""
    single = _single("a", _range(0, 0.3, 0.1)) + _single("b", elements)
    found = read_distribution(_file(tmp_path, f"<Deterministic>{single}{sets}</Deterministic>"))
    grid = itertools.product(["0", "0.1", "0.2", "0.3"], "xy", [{"c": "1", "d": "2"}, {"c": "3"}])
    assert [values for _, values in found] == [{"a": a, "b": b, **rest} for a, b, rest in grid]
    assert [name for name, _ in found][:2] == ["variation_01", "variation_02"]
    assert len({name for name, _ in found}) == len(found) == 16


def test_every_run_plays_with_its_own_values(tmp_path: Path) -> None:
    path = _file(tmp_path, f"<Deterministic>{_single('a', _range(5, 7, 1))}</Deterministic>")
    found = read_distribution(path)
    values = [read_openscenario(found.scenario, parameters=values).parameters[0].value for _, values in found]
    assert values == [5.0, 6.0, 7.0]


@pytest.mark.parametrize(
    ("low", "high", "step", "count"), [(0, 1, 0.1, 11), (0, 1, 0.3, 4), (1, 1, 5, 1), (-3, 3, 1.5, 5), (0, 0.7, 0.1, 8)]
)
def test_a_range_ends_at_its_limit(tmp_path: Path, low: float, high: float, step: float, count: int) -> None:
    path = _file(tmp_path, f"<Deterministic>{_single('a', _range(low, high, step))}</Deterministic>")
    values = [float(values["a"]) for _, values in read_distribution(path)]
    assert values == pytest.approx([low + k * step for k in range(count)], abs=1e-12)
    assert max(values) <= high


def _draw(folder: Path, *inside: tuple[str, str], runs: int = RUNS, seed: int | None = None, given: str = "7") -> list:
    items = "".join(f'<StochasticDistribution parameterName="{n}">{d}</StochasticDistribution>' for n, d in inside)
    text = f'<Stochastic numberOfTestRuns="{runs}" randomSeed="{given}">{items}</Stochastic>'
    return [values for _, values in read_distribution(_file(folder, text), seed=seed)]


def _column(drawn: list, name: str = "a") -> np.ndarray:
    return np.array([float(values[name]) for values in drawn])


LIMITS = '<Range lowerLimit="{}" upperLimit="{}"/>'
CASES = {
    "normal": ('<NormalDistribution expectedValue="20" variance="9"/>', stats.norm(20, 3)),
    "cut normal": (
        f'<NormalDistribution expectedValue="20" variance="9">{LIMITS.format(22, 26)}</NormalDistribution>',
        stats.truncnorm(2 / 3, 2, 20, 3),
    ),
    "upper tail": (
        f'<NormalDistribution expectedValue="0" variance="1">{LIMITS.format(9, 12)}</NormalDistribution>',
        stats.truncnorm(9, 12),
    ),
    "log-normal": (
        '<LogNormalDistribution expectedValue="5" variance="4"/>',
        stats.lognorm(math.sqrt(math.log(1.16)), scale=5 / math.sqrt(1.16)),
    ),
    "uniform": (f"<UniformDistribution>{LIMITS.format(-2, 6)}</UniformDistribution>", stats.uniform(-2, 8)),
}


@pytest.mark.parametrize("case", CASES)
def test_draws_follow_their_distribution(tmp_path: Path, case: str) -> None:
    text, expected = CASES[case]
    values = _column(_draw(tmp_path, ("a", text)))
    assert stats.kstest(values, expected.cdf).pvalue > 1e-3
    if case == "log-normal":
        assert (values.mean(), values.var()) == pytest.approx((5.0, 4.0), rel=0.1)


def test_poisson_draws_have_its_shares(tmp_path: Path) -> None:
    values = _column(_draw(tmp_path, ("a", '<PoissonDistribution expectedValue="3.5"/>'))).astype(int)
    counts = np.bincount(values, minlength=12)[:12]
    expected = stats.poisson(3.5).pmf(np.arange(12))
    chi2 = ((counts - RUNS * expected) ** 2 / (RUNS * expected)).sum()
    assert chi2 < stats.chi2(11).ppf(0.999)
    cut = f'<PoissonDistribution expectedValue="3.5">{LIMITS.format(2, 4)}</PoissonDistribution>'
    assert set(_column(_draw(tmp_path, ("a", cut)))) == {2.0, 3.0, 4.0}


def test_histograms_and_sets_have_their_weights(tmp_path: Path) -> None:
    bins = f'<Bin weight="1">{LIMITS.format(0, 1)}</Bin><Bin weight="3">{LIMITS.format(10, 12)}</Bin>'
    values = _column(_draw(tmp_path, ("a", f"<Histogram>{bins}</Histogram>")))
    high = values[values >= 10]
    assert len(high) / RUNS == pytest.approx(0.75, abs=0.03)
    assert stats.kstest(high, stats.uniform(10, 2).cdf).pvalue > 1e-3
    assert set(np.floor(values)) == {0.0, 10.0, 11.0}
    elements = '<Element value="x" weight="2"/><Element value="y" weight="0"/><Element value="z" weight="6"/>'
    drawn = _draw(tmp_path, ("b", f"<ProbabilityDistributionSet>{elements}</ProbabilityDistributionSet>"))
    share = [sum(values["b"] == word for values in drawn) / RUNS for word in "xyz"]
    assert share == pytest.approx([0.25, 0.0, 0.75], abs=0.03)
    assert share[1] == 0.0


def test_draws_depend_on_the_seed_and_on_no_other_parameter(tmp_path: Path) -> None:
    a, b = ("a", CASES["normal"][0]), ("b", CASES["uniform"][0])
    alone, both = _draw(tmp_path, a, runs=20), _draw(tmp_path, b, a, runs=20)
    assert [values["a"] for values in alone] == [values["a"] for values in both]
    assert _draw(tmp_path, a, runs=20, seed=7) == alone != _draw(tmp_path, a, runs=20, seed=8)
    assert _draw(tmp_path, a, runs=20, given="9") != alone
    assert [values["a"] for values in _draw(tmp_path, a, runs=10)] == [values["a"] for values in alone[:10]]


def test_a_distribution_that_is_the_users_own_is_a_warning(tmp_path: Path) -> None:
    own = '<UserDefinedDistribution type="mine">...</UserDefinedDistribution>'
    path = _file(tmp_path, f"<Deterministic>{_single('a', own)}{_single('b', _range(1, 2, 1))}</Deterministic>")
    found = read_distribution(path)
    assert [values for _, values in found] == [{"b": "1"}, {"b": "2"}]
    assert len(found.warnings) == 1
    assert '"mine"' in found.warnings[0]


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("", "needs either <Deterministic> or <Stochastic>"),
        (f"<Deterministic>{_single('a', _range(0, 1, 0))}</Deterministic>", "greater than 0"),
        (f"<Deterministic>{_single('a', _range(2, 1, 1))}</Deterministic>", "above upperLimit"),
        (f"<Deterministic>{_single('a', _range(0, 1, 1e-9))}</Deterministic>", f"at most {MAX_RUNS}"),
        (
            f"<Deterministic>{_single('a', _range(1, 999, 1))}{_single('b', _range(1, 999, 1))}</Deterministic>",
            f"at most {MAX_RUNS}",
        ),
        (f"<Deterministic>{_single('a', _range(0, 1, 1)) * 2}</Deterministic>", '"a" has a distribution already'),
        (f"<Deterministic>{_single('a', SET.format(''))}</Deterministic>", "at least one <Element>"),
        (f"<Deterministic>{_single('', _range(0, 1, 1))}</Deterministic>", "parameterName"),
        ('<Stochastic numberOfTestRuns="0"/>', "must be 1 to"),
        (
            '<Stochastic numberOfTestRuns="9"><StochasticDistribution parameterName="a">'
            '<NormalDistribution expectedValue="1" variance="-1"/></StochasticDistribution></Stochastic>',
            "greater than 0",
        ),
        (
            '<Stochastic numberOfTestRuns="9"><StochasticDistribution parameterName="a">'
            "<CauchyDistribution/></StochasticDistribution></Stochastic>",
            "needs one of",
        ),
    ],
)
def test_what_cannot_be_drawn_is_named(tmp_path: Path, inside: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_distribution(_file(tmp_path, inside))


def test_a_missing_scenario_is_named(tmp_path: Path) -> None:
    path = _file(tmp_path, f"<Deterministic>{_single('a', _range(0, 1, 1))}</Deterministic>")
    (tmp_path / "scenario.xosc").rename(tmp_path / "moved.xosc")
    with pytest.raises(InputError, match=r'the scenario "scenario.xosc" is not found'):
        read_distribution(path)
    with pytest.raises(InputError, match="this is not a distribution"):
        read_distribution(tmp_path / "moved.xosc")


def test_a_file_that_is_open_is_read_as_each_time_anew(tmp_path: Path) -> None:
    """Values of parameters, entries of catalogs, errors and warnings of one reading leave nothing for the next."""
    declared = """<ParameterDeclarations><ParameterDeclaration name="a" parameterType="double" value="1">
      <ConstraintGroup><ValueConstraint rule="lessThan" value="9"/></ConstraintGroup></ParameterDeclaration>
      <ParameterDeclaration name="which" parameterType="string" value="small"/></ParameterDeclarations>"""
    cars = "".join(VEHICLE.format(name=name) for name in ("small", "large"))
    old = catalog("cars", cars).replace('revMajor="1"', 'revMajor="0"').replace('revMinor="3"', 'revMinor="9"')
    write(tmp_path, old, "cars/cars.xosc")
    other = '<ScenarioObject name="B"><CatalogReference catalogName="cars" entryName="$which"/></ScenarioObject>'
    places = '<VehicleCatalog><Directory path="cars"/></VehicleCatalog>'
    action = SPEED.format(time=1, speed="$a")
    path = write(tmp_path, scenario(declarations=declared, catalogs=places, entities=other, action=action))
    opened = ScenarioFile(path)
    for values in ({"a": 5.0}, {"a": 10.0}, {"which": "large"}, {"which": "none"}, {}):
        try:
            expected: object = read_openscenario(path, parameters=values)
        except InputError as error:
            with pytest.raises(type(error), match=re.escape(str(error))):
                opened.read(values)
        else:
            again = opened.read(values)
            assert again == expected and again.warnings == expected.warnings  # type: ignore[attr-defined]  # a scenario
            assert len(again.warnings) == 1
