"""COCO detection and panoptic segmentation, from all cameras.

    images/<scene>/<camera>/<frame>.png
    annotations/instances_{train,val}.json         boxes and masks (compressed RLE), pixel-exact
    annotations/panoptic_{train,val}.json
    annotations/panoptic_{train,val}/<scene>/<camera>/<frame>.png   segment id = R + 256 G + 65536 B, 0 for void

`file_name` is relative to `images`, or to the folder named like the panoptic file, where COCO's own tools look. Scenes
are split as wholes; a part without scenes has no files. Categories are the class taxonomy's own (`id` is the class
id), with `coco_name` where COCO has the class. Boxes are x, y, width, height of the visible pixels, the picture's
corner at (0, 0). Each annotation also says `track_id` (the object's id for the whole drive, which is its segment id as
well), `name`, `anomaly`, `amodal_bbox`, `visible_fraction`, `truncation`, `occlusion` (0 to 3) and `attributes`. In the
panoptic picture stuff has the segment id 2^23 + class id; parts of thing classes that are no object of their own are
crowds with such ids.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import numpy as np
from numpy.typing import NDArray

from simulator.export.base import Format, SceneInfo, SceneWriter, is_validation, place, write_png
from simulator.labels.annotations import Boxes2D, Boxes3D
from simulator.scenario.distributions import Flag, Fraction
from simulator.scene.classes import classes

if TYPE_CHECKING:
    from simulator.labels.frame import LabelledFrame
    from simulator.sensors.camera import CameraFrame

STUFF_IDS = 1 << 23
INFO = {"description": "OddRoad synthetic driving scenes", "version": "1.0", "contributor": "OddRoad"}


class Coco(Format, kind="coco"):
    """COCO detection (instances) and panoptic segmentation."""

    val_fraction: Fraction = 0.2
    """Part of the scenes that goes to the validation files."""
    panoptic: Annotated[bool, Flag()] = True
    """Write the panoptic part too."""

    def open(self, folder: Path, scene: SceneInfo) -> SceneWriter:
        """Writer of one scene."""
        return _Writer(folder, scene, self.panoptic)

    def merge(self, shards: Sequence[Path], out: Path) -> None:
        """Place the pictures and number images and annotations through."""
        parts: dict[str, list[Path]] = {"train": [], "val": []}
        (out / "annotations").mkdir()
        for shard, validation in zip(shards, is_validation(len(shards), self.val_fraction)):
            part = "val" if validation else "train"
            parts[part].append(shard)
            for kind, target in (("images", out / "images"), ("panoptic", out / "annotations" / f"panoptic_{part}")):
                for path in sorted((shard / kind).rglob("*.png")):
                    place(path, target / path.relative_to(shard / kind))
        first_image = 1
        for part, folders in parts.items():
            if not folders:
                continue
            for kind in ("instances", "panoptic") if self.panoptic else ("instances",):
                with (out / "annotations" / f"{kind}_{part}.json").open("w", encoding="utf-8") as file:
                    _write_dataset(file, kind, folders, first_image)
            first_image += sum(1 for _ in _records("instances", folders))


class _Writer(SceneWriter):
    def __init__(self, folder: Path, scene: SceneInfo, panoptic: bool) -> None:
        self._folder, self._scene, self._panoptic = folder, scene, panoptic
        for kind in ("instances", "panoptic") if panoptic else ("instances",):
            (folder / f"{kind}.jsonl").touch()

    def write(self, frame: LabelledFrame) -> None:
        """Write the pictures of all cameras that are due, and note their annotations."""
        for camera in self._scene.cameras:
            if camera in frame.sensors:
                self._picture(frame, camera)

    def _picture(self, frame: LabelledFrame, camera: str) -> None:
        sensors: dict[str, Any] = dict(frame.sensors)
        picture: CameraFrame = sensors[camera]
        boxes, world = frame.annotations.boxes_2d[camera], frame.annotations.boxes_3d
        name = f"{self._scene.id}/{camera}/{frame.index:06d}.png"
        write_png(self._folder / "images" / name, picture.rgb)
        k = picture.camera.K
        image = {
            "file_name": name,
            "width": picture.camera.width,
            "height": picture.camera.height,
            "scene": self._scene.id,
            "camera": camera,
            "frame": frame.index,
            "time_ns": int(picture.time_ns),
            "intrinsics": [float(k[0, 0]), float(k[1, 1]), float(k[0, 2]), float(k[1, 2])],
            "distortion": [float(value) for value in picture.camera.distortion],
        }
        self._line("instances", image, instances(picture.object, boxes, world))
        if self._panoptic:
            ids, segments = panoptic(picture.object, picture.semantic, boxes)
            write_png(self._folder / "panoptic" / name, id_colors(ids))
            self._line("panoptic", image, [{"file_name": name, "segments_info": segments}])

    def _line(self, kind: str, image: dict[str, Any], annotations: list[dict[str, Any]]) -> None:
        with (self._folder / f"{kind}.jsonl").open("a", encoding="utf-8") as file:
            file.write(_dumps({"image": image, "annotations": annotations}) + "\n")

    def close(self) -> None:
        """Nothing is left to do."""


def instances(mask: NDArray[np.int32], boxes: Boxes2D, world: Boxes3D) -> list[dict[str, Any]]:
    """Detection annotations of all objects with pixels, without `id` and `image_id`."""
    from simulator.export._rle import encode

    rows = world.rows(boxes.object_id)
    out = []
    for i in np.flatnonzero(boxes.pixels > 0).tolist():
        row = int(rows[i])
        bbox = corner_box(boxes.visible[i])
        out.append(
            {
                "category_id": int(boxes.class_id[i]),
                "bbox": bbox,
                "area": int(boxes.pixels[i]),
                "iscrowd": 0,
                "segmentation": {
                    "size": [int(mask.shape[0]), int(mask.shape[1])],
                    "counts": encode(mask, int(boxes.object_id[i]), bbox),
                },
                "track_id": int(boxes.object_id[i]),
                "name": world.name[row],
                "anomaly": world.anomaly[row],
                "amodal_bbox": [round(value, 2) for value in _amodal(boxes.amodal[i])],
                "visible_fraction": round(float(boxes.visible_fraction[i]), 4),
                "truncation": round(float(boxes.truncation[i]), 4),
                "occlusion": int(boxes.occlusion[i]),
                "attributes": dict(world.attributes[row]),
            }
        )
    return out


def corner_box(visible: NDArray[np.float64]) -> list[int]:
    """COCO box x, y, width, height of pixel edges x0, y0, x1, y1 (ours are half a pixel up and left)."""
    x0, y0, x1, y1 = (int(round(value + 0.5)) for value in visible.tolist())
    return [x0, y0, x1 - x0, y1 - y0]


def _amodal(box: NDArray[np.float64]) -> list[float]:
    x0, y0, x1, y1 = box.tolist()
    return [x0 + 0.5, y0 + 0.5, x1 - x0, y1 - y0]


def panoptic(
    mask: NDArray[np.int32], semantic: NDArray[np.uint8], boxes: Boxes2D
) -> tuple[NDArray[np.int32], list[dict[str, Any]]]:
    """(H, W) int32 segment ids and their `segments_info`; every id but 0 has an entry, and the reverse.

    Args:
        mask: (H, W) object ids. semantic: (H, W) class ids. boxes: the objects in the picture.
    """
    from simulator.labels.annotate import mask_extents

    ids = np.where(mask > 0, mask, np.where(semantic > 0, STUFF_IDS + semantic.astype(np.int32), 0))
    found, compact = np.unique(ids, return_inverse=True)
    area, extent = mask_extents(np.ascontiguousarray(compact.reshape(ids.shape), np.int32), len(found))
    class_of = dict(zip(boxes.object_id.tolist(), boxes.class_id.tolist()))
    segments = []
    for segment, pixels, (x0, y0, x1, y1) in zip(found.tolist(), area.tolist(), extent.tolist()):
        if segment == 0:
            continue
        category = segment - STUFF_IDS if segment >= STUFF_IDS else class_of[segment]
        segments.append(
            {
                "id": segment,
                "category_id": category,
                "area": pixels,
                "bbox": [x0, y0, x1 - x0 + 1, y1 - y0 + 1],
                "iscrowd": int(segment >= STUFF_IDS and classes()[category].thing),
            }
        )
    return ids.astype(np.int32), segments


def id_colors(ids: NDArray[np.int32]) -> NDArray[np.uint8]:
    """(H, W, 3) RGB with id = R + 256 G + 65536 B."""
    return np.stack([ids & 255, ids >> 8 & 255, ids >> 16 & 255], -1).astype(np.uint8)


def categories(kind: str) -> list[dict[str, Any]]:
    """COCO categories: the things for "instances"; all classes but void for "panoptic"."""
    out: list[dict[str, Any]] = []
    for row in classes()[1:]:
        if kind == "instances" and not row.thing:
            continue
        group = str(row.formats.get("nuscenes", "other")).partition(".")[0]
        entry: dict[str, Any] = {"id": row.id, "name": row.name, "supercategory": group}
        if kind == "panoptic":
            entry |= {"isthing": int(row.thing), "color": list(row.color)}
        if "coco" in row.formats:
            entry["coco_name"] = row.formats["coco"]
        out.append(entry)
    return out


def _records(kind: str, shards: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """What the writers noted of each picture, in order."""
    for shard in shards:
        with (shard / f"{kind}.jsonl").open(encoding="utf-8") as file:
            yield from map(json.loads, file)


def _write_dataset(file: TextIO, kind: str, shards: Sequence[Path], first_image: int) -> None:
    """Write one annotation file as a stream; memory does not grow with the number of pictures."""
    head = _dumps({"info": INFO, "licenses": [], "categories": categories(kind)})
    file.write(head[:-1] + ',"images":[')
    for i, record in enumerate(_records(kind, shards)):
        file.write((",\n" if i else "\n") + _dumps({"id": first_image + i, **record["image"]}))
    file.write('],"annotations":[')
    number = 0
    for i, record in enumerate(_records(kind, shards)):
        for annotation in record["annotations"]:
            ids = {"image_id": first_image + i}
            if kind == "instances":
                ids = {"id": number + 1, **ids}
            file.write((",\n" if number else "\n") + _dumps({**ids, **annotation}))
            number += 1
    file.write("]}\n")


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
