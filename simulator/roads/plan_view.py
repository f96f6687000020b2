"""A road network seen from straight above, for drawings: what lies where, in the order in which it is painted.

The same strips, junctions and paint as those of `surface`, without heights: a hundredth of its time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from simulator.roads.network import RoadNetwork
from simulator.roads.surface_corners import Stretch
from simulator.roads.surface_index import TriangleIndex
from simulator.roads.surface_junctions import junction_plans, lay_flat
from simulator.roads.surface_marks import COLORS, lane_marks, mark_country, mark_triangles
from simulator.roads.surface_paint import painted_areas
from simulator.roads.surface_polygons import Triangles, triangles_of, triangulate
from simulator.roads.surface_quads import Look, Quads, Tier, build_profile, strip_quads
from simulator.roads.surface_rows import sample_rows

_KERB_M = 0.12


class Layer(NamedTuple):
    """Convex polygons of one kind each.

    Attributes:
        corners: (N, K, 2) m from the origin.
        kind: (N,) `Look`, or the number of a colour in `surface_marks.COLORS` where it is paint.
        paint: whether it is.
    """

    corners: NDArray[np.float64]
    kind: NDArray[np.int8]
    paint: bool


def plan_view(network: RoadNetwork, origin: ArrayLike) -> list[Layer]:
    """All of a network; later layers lie over earlier ones."""
    start = np.asarray(origin, np.float64)
    low, high = network.bounds
    rows = sample_rows(network, start, 0.5 * (low + high), 0.5 * float(np.hypot(*(high - low))) + 10.0)
    stretches = [Stretch(part, build_profile(part, _KERB_M)) for part in rows]
    quads = Quads.join([strip_quads(*stretch) for stretch in stretches])
    paved, walks = junction_plans(stretches)
    strips = triangles_of(quads.take(quads.tier <= Tier.PAVED))
    fill = lay_flat(paved, TriangleIndex(strips.corners))
    layers = []
    for tier in sorted(Tier, reverse=True):
        if tier == Tier.RAISED and len(walks.shapes):
            layers.append(_filled(walks.shapes, walks.look))
        if tier == Tier.PAVED and len(paved.shapes):
            layers.append(_filled(paved.shapes, paved.look))
        part = quads.take(quads.tier == tier)
        if len(part):
            layers.append(Layer(part.corners[:, :, :2], part.look, paint=False))
    road = quads.tier == Tier.CARRIAGEWAY
    polygons = quads.polygons()[road]
    dashes = lane_marks(stretches, mark_country(network), quads.take(road), polygons, shapely.union_all(paved.shapes))
    index = TriangleIndex(np.concatenate([strips.corners, fill.corners]))
    marks = Triangles.join([mark_triangles(dashes), painted_areas(stretches, start, index)])
    if len(marks.look):
        layers.append(Layer(marks.corners[:, :, :2], marks.look, paint=True))
    return layers


def _filled(shapes: NDArray[np.object_], look: NDArray[np.int8]) -> Layer:
    xy, of = triangulate(shapes, 1.0)
    return Layer(xy, look[of], paint=False)


__all__ = ["COLORS", "Layer", "Look", "plan_view"]
