"""Hooks that read the global actions of OpenSCENARIO XML: environment, entities, signals, traffic, variables."""

from __future__ import annotations

from typing import Any, get_args

from simulator.storyboard import model
from simulator.storyboard.binding import Hook, Node, Reader
from simulator.storyboard.xosc_conditions import name_of

_PLAIN = {"SetMonitorAction": model.SetMonitorAction, "EnvironmentAction": model.EnvironmentAction}
GLOBAL_ACTIONS = (
    *_PLAIN,
    *("EntityAction", "ParameterAction", "VariableAction", "InfrastructureAction", "TrafficAction"),
)
_SIGNALS = (model.TrafficSignalStateAction, model.TrafficSignalControllerAction)
_TRAFFIC = (
    model.TrafficSourceAction,
    model.TrafficSinkAction,
    model.TrafficSwarmAction,
    model.TrafficAreaAction,
    model.TrafficStopAction,
)
ELEMENTS: dict[tuple[type, str], str] = {
    (model.EnvironmentAction, "environment"): "",
    (model.EntityDistributionEntry, "template"): "ScenarioObjectTemplate",
    (model.ControllerDistributionEntry, "controller"): "",
}
# Oktas of the words of 1.2 and of the cloud states before it; the sky that is off says nothing of clouds.
_OKTAS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_CLOUD_STATES = {"free": 0, "cloudy": 4, "overcast": 8, "rainy": 8, "skyOff": None}
_SUNLIGHT_LX = 100_000.0  # "direct sunlight is around 100,000 lx", says the standard of intensity
_HEAVIEST_MM_H = 50.0  # of an intensity of 1 until 1.0: showers above 50 mm/h are called violent (Met Office)


def read_global(reader: Reader, node: Node) -> Any:
    """The action inside a `<GlobalAction>`; None, and a warning, when it is not known."""
    child = node.first()
    node.finish()
    if child is None:
        node.warn("<GlobalAction> is empty; it does nothing")
        return None
    if child.tag in _PLAIN:
        return reader.bind(_PLAIN[child.tag], child)
    if child.tag == "EntityAction":
        return _entity(reader, child)
    if child.tag in ("ParameterAction", "VariableAction"):
        return _value(reader, child)
    if child.tag == "InfrastructureAction":
        signal = child.need("TrafficSignalAction")
        child.finish()
        return reader.one_of(signal, _SIGNALS)
    if child.tag == "TrafficAction":
        reader.traffic_name = child.text("trafficName", "")
        return reader.one_of(child, _TRAFFIC)
    child.warn(f"the action <{child.tag}> is not known; it is ignored")
    return None


def _entity(reader: Reader, node: Node) -> Any:
    name, added, deleted = node.text("entityRef"), node.child("AddEntityAction"), node.child("DeleteEntityAction")
    node.finish()
    if added is not None:
        position = reader.one_of(added.need("Position"), get_args(model.Position))
        added.finish()
        return model.AddEntityAction(name, position, line=node.line)
    if deleted is None:
        raise node.error("<EntityAction> needs an <AddEntityAction> or a <DeleteEntityAction>")
    deleted.finish()
    return model.DeleteEntityAction(name, line=node.line)


def _value(reader: Reader, node: Node) -> Any:
    """Set or change a parameter or a variable."""
    variable = node.tag == "VariableAction"
    name = name_of(node, "variableRef" if variable else "parameterRef")
    setting, change = node.child("SetAction"), node.child("ModifyAction")
    node.finish()
    if setting is not None:
        value = setting.text("value")
        setting.finish()
        kind = model.VariableSetAction if variable else model.ParameterSetAction
        return kind(name, value, line=node.line)
    if change is None:
        raise node.error(f"<{node.tag}> needs a <SetAction> or a <ModifyAction>")
    rule = reader.one_of(change.need("Rule"), (model.AddValue, model.MultiplyByValue))
    change.finish()
    modify = model.VariableModifyAction if variable else model.ParameterModifyAction
    return modify(name, rule, line=node.line)


def _weather(reader: Reader, node: Node) -> dict[str, Any]:
    words = {f"{word}Oktas": count for count, word in enumerate(_OKTAS)}
    text, state = node.text("fractionalCloudCover", None), node.text("cloudState", None)
    table, given = (words, text) if text is not None else (_CLOUD_STATES, state)
    if given is not None and given not in table:
        raise node.error(f'<Weather>: "{given[:60]}" is not known. Allowed: {", ".join(table)}')
    return {"fractional_cloud_cover": None if given is None else table[given]}


def _sun(reader: Reader, node: Node) -> dict[str, Any]:
    """`intensity` until 1.1, in lux too; but many files have a share of full sunlight there."""
    old = node.number("intensity", None)
    if old is not None and 0.0 < old <= 1.0:
        node.warn(f'<Sun> intensity="{old:g}" is taken as a share of {_SUNLIGHT_LX:g} lx')
        old *= _SUNLIGHT_LX
    return {"illuminance": node.number("illuminance", old)}


def _precipitation(reader: Reader, node: Node) -> dict[str, Any]:
    """`intensity` from 0 to 1 until 1.0."""
    old, value = node.number("intensity", None), node.number("precipitationIntensity", None)
    if value is None:
        value = 0.0 if old is None else old * _HEAVIEST_MM_H
        if old:
            node.warn(f'<Precipitation> intensity="{old:g}" is taken as {value:g} mm/h')
    return {"precipitation_intensity": value}


def _dome_image(reader: Reader, node: Node) -> dict[str, Any]:
    file = node.need("DomeFile")
    path = file.text("filepath")
    file.finish()
    return {"dome_file": path}


def _time_of_day(reader: Reader, node: Node) -> dict[str, Any]:
    return {"date_time": node.text("dateTime")}


def _user_defined(reader: Reader, node: Node) -> dict[str, Any]:
    command = node.need("CustomCommandAction")
    found = {"type": command.text("type", ""), "content": command.content()}
    command.finish()
    return found


def _distribution(reader: Reader, node: Node) -> tuple[model.TrafficDistributionEntry, ...]:
    group = node.child("TrafficDistribution")
    if group is None:
        return ()
    entries = tuple(
        reader.bind(model.TrafficDistributionEntry, item) for item in group.children("TrafficDistributionEntry")
    )
    group.finish()
    return entries


def _distribution_entry(reader: Reader, node: Node) -> dict[str, Any]:
    group = node.need("EntityDistribution")
    entries = tuple(
        reader.bind(model.EntityDistributionEntry, item) for item in group.children("EntityDistributionEntry")
    )
    group.finish()
    return {"entities": entries}


def _traffic_definition(reader: Reader, node: Node) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, group, cls in (
        ("vehicle_categories", "VehicleCategoryDistribution", model.VehicleCategoryDistributionEntry),
        ("vehicle_roles", "VehicleRoleDistribution", model.VehicleRoleDistributionEntry),
        ("controllers", "ControllerDistribution", model.ControllerDistributionEntry),
    ):
        inside = node.child(group)
        items = inside.children(cls.__name__) if inside is not None else []
        found[field] = tuple(reader.bind(cls, item) for item in items)
        if inside is not None:
            inside.finish()
    return found


def _traffic(reader: Reader, node: Node) -> dict[str, Any]:
    """The name stands at the element around; `velocity` became `speed` with 1.2."""
    found: dict[str, Any] = {"traffic_name": reader.traffic_name}
    if node.tag != "TrafficSinkAction":
        found["traffic_distribution"] = _distribution(reader, node)
    if node.tag == "TrafficSourceAction":
        found["speed"] = node.number("speed", node.number("velocity", None))
    return found


def _swarm(reader: Reader, node: Node) -> dict[str, Any]:
    found = {**_traffic(reader, node), "offset": node.zero_if_missing("offset")}
    count = node.integer("numberOfVehicles")
    if count < 0:
        node.warn(f'<{node.tag}> numberOfVehicles="{count}" is negative; 0 is used')
    found["number_of_vehicles"] = max(count, 0)
    central = node.child("CentralObject") or node.need("CentralSwarmObject")
    found["central_object"] = central.text("entityRef")
    central.finish()
    speeds, old = node.child("InitialSpeedRange"), node.number("velocity", None)
    found["initial_speed_range"] = None if old is None else (old, old)
    if speeds is not None:
        found["initial_speed_range"] = (speeds.number("lowerLimit"), speeds.number("upperLimit"))
        speeds.finish()
    return found


def _area(reader: Reader, node: Node) -> dict[str, Any]:
    found = _traffic(reader, node)
    area = node.need("TrafficArea")
    polygon = area.child("Polygon")
    corners = polygon.children("Position") if polygon is not None else []
    found["polygon"] = tuple(reader.one_of(item, get_args(model.Position)) for item in corners)
    found["road_ranges"] = tuple(reader.bind(model.RoadRange, item) for item in area.children("RoadRange"))
    if polygon is not None:
        polygon.finish()
    area.finish()
    if len(corners) < 3 and not found["road_ranges"]:
        raise area.error("<TrafficArea> needs a <Polygon> of at least 3 <Position> or a <RoadRange>")
    return found


def _stop(reader: Reader, node: Node) -> dict[str, Any]:
    return {"traffic_name": reader.traffic_name}


def _road_cursor(reader: Reader, node: Node) -> dict[str, Any]:
    lanes = []
    for item in node.children("Lane"):
        lanes.append(item.integer("id"))
        item.finish()
    return {"lanes": tuple(lanes)}


HOOKS: dict[type, Hook] = {
    model.Weather: _weather,
    model.Sun: _sun,
    model.Precipitation: _precipitation,
    model.DomeImage: _dome_image,
    model.TimeOfDay: _time_of_day,
    model.UserDefinedAction: _user_defined,
    model.TrafficDistributionEntry: _distribution_entry,
    model.TrafficDefinition: _traffic_definition,
    model.TrafficSourceAction: _traffic,
    model.TrafficSinkAction: _traffic,
    model.TrafficSwarmAction: _swarm,
    model.TrafficAreaAction: _area,
    model.TrafficStopAction: _stop,
    model.RoadCursor: _road_cursor,
}
