"""Print the panoptic quality of the segments argv[2] against the truth argv[1] (both JSON), as JSON.

The pictures of both are those of the truth, in the folder of its name, where the judge looks for them by default.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

from panopticapi.evaluation import pq_compute_single_core

truth, found = (json.loads(Path(name).read_text()) for name in sys.argv[1:])
pictures = sys.argv[1].removesuffix(".json")
categories = {row["id"]: row for row in truth["categories"]}
found = {row["image_id"]: row for row in found["annotations"]}
pairs = [(row, found[row["image_id"]]) for row in truth["annotations"]]
with contextlib.redirect_stdout(io.StringIO()):
    statistics = pq_compute_single_core(0, pairs, pictures, pictures, categories)
result = {name: statistics.pq_average(categories, kind)[0] for name, kind in (("all", None), ("things", True))}
print(json.dumps(result))
