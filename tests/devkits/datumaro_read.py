"""Print what Datumaro's importer argv[2] makes of the dataset in argv[1], as JSON."""

import json
import sys

import datumaro
import numpy as np
from datumaro.components.annotation import AnnotationType

dataset = datumaro.Dataset.import_from(sys.argv[1], sys.argv[2])
names = [label.name for label in dataset.categories()[AnnotationType.label].items]
items = []
for item in dataset:
    notes = []
    for note in item.annotations:
        row = {"type": note.type.name, "label": names[note.label], "id": note.id, "group": note.group}
        if note.type == AnnotationType.bbox:
            row["box"] = [float(x) for x in note.points]
            row["attributes"] = note.attributes
        elif note.type == AnnotationType.mask:
            v, u = np.nonzero(note.image)
            row["area"] = len(u)
            row["box"] = [int(x) for x in (u.min(), v.min(), u.max() + 1, v.max() + 1)]
        notes.append(row)
    pixels = item.media.data
    items.append(
        {
            "id": item.id,
            "subset": item.subset,
            "size": list(pixels.shape[:2]),
            "sum": int(pixels[..., :3].sum(dtype=np.int64)),
            "annotations": notes,
        }
    )
detected = datumaro.Environment().detect_dataset(sys.argv[1])
print(json.dumps({"items": sorted(items, key=lambda item: item["id"]), "names": names, "detected": detected}))
