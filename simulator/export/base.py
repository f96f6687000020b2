"""What a dataset format is, and the protocol by which many processes write one dataset together.

The life of a dataset, format by format:

1. For each scene one worker calls `writer = format.open(shard, scene)`, then `writer.write(frame)` for every
   frame in time order, then `writer.close()`. `shard` is a folder of this scene and this format alone: empty,
   made by the caller, typically temporary and renamed when the scene is complete. A writer keeps at most its
   current frame in memory and writes only below `shard`. Several formats are fed from one stream of frames,
   one writer each.
2. When all scenes are there, one process calls `format.merge(shards, out)` with the shards in the order of
   the dataset. It writes the whole dataset of this format below `out` (empty, made by the caller) and leaves
   the shards untouched, so a merge that was killed is simply repeated into a fresh folder. Big files are
   hard-linked where the file system can, so a merge takes no space and hardly any time.

What is written depends on the frames, the scene and the format's own fields only: equal inputs give equal
bytes, in whatever process, order or number of workers. A shard holds no path, number or id of another scene;
`merge` numbers by position in `shards`. No file holds the time of writing.

`OSError` (disk full, no permission) passes through unchanged; half-written files then lie only in `shard` or
`out`. Values that the format cannot express raise `InputError` at the first frame.
"""

from __future__ import annotations

import json
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.scenario.family import Family

if TYPE_CHECKING:
    from simulator.labels.frame import LabelledFrame


@dataclass(frozen=True, slots=True)
class SceneInfo:
    """What a writer knows of a scene before its first frame.

    Attributes:
        id: unique in the dataset; letters, digits, `-` and `_` only (it becomes part of file names).
        cameras: names of the rig's cameras, the main one first.
        lidars: names of the rig's lidars, the main one first.
        attributes: facts about the whole scene, such as {"scenario": "night_rain", "rain_mm_h": "12"}.
    """

    id: str
    cameras: tuple[str, ...]
    lidars: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)


class SceneWriter(ABC):
    """Writes the frames of one scene into its shard; see the module for the protocol."""

    @abstractmethod
    def write(self, frame: LabelledFrame) -> None:
        """Write one frame. Frames come in time order; a frame holds the sensors that are due at its time."""

    @abstractmethod
    def close(self) -> None:
        """Finish the shard. Not called when rendering the scene failed."""


class Format(Family, family="export"):
    """Base of all dataset formats: `class Kitti(Format, kind="kitti")`; fields are the format's options."""

    @abstractmethod
    def open(self, folder: Path, scene: SceneInfo) -> SceneWriter:
        """Writer of one scene's frames into the empty `folder`."""

    @abstractmethod
    def merge(self, shards: Sequence[Path], out: Path) -> None:
        """Assemble finished shards, in this order, into the dataset below the empty folder `out`."""

    def write_scene(self, frames: Iterable[LabelledFrame], folder: Path, scene: SceneInfo) -> None:
        """Write a whole scene: `open`, `write` each frame, `close`."""
        writer = self.open(folder, scene)
        for frame in frames:
            writer.write(frame)
        writer.close()


def place(source: Path, target: Path) -> None:
    """Give the file `source` a second name `target` (hard link, or a copy where links are not possible)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def write_png(path: Path, image: Any) -> None:
    """Write an image (H, W), (H, W, 3) RGB or (H, W, 4) RGBA, 8 or 16 bit, as PNG; makes the folder.

    Raises OSError when it cannot be written (unlike cv2.imwrite, which only returns False).
    """
    import cv2

    if image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR if image.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    # Run lengths suit noisy pictures and masks: smaller and three times faster than zlib's search for repeats,
    # which smooth 16-bit depth needs.
    options = [cv2.IMWRITE_PNG_COMPRESSION, 3]
    if image.dtype.itemsize == 1:
        options += [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
    done, data = cv2.imencode(".png", image, options)
    if not done:
        raise ValueError(f"cannot encode an image of shape {image.shape} and type {image.dtype} as PNG")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.tobytes())


def write_json(path: Path, value: Any) -> None:
    """Write compact JSON with a final newline; keys keep their order, NaN is an error; makes the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")


def is_validation(scenes: int, fraction: float) -> list[bool]:
    """Which of the scenes of a dataset go to its validation part: evenly spread, whole scenes, one at least of two."""
    count = round(scenes * fraction)
    if fraction > 0 and scenes > 1:
        count = min(max(count, 1), scenes - 1)
    return [(i + 1) * count // scenes > i * count // scenes for i in range(scenes)]
