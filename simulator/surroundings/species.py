"""Proportions of plants, read from `assets/plants.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from simulator.data import load_asset

SEASONS = ("spring", "summer", "autumn", "winter")


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
        clumps: number of leaf clumps.
        clump: radius of a clump as a fraction of the crown radius.
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
    clumps: int
    clump: float
    rise_rad: float
    palettes: tuple[str, str, str, str]
    bark: str

    def palette(self, season: str) -> str:
        """Foliage palette in one of SEASONS; "" is leafless."""
        return self.palettes[SEASONS.index(season)]


@cache
def species_table() -> dict[str, Species]:
    """All species by name."""
    table = {}
    for row in load_asset("plants")["species"]:
        fields: dict[str, Any] = dict(row)
        fields["height_m"], fields["palettes"] = tuple(row["height_m"]), tuple(row["palettes"])
        table[row["name"]] = Species(**fields)
    return table
