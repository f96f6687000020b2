"""Pictures of many scenes side by side: one HTML page with small ones, the big ones beside it, and contact sheets."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from simulator.data import data_dir
from simulator.export.base import Format, SceneInfo, SceneWriter, place, write_json
from simulator.export.page import fact

if TYPE_CHECKING:
    from simulator.labels.frame import LabelledFrame
    from simulator.sensors.camera import CameraFrame

Image = NDArray[np.uint8]

JPEG_QUALITY, SMALL_JPEG_QUALITY = 93, 84
SMALL_PX = 320  # width of a small picture
SHEET_COLUMNS, SHEET_ROWS = 8, 8
LABEL_PX = 22  # height of a label on a contact sheet
SHEET_RGB, INK_RGB = (13, 17, 23), (230, 237, 243)


class Gallery(Format, kind="gallery"):
    """`index.html`, `pictures/` and contact `sheets/`: for each scene and camera the frame that shows most anomaly.

    A scene called `<section>--<subject>--<when>` stands under its section, in the row of its subject.
    """

    def open(self, folder: Path, scene: SceneInfo) -> SceneWriter:
        """Writer of one scene's pictures."""
        return _Tiles(folder, scene)

    def merge(self, shards: Sequence[Path], out: Path) -> None:
        """Put all pictures on one page and on contact sheets."""
        import jinja2

        tiles: list[dict[str, Any]] = []
        for shard in shards:
            scene = json.loads((shard / "scene.json").read_text(encoding="utf-8"))
            for camera in scene["cameras"]:
                picture = f"pictures/{scene['id']}-{camera}.jpg"
                place(shard / f"{camera}.jpg", out / picture)
                small = (shard / f"{camera}-small.jpg").read_bytes()
                tiles.append({**scene, "camera": camera.replace("_", " "), "picture": picture, "small": small})
        sections = []
        for name, group in groupby(tiles, key=lambda tile: tile["section"]):
            members = list(group)
            rows = [list(row) for _, row in groupby(members, key=lambda tile: tile["row"])]
            sections.append({"name": name, "rows": rows, "sheets": write_sheets(name, members, out)})
        for tile in tiles:
            tile["caption"] = caption(tile)
            tile["small"] = "data:image/jpeg;base64," + base64.b64encode(tile["small"]).decode()
        template = (data_dir("assets") / "page" / "gallery.html.jinja").read_text(encoding="utf-8")
        environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
        html = environment.from_string(template).render(sections=sections, count=len(tiles))
        (out / "index.html").write_text(html, encoding="utf-8")


class _Tiles(SceneWriter):
    """Keeps for each camera the picture that shows most of the anomalies, the first of equals.

    That is the one with most of their pixels, which count less if part of the thing lies outside.
    """

    def __init__(self, folder: Path, scene: SceneInfo) -> None:
        self._folder, self._scene = folder, scene
        self._most: dict[str, float] = {}

    def write(self, frame: LabelledFrame) -> None:
        """Keep a camera's picture if it shows more anomaly than those before."""
        for name in self._scene.cameras:
            if name not in frame.sensors:
                continue
            boxes, table = frame.annotations.boxes_2d[name], frame.annotations.boxes_3d
            odd = np.array(table.anomaly)[table.rows(boxes.object_id)] != ""
            score = float((boxes.pixels * (1.0 - boxes.truncation) ** 3)[odd].sum()) if len(boxes) else 0.0
            if score > self._most.get(name, -1):
                self._most[name] = score
                self._save(name, cast("CameraFrame", frame.sensors[name]).rgb)

    def _save(self, name: str, rgb: Image) -> None:
        import cv2

        height = round(rgb.shape[0] * SMALL_PX / rgb.shape[1])
        small = cv2.resize(rgb, (SMALL_PX, height), interpolation=cv2.INTER_AREA)
        (self._folder / f"{name}.jpg").write_bytes(jpeg(rgb, JPEG_QUALITY))
        (self._folder / f"{name}-small.jpg").write_bytes(jpeg(np.asarray(small), SMALL_JPEG_QUALITY))

    def close(self) -> None:
        """Write the card of the scene."""
        if not self._most:
            raise ValueError("a gallery needs at least one camera picture in each scene")
        cameras = [name for name in self._scene.cameras if name in self._most]
        facts = [fact(key, value) for key, value in self._scene.attributes.items() if key != "about" and value]
        section, subject, when = parts_of(self._scene.id)
        # Pictures of several cameras fill a row; single ones stand beside those of other hours.
        row = f"{subject}, {when}" if when and len(cameras) > 1 else subject
        about = self._scene.attributes.get("about", "")
        scene = {"id": self._scene.id, "about": about, "section": section, "row": row, "when": when}
        write_json(self._folder / "scene.json", {**scene, "cameras": cameras, "facts": facts})


def parts_of(scene: str) -> tuple[str, str, str]:
    """Section, subject and hour in the id of a scene, as words; ids that have no such parts are subjects."""
    words = [part.replace("_", " ") for part in scene.split("--")]
    return (words[0], words[1], words[2]) if len(words) == 3 else ("scenes", scene, "")


def caption(tile: dict[str, Any]) -> str:
    """What tells a picture from its neighbours: its camera, or the hour."""
    return str(tile["camera"] if len(tile["cameras"]) > 1 or not tile["when"] else tile["when"])


def write_sheets(name: str, tiles: Sequence[dict[str, Any]], out: Path) -> list[str]:
    """Write labelled contact sheets of the small pictures below `out`; returns their paths there."""
    paths = []
    for number, first in enumerate(range(0, len(tiles), SHEET_COLUMNS * SHEET_ROWS), 1):
        paths.append(f"sheets/{name}-{number}.jpg")
        (out / paths[-1]).parent.mkdir(exist_ok=True)
        sheet = _sheet(tiles[first : first + SHEET_COLUMNS * SHEET_ROWS])
        (out / paths[-1]).write_bytes(jpeg(sheet, SMALL_JPEG_QUALITY))
    return paths


def _sheet(tiles: Sequence[dict[str, Any]]) -> Image:
    import cv2

    pictures = [_decoded(tile["small"]) for tile in tiles]
    high = max(len(picture) for picture in pictures) + LABEL_PX
    lines = -(-len(tiles) // SHEET_COLUMNS)
    sheet = np.full((lines * high, min(len(tiles), SHEET_COLUMNS) * SMALL_PX, 3), SHEET_RGB, np.uint8)
    for number, (tile, picture) in enumerate(zip(tiles, pictures, strict=True)):
        line, column = divmod(number, SHEET_COLUMNS)
        x, y = column * SMALL_PX, line * high
        sheet[y + LABEL_PX : y + LABEL_PX + len(picture), x : x + SMALL_PX - 2] = picture[:, : SMALL_PX - 2]
        text = tile["row"] + ("" if tile["row"] == caption(tile) else f": {caption(tile)}")
        cv2.putText(sheet, text, (x + 4, y + 15), cv2.FONT_HERSHEY_SIMPLEX, 0.42, INK_RGB, 1, cv2.LINE_AA)
    return sheet


def _decoded(data: bytes) -> Image:
    import cv2

    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    return np.asarray(bgr[..., ::-1], np.uint8)


def jpeg(rgb: Image, quality: int) -> bytes:
    """(H, W, 3) RGB as JPEG."""
    import cv2

    done, data = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return data.tobytes()
