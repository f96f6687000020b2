"""The whole flow with its real parts, small: scenario to dataset, twice, by different workers, to the same bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_pipeline import tree

import simulator
from simulator.errors import InputError, OutputError

TINY = """\
about: A small scene.
duration_s: 0.2
road: {kind: {choice: [straight, hill]}}
surroundings: {vegetation: 0.1, buildings: 0.1}
traffic: {vehicles: 3, parked: 0, pedestrians: 2, cyclists: 1}
weather: {rain_mm_h: {uniform: [0, 3]}}
anomalies: [{kind: debris, ahead_m: 12}]
rig:
  front: {kind: camera, x_m: 1.1, z_m: 1.65, rate_hz: 10, width: 160, height: 48, fx: 92, fy: 92, cx: 80, cy: 22}
  top: {kind: lidar, model: velodyne_vlp16, rate_hz: 5, x_m: 0.8, z_m: 1.73}
"""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("scenario") / "tiny.yaml"
    file.write_text(TINY)
    return file


def test_workers_and_regeneration_give_the_same_bytes(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = simulator.load(scenario)
    with monkeypatch.context() as workers:  # in which glibc overwrites memory that is given back
        workers.setenv("MALLOC_PERTURB_", "165")
        manifest = simulator.generate([("tiny.yaml", made)], tmp_path / "a", scenes=2, seed=4, workers=2)
    first = tree(tmp_path / "a")
    written = sorted((tmp_path / "a" / "scenes").glob("*.yaml"))
    again = simulator.generate([(str(file), simulator.load(file)) for file in written], tmp_path / "b", seed=77)
    second = tree(tmp_path / "b")
    assert {first.pop("manifest.json"), second.pop("manifest.json")}
    assert first == second
    assert json.loads(manifest.read_text())["files"] == json.loads(again.read_text())["files"] == first
    assert any(name.startswith("kitti/training/velodyne/") for name in first)


def test_render_yields_labelled_frames(scenario: Path) -> None:
    frames = list(simulator.render(simulator.load(scenario).sample(seed=7)))
    assert [frame.time_ns for frame in frames] == [0, 100_000_000]
    assert [sorted(frame.sensors) for frame in frames] == [["front", "top"], ["front"]]
    for frame in frames:
        front = frame.sensors["front"]
        assert front.name == "front"
        assert front.rgb.shape == (48, 160, 3)
        assert front.rgb.std() > 5
        boxes = frame.annotations.boxes_3d
        assert len(boxes.object_id) >= 2
        assert np.isin(np.unique(front.object), [0, *boxes.object_id]).all()
    assert len(frames[0].sensors["top"].points) > 1000


def test_what_is_compiled_ahead_is_what_frames_need(scenario: Path) -> None:
    code = f"""
import sys
import simulator
from simulator.pipeline import warming

def kernels():
    for module in list(sys.modules.values()):
        if module.__name__.startswith(("simulator.sensors", "simulator.labels")):
            for name, made in vars(module).items():
                if getattr(made, "signatures", None) and hasattr(made, "_cache"):
                    yield module.__name__, name, made

def compiled():
    return {{(module, name, len(made.signatures)) for module, name, made in kernels()}}

warming.exercise()
before = compiled()
for _ in simulator.render(simulator.load({str(scenario)!r}).sample(seed=4)):
    break
print(sum(sum(made.stats.cache_misses.values()) for _, _, made in kernels()))
print(*{{name for _, name, _ in compiled() - before}})
"""
    for _ in range(2):  # what is compiled names all that it calls, so a run counts in which all of it is on the disk
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        misses, names = done.stdout.splitlines()
        if misses == "0":
            break
    # but for spray, and for the sun, of which there is none at night
    assert set(names.split()) <= {"add_puffs", "light_puffs", "plume_echoes", "sunlit_puffs", "sun_rays"}


def test_preview(scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import cv2

    from simulator.pipeline.look import look
    from simulator.sensors import preview

    def none(*_: object) -> None:
        raise preview.NoGraphics("none here")

    monkeypatch.setattr(preview, "Preview", none)
    made = simulator.load(scenario).sample(seed=7)
    assert look(made, tmp_path / "look.png", opengl=True) == "ray casting", "there is no OpenGL"
    picture = cv2.imread(str(tmp_path / "look.png"))
    assert picture.shape == (48, 160, 3)
    assert picture.std() > 5
    with pytest.raises(OutputError):
        look(made, Path("/proc/nothing/look.png"))
    blind = made.model_copy(update={"rig": {"top": made.rig["top"]}})  # type: ignore[index]
    with pytest.raises(InputError, match="no camera"):
        look(blind, tmp_path / "blind.png")
