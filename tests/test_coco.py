"""COCO datasets through pycocotools, and against the rules of the panoptic API."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from small_world import BARREL, SMALL, air, labelled, street

from simulator.export._rle import encode
from simulator.export.base import SceneInfo
from simulator.export.coco import STUFF_IDS, Coco, categories, corner_box, panoptic
from simulator.labels.annotations import Boxes2D
from simulator.labels.frame import LabelledFrame
from simulator.scene.classes import class_id, classes
from simulator.sensors.stage import Stage

# pycocotools 2.0 with numpy 2
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CAMERAS = {"front": (SMALL, 0.0), "bent": (BARREL, 1.0)}


@pytest.fixture(scope="module")
def frames() -> dict[str, LabelledFrame]:
    """The frame behind each file name."""
    found = {}
    for scene_id in ("000000", "000001"):
        scene, timeline, ego = street(np.random.default_rng(int(scene_id)))
        stage = Stage(scene, timeline, air(), ego)
        for index in range(2):
            frame = labelled(stage, 500_000_000 + index * 100_000_000, index, CAMERAS, "velodyne_vlp16")
            for camera in CAMERAS:
                found[f"{scene_id}/{camera}/{index:06d}.png"] = frame
    return found


@pytest.fixture(scope="module")
def dataset(frames: dict[str, LabelledFrame], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("coco")
    shards = []
    for scene_id in ("000000", "000001"):
        shard = root / scene_id
        shard.mkdir()
        mine = [frames[f"{scene_id}/front/{index:06d}.png"] for index in range(2)]
        Coco().write_scene(mine, shard, SceneInfo(scene_id, tuple(CAMERAS), ("top",)))
        shards.append(shard)
    (root / "out").mkdir()
    Coco().merge(shards, root / "out")
    return root / "out"


def load(path: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


@pytest.fixture(scope="module", params=["train", "val"])
def part(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_ground_truth_against_itself_is_perfect(dataset: Path, part: str, kind: str) -> None:
    truth = load(dataset / "annotations" / f"instances_{part}.json")
    assert len(truth.anns) > 10
    with contextlib.redirect_stdout(io.StringIO()):
        found = truth.loadRes([{**a, "score": 1.0} for a in truth.dataset["annotations"]])
        judge = COCOeval(truth, found, kind)
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    assert judge.stats[0] == judge.stats[1] == judge.stats[2] == 1.0


def test_masks_boxes_and_areas_by_brute_force(dataset: Path, part: str, frames: dict[str, LabelledFrame]) -> None:
    truth = load(dataset / "annotations" / f"instances_{part}.json")
    for image in truth.dataset["images"]:
        _, camera, _ = image["file_name"].split("/")
        notes = frames[image["file_name"]].annotations
        mask = notes.instance[camera]
        rows = truth.imgToAnns[image["id"]]
        assert {row["track_id"] for row in rows} == set(np.unique(mask).tolist()) - {0}
        for row in rows:
            mine = mask == row["track_id"]
            np.testing.assert_array_equal(truth.annToMask(row), mine)
            v, u = np.nonzero(mine)
            assert row["area"] == len(u)
            assert row["bbox"] == [u.min(), v.min(), np.ptp(u) + 1, np.ptp(v) + 1]
            assert row["bbox"] == coco_mask.toBbox(row["segmentation"]).tolist()
            world = notes.boxes_3d
            k = world.object_id.tolist().index(row["track_id"])
            assert (row["name"], row["anomaly"]) == (world.name[k], world.anomaly[k])
            assert row["category_id"] == world.class_id[k]
        picture = cv2.imread(str(dataset / "images" / image["file_name"]))
        assert picture.shape == (image["height"], image["width"], 3)
        np.testing.assert_array_equal(picture[..., ::-1], frames[image["file_name"]].sensors[camera].rgb)


def test_scenes_are_split_and_numbered_through(dataset: Path) -> None:
    images: list[dict[str, Any]] = []
    numbers: list[int] = []
    for part in ("train", "val"):
        data = json.loads((dataset / "annotations" / f"instances_{part}.json").read_text())
        assert {image["scene"] for image in data["images"]} == {"000000" if part == "train" else "000001"}
        images += data["images"]
        numbers += [row["id"] for row in data["annotations"]][:1]
        ids = {image["id"] for image in data["images"]}
        assert {row["image_id"] for row in data["annotations"]} <= ids
    assert [image["id"] for image in images] == list(range(1, 9))
    assert numbers == [1, 1]
    assert [image["file_name"] for image in images[:2]] == ["000000/front/000000.png", "000000/bent/000000.png"]


def test_anomalies_and_categories(dataset: Path) -> None:
    data = json.loads((dataset / "annotations" / "instances_train.json").read_text())
    names = {row["id"]: row for row in data["categories"]}
    odd = [row for row in data["annotations"] if row["anomaly"]]
    assert odd and {row["anomaly"] for row in odd} == {"OBJ-01"}
    assert names[odd[0]["category_id"]]["name"] == "debris"
    assert odd[0]["attributes"] == {"material": "plastic"}
    assert names[class_id("pedestrian")]["coco_name"] == "person"
    assert all(classes()[row["id"]].thing for row in data["categories"])
    assert len(categories("panoptic")) == len(classes()) - 1


def test_panoptic_rules(dataset: Path, part: str, frames: dict[str, LabelledFrame]) -> None:
    """What panopticapi's evaluation asserts: ids of picture and segments_info agree both ways, areas, categories."""
    data = json.loads((dataset / "annotations" / f"panoptic_{part}.json").read_text())
    names = {row["id"]: row for row in data["categories"]}
    images = {image["id"]: image for image in data["images"]}
    assert [row["image_id"] for row in data["annotations"]] == list(images)
    for row in data["annotations"]:
        assert Path(row["file_name"]).stem == Path(images[row["image_id"]]["file_name"]).stem
        bgr = cv2.imread(str(dataset / "annotations" / f"panoptic_{part}" / row["file_name"])).astype(np.uint32)
        ids = bgr[..., 2] + 256 * bgr[..., 1] + 65536 * bgr[..., 0]
        segments = {segment["id"]: segment for segment in row["segments_info"]}
        assert len(segments) == len(row["segments_info"])
        assert set(np.unique(ids).tolist()) - {0} == set(segments)
        for k, segment in segments.items():
            v, u = np.nonzero(ids == k)
            assert segment["area"] == len(u)
            assert segment["bbox"] == [u.min(), v.min(), np.ptp(u) + 1, np.ptp(v) + 1]
            assert segment["iscrowd"] == 0
            assert names[segment["category_id"]]["isthing"] == (k < STUFF_IDS)
        _, camera, _ = row["file_name"].split("/")
        notes = frames[row["file_name"]].annotations
        np.testing.assert_array_equal(np.where(ids < STUFF_IDS, ids, 0), notes.instance[camera])
        stuff = ids >= STUFF_IDS
        np.testing.assert_array_equal(ids[stuff] - STUFF_IDS, notes.semantic[camera][stuff])


def test_things_without_object_are_crowds() -> None:
    semantic = np.full((4, 6), class_id("car"), np.uint8)
    semantic[2:] = 0
    none = np.zeros(0)
    boxes = Boxes2D(*(none,) * 2, np.zeros((0, 4)), np.zeros((0, 4)), *(none,) * 4)  # type: ignore[arg-type]
    ids, segments = panoptic(np.zeros((4, 6), np.int32), semantic, boxes)
    assert np.all(ids[2:] == 0)
    assert segments == [
        {
            "id": STUFF_IDS + class_id("car"),
            "category_id": class_id("car"),
            "area": 12,
            "bbox": [0, 0, 6, 2],
            "iscrowd": 1,
        }
    ]


@settings(max_examples=60, deadline=None)
@given(mask=hnp.arrays(np.int32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 2)))
def test_run_lengths_are_those_of_pycocotools(mask: np.ndarray) -> None:
    for value in (1, 2):
        mine = mask == value
        if not mine.any():
            continue
        v, u = np.nonzero(mine)
        text = encode(mask, value, [int(u.min()), int(v.min()), int(np.ptp(u)) + 1, int(np.ptp(v)) + 1])
        theirs = coco_mask.encode(np.asfortranarray(mine, np.uint8))
        assert text == theirs["counts"].decode()


def test_run_lengths_of_large_masks() -> None:
    rng = np.random.default_rng(0)
    for shape in ((375, 1242), (7, 2000), (900, 3)):
        mask = cv2.blur(rng.random(shape), (9, 9)) > 0.5
        mask[0, 0] = mask[-1, -1] = True
        text = encode(mask.astype(np.int32), 1, [0, 0, shape[1], shape[0]])
        assert text == coco_mask.encode(np.asfortranarray(mask, np.uint8))["counts"].decode()


def test_corner_boxes_start_at_the_corner_of_the_picture() -> None:
    assert corner_box(np.array([-0.5, 1.5, 3.5, 4.5])) == [0, 2, 4, 3]
