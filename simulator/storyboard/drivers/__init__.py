"""Controllers that drive an entity instead of the default controller, one module a kind.

The standard leaves open which controllers a player has; these go by the names that esmini's scenarios use for them
in the property `esminiController`, or by their own name. Every other falls back to the default controller.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.storyboard import model
from simulator.storyboard.drivers.base import Driver, speed_limit
from simulator.storyboard.drivers.by_hand import HandsOff, OffroadFollower, Outside, Wheel
from simulator.storyboard.drivers.distance_keeper import DistanceKeeper
from simulator.storyboard.drivers.ghost_follower import GhostFollower
from simulator.storyboard.drivers.lane_changer import LaneChanger
from simulator.storyboard.drivers.reference_follower import ReferenceFollower
from simulator.storyboard.drivers.route_follower import RouteFollower
from simulator.storyboard.drivers.safety_models import lane_keeper
from simulator.storyboard.drivers.two_points import TwoPoints
from simulator.storyboard.drivers.wanderer import Wanderer
from simulator.storyboard.entities import Entity
from simulator.storyboard.world import World

__all__ = ["Driver", "assign", "speed_limit"]

_DRIVERS: dict[str, Callable[[World, Entity, model.ObjectController], Driver]] = {
    "ACCController": DistanceKeeper,
    "ALKSController": DistanceKeeper,
    "ALKS_R157SM_Controller": lane_keeper,
    "ECE_ALKS_RefDriverController": lane_keeper,
    "ExternalController": Outside,
    "FollowGhostController": GhostFollower,
    "FollowReferenceController": ReferenceFollower,
    "FollowRouteController": RouteFollower,
    "HIDController": Wheel,
    "InteractiveController": HandsOff,
    "LoomingController": TwoPoints,
    "NaturalDriver": LaneChanger,
    "OffroadFollower": OffroadFollower,
    "SloppyDriverController": Wanderer,
    "UDPDriverController": Outside,
}


def assign(world: World, entity: Entity, given: model.ObjectController) -> bool:
    """Give an entity the driver that a controller names; False, with a warning: there is none."""
    controller = given.controller
    if controller is model.DEFAULT_CONTROLLER:
        return False
    kind = _DRIVERS.get(controller.properties.properties.get("esminiController") or controller.name)
    if kind is None:
        world.warn(
            f'there is no controller "{controller.name}": {entity.name} falls back to the default controller',
            controller.line,
        )
        return False
    entity.drivers.append(kind(world, entity, given))
    return True
