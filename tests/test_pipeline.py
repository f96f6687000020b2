"""Datasets: equal bytes whatever the workers, crashes and resumptions; clear failures that leave nothing behind.

The renderer and the format are small stand-ins, so that only the pipeline is judged.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pipeline_fakes import ClockSensor, Lines, LineWriter, forget, make, registered, scenario

from simulator.errors import InputError, OddRoadError, OutputError
from simulator.pipeline import flow
from simulator.pipeline.dataset import scene_info
from simulator.pipeline.store import Store

forget(ClockSensor, Lines)


@pytest.fixture(autouse=True)
def _stand_ins() -> Iterator[None]:
    with registered(ClockSensor, Lines):
        yield


def tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_layout_and_manifest(tmp_path: Path) -> None:
    manifest = json.loads(make(tmp_path / "out").read_text())
    found = tree(tmp_path / "out")
    found.pop("manifest.json")
    assert manifest["files"] == found
    assert sorted(manifest["scenes"]) == ["000000", "000001", "000002", "000003"]
    assert len([name for name in found if name.startswith("test_lines/")]) == 4 * 3 + 1
    assert not (tmp_path / "out" / ".oddroad").exists()
    assert manifest["versions"]["python"].startswith(f"{sys.version_info.major}.")


def test_workers_do_not_matter(tmp_path: Path) -> None:
    make(tmp_path / "one")
    make(tmp_path / "two", workers=2)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_seed_matters_and_scenes_differ(tmp_path: Path) -> None:
    make(tmp_path / "a", 2)
    make(tmp_path / "b", 2, seed=6)
    a, b = tree(tmp_path / "a"), tree(tmp_path / "b")
    assert a["test_lines/000-000.bin"] not in (a["test_lines/001-000.bin"], b["test_lines/000-000.bin"])


def test_first_scenes_do_not_depend_on_how_many_follow(tmp_path: Path) -> None:
    make(tmp_path / "few", 2)
    make(tmp_path / "many", 4)
    few, many = tree(tmp_path / "few"), tree(tmp_path / "many")
    assert all(many[name] == digest for name, digest in few.items() if name.endswith((".bin", ".yaml")))


def test_a_written_scene_gives_the_same_bytes_again(tmp_path: Path) -> None:
    from simulator import load

    road = tmp_path / "maps of mine" / "a town.xodr"
    road.parent.mkdir()
    road.write_text("<OpenDRIVE/>")
    make(tmp_path / "all", scenarios=[("any.yaml", scenario(road={"opendrive": str(road)}))])
    written = tmp_path / "all" / "scenes" / "000002.yaml"
    assert str(tmp_path) not in written.read_text()
    road.unlink()  # the dataset has its own copy
    make(tmp_path / "again", 1, scenarios=[(str(written), load(written))], seed=99)
    old, new = tree(tmp_path / "all"), tree(tmp_path / "again")
    assert new["scenes/000002.yaml"] == old["scenes/000002.yaml"]
    assert [new[f"test_lines/000-{i:03d}.bin"] for i in range(3)] == [
        old[f"test_lines/002-{i:03d}.bin"] for i in range(3)
    ]
    assert [name for name in new if name.startswith("maps/")] == [name for name in old if name.startswith("maps/")]


def test_scenes_take_scenarios_in_turn(tmp_path: Path) -> None:
    pair = [("a.yaml", scenario(about="a")), ("b.yaml", scenario(about="b"))]
    manifest = json.loads(make(tmp_path / "out", 3, scenarios=pair).read_text())
    assert [row["scenario"] for row in manifest["scenes"].values()] == ["a.yaml", "b.yaml", "a.yaml"]


def test_a_fixed_seed_is_one_scene(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="fixes its seed"):
        make(tmp_path / "out", 2, scenarios=[("one.yaml", scenario(seed=3))])
    assert not (tmp_path / "out").exists()


def test_facts_do_not_depend_on_where_the_map_lies() -> None:
    road = {"kind": "town", "opendrive": "/a/b/Town01.xodr"}
    facts = scene_info("x", scenario(road=road).sample(1)).attributes
    copied = {**road, "opendrive": "/c/maps/Town01-0123456789ab.xodr"}
    assert facts == scene_info("x", scenario(road=copied).sample(1)).attributes
    assert facts["road"] == "Town01"


def _crashing(step: int, action: Callable[[], object]) -> int:
    """Run `action` in a child that dies at its `step`-th rename or frame, as by kill -9; its exit code."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left = step

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **keywords: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **keywords)

        return call

    Path.replace = counted(Path.replace)  # type: ignore[method-assign]
    LineWriter.write = counted(LineWriter.write)  # type: ignore[method-assign]
    try:
        action()
    finally:
        os._exit(0)


def test_killed_at_every_step_then_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    make(tmp_path / "whole", 2)
    expected = tree(tmp_path / "whole")
    deaths, step = 0, 0
    while True:
        out = tmp_path / f"cut{step}"
        if _crashing(step, lambda: make(out, 2)) == 0:  # noqa: B023
            break
        deaths += 1
        visible = {path.name for path in out.iterdir()} - {".oddroad"}
        assert visible <= {"test_lines", "scenes", "manifest.json"}
        for name in visible - {"manifest.json"}:  # whatever is visible is whole
            part = {file: digest for file, digest in expected.items() if file.startswith(f"{name}/")}
            assert {f"{name}/{file}": digest for file, digest in tree(out / name).items()} == part
        make(out, 2, resume=True)
        assert tree(out) == expected
        step += 1
    assert deaths > 12


def test_killed_twice_then_resumed(tmp_path: Path) -> None:
    make(tmp_path / "whole", 3)
    out = tmp_path / "cut"
    assert _crashing(6, lambda: make(out, 3)) == -signal.SIGKILL
    assert _crashing(4, lambda: make(out, 3, resume=True)) == -signal.SIGKILL
    make(out, 3, resume=True)
    assert tree(out) == tree(tmp_path / "whole")


def test_kill_9_with_workers_leaves_no_process_and_resumes(tmp_path: Path) -> None:
    make(tmp_path / "whole", 4)
    out = tmp_path / "cut"
    code = f"import pipeline_fakes as t; from pathlib import Path; t.make(Path({str(out)!r}), 4, workers=2)"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "ODDROAD_TEST_SLEEP": "0.25"}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, start_new_session=True)
    until = time.monotonic() + 60
    while not list((out / ".oddroad" / "scenes").glob("*")) and time.monotonic() < until:
        time.sleep(0.02)
    process.kill()
    process.wait()
    until = time.monotonic() + 10
    while _alive_in_session(process.pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert _alive_in_session(process.pid) == []
    assert not (out / "manifest.json").exists()
    make(out, 4, resume=True)
    assert tree(out) == tree(tmp_path / "whole")


def _alive_in_session(session: int) -> list[int]:
    alive = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            alive.append(int(entry.name))
    return alive


def test_a_damaged_scene_is_made_again(tmp_path: Path) -> None:
    make(tmp_path / "whole", 2)
    out = tmp_path / "cut"
    _crashing(9, lambda: make(out, 2))
    victim = next((out / ".oddroad" / "scenes").rglob("*.bin"))
    victim.write_bytes(b"bad")
    make(out, 2, resume=True)
    assert tree(out) == tree(tmp_path / "whole")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 6}, "seed 5"),
        ({"quality": "preview"}, "quality"),
        ({"count": 5}, "scenes"),
        ({"about": "else"}, "scenarios"),
    ],
)
@pytest.mark.parametrize("complete", [False, True])
def test_resume_refuses_another_run(tmp_path: Path, change: dict[str, Any], message: str, complete: bool) -> None:
    out = tmp_path / "out"
    if complete:
        make(out, 2)
    else:
        _crashing(9, lambda: make(out, 2))
    before = tree(out)
    with pytest.raises(OutputError, match=f"cannot resume, it was begun with .*{message}"):
        make(out, **{"count": 2, "resume": True, **change})
    assert tree(out) == before


def test_resume_of_a_complete_dataset_does_nothing(tmp_path: Path) -> None:
    make(tmp_path / "out", 2)
    before = tree(tmp_path / "out")
    make(tmp_path / "out", 2, resume=True)
    assert tree(tmp_path / "out") == before
    next((tmp_path / "out" / "test_lines").glob("*.bin")).write_bytes(b"changed")
    with pytest.raises(OutputError, match="was changed"):
        make(tmp_path / "out", 2, resume=True)


def test_resume_begins_where_there_is_nothing(tmp_path: Path) -> None:
    make(tmp_path / "a", 2)
    make(tmp_path / "b", 2, resume=True)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_a_folder_that_is_not_empty_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    for resume in (False, True):
        with pytest.raises(OutputError, match="not empty"):
            make(tmp_path, resume=resume)
    assert tree(tmp_path) == {"precious.txt": hashlib.sha256(b"mine").hexdigest()}


def test_a_foreign_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("[1]")
    with pytest.raises(OutputError, match="not written by"):
        make(tmp_path, resume=True)


@pytest.mark.parametrize("text", [b"", b"{\xff", b"[1]", b"{}"])
def test_a_damaged_plan_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / ".oddroad").mkdir()
    (tmp_path / ".oddroad" / "plan.json").write_bytes(text)
    with pytest.raises(OutputError, match="start again" if text != b"{}" else "cannot resume") as raised:
        make(tmp_path, resume=True)
    assert "\n" not in str(raised.value)


def test_a_link_to_nothing_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    with pytest.raises(OutputError, match="not a folder"):
        make(tmp_path / "link")
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


def test_two_runs_into_one_folder(tmp_path: Path) -> None:
    import fcntl

    out = tmp_path / "out"
    _crashing(9, lambda: make(out, 2))
    with (out / ".oddroad" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(OutputError, match="another run"):
            make(out, 2, resume=True)
        assert list((out / ".oddroad" / "scenes").iterdir())


def test_two_runs_that_begin_at_the_same_moment(tmp_path: Path) -> None:
    plan = {"command": "oddroad"}
    first = Store(tmp_path)

    class Second(Store):
        def _claim(self) -> None:
            first.begin(plan, True)  # after this one has found the folder empty
            first.temporary("000000")
            super()._claim()

    second = Second(tmp_path)
    with pytest.raises(OutputError, match="another run"):
        second.begin(plan, False)
    second.abandon()
    assert (first.work / "tmp" / "000000").is_dir()
    first.end()


def test_only_a_dataset_of_the_same_command_is_cleared(tmp_path: Path) -> None:
    foreign, ours, cut = tmp_path / "foreign", tmp_path / "ours", tmp_path / "cut"
    foreign.mkdir()
    (foreign / "manifest.json").write_text('{"name": "a web page"}')
    Store(foreign).clear("oddroad demo")  # nothing of ours: it stays, and nothing can be written there
    with pytest.raises(OutputError, match=r"is not empty$"):
        make(foreign)
    make(ours, 1, command="oddroad generate any_map.yaml")
    with pytest.raises(OutputError, match="which `oddroad demo` does not replace"):
        Store(ours).clear("oddroad demo")
    assert (ours / "manifest.json").exists()
    _crashing(9, lambda: make(cut, 2, command="oddroad demo --scenes 2"))
    Store(cut).clear("oddroad demo")
    assert not cut.exists()


@pytest.mark.parametrize("place", ["file", "/proc/nothing", "below"])
def test_an_impossible_folder(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    out = {"file": tmp_path / "file", "below": tmp_path / "file" / "out"}.get(place, Path(place))
    with pytest.raises(OutputError) as raised:
        make(out)
    assert "\n" not in str(raised.value)
    assert tree(tmp_path) == {"file": hashlib.sha256(b"").hexdigest()}


def _full_after(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, calls: int) -> None:
    real, left = getattr(owner, name), calls

    def failing(*args: Any, **keywords: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, "No space left on device", str(args[0]))
        return real(*args, **keywords)

    monkeypatch.setattr(owner, name, failing)


def test_a_full_disk_keeps_complete_scenes_and_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "whole", 3)
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        _full_after(patch, Path, "write_bytes", 7)
        with pytest.raises(OutputError, match="no space left on the disk; complete scenes are kept, --resume"):
            make(out, 3)
    assert [path.name for path in out.iterdir()] == [".oddroad"]
    assert sorted(path.name for path in (out / ".oddroad" / "scenes").iterdir()) == ["000000", "000001"]
    assert list((out / ".oddroad" / "tmp").glob("*")) == []
    make(out, 3, resume=True)
    assert tree(out) == tree(tmp_path / "whole")


def test_a_disk_full_at_the_first_scene_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _full_after(monkeypatch, Path, "write_bytes", 1)
    with pytest.raises(OutputError, match=r"no space left on the disk$"):
        make(tmp_path / "out", 2)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_full_while_merging_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "whole", 2)
    with monkeypatch.context() as patch:
        _full_after(patch, Lines, "merge", 0)
        with pytest.raises(OutputError, match="--resume"):
            make(tmp_path / "out", 2)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".oddroad"]
    make(tmp_path / "out", 2, resume=True)
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_a_file_size_limit_in_a_worker_is_a_clear_error(tmp_path: Path) -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (900, 900))\n"
        f"import pipeline_fakes as t; from pathlib import Path\nt.make(Path({str(tmp_path / 'out')!r}), 2)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert "OutputError" in done.stderr.splitlines()[-1]
    assert "File too large" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_scene_that_cannot_be_built_names_itself(tmp_path: Path, workers: int) -> None:
    with pytest.raises(OddRoadError, match=r"^scene 00000\d \(seed \d+\): a map: cannot be built$"):
        make(tmp_path / "out", 3, workers=workers, about="fails")
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_dies_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(OddRoadError, match="a worker process was killed"):
        make(tmp_path / "out", 2, workers=2, about="dies")
    assert list(tmp_path.iterdir()) == []


def test_a_bug_in_a_worker_shows_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        make(tmp_path / "out", 2, workers=2, about="breaks")


@pytest.mark.parametrize("bad", [{"quality": "best"}, {"formats": ["kiti"]}, {"count": 0}, {"scenarios": []}])
def test_wrong_arguments(tmp_path: Path, bad: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        make(tmp_path / "out", **bad)
    assert list(tmp_path.iterdir()) == []


def test_progress_is_reported(tmp_path: Path) -> None:
    events: list[Any] = []
    make(tmp_path / "out", 2, report=events.append)
    assert [event.kind for event in events] == ["resumed", *["frame"] * 3, "scene", *["frame"] * 3, "scene", "merging"]
    assert [(event.done, event.total) for event in events if event.kind == "scene"] == [(1, 2), (2, 2)]


def test_schedule_meets_exactly_at_commensurable_rates() -> None:
    rig: Any = {"a": ClockSensor(rate_hz=12.0), "b": ClockSensor(rate_hz=20.0), "c": ClockSensor(rate_hz=4.0)}
    times = flow.schedule(rig, 0.5)
    assert times[0] == (0, ("a", "b", "c"))
    assert (250_000_000, ("a", "b", "c")) in times
    assert [t for t, due in times if "a" in due] == [0, 83_333_333, 166_666_666, 250_000_000, 333_333_333, 416_666_666]
    assert sum("b" in due for _, due in times) == 10
    assert flow.schedule({"a": ClockSensor(rate_hz=10.0)}, 0.0) == [(0, ("a",))]  # type: ignore[dict-item]
    assert len(flow.schedule({"a": ClockSensor(rate_hz=10.0)}, 0.3)) == 3  # type: ignore[dict-item]


def test_a_map_of_ten_gigabytes_is_refused_at_once(tmp_path: Path) -> None:
    with (tmp_path / "big.xodr").open("wb") as file:
        file.truncate(10**10)
    start = time.monotonic()
    with pytest.raises(InputError, match="10,000 MB; a map has at most"):
        make(tmp_path / "out", 1, scenarios=[("a.yaml", scenario(road={"opendrive": str(tmp_path / "big.xodr")}))])
    assert time.monotonic() - start < 2
    assert not (tmp_path / "out").exists()


def test_a_disk_full_from_the_start_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out").mkdir()
    _full_after(monkeypatch, Path, "replace", 0)
    with pytest.raises(OutputError, match="no space left"):
        make(tmp_path / "out", 2)
    assert list((tmp_path / "out").iterdir()) == []
