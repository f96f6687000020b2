"""Heights and holes of ground meshes against areas and planes known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.scene import Material, SceneBuilder
from simulator.scene.ground import Ground
from simulator.scene.mesh import Mesh, grid


def sloped(n: int = 12) -> Mesh:
    x = np.linspace(-5, 5, n)
    return grid(x, x, 0.1 * x[:, None] - 0.05 * x[None, :])


def ground(*meshes: Mesh) -> Ground:
    out = Ground()
    for mesh in meshes:
        out.add(mesh)
    return out


def area(mesh: Mesh) -> float:
    p = mesh.vertices[mesh.faces].astype(float)[:, :, :2]
    a, b = p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]
    return float(np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / 2)


def polygon(sides: int, radius: float, x: float, y: float) -> np.ndarray:
    t = np.arange(sides) * 2 * np.pi / sides
    return np.stack([x + radius * np.cos(t), y + radius * np.sin(t)], 1)


@given(st.integers(3, 12), st.floats(0.05, 3.0), st.floats(-2, 2), st.floats(-2, 2))
@settings(max_examples=40, deadline=None)
def test_a_hole_has_the_area_of_its_outline_and_the_rest_keeps_its_height(
    sides: int, radius: float, x: float, y: float
) -> None:
    mesh, outline = sloped(), polygon(sides, radius, x, y)
    holed = ground(mesh)
    assert holed.cut(outline) == [0]
    hole = 0.5 * sides * radius**2 * np.sin(2 * np.pi / sides)
    assert area(mesh) - area(holed.meshes[0]) == pytest.approx(hole, abs=1e-3)
    probe = np.array([[x, y, 0.0], [x + 1.01 * radius + 0.05, y, 0.0]])
    z, found = holed.heights(probe)
    assert found.tolist() == [False, True]
    assert z[1] == pytest.approx(0.1 * probe[1, 0] - 0.05 * y, abs=1e-5)


@given(st.floats(-4.9, 4.9), st.floats(-4.9, 4.9), st.floats(-9, 15))
@settings(max_examples=40, deadline=None)
def test_heights_take_the_nearest_surface_above_or_below(x: float, y: float, z: float) -> None:
    bridge = sloped().moved(z=6.0)
    road = 0.1 * x - 0.05 * y
    expected = road if abs(z - road) < abs(z - road - 6.0) else road + 6.0
    got, found = ground(sloped(), bridge).heights(np.array([[x, y, z], [99.0, 0.0, z]]))
    assert found.tolist() == [True, False]
    assert got == pytest.approx([expected, z], abs=1e-5)


def test_the_builder_cuts_in_world_coordinates() -> None:
    builder = SceneBuilder((1e5, 2e5, 30.0))
    builder.add_mesh(sloped(), (Material("asphalt"),), "road")
    assert builder.ground_height([[1e5 + 1, 2e5, 28.0]]) == pytest.approx([30.1], abs=1e-5)
    builder.cut_ground(polygon(8, 1.5, 1e5, 2e5))
    assert builder.ground_height([[1e5 + 1, 2e5, 28.0]]) == [28.0]
    assert len(builder.build().instance_mesh) == 1
