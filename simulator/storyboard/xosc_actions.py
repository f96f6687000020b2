"""Hooks that read the actions of entities of OpenSCENARIO XML."""

from __future__ import annotations

import re
from typing import Any, get_args

from simulator.storyboard import model
from simulator.storyboard.binding import REQUIRED, Hook, Node, Reader
from simulator.storyboard.xosc_global import read_global

PRIVATE_ACTIONS = {cls.__name__: cls for cls in get_args(model.PrivateAction)}
# What only groups actions in the standard.
_GROUPS = ("LongitudinalAction", "LateralAction", "RoutingAction", "TrailerAction")
ELEMENTS: dict[tuple[type, str], str] = {
    (model.SpeedAction, "dynamics"): "SpeedActionDynamics",
    (model.SpeedAction, "target"): "SpeedActionTarget",
    (model.SpeedProfileAction, "entries"): "SpeedProfileEntry",
    (model.LaneChangeAction, "dynamics"): "LaneChangeActionDynamics",
    (model.LaneChangeAction, "target"): "LaneChangeTarget",
    (model.LaneOffsetAction, "target"): "LaneOffsetTarget",
    (model.AbsoluteSpeed, "steady_state"): "",
    (model.RelativeSpeedToMaster, "steady_state"): "",
    (model.AssignRouteAction, "route"): "",
    (model.ControllerAction, "assign"): "AssignControllerAction",
    (model.ControllerAction, "override"): "OverrideControllerValueAction",
    (model.ControllerAction, "activate"): "ActivateControllerAction",
    (model.OverrideGearAction, "gear"): "",
    (model.OverrideBrakeAction, "brake"): "",
    (model.OverrideParkingBrakeAction, "brake"): "",
    (model.AppearanceAction, "light_state"): "LightStateAction",
    (model.AppearanceAction, "animation"): "AnimationAction",
    (model.ComponentAnimation, "component"): "",
}


def read_private(reader: Reader, node: Node) -> Any:
    """The action inside a `<PrivateAction>`; None, and a warning, when it is not known."""
    child = node.first()
    if child is None:
        return _empty(node)
    while child.tag in _GROUPS:
        inner = child.first()
        if inner is None:
            return _empty(child)
        child.finish()
        child = inner
    node.finish()
    if child.tag == "ActivateControllerAction":  # directly until 1.0
        return model.ControllerAction(activate=reader.bind(model.ActivateControllerAction, child), line=child.line)
    if child.tag not in PRIVATE_ACTIONS:
        child.warn(f"the action <{child.tag}> is not known; it is ignored")
        return None
    return reader.bind(PRIVATE_ACTIONS[child.tag], child)


def _empty(node: Node) -> None:
    node.finish()
    node.warn(f"<{node.tag}> is empty; it does nothing")


def read_action(reader: Reader, node: Node) -> model.Action | None:
    """An `<Action>` of an event; None, and a warning, when it is not known."""
    private, everywhere, own = node.child("PrivateAction"), node.child("GlobalAction"), node.child("UserDefinedAction")
    if private is not None:
        action = read_private(reader, private)
    elif everywhere is not None:
        action = read_global(reader, everywhere)
    elif own is not None:
        action = reader.bind(model.UserDefinedAction, own)
    else:
        node.warn("<Action> needs a <PrivateAction>, a <GlobalAction> or a <UserDefinedAction>; it does nothing")
        action = None
    name = node.text("name", "")
    node.finish()
    return None if action is None else model.Action(name, action, line=node.line)


def _lane_offset(reader: Reader, node: Node) -> dict[str, Any]:
    dynamics = node.need("LaneOffsetActionDynamics")
    found = {
        "dynamics_shape": dynamics.choice("dynamicsShape", "DynamicsShape"),
        "max_lateral_acc": dynamics.number("maxLateralAcc", None),
    }
    dynamics.finish()
    return found


def _longitudinal_distance(reader: Reader, node: Node) -> dict[str, Any]:
    """Displacement came with 1.1, where a missing one means trailing; before, a sign said it."""
    distance, gap = node.number("distance", None), node.number("timeGap", None)
    if distance is None and gap is None:
        raise node.error(f'<{node.tag}> needs either "distance" or "timeGap"')
    if distance is not None and gap is not None:
        node.warn(f'<{node.tag}> has both "distance" and "timeGap"; the distance is used')
        gap = None
    value = gap if distance is None else distance
    usual = "trailingReferencedEntity" if reader.revision >= (1, 1) or value >= 0.0 else "leadingReferencedEntity"
    return {
        "distance": None if distance is None else abs(distance),
        "time_gap": None if gap is None else abs(gap),
        "displacement": node.choice("displacement", "LongitudinalDisplacement", usual),
    }


def _lateral_distance(reader: Reader, node: Node) -> dict[str, Any]:
    distance = node.number("distance", None)
    return {
        "distance": None if distance is None else abs(distance),
        "displacement": node.choice("displacement", "LateralDisplacement", "any"),
    }


def _speed_profile(reader: Reader, node: Node) -> dict[str, Any]:
    entries = tuple(reader.bind(model.SpeedProfileEntry, item) for item in node.children("SpeedProfileEntry"))
    if not entries:
        raise node.error(f"<{node.tag}> needs at least one <SpeedProfileEntry>")
    return {"entries": entries}


def _relative_speed(reader: Reader, node: Node) -> dict[str, Any]:
    usual = "delta"
    if not node.has("speedTargetValueType"):
        node.warn(f'<{node.tag}> needs the attribute "speedTargetValueType"; "{usual}" is used')
    return {"speed_target_value_type": node.choice("speedTargetValueType", "SpeedTargetValueType", usual)}


def _transition(reader: Reader, node: Node) -> dict[str, Any]:
    shape = node.choice("dynamicsShape", "DynamicsShape")
    step = shape == "step"  # at once, whatever else is written
    dimension = node.choice("dynamicsDimension", "DynamicsDimension", "time" if step else REQUIRED)
    value = node.number("value", 0.0 if step else REQUIRED)
    if value < 0.0 and dimension != "rate":  # many rates have the sign of what they do to the speed
        node.warn(f'<{node.tag}> value="{value:g}" is negative; 0 is used')
        value = 0.0
    return {"dynamics_shape": shape, "dynamics_dimension": dimension, "value": value}


def _constraints(reader: Reader, node: Node) -> dict[str, Any]:
    """Limits of 0 and less, which nobody could keep to, are none."""
    found = {}
    for name in ("maxSpeed", "maxAcceleration", "maxDeceleration", "maxAccelerationRate", "maxDecelerationRate"):
        limit = node.number(name, None)
        if limit is not None and limit <= 0.0:
            node.warn(f'<{node.tag}> {name}="{limit:g}" is not above 0; what the entity can do is the limit')
            limit = None
        found[re.sub("([A-Z])", r"_\1", name).lower()] = limit
    return found


def _timing(reader: Reader, node: Node) -> dict[str, Any]:
    scale = node.number("scale", 1.0)
    if not scale > 0.0:
        raise node.error(f"<Timing> has the scale {scale:g}; a number above 0 is needed")
    return {
        "domain_absolute_relative": node.choice("domainAbsoluteRelative", "ReferenceContext", "absolute"),
        "scale": scale,
        "offset": node.number("offset", 0.0),
    }


def _follow_trajectory(reader: Reader, node: Node) -> dict[str, Any]:
    """The trajectory directly until 1.0, in a <TrajectoryRef> since."""
    reference = node.child("TrajectoryRef")
    trajectory = reader.one_of(reference or node, (model.Trajectory,), finish=reference is not None)
    mode = node.child("TrajectoryFollowingMode")
    if mode is None:
        node.warn(f'<{node.tag}> needs a <TrajectoryFollowingMode>; "position" is used')
    following = "position" if mode is None else mode.choice("followingMode", "FollowingMode")
    if mode is not None:
        mode.finish()
    time, timing = node.child("TimeReference"), None
    if time is not None:
        timed, none = time.child("Timing"), time.child("None")
        timing = None if timed is None else reader.bind(model.Timing, timed)
        if none is not None:
            none.finish()
        time.finish()
    return {"trajectory": trajectory, "following_mode": following, "time_reference": timing}


def _visibility(reader: Reader, node: Node) -> dict[str, Any]:
    group = node.child("SensorReferenceSet")
    names = []
    for item in group.children("SensorReference") if group is not None else ():
        names.append(item.text("name"))
        item.finish()
    if group is not None:
        group.finish()
    return {"sensor_references": tuple(names)}


def _assign_controller(reader: Reader, node: Node) -> dict[str, Any]:
    """A controller directly until 1.2, in an <ObjectController> since."""
    child = node.child("ObjectController")
    if child is not None:
        return {"controller": reader.bind(model.ObjectController, child)}
    controller = reader.one_of(node, (model.Controller,), needed=False, finish=False)
    if controller is None:
        return {"controller": None}
    return {"controller": model.ObjectController(controller.name, controller, line=controller.line)}


def _activate_controller(reader: Reader, node: Node) -> dict[str, Any]:
    old = node.text("controllerRef", None)
    return {"object_controller_ref": node.text("objectControllerRef", old)}


def _brake(reader: Reader, node: Node) -> dict[str, Any]:
    """A `value` from 0 to 1 until 1.1."""
    old = node.number("value", None)
    if old is None or node.child("BrakePercent") is not None or node.child("BrakeForce") is not None:
        return {}
    return {"brake": model.BrakePercent(old, line=node.line)}


def _gear(reader: Reader, node: Node) -> dict[str, Any]:
    """A `number` until 1.1, of type double there."""
    given = node.number("number", None)
    old = None if given is None else round(given)
    if old != given:
        node.warn(f'<{node.tag}> number="{given:g}" is not a whole number; {old} is used')
    if old is None or node.child("ManualGear") is not None or node.child("AutomaticGear") is not None:
        return {}
    return {"gear": model.ManualGear(old, line=node.line)}


def _controller_action(reader: Reader, node: Node) -> dict[str, Any]:
    if not len(node.element):
        raise node.error("<ControllerAction> is empty; an action is needed")
    return {}


def _color(reader: Reader, node: Node) -> dict[str, Any]:
    rgb, cmyk = node.child("ColorRgb"), node.child("ColorCmyk")
    found: tuple[float, float, float] | None = None
    if rgb is not None:
        red, green, blue = (rgb.number(name) for name in ("red", "green", "blue"))
        found = (red, green, blue)
        rgb.finish()
    elif cmyk is not None:
        cyan, magenta, yellow, key = (cmyk.number(name) for name in ("cyan", "magenta", "yellow", "key"))
        found = ((1.0 - cyan) * (1.0 - key), (1.0 - magenta) * (1.0 - key), (1.0 - yellow) * (1.0 - key))
        cmyk.finish()
    return {"rgb": found}


def _animation(reader: Reader, node: Node) -> dict[str, Any]:
    state = node.child("AnimationState")
    value = None if state is None else state.number("state")
    if state is not None:
        state.finish()
    return {"state": value}


def _animation_file(reader: Reader, node: Node) -> dict[str, Any]:
    file = node.need("File")
    path = file.text("filepath")
    file.finish()
    return {"file": path}


def _pedestrian_animation(reader: Reader, node: Node) -> dict[str, Any]:
    gestures = []
    for item in node.children("PedestrianGesture"):
        gestures.append(item.choice("gesture", "PedestrianGestureType"))
        item.finish()
    return {"gestures": tuple(gestures)}


HOOKS: dict[type, Hook] = {
    model.TransitionDynamics: _transition,
    model.RelativeTargetSpeed: _relative_speed,
    model.SpeedProfileAction: _speed_profile,
    model.LongitudinalDistanceAction: _longitudinal_distance,
    model.LaneOffsetAction: _lane_offset,
    model.LateralDistanceAction: _lateral_distance,
    model.DynamicConstraints: _constraints,
    model.Timing: _timing,
    model.FollowTrajectoryAction: _follow_trajectory,
    model.VisibilityAction: _visibility,
    model.AssignControllerAction: _assign_controller,
    model.ActivateControllerAction: _activate_controller,
    model.ControllerAction: _controller_action,
    model.OverrideBrakeAction: _brake,
    model.OverrideParkingBrakeAction: _brake,
    model.OverrideGearAction: _gear,
    model.Color: _color,
    model.AnimationAction: _animation,
    model.AnimationFile: _animation_file,
    model.PedestrianAnimation: _pedestrian_animation,
}
