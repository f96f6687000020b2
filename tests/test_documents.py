"""What README and CONTRIBUTING show works as written."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from simulator.cli import app
from simulator.data import load_asset
from simulator.scenario.family import members
from simulator.scenario.reading import load

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
WORDS = {7: "seven", 15: "fifteen"}


def _example(text: str, language: str) -> str:
    [example] = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return str(example)


def test_the_scenario_of_the_readme_is_one(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(_example(README, "yaml"))
    assert 18 <= load(str(tmp_path / "s.yaml")).sample(7).anomalies[0].ahead_m <= 28  # type: ignore[union-attr, index]


@pytest.mark.parametrize("line", re.findall(r"^oddroad .*", README, re.MULTILINE))
def test_the_commands_of_the_readme_exist_with_their_options(line: str) -> None:
    name, *arguments = shlex.split(line.partition(" > ")[0], comments=True)[1:]
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    with command.make_context(name, arguments) as context:
        files = context.params.get("scenarios") or [context.params.get("scenario") or "scenarios/*.yaml"]
    assert all(list(ROOT.glob(file)) for file in files)


def test_the_numbers_of_the_readme_are_true() -> None:
    kinds = members("anomalies")
    families = {cls.taxonomy.split("-")[0] for cls in kinds.values()}  # type: ignore[attr-defined]
    assert f"{len(kinds)} kinds over {WORDS[len(families)]} families" in README
    assert f"{WORDS[len(load_asset('lidars')['lidars'])]} spinning lidars" in README


def test_the_anomaly_of_contributing_needs_one_file(tmp_path: Path) -> None:
    (tmp_path / "ball.py").write_text(_example(CONTRIBUTING, "python"))
    code = (
        f"import sys; sys.path[:0] = {[str(ROOT / 'tests'), str(ROOT)]!r}\n"
        f"import simulator.anomalies; simulator.anomalies.__path__.append({str(tmp_path)!r})\n"
        "from simulator.cli.catalogue import catalogue\n"
        "from test_anomalies import place\n"
        "where, ball = place('ball', 1)\n"
        "[thing], [motion] = where.builder.objects[1:], where.motions\n"
        "print('ball' in dict(catalogue('anomalies')), thing.anomaly, motion.points[0, 1], motion.points[-1, 1])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True OBJ-37 -3.0 6.0\n", "")
