"""How bright `standard` is beside `reference`: mean luminance by region of the picture, in many weathers and hours.

`python -m benchmarks light [SCENE ...] [--seed N] [--pictures N] [--paths N] [--width PX] [--json FILE]`

Each scene is drawn some times, at a quarter of KITTI's size, each time in both qualities with other random numbers and
with the camera turned by a part of a pixel, for what is small and shines meets samples by chance. A row is the mean
luminance of the pixels of a region in the reference, that of standard over it, and the standard error of this ratio by
how the pairs of pictures differ. Regions of fewer than 150 pixels are left out. A ratio is marked "beyond" if by two
errors it is more than a tenth off 1, and "open" if it may or may not be.

Pixels about burning lamps, and about their images in level water and in panes, are a region of their own: one path in
hundreds that meets a lamp far off, a million times as bright as the road beside it, would else decide over the mean of
what its pixel happens to show in the middle. Even there it decides: one of 48 paths through a pane that mirrors the
middle of a beam gave a third of the region's light in one picture, and none in the others. So pixels count up to a
bound in this region, above which they are white at any exposure. Images of the sun in panes count as those of lamps.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from simulator.sensors.optics import CameraModel
    from simulator.sensors.shading.transport import Transport

F32 = NDArray[np.float32]
Bools = NDArray[np.bool_]

FEWEST_PX, BAR = 150, 0.10
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
LAMP, LAMP_PX = "lamp", 16  # about lamps that are smaller in the picture; nearer ones are surfaces as others
# Pixels count up to this there: by night twice what is saturated at 100 cd/m2 with the largest headroom, 24 times that;
# by day so many times what a tenth of the picture outshines.
LAMP_MOST_CD_M2, LAMP_MOST = 5000.0, 5.0
# Images of lamps in panes: so near to a lamp goes what the middle of a pixel mirrors, and so far about such pixels.
IMAGE_COSINE, IMAGE_PX = math.cos(math.radians(2.0)), 2
REGIONS = {
    "sky": ("sky",),
    "road": ("road", "road_marking", "road_defect"),
    "sidewalk": ("sidewalk", "kerb"),
    "ground": ("terrain",),
    "vegetation": ("vegetation",),
    "building": ("building",),
    "wall, rail": ("wall", "fence", "guard_rail", "barrier"),
    "pole, sign": ("pole", "traffic_sign", "traffic_light", "street_furniture"),
    "vehicle": ("car", "van", "truck", "trailer", "bus", "tram", "construction_vehicle", "motorcycle", "bicycle"),
    "person": ("pedestrian", "rider"),
    LAMP: (),
}
TRAFFIC = {"vehicles": 25, "parked": 15, "pedestrians": 30, "cyclists": 6}
TOWN = {"road": {"kind": "town"}, "traffic": TRAFFIC, "surroundings": {"kind": "town"}}
TUNNEL = {"road": {"kind": "tunnel"}, "traffic": {"vehicles": 10}}


def _at(clock_h: str, date: str = "2025-05-20") -> dict[str, Any]:
    return {"date": date, "clock_h": clock_h, "utc_offset_h": 1}


NOON, LOW, DUSK, NIGHT = _at("12:30"), _at("05:35"), _at("20:25"), _at("23:30")
WINTER, WINTER_NIGHT = _at("12:30", "2025-01-20"), _at("21:00", "2025-01-20")
WET = {"cloud_oktas": 8, "water_film_mm": 0.6}
FOG = {"cloud_oktas": 8, "visibility_m": 80}
SNOW = {"cloud_oktas": 2, "snow_depth_mm": 90, "temperature_c": -5}
SCENES: dict[str, dict[str, Any]] = {
    "clear": {**TOWN, "time": NOON, "weather": {"cloud_oktas": 0}},
    "clear, low sun": {**TOWN, "time": LOW, "weather": {"cloud_oktas": 1}},
    "clear, dusk": {**TOWN, "time": DUSK, "weather": {"cloud_oktas": 3}},
    "clear, night": {**TOWN, "time": NIGHT, "weather": {"cloud_oktas": 3}},
    "overcast": {**TOWN, "time": NOON, "weather": {"cloud_oktas": 8}},
    "wet": {**TOWN, "time": NOON, "weather": WET},
    "wet, dusk": {**TOWN, "time": DUSK, "weather": WET},
    "wet, night": {**TOWN, "time": NIGHT, "weather": WET},
    "fog": {**TOWN, "time": NOON, "weather": FOG},
    "fog, dusk": {**TOWN, "time": DUSK, "weather": FOG},
    "fog, night": {**TOWN, "time": NIGHT, "weather": FOG},
    "snow": {**TOWN, "time": WINTER, "weather": SNOW},
    "snow, night": {**TOWN, "time": WINTER_NIGHT, "weather": SNOW},
    "tunnel": {**TUNNEL, "time": NOON},
}


def pictures(scene: str, seed: int, count: int, paths: int, width: int, threads: int) -> tuple[F32, Bools]:
    """Luminances (2, count, H, W) in standard and in reference of so many paths a pixel, and the masks of the regions
    in them, (2, count, REGIONS, H, W)."""
    from simulator.numerics.rng import generator
    from simulator.pipeline.flow import sensors_of
    from simulator.scenario.models import Scenario
    from simulator.scene.classes import class_id
    from simulator.sensors.camera import Camera
    from simulator.sensors.shading.picture import owners_of, pixels_of_lamps, take_picture
    from simulator.sensors.shading.transport import QUALITIES
    from simulator.sensors.stage import Stage
    from simulator.world import build_world

    scenario = Scenario.model_validate({"duration_s": 0.2, **SCENES[scene]}).sample(seed)
    world = build_world(scenario)
    stage = Stage(world.scene, world.timeline, world.atmosphere, world.ego, threads)
    stage.at(0)
    camera = next(s for s in sensors_of(scenario).values() if isinstance(s, Camera))
    share = width / camera.width
    sizes = {name: getattr(camera, name) * share for name in ("fx", "fy", "cx", "cy")}
    camera = camera.model_copy(update={"width": width, "height": round(camera.height * share), **sizes})
    pose = stage.world_SE3_ego() @ camera.ego_SE3_sensor
    pose[:3, 3] -= world.scene.origin
    qualities = QUALITIES["standard"], replace(QUALITIES["reference"], samples=paths)
    lamps = np.concatenate([stage.lamps()["position"] * turned for turned in ([1, 1, 1], [1, 1, -1])])
    light = np.empty((2, count, camera.height, camera.width), np.float32)
    masks = np.empty((2, count, len(REGIONS), camera.height, camera.width), np.bool_)
    places = generator(seed, "places in the pixel").uniform(-0.5, 0.5, (count, 2))
    for k, (right, down) in enumerate(places):
        moved = camera.model_copy(update={"cx": camera.cx + right, "cy": camera.cy + down}).model
        for which, quality in enumerate(qualities):
            picture, transport = take_picture(stage, moved, pose, 1000 * seed + k, quality)
            light[which, k] = picture.radiance @ LUMINANCE
            classes, lamp = owners_of(stage, picture.instance)[1], np.zeros(light.shape[2:], np.bool_)
            lamp.flat[pixels_of_lamps(lamps, moved, pose[:3].astype(np.float32), LAMP_PX)] = True
            lamp |= images_in_panes(lamps[: len(lamps) // 2], moved, pose, transport)
            for mask, (region, names) in zip(masks[which, k], REGIONS.items()):
                mask[:] = lamp if region == LAMP else ~lamp & np.isin(classes, [class_id(name) for name in names])
    return light, masks


def images_in_panes(lamps: F32, camera: CameraModel, pose: NDArray[np.float64], transport: Transport) -> Bools:
    """(H, W) whether a pane in a pixel's middle, or one behind it, mirrors what is about the sun or a lamp, (L, 3)."""
    from simulator.sensors.shading.surface import GLASS_LEAST, MISS
    from simulator.sensors.stage import SEEN

    ways = np.ascontiguousarray(camera.rays().reshape(-1, 3) @ pose[:3, :3].T, np.float32)
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    found = np.zeros(len(ways), np.bool_)
    for layers in (0, 1):
        points, _ = transport.first_points(pose[:3, 3].astype(np.float32), ways, 1e-3, SEEN, layers)
        panes = np.flatnonzero((points["state"] != MISS) & (points["transmission"] > GLASS_LEAST))
        place, normal = (np.stack([points[axis][panes] for axis in axes], 1) for axes in ("xyz", ("nx", "ny", "nz")))
        mirrored = ways[panes] - 2 * (ways[panes] * normal).sum(1, keepdims=True) * normal
        toward = lamps[None] - place[:, None]
        cosine = (toward * mirrored[:, None]).sum(2) / np.linalg.norm(toward, axis=2)
        found[panes] |= (cosine > IMAGE_COSINE).any(1)
        if transport.sky.sun_lx[1] > 0:
            found[panes] |= mirrored @ transport.sky.sun_direction > IMAGE_COSINE
    about = np.ones((2 * IMAGE_PX + 1, 2 * IMAGE_PX + 1), np.uint8)
    return cv2.dilate(found.reshape(camera.height, camera.width).astype(np.uint8), about) > 0


def compared(light: F32, masks: Bools) -> list[dict[str, Any]]:
    """Pixels, mean luminance, ratio and its standard error of each region that is large enough; see `pictures`."""
    found = []
    for region, mask in zip(REGIONS, np.moveaxis(masks, 2, 0)):
        pixels = mask.sum((2, 3))
        if pixels.min() < FEWEST_PX:
            continue
        most = max(LAMP_MOST_CD_M2, LAMP_MOST * np.quantile(light, 0.9)) if region == LAMP else math.inf
        ours, theirs = np.where(mask, np.minimum(light, most), 0).sum((2, 3), dtype=np.float64) / pixels
        ratio = ours.sum() / theirs.sum()
        error = float((ours - ratio * theirs).std(ddof=1) / math.sqrt(len(ours)) / theirs.mean())
        row = {"region": region, "pixels": int(pixels.mean()), "cd_m2": float(theirs.mean())}
        found.append({**row, "ratio": float(ratio), "error": error})
    return found


def main() -> None:
    """Compare the scenes asked for, or all, and print a line for each region as soon as it is known."""
    from simulator.numerics.parallel import available_threads

    parser = argparse.ArgumentParser(prog="python -m benchmarks light", description=__doc__)
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=f"of {list(SCENES)}; default: all")
    parser.add_argument("--seed", type=int, default=11, help="of the scenes")
    parser.add_argument("--pictures", type=int, default=4, help="of each scene in each quality")
    parser.add_argument("--paths", type=int, default=64, help="a pixel in each picture of the reference")
    parser.add_argument("--width", type=int, default=310, help="of the pictures, pixels")
    parser.add_argument("--threads", type=int, default=available_threads(), help="default: one a processor")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there")
    options = parser.parse_args()
    if unknown := [name for name in options.scenes if name not in SCENES]:
        parser.error(f"no scene {unknown[0]!r}; there are {list(SCENES)}")
    if options.pictures < 2:
        parser.error("--pictures: at least 2, whose difference tells the error")
    rows = []
    print(f"{'scene':16s}{'region':12s}{'pixels':>7s}{'cd/m2':>11s}{'ratio':>8s}{'error':>7s}")
    for scene in options.scenes or SCENES:
        begin = time.perf_counter()
        seen = pictures(scene, options.seed, options.pictures, options.paths, options.width, options.threads)
        for row in compared(*seen):
            rows.append({"scene": scene, **row})
            off, error = abs(row["ratio"] - 1) - BAR, 2 * row["error"]
            beyond = "" if off <= -error else "  beyond" if off > error else "  open"
            print(f"{scene:16s}{row['region']:12s}{row['pixels']:7d}{row['cd_m2']:11.4g}{row['ratio']:8.3f}"
                  f"{row['error']:7.3f}{beyond}", flush=True)  # fmt: skip
        print(f"({time.perf_counter() - begin:.0f} s)", file=sys.stderr, flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
