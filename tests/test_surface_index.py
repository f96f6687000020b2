"""Look-ups in the ground plan, beside those of GEOS and a loop over all triangles."""

from __future__ import annotations

import numpy as np
import shapely

from simulator.roads.surface_index import QuadIndex, TriangleIndex


def test_points_near_quads_are_those_that_geos_finds() -> None:
    """Also near quads that cross themselves, that are but lines or points, and that are larger than many cells."""
    rng = np.random.default_rng(5)
    corners = rng.uniform(-20.0, 20.0, (300, 1, 3)) + rng.normal(0.0, 2.0, (300, 4, 3))
    corners[:20, 2:] = corners[:20, :2]
    corners[20:25] = corners[20:25, :1]
    corners[25] *= 20.0
    xy = np.concatenate([rng.uniform(-25.0, 25.0, (3000, 2)), corners[:, 0, :2], [[np.nan, 0.0], [1e9, 0.0]]])
    for reach in (0.05, 0.7):
        point, quad = QuadIndex(corners, reach).near(xy)
        tree = shapely.STRtree(shapely.polygons(corners[..., :2]))
        expected = tree.query(shapely.points(xy[:-2]), predicate="dwithin", distance=reach)
        assert len(point) > 2000
        assert (np.diff(point) >= 0).all()
        assert set(zip(point.tolist(), quad.tolist())) == set(zip(*expected.tolist()))
    assert not len(QuadIndex(np.zeros((0, 4, 3)), 0.1).near(xy)[0])


def test_heights_of_triangles_are_those_of_the_topmost_or_nearest() -> None:
    """The plane of each triangle that GEOS finds at a point, one by one."""
    rng = np.random.default_rng(6)
    corners = rng.uniform(-8.0, 8.0, (60, 1, 3)) + rng.normal(0.0, 2.0, (60, 3, 3))
    xy, near_z = rng.uniform(-10.0, 10.0, (400, 2)), rng.uniform(-8.0, 8.0, 400)
    index = TriangleIndex(corners)
    top, near = index.height(xy), index.height(xy, near_z=near_z)
    shapes = shapely.polygons(corners[..., :2])
    for k, (x, y) in enumerate(xy):
        rows = np.flatnonzero(shapely.contains(shapes, shapely.Point(x, y)))
        z = np.array([np.linalg.solve(np.c_[corners[row, :, :2], np.ones(3)], corners[row, :, 2]) for row in rows])
        heights = z @ [x, y, 1.0] if len(rows) else np.zeros(0)
        for (found_z, found), rank in ((top, heights), (near, -np.abs(heights - near_z[k]))):
            best = rank.argmax() if len(rows) else None
            assert found[k] == (-1 if best is None else rows[best])
            assert best is None or abs(found_z[k] - heights[best]) < 1e-8
