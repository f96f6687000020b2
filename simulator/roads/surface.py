"""The ground of a road network as meshes: lanes, kerbs, pavements, markings, verges and the land around."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from simulator.roads.network import RoadNetwork
from simulator.roads.surface_corners import Stretch
from simulator.roads.surface_gutters import gutters
from simulator.roads.surface_index import TriangleIndex
from simulator.roads.surface_junctions import Ground, enclosed_islands, junction_plans, lay_flat, lay_raised
from simulator.roads.surface_land import CropField, GroundMesh, land
from simulator.roads.surface_levels import CommonGround, level_overlaps, uneven_roads
from simulator.roads.surface_marks import (
    lane_marks,
    lay_on,
    mark_country,
    mark_triangles,
)
from simulator.roads.surface_materials import (
    CLASSES,
    SurfaceStyle,
    marking_materials,
    materials,
    to_mesh,
)
from simulator.roads.surface_overlay import clip_faces, give_way, sink_rails
from simulator.roads.surface_paint import painted_areas
from simulator.roads.surface_polygons import Triangles, triangles_of
from simulator.roads.surface_quads import (
    Quads,
    Tier,
    build_profile,
    cap_quads,
    face_quads,
    flap_quads,
    rail_quads,
    strip_quads,
)
from simulator.roads.surface_rows import Array, refine_rows, sample_rows
from simulator.roads.surface_terrain import Terrain, build_terrain
from simulator.roads.surface_tunnels import hills, tunnels
from simulator.roads.surface_verge import bridge_decks, bridge_quads, ground_plan, strip_ends, verge
from simulator.roads.uncollected import uncollected
from simulator.scene.mesh import Mesh
from simulator.scene.textures import MARKING_M


@dataclass(frozen=True, eq=False)
class RoadSurface:
    """The ground around a place.

    Attributes:
        meshes: (mesh in the local frame, materials, class name), ready for `SceneBuilder.add_mesh`.
        origin: (3,) world coordinates of the local frame.
        terrain: the land.
        fields: where crops grow on it.
    """

    meshes: list[GroundMesh]
    origin: Array
    terrain: Terrain
    fields: list[CropField]
    _ground: Triangles
    _covered: NDArray[np.object_]

    @cached_property
    def _index(self) -> TriangleIndex:
        return TriangleIndex(self._ground.corners)

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self._covered)

    def height(self, xy: ArrayLike) -> Array:
        """World z (N,) of the topmost ground (road, pavement, bridge deck or land) at world points (N, 2)."""
        local = np.asarray(xy, np.float64).reshape(-1, 2) - self.origin[:2]
        z, _ = self._index.height(local)
        return np.asarray(np.maximum(z, self.terrain.height(local)) + self.origin[2])

    def land_height(self, xy: ArrayLike) -> Array:
        """World z (N,) of the land at world points (N, 2), below bridges."""
        local = np.asarray(xy, np.float64).reshape(-1, 2) - self.origin[:2]
        return np.asarray(self.terrain.height(local) + self.origin[2])

    def clearance(self, xy: ArrayLike) -> Array:
        """Distance (N,) in metres of world points (N, 2) from the nearest road or pavement; 0 on one."""
        local = np.asarray(xy, np.float64).reshape(-1, 2) - self.origin[:2]
        if not len(self._covered):
            return np.full(len(local), np.inf)
        (row, _), distance = self._tree.query_nearest(shapely.points(local), all_matches=False, return_distance=True)
        result = np.empty(len(local))
        result[row] = distance
        return result


@uncollected()
def surface(
    network: RoadNetwork,
    origin: ArrayLike,
    center_xy: ArrayLike,
    radius_m: float,
    *,
    seed: int = 0,
    style: SurfaceStyle | None = None,
) -> RoadSurface:
    """Mesh all ground within `radius_m` of `center_xy` (world); land reaches out to the horizon.

    Args:
        origin: (3,) world coordinates of the local frame (a scene's origin).
        seed: of undulation, textures and wear.
        style: how the ground looks; drawn by the seed when not given.

    The drivable surface follows the map within a few millimetres wherever the map agrees with itself. Markings lie
    1.5 mm above it, kerbs and pavements stand on it, and the land stays below it.
    """
    style = style or SurfaceStyle.draw(seed)
    start = np.asarray(origin, np.float64)
    center = np.asarray(center_xy, np.float64)
    rows = sample_rows(network, start, center, radius_m)
    common = CommonGround.none()
    if uneven := uneven_roads(rows):
        rows = refine_rows(rows, network, uneven, start, center, radius_m)
        common = level_overlaps(rows, uneven)
    stretches = [Stretch(part, build_profile(part, style.kerb_m)) for part in rows]
    quads = Quads.join([strip_quads(*stretch) for stretch in stretches])
    polygons = quads.polygons()
    paved, walks = junction_plans(stretches)
    settled = common.replaces(quads)
    strips = Triangles.join([triangles_of(quads.take((quads.tier <= Tier.PAVED) & ~settled)), common.surface])
    fill = lay_flat(paved, TriangleIndex(strips.corners))
    asphalt = TriangleIndex(np.concatenate([strips.corners, fill.corners]))
    bridges = [part.number for part in rows if any(each.kind == "bridge" for each in part.road.structures)]
    lifted = np.concatenate([np.isin(quads.road, bridges), np.zeros(len(fill.look), np.bool_)])
    around = np.concatenate([quads.corners, _as_quads(fill)])
    relief_m = 0.0 if any(part.road.structures for part in rows) else style.relief_m  # those have slopes of their own
    terrain = build_terrain(around, start, center - start[:2], radius_m, seed, lifted, relief_m)
    bridge, deck = bridge_quads(quads, terrain)
    plan = ground_plan(stretches, quads, polygons, bridge, np.concatenate([paved.shapes, walks.shapes]))
    islands = enclosed_islands(plan, stretches, asphalt, style.kerb_m)
    raised = Ground.join(walks, islands)
    paved_polygons = np.concatenate([polygons[quads.tier <= Tier.PAVED], paved.shapes])
    added = Triangles.join([fill, lay_raised(raised, paved_polygons, asphalt)])
    lying, standing = _road_ground(stretches, quads, polygons, paved, raised, common)
    lying = Triangles.join([lying, added])
    ground = TriangleIndex(Triangles.join([lying, common.surface]).corners)
    decks = TriangleIndex(triangles_of(quads.take(bridge)).corners)
    outline = plan.union(shapely.union_all(islands.shapes))
    edge = verge(outline, strip_ends(stretches), ground, terrain, decks, style.land)
    rails = Quads.join([rail_quads(*stretch) for stretch in stretches])
    rails = sink_rails(rails, quads.take(quads.tier == Tier.CARRIAGEWAY), asphalt)
    structures = Triangles.join([bridge_decks(stretches, quads.take(deck)), tunnels(rows), triangles_of(rails)])
    above = hills(rows, terrain)
    channels = gutters(Triangles.join([standing, added]), asphalt)
    everything = Triangles.join([lying, standing, structures, edge, above, channels])
    dashes = lane_marks(
        stretches,
        mark_country(network),
        quads.take(quads.tier == Tier.CARRIAGEWAY),
        polygons[quads.tier == Tier.CARRIAGEWAY],
        shapely.union_all(paved.shapes),
    )
    meshes = [
        (to_mesh(part, name, seed), materials(name, style, seed), name)
        for name, looks in CLASSES.items()
        if len((part := everything.take(np.isin(everything.look, [int(look) for look in looks]))).look)
    ]
    if len(common.surface.look):
        level = _welded(to_mesh(common.surface, "road", seed), common.vertex)
        meshes.append((level, materials("road", style, seed), "road"))
    dashes = lay_on(dashes, TriangleIndex(common.surface.corners))
    marks = Triangles.join([mark_triangles(dashes), painted_areas(stretches, start, asphalt)])
    if len(marks.look):
        meshes.append((_mark_mesh(marks), marking_materials(style, seed), "road_marking"))
    country, fields = land(terrain, style, seed)
    meshes += country
    covered = np.concatenate([polygons[quads.tier <= Tier.RAISED], paved.shapes, raised.shapes])
    return RoadSurface(meshes, start, terrain, fields, Triangles.join([lying, common.surface, edge, above]), covered)


def _road_ground(
    stretches: list[Stretch],
    quads: Quads,
    polygons: NDArray[np.object_],
    paved: Ground,
    raised: Ground,
    common: CommonGround,
) -> tuple[Triangles, Triangles]:
    """Lying and standing triangles of all roads, each thing where it belongs, but for what `common` replaces."""
    tier = np.repeat(np.array([Tier.CARRIAGEWAY, Tier.RAISED], np.int8), [len(paved.shapes), len(raised.shapes)])
    kept, cut = give_way(
        quads,
        polygons,
        np.concatenate([paved.shapes, raised.shapes]),
        np.concatenate([paved.level, raised.level]),
        tier,
        common.replaces(quads),
    )
    flaps = Quads.join([flap_quads(*stretch) for stretch in stretches])
    flaps = flaps.take(~common.covers(flaps))
    faces = Quads.join([make(*stretch) for stretch in stretches for make in (face_quads, cap_quads)])
    lying = Triangles.join([triangles_of(kept), triangles_of(flaps), cut])
    lane = quads.tier == Tier.CARRIAGEWAY
    return lying, clip_faces(faces, quads.take(lane), polygons[lane], paved.shapes, paved.level)


def _as_quads(triangles: Triangles) -> Array:
    return triangles.corners[:, [0, 1, 2, 2]]


def _welded(mesh: Mesh, vertex: NDArray[np.int64]) -> Mesh:
    """The mesh with one vertex for each number of `vertex` (T, 3), shaded smoothly: steps look worn, not broken."""
    _, first, index = np.unique(vertex, return_index=True, return_inverse=True)
    rows = mesh.faces.ravel()[first]
    return Mesh.of(mesh.vertices[rows], index.reshape(-1, 3), mesh.uv[rows], mesh.slots, smooth=True)


def _mark_mesh(marks: Triangles) -> Mesh:
    n = len(marks.look)
    return Mesh.of(marks.corners.reshape(-1, 3), np.arange(3 * n), marks.st.reshape(-1, 2) / MARKING_M, marks.look)
