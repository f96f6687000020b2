"""Textures of vehicles that repeat: mip levels are chosen by the area of a repeat, so repeats must be square."""

import numpy as np
import pytest

from simulator.actors.cab_fronts import front_panel
from simulator.actors.coachwork import Slot
from simulator.actors.fire_engines import _shutter, _shutters
from simulator.actors.hull import hull
from simulator.scene import Mesh


def _grille() -> Mesh:
    body = hull([0.0, 1.0, 2.0], [3.0, 3.0, 3.0], [0.0, 0.0, 0.0], [1.2, 1.2, 1.2], [2.0, 1.0], front_power=40.0)
    return front_panel(body, 1.2, (0.5, 1.1), (0.5, 0.5), int(Slot.GRILLE))


@pytest.mark.parametrize(
    ("mesh", "axes"), [(_shutter((2.0, 1.2), (0.0, 0.0, 0.0)), (0, 2)), (_grille(), (1, 2))], ids=["shutter", "grille"]
)
def test_repeats_are_as_long_as_they_are_high(mesh: Mesh, axes: tuple[int, int]) -> None:
    size = np.ptp(mesh.vertices, axis=0)[list(axes)]
    metres = size / np.ptp(mesh.uv, axis=0)
    assert metres[0] == pytest.approx(metres[1], rel=0.02)


def test_the_image_of_shutters_is_square() -> None:
    texture = _shutters().texture
    assert texture is not None and texture.rgba.shape[0] == texture.rgba.shape[1]
