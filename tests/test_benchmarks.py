"""The command of the benchmarks: which there are, what it prints and writes."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # benchmarks are not installed

from benchmarks import __main__ as command

ROW = {
    "work": "camera 84x84",
    "unit": "Mrays/s",
    "threads": 1,
    "ours": 9.1,
    "peer": 4.55,
    "peer_name": "peer",
    "ratio": 2.0,
}


def test_every_benchmark_imports_and_takes_a_thread_count() -> None:
    assert {"frame", "raycast"} <= set(command.names())
    for name in command.names():
        rows = importlib.import_module(f"benchmarks.{name}").rows
        assert rows.__code__.co_varnames[0] == "threads"


def test_rows_are_shown_and_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.frame.rows", lambda threads: [{**ROW, "threads": threads}])
    out = tmp_path / "rows.json"
    monkeypatch.setattr(sys, "argv", ["benchmarks", "frame", "--threads", "2", "--json", str(out)])
    command.main()
    assert json.loads(out.read_text()) == [{**ROW, "threads": 2}]
    shown = capsys.readouterr().out
    assert "camera 84x84" in shown and "9.1" in shown


def test_an_unknown_benchmark_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "rainbow"])
    with pytest.raises(SystemExit, match="2"):
        command.main()
    assert "frame" in capsys.readouterr().err


def test_one_path_to_a_lamp_does_not_decide_over_its_region() -> None:
    """Equal pictures compare as equal, also if one path in hundreds has met the middle of a beam."""
    import numpy as np

    from benchmarks import light

    luminance = np.full((2, 3, 20, 20), 50.0, np.float32)
    luminance[1, 1, 4, 4] = 1e6
    masks = np.zeros((2, 3, len(light.REGIONS), 20, 20), np.bool_)
    masks[:, :, list(light.REGIONS).index(light.LAMP)] = True
    (row,) = light.compared(luminance, masks)
    assert row["region"] == light.LAMP and row["ratio"] == pytest.approx(1.0, abs=0.1)
    masks = np.roll(masks, 1, 2)  # elsewhere all counts
    assert light.compared(luminance, masks)[0]["ratio"] < 0.1
