"""Small maps written by hand, one for each part of the standard, against values worked out on paper."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from small_maps import LINE, WIDTH, document, lane, linked, road, section

from simulator.roads import (
    Junction,
    JunctionGroup,
    LaneKey,
    RoadNetwork,
    check_opendrive,
    read_opendrive,
    write_opendrive,
)
from simulator.roads.lane_frame import lane_frame, surface_angles


@pytest.fixture
def read(tmp_path: Path):
    """Reads a map from its elements; and again what is written of it."""

    def do(body: str, *, header: str = "", quiet: bool = True) -> RoadNetwork:
        path = tmp_path / "map.xodr"
        path.write_text(document(body, header))
        errors, _ = check_opendrive(path)
        assert not errors
        network = read_opendrive(path)
        assert not (quiet and network.warnings), network.warnings
        write_opendrive(network, tmp_path / "copy.xodr")
        again = read_opendrive(tmp_path / "copy.xodr")
        for name, here in network.roads.items():
            s = np.linspace(0.0, here.length, 41)
            for t in (-4.0, -1.0, 0.0, 2.0):
                np.testing.assert_allclose(again.roads[name].point(s, t), here.point(s, t), atol=1e-9)
        return network

    return do


def at(network: RoadNetwork, s: float, lane_id: int, road_id: str = "1") -> list[float]:
    """x, y, z, heading, pitch, roll, width."""
    return [float(column[0]) for column in network.lane_frame(road_id, lane_id, [s])]


def test_crossfall_falls_away_on_both_sides(read) -> None:
    rows = (
        '<crossfall side="left" s="0" a="0.02" b="0" c="0" d="0"/>'
        '<crossfall side="right" s="40" a="0" b="0.001" c="0" d="0"/>'
    )
    network = read(
        road(section(lane(1), lane(-1)), after="").replace("<lanes>", f"<lateralProfile>{rows}</lateralProfile><lanes>")
    )
    x, y, z, _, pitch, roll, _ = at(network, 30.0, 1)
    assert (x, y) == (40.0, 21.5)
    assert z == pytest.approx(-1.5 * np.tan(0.02), abs=1e-12)
    # Traffic on the left comes towards us: its left is the middle of the road, which is higher.
    assert (pitch, roll) == (pytest.approx(0.0), pytest.approx(0.02))
    assert at(network, 30.0, -1)[2] == 0.0
    assert at(network, 90.0, -1)[2] == pytest.approx(-1.5 * np.tan(0.05), abs=1e-12)
    assert at(network, 90.0, -1)[5] == pytest.approx(0.05, abs=1e-5)
    both = read(
        road(section(lane(1), lane(-1))).replace(
            "<lanes>", '<lateralProfile><crossfall s="0" a="0.02" b="0" c="0" d="0"/></lateralProfile><lanes>'
        )
    )
    np.testing.assert_allclose(
        both.roads["1"].point([50.0] * 3, [-3.0, 0.0, 3.0])[:, 2], [-3 * np.tan(0.02), 0, -3 * np.tan(0.02)]
    )


def test_lateral_shapes_are_blended_and_tilt_what_lies_on_them(read) -> None:
    rows = "".join(
        f'<shape s="{s}" t="{t}" a="{a}" b="{b}" c="{c}" d="0"/>'
        for s, t, a, b, c in (
            (0, -5, -0.1, 0.02, 0),
            (0, 0, 0, -0.02, 0),
            (50, -5, 0.4, -0.1, 0.01),
            (50, 0, 0.15, 0.0, 0.0),
        )
    )
    network = read(
        road(section(lane(1), lane(-1, 5.0))).replace("<lanes>", f"<lateralProfile>{rows}</lateralProfile><lanes>")
    )
    here = network.roads["1"]
    assert at(network, 0.0, -1)[2] == pytest.approx(-0.1 + 0.02 * 2.5)
    late = 0.4 - 0.1 * 2.5 + 0.01 * 2.5**2
    assert at(network, 25.0, -1)[2] == pytest.approx(0.5 * (-0.05 + late))
    assert at(network, 80.0, -1)[2] == pytest.approx(late)  # the last one holds on
    s, t = np.array([10.0, 25.0, 44.0, 70.0]), np.array([-2.5, 1.0, -4.0, -1.0])
    heading, pitch, roll = surface_angles(here, s, t)
    h = 1e-5
    along = (here.point(s + h, t) - here.point(s - h, t))[:, 2] / (2 * h)
    across = (here.point(s, t + h) - here.point(s, t - h))[:, 2] / (2 * h)
    np.testing.assert_allclose(np.tan(-pitch), along, atol=1e-6)
    np.testing.assert_allclose(np.tan(roll) / np.cos(pitch), across, atol=1e-6)
    assert np.abs(heading).max() == 0.0


def test_a_crown_on_a_banked_road_adds_to_the_bank(read) -> None:
    lateral = '<superelevation s="0" a="0.1" b="0" c="0" d="0"/><shape s="0" t="0" a="0" b="-0.02" c="0" d="0"/>'
    network = read(
        road(section(lane(1), lane(-1))).replace("<lanes>", f"<lateralProfile>{lateral}</lateralProfile><lanes>")
    )
    _, y, z, *_ = at(network, 50.0, 1)
    assert y == pytest.approx(20 + 1.5 * np.cos(0.1) + 0.03 * np.sin(0.1))
    assert z == pytest.approx(1.5 * np.sin(0.1) - 0.03 * np.cos(0.1))


STRIPS = """<lateralProfile><crossSectionSurface><tOffset><coefficients s="0" a="0.5"/></tOffset><surfaceStrips>
<strip id="1"><width><coefficients s="0" a="1.5"/><coefficients s="20" a="1.5" b="0.1"/></width>
<linear><coefficients s="0" a="-0.05"/></linear></strip>
<strip id="2" mode="relative"><quadratic><coefficients a="0.02"/></quadratic></strip>
<strip id="-1"><linear><coefficients s="0" a="0.02" b="0.001"/></linear><cubic><coefficients a="0.002"/></cubic></strip>
</surfaceStrips></crossSectionSurface></lateralProfile>"""


def test_strips_of_a_cross_section_add_up_from_their_offset(read) -> None:
    walk = lane(-2, 2.0, "sidewalk", 'level="true"')
    network = read(road(section(lane(1, 6.0), lane(-1, 5.0) + walk)).replace("<lanes>", f"{STRIPS}<lanes>"))
    here = network.roads["1"]
    # t = 4 is 3.5 from the offset: 1.5 down the inner strip, and 2 up the outer one; later the inner one is wider.
    assert here.point(5.0, 4.0)[0, 2] == pytest.approx(-0.05 * 1.5 + 0.02 * 2.0**2)
    assert here.point(30.0, 4.0)[0, 2] == pytest.approx(-0.05 * 2.5 + 0.02 * 1.0**2)
    assert here.point(50.0, 4.0)[0, 2] == pytest.approx(-0.05 * 3.5)
    # To the right t is negative: a positive factor falls outwards.
    assert here.point(10.0, -2.5)[0, 2] == pytest.approx(0.03 * -3.0 + 0.002 * (-3.0) ** 3)
    edge = 0.03 * -5.5 + 0.002 * (-5.5) ** 3
    np.testing.assert_allclose(here.point(10.0, [-5.0, -6.0, -7.0])[:, 2], edge)  # level beside it
    rng = np.random.default_rng(0)
    s, t, h = rng.uniform(1, 99, 200), rng.uniform(-4.9, 5.9, 200), 1e-6
    relief = here.relief(s, t)
    along, across = ((here.relief(s + a, t + b).height - here.relief(s - a, t - b).height) for a, b in ((h, 0), (0, h)))
    np.testing.assert_allclose(along / (2 * h), relief.along, atol=1e-8)
    np.testing.assert_allclose(across / (2 * h), relief.across, atol=1e-8)


def test_strips_that_are_none_are_named(tmp_path: Path) -> None:
    bad = STRIPS.replace('id="2" mode="relative"', 'id="3" mode="other"')
    (tmp_path / "map.xodr").write_text(
        f'<OpenDRIVE><header revMajor="1" revMinor="8"/>{road(section(lane(1), lane(-1)))}</OpenDRIVE>'.replace(
            "<lanes>", f"{bad}<lanes>"
        )
    )
    (warning,) = read_opendrive(tmp_path / "map.xodr").warnings
    assert 'id="3"' in warning


def test_bank_slope_kerb_and_shape_together(read) -> None:
    """A point of the surface is the reference line's, plus t and h turned by heading, pitch and roll."""
    heights = '<height sOffset="0" inner="0.12" outer="0.15"/>'
    lateral = (
        '<superelevation s="0" a="-0.15" b="0.002" c="0" d="0"/><shape s="0" t="0" a="0" b="0.03" c="0.01" d="0"/>'
    )
    rise = '<elevationProfile><elevation s="0" a="5" b="0.1" c="0.001" d="0"/></elevationProfile>'
    network = read(
        road(
            section(lane(1) + "", lane(-1) + lane(-2, WIDTH.format(2) + heights, "sidewalk")),
            LINE.replace('hdg="0"', 'hdg="0.7"'),
        ).replace("<lanes>", f"{rise}<lateralProfile>{lateral}</lateralProfile><lanes>")
    )
    for s, t, kerb in ((40.0, -4.0, 0.135), (40.0, 2.0, 0.0), (75.0, -4.5, 0.1425), (75.0, -1.0, 0.0)):
        turn = Rotation.from_euler("ZYX", [0.7, -np.arctan(0.1 + 0.002 * s), -0.15 + 0.002 * s])
        line = np.array([10 + s * np.cos(0.7), 20 + s * np.sin(0.7), 5 + 0.1 * s + 0.001 * s * s])
        h = kerb + 0.03 * t + 0.01 * t * t
        place = network.roads["1"].point(s, t)
        np.testing.assert_allclose(place[0], line + turn.apply([0.0, t, h]), atol=1e-12)
        if kerb == 0.0:
            continue
        found = network.lane_frame("1", -2, [s])
        np.testing.assert_allclose(np.ravel(found[:2]), network.roads["1"].point(s, -4.0)[0, :2], atol=1e-12)


def test_borders_alone_give_the_lanes(read) -> None:
    def border(a: float, b: float = 0.0) -> str:
        return f'<border sOffset="0" a="{a}" b="{b}" c="0" d="0"/>'

    network = read(
        road(section(lane(2, border(7)) + lane(1, border(3, 0.01)), lane(-1, border(-4)) + lane(-2, border(-6, -0.02))))
    )
    for lane_id, s, y, width in ((1, 50, 1.75, 3.5), (2, 50, 5.25, 3.5), (-1, 50, -2.0, 4.0), (-2, 50, -5.5, 3.0)):
        _, got, _, _, _, _, wide = at(network, float(s), lane_id)
        assert got - 20.0 == pytest.approx(y)
        assert wide == pytest.approx(width)
    slope = 0.5 * (0.0 - 0.02)  # of the middle of lane -2
    assert at(network, 50.0, -2)[3] == pytest.approx(np.arctan(slope))


def test_borders_on_the_wrong_side_are_mirrored(tmp_path: Path) -> None:
    """Some editors write how far away the border of a right lane is, not its t."""
    one = '<border sOffset="0" a="3.5" b="0.01" c="0" d="0"/>'
    (tmp_path / "map.xodr").write_text(
        f'<OpenDRIVE><header revMajor="1" revMinor="6"/>{road(section(right=lane(-1, one)))}</OpenDRIVE>'
    )
    network = read_opendrive(tmp_path / "map.xodr")
    assert len(network.warnings) == 1 and "mirrored" in network.warnings[0]
    np.testing.assert_allclose(network.roads["1"].boundaries(0, [50.0])[:, 0], [0.0, -4.0])


@pytest.mark.parametrize("rule", ["RHT", "LHT"])
def test_the_side_of_traffic_and_reversed_lanes(read, rule: str) -> None:
    lanes = section(lane(1), lane(-1) + lane(-2, more='direction="reversed"'))
    network = read(road(lanes, more=f'rule="{rule}"'))
    ahead = [lane_id for lane_id in (1, -1, -2) if abs(at(network, 50.0, lane_id)[3]) < 1e-9]
    assert ahead == ([-1] if rule == "RHT" else [1, -2])


def test_lane_heights_change_steadily_between_their_entries(read) -> None:
    heights = '<height sOffset="0" inner="0.1" outer="0.2"/><height sOffset="20" inner="0.0" outer="0.0"/>'
    network = read(road(section(right=lane(-1) + lane(-2, WIDTH.format(2) + heights, "sidewalk"))))
    for s, z in ((0.0, 0.15), (10.0, 0.075), (20.0, 0.0), (90.0, 0.0)):
        assert at(network, s, -2)[2] == pytest.approx(z)
    assert at(network, 10.0, -1)[2] == 0.0


def test_elevation_of_several_records(read) -> None:
    rows = (
        '<elevation s="0" a="1" b="0" c="0" d="0"/>'
        '<elevation s="40" a="1" b="0.1" c="-0.002" d="0"/>'
        '<elevation s="65" a="2.25" b="0" c="0" d="0"/>'
    )
    network = read(
        road(section(right=lane(-1))).replace("<lanes>", f"<elevationProfile>{rows}</elevationProfile><lanes>")
    )
    for s, z, grade in ((20.0, 1.0, 0.0), (50.0, 1.8, 0.06), (64.999999, 2.25, 0.0), (90.0, 2.25, 0.0)):
        assert at(network, s, -1)[2] == pytest.approx(z)
        assert np.tan(-at(network, s, -1)[4]) == pytest.approx(grade, abs=1e-8)


def parabola_length(u: float) -> float:
    k = 0.01 * u
    return float(0.5 * u * np.sqrt(1 + k * k) + np.arcsinh(k) / 0.02)


@pytest.mark.parametrize("kind", ["poly3", "arcLength", "normalized"])
def test_cubics_go_by_arc_length(read, kind: str) -> None:
    """The parabola v = 0.005 u^2 written in three ways."""
    length = parabola_length(60.0)
    if kind == "poly3":
        shape = '<poly3 a="0" b="0" c="0.005" d="0"/>'
    elif kind == "arcLength":  # p runs to the length: u = p * 60 / length
        f = 60.0 / length
        v = f'aV="0" bV="0" cV="{0.005 * f * f!r}" dV="0"'
        shape = f'<paramPoly3 aU="0" bU="{f!r}" cU="0" dU="0" {v} pRange="arcLength"/>'
    else:
        shape = '<paramPoly3 aU="0" bU="60" cU="0" dU="0" aV="0" bV="0" cV="18" dV="0" pRange="normalized"/>'
    plan = f'<geometry s="0" x="10" y="20" hdg="{np.pi / 2!r}" length="{length!r}">{shape}</geometry>'
    network = read(road(section(right=lane(-1)), plan, length=length))
    u = np.array([0.0, 10.0, 37.0, 59.9])
    x, y, heading, curvature = network.roads["1"].reference([parabola_length(value) for value in u])
    np.testing.assert_allclose(x, 10 - 0.005 * u**2, atol=1e-6)
    np.testing.assert_allclose(y, 20 + u, atol=1e-6)
    np.testing.assert_allclose(heading, np.pi / 2 + np.arctan(0.01 * u), atol=1e-7)
    np.testing.assert_allclose(curvature, 0.01 / (1 + (0.01 * u) ** 2) ** 1.5, atol=1e-7)


def test_a_section_of_one_side_leaves_the_other_side_as_it_was(read) -> None:
    width = '<width sOffset="0" a="3" b="0.01" c="0" d="0"/><width sOffset="60" a="3.6" b="0" c="0" d="0"/>'
    mark = '<roadMark sOffset="0" type="solid" color="white"/><roadMark sOffset="50" type="broken" color="white"/>'
    link = '<link><{} id="{}"/></link>'
    first = section(lane(1), lane(-1, link.format("successor", -2) + width + mark))
    left = section(lane(2, 2.0) + lane(1), s=30.0, more='singleSide="true"').replace(
        'id="2" type="driving"', 'id="2" type="shoulder"'
    )
    last = section(
        lane(1), lane(-1, 1.0, "shoulder") + lane(-2, link.format("predecessor", -1) + WIDTH.format(3.6)), s=80.0
    )
    network = read(road(first + left + last), quiet=False)
    here = network.roads["1"]
    assert [[x.id for x in part.lanes] for part in here.sections] == [[1, 0, -1], [2, 1, 0, -1], [1, 0, -1, -2]]
    for s, width_there in ((20.0, 3.2), (30.0, 3.3), (50.0, 3.5), (59.0, 3.59), (75.0, 3.6)):
        assert at(network, s, -1)[6] == pytest.approx(width_there)
    assert [(x.ds, x.type) for x in here.sections[1].lane(-1).marks] == [(0.0, "solid"), (20.0, "broken")]
    chain = [LaneKey("1", 0, -1)]
    while ways := network.next_lanes(chain[-1]):
        chain += ways
    assert chain == [LaneKey("1", 0, -1), LaneKey("1", 1, -1), LaneKey("1", 2, -2)]


def test_limits_by_lane_access_and_rules(read) -> None:
    speeds = '<speed sOffset="0" max="50" unit="km/h"/><speed sOffset="40" max="20" unit="mph"/>'
    access = '<access sOffset="0" rule="allow"><restriction type="bus"/><restriction type="taxi"/></access>'
    kind = (
        '<type s="0" type="town"><speed max="60" unit="km/h"/></type><type s="70" type="motorway">'
        '<speed max="no limit"/></type>'
    )
    network = read(
        road(section(right=lane(-1, WIDTH.format(3) + speeds) + lane(-2, WIDTH.format(3) + access)), before=kind)
    )
    here = network.roads["1"]
    np.testing.assert_allclose(here.speed_limits(0, -1, [10.0, 50.0]), [50 / 3.6, 20 * 0.44704])
    np.testing.assert_allclose(here.speed_limits(0, -2, [10.0, 80.0]), [60 / 3.6, 130 / 3.6])
    assert [(x.rule, x.restriction) for x in here.sections[0].lane(-2).access] == [("allow", "bus"), ("allow", "taxi")]


def test_ids_and_the_place_on_earth_are_kept(read) -> None:
    header = (
        "<geoReference><![CDATA[+proj=utm +zone=32 +ellps=WGS84]]></geoReference>"
        '<offset x="5e5" y="5.3e6" z="400" hdg="0.1"/>'
    )
    network = read(road(section(right=lane(-1)), road_id="Ring/Süd {7}"), header=header)
    assert list(network.roads) == ["Ring/Süd {7}"]
    assert network.geo_reference == "+proj=utm +zone=32 +ellps=WGS84"
    assert network.offset == (5e5, 5.3e6, 400.0, 0.1)


def test_rails_are_lanes(read) -> None:
    network = read(road(section(lane(1, 3.0, "tram"), lane(-1, 2.5, "rail"))))
    assert network.lanes() == []
    assert network.lanes({"rail", "tram"}) == [LaneKey("1", 0, 1), LaneKey("1", 0, -1)]


def test_objects_signals_and_structures(read) -> None:
    objects = (
        "<objects>"
        '<object id="p" type="parkingSpace" s="10" t="-5" zOffset="0" hdg="0.5" length="5" width="2.4" orientation="-">'
        '<outlines><outline id="0" closed="true"><cornerLocal u="0" v="0" z="0" height="0"/>'
        '<cornerLocal u="5" v="0" z="0" height="0"/>'
        '<cornerLocal u="5" v="2" z="0" height="0"/></outline></outlines>'
        '<parkingSpace access="handicapped"/></object>'
        '<object id="r" type="pole" s="0" t="6" orientation="none" radius="0.1" height="4">'
        '<repeat s="5" length="60" distance="20" tStart="6" tEnd="9" zOffsetStart="0" zOffsetEnd="1"'
        ' heightStart="4" heightEnd="5"/>'
        "</object>"
        '<tunnel id="t" s="20" length="30" type="standard" lighting="0.2" daylight="0.1"/>'
        '<bridge id="b" s="60" length="10" type="steel"/></objects>'
    )
    signals = (
        "<signals>"
        '<signal id="7" s="40" t="-4" zOffset="2" dynamic="no" orientation="+" country="DE" type="274" subtype="57"'
        ' value="70" unit="km/h" height="0.6" width="0.6"><validity fromLane="-1" toLane="-2"/></signal>'
        '<signalReference id="7" s="80" t="-4" orientation="-"><validity fromLane="1" toLane="1"/>'
        "</signalReference></signals>"
    )
    control = '<controller id="c" name="main" sequence="2"><control signalId="7" type="0"/></controller>'
    network = read(road(section(lane(1), lane(-1) + lane(-2)), after=objects + signals) + control)
    here = network.roads["1"]
    bay, pole = here.objects
    assert (bay.parking_access, bay.orientation, bay.heading, bay.outlines[0].corners.shape) == (
        "handicapped",
        "-",
        0.5,
        (3, 4),
    )
    assert (pole.repeats[0].t, pole.repeats[0].z, pole.repeats[0].height) == ((6.0, 9.0), (0.0, 1.0), (4.0, 5.0))
    assert [(x.kind, x.s, x.length, x.lighting) for x in here.structures] == [
        ("tunnel", 20, 30, 0.2),
        ("bridge", 60, 10, 0),
    ]
    (sign,), (reference,) = here.signals, here.signal_references
    assert (sign.value, sign.unit, sign.validity[0].from_lane, sign.validity[0].to_lane) == (70.0, "km/h", -2, -1)
    assert (reference.id, reference.s, reference.orientation) == ("7", 80.0, "-")
    assert network.controllers["c"].controls == (("7", "0"),)


def test_a_direct_junction_leads_from_road_to_road(read) -> None:
    joint = 'elementType="junction" elementId="j"'
    junction = (
        '<junction id="j" type="direct"><connection id="0" incomingRoad="a" linkedRoad="b" contactPoint="start">'
        '<laneLink from="-1" to="-1"/><laneLink from="1" to="1"/></connection></junction>'
        '<junctionGroup id="g" name="both" type="roundabout"><junctionReference junction="j"/></junctionGroup>'
    )
    network = read(linked("a", 0.0, after=joint) + linked("b", 100.0, before=joint) + junction, quiet=False)
    assert network.next_lanes(LaneKey("a", 0, -1)) == [LaneKey("b", 0, -1)]
    assert network.next_lanes(LaneKey("b", 0, 1)) == [LaneKey("a", 0, 1)]
    assert network.junction_groups == {"g": JunctionGroup("g", "both", "roundabout", ("j",))}


def test_a_virtual_junction_leaves_the_main_road_midway(read) -> None:
    """A way out of a car park: it branches off at s = 60 of the main road, and joins it again at s = 30."""
    main = linked("main", 0.0)
    joint = 'elementType="road" elementId="main" elementS="{}" elementDir="{}"'
    out = linked("out", 60.0, before=joint.format(60.0, "+"), junction="v")
    back = linked("back", -70.0, after=joint.format(30.0, "+"), junction="v")
    text = (
        '<junction id="v" type="virtual" mainRoad="main" sStart="30" sEnd="60" orientation="none">'
        '<connection id="0" incomingRoad="main" connectingRoad="out" contactPoint="start">'
        '<laneLink from="-1" to="-1"/></connection></junction>'
    )
    network = read(main + out + back + text)
    assert network.junctions["v"] == Junction(
        "v", "", "virtual", network.junctions["v"].connections, (), (), "main", 30.0, 60.0, "none"
    )
    on, off, joins = LaneKey("main", 0, -1), LaneKey("out", 0, -1), LaneKey("back", 0, -1)
    assert network.next_lanes(on) == [off]
    assert network.next_lanes(joins) == [on]
    assert network.next_lanes(LaneKey("out", 0, 1)) == [LaneKey("main", 0, 1)]
    path = network.path(joins, 0.0, 500.0, lambda ways: ways[-1])
    assert path.keys == (joins, on, off)
    assert path.length == pytest.approx(100.0 + 30.0 + 100.0)
    assert np.ptp(path.xyz[:, 1]) == 0.0
    assert (np.diff(path.xyz[:, 0]) > 0.0).all()
    past = network.path(on, 70.0, 500.0, lambda ways: ways[-1])
    assert (past.keys, past.length) == ((on,), pytest.approx(30.0))


def test_frames_of_all_lanes_lie_in_the_surface(read) -> None:
    """Everything together: the exact frame's axes are the derivatives of the lane's middle."""
    lateral = (
        '<superelevation s="0" a="0.05" b="0.0005" c="0" d="0"/>'
        '<crossfall side="left" s="0" a="0.02" b="0.0001" c="0" d="0"/>'
    )
    plan = '<geometry s="0" x="10" y="20" hdg="0.3" length="100"><spiral curvStart="0" curvEnd="0.02"/></geometry>'
    rise = '<elevationProfile><elevation s="0" a="0" b="0.04" c="0.0003" d="0"/></elevationProfile>'
    wide = '<width sOffset="0" a="3" b="0.02" c="0" d="0"/>'
    network = read(
        road(
            section(lane(1, wide), lane(-1)), plan, offset='<laneOffset s="0" a="0.5" b="-0.01" c="0" d="0"/>'
        ).replace("<lanes>", f"{rise}<lateralProfile>{lateral}</lateralProfile><lanes>")
    )
    here, s, h = network.roads["1"], np.linspace(5.0, 95.0, 7), 1e-4
    for lane_id in (1, -1):
        frame = lane_frame(here, lane_id, s, exact=True)
        after, before = (np.stack(lane_frame(here, lane_id, s + step)[:3], axis=1) for step in (h, -h))
        ahead = (after - before) * (1.0 if here.drives_forward(lane_id) else -1.0)
        ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
        flat = np.cos(frame.pitch)
        expected = np.stack([flat * np.cos(frame.heading), flat * np.sin(frame.heading), -np.sin(frame.pitch)], axis=1)
        np.testing.assert_allclose(ahead, expected, atol=2e-4)


def test_of_several_layers_of_lanes_the_first_counts(tmp_path: Path) -> None:
    """As OpenDRIVE 1.9 has them for roadworks; their offset must not shift the lanes of the first."""
    first = road(section(right=lane(-1)))
    start = first.index("<lanes")
    layer = first[start : first.index("</lanes>") + 8]
    other = layer.replace("<lanes>", '<lanes layer="temporary"><laneOffset s="0" a="8.7" b="0" c="0" d="0"/>')
    texts = [first, first.replace(layer, layer + other)]
    made = []
    for number, text in enumerate(texts):
        path = tmp_path / f"{number}.xodr"
        path.write_text(f'<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="8"/>{text}</OpenDRIVE>')
        made.append(read_opendrive(path))
    assert "further one" in "".join(made[1].warnings) and not made[0].warnings
    for one, two in zip(*(network.lane_center("1", -1, [0.0, 50.0]) for network in made)):
        np.testing.assert_array_equal(one, two)
