"""Scenarios of our own as esmini plays them.

The tables beside the scenarios were made with esmini 3.6.0: `SE_StepDT(0.05)`, states of all objects every tenth step,
and what its callback for storyboard elements reports after the initialisation (time, kind, state, path).
"""

from __future__ import annotations

import csv
import json
from math import degrees, hypot, pi
from pathlib import Path

import pytest

from simulator.pipeline.replay import read_runs
from simulator.storyboard.recording import Recording

FOLDER = Path(__file__).parent / "storyboards"


@pytest.fixture(params=sorted(path.stem for path in FOLDER.glob("*.xosc")))
def played(request: pytest.FixtureRequest) -> tuple[str, Recording]:
    (run,) = read_runs(FOLDER / f"{request.param}.xosc")
    return request.param, run.play()


def test_everything_is_where_esmini_has_it_when_esmini_has_it_there(played: tuple[str, Recording]) -> None:
    name, recording = played
    ours = {(row.name, round(row.t * 1000)): row for row in recording.table}
    with (FOLDER / f"{name}.csv").open() as file:
        expected = list(csv.DictReader(file))
    assert {row["name"] for row in expected} == {row.name for row in recording.table}
    for row in expected:
        own = ours[row["name"], round(float(row["t"]) * 1000)]
        assert hypot(own.x - float(row["x"]), own.y - float(row["y"]), own.z - float(row["z"])) < 0.01
        assert degrees(abs((own.h - float(row["h"]) + pi) % (2.0 * pi) - pi)) < 0.1
        assert own.speed == pytest.approx(float(row["speed"]), abs=0.01)


def test_the_storyboard_goes_on_as_esminis_does(played: tuple[str, Recording]) -> None:
    name, recording = played
    expected = json.loads((FOLDER / f"{name}.json").read_text())
    ours = [[event[0], *event[2:]] for event in recording.timeline() if event[1] == "state"]
    assert [event[1:] for event in ours] == [event[1:] for event in expected]
    assert [event[0] for event in ours] == pytest.approx([event[0] for event in expected], abs=0.051)
