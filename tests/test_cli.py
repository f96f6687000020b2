"""The command: exit codes, one clear line for each failure, and a light start."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.cli.progress import Progress
from simulator.data import data_dir
from simulator.errors import OutputError
from simulator.pipeline import Event

Run = Callable[..., tuple[int, str, str]]


def test_help_is_light_and_quick() -> None:
    code = (
        "import sys, time; start = time.perf_counter(); import simulator; light = time.perf_counter() - start\n"
        "sys.argv = ['oddroad', '--help']\n"
        "from simulator.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numba', 'numpy', 'cv2', 'lxml', 'scipy', 'shapely', 'pydantic', 'yaml'} & set(sys.modules)\n"
        "print(sorted(heavy), light < 0.3, time.perf_counter() - start < 1.0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[] True True"
    for command in ("generate", "validate", "schema", "list", "preview", "demo", "replay"):
        assert command in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["generat"],
        ["generate", "x.yaml"],
        ["generate", "--out", "x"],
        ["generate", "x.yaml", "--out", "x", "--scenes", "0"],
        ["generate", "x.yaml", "--out", "x", "--workers", "many"],
        ["generate", "x.yaml", "--out", "x", "--nonsense"],
        ["generate", "none.yaml", "--out", "x"],
        ["generate", "any_map", "--out", "x", "--format", "kiti"],
        ["generate", "any_map", "--out", "x", "--quality", "best"],
        ["generate", "any_map", "--out", "x", "--set", "weather.rain=3"],
        ["generate", "any_map", "--out", "x", "--set", "road.opendrive=none.xodr"],
        ["generate", "any_map", "--out", "/proc/none/x"],
        ["list", "anomalie"],
        ["preview", "none.yaml"],
        ["preview", "any_map", "--out", "."],
        ["preview", "any_map", "--out", "look.jpg"],
        ["preview", "any_map", "--out", "/dev/full"],
        ["preview", "any_map", "--out", "/dev/null/look.png"],
        ["replay", "none.xosc"],
        ["replay", "none.xosc", "--param", "x"],
        ["replay", "none.xosc", "--dt", "0"],
        ["replay", "none.xosc", "--until", "nan"],
    ],
)
def test_wrong_use_is_one_line_and_code_2(run: Run, tmp_path: Path, monkeypatch: Any, arguments: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("oddroad: ")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_all_problems_of_all_files_are_listed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("abuot: x\nweather: {rain: 3}\n")
    (tmp_path / "b.yaml").write_text("road: {lanes: 99}\n")
    code, _, err = run("generate", str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml"), "--out", str(tmp_path / "out"))
    assert code == 2
    assert [line.rsplit("/", 1)[1].split(": ")[0] for line in err.splitlines()] == ["a.yaml:1", "a.yaml:2", "b.yaml:1"]


def test_validate(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("about: fine\n")
    (tmp_path / "bad.yaml").write_text("abuot: x\nweather: {rain: 3}\n")
    (tmp_path / "cut.xodr").write_text("<OpenDRIVE><road")
    code, out, err = run("validate", str(tmp_path / "good.yaml"))
    assert (code, err) == (0, "")
    assert out.endswith("good.yaml: ok\n")
    files = [str(tmp_path / name) for name in ("good.yaml", "bad.yaml", "cut.xodr", "none.yaml")]
    code, out, err = run("validate", *files)
    assert code == 1
    assert err == ""
    assert f"{files[1]}:1: abuot: unknown key. Did you mean" in out
    assert f'{files[1]}:2: weather.rain: unknown key. Did you mean "rain_mm_h"?' in out
    assert files[2] in out
    assert f"{files[3]}: no such file" in out


def test_validate_finds_a_start_that_the_road_does_not_have(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "start.yaml"
    for text, message in (
        ("  road: nowhere", '2: ego.road: the map has no road "nowhere"'),
        ("  lane: 77", "2: ego.lane: no driving lane 77"),
        ("  s_m: 100000", "2: ego.s_m: 100000 m lies beyond"),
    ):
        file.write_text(f"ego:\n{text}\nroad: {{kind: straight}}\n")
        code, out, err = run("validate", str(file))
        assert (code, err, out.count("\n")) == (1, "", 1)
        assert out.startswith(f"{file}:{message}")


def test_schema_and_lists(run: Run) -> None:
    code, out, _ = run("schema")
    assert code == 0
    assert json.loads(out)["title"] == "OddRoad scenario"
    expected = {
        "anomalies": "pothole",
        "actors": "car",
        "weather": "rain_mm_h",
        "sensors": "lidar",
        "formats": "kitti",
        "scenarios": "any_map",
        "roads": "roundabout",
        "surroundings": "village",
        "signs": "stop",
    }
    for what, name in expected.items():
        code, out, _ = run("list", what)
        assert code == 0
        assert name in {line.split()[0] for line in out.splitlines()}


def _calling(monkeypatch: pytest.MonkeyPatch, action: Callable[..., Any]) -> dict[str, Any]:
    """Replace `generate` by `action`; what it was called with."""
    import simulator.pipeline

    seen: dict[str, Any] = {}

    def fake(scenarios: Any, out: Path, **options: Any) -> Path:
        seen.update(options, scenarios=scenarios, out=out)
        action()
        return out / "manifest.json"

    monkeypatch.setattr(simulator.pipeline, "generate", fake)
    return seen


def test_options_arrive_and_the_command_is_normalised(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = _calling(monkeypatch, lambda: None)
    (tmp_path / "a map.xodr").write_text("")
    file = str(data_dir("scenarios") / "any_map.yaml")
    code, out, _ = run(
        *("generate", file, "--out", "o", "--scenes", "3", "--seed", "5", "--format", "coco", "--workers", "2"),
        *("--quality", "preview", "--resume", "--set", "weather.rain_mm_h=1"),
        *("--set", f"road.opendrive={tmp_path / 'a map.xodr'}"),
    )
    assert (code, out) == (0, "o/manifest.json\n")
    assert seen["command"] == (
        "oddroad generate any_map.yaml --scenes 3 --seed 5 --format coco --quality preview "
        "--set weather.rain_mm_h=1 --set 'road.opendrive=a map.xodr'"
    )
    assert (seen["scenes"], seen["seed"], seen["formats"], seen["workers"], seen["resume"]) == (3, 5, ["coco"], 2, True)
    assert seen["scenarios"][0][1].weather.rain_mm_h == 1.0


def test_formats_are_given_several_times_or_with_commas(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = _calling(monkeypatch, lambda: None)
    for given, expected in (
        ((), ["kitti", "coco"]),
        (("--format", "coco,page"), ["coco", "page"]),
        (("--format", "coco, page", "--format", "kitti"), ["coco", "page", "kitti"]),
    ):
        assert run("generate", "any_map", "--out", "o", *given)[0] == 0
        assert seen["formats"] == expected


def _raising(error: BaseException) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (OutputError("disk full"), 2, "oddroad: disk full\n"),
        (KeyboardInterrupt(), 130, "oddroad: interrupted\n"),
        (MemoryError(), 2, "oddroad: there is not enough memory; try fewer --workers\n"),
        (ZeroDivisionError("a\nb"), 2, "unexpected ZeroDivisionError: a b. Please report it at http"),
    ],
)
def test_failures(run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, message: str) -> None:
    _calling(monkeypatch, _raising(error))
    got, out, err = run("generate", "any_map", "--out", "o")
    assert got == code
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_debug_shows_the_traceback_wherever_it_stands(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _calling(monkeypatch, _raising(ZeroDivisionError("x")))
    for arguments in (
        ("--debug", "generate", "any_map", "--out", "o"),
        ("generate", "any_map", "--out", "o", "--debug"),
    ):
        code, _, err = run(*arguments)
        assert code == 2
        assert "Traceback" in err


@pytest.mark.parametrize(("signum", "code", "workers"), [(signal.SIGINT, 130, 2), (signal.SIGTERM, 143, 1)])
def test_signals_end_cleanly(tmp_path: Path, signum: int, code: int, workers: int) -> None:
    out = tmp_path / "out"
    script = (
        "import signal, sys, pipeline_fakes as t, simulator.pipeline as p\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a background job may have inherited its neglect
        "real = p.generate\n"
        "def slow(*a, **k): return real(*a, **{**k, 'render': t.fake_render, 'formats': ['test_lines']})\n"
        "p.generate = slow\n"
        f"sys.argv = ['oddroad', 'generate', 'any_map', '--scenes', '99', '--workers', '{workers}',\n"
        f"  '--out', {str(out)!r}, '--set', 'rig={{c: {{kind: test_clock}}}}']\n"
        "from simulator.cli import main\n"
        "main()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "ODDROAD_TEST_SLEEP": "0.05"}
    process = subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not list((out / ".oddroad" / "scenes").glob("*")) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signum)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in err
    assert [path.name for path in out.iterdir()] == [".oddroad"]
    assert not (out / ".oddroad" / "tmp").exists()


def test_output_into_a_closed_pipe_is_silent() -> None:
    command = f"{sys.executable} -m simulator.cli schema --scripted | head -c 10"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("command", "code", "error"),
    [
        ("coverage opendrive > /dev/full", 2, "oddroad: the output cannot be written: No space left on device\n"),
        ("generate none.yaml --out none 2>&-", 2, ""),
        ("generate none.yaml --out none 2>/dev/full", 2, ""),
        ("coverage opendrive >&-", 0, ""),
    ],
)
def test_streams_that_take_nothing(command: str, code: int, error: str) -> None:
    line = f"{sys.executable} -c 'from simulator.cli import main; main()' {command}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", error)


def test_progress_into_a_full_stream_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stderr", full)
        with Progress() as progress:
            progress(Event("scene", "000001", 1, 2))
        with pytest.raises(OSError, match="No space"):
            full.flush()
        monkeypatch.undo()
        with contextlib.suppress(OSError):
            full.close()


def test_progress_without_a_terminal_is_a_line_a_frame_first_and_then_a_scene(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Progress() as progress:
        for event in (
            Event("resumed", "", 1, 3),
            Event("frame", "000001", 1, 2),
            Event("scene", "000001", 2, 3),
            Event("frame", "000002", 1, 2),
            Event("merging", "", 3, 3),
        ):
            progress(event)
    lines = [line.split("] ")[1] for line in capsys.readouterr().err.splitlines()]
    assert [line for line in lines if "compiling" not in line] == [
        "1 of 3 scenes are there already",
        "scene 000001: frame 1 of 2",
        "scene 2 of 3 (000001)",
        "writing the dataset",
    ]
