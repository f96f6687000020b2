"""Catalogs and several actors in YAML scripts come to the same records as in OpenSCENARIO XML."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
import small_scenario
from small_scenario import DECLARED, VEHICLE, catalog, scenario, write

from simulator.errors import InputError, InvalidScenario
from simulator.scenario.schema import script_schema
from simulator.scenario.scripted import read_script
from simulator.storyboard import model
from simulator.storyboard.openscenario import read_openscenario
from simulator.storyboard.player import play
from simulator.storyboard.recording import Recording
from simulator.storyboard.references import records
from simulator.storyboard.world import StateChange


def _lane(s: str) -> str:
    return f'<Position><LanePosition roadId="0" laneId="-1" s="{s}"/></Position>'


ENTRIES = {
    **small_scenario.ENTRIES,
    "Controller": f"""<Controller name="entry">{DECLARED}<Properties><Property name="x" value="$v"/>
      </Properties></Controller>""",
    "Trajectory": f"""<Trajectory name="entry" closed="false">{DECLARED}<Shape><Polyline>
      <Vertex time="0">{_lane("$v")}</Vertex><Vertex time="8">{_lane("90")}</Vertex></Polyline></Shape></Trajectory>""",
    "Route": f"""<Route name="entry" closed="false">{DECLARED}
      <Waypoint routeStrategy="shortest">{_lane("$v")}</Waypoint>
      <Waypoint routeStrategy="fastest">{_lane("90")}</Waypoint></Route>""",
}  # fmt: skip
_REFERENCE = """<CatalogReference catalogName="Things" entryName="entry"><ParameterAssignments>
  <ParameterAssignment parameterRef="v" value="20"/></ParameterAssignments></CatalogReference>"""
_ENTRY = "entry: {catalog: Things, entry: entry, values: {v: 20}}"
_PRIVATE = "<PrivateAction>{}</PrivateAction>"
_TAKE_ROUTE = f"<RoutingAction><AssignRouteAction>{_REFERENCE}</AssignRouteAction></RoutingAction>"
_FOLLOW = f"""<RoutingAction><FollowTrajectoryAction><TrajectoryRef>{_REFERENCE}</TrajectoryRef><TimeReference><Timing
  domainAbsoluteRelative="relative" scale="1" offset="0"/></TimeReference><TrajectoryFollowingMode
  followingMode="position"/></FollowTrajectoryAction></RoutingAction>"""
_CONTROL = f"""<ControllerAction><AssignControllerAction activateLateral="false" activateLongitudinal="true">
  {_REFERENCE}</AssignControllerAction></ControllerAction>"""
_WEATHER = f"<GlobalAction><EnvironmentAction>{_REFERENCE}</EnvironmentAction></GlobalAction>"
# Kind, lines of the script besides those of HEAD, and what the XML file has: an entity, an action, or a maneuver.
SAME: dict[str, tuple[str, str, dict[str, str]]] = {
    "vehicle": ("Vehicle", "actors: lead", {"entities": _REFERENCE}),
    "pedestrian": ("Pedestrian", "actors: lead", {"entities": _REFERENCE}),
    "object": ("MiscObject", "actors: lead", {"entities": _REFERENCE}),
    "route": ("Route", f"actor: Ego, do: {{kind: route, {_ENTRY}}}", {"action": _PRIVATE.format(_TAKE_ROUTE)}),
    "route by name": ("Route", "actor: Ego, do: {kind: route, along: way}", {"action": _PRIVATE.format(_TAKE_ROUTE)}),
    "trajectory": ("Trajectory", f"actor: Ego, do: {{kind: follow, {_ENTRY}}}", {"action": _PRIVATE.format(_FOLLOW)}),
    "path by name": ("Trajectory", "actor: Ego, do: {kind: follow, along: line}", {"action": _PRIVATE.format(_FOLLOW)}),
    "controller": ("Controller", f"actor: Ego, do: {{kind: control, {_ENTRY}}}", {"action": _PRIVATE.format(_CONTROL)}),
    "environment": ("Environment", f"do: {{kind: environment, {_ENTRY}}}", {"action": _WEATHER}),
    "maneuver": ("Maneuver", f"actor: Ego, times: 2, {_ENTRY}", {"maneuvers": _REFERENCE}),
    "in the words of the standard": (
        "Route",
        "actor: Ego, do: {kind: openscenario, action: {AssignRouteAction: {CatalogReference: {catalogName: Things,"
        " entryName: entry, ParameterAssignments: {ParameterAssignment: {parameterRef: v, value: 20}}}}}}",
        {"action": _PRIVATE.format(_TAKE_ROUTE)},
    ),
}  # fmt: skip
HEAD = """\
about: Small.
catalogs: [things]
road: {kind: straight, length_m: 200, lanes: 2}
duration_s: 3
actors:
  Ego: {kind: car, lane: -1, s_m: 40, speed_kmh: 36}
"""


def _folder(folder: Path, kind: str) -> Path:
    (folder / "things").mkdir(exist_ok=True)
    return write(folder / "things", catalog("Things", ENTRIES[kind]), "Things.xosc")


def _plain(value: Any) -> Any:
    """A record without its lines."""
    if is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__, [_plain(getattr(value, f.name)) for f in fields(value) if f.name != "line"]
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _group(made: model.OpenScenario) -> model.ManeuverGroup:
    [group] = [each for each in records(made) if isinstance(each, model.ManeuverGroup)]
    return group


@pytest.mark.parametrize("name", SAME)
def test_yaml_and_xml_take_the_same_from_catalogs(name: str, tmp_path: Path) -> None:
    kind, event, given = SAME[name]
    _folder(tmp_path, kind)
    text = HEAD
    if "entities" in given:
        text += f"  lead: {{{_ENTRY}, lane: -1, s_m: 90}}\n"
        given = {"entities": f'<ScenarioObject name="lead">{given["entities"]}</ScenarioObject>'}
    else:
        text += f"routes: {{way: {{{_ENTRY}}}}}\n" if "along: way" in event else ""
        text += f"paths: {{line: {{{_ENTRY}}}}}\n" if "along: line" in event else ""
        text += f"story:\n  - {{name: event, {event}}}\n"
    ours, network = read_script(write(tmp_path, text, "script.yaml"))
    where = f'<{kind}Catalog><Directory path="things"/></{kind}Catalog>'
    theirs = read_openscenario(write(tmp_path, scenario(catalogs=where, **given), "scenario.xosc"))
    assert not ours.warnings and not theirs.warnings
    if "entities" in given:
        assert _plain(ours.entities[1]) == _plain(theirs.entities[1])
        return
    one, two = _group(ours), _group(theirs)
    if name == "maneuver":
        assert _plain(one.maneuvers) == _plain(two.maneuvers) and one.maximum_execution_count == 2
    else:
        first, second = (group.maneuvers[0].events[0].actions[0].action for group in (one, two))
        assert _plain(first) == _plain(second)
    assert "20.0" in str(_plain(one)) or "'20'" in str(_plain(one))  # the value given, not the one declared
    assert play(ours, network, until=1.0).entities


def test_actors_have_controllers_and_files_are_catalogs_too(tmp_path: Path) -> None:
    _folder(tmp_path, "Controller")
    text = HEAD.replace("{kind: car,", f"{{kind: car, controller: {{{_ENTRY}}},")
    text = text.replace("things]", "things/Things.xosc]")
    [ego] = read_script(write(tmp_path, text, "script.yaml"))[0].entities
    [given] = ego.controllers
    assert isinstance(given.controller, model.Controller)
    assert (given.name, given.controller.properties.properties) == ("entry", {"x": "20"})


ACTORS = HEAD.replace("catalogs: [things]\n", "") + (
    "  lead: {kind: car, lane: -2, s_m: 90, speed_kmh: 72}\n  van: {kind: van, lane: -1, s_m: 120}\n"
)
_IN_CASE = """<ByEntityCondition><TriggeringEntities triggeringEntitiesRule="{}"><EntityRef entityRef="Ego"/><EntityRef
  entityRef="lead"/></TriggeringEntities><EntityCondition><StandStillCondition duration="1"/></EntityCondition>
  </ByEntityCondition>"""


def _conditions(event: model.Event) -> list[model.Condition]:
    assert event.start_trigger is not None
    return [each for group in event.start_trigger.condition_groups for each in group.conditions]


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        ("any_of: [Ego, lead], stands_s: 1", "any"),
        ("all_of: [Ego, lead], stands_s: 1", "all"),
        ("stands_s: 1", "any"),  # of the actors of the event
        ("all_of: [Ego, lead], openscenario: {StandStillCondition: {duration: 1}}", "all"),
    ],
)
def test_several_act_and_are_watched_together(keys: str, rule: str, tmp_path: Path) -> None:
    event = (
        f"  - {{name: event, actors: [Ego, lead], when: {{{keys}}}, do: {{kind: speed, speed_kmh: 36, duration_s: 2}}}}"
    )
    ours, _ = read_script(write(tmp_path, f"{ACTORS}story:\n{event}\n", "script.yaml"))
    two = '<EntityRef entityRef="Ego"/><EntityRef entityRef="lead"/>'
    lead = f'<ScenarioObject name="lead">{VEHICLE.format(name="car")}</ScenarioObject>'
    text = scenario(entities=lead, actors=two, condition=_IN_CASE.format(rule))
    theirs = read_openscenario(write(tmp_path, text, "scenario.xosc"))
    one, other = _group(ours), _group(theirs)
    assert one.actors == other.actors == ("Ego", "lead") and one.name == "Ego and lead"
    first, second = one.maneuvers[0].events[0], other.maneuvers[0].events[0]
    assert _plain(first.actions[0].action) == _plain(second.actions[0].action)
    (c,), (d,) = _conditions(first), _conditions(second)
    assert _plain(c.condition) == _plain(d.condition)


def _run(folder: Path, story: str) -> Recording:
    return play(*read_script(write(folder, f"{ACTORS}{story}", "script.yaml")), until=12.0)


def test_each_of_several_changes_from_its_own_lane(tmp_path: Path) -> None:
    """A deed that refers to who does it is done by each, and is over when all have done it."""
    done = _run(
        tmp_path,
        """\
story:
  - {name: swap, actors: [Ego, lead], when: {time_s: 0.2}, do: {kind: lane_change, lanes: -1, duration_s: 1}}
  - {name: after, actor: van, when: {after: swap}, do: {kind: speed, speed_kmh: 9}}
  - {name: gone, actors: [lead, van], when: {time_s: 2.0}, do: {kind: vanish}}
""",
    )
    changes = [each for each in done.events if isinstance(each, StateChange)]
    ends = [
        each.time
        for each in changes
        if each.path.endswith("::swap") and each.kind == "event" and each.state == "complete"
    ]
    [begun] = [
        each.time
        for each in changes
        if each.path.endswith("::after") and each.kind == "event" and each.state == "running"
    ]
    assert len(ends) == 2 and begun == pytest.approx(max(ends), abs=0.11)
    rows = [list(done.of(name)) for name in ("Ego", "lead", "van")]
    assert [each[-1].y - each[0].y for each in rows[:2]] == pytest.approx([-3.5, -2.0], abs=0.01)  # lanes, hard strip
    assert [each[-1].t for each in rows] == pytest.approx([3.0, 2.0, 2.0], abs=0.11)


def test_people_walk_together_and_go_on_after_it(tmp_path: Path) -> None:
    """Who has walked stands, but not where the next walk begins at that moment."""
    people = "".join(
        f"  {name}: {{kind: pedestrian, lane: -1, s_m: {s}, lateral_m: -5, heading_deg: 90}}\n"
        for name, s in (("p", 150), ("q", 152))
    )
    story = """\
story:
  - {name: cross, actors: [p, q], do: {kind: walk, ahead_m: 2, speed_kmh: 7.2}}
  - {name: on, actor: q, when: {after: cross}, do: {kind: walk, ahead_m: 2, speed_kmh: 7.2}}
"""
    done = _run(tmp_path, people + story)
    rows = [list(done.of(name)) for name in ("p", "q")]
    assert [each[-1].y - each[0].y for each in rows] == pytest.approx([2.0, 4.0], abs=0.15)
    assert [each[-1].speed for each in rows] == [0.0, 0.0]


def test_who_triggers_an_act_joins_it(tmp_path: Path) -> None:
    done = _run(
        tmp_path,
        """\
acts: {fast: {when: {any_of: [Ego, lead], faster_kmh: 60}}}
story:
  - {name: brakes, act: fast, triggering: true, do: {kind: stop}}
""",
    )
    ends = [list(done.of(name))[-1].speed for name in ("Ego", "lead")]
    assert ends[0] == 10.0 and ends[1] < 4.0


WRONG = [
    ("actor: Ego, entry: Thing", "story.0.entry: must be CATALOG/ENTRY, such as VehicleCatalog/white_car"),
    ("actor: Ego, entry: Thingz/entry", 'story.0.entry: no catalog "Thingz" in the CatalogLocations'),
    ("actor: Ego, entry: Things/entri", 'story.0.entry: catalog "Things" has no entry "entri". Did you mean "entry"?'),
    (
        "actor: Ego, do: {kind: route, entry: Things/entry}",
        'the catalog entry "entry" is a <Maneuver>; <Route> is needed',
    ),
    (
        "actor: Ego, entry: {catalog: Things, entry: entry, values: {w: 1}}",
        '<Maneuver> declares no parameter "w"; its assignment is ignored',
    ),
    ("actor: Ego, entry: {catalog: Things}", "story.0.entry.entry: is required"),
    ("actor: Ego, entry: Things/entry, do: {kind: stop}", "story.0.do: contradicts entry"),
    (
        "actor: Ego, entry: Things/entry, when: {time_s: 1}",
        "story.0.when: contradicts entry, whose events have triggers",
    ),
    ("actor: Ego, entry: Things/entry, priority: skip", "story.0.priority: contradicts entry"),
    ("actor: Ego", "story.0.do: is required (or entry, a maneuver of a catalog)"),
    ("entry: Things/entry", "story.0.actor: is required"),
    ("actors: [], do: {kind: stop}", "story.0.actors: needs at least one actor"),
    ("actors: [Ego, Ego], do: {kind: stop}", 'story.0.actors: names "Ego" twice'),
    ("actor: Ego, when: {after: event}, do: {kind: stop}", "when.0.after: waits for itself, so it never begins"),
    ("actors: [Egon], do: {kind: stop}", 'story.0.actors: there is no actor "Egon". Did you mean "Ego"?'),
    ("actor: Ego, actors: [Ego], do: {kind: stop}", "story.0: needs at most one of actor, actors"),
    ("triggering: true, do: {kind: stop}", "story.0.triggering: goes with act"),
    ("actor: Ego, when: {all_of: [Ego, led], stands_s: 1}, do: {kind: stop}", 'when.0.all_of: there is no actor "led"'),
    ("actor: Ego, when: {any_of: [], stands_s: 1}, do: {kind: stop}", "any_of: needs at least one actor"),
    ("actor: Ego, when: {of: Ego, any_of: [Ego], stands_s: 1}, do: {kind: stop}", "at most one of of, any_of, all_of"),
    ("actor: Ego, do: {kind: control, entry: Things/entry, settings: {a: 1}}", "settings: contradicts entry"),
    ("do: {kind: environment, entry: Things/entry, rain_mm_h: 3}", "rain_mm_h: contradicts entry"),
    ("actor: Ego, do: {kind: follow}", "needs exactly one of path, along, entry"),
]


@pytest.mark.parametrize(("event", "message"), WRONG)
def test_what_is_wrong_is_said_in_one_line(event: str, message: str, tmp_path: Path) -> None:
    _folder(tmp_path, "Maneuver")
    file = write(tmp_path, f"{HEAD}story:\n  - {{name: event, {event}}}\n", "script.yaml")
    with pytest.raises((InputError, InvalidScenario)) as error:
        read_script(file)
    [line] = str(error.value).splitlines()
    assert line.startswith(f"{file}:8: ") and message in line


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[things]", "[thinks]", ':2: catalogs.0: no such folder or file "thinks" (looked in '),
        ("[things]", f"[{'x' * 5000}]", ':2: catalogs.0: no such folder or file "xxx'),
        ("catalogs: [things]\nroad", "road", ":5: actors.Ego.entry: is looked for in catalogs: (a list of folders"),
        ("[things]", "things", ":2: catalogs: must be a list, such as [a, b]"),
        (
            "kind: car",
            "entry: Things/entry",
            ':6: actors.Ego.entry: the catalog entry "entry" is a <Maneuver>; <Vehicle>',
        ),
        ("kind: car, ", "", ":6: actors.Ego.kind: is required (or entry, of a catalog): one of car, "),
        ("kind: car", "kind: car, entry: Things/entry", ":6: actors.Ego.kind: contradicts entry"),
        ("kind: car", "kind: car, controller: {}", ":6: actors.Ego.controller: needs exactly one of controller, entry"),
    ],
)
def test_a_wrong_head_is_said_in_one_line(old: str, new: str, message: str, tmp_path: Path) -> None:
    _folder(tmp_path, "Maneuver")
    text = HEAD.replace(old, new)
    file = write(tmp_path, text if "catalogs" in text else text.replace("kind: car", "entry: A/b"), "script.yaml")
    with pytest.raises((InputError, InvalidScenario)) as error:
        read_script(file)
    [line] = str(error.value).splitlines()
    assert line.startswith(f"{file}{message}"), line


def test_an_entry_that_refers_to_itself_is_refused(tmp_path: Path) -> None:
    """By way of a trailer, the only thing of an entry that may be an entry again."""
    trailer = (
        "<Trailer><Trailer name='t'><CatalogReference catalogName='Things' entryName='entry'/></Trailer></Trailer>"
    )
    (tmp_path / "things").mkdir()
    vehicle = VEHICLE.format(name="entry").replace("</Vehicle>", f"{trailer}</Vehicle>")
    write(tmp_path / "things", catalog("Things", vehicle), "Things.xosc")
    file = write(tmp_path, HEAD.replace("kind: car", "entry: Things/entry"), "script.yaml")
    with pytest.raises(InputError, match="refers to itself"):
        read_script(file)


def test_the_schema_says_how_entries_look() -> None:
    schema = script_schema()
    text = str(schema)
    assert "catalogs" in schema["properties"] and "^[^/]+/.+$" in text
    assert re.search(r"'any_of'.*'all_of'", text)
