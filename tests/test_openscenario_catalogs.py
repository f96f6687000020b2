"""Catalogs of all kinds: found by folder, name and file, with parameters; what is missing is named."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from simulator.errors import InputError
from simulator.storyboard import model
from simulator.storyboard.openscenario import read_catalog, read_openscenario
from simulator.storyboard.player import play
from tests import small_scenario
from tests.small_scenario import DECLARED, SPEED, VEHICLE, catalog, scenario, write
from tests.small_storyboard import straight

LANE = '<Position><LanePosition roadId="1" laneId="-1" s="$v"/></Position>'
ENTRIES = {
    **small_scenario.ENTRIES,
    "Controller": f"""<Controller name="entry">{DECLARED}<Properties><Property name="x" value="${{1 * $v}}"/>
      </Properties></Controller>""",
    "Trajectory": f"""<Trajectory name="entry" closed="false">{DECLARED}<Shape><Polyline>
      <Vertex time="0">{LANE}</Vertex><Vertex time="$v">{LANE}</Vertex></Polyline></Shape></Trajectory>""",
    "Route": f"""<Route name="entry" closed="false">{DECLARED}<Waypoint routeStrategy="shortest">{LANE}</Waypoint>
      <Waypoint routeStrategy="fastest">{LANE}</Waypoint></Route>""",
}  # fmt: skip
ASSIGNED = '<ParameterAssignments><ParameterAssignment parameterRef="{name}" value="{value}"/></ParameterAssignments>'


def _reference(inside: str = "", *, entry: str = "entry", name: str = "Things") -> str:
    return f'<CatalogReference catalogName="{name}" entryName="{entry}">{inside}</CatalogReference>'


def _private(text: str) -> str:
    return f"<PrivateAction>{text}</PrivateAction>"


def _use(kind: str, reference: str) -> dict[str, str]:
    """Where a reference to an entry of a kind stands in a scenario."""
    if kind in ("Vehicle", "Pedestrian", "MiscObject"):
        return {"entities": f'<ScenarioObject name="Other">{reference}</ScenarioObject>'}
    if kind == "Controller":
        assign = f"<AssignControllerAction><ObjectController>{reference}</ObjectController></AssignControllerAction>"
        return {"action": _private(f"<ControllerAction>{assign}</ControllerAction>")}
    if kind == "Environment":
        return {"action": f"<GlobalAction><EnvironmentAction>{reference}</EnvironmentAction></GlobalAction>"}
    if kind == "Maneuver":
        return {"maneuvers": reference}
    if kind == "Route":
        assign = f"<AssignRouteAction>{reference}</AssignRouteAction>"
        return {"action": _private(f"<RoutingAction>{assign}</RoutingAction>")}
    follow = f"""<FollowTrajectoryAction><TrajectoryRef>{reference}</TrajectoryRef>
      <TimeReference><None/></TimeReference><TrajectoryFollowingMode followingMode="position"/>
      </FollowTrajectoryAction>"""
    return {"action": _private(f"<RoutingAction>{follow}</RoutingAction>")}


def _value(kind: str, found: model.OpenScenario) -> float:
    """The value that the entry's parameter went to."""
    maneuver = found.storyboard.stories[0].acts[0].maneuver_groups[0].maneuvers[0]
    action = maneuver.events[0].actions[0].action
    other = found.entities[-1].object
    if isinstance(action, model.ControllerAction) and action.assign and action.assign.controller:
        return float(action.assign.controller.controller.properties.properties["x"])
    if isinstance(action, model.EnvironmentAction) and action.environment.weather and action.environment.weather.wind:
        return action.environment.weather.wind.speed
    if isinstance(action, model.AssignRouteAction) and isinstance(
        action.route.waypoints[0].position, model.LanePosition
    ):
        return action.route.waypoints[0].position.s
    if isinstance(action, model.FollowTrajectoryAction) and isinstance(action.trajectory.shape, model.Polyline):
        return action.trajectory.shape.vertices[1].time or 0.0
    if kind == "Vehicle" and isinstance(other, model.Vehicle):
        return other.performance.max_speed
    if isinstance(other, (model.Pedestrian, model.MiscObject)):
        return other.bounding_box.center_z
    assert isinstance(action, model.SpeedAction)
    return action.target.value


@pytest.mark.parametrize("kind", ENTRIES)
def test_an_entry_of_every_kind_is_found_with_its_parameters(tmp_path: Path, kind: str) -> None:
    write(tmp_path, catalog("Things", ENTRIES[kind]), "catalogs/Things.xosc")
    where = f'<{kind}Catalog><Directory path="../{tmp_path.name}/catalogs"/></{kind}Catalog>'
    plain = write(tmp_path, scenario(catalogs=where, **_use(kind, _reference())))
    found = read_openscenario(plain)
    assert (found.warnings, _value(kind, found)) == ((), 3.0)
    for name in ("v", "$v"):
        reference = _reference(ASSIGNED.format(name=name, value="${2 * 2.5}"))
        assigned = write(tmp_path, scenario(catalogs=where, **_use(kind, reference)), "assigned.xosc")
        assert _value(kind, read_openscenario(assigned)) == 5.0
    wrong = _reference(ASSIGNED.format(name="vv", value="4"))
    found = read_openscenario(write(tmp_path, scenario(catalogs=where, **_use(kind, wrong)), "wrong.xosc"))
    assert len(found.warnings) == 1
    assert 'declares no parameter "vv"' in found.warnings[0]
    assert list(read_catalog(tmp_path / "catalogs" / "Things.xosc")) == ["entry"]


@pytest.mark.parametrize("kind", ENTRIES)
def test_an_entry_of_another_kind_is_refused(tmp_path: Path, kind: str) -> None:
    other = "Route" if kind == "Trajectory" else "Trajectory"
    write(tmp_path, catalog("Things", ENTRIES[other]), "Things.xosc")
    where = f'<{kind}Catalog><Directory path="."/></{kind}Catalog>'
    with pytest.raises(InputError, match=f"is a <{other}>; .*{kind}.* is needed"):
        read_openscenario(write(tmp_path, scenario(catalogs=where, **_use(kind, _reference()))))


def test_a_catalog_is_found_by_its_name_whatever_its_file_is_called(tmp_path: Path) -> None:
    write(tmp_path, catalog("Things", ENTRIES["Vehicle"]), "catalogs/other.xosc")
    write(tmp_path, "<broken", "catalogs/another.xosc")
    where = '<VehicleCatalog><Directory path="catalogs"/></VehicleCatalog>'
    path = write(tmp_path, scenario(catalogs=where, **_use("Vehicle", _reference())))
    assert len(read_openscenario(path).entities) == 2


def test_a_catalog_that_says_0_9_is_read_with_a_warning(tmp_path: Path) -> None:
    old = catalog("Things", ENTRIES["Vehicle"]).replace('revMajor="1" revMinor="3"', 'revMajor="0" revMinor="9"')
    write(tmp_path, old, "Things.xosc")
    where = '<VehicleCatalog><Directory path="."/></VehicleCatalog>'
    found = read_openscenario(write(tmp_path, scenario(catalogs=where, **_use("Vehicle", _reference()))))
    assert len(found.warnings) == 1
    assert 'the catalog "Things.xosc" says that it is of version 0.9; it is read as 1.0' in found.warnings[0]
    with pytest.raises(InputError, match=r"OpenSCENARIO 0\.9 is not read"):
        read_catalog(tmp_path / "Things.xosc")


def test_a_catalog_is_found_in_a_folder_of_the_map_path(tmp_path: Path) -> None:
    write(tmp_path, catalog("Things", ENTRIES["Vehicle"]), "elsewhere/Things.xosc")
    path = write(tmp_path, scenario(**_use("Vehicle", _reference())), "here/scenario.xosc")
    with pytest.raises(InputError, match='no catalog "Things"'):
        read_openscenario(path)
    assert len(read_openscenario(path, map_path=[tmp_path / "elsewhere"]).entities) == 2


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    write(tmp_path, catalog("Things", ENTRIES["Vehicle"]), "Things.xosc")
    where = '<VehicleCatalog><Directory path="."/></VehicleCatalog>'
    path = write(tmp_path, scenario(catalogs=where, **_use("Vehicle", _reference(entry="entri"))))
    with pytest.raises(InputError, match=r'catalog "Things" has no entry "entri"\. Did you mean "entry"\?'):
        read_openscenario(path)
    path = write(tmp_path, scenario(catalogs=where, **_use("Vehicle", _reference(name="Thinks"))))
    with pytest.raises(InputError, match=r'no catalog "Thinks" .*Did you mean "Things"\?'):
        read_openscenario(path)


def test_an_entry_that_refers_to_itself_is_refused(tmp_path: Path) -> None:
    position = f"""<Position><RoutePosition><RouteRef>{_reference()}</RouteRef><InRoutePosition>
      <FromRoadCoordinates pathS="1" t="0"/></InRoutePosition></RoutePosition></Position>"""
    waypoint = f'<Waypoint routeStrategy="shortest">{position}</Waypoint>'
    write(tmp_path, catalog("Things", f'<Route name="entry" closed="false">{waypoint * 2}</Route>'), "Things.xosc")
    where = '<RouteCatalog><Directory path="."/></RouteCatalog>'
    with pytest.raises(InputError, match=r'Things\.xosc:\d+: the catalog entry "entry" refers to itself'):
        read_openscenario(write(tmp_path, scenario(catalogs=where, **_use("Route", _reference()))))


def test_entries_that_refer_to_each_other_are_refused(tmp_path: Path) -> None:
    """Two vehicles that bring each other along as trailers; without the way back they are read."""
    trailer = '<Trailer><Trailer name="t">{}</Trailer></Trailer></Vehicle>'
    first, second = (VEHICLE.format(name=name) for name in ("entry", "second"))
    first = first.replace("</Vehicle>", trailer.format(_reference(entry="second")))
    where = '<VehicleCatalog><Directory path="."/></VehicleCatalog>'
    path = write(tmp_path, scenario(catalogs=where, **_use("Vehicle", _reference())))
    write(tmp_path, catalog("Things", first + second), "Things.xosc")
    assert [each.name for each in read_openscenario(path).entities] == ["Ego", "Other", "Other+"]
    back = second.replace("</Vehicle>", trailer.format(_reference()))
    write(tmp_path, catalog("Things", first + back), "Things.xosc")
    with pytest.raises(InputError, match='the catalog entry "entry" refers to itself'):
        read_openscenario(path)


def test_what_is_wrong_in_a_catalog_is_said_to_be_there(tmp_path: Path) -> None:
    action = SPEED.format(time=1, speed=3).replace(
        '<AbsoluteTargetSpeed value="3"/>',
        '<RelativeTargetSpeed entityRef="Egon" value="1" speedTargetValueType="delta" continuous="false"/>',
    )
    text = f"""<Maneuver name="entry"><Event name="e" priority="override"><Action name="a">
      {action}</Action></Event></Maneuver>"""
    file = write(tmp_path / "things", catalog("Things", text), "Things.xosc")
    where = '<ManeuverCatalog><Directory path="things"/></ManeuverCatalog>'
    path = write(tmp_path, scenario(catalogs=where, maneuvers=_reference()))
    with pytest.raises(InputError, match='there is no entity "Egon"') as error:
        read_openscenario(path)
    assert str(error.value).startswith(f"{file}:4: ")
    file.write_text(file.read_text().replace('entityRef="Egon"', 'entityRef="Ego"').replace("SpeedAction>", "X>"))
    with pytest.raises(InputError) as error:
        read_openscenario(path, strict=True)
    assert error.value.source == str(file)


def test_routes_of_a_catalog_on_roads_that_there_are_not_are_found_there(tmp_path: Path) -> None:
    lane = '<Position><LanePosition roadId="77" laneId="-1" s="1"/></Position>'
    stop = f'<Waypoint routeStrategy="shortest">{lane}</Waypoint>'
    file = write(
        tmp_path / "things", catalog("Things", f'<Route name="entry" closed="false">\n{stop}{stop}</Route>'), "T.xosc"
    )
    where = '<RouteCatalog><Directory path="things"/></RouteCatalog>'
    action = f"<RoutingAction><AssignRouteAction>{_reference()}</AssignRouteAction></RoutingAction>"
    action = f"<PrivateAction>{action}</PrivateAction>"
    place = '<Position><LanePosition roadId="1" laneId="-1" s="5"/></Position>'
    init = f'<Private entityRef="Ego"><PrivateAction><TeleportAction>{place}</TeleportAction></PrivateAction></Private>'
    made = read_openscenario(write(tmp_path, scenario(catalogs=where, action=action, init=init)))
    with pytest.raises(InputError, match='there is no road "77"') as error:
        play(pickle.loads(pickle.dumps(made)), straight(), until=3.0)
    assert str(error.value).startswith(f"{file}:2: ")


def test_a_catalog_is_no_scenario(tmp_path: Path) -> None:
    path = write(tmp_path, catalog("Things", ENTRIES["Vehicle"]))
    with pytest.raises(InputError, match="is a catalog"):
        read_openscenario(path)
    with pytest.raises(InputError, match="needs the element <Catalog>"):
        read_catalog(write(tmp_path, scenario(), "other.xosc"))
