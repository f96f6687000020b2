"""Crops stand on their fields as high as the season has them, and leave free what stands there already."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from surroundings_fakes import straight_world, world_parts

from simulator.roads.surface_land import CropField
from simulator.scene.mesh import Mesh
from simulator.surroundings.populate import populate

CELL_M = 3.0


def _field(kind: str) -> CropField:
    """60 m x 30 m of level soil beside the straight road, 20 m from its middle."""
    x, y = np.meshgrid(np.arange(60.0, 121.0, CELL_M), np.arange(20.0, 51.0, CELL_M), indexing="ij")
    n, m = x.shape
    index = np.arange(n * m).reshape(n, m)
    a, b, c, d = (part.ravel() for part in (index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]))
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    points = np.stack([x, y, 0.0 * x], -1).reshape(-1, 3)
    return CropField(kind, Mesh.of(points, faces, points[:, :2] / 9.0))


def _grown(kind: str, season: str, taken: object = None) -> np.ndarray:
    """Vertices (V, 3) of the crop that `populate` lets grow."""
    world = straight_world(kind="rural")
    ground = replace(world.ground, fields=(_field(kind),))
    builder = world.builder()
    options = {"vegetation": 0.0, "buildings": 0.0, "radius_m": 110.0, "season": season, "taken": taken}
    populate(builder, world.network, ground, world.path, style="country", seed=3, **options)
    found = [v for name, v, *_ in world_parts(builder) if name == "vegetation"]
    return np.concatenate(found) if found else np.zeros((0, 3))


@pytest.mark.parametrize(("kind", "season", "height_m"), [("ripe", "summer", 0.8), ("maize", "autumn", 2.2)])
def test_crops_are_as_high_as_the_season_has_them(kind: str, season: str, height_m: float) -> None:
    found = _grown(kind, season)
    tops = found[found[:, 2] > 0.5 * height_m]
    assert np.median(tops[tops[:, 2] < 1.1 * height_m, 2]) == pytest.approx(height_m, rel=0.05)
    assert tops[:, 2].max() == pytest.approx(1.2 * height_m, rel=0.01)  # ears stand above the rim
    # Corners of the border are drawn in, by less than a cell.
    assert found[:, :2].min(0) == pytest.approx([60.0, 20.0], abs=CELL_M)
    assert found[:, :2].max(0) == pytest.approx([120.0, 50.0], abs=CELL_M)


def test_nothing_grows_in_winter_or_lies_on_bare_soil() -> None:
    assert len(_grown("maize", "winter")) == len(_grown("soil", "summer")) == 0


def test_what_stands_on_the_field_stays_free() -> None:
    middle, radius = np.array([90.0, 35.0]), 5.0
    found = _grown("ripe", "summer", taken=[[*middle, radius]])
    assert len(found) and np.hypot(*(found[:, :2] - middle).T).min() > radius
