"""Print KITTI's average precisions of the results in the folders argv[3], ... against the labels in argv[2], as JSON.

argv[1] is the folder with the judge.
"""

import json
import sys
from pathlib import Path

import numpy as np

REPEAT = 60  # few objects cannot reach 100 by the benchmark's sampling of 40 recalls: the frames are judged often

sys.path.insert(0, str(Path(sys.argv[1]) / "mmdet3d" / "evaluation" / "functional"))
from kitti_utils import do_eval  # noqa: E402


def read(path: Path) -> dict:
    rows = [line.split() for line in path.read_text().splitlines()]
    numbers = np.array([[float(x) for x in row[1:]] for row in rows]).reshape(len(rows), -1)
    found = {
        "name": np.array([row[0] for row in rows], "U20"),
        "truncated": numbers[:, 0],
        "occluded": numbers[:, 1],
        "alpha": numbers[:, 2],
        "bbox": numbers[:, 3:7],
        "dimensions": numbers[:, [9, 7, 8]],
        "location": numbers[:, 10:13],
        "rotation_y": numbers[:, 13],
    }
    if numbers.shape[1] > 14:
        found["score"] = numbers[:, 14]
    return found


def frames(folder: str) -> list[dict]:
    return [read(path) for path in sorted(Path(folder).glob("*.txt"))] * REPEAT


truth = frames(sys.argv[2])
least_overlap = np.array([0.7, 0.5, 0.5]) * np.ones((1, 3, 1))  # of the benchmark: cars, pedestrians, cyclists
judged = []
for folder in sys.argv[3:]:
    _, _, _, _, box, _, _, facing = do_eval(truth, frames(folder), [0, 1, 2], least_overlap, eval_types=["bbox", "aos"])
    # for each class: easy, moderate, hard
    judged.append({"box": box[:, :, 0].tolist(), "orientation": facing[:, :, 0].tolist()})
print(json.dumps(judged))
