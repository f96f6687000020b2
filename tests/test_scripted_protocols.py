"""Our scripted Euro NCAP cases against the files of the protocol: both are played, and what happened is measured."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import cos, degrees, remainder, sin, sqrt, tau

import pytest
from material import MATERIAL
from shapely.geometry import Polygon

from simulator.pipeline.replay import read_runs
from simulator.scenario.scripted import load_script, read_script
from simulator.storyboard import model
from simulator.storyboard.player import play
from simulator.storyboard.recording import Recording, Row

FOLDER = MATERIAL / "openx/ncap/OpenSCENARIO/NCAP/AEB_VRU_2023"
KMH = 1.0 / 3.6
# Case of the protocol, the file of one run, ours, and which way the target goes from the ego's (None: it turns).
CASES = {
    "CPNA-25": ("50kph", "cpna_25", 90.0),
    "CPNA-75": ("50kph", "cpna_75", 90.0),
    "CPFA-50": ("50kph", "cpfa_50", -90.0),
    "CPNCO-50": ("50kph", "cpnco_50", 90.0),
    "CPLA-25": ("50kph", "cpla_25", 0.0),
    "CPLA-50": ("50kph", "cpla_50", 0.0),
    "CBNA-50": ("50kph", "cbna_50", 90.0),
    "CBFA-50": ("50kph", "cbfa_50", -90.0),
    "CBNAO-50": ("50kph", "cbnao_50", 90.0),
    "CBLA-25": ("50kph", "cbla_25", 0.0),
    "CBLA-50": ("50kph", "cbla_50", 0.0),
    "CPTAfo-50": ("10kph", "cpta_fo_50", 90.0),
    "CPTAfs-50": ("10kph", "cpta_fs_50", -90.0),
    "CPTAno-50": ("10kph", "cpta_no_50", -90.0),
    "CPTAns-50": ("10kph", "cpta_ns_50", 90.0),
    "CPRA_Cm": ("4kph", "cpra_m_50", 90.0),
    "CPRA_Cs_50": ("4kph", "cpra_s_50", -90.0),
}
needs_files = pytest.mark.skipif(not FOLDER.exists(), reason="the material is not there")


@dataclass(frozen=True)
class Measured:
    """Speeds (km/h), heading of the target from the ego's (deg) and point of impact (% of the ego's width from its
    right side, by the middle of the target) at the first contact; how far beside the ego's way the target began (m).
    """

    ego_kmh: float
    target_kmh: float
    heading_deg: float
    impact_percent: float
    beside_m: float


def boxes(recording: Recording, *names: str) -> list[model.BoundingBox]:
    found = [recording.entities[name] for name in names]
    return [each.bounding_box for each in found if not isinstance(each, model.ExternalObjectReference)]


def measured(recording: Recording, ego: str, target: str) -> Measured:
    one, two = boxes(recording, ego, target)
    pairs = list(zip(recording.of(ego), recording.of(target)))
    a, b = next((a, b) for a, b in pairs if _touch(a, one, b, two))
    left = _left_of(a, b.x + two.center_x * cos(b.h), b.y + two.center_x * sin(b.h))
    first, then = pairs[0]
    return Measured(
        a.speed / KMH,
        b.speed / KMH,
        degrees(remainder(b.h - a.h, tau)),
        50.0 + 100.0 * left / one.width,
        abs(_left_of(first, then.x, then.y)),
    )


def _touch(a: Row, one: model.BoundingBox, b: Row, two: model.BoundingBox) -> bool:
    return bool(_outline(a, one).intersects(_outline(b, two)))


def _outline(row: Row, box: model.BoundingBox) -> Polygon:
    corners = [(u * box.length / 2 + box.center_x, v * box.width / 2 + box.center_y) for u, v in _CORNERS]
    return Polygon(
        [(row.x + u * cos(row.h) - v * sin(row.h), row.y + u * sin(row.h) + v * cos(row.h)) for u, v in corners]
    )


_CORNERS = ((1, 1), (-1, 1), (-1, -1), (1, -1))


def _left_of(a: Row, x: float, y: float) -> float:
    return (y - a.y) * cos(a.h) - (x - a.x) * sin(a.h)


@cache
def ours(name: str, ego_kmh: float) -> Measured:
    scenario, network = read_script(f"ncap_{name}", {"ego_kmh": ego_kmh})
    target = load_script(f"ncap_{name}").until[0].touches
    assert target is not None
    return measured(play(scenario, network, until=60.0), "ego", target)


def values(case: str) -> dict[str, list[float]]:
    """Numbers of the parameters that the variations of a case set, and of the scenario that they vary."""
    file = next((FOLDER / "Variations").glob(f"*_{case}_Variation_2023.xosc"))
    tree = ET.parse(file).getroot()
    base = (file.parent / tree.find(".//ScenarioFile").get("filepath")).resolve()  # type: ignore[union-attr, operator, arg-type]
    found = {each.get("name", ""): [each.get("value", "")] for each in ET.parse(base).iter("ParameterDeclaration")}
    for each in tree.iter("DeterministicSingleParameterDistribution"):
        ends = [e.get("value", "") for e in each.iter("Element")]
        ends += [r.get(limit, "") for r in each.iter("Range") for limit in ("lowerLimit", "upperLimit")]
        found[each.get("parameterName", "")] = ends
    for name in {each.get("parameterRef", "") for each in tree.iter("ParameterAssignment")}:
        found[name] = [e.get("value", "") for e in tree.iter("ParameterAssignment") if e.get("parameterRef") == name]
    return {name: numbers for name, texts in found.items() if (numbers := list(_numbers(texts)))}


def _numbers(texts: list[str]) -> Iterator[float]:
    for text in texts:
        try:
            yield float(text)
        except ValueError:
            return


@needs_files
@pytest.mark.parametrize("case", CASES)
def test_a_case_is_played_as_its_file_is(case: str) -> None:
    speed, name, heading = CASES[case]
    file = next((FOLDER / "Variations").glob(f"*_{case}_{speed}_2023.xosc"))
    theirs = measured(next(iter(read_runs(file))).play(until=60.0), "Ego", "VRU")
    mine = ours(name, float(speed.removesuffix("kph")))
    assert mine.ego_kmh == pytest.approx(theirs.ego_kmh, abs=0.01)
    assert mine.target_kmh == pytest.approx(theirs.target_kmh, abs=0.01)
    assert remainder(mine.heading_deg - heading, 360.0) == pytest.approx(0.0, abs=0.5)
    if not case.startswith("CPTA"):  # there both are still turning a little, by their own junctions
        assert remainder(theirs.heading_deg - heading, 360.0) == pytest.approx(0.0, abs=0.5)
        step = theirs.target_kmh * KMH * 0.05 / 1.8 * 100.0 if heading else 0.1  # of a target that crosses, in a step
        assert mine.impact_percent == pytest.approx(theirs.impact_percent, abs=2.0 * step + 4.0)


@needs_files
@pytest.mark.parametrize("case", [case for case in CASES if case not in ("CPTAno-50", "CPTAns-50")])
def test_a_case_has_the_speeds_distances_and_overlap_of_its_variations(case: str) -> None:
    name = CASES[case][1]
    given = values(case.removesuffix("_50"))
    for kmh in (min(given["Ego_speed_kph"]), max(given["Ego_speed_kph"])):
        mine = ours(name, kmh)
        assert abs(mine.ego_kmh) == pytest.approx(kmh, abs=0.01)
        if "VRU_finalSpeed_kph" in given:
            assert mine.target_kmh == pytest.approx(given["VRU_finalSpeed_kph"][0], abs=0.01)
        if "VRU_initLatDist" in given:
            assert mine.beside_m == pytest.approx(given["VRU_initLatDist"][0], abs=0.01)
        elif case.startswith(("CBNA", "CBFA")):  # steady for that long; it starts at full speed in ours
            assert mine.beside_m >= given["VRU_steadyStateDist"][0]
        if "Overlap" in given:
            step = mine.target_kmh * KMH * 0.05 / 1.8 * 100.0 if CASES[case][2] else 0.1
            assert mine.impact_percent == pytest.approx(given["Overlap"][0], abs=step + 3.0)


def after_braking(kmh: float, gap_m: float, deceleration_mps2: float) -> float:
    """Speed (km/h) of who brakes ahead of somebody as fast, when the gap is closed."""
    return kmh - deceleration_mps2 * sqrt(2.0 * gap_m / deceleration_mps2) / KMH


# Ours, values of its parameters, and what follows from them at the first contact: speeds (km/h), heading, impact.
MEETINGS: list[tuple[str, dict[str, float], tuple[float, float, float, float]]] = [
    ("ccrs", {"ego_kmh": 50.0}, (50.0, 0.0, 0.0, 50.0)),
    ("ccrm", {"ego_kmh": 50.0, "target_kmh": 20.0}, (50.0, 20.0, 0.0, 50.0)),
    ("ccrb", {"gap_m": 40.0, "deceleration_mps2": 2.0}, (50.0, after_braking(50.0, 40.0, 2.0), 0.0, 50.0)),
    ("ccrb", {"gap_m": 12.0, "deceleration_mps2": 2.0}, (50.0, after_braking(50.0, 12.0, 2.0), 0.0, 50.0)),
    ("ccfhos", {"ego_kmh": 50.0, "target_kmh": 50.0}, (50.0, 50.0, 180.0, 50.0)),
    ("ccfhol", {"ego_kmh": 50.0, "target_kmh": 50.0}, (50.0, 50.0, 180.0, 50.0)),
    ("cmrs", {"ego_kmh": 50.0}, (50.0, 0.0, 0.0, 50.0)),
    ("cmrb", {"gap_m": 12.0, "deceleration_mps2": 4.0}, (50.0, after_braking(50.0, 12.0, 4.0), 0.0, 50.0)),
]


@pytest.mark.parametrize(("name", "given", "expected"), MEETINGS)
def test_a_case_of_vehicles_ends_as_its_numbers_say(
    name: str, given: dict[str, float], expected: tuple[float, float, float, float]
) -> None:
    scenario, network = read_script(f"ncap_{name}", given)
    target = load_script(f"ncap_{name}").until[0].touches
    assert target is not None
    found = measured(play(scenario, network, until=60.0), "ego", target)
    ego_kmh, target_kmh, heading, impact = expected
    assert found.ego_kmh == pytest.approx(ego_kmh, abs=0.01)
    step = given.get("deceleration_mps2", 0.0) * 0.05 / KMH
    assert found.target_kmh == pytest.approx(target_kmh, abs=step + 0.01)
    assert remainder(found.heading_deg - heading, 360.0) == pytest.approx(0.0, abs=0.01)
    assert found.impact_percent == pytest.approx(impact, abs=0.5)


def contact(recording: Recording, ego: str, target: str) -> tuple[float, ...]:
    """The first contact: speeds (km/h) of both, heading of the target from the ego's (deg), and for both the point:
    behind the front (% of the length), and from the left side (% of the width).
    """
    one, two = boxes(recording, ego, target)
    pairs = zip(recording.of(ego), recording.of(target))
    a, b = next((a, b) for a, b in pairs if _touch(a, one, b, two))
    point = _outline(a, one).intersection(_outline(b, two)).centroid
    found = [a.speed / KMH, b.speed / KMH, degrees(remainder(b.h - a.h, tau))]
    for row, box in ((a, one), (b, two)):
        ahead = (point.x - row.x) * cos(row.h) + (point.y - row.y) * sin(row.h)
        found.append(100.0 * (0.5 + (box.center_x - ahead) / box.length))
        found.append(50.0 - 100.0 * _left_of(row, point.x, point.y) / box.width)
    return tuple(found)


def ours_in_contact(name: str, given: dict[str, float]) -> tuple[float, ...]:
    scenario, network = read_script(f"ncap_{name}", given)
    target = load_script(f"ncap_{name}").until[0].touches
    assert target is not None
    return contact(play(scenario, network, dt=0.02, until=25.0), "ego", target)


@pytest.mark.parametrize("kmh", [(20.0, 20.0), (60.0, 30.0)])
def test_who_crosses_straight_is_met_where_the_protocol_says(kmh: tuple[float, float]) -> None:
    own, other = kmh
    step = 0.02 * KMH * 100.0
    # The middle of the ego's front meets the left side of the target, a quarter of its length behind its front.
    *moving, behind, beside, behind_target, beside_target = ours_in_contact(
        "cccscp", {"ego_kmh": own, "target_kmh": other}
    )
    assert moving == pytest.approx([own, other, 90.0], abs=0.01)
    assert (behind, beside) == pytest.approx((0.0, 50.0), abs=step * own / 4.4)
    assert behind_target == pytest.approx(25.0, abs=step * other / 4.02)
    assert beside_target == pytest.approx(0.0, abs=step * own / 1.71)
    # The middle of the rider's front meets the ego's right side, a tenth of its length behind its front.
    *moving, behind, beside, behind_rider, beside_rider = ours_in_contact(
        "cmcscp", {"ego_kmh": own, "rider_kmh": other}
    )
    assert moving == pytest.approx([own, other, 90.0], abs=0.01)
    assert behind == pytest.approx(10.0, abs=step * own / 4.4)
    assert beside == pytest.approx(100.0, abs=step * other / 1.8)
    assert (behind_rider, beside_rider) == pytest.approx((0.0, 50.0), abs=step * other / 2.08 + 1.0)


# Case, our parameters, and the contact when the files of Vector's public OSC-NCAP-scenarios for that run are played.
TURNS: list[tuple[str, dict[str, float], tuple[float, ...]]] = [
    ("ccftap", {"ego_kmh": 10.0, "target_kmh": 30.0}, (10.0, 30.0, 158.3, 0.4, 17.1, 0.4, 2.5)),
    ("cmftap", {"ego_kmh": 10.0, "rider_kmh": 30.0}, (10.0, 30.0, 152.1, 0.4, 33.6, 1.0, 5.1)),
]


@pytest.mark.parametrize(("name", "given", "theirs"), TURNS)
def test_who_turns_across_is_met_as_in_the_file(name: str, given: dict[str, float], theirs: tuple[float, ...]) -> None:
    found = ours_in_contact(name, given)
    assert found[:2] == pytest.approx(theirs[:2], abs=0.01)
    assert found[2] == pytest.approx(theirs[2], abs=4.0)  # our lanes are 3.25 m wide, theirs 3.5 m
    assert found[3:] == pytest.approx(theirs[3:], abs=8.0)  # other cars, and 11 % of the ego's width in a step


@pytest.mark.parametrize("kmh", [(15.0, 45.0), (20.0, 60.0)])
def test_who_turns_across_is_met_front_to_front(kmh: tuple[float, float]) -> None:
    for name, other in (("ccftap", "target_kmh"), ("cmftap", "rider_kmh")):
        found = ours_in_contact(name, {"ego_kmh": kmh[0], other: kmh[1]})
        assert found[:2] == pytest.approx(kmh, abs=0.01)
        assert 140.0 < found[2] < 175.0
        assert (found[3], found[5]) == pytest.approx((0.0, 0.0), abs=5.0)
