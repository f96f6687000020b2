"""Mitsuba 3 on a mesh: a program that says how long pictures of it take, by sun and sky.

Argument: an .npz with `vertices` (V, 3), `faces` (F, 3), `colors` (F, 3), `eye`, `target` (3,), `size` (2,),
`focal_px`, `toward_sun`, `sun_lx` (3,), `sky` (H, W, 3, latitude by longitude, the zenith first), `threads`. Writes
JSON: `name`, seconds by work, under `light` the mean of each picture and under `noise` the standard deviation of a
pixel in parts of it; or `missing`, what there is not. Mitsuba has to be on the path; it imports nothing of ours.
"""

from __future__ import annotations

import json
import math
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

WORKS: dict[str, tuple[dict[str, Any], int]] = {
    # Two rays to lights a sample: one to the sun and one to the sky, as ours.
    "direct 1": ({"type": "direct", "emitter_samples": 2, "bsdf_samples": 0}, 1),
    "direct 16": ({"type": "direct", "emitter_samples": 2, "bsdf_samples": 0}, 16),
    "bounce 16": ({"type": "path", "max_depth": 3}, 16),
}
OLDEST_LLVM = 16


def find_llvm() -> str | None:
    """Where LLVM's library is, the newest."""
    found = {}
    for pattern in ("lib/*/libLLVM*.so*", "lib/llvm-*/lib/libLLVM*.so*", "local/lib/libLLVM*.so*"):
        for path in Path("/usr").glob(pattern):
            version = re.search(r"libLLVM(?:-|\.so\.)(\d+)", path.name)
            if version and int(version[1]) >= OLDEST_LLVM:
                found[int(version[1])] = str(path)
    return found[max(found)] if found else None


def main() -> None:
    """Measure."""
    if "DRJIT_LIBLLVM_PATH" not in os.environ:
        library = find_llvm()
        if library is None:
            print(json.dumps({"missing": f"LLVM {OLDEST_LLVM} or newer (Debian: libllvm19; DRJIT_LIBLLVM_PATH)"}))
            return
        os.environ["DRJIT_LIBLLVM_PATH"] = library
    import drjit as dr
    import mitsuba as mi

    mi.set_variant("llvm_ad_rgb")
    given = np.load(sys.argv[1])
    dr.set_thread_count(int(given["threads"]))
    width, height = given["size"].tolist()
    matt = {
        "type": "twosided",
        "bsdf": {"type": "diffuse", "reflectance": {"type": "mesh_attribute", "name": "face_color"}},
    }
    properties = mi.Properties()
    properties["bsdf"] = mi.load_dict(matt)
    mesh = mi.Mesh("town", len(given["vertices"]), len(given["faces"]), props=properties)
    mesh.add_attribute("face_color", 3, given["colors"].astype(np.float32).ravel())
    arrays = mi.traverse(mesh)
    arrays["vertex_positions"] = mi.Float(given["vertices"].astype(np.float32).ravel())
    arrays["faces"] = mi.UInt32(given["faces"].astype(np.uint32).ravel())
    arrays.update()
    scene = mi.load_dict(
        {
            "type": "scene",
            "town": mesh,
            "sky": {
                "type": "envmap",
                "bitmap": mi.Bitmap(given["sky"].astype(np.float32)),
                "to_world": mi.ScalarTransform4f().rotate([1, 0, 0], 90),
            },
            "sun": {
                "type": "directional",
                "direction": (-given["toward_sun"]).tolist(),
                "irradiance": {"type": "rgb", "value": given["sun_lx"].tolist()},
            },
            "sensor": {
                "type": "perspective",
                "fov": math.degrees(2 * math.atan(width / 2 / float(given["focal_px"]))),
                "to_world": mi.ScalarTransform4f().look_at(given["eye"].tolist(), given["target"].tolist(), [0, 0, 1]),
                "film": {"type": "hdrfilm", "width": width, "height": height, "rfilter": {"type": "box"}},
                "sampler": {"type": "independent"},
            },
        }
    )
    seconds: dict[str, Any] = {"name": f"Mitsuba {mi.__version__} llvm_ad_rgb", "light": {}, "noise": {}}
    for work, (integrator, samples) in WORKS.items():
        best, how, pictures = math.inf, mi.load_dict(integrator), []
        for seed in range(4):  # the first compiles
            start = time.perf_counter()
            pictures.append(np.array(mi.render(scene, integrator=how, spp=samples, seed=seed)))
            best = min(best, time.perf_counter() - start)
        seconds[work], seconds["light"][work] = best, float(pictures[0].mean())
        apart = float(np.sqrt(((pictures[0] - pictures[1]) ** 2).mean() / 2))
        seconds["noise"][work] = apart / seconds["light"][work]
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
