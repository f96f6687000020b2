"""What the official schemas allow reaches the model: every action, condition, position, shape; nothing is dropped."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from lxml import etree

from simulator.storyboard import model
from simulator.storyboard.binding import Node, Reader
from simulator.storyboard.catalogs import Catalogs
from simulator.storyboard.coverage import ROWS
from simulator.storyboard.openscenario import new_reader
from simulator.storyboard.xosc_actions import read_action, read_private
from simulator.storyboard.xosc_global import read_global
from tests.material import MATERIAL, needs_material
from tests.xsd import Schema, deprecated

pytestmark = needs_material
VERSIONS = ("1.0.0", "1.1.1", "1.2.0", "1.3.0")
_GROUPS = {
    "LongitudinalAction", "LateralAction", "RoutingAction", "AppearanceAction", "TrailerAction", "ControllerAction",
    "EntityAction", "ParameterAction", "VariableAction", "InfrastructureAction", "TrafficSignalAction",
    "TrafficAction", "PrivateAction", "GlobalAction", "OverrideControllerValueAction",
}  # fmt: skip


def _schema(version: str) -> Schema | None:
    found = sorted((MATERIAL / "schemas").glob(f"osc/*_{version}_OpenSCENARIO.xsd"))
    return Schema(found[0]) if found else None


SCHEMAS = {version: schema for version in VERSIONS if (schema := _schema(version)) is not None}
ACTIONS = [(v, path) for v, schema in SCHEMAS.items() for path in schema.leaves("Action", _GROUPS)]
CHOICES = {
    "EntityCondition": model.EntityCondition,
    "ByValueCondition": model.ByValueCondition,
    "Position": model.Position,
    "Shape": model.Polyline | model.Clothoid | model.ClothoidSpline | model.Nurbs,
}
LEAVES = [
    (version, choice, element)
    for version, schema in SCHEMAS.items()
    for choice in CHOICES
    for element, _ in schema.alternatives(choice)
]
ROUTES = ("FromCurrentEntity", "FromRoadCoordinates", "FromLaneCoordinates")


def _reader(version: str) -> Reader:
    major, minor = version.split(".")[:2]
    return new_reader(Catalogs(Path("scenario.xosc")), (int(major), int(minor)))


def _texts(record: Any) -> Iterator[str]:
    """Every value inside a record, as a text."""
    if dataclasses.is_dataclass(record):
        for field in dataclasses.fields(record):
            if field.name != "line":
                yield from _texts(getattr(record, field.name))
    elif isinstance(record, dict):
        for name, value in record.items():
            yield from (name, *_texts(value))
    elif isinstance(record, (tuple, list)):
        for value in record:
            yield from _texts(value)
    elif isinstance(record, float):
        yield f"{record:g}"
    elif record is not None:
        yield str(record)


def _unique(element: etree._Element) -> Iterator[tuple[str, str]]:
    """The numbers and texts that the schema's instance made up, which are like no other."""
    for item in element.iter():
        for name, value in item.attrib.items():
            if value.startswith("text") or value.endswith(".25"):
                yield f"{item.tag}@{name}", value
        if (item.text or "").startswith("text"):
            yield item.tag, str(item.text)


# Converted on the way: lux and mm/h of old intensities, colours of print, radians, names of what has none in the model.
_CONVERTED = ("ColorCmyk@", "Precipitation@intensity", "GeoPosition@l", "ParameterDeclaration@", "trailer")


def _assert_nothing_lost(element: etree._Element, record: Any, reader: Reader) -> None:
    assert reader.warnings == []
    texts = set(_texts(record)) | set(_texts(reader.trailers))
    lost = [where for where, value in _unique(element) if not texts & {value, f"{value}".rstrip("0")}]
    assert [where for where in lost if not where.startswith(_CONVERTED)] == []


def _action(version: str, path: tuple[str, ...], *, full: bool) -> tuple[etree._Element, Any, Reader]:
    schema, reader = SCHEMAS[version], _reader(version)
    schema.count = 0
    if path[-1] == "FollowTrajectoryAction":  # all of its children are optional in the schemas
        newer = "TrajectoryRef" in dict(schema.alternatives("FollowTrajectoryAction"))
        path = (*path, "TrajectoryRef" if newer else "Trajectory")
    element = schema.element("Action", "Action", full=full, path=path)
    _complete(element)
    return element, read_action(reader, Node(element, reader, "scenario.xosc", 0)), reader


def _complete(element: etree._Element) -> None:
    """What no schema says: which of two is meant, the right number of knots, names that an attribute has had."""
    for item in element.iter("GeoPosition", "Clothoid"):
        names = ("latitudeDeg", "longitudeDeg") if item.tag == "GeoPosition" else ("curvaturePrime",)
        for name in names:
            if not {name, name.removesuffix("Deg"), "curvatureDot"} & set(item.attrib):
                item.set(name, "7.25")
    for nurbs in element.iter("Nurbs"):
        nurbs.set("order", "2")
        for knot in nurbs.findall("Knot"):
            nurbs.remove(knot)
        for index in range(len(nurbs.findall("ControlPoint")) + 2):
            etree.SubElement(nurbs, "Knot", value=str(index))
    for item in element.iter("LongitudinalDistanceAction"):
        item.attrib.pop("timeGap", None)
        item.set("distance", "8.25")
    for item in element.iter("Precipitation"):
        if "intensity" in item.attrib:
            item.set("intensity", "0")  # anything else is converted, with a warning
    for item in element.iter("Gear"):
        if "number" in item.attrib:
            item.set("number", "2")  # a Double in the schemas of 1.0 and 1.1
    for item in element.iter("LightType", "ComponentAnimation"):
        for second in item[1:]:
            item.remove(second)  # the schema of 1.2 demands both of a choice
    unwanted = [*element.iter("ParameterDeclarations"), *element.findall(".//FollowTrajectoryAction/CatalogReference")]
    for item in unwanted:
        item.getparent().remove(item)


@pytest.mark.parametrize("full", [False, True], ids=["minimal", "full"])
@pytest.mark.parametrize(("version", "path"), ACTIONS, ids=lambda value: value if isinstance(value, str) else value[-1])
def test_every_action_is_read(version: str, path: tuple[str, ...], full: bool) -> None:
    element, record, reader = _action(version, path, full=full)
    assert record is not None
    _assert_nothing_lost(element, record, reader)
    if path[-1] in ("SetAction", "ModifyAction"):
        assert type(record.action).__name__ == path[-2].removesuffix("Action") + path[-1]
    elif path[-1] in ("Throttle", "Brake", "Clutch", "ParkingBrake", "SteeringWheel", "Gear"):
        value = getattr(record.action.override, _snake(path[-1]))
        assert type(value).__name__ == f"Override{path[-1]}Action"
    else:
        inside = (record.action, *vars(record.action).values())
        assert path[-1] in {type(value).__name__ for value in inside}


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


@pytest.mark.parametrize("full", [False, True], ids=["minimal", "full"])
@pytest.mark.parametrize(("version", "choice", "leaf"), LEAVES)
def test_every_condition_position_and_shape_is_read(version: str, choice: str, leaf: str, full: bool) -> None:
    schema, reader = SCHEMAS[version], _reader(version)
    schema.count = 0
    element = schema.element(choice, choice, full=full, path=(leaf,))
    _complete(element)
    record = reader.one_of(Node(element, reader, "scenario.xosc", 0), get_args(CHOICES[choice]))
    assert type(record).__name__ == leaf
    _assert_nothing_lost(element, record, reader)


@pytest.mark.parametrize("way", ROUTES)
def test_every_place_along_a_route_is_read(way: str) -> None:
    schema, reader = SCHEMAS["1.3.0"], _reader("1.3.0")
    element = schema.element("InRoutePosition", "InRoutePosition", full=True, path=(way,))
    position = schema.element("RoutePosition", "RoutePosition", full=False)
    position.replace(position.find("InRoutePosition"), element)
    record = reader.bind(model.RoutePosition, Node(position, reader, "scenario.xosc", 0))
    assert type(record.in_route_position).__name__ == way
    _assert_nothing_lost(position, record, reader)


ENTITIES = ("Vehicle", "Pedestrian", "MiscObject", "ExternalObjectReference", "Controller", "Environment", "Route")


@pytest.mark.parametrize("full", [False, True], ids=["minimal", "full"])
@pytest.mark.parametrize("name", [*ENTITIES, "Trajectory", "Maneuver", "ScenarioObject", "Properties", "Trigger"])
@pytest.mark.parametrize("version", SCHEMAS)
def test_every_entry_of_a_catalog_is_read(version: str, name: str, full: bool) -> None:
    schema, reader = SCHEMAS[version], _reader(version)
    if name not in schema.types:
        pytest.skip("not in this version")
    schema.count = 0
    element = schema.element(name, name, full=full)
    _complete(element)
    record = reader.bind(getattr(model, name), Node(element, reader, "scenario.xosc", 0))
    _assert_nothing_lost(element, record, reader)


def test_the_table_of_coverage_has_every_element_of_the_newest_schema() -> None:
    schema = SCHEMAS["1.3.0"]
    wanted = {path[-1] for path in schema.leaves("Action", _GROUPS)} - {"SetAction", "ModifyAction"}
    for choice in CHOICES:
        wanted |= {element for element, _ in schema.alternatives(choice)}
    for group in ("StochasticDistribution", "DeterministicSingleParameterDistribution"):
        wanted |= {element for element, _ in schema.alternatives(group)}
    wanted |= {element for element, _ in schema.alternatives("CatalogLocations")}
    wanted |= set(schema.types)
    assert wanted - {row.element for row in ROWS} == set()


def test_the_words_of_the_model_are_those_of_the_schema() -> None:
    schema, old = SCHEMAS["1.3.0"], {"overwrite", "cartesianDistance", "integer", "wind"}
    checked = 0
    for name, words in schema.words.items():
        if words and hasattr(model, name):
            checked += 1
            assert set(get_args(getattr(model, name))) == set(words) - old, name
    assert checked > 25


def test_deprecation_is_seen_in_the_schema() -> None:
    node = SCHEMAS["1.3.0"].types["ReachPositionCondition"]
    assert deprecated(node)
    assert not deprecated(SCHEMAS["1.3.0"].types["DistanceCondition"])


def test_an_action_that_is_not_known_is_named() -> None:
    reader = _reader("1.3.0")
    private = etree.fromstring("<PrivateAction><LateralAction><SwerveAction/></LateralAction></PrivateAction>")
    assert read_private(reader, Node(private, reader, "a.xosc", 0)) is None
    everywhere = etree.fromstring("<GlobalAction><EarthquakeAction/></GlobalAction>")
    assert read_global(reader, Node(everywhere, reader, "a.xosc", 0)) is None
    assert ["SwerveAction" in str(reader.warnings[0]), "EarthquakeAction" in str(reader.warnings[1])] == [True, True]
