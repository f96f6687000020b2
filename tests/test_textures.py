"""Ground textures: true reflectance, seamless repeats, no visible tiling, one per seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from simulator.scene import paving, textures
from simulator.scene.material import Texture

ALL: dict[str, Callable[[], Texture]] = {
    "new asphalt": lambda: textures.asphalt(0.0),
    "worn asphalt": lambda: textures.asphalt(0.8),
    "cracked asphalt": lambda: textures.asphalt(0.8, cracks=1.0, patches=0.5),
    "lane": lambda: textures.lane_asphalt(0.6, 2, cracks=0.6, manhole=True),
    "concrete": lambda: textures.concrete(),
    "slabs": lambda: paving.paving("slabs"),
    "bricks": lambda: paving.paving("bricks"),
    "blocks": lambda: paving.paving("blocks"),
    "cobbles": lambda: paving.cobbles(),
    "kerb": lambda: paving.kerb_stone(),
    "setts": lambda: paving.channel("setts"),
    "concrete channel": lambda: paving.channel("concrete"),
    "grass": lambda: textures.grass(0.2),
    "yard": lambda: textures.yard(),
    "soil": lambda: textures.soil("soil"),
    "gravel": lambda: textures.soil("gravel"),
    "snow": lambda: textures.snow(),
    "marking": lambda: textures.marking("white"),
    "landscape": lambda: textures.landscape(),
}
# luminous reflectance: pavement albedos of Levinson and Akbari 2001, ASTER grass, EN 1436 luminance factors
REFLECTANCE = {
    "new asphalt": (0.05, 0.08),
    "worn asphalt": (0.10, 0.16),
    "cracked asphalt": (0.09, 0.16),
    "lane": (0.08, 0.15),
    "concrete": (0.30, 0.45),
    "slabs": (0.22, 0.40),
    "bricks": (0.10, 0.25),
    "blocks": (0.2, 0.40),
    "cobbles": (0.10, 0.25),
    "kerb": (0.22, 0.40),
    "setts": (0.05, 0.12),  # basalt, soiled
    "concrete channel": (0.10, 0.25),
    "grass": (0.06, 0.10),
    "yard": (0.10, 0.16),
    "soil": (0.07, 0.15),
    "gravel": (0.15, 0.30),
    "snow": (0.80, 0.92),
    "marking": (0.45, 0.70),
    "landscape": (0.03, 0.09),
}


def _luminance(texture: Texture) -> np.ndarray:
    coded = texture.rgba[..., :3].astype(np.float64) / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("name", ALL)
def test_reflectance_is_that_of_the_real_surface(name: str) -> None:
    low, high = REFLECTANCE[name]
    texture = ALL[name]()
    mean = _luminance(texture).mean()
    assert low <= mean <= high
    assert np.dot(textures.linear_mean(texture), [0.2126, 0.7152, 0.0722]) == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize("name", ALL)
def test_repeats_are_seamless(name: str) -> None:
    """The step over the border is an ordinary step: not above what the same texture has inside."""
    image = _luminance(ALL[name]())
    for axis in (0, 1):
        steps = np.abs(np.diff(image, axis=axis)).mean(axis=1 - axis)
        wrap = np.abs(np.take(image, 0, axis) - np.take(image, -1, axis)).mean()
        assert wrap <= 1.25 * steps.max()


@pytest.mark.parametrize("name", ["new asphalt", "worn asphalt", "grass", "gravel", "snow"])
def test_no_part_of_a_tile_stands_out(name: str) -> None:
    """Quarter-tile means differ by a few percent only, so that a field of tiles looks even from afar."""
    image = _luminance(ALL[name]())
    quarter = image.reshape(4, image.shape[0] // 4, 4, image.shape[1] // 4).mean((1, 3))
    assert np.ptp(quarter) < 0.25 * image.mean()
    assert image.std() > 0.004


@pytest.mark.parametrize("name", ALL)
def test_sizes_are_powers_of_two(name: str) -> None:
    height, width, channels = ALL[name]().rgba.shape
    assert channels == 4
    assert height & (height - 1) == 0 and width & (width - 1) == 0


def test_shared_by_parameters_and_distinct_by_seed() -> None:
    assert textures.asphalt(0.6) is textures.asphalt(0.6)
    assert not np.array_equal(textures.asphalt(0.6, seed=1).rgba, textures.asphalt(0.6, seed=2).rgba)


def test_lane_variants_follow_each_other_in_any_order() -> None:
    ends = [textures.lane_asphalt(0.6, k, cracks=1.0).rgba[[0, -1]] for k in range(3)]
    for end in ends[1:]:
        np.testing.assert_array_equal(end, ends[0])


def test_wear_takes_the_paint_off() -> None:
    means = [_luminance(textures.marking("white", wear)).mean() for wear in (0.0, 0.5, 1.0)]
    assert means[0] > means[1] > means[2] > 0.15
