"""Buildings by a facade grammar: a footprint becomes walls of bays, a roof, and what makes it read as a house.

Frame of every building: origin on the ground in the middle of the footprint, x towards the street it faces, y along
it. `detail` 0 cuts window reveals, sills and balconies into the front, 1 keeps all walls flat, 2 repeats one bay.
Walls reach 3 m below the ground, so that they also stand on slopes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulator.scene.material import Material
from simulator.scene.mesh import Mesh
from simulator.surroundings import country_houses, town_houses
from simulator.surroundings.plans import Look, Plan, look
from simulator.surroundings.shapes import Patchwork
from simulator.surroundings.walls import Palette


@dataclass(frozen=True, slots=True, eq=False)
class Building:
    """A building in its own frame.

    Attributes:
        kind: one of KINDS.
        mesh, materials: geometry and the materials of its slots.
        depth_m, width_m: footprint along x and y, without overhangs.
        height_m: highest point above the ground.
    """

    kind: str
    mesh: Mesh
    materials: tuple[Material, ...]
    depth_m: float
    width_m: float
    height_m: float


_MAKERS: dict[str, Callable[[Plan], tuple[Palette, float]]] = {
    "flats": town_houses.flats,
    "townhouse": town_houses.townhouse,
    "office": town_houses.office,
    "detached": country_houses.detached,
    "garage": country_houses.garage,
    "hall": country_houses.hall,
    "barn": country_houses.barn,
    "church": country_houses.church,
}
KINDS = tuple(_MAKERS)


def building(
    kind: str,
    rng: np.random.Generator,
    *,
    width_m: float,
    depth_m: float,
    style: Look | None = None,
    detail: int = 0,
    shop: bool = False,
    most_storeys: int = 8,
) -> Building:
    """Build one house.

    Args:
        kind: one of KINDS.
        rng: named random stream; the same stream gives the same house.
        width_m: along the street.
        depth_m: away from the street.
        style: the look of the place; None draws one.
        detail: 0 near, 1 middle, 2 far.
        shop: shops on the ground floor (flats and town houses).
        most_storeys: of flats and town houses.
    """
    plan = Plan(Patchwork(), rng, width_m, depth_m, detail, shop, style or look(rng), most_storeys)
    palette, height = _MAKERS[kind](plan)
    return Building(kind, plan.work.mesh(), tuple(palette.materials), depth_m, width_m, height)
