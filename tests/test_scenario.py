"""Scenario files: what they mean, what sampling fixes, and that everything wrong is said at once."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pipeline_fakes import forget, registered
from pydantic import ValidationError

import simulator
from simulator.data import data_dir
from simulator.errors import InputError, InvalidScenario, OddRoadError
from simulator.scenario.block import unknown_key
from simulator.scenario.distributions import Clock, Distribution, Flag, Quantity, Word, read_distribution, uniform
from simulator.scenario.family import Family
from simulator.scenario.models import Scenario
from simulator.scenario.reading import MAX_BYTES, load
from simulator.scenario.schema import scenario_schema
from simulator.scenario.yaml_text import MAX_DEPTH, read_yaml, resolve, write_yaml

SCENARIOS = sorted(data_dir("scenarios").glob("*.yaml"))


class Probe(Family, family="anomalies", kind="test_probe"):
    """A member of this test only."""

    size_m: Annotated[float, Quantity("m", ge=0.0, le=100.0)] = uniform(1.0, 2.0)
    """How big."""
    color: Annotated[str, Word(("red", "green"))] = "red"


forget(Probe)


@pytest.fixture(autouse=True)
def _probe() -> Iterator[None]:
    with registered(Probe):
        yield


def read(tmp_path: Path, text: str, *overrides: str) -> Scenario:
    file = tmp_path / "s.yaml"
    file.write_text(text)
    return load(file, overrides)


def problems(tmp_path: Path, text: str, *overrides: str) -> list[str]:
    with pytest.raises(OddRoadError) as raised:
        read(tmp_path, text, *overrides)
    return str(raised.value).replace(f"{tmp_path}/", "").splitlines()


# ---------------------------------------------------------------------------------------------- reading


def test_everything_wrong_is_listed_with_line_and_key(tmp_path: Path) -> None:
    text = """\
about: x
time: {clock: "10:30"}
ego:
  speed_kmh: 50
  s_m: -4
  manoeuvres:
    - {do: {kind: stopp}}
weather:
  rain: 12
  cloud_oktas: 9
latitude_deg: 3
anomalies:
  - kind: test_prob
  - kind: test_probe
    size_m: "3 m"
    colour: red
    probability: 2
  - {kind: test_probe, size_m: {uniform: [1]}}
traffic: 7
rain_mm_h: 2
about: y
"""
    assert problems(tmp_path, text) == [
        's.yaml:2: time.clock: unknown key. Did you mean "clock_h"?',
        's.yaml:4: ego.speed_kmh: unknown key. Did you mean "speed_mps: 13.89"?',
        "s.yaml:5: ego.s_m: must be between 0 and 1e+06 m, not -4",
        's.yaml:7: ego.manoeuvres.0.do: "stopp" is not one of speed, stop, lane_change, walk. Did you mean "stop"?',
        's.yaml:9: weather.rain: unknown key. Did you mean "rain_mm_h"?',
        "s.yaml:10: weather.cloud_oktas: must be between 0 and 8 oktas, not 9",
        's.yaml:11: latitude_deg: unknown key. Did you mean "place.latitude_deg"?',
        next(line for line in problems(tmp_path, text) if "test_prob" in line),
        "s.yaml:17: anomalies.1.probability: must be between 0 and 1, not 2",
        "s.yaml:18: anomalies.2.size_m: uniform takes two finite numbers",
        "s.yaml:19: traffic: must be a mapping of keys",
        's.yaml:20: rain_mm_h: unknown key. Did you mean "weather.rain_mm_h"?',
        "s.yaml:21: about: is given twice (first in line 1)",
    ]
    inner = problems(tmp_path, text.replace("    probability: 2\n", ""))
    assert 's.yaml:16: anomalies.1.colour: unknown key. Did you mean "color"?' in inner
    assert any(line.startswith("s.yaml:15: anomalies.1.size_m: must be a number in m") for line in inner)
    assert any("such as 3" in line for line in inner)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "s.yaml: is empty"),
        ("# only a comment\n", "s.yaml: is empty"),
        ("- a\n- b\n", "s.yaml:1: must be a mapping of keys such as road: and weather:, not a list"),
        ("just text", 's.yaml:1: must be a mapping of keys such as road: and weather:, not "just text"'),
        ("about: x\n---\nabout: y\n", "s.yaml:2: holds more than one YAML document; write one scenario a file"),
        ("road:\n\tkind: town\n", "s.yaml:2: is not YAML: a tab indents the line; YAML takes spaces only"),
        ("about: !!python/object/apply:os.system ls\n", "tags such as"),
        ("a: &x [*x]\n", "used inside itself"),
        ("a: *nothing\n", "before its anchor"),
        ("{" * 100_000, f"plain text|nested more than {MAX_DEPTH} levels"),
        ("a: " + "[" * 100_000, f"nested more than {MAX_DEPTH} levels"),
        ("{" * 500, "plain text"),
        ("a: " + "[" * 500, f"nested more than {MAX_DEPTH} levels"),
        ("a: {b: 1\n", "is not YAML"),
        ("? [a]\n: 1\n", "a key must be plain text"),
        ("a: \x07", "control characters"),
        ("seed: " + "9" * 5000, "finite"),
        ("seed: " + "9" * 400, "finite"),
        ("duration_s: .nan", "duration_s: must be finite"),
        ("duration_s: -.inf", "duration_s: must be finite"),
        ("duration_s: true", "duration_s: must be a number in s"),
        ("time: {date: 2025-02-30}", "does not exist"),
        ("rig: kiti", 'unknown rig "kiti". Did you mean "kitti"?'),
        ("rig: {../x: {kind: camera}}", "letters, digits"),
        ("ego: {kind: tank}", "unknown kind"),
        ("ego: {kind: car, lane: 1.5}", "ego.lane: must be a whole number"),
        ("anomalies: {pick: {count: 3, of: [{kind: test_probe}]}}", "cannot pick 3 of 1"),
        ("anomalies: {choice: []}", "choice takes a list"),
        ("anomalies: [{choice: [{kind: test_probe}], weigths: [1]}]", "only weights is allowed, not weigths"),
        ("anomalies: [{size_m: 3}]", "needs a kind"),
        ("road: {opendrive: nowhere.xodr}", 'no such file "nowhere.xodr"'),
        ("actors: [{kind: car, manoeuvres: [{when: {}, do: {kind: stop}}]}]", "exactly one of time_s, ego_distance_m"),
    ],
)
def test_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    import re

    lines = problems(tmp_path, text)
    assert len(lines) == 1
    assert lines[0].startswith("s.yaml")
    assert message in lines[0] or re.search(message, lines[0])


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        (
            "road: {opendrive: none.xodr, lanes: 99}\nabout: [1]\n",
            ['road.opendrive: no such file "none.xodr"', "road.lanes: must be between 1 and 6", "about: must be text"],
        ),
        (
            "road: {kind: motorway, arms: 4, length_m: -3}",
            ["road.length_m: must be between", "road.arms: a road of kind motorway has no arms"],
        ),
        ("road: {kind: motrway, lanes: 2}", ['Did you mean "motorway"']),
        ("time: {date: 2025-02-30, clock_h: 99}", ["time.clock_h: must be between", "time.date: date"]),
        (
            "actors: [{kind: car, manoeuvres: [{when: {time_s: -1}, do: {kind: stop}}]}]",
            ["when.time_s: must be between"],
        ),
        ("rig: {a: {kind: camera, width: 1}, b c: {kind: camera}}", ["rig.a.width: must", "rig.b c: a sensor's name"]),
        (
            "anomalies: {pick: {count: 3, of: [{kind: test_prob}]}}",
            ["anomalies.pick.count: cannot pick 3 of 1", "anomalies.pick.of.0: unknown kind"],
        ),
        ("actors: [{kind: car, name: a}, {kind: van, name: a}]", ["actors.1.name: "]),
    ],
)
def test_what_stands_between_keys_is_said_with_the_rest(tmp_path: Path, text: str, messages: list[str]) -> None:
    lines = problems(tmp_path, text)
    assert len(lines) == len(messages)
    for message in messages:
        assert any(message in line for line in lines), (message, lines)


@pytest.mark.parametrize(
    ("text", "number"),
    [("visibility_m: 2 km", "2000"), ("wind_mps: 36 km/h", "10"), ("rain_mm_h: 3 mm/h", "3"), ("wind_mps: 4 m/s", "4")],
)
def test_text_with_a_unit_is_answered_by_the_number_in_ours(tmp_path: Path, text: str, number: str) -> None:
    [line] = problems(tmp_path, f"weather: {{{text}}}")
    assert line.endswith(f"write the number alone, such as {number}")


def test_billion_laughs(tmp_path: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi"):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]")
    assert "has more than 100000 values (aliases expanded)" in problems(tmp_path, "\n".join(lines))[0]


def test_aliases_are_fine_in_measure(tmp_path: Path) -> None:
    made = read(tmp_path, "anomalies:\n  - &p {kind: test_probe, size_m: 3}\n  - *p\n")
    assert [item.size_m for item in made.anomalies] == [3.0, 3.0]  # type: ignore[attr-defined]


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a directory"):
        load(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        load(tmp_path / "none.yaml")
    (tmp_path / "night.yaml").write_text("about: x")
    with pytest.raises(InputError, match=r'Did you mean ".*night\.yaml"'):
        load(tmp_path / "nihgt.yaml")
    with pytest.raises(InputError, match="not a regular file"):
        load("/dev/zero")
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    for name in ("loop", "x" * 300):
        with pytest.raises(InputError, match="cannot be read: "):
            load(tmp_path / f"{name}.yaml")
        [line] = problems(tmp_path, f"road: {{opendrive: {name}.yaml}}")
        assert line.startswith("s.yaml:1: road.opendrive: ")
        assert "cannot be read: " in line
    (tmp_path / "binary.yaml").write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match="is not UTF-8 text"):
        load(tmp_path / "binary.yaml")
    (tmp_path / "null.yaml").write_bytes(b"about: \0")
    with pytest.raises(InputError, match="binary"):
        load(tmp_path / "null.yaml")
    with (tmp_path / "big.yaml").open("wb") as file:
        file.truncate(10**10)  # sparse: 10 GB claimed
    with pytest.raises(InputError, match=f"10,000 MB; a scenario has at most {MAX_BYTES // 10**6} MB"):
        load(tmp_path / "big.yaml")


def test_control_characters_in_keys_stay_in_their_line(tmp_path: Path) -> None:
    [line] = problems(tmp_path, '"evil\\n\\e[31mkey": 1\n')
    assert "\\n" in line
    assert "\x1b" not in line


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=300))
def test_no_text_makes_the_reader_fail_otherwise(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        load(tmp_path / "s.yaml")
    except OddRoadError as error:
        assert str(error)


_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
_data = st.recursive(_scalars, lambda s: st.lists(s, max_size=4) | st.dictionaries(st.text(max_size=8), s, max_size=4))


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.text(max_size=8), _data, max_size=5))
def test_yaml_reads_back_what_it_writes(data: dict[str, Any]) -> None:
    from hypothesis import assume

    text = write_yaml(data)
    assume("\x85" not in text or "\\x85" in text)
    assert read_yaml(text, "x").data == data


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(["about", "time", "ego", "weather", "anomalies", "actors", "rig", "road"]), value=_data)
def test_any_data_is_accepted_or_explained(key: str, value: Any) -> None:
    try:
        made = Scenario.model_validate({key: value})
    except ValidationError as error:
        assert error.error_count() >= 1
    else:
        assert Scenario.model_validate(made.to_data()) == made


def test_scalars_follow_yaml_1_2() -> None:
    assert resolve("12:30") == "12:30"
    assert resolve("2025-06-21") == "2025-06-21"
    assert resolve("no") == "no"
    assert resolve("1e3") == 1000.0
    assert resolve("0x10") == 16
    assert resolve("0o17") == 15
    assert resolve("~") is None
    assert math.isnan(resolve(".NaN"))
    assert resolve("-.Inf") == -math.inf


def test_wrong_units_are_recognised() -> None:
    names = ["speed_mps", "rain_mm_h", "depth_m", "yaw_deg"]
    assert "speed_mps: 13.89" in unknown_key("speed_kmh", names, 50)
    assert "depth_m: 0.05" in unknown_key("depth_cm", names, 5)
    assert "yaw_deg: 90" in unknown_key("yaw_rad", names, math.pi / 2)
    assert '"rain_mm_h"' in unknown_key("rain", names, 5)
    assert "Known here" in unknown_key("zzz", names, 5)


# -------------------------------------------------------------------------------------------- overrides


def test_set_overrides_anything(tmp_path: Path) -> None:
    text = "weather: {rain_mm_h: 3}\nanomalies: [{kind: test_probe, size_m: 3}]\n"
    made = read(
        tmp_path,
        text,
        "weather.rain_mm_h=12",
        "anomalies.0.size_m={uniform: [4, 5]}",
        "ego.speed_mps=7",
        'time.clock_h="06:30"',
    )
    assert made.weather.rain_mm_h == 12.0
    assert made.anomalies[0].size_m == Distribution("uniform", (4, 5))  # type: ignore[attr-defined]
    assert made.ego.speed_mps == 7.0
    assert made.time.clock_h == 6.5


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("weather.rain=12", '--set weather.rain=12: weather.rain: unknown key. Did you mean "rain_mm_h"?'),
        ("weather.rain_mm_h=heavy", "--set weather.rain_mm_h=heavy: weather.rain_mm_h: must be a number in mm/h"),
        ("weather.rain_mm_h", "must be KEY=VALUE"),
        ("=3", "must be KEY=VALUE"),
        ("a..b=3", "must be KEY=VALUE"),
        ("anomalies.3.size_m=1", "anomalies is a list of 1 entries"),
        ("about.x=1", "about has no keys below it"),
        ("ego.s_m=[1", "is not YAML"),
        ("road.opendrive=nowhere.xodr", 'no such file "nowhere.xodr"'),
    ],
)
def test_set_is_validated_like_the_file(tmp_path: Path, override: str, message: str) -> None:
    [line] = problems(tmp_path, "about: x\nanomalies: [{kind: test_probe}]\n", override)
    assert message in line


def test_a_map_is_found_beside_the_file_then_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        (folder / "both.xodr").write_text(folder.name)
    (here / "only.xodr").write_text("")
    (there / "s.yaml").write_text("road: {opendrive: both.xodr}")
    monkeypatch.chdir(here)
    assert load(there / "s.yaml").road.opendrive == str(there / "both.xodr")
    assert load(there / "s.yaml", ["road.opendrive=only.xodr"]).road.opendrive == str(here / "only.xodr")
    assert load(there / "s.yaml", ["road.opendrive=both.xodr"]).road.opendrive == str(here / "both.xodr")
    drawn = load(there / "s.yaml", ["road.opendrive={choice: [both.xodr, only.xodr]}"]).sample(1)
    assert Path(drawn.road.opendrive or "").is_absolute()


# --------------------------------------------------------------------------------------------- sampling


def test_sample_fixes_everything_and_is_deterministic(tmp_path: Path) -> None:
    made = load(data_dir("scenarios") / "any_map.yaml")
    assert not made.is_concrete
    fixed = made.sample(7)
    assert fixed.is_concrete
    assert fixed == made.sample(7)
    assert fixed != made.sample(8)
    assert fixed.seed == 7
    assert fixed.sample(99) == fixed


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_shipped_scenarios(file: Path, tmp_path: Path) -> None:
    made = load(file)
    assert len(made.about) > 20
    (tmp_path / "a.yaml").write_text(made.to_yaml())
    assert load(tmp_path / "a.yaml") == made
    for seed in range(5):
        fixed = made.sample(seed)
        assert fixed.is_concrete
        text = fixed.to_yaml()
        (tmp_path / "b.yaml").write_text(text)
        assert load(tmp_path / "b.yaml") == fixed
        assert load(tmp_path / "b.yaml").to_yaml() == text


def test_any_map_varies() -> None:
    drawn = [load("any_map").sample(seed) for seed in range(60)]
    assert len({item.road.kind for item in drawn}) >= 6
    assert len({anomaly.kind for item in drawn for anomaly in item.anomalies}) >= 12
    assert {len(item.anomalies) for item in drawn} == {0, 1, 2}
    assert min(item.time.clock_h for item in drawn) < 6
    assert 5 < sum(item.weather.rain_mm_h > 0 for item in drawn) < 30


def test_other_keys_do_not_change_a_draw() -> None:
    base: dict[str, Any] = {"weather": {"rain_mm_h": {"uniform": [0, 50]}}, "anomalies": [{"kind": "test_probe"}]}
    one = Scenario.model_validate(base).sample(3)
    more = {
        **base,
        "time": {"clock_h": {"uniform": [1, 20]}},
        "anomalies": [{"kind": "pothole"}, {"kind": "test_probe"}, {"kind": "test_probe"}],
    }
    two = Scenario.model_validate(more).sample(3)
    assert one.weather == two.weather
    assert one.anomalies[0] == two.anomalies[1]
    assert two.anomalies[1] != two.anomalies[2]


def test_lists_left_to_chance() -> None:
    def count(anomalies: Any, seeds: int = 300) -> list[int]:
        made = Scenario.model_validate({"anomalies": anomalies})
        return [len(made.sample(seed).anomalies) for seed in range(seeds)]

    probe = {"kind": "test_probe"}
    assert 0.2 < np.mean(count([{**probe, "probability": 0.3}])) < 0.4
    assert set(count({"pick": {"count": {"integer": [0, 2]}, "of": [probe, probe, probe]}})) == {0, 1, 2}
    assert 0.6 < np.mean(count([{"choice": [probe, None], "weights": [3, 1]}])) < 0.9
    assert set(count({"choice": [[probe, probe], []]})) == {0, 2}
    made = Scenario.model_validate(
        {"anomalies": {"pick": {"count": 2, "of": [{**probe, "size_m": i} for i in range(4)]}}}
    )
    pairs = {tuple(item.size_m for item in made.sample(seed).anomalies) for seed in range(200)}  # type: ignore[attr-defined]
    assert pairs == {(a, b) for a in range(4) for b in range(a + 1, 4)}
    kinds = Scenario.model_validate({"anomalies": [{"kind": {"choice": ["test_probe", "pothole"]}}]})
    assert {kinds.sample(seed).anomalies[0].kind for seed in range(20)} == {"test_probe", "pothole"}


@pytest.mark.parametrize("kind", ["uniform", "normal", "log_uniform", "integer"])
def test_draws_follow_their_distribution(kind: str) -> None:
    drawn = np.array([Distribution(kind, (2, 8)).sample(np.random.default_rng(i)) for i in range(4000)], float)
    low, high = Distribution(kind, (2, 8)).support()
    assert drawn.min() >= low
    assert drawn.max() <= high
    middle = {"uniform": 5.0, "normal": 2.0, "log_uniform": 6 / math.log(4), "integer": 5.0}[kind]
    assert drawn.mean() == pytest.approx(middle, abs=0.3)


def test_mixtures() -> None:
    rain = Quantity("mm/h", ge=0, le=50).check({"choice": [0, {"log_uniform": [1, 30]}], "weights": [3, 1]})
    drawn = np.array([rain.sample(np.random.default_rng(i)) for i in range(1000)])
    assert 0.7 < np.mean(drawn == 0) < 0.8
    assert drawn.max() > 15
    assert rain.support() == (0, 30)
    assert read_distribution(rain.to_yaml()) == rain


@pytest.mark.parametrize(
    "given_",
    [
        {"unifrom": [1, 2]},
        {"uniform": [2, 1]},
        {"uniform": [1, math.inf]},
        {"uniform": 3},
        {"normal": [1, -1]},
        {"log_uniform": [0, 1]},
        {"integer": [0.5, 1]},
        {"choice": [1, 2], "weights": [1]},
        {"choice": [1, 2], "weights": [0, 0]},
        {"uniform": [1, 2], "weights": [1, 1]},
        {"uniform": [1, 2], "normal": [1, 2]},
        {"choice": [1, "x"]},
        {"uniform": [-1, 2]},
        {"normal": [1, 1]},
        {},
    ],
)
def test_wrong_distributions(given_: dict[str, Any]) -> None:
    from pydantic_core import PydanticCustomError

    with pytest.raises(PydanticCustomError):
        Quantity("m", ge=0.0, le=100.0).check(given_)


def test_leaves() -> None:
    assert Clock().check("17:30") == 17.5
    assert Clock().check({"uniform": ["17:00", "18:00"]}) == Distribution("uniform", (17.0, 18.0))
    assert Word().check(12) == "12"
    assert Flag().check(True) is True
    for codec, bad in ((Clock(), "25:00"), (Clock(), "noon"), (Word(("a",)), "b"), (Flag(), 1), (Word(), 1.5)):
        with pytest.raises(Exception, match=r"must be|is not"):
            codec.check(bad)


def test_python_errors_are_helpful_too() -> None:
    with pytest.raises(ValidationError, match='Did you mean "speed_mps: 10"'):
        Scenario.model_validate({"ego": {"speed_kmh": 36}})


def test_drawn_contradictions_are_invalid_scenarios(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Scenario.model_validate({"time": {"date": {"choice": ["2025-01-01"]}}})
    object.__setattr__(made.time, "date", Distribution("choice", ("2025-13-01",)))
    with pytest.raises(InvalidScenario, match="drawn with seed 1"):
        made.sample(1)


# ---------------------------------------------------------------------------------------- schema, families


def test_schema_is_whole_and_every_reference_resolves() -> None:
    schema = scenario_schema()
    text = json.dumps(schema)
    assert len(text) < 400_000
    names = {part.split('"')[0] for part in text.split("#/$defs/")[1:]}
    assert names <= set(schema["$defs"])
    assert set(schema["properties"]) == set(Scenario.model_fields)
    assert "test_probe" in text
    assert "rain_mm_h" in text


def test_the_five_lines_of_the_readme() -> None:
    scenario = simulator.load("scenarios/night_rain_lost_cargo.yaml").sample(seed=7)
    assert scenario.is_concrete
    assert callable(simulator.render)
    with pytest.raises(AttributeError):
        _ = simulator.nothing


NEW_MEMBERS = {
    "anomalies": """
from typing import ClassVar
from simulator.anomalies.base import Anomaly
class Ufo(Anomaly, kind="ufo"):
    taxonomy: ClassVar[str] = "OBJ-62"
    def place(self, site, rng): ...
""",
    "weather": """
from simulator.scenario.distributions import Metres
from simulator.weather.base import Weather
class Dust(Weather, kind="dust"):
    dust_reach_m: Metres = 50.0
    def apply(self, atmosphere): return atmosphere
""",
    "sensors": """
from simulator.sensors.base import Sensor
class Nose(Sensor, kind="nose"):
    def sense(self, stage, time_ns, seed, quality): ...
""",
    "export": """
from simulator.export.base import Format
class Nothing(Format, kind="nothing"):
    def open(self, folder, scene): ...
    def merge(self, shards, out): ...
""",
}


def test_one_new_thing_is_one_new_file(tmp_path: Path) -> None:
    lines = ["import importlib"]
    for family, source in NEW_MEMBERS.items():
        (tmp_path / family).mkdir()
        (tmp_path / family / "newcomer.py").write_text(source)
        lines.append(f"importlib.import_module('simulator.{family}').__path__.append({str(tmp_path / family)!r})")
    (tmp_path / "s.yaml").write_text(
        "weather: {dust_reach_m: 30}\nanomalies: [{kind: ufo, ahead_m: 5}]\nrig: {nose: {kind: nose, rate_hz: 5}}\n"
    )
    lines += [
        "import simulator",
        "from simulator.scenario.family import member",
        f"s = simulator.load({str(tmp_path / 's.yaml')!r}).sample(1)",
        "print(s.weather.dust_reach_m, s.anomalies[0].ahead_m, s.rig['nose'].rate_hz)",
        "print(member('export', 'nothing').kind)",
    ]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False, env={**os.environ}
    )
    assert done.stderr == ""
    assert done.stdout.split() == ["30.0", "5.0", "5.0", "nothing"]


def test_roads_take_the_parameters_of_their_kind(tmp_path: Path) -> None:
    import inspect

    from simulator.roads import procedural
    from simulator.scenario.models import ROAD_PARAMETERS, RoadSpec

    ours = {"seed", "street", "angles_deg"}  # not in scenario files
    for kind, names in ROAD_PARAMETERS.items():
        assert set(names) == set(inspect.signature(getattr(procedural, kind)).parameters) - ours
    assert set(RoadSpec.model_fields) - {"opendrive", "kind"} == {
        n for names in ROAD_PARAMETERS.values() for n in names
    }
    [line] = problems(tmp_path, "road:\n  kind: hill\n  lanes: 2\n")
    assert line == "s.yaml:3: road.lanes: a road of kind hill has no lanes; it has length_m, height_m, speed_kmh"
    made = Scenario.model_validate({"road": {"kind": {"choice": ["hill", "straight"]}, "lanes": {"integer": [2, 3]}}})
    drawn = [made.sample(seed).road for seed in range(20)]
    assert {(road.kind, road.lanes is None) for road in drawn} == {("hill", True), ("straight", False)}


def test_values_beyond_the_range_of_a_kind_are_refused_or_when_drawn_the_nearest(tmp_path: Path) -> None:
    [line] = problems(tmp_path, "road:\n  kind: roundabout\n  lanes: 3\n")
    assert line == "s.yaml:3: road.lanes: 3 does not fit a road of kind roundabout: 1 to 2 are accepted"
    kinds = {"choice": ["roundabout", "merge", "straight"]}
    made = Scenario.model_validate({"road": {"kind": kinds, "lanes": {"choice": [1, 4]}}})
    drawn = {(road.kind, road.lanes) for road in (made.sample(seed).road for seed in range(40))}
    assert drawn == {("roundabout", 1), ("roundabout", 2), ("merge", 2), ("merge", 4), ("straight", 1), ("straight", 4)}
