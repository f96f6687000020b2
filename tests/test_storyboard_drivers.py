"""Controllers whose driving is judged, not compared."""

from __future__ import annotations

import itertools
from math import degrees, hypot, sin
from pathlib import Path

import pytest

from simulator.pipeline.replay import read_runs
from simulator.storyboard.recording import Row

FOLDER = Path(__file__).parent / "storyboards"


def _drive(
    folder: Path, other_lane: int, controller: str = "LoomingController", seed: int = 0
) -> tuple[list[Row], list[Row]]:
    """Rows of who has the controller, in lane -2 to beyond the end of the road, and of another in a given lane."""
    text = (FOLDER / "careful_driver.xosc").read_text()
    for old, new in (
        ('value="ALKS_R157SM_Controller"', f'value="{controller}"'),
        ('SimulationTimeCondition value="12"', 'SimulationTimeCondition value="60"'),
        ('laneId="-2" s="70"', f'laneId="{other_lane}" s="70"'),
        ('laneId="-1" s="20"', 'laneId="-2" s="20"'),
        ('AbsoluteTargetLane value="-1"', f'AbsoluteTargetLane value="{other_lane}"'),
    ):
        assert old in text
        text = text.replace(old, new)
    (folder / "drive.xosc").write_text(text)
    (folder / "two_roads.xodr").write_bytes((FOLDER / "two_roads.xodr").read_bytes())
    (run,) = read_runs(folder / "drive.xosc")
    recording = run.play(seed=seed)
    return list(recording.of("ego")), list(recording.of("other"))


def test_who_steers_by_two_points_keeps_to_the_lane_in_a_bend(tmp_path: Path) -> None:
    # The bend turns left around (300, 150); the middle of its only lane is 3.5 m + 1.75 m outside of its 150 m.
    # It ends after 2 rad.
    ego, _ = _drive(tmp_path, 1)
    aside = [hypot(row.x - 300.0, row.y - 150.0) - 155.25 for row in ego if row.x > 310.0 and row.h < 1.8]
    assert len(aside) > 100
    assert max(map(abs, aside)) < 1.75
    assert sum(aside) < 0.0  # the tangent point is at the inner edge


def test_who_steers_by_two_points_follows_the_vehicle_ahead(tmp_path: Path) -> None:
    ego, other = _drive(tmp_path, -2)
    gaps = [hypot(a.x - b.x, a.y - b.y) - 5.0 for a, b in zip(ego, other)]
    assert min(gaps) > 3.0
    (speed,) = [row.speed for row in ego if abs(row.t - 40.0) < 0.01]
    assert speed == pytest.approx(6.0, abs=0.1)  # the other one's


def test_beyond_the_end_of_the_road_the_wheel_comes_back(tmp_path: Path) -> None:
    ego, _ = _drive(tmp_path, 1)
    assert ego[-1].speed == pytest.approx(22.0, abs=0.1)
    assert max(degrees(abs(sin(row.h - ego[-1].h))) for row in ego[-40:]) < 0.1


def test_an_inattentive_driver_wanders_within_the_lane_and_as_the_seed_says(tmp_path: Path) -> None:
    drives = [_drive(tmp_path, 1, "SloppyDriverController", seed)[0] for seed in (1, 1, 2)]
    assert drives[0] == drives[1] != drives[2]
    for rows in (drives[0], drives[2]):
        straight = [row for row in rows if row.road == "1"]
        aside = [row.y + 5.25 for row in straight]
        assert 0.1 < max(map(abs, aside)) < 1.75
        speeds = [row.speed / 22.0 - 1.0 for row in straight]
        assert 0.01 < max(map(abs, speeds)) <= 0.5 * 0.35 + 1e-9  # half as sloppy as can be
        for a, b in itertools.pairwise(straight):  # no leaps
            assert hypot(b.x - a.x, b.y - a.y) == pytest.approx(0.05 * b.speed, abs=0.02)
