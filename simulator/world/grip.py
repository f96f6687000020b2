"""What holds the vehicles of a drive: their chassis, the road as the weather has made it, what drivers know of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from simulator.dynamics import Model as Motion
from simulator.dynamics import vehicle
from simulator.dynamics.bodies import PLATE_SHARE
from simulator.dynamics.friction import SURFACE_FRICTION
from simulator.dynamics.surface import CELL_M, Patch, Surface, surface
from simulator.roads import DRIVABLE, Road, RoadNetwork
from simulator.scene import Atmosphere, Model
from simulator.traffic.conditions import RoadWeather
from simulator.traffic.wrecks import DENSITY_KG_M3
from simulator.weather.rain import tyre_film_mm

# Of `assets/dynamics.yaml`, what a class drives like. Sizes are those of the model at hand; lorries and buses have the
# springs of none, but the tyres and limits of a van, and a centre of mass half as high again.
CHASSIS = {
    "car": "bmw_320i",
    "van": "vw_vanagon",
    "truck": "vw_vanagon",
    "bus": "vw_vanagon",
    "motorcycle": "motorcycle",
    "bicycle": "bicycle",
}
HEAVY = ("truck", "bus")
# kg, kg m2 and m of two-wheelers with their riders: a motorcycle of 200 kg, a bicycle of 15 kg, a rider of 75 kg.
TWO_WHEELED: dict[str, dict[str, float]] = {
    "motorcycle": {"mass": 275.0, "yaw_inertia": 60.0, "wheel_radius": 0.31, "wheel_inertia": 0.8, "brake_front": 0.6},
    "bicycle": {"mass": 90.0, "yaw_inertia": 15.0, "wheel_radius": 0.34, "wheel_inertia": 0.2, "brake_front": 0.6},
}
HEAVY_WHEEL_M, HEAVY_WHEEL_KG_M2, HEAVY_CG_M = 0.5, 20.0, 1.2
DRY = 0.75  # friction of a map's lane below which it is more slippery than what `pavement_friction` gives when dry
PIECE_M, NEAR_M = 20.0, 150.0  # of such a lane in one patch; from the ego's path
SNOW_M = 0.005  # of snow from which it is what tyres roll on


def chassis_of(model: Model, class_name: str) -> NDArray[np.void] | None:
    """() VEHICLE_DTYPE of a vehicle of a class that looks like a model; None for what has no tyres of its own."""
    if class_name not in CHASSIS or model.wheelbase_m <= 0.0:
        return None
    length, width, height = (float(size) for size in model.size_lwh_m)
    name = CHASSIS[class_name]
    base = vehicle(name)
    share = float(base["front"] / (base["front"] + base["rear"]))
    changes: dict[str, Any] = {
        "length": length,
        "width": width,
        "front": share * model.wheelbase_m,
        "rear": (1.0 - share) * model.wheelbase_m,
    }
    if class_name in TWO_WHEELED:
        changes.update(TWO_WHEELED[class_name])
    else:
        mass = DENSITY_KG_M3 * length * width * height
        changes["mass"] = changes["sprung_mass"] = mass
        changes["yaw_inertia"] = PLATE_SHARE * mass * (length**2 + width**2) / 12.0
    if class_name in HEAVY:
        changes.update(wheel_radius=HEAVY_WHEEL_M, wheel_inertia=HEAVY_WHEEL_KG_M2, cg_height=HEAVY_CG_M)
    return vehicle(name, Motion.DRIFT, **changes)


def film_mm(atmosphere: Atmosphere) -> float:
    """Water on the road as tyres have it."""
    return tyre_film_mm(1000.0 * atmosphere.water_film_m)


def covering(atmosphere: Atmosphere) -> str | None:
    """What covers the whole road, a key of `SURFACE_FRICTION`: snow, or ice where water freezes; None: nothing."""
    if atmosphere.snow_depth_m >= SNOW_M:
        return "snow"
    return "ice" if atmosphere.temperature_c < 0.0 and atmosphere.water_film_m > 0.0 else None


def slippery_lanes(network: RoadNetwork, path: NDArray[np.float64]) -> list[Patch]:
    """Lanes near a path (N, 3) whose map says that they have less friction than dry tarmac, in pieces (ASAM OpenDRIVE
    1.8, 11.8.1: `friction` of a lane's material holds from its `sOffset` on)."""
    found: list[Patch] = []
    low, high = path[:, :2].min(axis=0) - NEAR_M, path[:, :2].max(axis=0) + NEAR_M
    for road in network.roads.values():
        for index, section in enumerate(road.sections):
            for lane in section.lanes:
                if lane.type not in DRIVABLE:
                    continue
                starts = [material.ds for material in lane.materials]
                for material, end in zip(lane.materials, [*starts[1:], section.length]):
                    if 0.0 < material.friction < DRY:
                        s = np.arange(section.s0 + material.ds, section.s0 + min(end, section.length), PIECE_M)
                        ends = np.append(s[1:], section.s0 + min(end, section.length))
                        found += _pieces(
                            road, index, lane.id, np.stack([s, ends], axis=1), material.friction, low, high
                        )
    return found


def _pieces(
    road: Road,
    section: int,
    lane: int,
    spans: NDArray[np.float64],
    friction: float,
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> list[Patch]:
    """Patches of a lane between stations `spans` (K, 2), of those within a box."""
    found = []
    ids = [row.id for row in road.sections[section].lanes if row.id]
    for begin, end in spans.tolist():
        if end - begin < CELL_M:
            continue
        s = np.linspace(begin, end, max(int((end - begin) / 1.0), 1) + 1)
        t = road.boundaries(section, s)[ids.index(lane) : ids.index(lane) + 2]
        ring = np.concatenate([road.point(s, t[0], 0.0)[:, :2], road.point(s, t[1], 0.0)[::-1, :2]])
        corner = np.floor(ring.min(axis=0) / CELL_M) * CELL_M
        if (ring.max(axis=0) < low).any() or (corner > high).any():
            continue
        columns, rows = (np.ceil((ring.max(axis=0) - corner) / CELL_M).astype(int) + 1).tolist()
        x, y = np.meshgrid(
            corner[0] + (np.arange(columns) + 0.5) * CELL_M, corner[1] + (np.arange(rows) + 0.5) * CELL_M
        )
        covered = shapely.contains_xy(shapely.make_valid(shapely.Polygon(ring)), x, y)
        found.append(Patch(corner, covered, friction))
    return found


def road_weather(atmosphere: Atmosphere) -> RoadWeather:
    """What drivers know: the weather and the road as a whole, not the patches on it."""
    cover = covering(atmosphere)
    friction = atmosphere.friction * SURFACE_FRICTION[cover] if cover else 0.0
    return RoadWeather(
        atmosphere.rain_mm_h, atmosphere.visibility_m, film_mm(atmosphere), friction, white=cover is not None
    )


def ground_of(atmosphere: Atmosphere, patches: Sequence[Patch], origin: NDArray[np.float64]) -> Surface:
    """What tyres roll on, asked for places relative to `origin` (>= 2,)."""
    cover = covering(atmosphere)
    return surface(
        patches,
        origin,
        friction=SURFACE_FRICTION[cover] if cover else 0.0,
        film_mm=film_mm(atmosphere),
        factor=atmosphere.friction,
    )
