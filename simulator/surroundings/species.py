"""Proportions of plants, read from `assets/plants.yaml`."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from typing import Any

from simulator.data import load_asset

SEASONS = ("spring", "summer", "autumn", "winter")
COLUMN = 0.3  # narrower crowns, such as of Lombardy poplars, are columns


@dataclass(frozen=True, slots=True)
class Species:
    """Proportions of a kind of plant; lengths are fractions of the height unless they carry a unit.

    Attributes:
        name: unique name.
        form: `broadleaf`, `spruce`, `pine` or `bush`.
        height_m: lowest and highest height of a grown plant.
        spread: crown diameter.
        clear: height of the lowest leaves.
        trunk: trunk diameter at breast height.
        belly: where the crown is widest: 0 at its foot .. 1 at its top.
        boughs: number of main branches, each with its mass of leaf clumps (trees but spruces and firs).
        clumps: number of leaf clumps.
        clump: radius of a clump as a fraction of that of its mass of leaves, in bushes of the crown radius.
        rise_rad: angle of the main branches above the horizontal.
        palettes: foliage palette in spring, summer, autumn and winter ("" is leafless).
        bark: bark texture.
    """

    name: str
    form: str
    height_m: tuple[float, float]
    spread: float
    clear: float
    trunk: float
    belly: float
    boughs: int
    clumps: int
    clump: float
    rise_rad: float
    palettes: tuple[str, str, str, str]
    bark: str

    def palette(self, season: str) -> str:
        """Foliage palette in one of SEASONS; "" is leafless."""
        return self.palettes[SEASONS.index(season)]


def season_of(day_of_year: int, latitude_deg: float) -> str:
    """Season of plants; half a year later in the south; summer in the tropics.

    By the phenological calendar of central Europe (means of the German Weather Service, rounded): leaves unfold from
    10 April and are grown, and blossom is over, by 17 May; they turn from 25 September and have fallen by 15 November.
    """
    if abs(latitude_deg) < 23.5:
        return "summer"
    day = (day_of_year if latitude_deg > 0 else day_of_year + 182) % 365
    return ("winter", "spring", "summer", "autumn", "winter")[bisect_right((100, 137, 268, 319), day)]


@cache
def species_table() -> dict[str, Species]:
    """All species by name."""
    table = {}
    for row in load_asset("plants")["species"]:
        fields: dict[str, Any] = dict(row)
        fields["height_m"], fields["palettes"] = tuple(row["height_m"]), tuple(row["palettes"])
        table[row["name"]] = Species(**fields)
    return table
