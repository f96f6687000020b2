"""Our datasets in other people's hands: public readers load them, public judges evaluate them.

The tools run in processes of their own, by scripts in tests/devkits that import nothing of ours, and print JSON.
`make test` installs them; a test skips where its tool is not installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from small_world import BARREL, KITTI, SMALL, air, boxes, labelled, street

from simulator.export.base import SceneInfo
from simulator.export.coco import Coco
from simulator.export.kitti import Kitti
from simulator.labels.annotations import Boxes3D
from simulator.labels.frame import LabelledFrame
from simulator.scene.classes import class_id, classes
from simulator.sensors.stage import Stage

SCRIPTS = Path(__file__).parent / "devkits"
INSTALLED = Path(sys.prefix) / "devkits"
KITTI_CLASSES = {"car": "Car", "van": "Van", "truck": "Truck", "pedestrian": "Pedestrian", "tram": "Tram"}
CAMERAS = {"front": (SMALL, 0.0), "bent": (BARREL, 1.0)}


def run(kit: str, script: str, *arguments: object) -> Any:
    """What a script prints with the packages of `kit`, as Python data."""
    folder = INSTALLED / kit
    if not folder.is_dir():
        pytest.skip(f"{kit} is not installed; `make test` installs it where it has wheels for this Python")
    command = [sys.executable, SCRIPTS / script, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [str(part) for part in command], env=environment, cwd=SCRIPTS, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_scripts_import_nothing_of_ours() -> None:
    scripts = sorted(SCRIPTS.glob("*.py"))
    assert len(scripts) == 7
    assert not [path.name for path in scripts if "simulator" in path.read_text() or "small_world" in path.read_text()]


# ---- KITTI --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def frames() -> list[LabelledFrame]:
    stages = [boxes(np.random.default_rng(seed)) for seed in (11, 12)]
    moments = [(stages[0], 0, 0), (stages[0], 100_000_000, 1), (stages[1], 0, 0)]
    return [labelled(stage, t, i, {"front": (KITTI, 0.0)}, "velodyne_hdl64e_s2") for stage, t, i in moments]


@pytest.fixture(scope="module")
def kitti(frames: list[LabelledFrame], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("kitti")
    shards = [root / "000000", root / "000001"]
    for shard, mine in zip(shards, (frames[:2], frames[2:])):
        shard.mkdir()
        Kitti().write_scene(mine, shard, SceneInfo(shard.name, ("front",), ("top",)))
    (root / "out").mkdir()
    Kitti().merge(shards, root / "out")
    return root / "out"


@pytest.fixture(scope="module")
def kitti_db(kitti: Path) -> list[dict[str, Any]]:
    return list(run("nuscenes", "nuscenes_kitti.py", kitti))


def named_like_kitti(frame: LabelledFrame) -> dict[int, str]:
    """KITTI class of the objects of which at least a tenth is seen, by id; without those that are Misc."""
    notes = frame.annotations
    world, flat = notes.boxes_3d, notes.boxes_2d["front"]
    named = {}
    for k, kind, fraction in zip(flat.object_id.tolist(), flat.class_id.tolist(), flat.family_fraction.tolist()):
        name = "Cyclist" if kind == class_id("bicycle") else KITTI_CLASSES.get(classes()[kind].name)
        if name and fraction >= 0.1 and np.any(notes.instance["front"] == k):
            named[k] = name
    assert set(world.object_id.tolist()) >= set(named)
    return named


def corners_in_lidar(world: Boxes3D, frame: LabelledFrame, ids: list[int]) -> np.ndarray:
    """(8, 3) corners of the box around objects that share their axes, in the frame of the sweep."""
    at = world.corners()[[world.object_id.tolist().index(k) for k in ids]]
    lidar_SE3_world = np.linalg.inv(frame.sensors["top"].world_SE3_lidar)
    first = at[0] @ lidar_SE3_world[:3, :3].T + lidar_SE3_world[:3, 3]
    if len(ids) > 1:  # the rider is slimmer than the bicycle is long, and as wide, but taller
        other = at[1] @ lidar_SE3_world[:3, :3].T + lidar_SE3_world[:3, 3]
        first[1::2] += (other[1] - other[0]) - (first[1] - first[0])
    return first


def pairs(frames: list[LabelledFrame], read: list[dict[str, Any]]) -> Iterator[tuple[LabelledFrame, dict, dict, list]]:
    """(frame, what was read of it, box, ids of its objects) of every box; each box belongs to the nearest objects."""
    for frame, found in zip(frames, read, strict=True):
        names = named_like_kitti(frame)
        world = frame.annotations.boxes_3d
        riders = {int(p): int(k) for k, p in zip(world.object_id, world.parent) if p > 0}
        truth = {k: corners_in_lidar(world, frame, [k, riders[k]] if k in riders else [k]) for k in names}
        left = dict(truth)
        for box in found["boxes"]:
            middle = np.mean(box["corners"], axis=0)
            nearest = min(left, key=lambda k: float(np.linalg.norm(left[k].mean(0) - middle)))
            assert names[nearest] == box["name"]
            yield frame, found, {**box, "truth": left.pop(nearest)}, [nearest, riders.get(nearest, nearest)]
        assert not left, "objects that KittiDB does not find"


def test_kitti_db_counts_and_calibration(frames: list[LabelledFrame], kitti_db: list[dict[str, Any]]) -> None:
    assert [found["token"] for found in kitti_db] == ["training_000000", "training_000001", "training_000002"]
    for frame, found in zip(frames, kitti_db):
        assert found["size"] == [KITTI.width, KITTI.height]
        assert found["points"] == len(frame.sensors["top"].points) > 90_000
        np.testing.assert_allclose(np.array(found["projection"])[:, :3], KITTI.K, rtol=1e-6)
        assert sorted(found["names_2d"]) == sorted(named_like_kitti(frame).values())
        assert found["names_2d"] == [box["name"] for box in found["boxes"]]


def test_kitti_db_puts_corners_where_they_are(frames: list[LabelledFrame], kitti_db: list[dict[str, Any]]) -> None:
    count = 0
    for _, _, box, _ in pairs(frames, kitti_db):
        distance = np.linalg.norm(np.array(box["corners"])[:, None] - box["truth"][None], axis=-1)
        assert distance.min(0).max() < 0.03  # three decimals of an angle over half a lorry
        assert sorted(distance.argmin(0).tolist()) == list(range(8))
        ahead = np.array(box["corners"])[:4].mean(0) - np.array(box["corners"])[4:].mean(0)
        along = box["truth"][4:].mean(0) - box["truth"][:4].mean(0)
        assert np.dot(ahead, along) > 0.999 * np.linalg.norm(ahead) * np.linalg.norm(along)  # front is front
        count += 1
    assert count > 20


def test_kitti_db_finds_the_points_of_objects_in_their_boxes(
    frames: list[LabelledFrame], kitti: Path, kitti_db: list[dict[str, Any]]
) -> None:
    count = 0
    for frame, found, box, ids in pairs(frames, kitti_db):
        path = kitti / "training" / "points_2" / f"{found['token'][-6:]}.label"
        labels = np.fromfile(path, np.uint32) >> 16
        mine = np.flatnonzero(np.isin(labels, ids))
        assert len(mine) == np.isin(frame.sensors["top"].object, ids).sum()
        missing = np.setdiff1d(mine, box["about_inside"])
        assert len(missing) <= 0.02 * len(mine) + 1, (box["name"], len(missing), len(mine))
        assert set(labels[box["well_inside"]].tolist()) <= set(ids) or len(mine) < 20
        count += len(mine)
    assert count > 2000


def test_kitti_db_projects_3d_boxes_onto_2d_boxes(kitti_db: list[dict[str, Any]]) -> None:
    count = 0
    for found in kitti_db:
        for box, drawn in zip(found["boxes"], found["boxes_2d"]):
            if box["name"] == "Cyclist" or drawn[3] > KITTI.height - 2:
                continue  # rider and bicycle do not fill their box; KittiDB cuts at the width where it means the height
            limit = [KITTI.width - 1, KITTI.height - 1] * 2
            np.testing.assert_allclose(drawn, np.clip(box["projected"], 0, limit), atol=0.35)
            count += 1
    assert count > 15


@pytest.mark.parametrize(("importer", "folder"), [("kitti_detection", ""), ("kitti3d", "training")])
def test_datumaro_reads_every_row(importer: str, folder: str, frames: list[LabelledFrame], kitti: Path) -> None:
    found = run("datumaro", "datumaro_read.py", kitti / folder, importer)
    assert [item["id"] for item in found["items"]] == ["000000", "000001", "000002"]
    if importer == "kitti3d":
        assert found["detected"] == ["kitti3d"]
    for item, frame in zip(found["items"], frames):
        picture = frame.sensors["front"].rgb
        assert item["size"] == list(picture.shape[:2])
        assert item["sum"] == int(picture.sum(dtype=np.int64))
        rows = [line.split() for line in (kitti / "training/label_2" / f"{item['id']}.txt").read_text().splitlines()]
        read = sorted(item["annotations"], key=lambda note: note["id"])
        assert [note["label"] for note in read] == [row[0] for row in rows]
        seen = set(named_like_kitti(frame).values())
        assert seen <= {note["label"] for note in read} <= seen | {"Misc", "DontCare"}
        for note, row in zip(read, rows):
            np.testing.assert_allclose(note["box"], [float(x) for x in row[4:8]], atol=1e-3)
            assert note["box"][2] > note["box"][0] and note["box"][3] > note["box"][1]
            if importer == "kitti3d":
                facts = note["attributes"]
                assert [*facts["dimensions"], *facts["location"], facts["rotation_y"]] == [float(x) for x in row[8:]]
                assert (facts["truncated"], facts["occluded"], facts["alpha"]) == (
                    float(row[1]),
                    int(row[2]),
                    float(row[3]),
                )


def test_kitti_judges_the_truth_as_perfect_and_nothing_else(kitti: Path, tmp_path: Path) -> None:
    """Average precision of cars, pedestrians and cyclists by box and orientation, at the hard level."""
    changes: dict[str, Callable[[list[str]], list[str] | None]] = {
        "truth": lambda row: None if row[0] == "DontCare" else row,
        "turned": lambda row: None if row[0] == "DontCare" else [*row[:3], str(float(row[3]) + np.pi), *row[4:]],
        "false alarms": lambda row: None if row[0] == "DontCare" else ["Car" if row[0] == "Misc" else row[0], *row[1:]],
        "in regions of DontCare": lambda row: ["Car" if row[0] == "DontCare" else row[0], *row[1:]],
    }
    labels = kitti / "training" / "label_2"
    for name, change in changes.items():
        (tmp_path / name).mkdir()
        for path in labels.iterdir():
            rows = [change(line.split()) for line in path.read_text().splitlines()]
            (tmp_path / name / path.name).write_text("".join(" ".join([*row, "0.9"]) + "\n" for row in rows if row))
    folders = [tmp_path / name for name in changes]
    judged = run("kitti_ap", "kitti_ap.py", INSTALLED / "kitti_ap", labels, *folders)
    found = {
        name: {measure: [levels[2] for levels in of_class] for measure, of_class in precision.items()}
        for name, precision in zip(changes, judged, strict=True)
    }
    assert found["truth"]["box"] == found["truth"]["orientation"] == pytest.approx([100.0] * 3)
    assert found["turned"]["box"] == pytest.approx([100.0] * 3)
    assert found["turned"]["orientation"] == pytest.approx([0.0] * 3, abs=1e-3)
    assert found["false alarms"]["box"][0] < 90
    assert found["in regions of DontCare"]["box"] == pytest.approx([100.0] * 3)


# ---- COCO ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def coco(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("coco")
    shards = [root / "000000", root / "000001"]
    for seed, shard in enumerate(shards):
        scene, timeline, ego = street(np.random.default_rng(seed))
        stage = Stage(scene, timeline, air(), ego)
        shard.mkdir()
        mine = [labelled(stage, 500_000_000 + i * 100_000_000, i, CAMERAS) for i in range(2)]
        Coco().write_scene(mine, shard, SceneInfo(shard.name, tuple(CAMERAS)))
    (root / "out").mkdir()
    Coco().merge(shards, root / "out")
    return root / "out"


def segments(coco: Path) -> Path:
    return coco / "annotations" / "panoptic_train.json"


def test_panoptic_quality_of_the_truth_is_perfect(coco: Path) -> None:
    quality = run("panoptic", "panoptic_pq.py", segments(coco), segments(coco))
    assert quality["all"]["pq"] == quality["all"]["sq"] == quality["things"]["pq"] == 1.0
    assert quality["things"]["n"] >= 4 and quality["all"]["n"] >= quality["things"]["n"] + 2


def test_panoptic_quality_falls_with_a_wrong_class(coco: Path, tmp_path: Path) -> None:
    wrong = json.loads(segments(coco).read_text())
    cars = [s for row in wrong["annotations"] for s in row["segments_info"] if s["category_id"] == class_id("car")]
    cars[0]["category_id"] = class_id("bus")
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))
    quality = run("panoptic", "panoptic_pq.py", segments(coco), tmp_path / "wrong.json")
    assert quality["all"]["sq"] < 1.0 and quality["all"]["pq"] < 1.0


@pytest.mark.parametrize("importer", ["coco_instances", "coco_panoptic"])
def test_datumaro_reads_coco(importer: str, coco: Path) -> None:
    found = run("datumaro", "datumaro_read.py", coco, importer)
    kind = importer.removeprefix("coco_")
    count = 0
    for part in ("train", "val"):
        data = json.loads((coco / "annotations" / f"{kind}_{part}.json").read_text())
        names = {row["id"]: row["name"] for row in data["categories"]}
        assert set(names.values()) <= set(found["names"])
        items = {item["id"]: item for item in found["items"] if item["subset"] == part}
        assert set(items) == {image["file_name"].removesuffix(".png") for image in data["images"]}
        for image in data["images"]:
            item = items[image["file_name"].removesuffix(".png")]
            assert item["sum"] == int(cv2.imread(str(coco / "images" / image["file_name"])).sum(dtype=np.int64))
            mine = [row for row in data["annotations"] if row["image_id"] == image["id"]]
            if kind == "panoptic":
                mine = mine[0]["segments_info"]
            expected = sorted((names[row["category_id"]], row["area"], row["bbox"]) for row in mine)
            masks = [note for note in item["annotations"] if note["type"] == "mask"]
            assert [(n["label"], n["area"], [*n["box"][:2], n["box"][2] - n["box"][0], n["box"][3] - n["box"][1]])
                    for n in sorted(masks, key=lambda n: (n["label"], n["area"], n["box"]))] == expected  # fmt: skip
            count += len(expected)
    assert count > 40
