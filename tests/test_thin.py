"""What is thinner than a pixel is mixed with what is about it, and nothing else is."""

import numpy as np

from simulator.sensors.shading.canvas import Picture
from simulator.sensors.shading.thin import soften_thin


def picture(shown: np.ndarray) -> Picture:
    """Instances that shine alike: 100 each, or 0 before the sky (-1)."""
    radiance = np.repeat(np.where(shown >= 0, 100.0, 0.0)[..., None], 3, 2).astype(np.float32)
    return Picture(radiance, np.ones(shown.shape, np.float32), np.ascontiguousarray(shown, np.int32))


def test_a_wire_keeps_its_light_and_what_is_broad_its_edges() -> None:
    """A line one pixel wide brings as much light as before, a quarter of it each to its neighbours; a wall stays."""
    shown = np.full((40, 61), -1)
    shown[:, 17] = 3  # a pole
    shown[:, 30:45] = 4  # a wall
    before, after = picture(shown), picture(shown)
    soften_thin(after, 2)
    np.testing.assert_allclose(after.radiance[1:-1, 15:20, 0], np.tile([0.0, 25.0, 50.0, 25.0, 0.0], (38, 1)))
    np.testing.assert_array_equal(after.radiance[:, 20:], before.radiance[:, 20:])


def test_scattered_twigs_become_haze() -> None:
    """Dots that cover a third of a crown keep their mean light; its spread falls as the binomial filter says."""
    rng = np.random.default_rng(1)
    shown = np.where(rng.random((200, 203)) < 0.33, 7, -1)
    before, after = picture(shown), picture(shown)
    soften_thin(after, 1)
    inner = np.s_[2:-2, 2:-2, 0]
    old, new = before.radiance[inner], after.radiance[inner]
    assert abs(new.mean() - old.mean()) < 1.0
    assert abs(new.std() / old.std() - 6 / 16) < 0.03  # the root of the sum of (1 2 1)^2 / 4^2, both ways
