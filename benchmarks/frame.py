"""A labelled frame of a busy town with the KITTI rig (camera 1242x375, HDL-64E), stage by stage.

No peer does the whole job on a CPU; the rows are the seconds of each stage of one frame, and of what is done once a
scene. Camera rows are pictures a second.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.table import Row, best_seconds, row


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
    frame = Frame(0, times[0], snapshot.world_SE3_object[world.ego], readings)
    labels = annotate(world.scene, snapshot, frame)
    labelled = LabelledFrame(0, frame.time_ns, frame.ego_pose, readings, labels)
    info = SceneInfo("000000", ("front",), ("top",))

    def export(kind: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            member("export", kind)().write_scene([labelled], Path(folder), info)  # type: ignore[attr-defined]

    works: dict[str, Callable[[], object]] = {
        "move everything": move,
        "camera preview": lambda: sense("front", "preview"),
        "camera standard": lambda: sense("front", "standard"),
        "lidar HDL-64E sweep": lambda: sense("top", "standard"),
        "labels": lambda: annotate(world.scene, snapshot, frame),
        "export kitti": lambda: export("kitti"),
        "export coco": lambda: export("coco"),
    }
    sense("front", "preview")
    best = dict(zip(works, best_seconds(list(works.values()), rounds=3)))
    fixed = sum(best[name] for name in best if not name.startswith("camera"))
    lines = [row("build world (once)", "s", threads, built), row("build stage (once)", "s", threads, staged)]
    lines += [row(name, "s", threads, seconds) for name, seconds in best.items()]
    for quality in ("preview", "standard"):
        lines.append(row(f"labelled frame {quality}", "s", threads, fixed + best[f"camera {quality}"]))
    return lines


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start
