"""Hooks that read entities of OpenSCENARIO XML."""

from __future__ import annotations

from typing import Any

from simulator.storyboard import model
from simulator.storyboard.binding import Hook, Node, Reader

ELEMENTS: dict[tuple[type, str], str] = {
    (model.Axles, "additional_axles"): "AdditionalAxle",
    (model.ScenarioObject, "object"): "",
    (model.ScenarioObject, "controllers"): "ObjectController",
    (model.ScenarioObjectTemplate, "object"): "",
    (model.ScenarioObjectTemplate, "controllers"): "ObjectController",
}
# Length, width, height and the centre's distance from the origin ahead: what a file that leaves the box out may mean.
_USUAL_BOX = {
    "Vehicle": (5.0, 2.0, 1.5, 1.4),
    "Pedestrian": (0.5, 0.6, 1.8, 0.06),
    "MiscObject": (1.0, 1.0, 1.0, 0.0),
}
_OLD_MISC = {"wind": "none"}


def _bounding_box(reader: Reader, node: Node) -> dict[str, Any]:
    center, size = node.need("Center"), node.need("Dimensions")
    found = {f"center_{axis}": center.number(axis) for axis in "xyz"}
    for name in ("length", "width", "height"):
        found[name] = size.number(name)
        if found[name] < 0.0:
            raise size.error(f'<Dimensions> {name}="{found[name]:g}" is negative')
    center.finish()
    size.finish()
    return found


def _properties(reader: Reader, node: Node) -> dict[str, Any]:
    properties, files, contents = {}, [], []
    for item in node.children("Property"):
        properties[item.text("name")] = item.text("value", "")
        item.finish()
    for item in node.children("File"):
        files.append(item.text("filepath"))
        item.finish()
    for item in node.children("CustomContent"):
        contents.append(item.content())
    return {"properties": properties, "files": tuple(files), "custom_content": tuple(contents)}


def _performance(reader: Reader, node: Node) -> dict[str, Any]:
    names = ("max_speed", "maxSpeed"), ("max_acceleration", "maxAcceleration"), ("max_deceleration", "maxDeceleration")
    return {field: abs(node.number(name)) for field, name in names}


def _box(reader: Reader, node: Node) -> model.BoundingBox:
    child = node.child("BoundingBox")
    if child is not None:
        return reader.bind(model.BoundingBox, child)
    length, width, height, ahead = _USUAL_BOX[node.tag]
    node.warn(f"<{node.tag}> needs a <BoundingBox>; {length:g} x {width:g} x {height:g} m is used")
    return model.BoundingBox(ahead, 0.0, height / 2, length, width, height)


def _vehicle(reader: Reader, node: Node) -> dict[str, Any]:
    found: dict[str, Any] = {"bounding_box": _box(reader, node)}
    if node.child("Performance") is None:
        node.warn("<Vehicle> needs a <Performance>; 250 km/h, 10 m/s^2 and 10 m/s^2 are used")
        found["performance"] = model.Performance(250.0 / 3.6, 10.0, 10.0)
    if node.child("Axles") is None:
        node.warn("<Vehicle> needs <Axles>; a wheel base of 0.6 of the length is used")
        box = found["bounding_box"]
        front = model.Axle(0.5, 0.6, 0.85 * box.width, 0.6 * box.length, 0.3)
        found["axles"] = model.Axles(model.Axle(0.0, 0.6, 0.85 * box.width, 0.0, 0.3), front)
    trailer = node.child("Trailer")
    found["trailer"] = None
    if trailer is not None:
        found["trailer"] = _trailer(reader, trailer)
    return found


def _trailer(reader: Reader, node: Node) -> str | None:
    """Name of the trailer. Before 1.3 esmini had the reference and the vehicle right inside, and "" for none."""
    brought, named = node.child("Trailer"), node.child("TrailerRef") or node.child("EntityRef")
    entity = reader.bind(model.ScenarioObject, brought) if brought is not None else None
    name: str | None = None if named is None else named.text("entityRef") or None
    if named is not None:
        named.finish()
    taken = node.element.find("CatalogReference")
    if name is not None or (taken is not None and not node.resolved(taken.get("entryName", ""))):
        node.ignore("Vehicle", "CatalogReference")
    elif entity is None:
        vehicle = reader.one_of(node, (model.Vehicle,), needed=False, finish=False)
        entity = None if vehicle is None else model.ScenarioObject(vehicle.name, vehicle, line=vehicle.line)
    node.finish()
    if entity is not None:
        reader.trailers.append(entity)
    return name if entity is None else entity.name


def _pedestrian(reader: Reader, node: Node) -> dict[str, Any]:
    """`model` is the name of `model3d` in 1.0."""
    old = node.text("model", "")
    return {"bounding_box": _box(reader, node), "model3d": node.text("model3d", old)}


def _misc_object(reader: Reader, node: Node) -> dict[str, Any]:
    category = node.choice("miscObjectCategory", "MiscObjectCategory", "none", others=_OLD_MISC)
    return {"bounding_box": _box(reader, node), "misc_object_category": category}


def _object_controller(reader: Reader, node: Node) -> dict[str, Any]:
    controller = reader.one_of(node, (model.Controller,), needed=False, finish=False)
    if controller is None:
        node.warn(f"<{node.tag}> needs a <Controller> or a <CatalogReference>; the default controller is used")
        controller = model.DEFAULT_CONTROLLER
    return {"controller": controller, "name": node.text("name", controller.name)}


def selection(reader: Reader, node: Node, entities: tuple[model.ScenarioObject, ...]) -> model.EntitySelection:
    """A selection with its members' names; those by type are looked up among the entities."""
    kinds = {
        "vehicle": model.Vehicle,
        "pedestrian": model.Pedestrian,
        "miscellaneous": model.MiscObject,
        "external": model.ExternalObjectReference,
    }
    members = node.need("Members")
    names = []
    for item in members.children("EntityRef", "ByType"):
        if item.tag == "EntityRef":
            names.append(item.text("entityRef"))
        else:
            kind = kinds[item.choice("objectType", "ObjectType")]
            names += [entity.name for entity in entities if isinstance(entity.object, kind)]
        item.finish()
    members.finish()
    found = model.EntitySelection(node.text("name"), tuple(dict.fromkeys(names)), line=node.line)
    node.finish()
    return found


HOOKS: dict[type, Hook] = {
    model.BoundingBox: _bounding_box,
    model.Properties: _properties,
    model.Performance: _performance,
    model.Vehicle: _vehicle,
    model.Pedestrian: _pedestrian,
    model.MiscObject: _misc_object,
    model.ObjectController: _object_controller,
}
