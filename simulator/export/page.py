"""One self-contained HTML page to look at: for each scene its picture, labels, lidar from above, and its numbers."""

from __future__ import annotations

import base64
import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from simulator.data import data_dir
from simulator.export.base import Format, SceneInfo, SceneWriter, write_json
from simulator.numerics import se3
from simulator.scene.classes import classes

if TYPE_CHECKING:
    from simulator.labels.frame import LabelledFrame
    from simulator.sensors.camera import CameraFrame
    from simulator.sensors.lidar import LidarFrame

Image = NDArray[np.uint8]

JPEG_QUALITY = 88
TOP_VIEW_PX = 720
TOP_VIEW_M = (-25.0, 65.0)  # shown ahead of the lidar
ANOMALY_RGB = (255, 138, 0)
BACKGROUND_RGB = (13, 17, 23)


class Page(Format, kind="page"):
    """`index.html`: the frame of each scene that shows its anomaly best."""

    def open(self, folder: Path, scene: SceneInfo) -> SceneWriter:
        """Writer of one scene's card."""
        return _Card(folder, scene)

    def merge(self, shards: Sequence[Path], out: Path) -> None:
        """Put all cards on one page."""
        import jinja2

        cards = []
        for shard in shards:
            card = json.loads((shard / "card.json").read_text(encoding="utf-8"))
            for name in ("picture", "labels", "lidar"):
                data = (shard / f"{name}.jpg").read_bytes()
                card[name] = "data:image/jpeg;base64," + base64.b64encode(data).decode()
            cards.append(card)
        template = (data_dir("assets") / "page" / "index.html.jinja").read_text(encoding="utf-8")
        environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
        totals = {
            "scenes": len(cards),
            "frames": sum(card["frames"] for card in cards),
            "objects": sum(card["objects"] for card in cards),
            "points": sum(card["points"] for card in cards),
        }
        html = environment.from_string(template).render(cards=cards, totals=totals)
        (out / "index.html").write_text(html, encoding="utf-8")


class _Card(SceneWriter):
    """Keeps the frame in which the anomaly is seen best (else the one with most objects)."""

    def __init__(self, folder: Path, scene: SceneInfo) -> None:
        self._folder, self._scene = folder, scene
        self._best: tuple[int, int] = (-1, -1)
        self._card: dict[str, Any] = {}
        self._frames = self._objects = self._points = 0

    def write(self, frame: LabelledFrame) -> None:
        """Count what a frame shows, and keep its picture if it shows more anomaly than those before."""
        self._frames += 1
        self._points += sum(len(labels.object) for labels in frame.annotations.points.values())
        self._objects += sum(int((boxes.pixels > 0).sum()) for boxes in frame.annotations.boxes_2d.values())
        name = next((name for name in self._scene.cameras if name in frame.sensors), None)
        if name is None:
            return
        boxes = frame.annotations.boxes_2d[name]
        anomaly = np.array(frame.annotations.boxes_3d.anomaly)[frame.annotations.boxes_3d.rows(boxes.object_id)] != ""
        score = (int(boxes.pixels[anomaly].sum()) if len(boxes) else 0, int((boxes.pixels > 0).sum()))
        if score <= self._best and self._card:
            return
        self._best = score
        self._draw(frame, name)

    def _draw(self, frame: LabelledFrame, name: str) -> None:
        from simulator.sensors.lidar import LidarFrame

        camera: Any = frame.sensors[name]
        self._save("picture", camera.rgb)
        self._save("labels", draw_labels(frame, name))
        lidar = next((s for s in frame.sensors.values() if isinstance(s, LidarFrame)), None)
        self._save("lidar", draw_from_above(frame, lidar))
        boxes, table = frame.annotations.boxes_2d[name], frame.annotations.boxes_3d
        seen = boxes.object_id[boxes.pixels > 0]
        rows = table.rows(seen)
        count = Counter(classes()[int(table.class_id[row])].name for row in rows)
        odd = sorted(
            {f"{table.anomaly[row]} {classes()[int(table.class_id[row])].name}" for row in rows if table.anomaly[row]}
        )
        self._card = {
            "id": self._scene.id,
            "about": self._scene.attributes.get("about", ""),
            "facts": [fact(key, value) for key, value in self._scene.attributes.items() if key != "about" and value],
            "time_s": frame.time_ns * 1e-9,
            "seen": [[kind.replace("_", " "), number] for kind, number in count.most_common()],
            "anomalies": [text.replace("_", " ") for text in odd],
            "lidar_points": 0 if lidar is None else len(lidar.points),
        }

    def _save(self, name: str, image: Image) -> None:
        import cv2

        done, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        assert done
        (self._folder / f"{name}.jpg").write_bytes(data.tobytes())

    def close(self) -> None:
        """Write the card of the scene."""
        if not self._card:
            raise ValueError("a page needs at least one camera picture in each scene")
        self._card |= {"frames": self._frames, "objects": self._objects, "points": self._points}
        write_json(self._folder / "card.json", self._card)


UNITS = {"mm_h": "mm/h", "mps": "m/s", "mm": "mm", "m": "m", "deg": "°", "c": "°C", "h": "h", "oktas": "oktas"}


def fact(key: str, value: str) -> tuple[str, str]:
    """A name and a value to read: ("rain", "17.2 mm/h") of ("rain_mm_h", "17.2345")."""
    if key == "clock_h":
        minutes = round(float(value) * 60)
        return "local time", f"{minutes // 60:02d}:{minutes % 60:02d}"
    stem, unit = key, ""
    for suffix, text in UNITS.items():
        if key.endswith(f"_{suffix}"):
            stem, unit = key.removesuffix(f"_{suffix}"), text
            break
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if value.isdigit():
        return stem.replace("_", " "), f"{value} {unit}".strip()
    if math.isnan(number):
        return stem.replace("_", " "), value.replace("_", " ").replace(",", ", ")
    short = f"{number:.0f}" if number.is_integer() else f"{number:.4g}"
    return stem.replace("_", " "), f"{short} {unit}".strip()


def _colors() -> Image:
    return np.array([row.color for row in classes()], np.uint8)


def draw_labels(frame: LabelledFrame, name: str) -> Image:
    """(H, W, 3) picture with its masks, outlines, visible boxes and names; anomalies in orange."""
    import cv2

    camera = cast("CameraFrame", frame.sensors[name])
    labels, table = frame.annotations, frame.annotations.boxes_3d
    boxes, ids = labels.boxes_2d[name], labels.instance[name]
    tint = _colors()[labels.semantic[name]].astype(np.float32)
    odd = {int(i) for i, code in zip(table.object_id, table.anomaly) if code}
    tint[np.isin(ids, list(odd))] = ANOMALY_RGB
    grey = camera.rgb.astype(np.float32).mean(2, keepdims=True)
    image = np.clip(0.35 * camera.rgb + 0.2 * grey + 0.5 * tint, 0, 255)
    edge = np.zeros(ids.shape, bool)
    edge[:, 1:] |= ids[:, 1:] != ids[:, :-1]
    edge[1:] |= ids[1:] != ids[:-1]
    image[edge] = 255
    canvas = np.ascontiguousarray(image.astype(np.uint8))
    for k in np.argsort(boxes.pixels):
        if boxes.pixels[k] < 12:
            continue
        row = int(table.rows(boxes.object_id[k : k + 1])[0])
        color = ANOMALY_RGB if table.anomaly[row] else tuple(int(c) for c in _colors()[boxes.class_id[k]])
        bright = tuple(min(255, c + 60) for c in color)
        x0, y0, x1, y1 = np.rint(boxes.visible[k]).astype(int)
        cv2.rectangle(canvas, (x0, y0), (x1, y1), bright, 2 if table.anomaly[row] else 1)
        if table.anomaly[row] or boxes.pixels[k] > 900:
            text = classes()[int(boxes.class_id[k])].name.replace("_", " ") + (
                f" {table.anomaly[row]}" if table.anomaly[row] else ""
            )
            _tag(canvas, text, (x0, y0), bright)
    return canvas


def _tag(canvas: Image, text: str, corner: tuple[int, int], color: tuple[int, ...]) -> None:
    import cv2

    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.38, 1)
    x, y = corner[0], max(corner[1], height + 5)
    cv2.rectangle(canvas, (x, y - height - 5), (x + width + 4, y), (15, 15, 15), -1)
    cv2.putText(canvas, text, (x + 2, y - 3), cv2.FONT_HERSHEY_SIMPLEX, 0.38, color, 1, cv2.LINE_AA)


def draw_from_above(frame: LabelledFrame, lidar: LidarFrame | None) -> Image:
    """Square top view: the lidar's points coloured by class, 3D boxes as outlines, the ego as an arrow; ahead is up."""
    import cv2

    size = TOP_VIEW_PX
    canvas = np.full((size, size, 3), BACKGROUND_RGB, np.uint8)
    scale = size / (TOP_VIEW_M[1] - TOP_VIEW_M[0])

    def pixels(points: NDArray[Any]) -> NDArray[np.int64]:
        """Columns and rows (N, 2) of points (N, 2+), m in the frame of the lidar."""
        return np.stack([size / 2 - points[:, 1] * scale, size - (points[:, 0] - TOP_VIEW_M[0]) * scale], 1).astype(int)

    for radius in range(20, 80, 20):
        cv2.circle(
            canvas, tuple(pixels(np.zeros((1, 2)))[0].tolist()), int(radius * scale), (32, 40, 50), 1, cv2.LINE_AA
        )
    ego_SE3_world = se3.inverse(frame.ego_pose)
    if lidar is not None:
        level = se3.apply(ego_SE3_world @ lidar.world_SE3_lidar, lidar.points)
        order = np.argsort(level[:, 2])
        at = pixels(level)[order]
        inside = ((at >= 0) & (at < size)).all(1)
        shade = np.clip(0.55 + 0.25 * level[order, 2:3] / 2.0, 0.35, 1.25)
        color = np.clip(_colors()[lidar.semantic[order]] * shade + 40, 0, 255).astype(np.uint8)
        codes = dict(zip(frame.annotations.boxes_3d.object_id.tolist(), frame.annotations.boxes_3d.anomaly))
        odd = np.array([bool(codes.get(int(i), "")) for i in lidar.object[order]], bool)
        color[odd] = ANOMALY_RGB
        canvas[at[inside, 1], at[inside, 0]] = color[inside]
        for u, v in at[inside & odd]:
            cv2.circle(canvas, (int(u), int(v)), 1, ANOMALY_RGB, -1)
    table = frame.annotations.boxes_3d
    for k, corners in enumerate(table.corners()):
        if table.num_lidar_points[k] == 0:
            continue
        ring = pixels(se3.apply(ego_SE3_world, corners[[0, 2, 6, 4]]))
        bright = tuple(min(255, int(c) + 70) for c in _colors()[table.class_id[k]])
        outline = ANOMALY_RGB if table.anomaly[k] else bright
        cv2.polylines(canvas, [ring.astype(np.int32)], True, outline, 1, cv2.LINE_AA)
    x, y = pixels(np.zeros((1, 2)))[0]
    arrow = np.array([[x, y - 14], [x + 7, y + 8], [x, y + 4], [x - 7, y + 8]], np.int32)
    cv2.fillPoly(canvas, [arrow], (240, 240, 240), cv2.LINE_AA)
    return canvas
