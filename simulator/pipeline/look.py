"""A quick look at a scenario: the first moment through the rig's main camera."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.errors import InputError, OutputError
from simulator.scenario.models import Scenario

if TYPE_CHECKING:
    from simulator.sensors.camera import Camera
    from simulator.world import World


def look(
    scenario: Scenario, out: Path, report: Callable[[str], None] = lambda text: None, *, opengl: bool = False
) -> str:
    """Write a picture (PNG) of a concrete scenario's first moment.

    Our own renderer draws it at preview quality.

    Args:
        scenario: concrete.
        out: picture to write.
        report: told what takes long.
        opengl: draw it with OpenGL where there is any: plain, without weather, but with fewer kernels to compile.

    Returns:
        What drew it: "OpenGL" or "ray casting".

    Raises:
        InputError: the rig has no camera, or the scene cannot be built.
        OutputError: the picture cannot be written.
    """
    from simulator.export.base import write_png
    from simulator.numerics.jit import is_cached
    from simulator.pipeline.flow import sensors_of
    from simulator.sensors.camera import Camera
    from simulator.traffic.acting import act
    from simulator.world import build_world

    _check_target(out)
    cameras = [sensor for sensor in sensors_of(scenario).values() if isinstance(sensor, Camera)]
    if not cameras:
        raise InputError("has no camera to look through", key="rig")
    camera = cameras[0]
    if not is_cached(act):  # which every drive calls
        report("compiling kernels (first run only)")
    world = build_world(scenario)
    picture = _by_opengl(world, camera) if opengl else None
    drawn_by = "OpenGL"
    if picture is None:
        from simulator.sensors.stage import Stage

        stage = Stage(world.scene, world.timeline, world.conditions.at, world.ego)
        picture = camera.sense(stage, 0, scenario.seed or 0, "preview").rgb
        drawn_by = "ray casting"
    partial = out.with_name(f"{out.stem}.part.png")
    try:
        write_png(partial, picture)
        partial.replace(out)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(f"{out}: cannot be written: {error.strerror or error}") from error
    return drawn_by


def _by_opengl(world: World, camera: Camera) -> NDArray[np.uint8] | None:
    """(H, W, 3) uint8 sRGB, or None where this machine has no OpenGL."""
    from simulator.sensors.preview import NoGraphics, Preview

    snapshot = world.timeline.at(0)
    world_SE3_camera = snapshot.world_SE3_object[world.ego] @ camera.ego_SE3_sensor
    try:
        with Preview(world.scene, world.atmosphere) as preview:
            return preview.render(snapshot, camera.model, world_SE3_camera, hidden=(world.ego,)).rgb
    except NoGraphics:
        return None


def _check_target(out: Path) -> None:
    """Raise OutputError where no picture can come to lie, before a scene is built for nothing."""
    why = ""
    try:
        if out.is_dir():
            why = "is a folder; give the name of a picture, such as look.png"
        elif out.exists() and not out.is_file():
            why = "is not a regular file"
        elif out.suffix.lower() != ".png":
            why = "must end in .png, for that is what is written"
        else:
            folder = next(folder for folder in out.absolute().parents if folder.exists())
            if not folder.is_dir() or not os.access(folder, os.W_OK):
                why = f"cannot be written: {folder} is {'not writable' if folder.is_dir() else 'a file'}"
    except (OSError, ValueError) as error:
        why = f"cannot be written: {getattr(error, 'strerror', None) or error}"
    if why:
        raise OutputError(f"{out}: {why}")
