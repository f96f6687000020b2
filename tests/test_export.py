"""The protocol that all formats follow, and the files they share."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from small_world import SMALL, air, labelled, street

from simulator.errors import InputError
from simulator.export.base import Format, SceneInfo, is_validation, place, write_json, write_png
from simulator.export.coco import Coco
from simulator.export.kitti import Kitti
from simulator.scenario.family import members
from simulator.sensors.stage import Stage

FORMATS = [Kitti(), Coco()]
CAMERAS = {"front": (SMALL, 0.0), "back": (SMALL, np.pi)}


def frames(seed: int, count: int = 2):
    scene, timeline, ego = street(np.random.default_rng(seed), 6)
    stage = Stage(scene, timeline, air(), ego)
    for i in range(count):
        yield labelled(stage, 1_000_000_000 + i * 100_000_000, i, CAMERAS, "velodyne_vlp16")


def info(name: str) -> SceneInfo:
    return SceneInfo(name, ("front", "back"), ("top",), {"scenario": "street"})


def write(form: Format, folder: Path, seed: int, name: str) -> Path:
    folder.mkdir(parents=True)
    form.write_scene(frames(seed), folder, info(name))
    return folder


def digest(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.kind)
def test_shards_merge_to_the_same_bytes_in_any_place(form: Format, tmp_path: Path) -> None:
    merged = []
    for attempt, order in enumerate([(0, 1), (1, 0)]):
        shards = {k: write(form, tmp_path / f"{attempt}" / f"shard{k}", k, f"{k:06d}") for k in order}
        before = {k: digest(shards[k]) for k in order}
        out = tmp_path / f"{attempt}" / "out"
        out.mkdir()
        form.merge([shards[0], shards[1]], out)
        merged.append(digest(out))
        assert {k: digest(shards[k]) for k in order} == before, "merge leaves the shards alone"
        shutil.rmtree(shards[0])  # a dataset does not need its shards
        assert digest(out) == merged[-1]
    assert merged[0] == merged[1]
    assert len(merged[0]) > 8
    assert not any("tmp" in name or "shard" in name for name in merged[0])


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.kind)
def test_merging_again_gives_the_same(form: Format, tmp_path: Path) -> None:
    shard = write(form, tmp_path / "shard", 3, "only")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        form.merge([shard], tmp_path / name)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.kind)
def test_a_scene_without_frames(form: Format, tmp_path: Path) -> None:
    (tmp_path / "shard").mkdir()
    (tmp_path / "out").mkdir()
    form.write_scene([], tmp_path / "shard", info("empty"))
    form.merge([tmp_path / "shard"], tmp_path / "out")
    assert list(tmp_path.joinpath("out").rglob("*.png")) == []


def test_formats_are_found_by_kind() -> None:
    known = members("export")
    assert known["kitti"] is Kitti and known["coco"] is Coco
    assert Kitti.model_validate({"val_fraction": 0.5}).val_fraction == 0.5
    with pytest.raises(ValueError, match="must be between"):
        Kitti.model_validate({"val_fraction": 2})


def test_rigs_that_a_format_cannot_serve(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs a camera"):
        Kitti().open(tmp_path, SceneInfo("x", (), ("top",)))


@pytest.mark.parametrize(
    ("scenes", "fraction", "validation"),
    [(1, 0.2, []), (2, 0.2, [1]), (5, 0.2, [4]), (10, 0.2, [4, 9]), (8, 0.0, []), (3, 1.0, [1, 2]), (0, 0.2, [])],
)
def test_split_is_even_and_never_empty(scenes: int, fraction: float, validation: list[int]) -> None:
    assert [i for i, picked in enumerate(is_validation(scenes, fraction)) if picked] == validation


def test_place_links_or_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("content")
    place(tmp_path / "a", tmp_path / "deep" / "b")
    assert (tmp_path / "a").stat().st_ino == (tmp_path / "deep" / "b").stat().st_ino

    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr("os.link", refuse)
    place(tmp_path / "a", tmp_path / "c")
    assert (tmp_path / "c").read_text() == "content"


def test_png_keeps_values_and_channel_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for image in (
        rng.integers(0, 256, (5, 7, 3), np.uint8),
        rng.integers(0, 65536, (5, 7), np.uint16),
        rng.integers(0, 256, (5, 7), np.uint8),
    ):
        write_png(tmp_path / "x" / "image.png", image)
        read = cv2.imread(str(tmp_path / "x" / "image.png"), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(read[..., ::-1] if image.ndim == 3 else read, image)
    with pytest.raises(OSError, match=r"image\.png"):
        write_png(tmp_path / "x" / "image.png" / "y.png", image)


def test_json_refuses_nan(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"ä": [1, 2.5]})
    assert (tmp_path / "a.json").read_bytes() == '{"ä":[1,2.5]}\n'.encode()
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"ä": [1, 2.5]}
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "b.json", float("nan"))
