"""Road networks from a few parameters, in the same model as OpenDRIVE maps: pure functions of their arguments.

Lengths are metres, angles degrees, speeds km/h; all networks are right-hand traffic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simulator.errors import InputError
from simulator.numerics.rng import generator
from simulator.numerics.units import KMH
from simulator.roads.cross_section import CrossSection, tapered
from simulator.roads.grade_separation import bridge, tunnel
from simulator.roads.junction_features import GIVE_WAY, STOP, signalised, with_priority
from simulator.roads.junction_layout import Arm, build_junction
from simulator.roads.layout import Plan, Pose
from simulator.roads.motorway import merge, motorway
from simulator.roads.network import RoadNetwork
from simulator.roads.parking_lot import parking_lot
from simulator.roads.polynomial import NO_PROFILE, Array
from simulator.roads.records import Link
from simulator.roads.roundabout import roundabout
from simulator.roads.street import Street, junction_reach, plain_road, rural_section
from simulator.roads.town import town

__all__ = [
    "bridge",
    "curve",
    "hill",
    "merge",
    "motorway",
    "parking_lot",
    "roundabout",
    "straight",
    "t_junction",
    "town",
    "tunnel",
    "village_lane",
    "x_junction",
]

_ASLANT_DEG = 15.0  # from a right angle: beyond, minor streets have stop signs


def straight(
    length_m: float = 300.0,
    *,
    lanes: int = 1,
    lane_width_m: float = 3.5,
    speed_kmh: float = 100.0,
    sidewalks: bool = False,
) -> RoadNetwork:
    """A straight two-way road with `lanes` lanes each way, in the country, or in a town with `sidewalks`."""
    _positive(length_m=length_m, lanes=lanes, lane_width_m=lane_width_m, speed_kmh=speed_kmh)
    section = Street(lane_width_m).cross_section(length_m) if sidewalks else rural_section(lane_width_m, lanes)
    return _single("straight", Plan().line(length_m), section, "town" if sidewalks else "rural", speed_kmh)


def curve(
    radius_m: float = 150.0,
    angle_deg: float = 60.0,
    *,
    clothoid_m: float = 50.0,
    approach_m: float = 100.0,
    superelevation_percent: float = 4.0,
    speed_kmh: float = 80.0,
) -> RoadNetwork:
    """A country road with one bend (positive angles turn left): straight, clothoid, circle, clothoid, straight.

    The road is banked to the inside of the bend, growing and fading along the clothoids.
    """
    _positive(radius_m=radius_m, clothoid_m=clothoid_m, approach_m=approach_m, speed_kmh=speed_kmh)
    if not 0.0 < abs(angle_deg) <= 350.0:
        raise InputError(f"angle_deg={angle_deg:g}: from 0 to 350 degrees either way are accepted")
    angle = np.deg2rad(angle_deg)
    plan = Plan().line(approach_m).bend(radius_m, angle, clothoid_m).line(approach_m)
    clothoid = plan.geometry[1].length
    bank = -np.sign(angle) * np.arctan(0.01 * superelevation_percent)
    end = plan.length - approach_m
    stations = [(0.0, 0.0), (approach_m, 0.0), (approach_m + clothoid, bank), (end - clothoid, bank), (end, 0.0)]
    return _single("curve", plan, rural_section(), "rural", speed_kmh, superelevation=tapered(stations))


def hill(length_m: float = 500.0, height_m: float = 12.0, *, speed_kmh: float = 100.0) -> RoadNetwork:
    """A straight country road over a crest of `height_m` in its middle (a dip where that is negative)."""
    _positive(length_m=length_m, speed_kmh=speed_kmh)
    stations = [(0.0, 0.0), (0.15 * length_m, 0.0), (0.5 * length_m, height_m), (0.85 * length_m, 0.0)]
    return _single("hill", Plan().line(length_m), rural_section(), "rural", speed_kmh, elevation=tapered(stations))


def village_lane(
    length_m: float = 400.0, *, width_m: float = 5.0, speed_kmh: float = 30.0, unpaved: bool = False, seed: int = 0
) -> RoadNetwork:
    """A narrow winding lane without markings between grass verges, gently up and down; another one for each seed.

    It is of asphalt, or of gravel if `unpaved`.
    """
    _positive(length_m=length_m, width_m=width_m, speed_kmh=speed_kmh)
    rng = generator(seed, "roads", "village_lane")
    plan, side = Plan(), 1.0
    while plan.length < length_m - 1.0:
        plan.line(min(float(rng.uniform(15.0, 60.0)), length_m - plan.length))
        room = length_m - plan.length
        radius, angle = float(rng.uniform(25.0, 90.0)), float(np.deg2rad(rng.uniform(15.0, 55.0)))
        if room > radius * angle + 30.0:
            plan.bend(radius, side * angle, 10.0)
            side = -side
    heights = [(0.0, 0.0)]
    while heights[-1][0] < length_m - 80.0:
        heights.append((heights[-1][0] + float(rng.uniform(50.0, 80.0)), float(rng.uniform(-1.5, 1.5))))
    surface = "gravel" if unpaved else "asphalt"
    section = Street(0.5 * width_m, sidewalk_width=0.0, marked=False, surface=surface).cross_section(plan.length)
    return _single("village lane", plan, section, "lowSpeed", speed_kmh, elevation=tapered(heights))


def x_junction(
    arm_m: float = 100.0, *, angle_deg: float = 90.0, street: Street | None = None, traffic_lights: bool = True
) -> RoadNetwork:
    """Two streets that cross at an angle, with pavements, crossings, and traffic lights or priority signs."""
    if not 50.0 <= angle_deg <= 130.0:
        raise InputError(f"angle_deg={angle_deg:g}: 50 to 130 degrees are accepted")
    directions = [0.0, angle_deg, 180.0, 180.0 + angle_deg]
    return _star("x junction", directions, arm_m, street or Street(parking_width=2.1), traffic_lights)


def t_junction(
    arm_m: float = 100.0, *, angle_deg: float = 90.0, street: Street | None = None, traffic_lights: bool = False
) -> RoadNetwork:
    """A street that ends at another one, with pavements, crossings, and traffic lights or priority signs."""
    if not 50.0 <= angle_deg <= 130.0:
        raise InputError(f"angle_deg={angle_deg:g}: 50 to 130 degrees are accepted")
    return _star("t junction", [0.0, 180.0, 180.0 + angle_deg], arm_m, street or Street(), traffic_lights)


def _star(
    name: str, directions_deg: Sequence[float], arm_m: float, street: Street, traffic_lights: bool
) -> RoadNetwork:
    """Streets from a common centre; the first and third (of four), or the first two (of three), have priority.

    Who comes from the others gives way, and has to stop where the streets meet far from a right angle: who looks back
    over the shoulder sees too late what comes (stop signs stand where sight is poor: VwV-StVO on sign 206).
    """
    angles = [float(np.deg2rad(direction)) for direction in directions_deg]
    reach, radius = junction_reach(street, angles)
    _positive(arm_m=arm_m - reach)
    length = arm_m - reach
    arms, roads = [], {}
    for number, angle in enumerate(angles):
        pose = Pose(0.0, 0.0, angle).moved(arm_m).back()
        plan = Plan(pose).line(length)
        section = street.cross_section(length, calm_end=min(25.0, 0.5 * length))
        name_of = str(number)
        roads[name_of] = plain_road(name_of, plan, section, "town", street.speed_kmh, successor=Link("junction", "100"))
        arms.append(Arm.of(name_of, "end", plan.end, section, length))
    junction, inside = build_junction("100", arms, len(arms), radius=radius, speed_mps=street.speed_kmh * KMH)
    network = RoadNetwork(roads | {road.id: road for road in inside}, {"100": junction}, name=name)
    if traffic_lights:
        return signalised(network, "100", arms)
    main = (arms[0], arms[2]) if len(arms) == 4 else (arms[0], arms[1])
    aslant = abs((directions_deg[-1] - directions_deg[0]) % 180.0 - 90.0) > _ASLANT_DEG
    return with_priority(network, "100", arms, main, minor=STOP if aslant else GIVE_WAY)


def _single(
    name: str,
    plan: Plan,
    section: CrossSection,
    kind: str,
    speed_kmh: float,
    *,
    elevation: Array = NO_PROFILE,
    superelevation: Array = NO_PROFILE,
) -> RoadNetwork:
    road = plain_road("0", plan, section, kind, speed_kmh)
    road = replace(road, name=name, elevation_profile=elevation, superelevation_profile=superelevation)
    return RoadNetwork({"0": road}, name=name)


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not (np.isfinite(value) and value > 0.0):
            raise InputError(f"{name}={value:g}: a positive number is needed")
