"""Hooks that read the storyboard of OpenSCENARIO XML."""

from __future__ import annotations

from typing import Any

from simulator.storyboard import model
from simulator.storyboard.binding import Hook, Node, Reader
from simulator.storyboard.xosc_actions import read_action, read_private
from simulator.storyboard.xosc_conditions import entity_refs
from simulator.storyboard.xosc_global import read_global


def _storyboard(reader: Reader, node: Node) -> dict[str, Any]:
    stories = tuple(reader.bind(model.Story, item) for item in node.children("Story"))
    return {"stories": stories}


def _init(reader: Reader, node: Node) -> dict[str, Any]:
    actions = node.need("Actions")
    everywhere = [read_global(reader, item) for item in actions.children("GlobalAction")]
    own = tuple(reader.bind(model.UserDefinedAction, item) for item in actions.children("UserDefinedAction"))
    privates = []
    for item in actions.children("Private"):
        name = item.text("entityRef")
        found = [read_private(reader, action) for action in item.children("PrivateAction")]
        item.finish()
        known = tuple(action for action in found if action is not None)
        for member in reader.selections.get(name, (name,)):
            privates.append(model.Private(member, known, line=item.line))
    actions.finish()
    return {
        "global_actions": tuple(action for action in everywhere if action is not None),
        "user_defined_actions": own,
        "privates": tuple(privates),
    }


def _story(reader: Reader, node: Node) -> dict[str, Any]:
    with reader.scope(node):
        acts = tuple(reader.bind(model.Act, item) for item in node.children("Act"))
    if not acts:
        node.warn("<Story> has no <Act>; nothing happens in it")
    return {"name": node.text("name", ""), "acts": acts}


def _act(reader: Reader, node: Node) -> dict[str, Any]:
    groups = tuple(reader.bind(model.ManeuverGroup, item) for item in node.children("ManeuverGroup"))
    if not groups:
        node.warn("<Act> has no <ManeuverGroup>; nothing happens in it")
    return {"name": node.text("name", ""), "maneuver_groups": groups}


def _maneuver_group(reader: Reader, node: Node) -> dict[str, Any]:
    """Maneuvers written out and those of catalogs, in the order of the file."""
    actors = node.child("Actors")
    names = () if actors is None else entity_refs(reader, actors)
    triggering = actors is not None and actors.truth("selectTriggeringEntities", False)
    if actors is None:
        node.warn("<ManeuverGroup> needs <Actors>; there are none")
    else:
        actors.finish()
    maneuvers: list[model.Maneuver] = []
    for item in node.children("Maneuver", "CatalogReference"):
        inline = item.tag == "Maneuver"
        maneuvers.append(reader.bind(model.Maneuver, item) if inline else reader.entry(item, (model.Maneuver,)))
    return {
        "name": node.text("name", ""),
        "maximum_execution_count": node.executions(1),
        "actors": names,
        "select_triggering_entities": triggering,
        "maneuvers": tuple(maneuvers),
    }


def _maneuver(reader: Reader, node: Node) -> dict[str, Any]:
    events = tuple(reader.bind(model.Event, item) for item in node.children("Event"))
    return {"name": node.text("name", ""), "events": events}


def _event(reader: Reader, node: Node) -> dict[str, Any]:
    found = [read_action(reader, item) for item in node.children("Action")]
    return {
        "name": node.text("name", ""),
        "maximum_execution_count": node.executions(None),
        "actions": tuple(action for action in found if action is not None),
    }


HOOKS: dict[type, Hook] = {
    model.Storyboard: _storyboard,
    model.Init: _init,
    model.Story: _story,
    model.Act: _act,
    model.ManeuverGroup: _maneuver_group,
    model.Maneuver: _maneuver,
    model.Event: _event,
}
