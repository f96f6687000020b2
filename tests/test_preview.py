"""Our camera against an independent rasteriser: pyrender on Mesa, off screen."""

from __future__ import annotations

import numpy as np
import pytest
from test_camera import street, weather

from simulator.sensors.camera import Camera
from simulator.sensors.preview import NoGraphics, Preview

SIZE = {"width": 621, "height": 188, "fx": 360.0, "fy": 360.0, "cx": 309.6, "cy": 86.4, "x_m": 1.1, "z_m": 1.65}


def test_depth_and_silhouettes_agree_with_a_rasteriser() -> None:
    stage = street(weather(40))
    ours = Camera(**SIZE).sense(stage, 300_000_000, 1, "preview")
    try:
        with Preview(stage.scene, stage.atmosphere) as preview:
            theirs = preview.render(stage.snapshot, ours.camera, ours.world_SE3_camera, (stage.ego,))
    except NoGraphics as reason:
        pytest.skip(str(reason))
    seen = np.isfinite(ours.depth) & np.isfinite(theirs.depth)
    assert np.mean(np.isfinite(ours.depth) == np.isfinite(theirs.depth)) > 0.9995
    error = np.abs(ours.depth[seen] - theirs.depth[seen]) / theirs.depth[seen]
    assert np.mean(error < 1e-3) > 0.999  # the rest are edges
    for thing in (2, 3):
        a, b = ours.object == thing, theirs.object == thing
        assert a.sum() > 200
        assert np.sum(a & b) / np.sum(a | b) >= 0.995
    assert theirs.rgb.std() > 10
