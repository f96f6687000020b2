"""Styles of surroundings, read from `assets/surroundings.yaml`, and which one suits a road."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from simulator.data import load_asset
from simulator.errors import InputError, did_you_mean
from simulator.numerics.rng import generator
from simulator.roads import DRIVABLE, Path, RoadNetwork

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Style:
    """What stands beside the road. Shares are 0..1 at the middle of the scenario's densities.

    Attributes:
        name: key in the asset file.
        houses: kinds of buildings with their weights.
        setback_m: from the outer edge of the pavement (or road) to the facade.
        gap_m: between neighbours.
        frontage: share of plots that are built on.
        most_storeys: of flats and town houses.
        shops: share of houses with shops (flats and town houses).
        second_row: share of places behind the first row that hold a house.
        paved: the ground between pavement and facade is paved.
        yards: the ground about the halls is a yard of works.
        church: one church somewhere.
        lamp_spacing_m, lamp_height_m, lamp_kinds: street lamps; spacing 0: none.
        furniture_per_100_m: bins, benches and the like per 100 m of street side.
        tree_share, tree_spacing_m: street sides lined with trees, and how far these are apart.
        species: trees of the place, repeated by weight.
        woods: share of the land that is wood; woods_from_m: its distance from the road.
        hedgerows: share of road sides with a hedgerow.
        garden_trees_ha, bushes_ha: single trees and bushes per hectare of land near the road.
        verge_tufts_per_100_m: tufts of tall grass per 100 m of road side.
        plot_edges: what stands along the front of plots.
        guard_rails, delineators: along the road.
        noise_barriers: share of road sides with one.
        utility_poles: share of roads with a line of wooden poles.
        zenith_mag: brightness of the clear moonless night sky overhead, mag/arcsec2.
        land, relief_m: what lies between the roads, and how far above or below them, as in
            `roads.surface_materials.SurfaceStyle`; maps are taken as they are, without such relief.
    """

    name: str
    houses: tuple[tuple[str, float], ...]
    setback_m: Range
    gap_m: Range
    frontage: float
    shops: float
    second_row: float
    species: tuple[str, ...]
    plot_edges: tuple[str, ...]
    zenith_mag: float
    paved: bool = False
    yards: bool = False
    church: bool = False
    lamp_spacing_m: float = 0.0
    lamp_height_m: Range = (8.0, 8.0)
    lamp_kinds: tuple[str, ...] = ()
    furniture_per_100_m: float = 0.0
    tree_share: float = 0.0
    tree_spacing_m: Range = (10.0, 15.0)
    woods: float = 0.0
    woods_from_m: float = 10.0
    hedgerows: float = 0.0
    garden_trees_ha: float = 0.0
    bushes_ha: float = 0.0
    verge_tufts_per_100_m: float = 0.0
    guard_rails: bool = False
    delineators: bool = False
    noise_barriers: float = 0.0
    utility_poles: float = 0.0
    most_storeys: int = 8
    urban: bool = False
    land: str = "meadow"
    relief_m: float = 0.0


@cache
def styles() -> dict[str, Style]:
    """All styles by name."""
    table = {}
    for name, row in load_asset("surroundings")["styles"].items():
        given: dict[str, Any] = dict(row)
        lamps, trees = given.pop("lamps", {}), given.pop("street_trees")
        given["houses"] = tuple(given["houses"].items())
        for key in ("setback_m", "gap_m", "species", "plot_edges"):
            given[key] = tuple(given[key])
        table[name] = Style(
            name=name,
            lamp_spacing_m=float(lamps.get("spacing_m", 0.0)),
            lamp_height_m=tuple(lamps.get("height_m", (8.0, 8.0))),
            lamp_kinds=tuple(lamps.get("kinds", ())),
            tree_share=float(trees["share"]),
            tree_spacing_m=tuple(trees["spacing_m"]),
            urban=bool(lamps),
            **given,
        )
    return table


def choose_style(name: str, network: RoadNetwork, path: Path, seed: int) -> Style:
    """The style called `name`; "auto" goes by the kind of road, its limit and its lanes, and by the seed.

    Raises InputError for an unknown name.
    """
    table = styles()
    if name != "auto":
        if name not in table:
            raise InputError(
                f'unknown surroundings "{name}".{did_you_mean(name, table)} Known: auto, {", ".join(table)}'
            )
        return table[name]
    road = network.roads[path.keys[0].road]
    section = road.sections[path.keys[0].section]
    kind = road.types[0].type if road.types else ""
    limit_kmh = 3.6 * float(np.median(path.speed_limit_mps))
    lanes = sum(lane.type in DRIVABLE for lane in section.lanes)
    walks = any(
        lane.type in ("sidewalk", "walking")
        for key in path.keys
        for lane in network.roads[key.road].sections[key.section].lanes
    )
    rng = generator(seed, "surroundings", "style")
    pick: tuple[str, ...]
    if any(thing.type == "parkingSpace" for key in path.keys for thing in network.roads[key.road].objects):
        pick = ("car_park",) if limit_kmh < 30 else ("town", "suburb", "car_park")
    elif kind == "motorway" or (limit_kmh >= 95 and lanes >= 4) or limit_kmh > 115:
        pick = ("motorway",)
    elif walks or kind in ("lowSpeed", "pedestrian", "townPlayStreet"):
        pick = ("town",) * 3 + ("suburb",) * 2 + ("village",) if lanes <= 2 else ("town",) * 4 + ("industrial",)
    elif kind == "town" or limit_kmh <= 55:
        pick = ("suburb", "village", "town", "industrial") if lanes <= 2 else ("town", "industrial", "suburb")
    else:
        pick = ("country", "country", "forest", "village") if limit_kmh < 75 else ("country", "country", "forest")
    return table[pick[int(rng.integers(len(pick)))]]
