"""Hooks that read conditions of OpenSCENARIO XML."""

from __future__ import annotations

from typing import Any, get_args

from simulator.storyboard import model
from simulator.storyboard.binding import Hook, Node, Reader

ENTITY_CONDITIONS: tuple[type, ...] = get_args(model.EntityCondition)
VALUE_CONDITIONS: tuple[type, ...] = get_args(model.ByValueCondition)


def entity_refs(reader: Reader, node: Node) -> tuple[str, ...]:
    """Names of the <EntityRef> inside, those of selections replaced by their members."""
    names: list[str] = []
    for item in node.children("EntityRef"):
        name = item.text("entityRef")
        names += reader.selections.get(name, (name,))
        item.finish()
    return tuple(dict.fromkeys(names))


def _condition(reader: Reader, node: Node) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": node.text("name", ""),
        "condition_edge": node.choice("conditionEdge", "ConditionEdge", "none"),
        "delay": node.number("delay", 0.0),
    }
    by_entity, by_value = node.child("ByEntityCondition"), node.child("ByValueCondition")
    if by_entity is not None:
        found["condition"] = read_by_entity(reader, by_entity)
    elif by_value is not None:
        found["condition"] = reader.one_of(by_value, VALUE_CONDITIONS)
    else:
        raise node.error("<Condition> needs a <ByEntityCondition> or a <ByValueCondition>")
    return found


def read_by_entity(reader: Reader, node: Node) -> model.ByEntityCondition:
    """The condition in a `<ByEntityCondition>`, and whose it is."""
    entities = node.need("TriggeringEntities")
    rule = entities.choice("triggeringEntitiesRule", "TriggeringEntitiesRule", "any")
    names = entity_refs(reader, entities)
    entities.finish()
    condition = reader.one_of(node.need("EntityCondition"), ENTITY_CONDITIONS)
    way = getattr(condition, "routing_algorithm", "undefined")
    if way not in ("undefined", "shortest"):
        node.warn(f'routingAlgorithm="{way}": distances are measured along the shortest way')
    node.finish()
    return model.ByEntityCondition(names, rule, condition, line=node.line)


def _along_route(reader: Reader, node: Node) -> dict[str, Any]:
    """`alongRoute` of 1.0 means distance along the road; it counts where its successors are not given."""
    old = node.truth("alongRoute", False)
    along = old and not (node.has("coordinateSystem") or node.has("relativeDistanceType"))
    return {"coordinate_system": node.choice("coordinateSystem", "CoordinateSystem", "road" if along else "entity")}


def _time_to_collision(reader: Reader, node: Node) -> dict[str, Any]:
    found = _along_route(reader, node)
    target = node.need("TimeToCollisionConditionTarget")
    entity, position = target.child("EntityRef"), target.child("Position")
    if entity is not None:
        found["target"] = entity.text("entityRef")
        entity.finish()
    elif position is not None:
        found["target"] = reader.one_of(position, get_args(model.Position))
    else:
        raise target.error(f"<{target.tag}> needs an <EntityRef> or a <Position>")
    target.finish()
    return found


def _collision(reader: Reader, node: Node) -> dict[str, Any]:
    by_type, names = node.child("ByType"), entity_refs(reader, node)
    if by_type is None and not names:
        raise node.error("<CollisionCondition> needs an <EntityRef> or a <ByType>")
    kind = by_type.choice("type", "ObjectType") if by_type is not None else None
    if by_type is not None:
        by_type.finish()
    return {"entity_refs": names, "by_type": kind}


def _clearance(reader: Reader, node: Node) -> dict[str, Any]:
    return {"entity_refs": entity_refs(reader, node)}


def _lane_range(reader: Reader, node: Node) -> dict[str, Any]:
    return {"from_lane": node.integer("from", None), "to_lane": node.integer("to", None)}


def _reference(field: str, attribute: str) -> Hook:
    """A hook that reads the name of a parameter or variable, which some write with a $."""

    def hook(reader: Reader, node: Node) -> dict[str, Any]:
        """The fields of one condition."""
        return {field: name_of(node, attribute), "value": node.text("value")}

    return hook


def name_of(node: Node, attribute: str) -> str:
    """A parameter's or variable's name from an attribute, without the $ that some put before it."""
    name = node.raw(attribute)
    if name is None:
        raise node.error(f'<{node.tag}> needs the attribute "{attribute}"')
    return name.strip().removeprefix("$")


HOOKS: dict[type, Hook] = {
    model.Condition: _condition,
    model.TimeHeadwayCondition: _along_route,
    model.TimeToCollisionCondition: _time_to_collision,
    model.DistanceCondition: _along_route,
    model.CollisionCondition: _collision,
    model.RelativeClearanceCondition: _clearance,
    model.RelativeLaneRange: _lane_range,
    model.ParameterCondition: _reference("parameter_ref", "parameterRef"),
    model.VariableCondition: _reference("variable_ref", "variableRef"),
}
