"""OpenDRIVE files of all kinds: public maps, the ASAM examples of good and bad ones, and files made to do harm."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from material import MATERIAL, needs_material

from simulator.errors import InputError
from simulator.roads import LaneKey, check_opendrive, procedural, read_opendrive, write_opendrive

# The largest maps are read by the tests of the goldens and, further down, for the time they take.
MAPS = [path for path in sorted((MATERIAL / "openx").rglob("*.xodr")) if path.stat().st_size < 1e6]
# Bad files whose fault is not in the roads, or not said by the name.
UNREADABLE = {"root_tag_is_opendrive/negative", "valid_schema/negative16", "valid_schema/negative17"}
UNREADABLE |= {"valid_schema/negative18"}


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("maps") / "straight.xodr"
    write_opendrive(procedural.straight(), path)
    return path.read_text()


def refused(path: Path, data: bytes | str) -> InputError:
    """The error for a file with these contents, after checking what every error must keep."""
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    started = time.process_time()
    with pytest.raises(InputError) as caught:
        read_opendrive(path)
    assert time.process_time() - started < 10.0
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(path))
    errors, _ = check_opendrive(path)
    assert errors
    return caught.value


def warned(path: Path, text: str) -> list[str]:
    path.write_text(text)
    network = read_opendrive(path)
    assert network.warnings == [str(x) for x in check_opendrive(path)[1] if "once a file" not in str(x)]
    assert np.isfinite(network.bounds).all()
    return network.warnings


@pytest.mark.parametrize("path", MAPS, ids=lambda path: "/".join(path.parts[-2:])[:-5])
def test_every_public_map_is_read_or_refused_in_one_line(path: Path) -> None:
    name = "/".join(path.parts[-2:])[:-5]
    errors, warnings = check_opendrive(path)
    assert bool(errors) == (name in UNREADABLE)
    assert all("\n" not in str(problem) and str(problem).startswith(str(path)) for problem in errors + warnings)
    if "invalid" in path.name or "negative" in path.name:
        assert errors or warnings
    if name in UNREADABLE:
        with pytest.raises(InputError, match="openx"):
            read_opendrive(path)
        return
    network = read_opendrive(path)
    assert np.isfinite(network.bounds).all()
    for road in list(network.roads.values())[:20]:
        s = np.linspace(0.0, road.length, 7)
        assert np.isfinite(road.point(s, 0.0)).all()
        for index in range(min(len(road.sections), 5)):
            assert (np.diff(road.boundaries(index, s), axis=0) <= 0.0).all()


@needs_material
def test_a_large_map_is_read_in_two_seconds() -> None:
    started = time.process_time()
    network = read_opendrive(MATERIAL / "openx/carla_towns/OpenDrive/Town03.xodr")
    assert time.process_time() - started < 4.0  # on a busy machine; alone it takes well under one second
    assert len(network.roads) == 279
    late = read_opendrive(MATERIAL / "openx/libopendrive/tests/test.xodr")
    assert any("before the XML declaration" in warning for warning in late.warnings)
    assert late.geo_reference.startswith("+lat_0=4.9")


@needs_material
def test_details_of_real_maps() -> None:
    maps = MATERIAL / "openx"
    lights = read_opendrive(maps / "esmini/resources/xodr/fabriksgatan_traffic_lights.xodr")
    assert any(signal.dynamic for road in lights.roads.values() for signal in road.signals)
    town = read_opendrive(maps / "carla_towns/OpenDrive/Town01.xodr")
    kinds = [kind for road in town.roads.values() for kind in road.types]
    assert {kind.speed for kind in kinds} <= {mph * 0.44704 for mph in (25, 30, 35, 40, 55)}
    tunnels = read_opendrive(maps / "esmini/resources/xodr/tunnels.xodr")
    (tunnel, *_) = [x for road in tunnels.roads.values() for x in road.structures]
    assert (tunnel.kind, tunnel.s, tunnel.length, tunnel.lighting) == ("tunnel", 30.0, 250.0, 0.5)
    spaced = read_opendrive(maps / "asam_qc_opendrive/tests/data/utils/namespace.xodr")
    assert spaced.lanes()
    left = read_opendrive(maps / "esmini/resources/xodr/e6mini-lht.xodr")
    assert {road.rule for road in left.roads.values()} == {"LHT"}


def test_files_that_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    for name, words in (
        ("", "directory"),
        ("nothing", "no such file"),
        ("loop", "cannot be read"),
        ("pipe", "regular"),
    ):
        with pytest.raises(InputError, match=words):
            read_opendrive(tmp_path / name)
    with pytest.raises(InputError):
        read_opendrive("bad\0name")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "secret.xodr"
    path.write_text("<OpenDRIVE/>")
    path.chmod(0)
    with pytest.raises(InputError, match="no permission"):
        read_opendrive(path)


def test_the_largest_file_is_stated(tmp_path: Path) -> None:
    path = tmp_path / "large.xodr"
    with path.open("wb") as file:
        file.truncate(10 * 2**30)
    with pytest.raises(InputError, match=r"10,240 MB large; at most 256 MB are accepted"):
        read_opendrive(path)


BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(9))
    + "]>\n<OpenDRIVE>&j;</OpenDRIVE>"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_entity_bombs_are_refused_unopened(tmp_path: Path, encoding: str) -> None:
    error = refused(tmp_path / "bomb.xodr", BOMB.encode(encoding))
    assert "entities" in error.message


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (bytes(range(256)) * 50, "not well-formed"),
        (b"\0" * 1000, "not well-formed"),
        (b"<OpenDRIVE><road", "not well-formed"),
        (b"<OpenDRIVE>\x01</OpenDRIVE>", "not well-formed"),
        (b"<html/>", "root element is <html>; <OpenDRIVE> is needed"),
        (b"<OpenDRIVE/>", "no usable <road>"),
        (b"words\n<?xml version='1.0'?><OpenDRIVE/>", "not well-formed"),
        (b"<OpenDRIVE>" + b"<a>" * 50_000, "not well-formed"),
        (b'<OpenDRIVE><header name="' + b"a" * 12_000_000 + b'"/></OpenDRIVE>', "not well-formed"),
        (b'<!DOCTYPE OpenDRIVE SYSTEM "http://127.0.0.1:1/x.dtd"><OpenDRIVE/>', "DOCTYPE"),
        (b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><OpenDRIVE>&x;</OpenDRIVE>', "entities"),
    ],
)
def test_files_that_are_no_maps(tmp_path: Path, data: bytes, words: str) -> None:
    assert words in refused(tmp_path / "bad.xodr", data).message


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('hdg="0.0"', 'hdg="NaN"', 9, 'hdg="NaN" is not a finite number'),
        ('hdg="0.0"', 'hdg="inf"', 9, "is not a finite number"),
        ('hdg="0.0"', 'hdg="1e400"', 9, "is not a finite number"),
        (' x="0.0"', "", 9, '<geometry> needs the attribute "x", a number'),
        ('a="3.5"', 'a="nan"', 29, '<width> a="nan" is not a finite number'),
        ('a="3.5"', 'a="wide"', 29, '<width> a="wide" is not a finite number'),
        ('length="300.0"', 'length="-3"', 9, "0 to 1e+07 m are accepted"),
        ('length="300.0"', 'length="1e9"', 9, "0 to 1e+07 m are accepted"),
        (' x="0.0"', ' x="1e12"', 9, "up to 1e+09 m are accepted"),
        ('a="3.5"', 'a="1e6"', 28, "1e+06 m wide; at most 1000 m are accepted"),
        ('a="3.5" b="0.0"', 'a="3.5" b="1e6"', 28, "m wide; at most 1000 m are accepted"),
        ('length="300.0"', 'length="0"', 2, "no usable <road>"),
        (' id="0" junction', " junction", 4, '<road> needs the attribute "id"'),
        ('lane id="-1"', 'lane id="x"', 48, "a whole number is accepted"),
        ('lane id="-1"', 'lane id="-99999999999999999999"', 48, "a whole number is accepted"),
        ("<line/>", "", 9, "exactly one of line, arc, spiral, poly3, paramPoly3; 0 found"),
        ("<line/>", "<line/><line/>", 9, "2 found"),
        ("<line/>", '<arc curvature="1e6"/>', 9, "at most 10000 are accepted"),
        ("<line/>", '<spiral curvStart="0"/>', 10, 'needs the attribute "curvEnd"'),
        ("<line/>", '<poly3 a="0" b="0" c="0" d="nan"/>', 10, "is not a finite number"),
        ("<lanes>", "<lanes></lanes><lanes>", 4, "no lane section"),
    ],
)
def test_faults_are_named_with_their_line(
    tmp_path: Path, straight: str, old: str, new: str, line: int, words: str
) -> None:
    assert old in straight
    error = refused(tmp_path / "bad.xodr", straight.replace(old, new))
    assert words in error.message
    assert error.line == line


def test_all_faults_are_listed(tmp_path: Path, straight: str) -> None:
    two = straight.replace('a="3.5"', 'a="wide"')
    assert "(and 1 more problem)" in str(refused(tmp_path / "two.xodr", two))
    assert [x.line for x in check_opendrive(tmp_path / "two.xodr")[0]] == [29, 49]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('<road name="straight" length="300.0"', '<road name="straight" length="nan"', "300 is used"),
        ('<road name="straight" length="300.0"', '<road name="straight" length="290"', "plan view ends at s=300"),
        ('a="3.5"', 'a="-3.5"', "negative width"),
        ('lane id="-2"', 'lane id="-1"', "given twice"),
        ('lane id="-3"', 'lane id="-7"', "have gaps"),
        ('rule="RHT"', 'rule="XYZ"', '"RHT" and "LHT" are accepted'),
        ('type="driving"', 'type="flying"', "is not one of OpenDRIVE"),
        ('revMinor="7"', 'revMinor="seven"', "whole number"),
        ('revMinor="7"', 'revMinor="23"', "versions 1.4 to 1.8"),
        ("<header", "<headless", "<header> is missing"),
        (
            "<planView>",
            '<link><successor elementType="road" elementId="7" contactPoint="start"/></link><planView>',
            "not exist",
        ),
        ("<planView>", '<link><predecessor elementType="junction" elementId="7"/></link><planView>', "not exist"),
        ("<planView>", '<link><successor elementType="boat" elementId="7"/></link><planView>', "was left out"),
        (
            "<line/>",
            '<spiral curvStart="0" curvEnd="0.01"/></geometry><geometry s="310" x="0" y="0" hdg="0" length="1"><line/>',
            "gap",
        ),
    ],
)
def test_what_can_be_repaired_is_a_warning(tmp_path: Path, straight: str, old: str, new: str, words: str) -> None:
    assert old in straight
    warnings = warned(tmp_path / "odd.xodr", straight.replace(old, new))
    assert any(words in warning for warning in warnings), warnings


def test_duplicate_ids_are_refused(tmp_path: Path, straight: str) -> None:
    road = straight[straight.index("<road") : straight.index("</road>") + 7]
    error = refused(tmp_path / "twice.xodr", straight.replace("</OpenDRIVE>", f"{road}</OpenDRIVE>"))
    assert 'road id "0" is given twice' in error.message


def test_ids_may_be_any_text(tmp_path: Path, straight: str) -> None:
    path = tmp_path / "named.xodr"
    path.write_text(straight.replace(' id="0" junction', ' id="Straße 7/b" junction'))
    network = read_opendrive(path)
    assert network.lane_center("Straße 7/b", -1, [1.0])[1] == -1.75


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_other_encodings(tmp_path: Path, straight: str, encoding: str) -> None:
    text = straight.replace("UTF-8", "UTF-16") if encoding == "utf-16" else straight
    path = tmp_path / "coded.xodr"
    path.write_bytes(text.encode(encoding))
    assert read_opendrive(path).warnings == []


def test_a_comment_before_the_declaration_is_passed_over(tmp_path: Path, straight: str) -> None:
    warnings = warned(tmp_path / "late.xodr", f"<!-- licence -->\n{straight}")
    assert ["before the XML declaration" in warning for warning in warnings] == [True]


@pytest.mark.parametrize("comment", ["<!-- a --b- -->", "<!------ a --->", "<!-- a\n-- b -->", "<!---->"])
def test_hyphens_within_comments_are_passed_over(tmp_path: Path, straight: str, comment: str) -> None:
    start = straight.index("<road")
    warnings = warned(tmp_path / "hyphens.xodr", f"{straight[:start]}{comment}{straight[start:]}")
    assert ["two hyphens" in warning for warning in warnings] == [True] * (comment != "<!---->")
    assert "not well-formed XML" in str(refused(tmp_path / "open.xodr", f"{straight}<!-- -- "))


def test_elements_out_of_order_are_sorted(tmp_path: Path, straight: str) -> None:
    start, end = straight.index("<laneSection"), straight.index("</laneSection>") + len("</laneSection>")
    part = straight[start:end]
    later = part.replace('s="0.0"', 's="100.0"', 1).replace('a="3.5"', 'a="4.5"')
    warnings = warned(tmp_path / "mixed.xodr", straight[:start] + later + part + straight[end:])
    assert any("not in ascending order" in warning for warning in warnings)
    road = read_opendrive(tmp_path / "mixed.xodr").roads["0"]
    assert [section.s0 for section in road.sections] == [0.0, 100.0]
    np.testing.assert_allclose(
        road.lane_edges(road.section_at([50.0, 150.0]), -1, np.array([50.0, 150.0]))[1], [-3.5, -4.5]
    )


def test_links_lead_over_a_section_of_no_length(tmp_path: Path) -> None:
    def section(s: float, lane: int, before: str, after: str) -> str:
        link = before + after
        width = '<width sOffset="0" a="3" b="0" c="0" d="0"/>'
        lanes = "".join(
            f'<lane id="{i}" type="driving">{f"<link>{link}</link>" if i == lane else ""}{width}</lane>'
            for i in range(-1, lane - 1, -1)
        )
        return f'<laneSection s="{s}"><center><lane id="0" type="none"/></center><right>{lanes}</right></laneSection>'

    sections = (
        section(0, -1, "", '<successor id="-2"/>')
        + section(50, -2, '<predecessor id="-1"/>', '<successor id="-3"/>')
        + section(50.0000000000001, -3, '<predecessor id="-2"/>', "")
    )
    path = tmp_path / "thin.xodr"
    path.write_text(
        '<OpenDRIVE><header revMajor="1" revMinor="7"/><road id="a" length="100" junction="-1"><planView>'
        '<geometry s="0" x="0" y="0" hdg="0" length="100"><line/></geometry></planView>'
        f"<lanes>{sections}</lanes></road></OpenDRIVE>"
    )
    network = read_opendrive(path)
    assert any("has no length and was left out" in warning for warning in network.warnings)
    assert network.next_lanes(LaneKey("a", 0, -1)) == [LaneKey("a", 1, -3)]


def test_a_road_of_100000_lane_sections(tmp_path: Path) -> None:
    def lane(i: int) -> str:
        return (
            f'<lane id="{i}" type="driving" level="false"><link><predecessor id="{i}"/><successor id="{i}"/></link>'
            '<width sOffset="0.0" a="3.5" b="0.0" c="0.0" d="0.0"/>'
            '<roadMark sOffset="0.0" type="solid" weight="standard" color="white" width="0.12"/></lane>'
        )

    count = 100_000
    body = f'<left>{lane(1)}</left><center><lane id="0" type="none"/></center><right>{lane(-1)}</right>'
    sections = "".join(f'<laneSection s="{i / 100}">{body}</laneSection>' for i in range(count))
    path = tmp_path / "long.xodr"
    path.write_text(
        '<OpenDRIVE><header revMajor="1" revMinor="7"/><road id="a" length="1000" junction="-1"><planView>'
        '<geometry s="0" x="0" y="0" hdg="0" length="1000"><line/></geometry></planView>'
        f"<lanes>{sections}</lanes></road></OpenDRIVE>"
    )
    started = time.process_time()
    network = read_opendrive(path)
    _, y, _, _ = network.lane_center("a", -1, np.linspace(0, 1000, 1001))
    assert time.process_time() - started < 10.0
    assert len(network.roads["a"].sections) == count
    np.testing.assert_allclose(y, -1.75)


def test_too_many_lanes_are_refused(tmp_path: Path, straight: str) -> None:
    lanes = "".join(f'<lane id="-{i}" type="driving"/>' for i in range(4, 2000))
    error = refused(tmp_path / "wide.xodr", straight.replace("<right>", f"<right>{lanes}"))
    assert "at most 500 are accepted" in error.message


def test_dashes_of_a_nanometre_are_a_solid_line(tmp_path: Path, straight: str) -> None:
    line = '<roadMark type="broken"><type name="b"><line length="1e-9" space="1e-9" tOffset="0"/></type></roadMark>'
    text = straight.replace("</lane>", f"{line}</lane>", 1)
    assert any("drawn solid" in warning for warning in warned(tmp_path / "fine.xodr", text))
    [road] = read_opendrive(tmp_path / "fine.xodr").roads.values()
    lines = [x for lane in road.sections[0].lanes for mark in lane.marks for x in mark.lines]
    assert [x.space for x in lines if x.length == 1e-9] == [0.0]


def test_damaged_files_never_crash(tmp_path: Path) -> None:
    """Bytes changed, cut out and put in at random: a network or one line, and what is read can be used."""
    write_opendrive(procedural.x_junction(60.0), tmp_path / "good.xodr")
    good = (tmp_path / "good.xodr").read_bytes()
    rng = np.random.default_rng(7)
    path, read = tmp_path / "damaged.xodr", 0
    for _ in range(150):
        data = bytearray(good)
        for _ in range(int(rng.choice([1, 3, 12]))):
            at = int(rng.integers(len(data)))
            kind = rng.random()
            if kind < 0.4:
                data[at] = int(rng.integers(256))
            elif kind < 0.7:
                del data[at : at + int(rng.integers(1, 200))]
            else:
                data[at:at] = [b"1e308", b"-", b"nan", b"<", b'"', b"999999999999", b"0"][int(rng.integers(7))]
        path.write_bytes(bytes(data))
        try:
            network = read_opendrive(path)
        except InputError as error:
            assert "\n" not in str(error)
            continue
        read += 1
        assert np.isfinite(network.bounds).all()
        for key in network.lanes()[:2]:
            assert np.isfinite(network.path(key, 0.0, 30.0, lambda ways: ways[0]).xyz).all()
    assert read > 3


def test_links_to_the_centre_lane_are_named(tmp_path: Path) -> None:
    """Lane 0 has no width: nothing can lead to it."""
    path = tmp_path / "cross.xodr"
    write_opendrive(procedural.x_junction(60.0), path)
    text = path.read_text()
    start = text.index("<laneLink")
    link = text[start : text.index("/>", start)]
    for name in ("from", "to"):
        at = link.index(f'{name}="') + len(name) + 2
        warnings = warned(path, text.replace(link, link[:at] + "0" + link[link.index('"', at) :], 1))
        assert any("links lane 0 of road" in warning for warning in warnings)
    before = text.index("<successor id=")
    cut = text[: before + 15] + "0" + text[text.index('"', before + 15) :]
    assert any("lane 0" in warning for warning in warned(path, cut))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            '<width sOffset="0.0" a="3.5" b="0.0" c="0.0" d="0.0"/>',
            '<border sOffset="0.0" a="0.5" b="-0.5" c="0.0" d="0.0"/>',
            "within the lane beside it",
        ),
        (
            "</road>",
            '<signals><signalReference s="1" t="2" id="none" orientation="+"/></signals></road>',
            'signal "none", which does not exist',
        ),
        (
            "</OpenDRIVE>",
            '<junctionGroup id="g" type="roundabout"><junctionReference junction="7"/></junctionGroup></OpenDRIVE>',
            'names junction "7", which does not exist',
        ),
    ],
)
def test_breaches_of_rules_are_named(tmp_path: Path, straight: str, old: str, new: str, words: str) -> None:
    assert old in straight
    warnings = warned(tmp_path / "odd.xodr", straight.replace(old, new))
    assert any(words in warning for warning in warnings), warnings


def test_lanes_that_follow_each_other_are_level_together(tmp_path: Path) -> None:
    def section(s: float, level: bool) -> str:
        return (
            f'<laneSection s="{s}"><center><lane id="0" type="none"/></center><right><lane id="-1" type="driving"'
            f' level="{str(level).lower()}"><link><predecessor id="-1"/><successor id="-1"/></link>'
            '<width sOffset="0" a="3" b="0" c="0" d="0"/></lane></right></laneSection>'
        )

    for flags in ((True, True), (True, False)):
        path = tmp_path / "level.xodr"
        path.write_text(
            '<OpenDRIVE><header revMajor="1" revMinor="7"/><road id="a" length="100" junction="-1"><planView>'
            '<geometry s="0" x="0" y="0" hdg="0" length="100"><line/></geometry></planView>'
            f"<lanes>{section(0, flags[0])}{section(50, flags[1])}</lanes></road></OpenDRIVE>"
        )
        named = [warning for warning in read_opendrive(path).warnings if "only one is level" in warning]
        assert bool(named) == (flags[0] != flags[1])
