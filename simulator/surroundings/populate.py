"""Fill any map with surroundings in one of several styles, around the ego's path.

The order settles who yields: signs, lights and objects of the map first, then rails and lamps, houses, the fronts of
plots and furniture, last crops and the plants, which take what is left. Nothing stands on a carriageway or pavement.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from simulator.numerics.rng import generator
from simulator.roads import Path, RoadNetwork
from simulator.roads.surface_marks import mark_country
from simulator.scene import Model, SceneBuilder
from simulator.surroundings.backdrop import place_backdrop
from simulator.surroundings.gantries import place_gantries
from simulator.surroundings.place import Ground, Occupancy, Place
from simulator.surroundings.place_crops import place_crops
from simulator.surroundings.place_houses import place_houses
from simulator.surroundings.place_litter import place_litter
from simulator.surroundings.place_objects import place_objects
from simulator.surroundings.place_overpasses import place_overpasses
from simulator.surroundings.place_plants import place_plants
from simulator.surroundings.place_pylons import place_pylons
from simulator.surroundings.place_roadside import place_plots, place_roadside
from simulator.surroundings.place_signs import place_signs
from simulator.surroundings.place_structures import place_structures
from simulator.surroundings.place_yards import place_yards
from simulator.surroundings.plans import look
from simulator.surroundings.roadsides import roadsides
from simulator.surroundings.species import SEASONS
from simulator.surroundings.styles import choose_style
from simulator.traffic.lane_map import LaneMap
from simulator.traffic.precedence import Gates


@dataclass(frozen=True, slots=True)
class Scenery:
    """What has been placed.

    Attributes:
        style: name of the style.
        signals: object ids of the map's traffic lights by the ids of their records.
        counts: how many of each kind.
        triangles: number of triangles added, all instances counted.
    """

    style: str
    signals: dict[str, int]
    counts: dict[str, int]
    triangles: int


def populate(
    builder: SceneBuilder,
    network: RoadNetwork,
    surface: Ground,
    path: Path,
    *,
    style: str = "auto",
    seed: int = 0,
    season: str = "summer",
    snow_m: float = 0.0,
    vegetation: float = 0.5,
    buildings: float = 0.5,
    street_lamps: bool | None = None,
    signs: str = "auto",
    taken: ArrayLike | None = None,
    radius_m: float = 220.0,
    right_of_way: tuple[LaneMap, Gates] | None = None,
    trailer: Callable[[int], Model] | None = None,
) -> Scenery:
    """Add surroundings to a scene.

    Args:
        builder: the scene under construction; its ground is already there.
        network: roads.
        surface: heights and clearances of the ground (a RoadSurface).
        path: the ego's way; detail and density fall with the distance from it.
        style: a style of `assets/surroundings.yaml`, or "auto".
        seed: of everything; the same seed gives the same surroundings.
        season: one of species.SEASONS. snow_m: depth of the snow that lies, in which low grass disappears.
        vegetation, buildings: densities 0..1; 0.5 is usual, 0 leaves them out.
        street_lamps: whether there are street lamps; None: by the style.
        signs: "vienna" or "mutcd" (US); "auto": by the centre lines, which are yellow in the US.
        taken: (N, 3) x, y, radius in metres of discs that must stay free.
        radius_m: how far from the path things are placed; only the backdrop lies beyond.
        right_of_way: lanes and their gates, if they have been made already: signs agree with them.
        trailer: makes the semi-trailer of a number below `place.TRAILERS`, its origin in its middle, its front along y;
            None: none wait in yards.

    Raises InputError for an unknown style.
    """
    if season not in SEASONS:
        raise ValueError(f"season must be one of {SEASONS}, not {season!r}")
    chosen = choose_style(style, network, path, seed)
    low, high = path.xyz[:, :2].min(0), path.xyz[:, :2].max(0)
    occupancy = Occupancy((low + high) / 2, float((high - low).max()) / 2 + radius_m + 20.0)
    discs = np.zeros((0, 3)) if taken is None else np.asarray(taken, np.float64).reshape(-1, 3)
    if len(discs):
        occupancy.take_circles(discs[:, :2], discs[:, 2])
    place = Place(
        builder=builder,
        network=network,
        ground=surface,
        path=path,
        style=chosen,
        look=look(generator(seed, "surroundings", "look")),
        seed=seed,
        season=season,
        radius_m=radius_m,
        vegetation=float(np.clip(vegetation, 0.0, 1.0)),
        buildings=float(np.clip(buildings, 0.0, 1.0)),
        mutcd=signs == "mutcd" or (signs == "auto" and mark_country(network) == "US"),
        sides=roadsides(network, path, radius_m),
        occupancy=occupancy,
        snow_m=snow_m,
        trailer=trailer,
    )
    lights = place_signs(place, right_of_way)
    mapped = place_objects(place)
    place_structures(place)
    place_overpasses(place)
    place_gantries(place)
    place_roadside(place, lamps=chosen.lamp_spacing_m > 0 if street_lamps is None else street_lamps)
    place_houses(place)
    place_yards(place)
    place_plots(place)
    place_litter(place)
    place_crops(place)
    place_plants(place, mapped)
    place_backdrop(place)
    place_pylons(place)
    builder.zenith_mag = chosen.zenith_mag
    return Scenery(chosen.name, lights, dict(sorted(place.counts.items())), place.triangles)
