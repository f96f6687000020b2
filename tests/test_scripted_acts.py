"""Scripts in YAML with acts, variables, headings, free lanes, routes and paths: against XML and closed forms."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from small_scenario import VEHICLE, condition_of, scenario, write

from simulator.errors import InputError, InvalidScenario
from simulator.scenario.scripted import read_script
from simulator.storyboard import model
from simulator.storyboard.openscenario import read_openscenario
from simulator.storyboard.player import play
from simulator.storyboard.recording import Recording
from simulator.storyboard.world import StateChange

HEAD = """\
about: Small.
road: {kind: straight, length_m: 800, lanes: 2}
duration_s: 12
actors:
  Ego: {kind: car, lane: -1, s_m: 20, speed_kmh: 36}
  lead: {kind: car, lane: -2, s_m: 60, speed_kmh: 36}
"""


def run(tmp_path: Path, text: str, **parameters: object) -> Recording:
    return play(*read_script(write(tmp_path, HEAD + text, "script.yaml"), parameters), until=12.0)


def starts(recording: Recording) -> dict[str, float]:
    """When each event first ran."""
    found: dict[str, float] = {}
    for each in recording.events:
        if isinstance(each, StateChange) and each.state == "running" and each.kind in ("event", "act"):
            found.setdefault(each.path.split("::")[-1], round(each.time, 2))
    return found


def test_acts_begin_and_end_by_their_conditions(tmp_path: Path) -> None:
    text = """\
parameters: {begin_s: 2}
acts:
  early: {until: {time_s: 4}}
  late: {when: [{after: early, delay_s: 1}, {time_s: 11}]}
  timed: {when: {time_s: $begin_s}}
story:
  - {name: free, actor: Ego, when: {time_s: 1}, do: {kind: speed, speed_kmh: 40, duration_s: 1}}
  - {name: first, act: early, actor: Ego, when: {time_s: 3}, do: {kind: speed, speed_kmh: 72, duration_s: 4}}
  - {name: never, act: early, actor: lead, when: {time_s: 6}, do: {kind: stop}}
  - {name: second, act: late, actor: lead, do: {kind: stop}}
  - {name: third, act: timed, actor: lead, do: {kind: lane_offset, lateral_m: 0.2}}
"""
    recording = run(tmp_path, text)
    found = starts(recording)
    assert "never" not in found
    expected = {"free": 1.0, "first": 3.0, "late": 5.0, "second": 5.0, "timed": 2.0, "third": 2.0}
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=0.11)
    speed = {round(row.t, 2): row.speed for row in recording.of("Ego")}
    # A quarter of the way from 40 to 72 km/h, then its act ends.
    assert speed[8.0] == pytest.approx((40 + 0.25 * 32) / 3.6, abs=0.2)
    assert starts(run(tmp_path, text, begin_s=6))["third"] == pytest.approx(6.0, abs=0.11)


def test_variables_count_and_are_waited_for(tmp_path: Path) -> None:
    text = """\
parameters: {most: 3}
variables: {passed: 0, mode: calm, on: false}
story:
  - {name: count, when: {time_s: 1}, times: 3, do: {kind: set_variable, variable: passed, add: 1}}
  - {name: enough, actor: Ego, when: {variable: passed, at_least: $most}, do: {kind: speed, speed_kmh: 50}}
  - name: wake
    when: {time_s: 5}
    do: [{kind: set_variable, variable: mode, value: alert}, {kind: set_variable, variable: "on", value: true}]
  - {name: alert, actor: lead, when: {variable: mode, equals: alert}, do: {kind: stop}}
  - {name: both, actor: lead, when: {variable: "on", equals: true, time_s: 7}, do: {kind: speed, speed_kmh: 10}}
  - {name: few, actor: lead, when: {variable: passed, at_most: 2, time_s: 8}, do: {kind: speed, speed_kmh: 20}}
"""
    found = starts(run(tmp_path, text))
    assert "few" not in found
    assert found["enough"] < 1.5
    assert [found[name] for name in ("alert", "both")] == pytest.approx([5.0, 7.0], abs=0.11)


def test_headings_and_free_lanes_are_waited_for(tmp_path: Path) -> None:
    text = """\
story:
  - name: change
    actor: Ego
    when: {clear_ahead_m: 60, clear_behind_m: 10, clear_lane: -1}
    do: {kind: lane_change, lanes: -1, duration_s: 3}
  - {name: lead_goes, actor: lead, when: {time_s: 1}, do: {kind: speed, speed_kmh: 108, duration_s: 1}}
  - {name: turned, actor: lead, when: {of: Ego, heading_deg: -4, within_deg: 1}, do: {kind: lights, light: brake}}
  - name: relative
    actor: lead
    when: {of: Ego, to: lead, heading_deg: -4, within_deg: 1}
    do: {kind: lights, light: fog}
"""
    recording = run(tmp_path, text)
    found = starts(recording)
    at = {row.name: row for row in recording.table if round(row.t, 2) == found["change"]}
    gap = at["lead"].x - at["Ego"].x - 4.4  # between boxes of the same car
    assert gap == pytest.approx(60.0, abs=1.5)
    headings = {round(row.t, 2): math.degrees(row.h) - (360 if row.h > 3 else 0) for row in recording.of("Ego")}
    assert headings[found["turned"]] == pytest.approx(-3.0, abs=0.6)
    assert found["relative"] == pytest.approx(found["turned"], abs=0.06)


def test_places_along_routes_and_paths(tmp_path: Path) -> None:
    text = """\
routes:
  onward: [{lane: -1, s_m: 100}, {lane: -1, s_m: 700}]
paths:
  bend: [{x_m: 40, y_m: -1.75}, {x_m: 60, y_m: -1.75}, {x_m: 60, y_m: 18.25}]
story:
  - {name: jump, actor: lead, when: {time_s: 1}, do: {kind: teleport, at: {along: onward, s_m: 50, lane: -2}}}
  - {name: place, actor: lead, when: {time_s: 2}, do: {kind: teleport, at: {along: bend, s_m: 30, t_m: 1}}}
  - {name: go, actor: Ego, when: {time_s: 1}, do: {kind: follow, along: bend, speed_kmh: 36}}
  - {name: way, actor: lead, when: {time_s: 3}, do: {kind: route, along: onward}}
"""
    recording = run(tmp_path, text)
    lead = {round(row.t, 2): row for row in recording.of("lead")}
    assert lead[1.05].x == pytest.approx(150.0, abs=0.6) and lead[1.05].y == pytest.approx(-5.25, abs=0.01)
    assert (lead[2.05].x, lead[2.05].y) == pytest.approx((59.0, 8.25), abs=0.6)
    ego = {round(row.t, 2): row for row in recording.of("Ego")}
    assert (ego[4.0].x, ego[4.0].y) == pytest.approx((60.0, -1.75 + 10.0), abs=1.1)
    assert ego[4.0].h == pytest.approx(math.pi / 2, abs=0.01)  # it heads along the path


CONDITIONS = {
    "variable: v, at_least: 2": '<VariableCondition variableRef="v" rule="greaterOrEqual" value="2"/>',
    "variable: v, equals: true": '<VariableCondition variableRef="v" rule="equalTo" value="true"/>',
    "heading_deg: 0, within_deg: 0": '<AngleCondition angleType="heading" angle="0" angleTolerance="0"'
    ' coordinateSystem="world"/>',
    "heading_deg: 0, within_deg: 0, to: lead": '<RelativeAngleCondition entityRef="lead" angleType="heading" angle="0"'
    ' angleTolerance="0" coordinateSystem="entity"/>',
    "clear_ahead_m: 30, clear_behind_m: 5, clear_lane: 1": '<RelativeClearanceCondition oppositeLanes="false"'
    ' distanceForward="30" distanceBackward="5" freeSpace="true"><RelativeLaneRange from="1" to="1"/>'
    "</RelativeClearanceCondition>",
}


@pytest.mark.parametrize("keys", CONDITIONS)
def test_yaml_and_xml_are_the_same_conditions(keys: str, tmp_path: Path) -> None:
    event = f"  - {{name: event, actor: Ego, when: {{{keys}}}, do: {{kind: stop}}}}\n"
    ours, _ = read_script(write(tmp_path, f"{HEAD}variables: {{v: 1}}\nstory:\n{event}", "script.yaml"))
    lead = f'<ScenarioObject name="lead">{VEHICLE.format(name="lead")}</ScenarioObject>'
    inside = CONDITIONS[keys]
    by_entity = (
        '<ByEntityCondition><TriggeringEntities triggeringEntitiesRule="any"><EntityRef entityRef="Ego"/>'
        f"</TriggeringEntities><EntityCondition>{inside}</EntityCondition></ByEntityCondition>"
    )
    condition = f"<ByValueCondition>{inside}</ByValueCondition>" if "Variable" in inside else by_entity
    theirs = read_openscenario(write(tmp_path, scenario(entities=lead, condition=condition)))
    assert condition_of(ours) == condition_of(theirs)


def test_a_place_by_latitude_and_longitude(tmp_path: Path) -> None:
    text = HEAD.replace("lane: -1, s_m: 20", "latitude_deg: 48.1, longitude_deg: 11.5")
    made, _ = read_script(write(tmp_path, text, "script.yaml"))
    actions = (action for private in made.storyboard.init.privates for action in private.actions)
    teleport = next(action for action in actions if isinstance(action, model.TeleportAction))
    assert isinstance(teleport.position, model.GeoPosition)
    assert (teleport.position.latitude_deg, teleport.position.longitude_deg) == (48.1, 11.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("story:\n  - {name: a, act: x, actor: Ego, do: {kind: stop}}", 'there is no act "x"'),
        ("acts: {x: {}}", "acts.x: has no event"),
        (
            "acts: {x: {}}\nstory:\n  - {name: x, act: x, actor: Ego, do: {kind: stop}}",
            '"x" is the name of an act already',
        ),
        (
            "acts: {x: {when: {slower_kmh: 3}}}\nstory:\n  - {name: a, act: x, actor: Ego, do: {kind: stop}}",
            "acts.x.when.0.of: is required here",
        ),
        ("story:\n  - {name: a, do: {kind: set_variable, variable: v, value: 1}}", 'there is no variable "v"'),
        ("variables: {v: 1}\nstory:\n  - {name: a, do: {kind: set_variable, variable: v}}", "one of value, add, times"),
        (
            "variables: {v: 1}\nstory:\n  - {name: a, actor: Ego, when: {variable: v}, do: {kind: stop}}",
            "goes with exactly one of equals, at_least, at_most",
        ),
        ("story:\n  - {name: a, actor: Ego, when: {at_most: 1}, do: {kind: stop}}", "goes with exactly one of var"),
        ("story:\n  - {name: a, actor: Ego, when: {to: lead, time_s: 1}, do: {kind: stop}}", "goes with distance_m"),
        ("paths: {p: [{of: Ego}]}", "paths.p: must be a list of at least two places"),
        ("routes: {r: [{of: Ego}, {along: r, s_m: 1}]}", "no line is made of another"),
        ("story:\n  - {name: a, actor: Ego, do: {kind: route, along: r}}", 'there is no route or path "r"'),
        ("story:\n  - {name: a, actor: Ego, do: {kind: follow}}", "needs exactly one of path, along"),
        (
            "story:\n  - {name: a, actor: Ego, do: {kind: teleport, at: {along: r}}}",
            "goes with s_m or of, and without road",
        ),
        (
            "paths: {p: [{of: Ego}, {of: lead}]}\nstory:\n  - {name: a, actor: Ego, do: {kind: route, along: p}}",
            '"p" is a path; give one of routes:',
        ),
        (
            "routes: {r: [{of: Ego}, {of: lead}]}\nstory:\n  - {name: a, actor: Ego, do: {kind: follow, along: r}}",
            '"r" is a route; follow goes along one of paths:',
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    file = write(tmp_path, HEAD + text + "\n", "script.yaml")
    with pytest.raises((InvalidScenario, InputError)) as error:
        read_script(file)
    [line] = str(error.value).splitlines()[:1]
    assert line.startswith(f"{file}:") and message in str(error.value)
