"""Compile what senses and labels, in a process of its own, while the one that begins compiles what moves a world."""

from __future__ import annotations

import numpy as np

from simulator.numerics.ahead import compile_ahead

CAMERA_PX, STEP_NS = (64, 32), 20_000_000


def start_compiling() -> None:
    """Have what senses and labels compiled by another process, if it has yet to be."""
    from simulator.raycast import scene
    from simulator.sensors.shading.picture import gather

    compile_ahead(__name__, gather, among=(scene.__name__,))  # the last that a camera calls


def exercise() -> None:
    """Compile it by sensing a car and somebody on a plane, on a wet night (see `numerics.ahead`)."""
    from simulator.labels.annotate import annotate
    from simulator.numerics.rng import generator
    from simulator.raycast.scene import exercise as exercise_rays
    from simulator.scenario.family import member
    from simulator.scene import Atmosphere, Body, Material, Model, SceneBuilder, Timeline
    from simulator.scene.mesh import box
    from simulator.sensors.frame import Frame
    from simulator.sensors.rig import load_rig
    from simulator.sensors.stage import Stage

    exercise_rays()
    builder, rng = SceneBuilder(np.zeros(3)), generator(0, "warming")
    builder.add_mesh(box((200.0, 200.0, 0.1), (0.0, 0.0, -0.05)), (Material("asphalt", (0.1, 0.1, 0.1)),), "road")
    ego = builder.add_object(Model("car", (Body(box((4.0, 1.8, 1.4)), (Material("paint", (0.5, 0.5, 0.5)),)),)),
                             np.zeros(3), (0.0, 0.0, 0.0), name="ego", moving=True)  # fmt: skip
    for kind, ahead_m in (("car", 12.0), ("pedestrian", 8.0)):
        maker = member("actors", kind)().drawn(rng)  # type: ignore[attr-defined]
        for model in maker.models(rng):
            builder.add_object(model, np.array([ahead_m, 1.0, 0.0]), (0.0, 0.0, 0.3), moving=True)
    position, rpy = builder.initial_poses()
    still = np.zeros((2, len(position)))
    where, turned = (np.broadcast_to(each, (2, *each.shape)) for each in (position, rpy))
    lamps = np.full(still.shape, 2**32 - 1, np.uint32)
    timeline = Timeline(np.array([0, STEP_NS]), where, turned, np.zeros_like(where), still, still, still, lamps)
    scene = builder.build()
    air = Atmosphere(np.array([0.0, 0.6, -0.8]), -0.9, rain_mm_h=5.0, water_film_m=5e-4, visibility_m=2000.0)
    stage = Stage(scene, timeline, air, ego, threads=1)
    front, top = (load_rig("kitti")[name] for name in ("front", "top"))
    front = front.model_copy(update={"width": CAMERA_PX[0], "height": CAMERA_PX[1], "cx": 31.5, "cy": 15.5, "fx": 40.0})
    seen = {name: each.sense(stage, 0, 0, "standard") for name, each in (("front", front), ("top", top))}
    annotate(scene, stage.snapshot, Frame(0, 0, stage.world_SE3_ego(), seen), stage.bent)
