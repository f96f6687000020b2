"""The published table of OpenDRIVE: it has all that the official schemas have, and says the truth."""

from __future__ import annotations

import ast
import math
from collections import defaultdict
from pathlib import Path

import pytest
from lxml import etree
from material import MATERIAL, needs_material

from simulator.roads import read_opendrive, write_opendrive
from simulator.roads.coverage import ROWS
from simulator.roads.opendrive import UNUSED
from tests.xsd import elements_of

SCHEMAS = MATERIAL / "schemas/qc_opendrive/schema"
VERSIONS = ("1.4", "1.5", "1.6.1", "1.7.0", "1.8.1")
ANYWHERE = ("userData", "include", "dataQuality")  # below every element
BY_NAME = {row.element: row for row in ROWS}
TESTS = Path(__file__).parent

MAPS = Path(__file__).parent / "maps"
NEW = MAPS / "everything.xodr"  # all that a file of 1.7 may have and that is supported
OTHERS = MAPS / "older_and_newer.xodr"  # and what only 1.4 or only 1.8 has
# Written in another way: what is only in some versions, what we work out ourselves.
RENAMED = {
    "object/outline": "outlines/outline",
    "parkingSpace/marking": "markings/marking",
    "access/restriction": "lane/access",
    "lanes/laneSection@singleSide": "",
    "access/restriction@type": "lane/access@restriction",
    "parkingSpace/marking@type": "",
    **dict.fromkeys((f"OpenDRIVE/header@{side}" for side in ("north", "south", "east", "west")), ""),
}


def _values(root: etree._Element) -> dict[str, list[str]]:
    """Values of all attributes by "parent/element@attribute", and of the elements by "parent/element"."""
    found = defaultdict(list)
    for item in root.iter(etree.Element):
        parent = item.getparent()
        name = item.tag if parent is None else f"{parent.tag}/{item.tag}"
        found[name].append("")
        for attribute, value in item.attrib.items():
            try:
                text = f"{float(value):.12g}"
            except ValueError:
                text = value
            found[f"{name}@{attribute}"].append(text)
    return found


def _root(path: Path) -> etree._Element:
    return etree.parse(path).getroot()


@pytest.mark.parametrize("path", [NEW, OTHERS], ids=lambda path: path.stem)
def test_everything_supported_is_read_and_written(tmp_path: Path, path: Path) -> None:
    write_opendrive(read_opendrive(path), tmp_path / "again.xodr")
    before, after = _values(_root(path)), _values(_root(tmp_path / "again.xodr"))
    for row in ROWS:
        if row.support == "not" or row.element not in before:
            continue
        for name in (row.element, *(f"{row.element}@{attribute}" for attribute in row.used)):
            written = RENAMED.get(name, name.replace(row.element, RENAMED.get(row.element, row.element)))
            lost = set(before[name]) - set(after[written])
            assert not (written and lost), f"{name}: {lost}"


def test_the_two_files_have_everything_that_is_supported() -> None:
    given = _values(_root(NEW)).keys() | _values(_root(OTHERS)).keys()
    wanted = {row.element for row in ROWS if row.support != "not"}
    wanted |= {f"{row.element}@{name}" for row in ROWS if row.support != "not" for name in row.used}
    assert wanted - given == set()


@needs_material
def test_the_file_of_everything_is_valid_and_what_is_written_of_it(tmp_path: Path) -> None:
    schema = etree.XMLSchema(etree.parse(SCHEMAS / "1.7.0/opendrive_17_core.xsd"))
    schema.assertValid(etree.parse(NEW))
    write_opendrive(read_opendrive(NEW), tmp_path / "again.xodr")
    schema.assertValid(etree.parse(tmp_path / "again.xodr"))


@needs_material
def test_every_element_and_attribute_of_the_schemas_is_listed() -> None:
    wanted: dict[str, set[str]] = {}
    for version in VERSIONS:
        for name, attributes in elements_of(sorted((SCHEMAS / version).glob("*.xsd")), "OpenDRIVE").items():
            last = name.rpartition("/")[2]
            if last != "_OpenDriveElement":
                wanted.setdefault(last if last in ANYWHERE else name, set()).update(attributes)
    assert wanted.keys() == BY_NAME.keys()
    for name, attributes in wanted.items():
        row = BY_NAME[name]
        assert set(row.used) | set(row.unused) == attributes, name
        assert not set(row.used) & set(row.unused), name


def test_rows_say_what_proves_them() -> None:
    assert len(BY_NAME) == len(ROWS)
    known = {
        f"tests/{path.name}::{node.name}"
        for path in TESTS.glob("test_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
    }
    for row in ROWS:
        assert (row.test in known) == (row.support != "not"), row
        assert row.support == "not" or row.note == "" or row.support == "partly" or row.about, row
        assert not (row.support == "supported" and row.unused), row
        assert not (row.support == "partly" and not row.note), row
        assert not (row.support == "not" and row.used), row


@pytest.mark.parametrize("tag", UNUSED)
def test_what_is_not_used_is_a_warning(tmp_path: Path, tag: str) -> None:
    path = tmp_path / "unused.xodr"
    path.write_text(OTHERS.read_text().replace("<objects>", f"<surface><x><{tag}/><{tag}/></x></surface><objects>", 1))
    (warning,) = [text for text in read_opendrive(path).warnings if f"<{tag}>" in text]
    assert UNUSED[tag] in warning
    rows = [row for row in ROWS if row.element.rpartition("/")[2] == tag]
    assert {row.support for row in rows} == {"not"}
    assert all("a warning" in row.note for row in rows)


def test_limits_are_written_in_metres_per_second(tmp_path: Path) -> None:
    (tmp_path / "a.xodr").write_text(NEW.read_text().replace('max="11.5" unit="m/s"', 'max="50" unit="km/h"'))
    write_opendrive(read_opendrive(tmp_path / "a.xodr"), tmp_path / "b.xodr")
    speed = etree.parse(tmp_path / "b.xodr").find(".//type/speed")
    assert (float(speed.get("max")), speed.get("unit")) == (pytest.approx(50 / 3.6), "m/s")
    assert math.isclose(read_opendrive(tmp_path / "b.xodr").roads["1"].types[0].speed or 0.0, 50 / 3.6)
