"""Roads that do not lie on the land: through a hill, over a valley with another road in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulator.errors import InputError
from simulator.roads.cross_section import tapered
from simulator.roads.layout import Plan, Pose
from simulator.roads.network import RoadNetwork
from simulator.roads.records import Structure
from simulator.roads.street import plain_road, rural_section

_STEEPEST = 0.08  # gradient of ramps at most: EKL 2012 for roads of class 3 and 4


def tunnel(length_m: float = 500.0, *, tunnel_m: float = 110.0, lanes: int = 1, speed_kmh: float = 80.0) -> RoadNetwork:
    """A straight country road through a hill; the tunnel lies in its middle.

    Raises InputError where less than 40 m of road would be left on either side.
    """
    if not 30.0 <= tunnel_m <= length_m - 80.0:
        raise InputError(f"tunnel_m={tunnel_m:g}: 30 to {length_m - 80.0:g} m fit a road of {length_m:g} m")
    tube = Structure("tunnel", "1", 0.5 * (length_m - tunnel_m), tunnel_m, type="standard", name="tunnel", lighting=0.5)
    road = plain_road("0", Plan().line(length_m), rural_section(3.5, lanes), "rural", speed_kmh)
    return RoadNetwork({"0": replace(road, structures=(tube,))}, name="tunnel")


def bridge(length_m: float = 360.0, *, height_m: float = 6.8, lanes: int = 1, speed_kmh: float = 80.0) -> RoadNetwork:
    """A road on a bridge over another one: road "0" climbs, and crosses above road "1" in the middle of both.

    Args:
        height_m: of the upper carriageway above the lower one; 4.5 m must stay clear below a deck of about 1 m.

    Raises:
        InputError: ramps would be steeper than 8 %, or the bridge too low to pass under.
    """
    ramp = 0.5 * length_m - 50.0
    if not 6.0 <= height_m <= 20.0:
        raise InputError(f"height_m={height_m:g}: 6 to 20 m are accepted")
    if 1.5 * height_m / max(ramp, 1e-9) > _STEEPEST:  # the slope of the cubic in its middle
        least = 2.0 * (1.5 * height_m / _STEEPEST + 50.0)
        raise InputError(f"length_m={length_m:g}: a bridge {height_m:g} m high needs {np.ceil(least):g} m of road")
    section = rural_section(3.5, lanes)
    rise = tapered([(0.0, 0.0), (ramp, height_m), (length_m - ramp, height_m), (length_m, 0.0)])
    above = plain_road("0", Plan().line(length_m), section, "rural", speed_kmh)
    deck = Structure("bridge", "1", 0.5 * length_m - 14.0, 28.0, type="concrete", name="bridge")
    below = Plan(Pose(0.5 * length_m, -0.5 * length_m, 0.5 * np.pi)).line(length_m)
    return RoadNetwork(
        {
            "0": replace(above, elevation_profile=rise, structures=(deck,)),
            "1": plain_road("1", below, section, "rural", speed_kmh),
        },
        name="bridge",
    )
