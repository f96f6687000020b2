"""The whole flow with its real parts, small: scenario to dataset, twice, by different workers, to the same bytes."""

from __future__ import annotations

import json
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


def test_workers_and_regeneration_give_the_same_bytes(scenario: Path, tmp_path: Path) -> None:
    made = simulator.load(scenario)
    manifest = simulator.generate([("tiny.yaml", made)], tmp_path / "a", scenes=2, seed=4, workers=2)
    first = tree(tmp_path / "a")
    written = sorted((tmp_path / "a" / "scenes").glob("*.yaml"))
    again = simulator.generate([(str(file), simulator.load(file)) for file in written], tmp_path / "b", seed=77)
    second = tree(tmp_path / "b")
    assert {first.pop("manifest.json"), second.pop("manifest.json")}
    assert first == second
    assert json.loads(manifest.read_text())["files"] == json.loads(again.read_text())["files"] == first
    assert any(name.startswith("kitti/training/velodyne/") for name in first)


LIVELY = """\
about: People who cross, a car that brakes on ice and slides into what stands there.
duration_s: 5
road: {kind: x_junction}
surroundings: {kind: auto, vegetation: 0.2, buildings: 0.2}
ego: {kind: car, speed_mps: 14, lane_changes: never}
traffic: {vehicles: 4, parked: 2, pedestrians: 8, cyclists: 1}
weather: {temperature_c: -4, rain_mm_h: 2}
anomalies: [{kind: broken_down_vehicle, ahead_m: 35}]
rig: {front: {kind: camera, x_m: 1.1, z_m: 1.65, rate_hz: 1, width: 96, height: 32, fx: 60, fy: 60, cx: 48, cy: 15}}
"""


def test_slides_crashes_and_crossings_are_the_same_by_any_number_of_workers(tmp_path: Path) -> None:
    file = tmp_path / "lively.yaml"
    file.write_text(LIVELY)
    made = simulator.load(file)
    for workers in (1, 2, 4):
        simulator.generate([("lively.yaml", made)], tmp_path / str(workers), scenes=2, seed=3, workers=workers)
    alone = simulator.load(tmp_path / "1" / "scenes" / "000001.yaml")
    simulator.generate([("x.yaml", alone)], tmp_path / "alone", scenes=1)  # as a run resumed after the first scene
    trees = [tree(tmp_path / name) for name in ("1", "2", "4", "alone")]
    assert trees[0] == trees[1] == trees[2]
    pictures = {name: digest for name, digest in trees[0].items() if name.endswith(".png")}
    again = {digest for name, digest in trees[3].items() if name.endswith(".png")}
    assert again and again < set(pictures.values())
    told = " ".join(path.read_text() for path in (tmp_path / "1").rglob("*.json"))
    for fact in ("slides_from_s", "crashed_s", "crosses_from_s"):
        assert fact in told


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


def test_preview(scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import cv2

    from simulator.pipeline.look import look
    from simulator.sensors import preview

    def none(*_: object) -> None:
        raise preview.NoGraphics("none here")

    monkeypatch.setattr(preview, "Preview", none)
    made = simulator.load(scenario).sample(seed=7)
    assert look(made, tmp_path / "look.png") == "ray casting"
    picture = cv2.imread(str(tmp_path / "look.png"))
    assert picture.shape == (48, 160, 3)
    assert picture.std() > 5
    with pytest.raises(OutputError):
        look(made, Path("/proc/nothing/look.png"))
    blind = made.model_copy(update={"rig": {"top": made.rig["top"]}})  # type: ignore[index]
    with pytest.raises(InputError, match="no camera"):
        look(blind, tmp_path / "blind.png")
