"""Plants: street trees, gardens, woods and hedgerows, in four levels of detail within a triangle budget."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from simulator.scene.material import Material, Surface
from simulator.scene.mesh import Mesh
from simulator.scene.paving import kerb_stone
from simulator.scene.textures import SOIL_M
from simulator.scene.textures import soil as soil_texture
from simulator.surroundings.place import Place
from simulator.surroundings.place_grass import place_grass
from simulator.surroundings.place_objects import MapPlant
from simulator.surroundings.plants import Plant, plant
from simulator.surroundings.roadsides import runs
from simulator.surroundings.shapes import F64, Patchwork, poses
from simulator.surroundings.species import COLUMN, Species, species_table
from simulator.surroundings.woods import STEP_M, wood

VARIANTS = 3
_LIMITS_M = (18.0, 48.0, 110.0)  # distance from the path up to which details 0, 1, 2 are used
_COST = (4000.0, 1700.0, 760.0, 300.0)  # triangles of a tree by detail, about
MOST_TRIANGLES = 280_000
_WILD = ("thicket", "thicket", "shrub")
_SHRUB_M = 1.5  # from row to row of a hedgerow, along which shrubs stand as close (usual: 1.0 to 1.5 m)
_HEDGE_ENDS_M = 14.0  # from the ends of roads, so that drivers see who comes
_MANTLE_M = 5.0  # of the edge of a wood that shrubs grow in
_PIT_M, _EDGING_M = 0.75, 0.08  # half the side of the open ground about trees in paving, and its stones
SCENE_TRIANGLES = 380_000  # plants take what houses and furniture have left of this, within limits


@dataclass(slots=True)
class _Rows:
    """Plants to be: positions and species, collected before the level of detail is settled."""

    xy: list[F64] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    scale: list[float] = field(default_factory=list)

    def add(self, xy: F64, names: list[str], scale: F64) -> None:
        """Append plants at (N, 2) points."""
        self.xy += list(xy)
        self.names += names
        self.scale += scale.tolist()


def place_plants(place: Place, mapped: list[MapPlant]) -> None:
    """Plant everything: `mapped` plants of the map, then our own as dense as wanted."""
    rows = _Rows()
    for row in mapped:
        usual = 0.5 * sum(species_table()[row.species].height_m)
        rows.add(row.xy[None], [row.species], np.array([row.height_m / usual]))
    density = 2.0 * place.vegetation
    if density > 0:
        _street_trees(place, rows, density)
        for corners in place.paved:
            place.occupancy.take_polygon(corners)
        _hedgerows(place, rows, density)
        _woods(place, rows, density)
        _single(place, rows, density)
        _bushes(place, rows, density)
        place_grass(place, density)
    _grow(place, rows)


def _pick(rng: np.random.Generator, names: tuple[str, ...], count: int) -> list[str]:
    return [names[i] for i in rng.integers(len(names), size=count)]


def _street_trees(place: Place, rows: _Rows, density: float) -> None:
    """Rows of pruned trees along street sides, behind the pavement."""
    style = place.style
    for side in place.sides:
        rng = place.rng("street trees", side.road.id, int(side.left))
        share = style.tree_share * min(density, 2.0)
        if rng.random() > share or side.length < 20.0:
            continue
        spacing = float(rng.uniform(*style.tree_spacing_m))
        walk = bool(side.walk.mean() > 0.5)
        offset = float(rng.uniform(1.2, 1.8) if walk and style.urban else rng.uniform(3.4, 5.5))
        at = np.arange(float(rng.uniform(4.0, spacing)), side.length - 4.0, spacing)
        at = at + rng.uniform(-0.6, 0.6, len(at))
        xyz, out, _ = side.at(at, offset)
        name = _pick(rng, style.species, 1)[0]
        ok = place.clear(xyz[:, :2], 0.9 if walk else 2.5) & (rng.random(len(at)) < 0.92)
        kept = xyz[ok][:, :2]
        place.occupancy.take_circles(kept, 1.0)
        rows.add(kept, [f"{name}*"] * len(kept), rng.uniform(0.85, 1.15, len(kept)))
        paved = _within(kept, place.paved)
        if paved.any():
            _pits(place, xyz[ok][paved], out[ok][paved])


def _within(xy: F64, quads: list[F64]) -> NDArray[np.bool_]:
    """Whether points (N, 2) lie within any of some convex quads (4, 2)."""
    if not quads:
        return np.zeros(len(xy), np.bool_)
    corners = np.stack(quads)
    way, off = np.roll(corners, -1, 1) - corners, xy[:, None, None] - corners
    turn = way[..., 0] * off[..., 1] - way[..., 1] * off[..., 0]
    return np.asarray(np.any(np.all(turn > 0, axis=2) | np.all(turn < 0, axis=2), axis=1))


def _pits(place: Place, xyz: F64, out: F64) -> None:
    """Open ground about trees in paving, edged by stones that stand out a little.

    Args:
        xyz: (N, 3) world points of the trees, as high as the edge of the pavement. out: (N, 2) away from the road.
    """
    along = np.stack([out[:, 1], -out[:, 0]], 1)
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])

    def ring(half_m: float) -> F64:
        """(N, 4, 2) corners of squares about the trees, half so wide."""
        return np.asarray(xyz[:, None, :2] + half_m * (square[:, :1] * along[:, None] + square[:, 1:] * out[:, None]))

    outer, inner = ring(_PIT_M), ring(_PIT_M - _EDGING_M)
    land = place.ground.height(outer.reshape(-1, 2)).reshape(-1, 4).max(1)
    top = np.maximum(xyz[:, 2], land + 0.06)

    def raised(plan: F64, above_m: float) -> F64:
        """(N, 4, 3) corners so far above the pavement, local."""
        return place.local(
            np.concatenate([plan, np.broadcast_to((top + above_m)[:, None, None], (*plan.shape[:2], 1))], 2)
        )

    soil, stones = Patchwork(), Patchwork()
    soil.metric_quads(raised(inner, -0.03), 0, SOIL_M)
    a, b, low, deep = raised(outer, 0.0), raised(inner, 0.0), raised(outer, -0.3), raised(inner, -0.06)
    for i in range(4):
        j = (i + 1) % 4
        stones.metric_quads(np.stack([a[:, i], a[:, j], b[:, j], b[:, i]], 1))
        stones.metric_quads(np.stack([low[:, i], low[:, j], a[:, j], a[:, i]], 1))
        stones.metric_quads(np.stack([b[:, i], b[:, j], deep[:, j], deep[:, i]], 1))
    earth = Material("tree pit", (1.0, 1.0, 1.0), soil_texture("soil"), reflectance_905=0.3, surface=Surface.SOIL)
    edging = Material("edging", (1.0, 1.0, 1.0), kerb_stone(), reflectance_905=0.33, surface=Surface.CONCRETE)
    place.put_mesh(soil.mesh(), (earth,), "terrain")
    place.put_mesh(stones.mesh(), (edging,), "sidewalk")


def _hedgerows(place: Place, rows: _Rows, density: float) -> None:
    """Hedgerows behind the verge: two staggered rows of shrubs with gaps, and trees among them."""
    style = place.style
    for side in place.sides:
        rng = place.rng("hedgerow", side.road.id, int(side.left))
        if rng.random() >= style.hedgerows * min(density, 2.0) or side.length < 4 * _HEDGE_ENDS_M or side.walk.any():
            continue
        offset, ends = float(rng.uniform(3.8, 6.5)), (_HEDGE_ENDS_M, side.length - _HEDGE_ENDS_M)
        shrubs = np.arange(*ends, 0.5 * _SHRUB_M)
        shrubs = shrubs + rng.uniform(-0.5, 0.5, len(shrubs))
        reach = offset + _SHRUB_M * (np.arange(len(shrubs)) % 2) + rng.normal(0.0, 0.25, len(shrubs))
        trees = np.cumsum(rng.uniform(9.0, 32.0, int(side.length / 9.0)))
        trees = ends[0] + trees[trees < ends[1] - ends[0]]
        for at, out, kinds, size in (
            (trees, offset + 0.5 * _SHRUB_M, [f"{name}+" for name in style.species], (0.45, 0.8)),
            (shrubs, reach, _WILD, (0.6, 1.2)),
        ):
            xy = side.at(at, out)[0][:, :2]
            kept = place.clear(xy, 2.6) & (place.field(xy, 90.0, "hedgerow") > -0.4)
            for beside in (-1.0, 1.0):  # nor through fences and noise barriers
                kept &= place.occupancy.free(side.at(at, out + beside)[0][:, :2])
            rows.add(xy[kept], _pick(rng, tuple(kinds), int(kept.sum())), rng.uniform(*size, int(kept.sum())))
            place.occupancy.take_circles(xy[kept], 0.5)


def _grid_points(place: Place, spacing: float, rng: np.random.Generator) -> F64:
    """Jittered grid over all that lies within the radius of the path."""
    low, high = place.path.xyz[:, :2].min(0) - place.radius_m, place.path.xyz[:, :2].max(0) + place.radius_m
    x, y = np.arange(low[0], high[0], spacing), np.arange(low[1], high[1], spacing)
    points = np.stack(np.meshgrid(x, y, indexing="ij"), -1).reshape(-1, 2)
    points = points + rng.uniform(-0.42, 0.42, points.shape) * spacing
    return np.asarray(points[place.distance(points) < place.radius_m])


def _woods(place: Place, rows: _Rows, density: float) -> None:
    """Woods: a dense edge of trees some rows deep; what lies behind it is not seen."""
    style, rng = place.style, place.rng("woods")
    share = min(style.woods * (0.4 + 0.6 * density), 1.0)
    if share <= 0:
        return
    spacing = 5.2 if style.name == "forest" else 6.0
    points = _grid_points(place, spacing, rng)
    level = float(np.quantile(place.field(points, 170.0, "woods"), 1 - share)) if share < 1 else -np.inf
    wood = place.field(points, 170.0, "woods") > level
    points = points[wood]
    free = place.occupancy.free(points)
    points = points[free]
    clear = place.ground.clearance(points)
    depth = clear - style.woods_from_m
    # A few rows close the view; farther ahead only the first is seen, and a dark strip stands behind them all.
    near = place.distance(points)
    rows_m = np.clip(22.0 - 0.12 * near, 7.0, 20.0)
    chance = np.clip(1.25 - depth / rows_m, 0.0, 1.0) * np.clip(1.5 - near / (0.8 * place.radius_m), 0.2, 1.0)
    points = points[(depth > 0) & (rng.random(len(points)) < chance)]
    place.occupancy.take_circles(points, 0.8)
    rows.add(points, _pick(rng, style.species, len(points)), rng.uniform(0.75, 1.2, len(points)))
    # Light reaches the edge of a wood: shrubs close it down to the ground.
    edge = points[place.ground.clearance(points) - style.woods_from_m < _MANTLE_M]
    edge = np.repeat(edge, 4, axis=0) + rng.uniform(-0.6, 0.6, (4 * len(edge), 2)) * spacing
    edge = edge[place.clear(edge, max(style.woods_from_m - 2.5, 2.5))]
    place.occupancy.take_circles(edge, 0.8)
    rows.add(edge, _pick(rng, _WILD, len(edge)), rng.uniform(0.5, 1.1, len(edge)))
    _wood_backs(place, level)


def _wood_backs(place: Place, level: float) -> None:
    """Walls of trees behind the first rows of woods along the roads."""
    style = place.style
    for side in place.sides:
        rng = place.rng("wood backs", side.road.id, int(side.left))
        at = np.arange(0.0, side.length, STEP_M)
        for reach in (17.0, 25.0):
            xyz, out, _ = side.at(at, style.woods_from_m + reach)
            xy = xyz[:, :2] + out * rng.normal(0, 1.2, len(at))[:, None]
            keep = (place.field(xy, 170.0, "woods") > level) & (place.distance(xy) < place.radius_m)
            keep &= place.ground.clearance(xy) > style.woods_from_m + 10.0
            for a, b in runs(keep, 1):
                conifers = any(species_table()[name].form == "spruce" for name in style.species)
                wood(place, xy[a : b + 1], rng, float(rng.uniform(12.0, 16.0)), int(conifers))


def _single(place: Place, rows: _Rows, density: float) -> None:
    """Single trees in gardens, parks and fields."""
    style, rng = place.style, place.rng("single trees")
    per_ha = style.garden_trees_ha * density
    if per_ha <= 0:
        return
    spacing = max(float(np.sqrt(10_000.0 / per_ha)) * 0.8, 5.0)
    points = _grid_points(place, spacing, rng)
    points = points[rng.random(len(points)) < 0.64]
    species = [f"{name}+" for name in _pick(rng, style.species, len(points))]
    scale = rng.uniform(0.6, 1.1, len(points))
    # Crowns keep off carriageways and houses: their radius is about a third of the height.
    reach = np.array([kind.spread * 0.25 * sum(kind.height_m) for kind in map(_species, species)]) * scale
    ok = place.occupancy.free(points)
    for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        ok &= place.occupancy.free(points + 0.6 * reach[:, None] * [dx, dy])
    ok[ok] = place.ground.clearance(points[ok]) > np.maximum(0.75 * reach[ok], 2.0)
    near = place.distance(points)
    ok &= rng.random(len(points)) < np.clip(1.25 - 1.5 * near / place.radius_m, 0.1, 1.0)
    place.occupancy.take_circles(points[ok], 1.2)
    rows.add(points[ok], [n for n, k in zip(species, ok) if k], scale[ok])


def _bushes(place: Place, rows: _Rows, density: float) -> None:
    """Bushes in gardens, along wood edges and verges."""
    style, rng = place.style, place.rng("bushes")
    per_ha = style.bushes_ha * density
    if per_ha <= 0:
        return
    # Gardens hold single bushes; in the open land they spread by their roots and stand in groups.
    group = 1 if style.urban else 4
    points = _grid_points(place, max(float(np.sqrt(10_000.0 / per_ha * group)) * 0.7, 3.0), rng)
    points = points[rng.random(len(points)) < 0.5]
    points = np.repeat(points, rng.integers(group, 2 * group, len(points)) if group > 1 else 1, axis=0)
    points = points + rng.normal(0.0, 1.3, points.shape) * (group > 1)
    near = place.distance(points)
    points = points[near < 0.4 * place.radius_m]
    margin = 2.4 if style.urban else 4.0
    points = points[place.clear(points, margin)]
    clumped = place.field(points, 26.0, "bushes") > -0.1
    points = points[clumped]
    kinds = ("shrub", "evergreen", "thicket") if style.urban else _WILD
    place.occupancy.take_circles(points, 0.8)
    rows.add(points, _pick(rng, kinds, len(points)), rng.uniform(0.6, 1.15, len(points)))


# ---------------------------------------------------------------- level of detail


def _levels(distance: F64, cost: F64, budget: float) -> NDArray[np.int64]:
    """Detail of each plant: by distance, the limits drawn in until all fits the budget."""
    squeeze = 1.0
    for _ in range(14):
        level = np.searchsorted(np.array(_LIMITS_M) * squeeze, distance)
        if float((np.array(_COST)[level] * cost).sum()) <= budget:
            return np.asarray(level)
        squeeze *= 0.82
    return np.asarray(level)


def _kept_off_roads(place: Place, names: list[str], xy: F64, scale: F64) -> F64:
    """Scales (N,) at which crowns end at the edge of the pavement; pruned street trees have theirs above it."""
    kinds = [_species(name) for name in names]
    # Boughs of conifers reach down to the ground, the crowns of others begin above it.
    share = [0.30 if kind.form in ("spruce", "bush") else 0.26 for kind in kinds]
    reach = np.array([part * kind.spread * sum(kind.height_m) for part, kind in zip(share, kinds)]) * scale
    pruned = np.array([name.endswith("*") for name in names])
    room = np.maximum(place.ground.clearance(xy), 0.3) / np.maximum(reach, 1e-6)
    return np.asarray(np.where(pruned, scale, scale * np.minimum(room, 1.0)))


def _grow(place: Place, rows: _Rows) -> None:
    """Turn rows into instances of shared prototypes; the farthest go first if even the lowest detail is too much."""
    if not rows.xy:
        return
    xy, scale = np.array(rows.xy), np.array(rows.scale)
    near = place.distance(xy)
    scale = _kept_off_roads(place, rows.names, xy, scale)
    bush = np.array([_species(name).form == "bush" for name in rows.names])
    cost = np.where(bush, 0.25, 1.0)
    budget = float(np.clip(SCENE_TRIANGLES - place.triangles, 70_000, MOST_TRIANGLES))
    order = np.argsort(near, kind="stable")
    fits = np.cumsum(cost[order] * _COST[-1]) < budget
    order = order[fits]
    level = np.zeros(len(xy), np.int64)
    level[order] = _levels(near[order], cost[order], budget)
    rng = place.rng("growth")
    xyz = place.on_ground(xy)
    prototypes: dict[tuple[str, int, int], list[tuple[Mesh, tuple[Material, ...]]]] = {}
    variant, turn = rng.integers(VARIANTS, size=len(xy)), rng.uniform(0, 2 * np.pi, len(xy))
    stretch = rng.uniform(0.9, 1.1, len(xy))
    pose = poses(place.local(xyz), turn, np.stack([scale, scale, scale * stretch], 1))
    for i in order.tolist():
        key = (rows.names[i], int(variant[i]), int(level[i]))
        if key not in prototypes:
            prototypes[key] = _prototype(place, *key).pieces()
        for mesh, materials in prototypes[key]:
            place.put_mesh(mesh, materials, "vegetation", pose[i])


def _prototype(place: Place, name: str, variant: int, detail: int) -> Plant:
    """A plant shared by many instances."""
    return plant(_species(name), place.rng("plant", name, variant), season=place.season, detail=detail)


@cache
def _species(name: str) -> Species:
    """A species; a star after its name prunes it as street trees are, a plus lets it stand alone."""
    species = species_table()[name.rstrip("*+")]
    return _pruned(species) if name.endswith("*") else _alone(species) if name.endswith("+") else species


def _pruned(species: Species) -> Species:
    """A street tree: free stem of about 3 m, narrower crown, 8 to 11 m high; nobody prunes columns."""
    if species.spread < COLUMN:
        return replace(species, height_m=(10.0, 15.0))
    height = (7.5, 10.5) if species.name != "fruit" else (5.0, 6.5)
    clear = 0.32 if species.form == "broadleaf" else species.clear
    return replace(species, height_m=height, clear=max(clear, species.clear), spread=min(species.spread, 0.62))


def _alone(species: Species) -> Species:
    """A tree that no neighbour shades: its lower boughs live on, its crown is wider and begins nearer the ground."""
    if species.form == "pine":
        return replace(species, clear=0.26, spread=0.56, belly=0.4, boughs=14, clumps=38)
    if species.form != "broadleaf" or species.name in ("poplar", "fruit"):
        return species
    return replace(species, clear=0.55 * species.clear, spread=min(1.2 * species.spread, 0.92))
