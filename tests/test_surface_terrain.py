"""Cuttings and embankments: land beside a road, no steeper than guides of road design allow."""

import numpy as np

from simulator.roads.surface_terrain import build_terrain

ORIGIN, RELIEF_M = np.array([4000.0, -700.0, 30.0]), 4.0


def test_the_land_rises_and_falls_beside_a_road_within_published_slopes() -> None:
    """Nothing changes within 6 m of the road; beyond it slopes are at most 1:2, and end as high as was asked."""
    x = np.arange(-240.0, 240.0, 8.0)
    left, right = np.stack([x, x * 0 + 5, x * 0], 1), np.stack([x, x * 0 - 5, x * 0], 1)
    road = np.stack([right[:-1], right[1:], left[1:], left[:-1]], 1)  # flat, 10 m wide
    plain = build_terrain(road, ORIGIN, np.zeros(2), 200.0, 3)
    cut = build_terrain(road, ORIGIN, np.zeros(2), 200.0, 3, relief_m=RELIEF_M)
    x = cut.low[0] + cut.cell_m * np.arange(cut.z.shape[0])
    added = (cut.z - plain.z)[np.abs(x) < 180.0]
    y = np.abs(cut.low[1] + cut.cell_m * np.arange(cut.z.shape[1]))
    assert (added[:, y < 5.0 + 6.0 - 1.5 * cut.cell_m] == 0.0).all()  # the grid knows edges to a cell and a half
    across = np.abs(np.diff(added, axis=1)) / cut.cell_m
    assert 0.2 < across.max() <= 0.5
    far = np.abs(added[:, y > 60.0])
    assert far.max() <= 1.5 * RELIEF_M and 0.3 * RELIEF_M < np.sqrt((far**2).mean()) < RELIEF_M
    assert (added[:, y > 60.0] < -1.0).any() and (added[:, y > 60.0] > 1.0).any()
