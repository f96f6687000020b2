"""Shadows of preview: what a thing on the ground hides of an overcast sky, in closed form; edges of the sun's."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from small_world import ORIGIN, air, car, drive

from simulator.numerics import se3
from simulator.scene import SceneBuilder
from simulator.scene.material import Material
from simulator.scene.mesh import box
from simulator.sensors.optics import CameraModel
from simulator.sensors.shading.contact import AIRY_M, SLIT_M, hidden_by
from simulator.sensors.shading.picture import take_picture
from simulator.sensors.shading.shadow import WANTED, shine
from simulator.sensors.sky_models import LUMINANCE
from simulator.sensors.stage import Stage

CAR = np.float32([10.0, 2.0, 0.0, 1.0, 0.0, 2.2, 0.9])  # heading along y


def share(x: float, y: float, z: float = 0.0) -> float:
    return float(hidden_by(CAR, np.float32(x), np.float32(y), np.float32(z)))


def test_most_is_hidden_below_the_middle_and_nothing_far_beside() -> None:
    full = 0.9 / (0.9 + AIRY_M)
    assert share(10.0, 2.0) == pytest.approx(full * 0.5 * (1 + 0.9 / np.hypot(0.9, SLIT_M)), rel=1e-4)
    edge = share(10.0 + 0.8999, 2.0), share(10.0 + 0.9001, 2.0)
    assert edge[0] == pytest.approx(0.5 * full, abs=1e-3) and edge[1] == pytest.approx(edge[0], abs=2e-3)
    beside = [share(10.9 + d, 2.0) for d in np.linspace(0.0, 1.0, 21)]
    assert all(a >= b for a, b in itertools.pairwise(beside)) and beside[-1] == 0.0
    assert share(10.0, 2.0, 0.5) == 0.0  # on its own bonnet


def test_a_car_stands_on_the_road_below_an_overcast_sky() -> None:
    """Road 5 cm beside its wheels is darker than road 1.5 m beside it, by a fifth at least; on both sides alike."""
    builder = SceneBuilder(ORIGIN)
    grey = Material("grey", (0.2, 0.2, 0.2), roughness=1.0)
    builder.add_mesh(box((300, 300, 0.1), (0, 0, -0.05)), (grey,), "road")
    builder.add_object(car(), ORIGIN, name="car", moving=True)
    stage = Stage(builder.build(), drive(builder), air(cloud_oktas=8.0), -1)
    camera = CameraModel.of(400, 300, [[400.0, 0, 199.5], [0, 400.0, 149.5], [0, 0, 1]])
    down = se3.pose((0, 0, 12.0)) @ np.diag([1.0, -1.0, -1.0, 1.0])
    picture, _ = take_picture(stage, camera, down, 1, "preview")
    light = picture.radiance @ LUMINANCE.astype(np.float32)
    low, high = stage.object_bounds[1]
    scale = 400.0 / 12.0
    for side, edge in ((-1, high[1]), (1, -low[1])):  # rows go down, y goes up
        at = [149.5 + side * scale * (edge + d) for d in (0.07, 1.5)]
        near, far = (float(light[round(row), 190:210].mean()) for row in at)
        assert near < 0.8 * far


@pytest.mark.parametrize("slope", [0.0, 0.3, 1.0, -2.5])
def test_edges_of_shadows_are_exact_though_few_pixels_ask(slope: float) -> None:
    """Half a plane in shadow, of any slope: each pixel as its own ray would say."""
    height, width = 89, 121  # all are between pixels that are asked
    rows, columns = np.mgrid[:height, :width]
    origin = np.zeros((height, -(-width // 8) * 8, 3), np.float32)
    origin[:, :width, 0], origin[:, :width, 1] = columns, rows
    asked = []

    def any_hit(starts: np.ndarray, ways: np.ndarray, **_: object) -> np.ndarray:
        asked.append(len(starts))
        return starts[:, 0] - 60.2 > slope * (starts[:, 1] - 44.6)

    stage = SimpleNamespace(rays=SimpleNamespace(any_hit=any_hit), threads=2)
    fate = np.zeros(origin.shape[:2], np.uint8)
    fate[:, :width] = WANTED
    radiance, instance = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.int32)
    shine(stage, np.float32([0, 0, 1]), origin, np.ones_like(origin), instance, fate, radiance)  # type: ignore[arg-type]
    assert np.array_equal(radiance[..., 1] > 0, columns - 60.2 <= slope * (rows - 44.6))
    assert sum(asked) < 0.35 * height * width
