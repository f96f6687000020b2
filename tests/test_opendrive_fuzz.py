"""Small maps, damaged at random: a network that can be used, or one line; within bounded time, never a traceback."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from simulator.errors import InputError
from simulator.roads import RoadNetwork, check_opendrive, procedural, read_opendrive, write_opendrive

MOST_SECONDS = 10.0
MAKERS = {
    "cross": lambda: procedural.x_junction(30.0),
    "motorway": lambda: procedural.motorway(600.0),
    "banked": lambda: procedural.curve(60.0, 90.0, superelevation_percent=6.0),
}
# Values that have broken readers: of the wrong kind, out of range, and on either side of limits.
TEXTS = st.one_of(
    st.sampled_from(
        (
            *(
                "",
                "nan",
                "-inf",
                "1e400",
                "-1e308",
                "1e15",
                "1e100",
                "0",
                "-0.0",
                "-1",
                "1e-300",
                "0x10",
                "1_000",
                "\u0663",
            ),
            *("true", "driving", "junction", "start", "end", "-999999999999999999999", "2147483648", " 1 ", "1,5"),
        )
    ),
    st.floats(allow_nan=True).map(repr),
    st.integers(-10, 10).map(str),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8),
)


MAPS = ("everything", "older_and_newer")  # files of tests/maps: each element once


@cache
def good(name: str, folder: Path) -> bytes:
    if name in MAPS:
        return (Path(__file__).parent / "maps" / f"{name}.xodr").read_bytes()
    write_opendrive(MAKERS[name](), folder / f"{name}.xodr")
    return (folder / f"{name}.xodr").read_bytes()


def change(root: etree._Element, kind: str, where: int, other: int, text: str) -> None:
    """One change of an element or attribute."""
    elements = list(root.iter())
    element, mate = elements[where % len(elements)], elements[other % len(elements)]
    parent = element.getparent()
    if kind == "value" and element.attrib:
        element.set(sorted(element.attrib)[other % len(element.attrib)], text)
    elif kind == "lost" and element.attrib:
        del element.attrib[sorted(element.attrib)[other % len(element.attrib)]]
    elif kind == "removed" and parent is not None:
        parent.remove(element)
    elif kind == "twice" and parent is not None:
        parent.insert(0, etree.fromstring(etree.tostring(element)))
    elif kind == "moved" and parent is not None and mate not in element.iter():
        mate.append(element)
    elif kind == "renamed" and mate.tag != "OpenDRIVE":
        element.tag = mate.tag


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["value", "value", "value", "lost", "removed", "twice", "moved", "renamed"]),
        st.integers(0, 100_000),
        st.integers(0, 100_000),
        TEXTS,
    ),
    min_size=1,
    max_size=6,
)


def use(network: RoadNetwork) -> None:
    """Ask a network everything that others ask it."""
    assert np.isfinite(network.bounds).all()
    for road in list(network.roads.values())[:6]:
        s = np.linspace(0.0, road.length, 5)
        assert np.isfinite(road.point(s, 0.5)).all()
        for index in range(min(len(road.sections), 3)):
            assert (np.diff(road.boundaries(index, s), axis=0) <= 0.0).all()
    lanes = network.lanes()
    for key in lanes[:3]:
        assert np.isfinite(network.path(key, 0.0, 60.0, lambda ways: ways[0]).xyz).all()
        network.route(key, lanes[-1])
    places = network.locate(np.array([[0.0, 0.0, 0.0], [30.0, -2.0, 1.0]]))
    assert all(np.isfinite(column).all() for column in places)


@given(st.sampled_from([*MAKERS, *MAPS]), CHANGES)
@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_changed_elements(
    tmp_path_factory: pytest.TempPathFactory, name: str, changes: list[tuple[str, int, int, str]]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    root = etree.fromstring(good(name, folder))
    for one in changes:
        change(root, *one)
    attempt(folder / "changed.xodr", etree.tostring(root))


@given(st.sampled_from([*MAKERS, *MAPS]), st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=6)), max_size=4))
@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_changed_bytes(tmp_path_factory: pytest.TempPathFactory, name: str, changes: list[tuple[int, bytes]]) -> None:
    folder = tmp_path_factory.getbasetemp()
    data = bytearray(good(name, folder))
    for at, piece in changes:
        at %= len(data)
        data[at : at + len(piece)] = piece
    attempt(folder / "bytes.xodr", bytes(data))


def attempt(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    started = time.process_time()
    try:
        network = read_opendrive(path)
    except InputError as error:
        assert "\n" not in str(error)
        errors, _ = check_opendrive(path)
        assert errors
    else:
        use(network)
    assert time.process_time() - started < MOST_SECONDS
