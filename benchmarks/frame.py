"""A labelled frame of a busy town with the KITTI rig (camera 1242x375, HDL-64E), stage by stage.

The rows are the seconds of each stage of one frame, and of what is done once a scene; then frames a second, one after
the other, with everything moved and the labels of the camera (masks, boxes, depth); then peers that draw the same
scene.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers import INSTALLED
from benchmarks.table import Row, best_seconds, row

FRAMES = {"preview": 10, "standard": 2}  # frames of each quality, of which the best counts


def busy_town() -> Any:
    """A concrete scenario: 40 vehicles, 30 people, trees and houses around a crossing, in daylight."""
    from simulator.scenario.models import Scenario

    data = {
        "duration_s": 0.2,
        "road": {"kind": "town"},
        "traffic": {"vehicles": 25, "parked": 15, "pedestrians": 30, "cyclists": 3},
        "anomalies": [{"kind": "lost_cargo", "cargo": "sofa", "ahead_m": 20, "lateral_m": 0}],
        "surroundings": {"kind": "town"},
    }
    return Scenario.model_validate(data).sample(11)


def rows(threads: int) -> list[Row]:
    """Seconds a stage."""
    from simulator.export.base import SceneInfo
    from simulator.labels.annotate import annotate
    from simulator.labels.frame import LabelledFrame
    from simulator.pipeline.flow import sensors_of
    from simulator.scenario.family import member
    from simulator.sensors.frame import Frame
    from simulator.sensors.stage import Stage
    from simulator.world import build_world

    scenario = busy_town()
    build_world(scenario)  # compiles
    world, built = _timed(lambda: build_world(scenario))
    stage, staged = _timed(lambda: Stage(world.scene, world.timeline, world.atmosphere, world.ego, threads))
    rig = sensors_of(scenario)
    triangles = sum(len(world.scene.meshes[k].faces) for k in world.scene.instance_mesh)
    print(f"{len(world.scene.objects) - 1} objects, {triangles:,} triangles")

    times = [10_000_000, 20_000_000]

    def move() -> None:
        times.reverse()
        stage.at(times[0])

    def sense(name: str, quality: str) -> Any:
        return rig[name].sense(stage, times[0], 1, quality)

    readings = {"front": sense("front", "standard"), "top": sense("top", "standard")}
    snapshot = stage.at(times[0])
    both = Frame(0, times[0], snapshot.world_SE3_object[world.ego], readings)
    frame = Frame(0, times[0], both.ego_pose, {"front": readings["front"]})
    labels = annotate(world.scene, snapshot, both, stage.bent)
    labelled = LabelledFrame(0, both.time_ns, both.ego_pose, readings, labels)
    info = SceneInfo("000000", ("front",), ("top",))

    def export(kind: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            member("export", kind)().write_scene([labelled], Path(folder), info)  # type: ignore[attr-defined]

    works: dict[str, Callable[[], object]] = {
        "move everything": move,
        "camera preview": lambda: sense("front", "preview"),
        "labels": lambda: annotate(world.scene, snapshot, frame, stage.bent),
        "camera standard": lambda: sense("front", "standard"),
        "lidar HDL-64E sweep": lambda: sense("top", "standard"),
        "labels of the sweep, too": lambda: annotate(world.scene, snapshot, both, stage.bent),
        "export kitti": lambda: export("kitti"),
        "export coco": lambda: export("coco"),
    }
    sense("front", "preview")
    best = dict(zip(works, best_seconds(list(works.values()), rounds=5)))

    def labelled_frame(quality: str) -> None:
        """A moment of a drive, as the pipeline makes it."""
        move()
        picture = sense("front", quality)
        now = Frame(0, times[0], stage.world_SE3_ego(), {"front": picture})
        annotate(world.scene, stage.snapshot, now, stage.bent)

    whole = {quality: best_seconds([partial(labelled_frame, quality)], rounds) for quality, rounds in FRAMES.items()}
    lines = [row("build world (once)", "s", threads, built), row("build stage (once)", "s", threads, staged)]
    lines += [row(name, "s", threads, seconds) for name, seconds in best.items()]
    for quality, (seconds,) in whole.items():
        lines.append(row(f"labelled frame {quality}", "frames/s", threads, 1 / seconds))
    lines.append(_pyrender(world, stage, rig["front"], threads, whole["preview"][0]))
    return lines + _mitsuba(world, stage, rig["front"], threads)


def _pyrender(world: Any, stage: Any, camera: Any, threads: int, ours: float) -> Row:
    """Our preview with shadows and labels beside a rasteriser's picture without shadows, with masks and depth."""
    from simulator.sensors.preview import NoGraphics, Preview

    try:
        with Preview(world.scene, world.atmosphere) as preview:
            pose = stage.world_SE3_ego() @ camera.ego_SE3_sensor
            seconds = best_seconds([lambda: preview.render(stage.snapshot, camera.model, pose)], rounds=2)[0]
    except NoGraphics as reason:
        print(f"pyrender is left out: {reason}")
        return row("pyrender", "frames/s", threads, 1 / ours)
    return row("pyrender", "frames/s", threads, 1 / ours, 1 / seconds, "pyrender, no shadows, masks")


def _mitsuba(world: Any, stage: Any, camera: Any, threads: int) -> list[Row]:
    """Our paths beside Mitsuba's: the same triangles, plain colours, camera, sun and sky, equal samples and bounces.

    At each surface but the last of several Mitsuba casts one ray to either sun or sky and one by the material, for
    direct light two to either; ours one to each of both at the first surface, and one to either at the others. Ours go
    on from dark surfaces by chance only, as are rays to lights that would bring little; their pictures are less noisy
    nevertheless, for what they draw is stratified: the noise of either is printed.
    All of our surfaces reflect as dielectrics do, which Mitsuba's diffuse ones do not: that is 6 % more light.
    """
    from simulator.sensors.shading.picture import take_picture
    from simulator.sensors.shading.transport import QUALITIES
    from simulator.sensors.stage import Stage

    scene = plain(world.scene)
    clear = replace(stage.atmosphere, visibility_m=1e12)
    time_ns = stage.snapshot.time_ns
    stage = Stage(scene, world.timeline, clear, world.ego, threads)
    stage.at(time_ns)
    pose = stage.world_SE3_ego() @ camera.ego_SE3_sensor
    pose[:3, 3] -= scene.origin
    ours, light, noise = {}, {}, {}
    for work, samples, bounces in (("direct 1", 1, 0), ("direct 16", 16, 0), ("bounce 16", 16, 1)):
        quality = replace(QUALITIES["reference"], samples=samples, bounces=bounces)
        first, second = (take_picture(stage, camera.model, pose, seed, quality)[0].radiance for seed in (1, 2))
        light[work], noise[work] = float(first.mean()), noise_of(first, second)
        ours[work] = best_seconds([partial(take_picture, stage, camera.model, pose, 1, quality)], rounds=3)[0]
    theirs = _peer_light(scene, world.ego, stage, camera, pose, threads)
    name = theirs.pop("name", "")
    if "light" in theirs:  # not of direct light: with several samples of lights Mitsuba's has more than its `path`
        ratio = light["bounce 16"] / theirs.pop("light")["bounce 16"]
        print(f"our picture with a bounce has {ratio:.3f} times the light of Mitsuba's")
        for work, other in theirs.pop("noise").items():
            print(f"noise of a pixel, {work}: ours {noise[work]:.3f} of the mean, Mitsuba's {other:.3f}")
    titles = {
        "direct 1": "mitsuba 1 spp direct",
        "direct 16": "mitsuba 16 spp direct",
        "bounce 16": "mitsuba 16 spp, 1 bounce",
    }
    return [row(titles[work], "s", threads, ours[work], theirs.get(work), name) for work in ours]


def noise_of(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Standard deviation of a pixel in parts of the mean, from two pictures drawn independently."""
    return float(np.sqrt(((first - second) ** 2).mean() / 2) / first.mean())


def plain(scene: Any) -> Any:
    """A scene whose materials are opaque and matt, each of its mean colour."""
    from simulator.scene import Material

    materials = []
    for given in scene.materials:
        color = np.array(given.albedo)
        if given.texture is not None:
            color *= (given.texture.rgba[..., :3].reshape(-1, 3) / 255.0).mean(0) ** 2.2
        materials.append(Material(given.name, tuple(np.clip(color, 0, 0.95).tolist()), roughness=1.0))
    return replace(scene, materials=type(scene.materials)(materials))


def _peer_light(
    scene: Any, ego: int, stage: Any, camera: Any, pose: NDArray[np.float64], threads: int
) -> dict[str, Any]:
    """What `peers/light.py` says of a plain scene, or nothing where it cannot run."""
    if not (INSTALLED / "mitsuba").is_dir():
        print(f"Mitsuba is left out: {INSTALLED / 'mitsuba'} is not there (make bench installs it)")
        return {}
    sky = stage.sky
    poses = scene.local_SE3_instance(stage.snapshot)
    shown = np.flatnonzero(scene.instance_object != ego)
    meshes = [scene.meshes[scene.instance_mesh[k]].transformed(poses[k]) for k in shown]
    first = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    albedo = np.array([material.albedo for material in scene.materials])
    colors = [
        albedo[scene.instance_materials[scene.material_offset[k] + scene.meshes[scene.instance_mesh[k]].slots]]
        for k in shown
    ]
    rows, columns = 512, 1024
    elevation = (np.arange(rows // 2)[::-1] + 0.5) / (rows // 2) * np.pi / 2
    azimuth = -2 * np.pi * (np.arange(columns) + 0.5) / columns
    table = np.rint(np.sqrt(elevation * 2 / np.pi) * (sky.table.shape[0] - 1)).astype(int)
    upper = sky.table[table][:, np.floor(azimuth / (2 * np.pi) * sky.table.shape[1]).astype(int) % sky.table.shape[1]]
    with tempfile.TemporaryDirectory() as folder:
        np.savez(
            f"{folder}/scene.npz",
            vertices=np.concatenate([mesh.vertices for mesh in meshes]),
            faces=np.concatenate([mesh.faces + offset for mesh, offset in zip(meshes, first)]),
            colors=np.concatenate(colors),
            eye=pose[:3, 3],
            target=pose[:3, 3] + pose[:3, 2],
            size=[camera.width, camera.height],
            focal_px=camera.fx,
            toward_sun=sky.sun_direction,
            sun_lx=sky.sun_lx,
            sky=np.concatenate([upper, np.broadcast_to(sky.ground, upper.shape)]),
            threads=threads,
        )
        done = subprocess.run(
            [sys.executable, str(Path(__file__).parent / "peers" / "light.py"), f"{folder}/scene.npz"],
            env={**os.environ, "PYTHONPATH": str(INSTALLED / "mitsuba")},
            capture_output=True,
            text=True,
        )
    if done.returncode:
        print("Mitsuba is left out: " + (done.stderr.strip().splitlines() or ["it ended"])[-1])
        return {}
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if "missing" in said:
        print(f"Mitsuba is left out: there is no {said['missing']}")
        return {}
    return said


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start
