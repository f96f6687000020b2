"""Scripted scenarios in YAML: what they compile to, the library, and what wrong files say."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from simulator.cli import app
from simulator.data import data_dir
from simulator.errors import InputError, InvalidScenario, OddRoadError
from simulator.scenario.reading import load
from simulator.scenario.schema import script_schema
from simulator.scenario.script_models import Script
from simulator.scenario.scripted import load_script, read_script
from simulator.storyboard import model
from simulator.storyboard.player import play
from simulator.storyboard.recording import Recording, Row
from simulator.storyboard.world import ConditionMet, StateChange

LIBRARY = {file.stem: file for file in sorted(data_dir("scenarios").glob("scripted/*.yaml"))}
DT = 0.05
KMH = 1.0 / 3.6

# When the unbraked ego touches what it is named after, in s, from the numbers of the protocol; None: before the end.
V60, V50 = 60 * KMH, 50 * KMH
CONTACTS: dict[str, float | None] = {
    "alks_4_2_1_fully_blocking_target": (400 - 0.8 - 23.6) / V60,
    "alks_4_2_2_partially_blocking_target": (400 - 0.37 - 23.6) / V60,
    "alks_4_2_3_crossing_pedestrian": (400 - 0.25 - 23.6) / V60,
    "alks_4_2_4_multiple_blocking_targets": (415 - 3.3 - 23.6) / V60,
    "alks_4_3_2_follow_lead_vehicle_emergency_brake": 5 + (2 * V60 + V60**2 / 12) / V60,
    "alks_4_4_1_cut_in_no_collision": 10 + 30 / (20 * KMH),
    "alks_4_4_2_cut_in_unavoidable_collision": 10 + 10 / (20 * KMH),
    "alks_4_5_1_cut_out_fully_blocking": (400 - 0.8 - 23.6) / V60,
    "alks_4_5_2_cut_out_multiple_blocking_targets": (415 - 3.3 - 23.6) / V60,
    **dict.fromkeys(("ncap_ccrs", "ncap_ccrm", "ncap_ccfhos", "ncap_cmrs"), 4.0),
    **dict.fromkeys(("ncap_cpla_25", "ncap_cpla_50", "ncap_cbla_25", "ncap_cbla_50"), 4.0),
    **dict.fromkeys(("ncap_cpra_m_50", "ncap_cpra_s_50"), 5.0),
    **dict.fromkeys(("ncap_cpfa_50", "ncap_cpna_25", "ncap_cpna_75", "ncap_cpnco_50"), 6.0),
    **dict.fromkeys(("ncap_cbna_50", "ncap_cbnao_50", "ncap_cbfa_50", "ncap_ccfhol"), 6.0),
    **dict.fromkeys(("nhtsa_animal_crossing", "nhtsa_pedestrian_crossing"), 6.0),
    "ncap_ccrb": 2 + (40 + V50**2 / 12) / V50,
    "ncap_cmrb": 2 + math.sqrt(2 * 12 / 4),
    "ncap_cccscp": (38.025 - 0.855) / (40 * KMH),
    "ncap_cmcscp": (38.025 + 0.44) / (30 * KMH),  # a tenth of the ego is past then
    "nhtsa_running_red_light": (38.025 - 1.25) / (40 * KMH),
    "nhtsa_cyclist_crossing": (38.025 - 0.25) / (40 * KMH),
    "nhtsa_running_stop_sign": (38.025 - 0.855) / (50 * KMH),
    "nhtsa_lead_vehicle_stopped": (170 - 1.0 - 93.6) / V50,
    "nhtsa_lead_vehicle_slower": None,
    **dict.fromkeys(f"ncap_cpta_{which}_50" for which in ("fo", "fs", "no", "ns")),
    **dict.fromkeys(("ncap_ccftap", "ncap_cmftap", "nhtsa_left_turn_across_path", "nhtsa_turning_at_junction")),
    **dict.fromkeys(("nhtsa_lead_vehicle_accelerating", "nhtsa_lead_vehicle_decelerating", "nhtsa_changing_lanes")),
    **dict.fromkeys(("nhtsa_drifting_same_direction", "nhtsa_opposite_direction_drift", "nhtsa_backing_up")),
    **dict.fromkeys(("nhtsa_opposite_direction_overtaking", "nhtsa_pedestrian_at_right_turn")),
    **dict.fromkeys(("nhtsa_cyclist_swerving", "nhtsa_parking_pull_out", "nhtsa_control_loss", "nhtsa_road_departure")),
    **dict.fromkeys(("nhtsa_object_revealed", "nhtsa_following_vehicle_maneuver")),
}
NO_CONTACT = {
    "alks_4_1_1_free_driving",
    "alks_4_1_2_swerving_lead_vehicle",
    "alks_4_1_3_side_vehicle",
    "alks_4_3_1_follow_lead_vehicle_comfortable",
    "alks_4_6_1_forward_detection_range",
    "alks_4_6_2_lateral_detection_range",
    "own_breakdown_at_night",
    "own_cloudburst_behind_trailer",
    "own_light_turns_red",
}


def run(name: str | Path, **parameters: object) -> Recording:
    scenario, network = read_script(name, parameters)
    return play(scenario, network, dt=DT, until=120.0)


@pytest.fixture(scope="module")
def runs() -> dict[str, Recording]:
    run("ncap_ccrs")
    return {name: run(name) for name in LIBRARY}


def touching(recording: Recording, one: Row, two: Row) -> bool:
    """By brute force: whether a grid of points in one box has any in the other, either way."""

    def inside(a: Row, b: Row) -> bool:
        grid = np.linspace(-0.5, 0.5, 41)
        box_a, box_b = (recording.entities[row.name].bounding_box for row in (a, b))  # type: ignore[union-attr]
        u, v = (item.ravel() for item in np.meshgrid(grid * box_a.length, grid * box_a.width))
        u, v = u + box_a.center_x, v + box_a.center_y
        x = a.x + u * np.cos(a.h) - v * np.sin(a.h) - b.x
        y = a.y + u * np.sin(a.h) + v * np.cos(a.h) - b.y
        u, v = x * np.cos(b.h) + y * np.sin(b.h) - box_b.center_x, -x * np.sin(b.h) + y * np.cos(b.h) - box_b.center_y
        return bool(np.any((np.abs(u) <= 0.5 * box_b.length) & (np.abs(v) <= 0.5 * box_b.width)))

    return math.hypot(one.x - two.x, one.y - two.y) < 20.0 and (inside(one, two) or inside(two, one))


def first_contact(recording: Recording, one: str, two: str) -> float | None:
    return next((a.t for a, b in zip(recording.of(one), recording.of(two)) if touching(recording, a, b)), None)


def started(recording: Recording) -> list[tuple[float, str]]:
    return [
        (event.time, event.path.rsplit("::", 1)[-1])
        for event in recording.events
        if isinstance(event, StateChange) and event.kind == "event" and event.state == "running"
    ]


# ---------------------------------------------------------------------------------------------------- the library


def test_the_library_holds_what_it_promises() -> None:
    assert len([name for name in LIBRARY if name.startswith("alks_")]) == 15
    assert len([name for name in LIBRARY if name.startswith("ncap_")]) == 28
    assert len([name for name in LIBRARY if name.startswith("nhtsa_")]) >= 20
    assert set(LIBRARY) == set(CONTACTS) | NO_CONTACT
    abouts = [load_script(name).about for name in LIBRARY]
    assert len(set(abouts)) == len(abouts)
    for name, about in zip(LIBRARY, abouts):
        script = load_script(name)
        assert "\n" not in about and about.endswith(".") and script.source and script.road.opendrive is None, name


def test_each_is_read_and_played_within_a_second(runs: dict[str, Recording]) -> None:
    for name in LIBRARY:
        before = time.process_time()
        run(name)
        assert time.process_time() - before < 1.0, name


@pytest.mark.parametrize("name", LIBRARY)
def test_events_start_in_the_order_of_the_story(name: str, runs: dict[str, Recording]) -> None:
    names = [event for _, event in started(runs[name]) if not event.endswith("_end")]
    assert names == [event.name for event in load_script(name).story if event.when]  # the others have begun before
    assert not runs[name].warnings


@pytest.mark.parametrize("name", CONTACTS)
def test_the_unbraked_ego_meets_what_it_is_to_avoid(name: str, runs: dict[str, Recording]) -> None:
    script, recording = load_script(name), runs[name]
    (end,) = script.until
    assert end.touches is not None
    met = [
        event.time for event in recording.events if isinstance(event, ConditionMet) and event.name == "until: touches"
    ]
    assert len(met) == 1
    contact = first_contact(recording, "ego", end.touches)
    assert contact is not None and contact == pytest.approx(met[0] - 1.0, abs=1.5 * DT)
    if CONTACTS[name] is not None:
        assert contact == pytest.approx(CONTACTS[name], abs=0.11)  # a step late, a step to be seen
    assert recording.table[-1].t < script.duration_s


@pytest.mark.parametrize("name", sorted(NO_CONTACT))
def test_nothing_else_is_touched(name: str, runs: dict[str, Recording]) -> None:
    others = set(runs[name].entities) - {"ego"}
    assert all(first_contact(runs[name], "ego", other) is None for other in others)
    assert runs[name].table[-1].t == pytest.approx(load_script(name).duration_s)


@pytest.mark.parametrize(
    ("name", "gap", "lateral"), [("4_4_1_cut_in_no_collision", 30, 2), ("4_4_2_cut_in_unavoidable_collision", 10, 3)]
)
def test_cut_in_at_the_stated_gap_and_speed(name: str, gap: float, lateral: float, runs: dict[str, Recording]) -> None:
    recording = runs[f"alks_{name}"]
    ((begin, _),) = started(recording)
    ego, other = list(recording.of("ego")), list(recording.of("cut_in"))
    k = round(begin / DT)
    assert (other[k].x - 0.8) - (ego[k].x + 3.6) == pytest.approx(gap, abs=0.3)
    sideways = np.diff([row.y for row in other]) / DT
    assert np.max(np.abs(sideways)) == pytest.approx(lateral, rel=0.02)
    assert other[0].y - ego[0].y == pytest.approx(-3.75, abs=1e-6)  # the lanes are that wide
    assert other[-1].y == pytest.approx(ego[-1].y, abs=0.35)


@pytest.mark.parametrize("kmh", [20, 35, 60])
@pytest.mark.parametrize("name", ["cpfa_50", "cpna_25", "cpna_75", "cpnco_50", "cbna_50", "cbfa_50", "cbnao_50"])
def test_crossing_targets_are_hit_where_the_protocol_says(name: str, kmh: float) -> None:
    recording = run(f"ncap_{name}", ego_kmh=kmh)
    script = load_script(f"ncap_{name}")
    who = str(script.until[0].touches)
    contact = first_contact(recording, "ego", who)
    assert contact == pytest.approx(6.0, abs=0.11)
    ego, target = (next(row for row in recording.of(each) if row.t == contact) for each in ("ego", who))
    middle = recording.entities[who].bounding_box.center_x  # type: ignore[union-attr]
    speed = float(script.parameters[f"{who}_kmh"]) * KMH
    percent = float(name.rsplit("_", 1)[1]) if "_" in name and not name.endswith("o_50") else 50.0
    expected = 1.8 * (percent / 100 - 0.5)
    assert target.y + middle * math.sin(target.h) - ego.y == pytest.approx(expected, abs=0.1 * speed + 0.05)


@pytest.mark.parametrize(("overlap", "sideways"), [(100, 0.0), (50, 0.855), (75, 0.405)])
def test_overlap_of_a_rear_end_test(overlap: float, sideways: float) -> None:
    recording = run("ncap_ccrs", overlap_percent=overlap)
    ego, target = next(recording.of("ego")), next(recording.of("target"))
    assert ego.y - target.y == pytest.approx(sideways, abs=1e-9)
    # That share of the ego's width meets the target.
    shared = min(ego.y + 0.9, target.y + 0.855) - max(ego.y - 0.9, target.y - 0.855)
    assert shared == pytest.approx(min(1.71, 0.018 * overlap), abs=1e-9)


@pytest.mark.parametrize("ego_kmh", [10, 15, 20])
@pytest.mark.parametrize("target_kmh", [30, 45, 60])
def test_turns_across_the_path_meet_at_all_speeds_of_the_protocol(ego_kmh: float, target_kmh: float) -> None:
    car = run("ncap_ccftap", ego_kmh=ego_kmh, target_kmh=target_kmh)
    rider = run("ncap_cmftap", ego_kmh=ego_kmh, rider_kmh=target_kmh)
    assert first_contact(car, "ego", "target") is not None
    assert first_contact(rider, "ego", "rider") is not None


# ---------------------------------------------------------------------------------------------------- the compiler


def test_a_cut_in_equals_the_model_written_by_hand() -> None:
    scenario, network = read_script("alks_4_4_1_cut_in_no_collision")
    now = model.TransitionDynamics("step", "time", 0.0)

    def car(name: str) -> model.ScenarioObject:
        axle = model.Axle(0.0, 0.65, 1.53, 0.0, 0.325)
        front = model.Axle(0.6, 0.65, 1.53, 2.8, 0.325)
        box = model.BoundingBox(1.4, 0.0, 0.75, 4.4, 1.8, 1.5)
        limits = model.Performance(250 * KMH, 12.0, 12.0)
        return model.ScenarioObject(name, model.Vehicle("car", "car", box, limits, model.Axles(axle, front)))

    def start(name: str, place: model.Position, speed: float) -> model.Private:
        return model.Private(
            name, (model.TeleportAction(place), model.SpeedAction(now, model.AbsoluteTargetSpeed(speed)))
        )

    near = model.RelativeDistanceCondition("cut_in", True, "longitudinal", "lessOrEqual", 30.0)
    seen = model.Condition("near", model.ByEntityCondition(("ego",), "any", near))
    change = model.LaneChangeAction(
        model.TransitionDynamics("sinusoidal", "rate", 2.0), model.RelativeTargetLane("ego", 0)
    )
    event = model.Event(
        "e", "parallel", (model.Action("a", change),), model.Trigger((model.ConditionGroup((seen,)),)), 1
    )
    group = model.ManeuverGroup("g", 1, ("cut_in",), (model.Maneuver("m", (event,)),))
    over = model.Condition("end", model.SimulationTimeCondition("greaterOrEqual", 16.4))
    ahead = 30 + 4.4 + 10 * 20 / 3.6
    by_hand = model.OpenScenario(
        model.FileHeader(1, 3),
        model.Storyboard(
            model.Init(
                privates=(
                    start("ego", model.LanePosition("0", "-4", 20.0), 60 / 3.6),
                    start("cut_in", model.RelativeLanePosition("ego", -1, ds=ahead), 40 / 3.6),
                )
            ),
            (model.Story("s", (model.Act("a", (group,)),)),),
            model.Trigger((model.ConditionGroup((over,)),)),
        ),
        (car("ego"), car("cut_in")),
    )
    assert play(scenario, network).table == play(by_hand, network).table


SCRIPT = """
about: Everything at once.
parameters: {v_kmh: 36, twice_kmh: "${2 * $v_kmh}", who: lead}
road: {kind: straight, length_m: 1000, lanes: 2}
duration_s: 20
actors:
  ego: {kind: car, lane: -2, s_m: 20, speed_kmh: $v_kmh}
  lead: {kind: van, of: ego, ahead_m: 60, speed_kmh: "${$v_kmh}"}
  late: {kind: motorcycle, lane: -1, s_m: 300, speed_kmh: 18}
  meets: {kind: car, lane: -1, s_m: 100, speed_kmh: $twice_kmh}
  beside: {kind: pedestrian, s_m: 200, t_m: -9, heading_deg: 90}
story:
"""


def script(tmp_path: Path, story: str, **changes: str) -> Path:
    text = SCRIPT
    for old, new in changes.items():
        text = text.replace(f"{old}:", f"{new}:")
    file = tmp_path / "script.yaml"
    file.write_text(text + story, encoding="utf-8")
    return file


def at(recording: Recording, name: str, t: float) -> Row:
    return next(row for row in recording.of(name) if abs(row.t - t) < 0.5 * DT)


def test_speed_actions(tmp_path: Path) -> None:
    made = run(
        script(
            tmp_path,
            """
  - {name: a, actor: lead, when: {time_s: 1}, do: {kind: speed, speed_kmh: 72, acceleration_mps2: 2}}
  - {name: b, actor: lead, when: {after: a, delay_s: 2}, do: {kind: speed, of: ego, by_kmh: -18, duration_s: 3}}
  - {name: c, actor: late, when: {time_s: 2}, do: {kind: stop, deceleration_mps2: 5}}
  - {name: d, actor: meets, when: {slower_kmh: 80}, do: {kind: speed, speed_kmh: 36, distance_m: 60}}
""",
        )
    )
    assert at(made, "lead", 3.5).speed == pytest.approx(10 + 2 * 2.5, abs=0.2)
    assert at(made, "lead", 7.5).speed == pytest.approx(20)
    assert at(made, "lead", 12.0).speed == pytest.approx(5)
    assert at(made, "late", 3.2).speed == 0.0
    assert at(made, "meets", 60 / 15 + 0.2).speed == pytest.approx(10)  # 60 m at 15 m/s on average


def test_sideways_actions(tmp_path: Path) -> None:
    made = run(
        script(
            tmp_path,
            """
  - {name: a, actor: lead, when: {travelled_m: 20}, do: {kind: lane_change, lanes: 1, duration_s: 2}}
  - {name: b, actor: lead, when: {after: a}, do: {kind: lane_offset, lateral_m: 0.5}}
  - {name: c, actor: late, when: {with_start_of: a}, do: {kind: lane_change, lane: -2, lateral_m: -0.3, distance_m: 20}}
""",
        )
    )
    assert [event for _, event in started(made)] == ["a", "c", "b"]
    assert started(made)[0][0] == pytest.approx(2.0, abs=0.1)
    assert at(made, "lead", 1.0).y == pytest.approx(-5.25) and at(made, "lead", 18.0).y == pytest.approx(-1.25)
    assert at(made, "late", 18.0).y == pytest.approx(-5.55)


def test_distance_keeping_synchronising_and_routes(tmp_path: Path) -> None:
    made = run(
        script(
            tmp_path,
            """
  - {name: a, actor: ego, when: {to: lead, headway_s: 20}, do: {kind: keep_distance, to: lead, distance_m: 20}}
  - name: b
    actor: meets
    do: {kind: synchronise, to: lead, at: {lane: -2, s_m: 200}, meet: {lane: -1, s_m: 250}, speed_kmh: 54}
  - {name: c, actor: late, when: {time_s: 5}, do: {kind: route, via: [{lane: -1, s_m: 900}]}}
""",
        )
    )
    ego, lead = at(made, "ego", 19.0), at(made, "lead", 19.0)
    assert (lead.x - 1.0) - (ego.x + 3.6) == pytest.approx(20, abs=0.3)
    arrived = next(row.t for row in made.of("lead") if row.x >= 200)
    assert at(made, "meets", arrived).x == pytest.approx(250, abs=1.5)
    assert at(made, "meets", arrived + 0.2).speed == pytest.approx(15, abs=0.3)


def test_paths_people_and_presence(tmp_path: Path) -> None:
    made = run(
        script(
            tmp_path,
            """
  - {name: a, actor: beside, when: {of: ego, at: {s_m: 200, t_m: -5.25}, ttc_s: 10}, do: {kind: walk, ahead_m: 4}}
  - {name: b, actor: late, when: {time_s: 3}, do: {kind: appear, at: {lane: -1, s_m: 500}}}
  - {name: c, actor: late, when: {time_s: 8}, do: {kind: vanish}}
  - {name: d, actor: lead, when: {time_s: 4}, do: {kind: teleport, at: {of: ego, lanes: 1, ahead_m: 5}}}
  - name: e
    actor: meets
    when: {time_s: 1}
    do: {kind: follow, path: [{x_m: 120, y_m: -1.75, time_s: 0}, {x_m: 140, y_m: -4, time_s: 4}]}
  - {name: f, actor: ego, when: [{stands_s: 1}, {time_s: 9}], do: {kind: lights, light: brake}}
""",
        )
    )
    begin = started(made)
    walk = next(t for t, name in begin if name == "a")
    assert walk == pytest.approx((200 - 23.6) / 10 - 10, abs=0.11)
    seconds = 4 / (5 * KMH)
    assert at(made, "beside", walk + 0.5 * seconds).y == pytest.approx(-7, abs=0.1)
    assert at(made, "beside", 19.0).y == pytest.approx(-5, abs=0.05) and at(made, "beside", 19.0).speed == 0.0
    late = list(made.of("late"))
    assert late[0].t == pytest.approx(3.05, abs=0.06) and late[-1].t == pytest.approx(8.0, abs=0.06)
    assert late[0].x == pytest.approx(500, abs=0.6) and late[-1].speed == pytest.approx(5)
    assert at(made, "lead", 4.1).x - at(made, "ego", 4.1).x == pytest.approx(5, abs=1.1)
    assert at(made, "meets", 3.0).y == pytest.approx(-1.75 - 2.25 / 2, abs=0.06)
    assert next(t for t, name in begin if name == "f") == pytest.approx(9.0, abs=0.06)


def test_places_in_four_ways(tmp_path: Path) -> None:
    made = run(
        script(
            tmp_path,
            """
  - {name: a, actor: lead, do: {kind: teleport, at: {s_m: 50, t_m: -2, heading_deg: 30}}}
  - {name: b, actor: late, do: {kind: teleport, at: {x_m: 70, y_m: 3, heading_deg: 180}}}
  - {name: c, actor: meets, do: {kind: teleport, at: {of: ego, ahead_m: 10, left_m: 2}}}
  - {name: d, actor: beside, do: {kind: teleport, at: {lane: 1, s_m: 90, lateral_m: 0.5}}}
""",
        )
    )
    now = {name: at(made, name, DT) for name in made.entities}
    assert (now["lead"].y, now["lead"].h) == pytest.approx((-2.0, math.radians(30)), abs=0.3)
    assert (now["late"].y, now["late"].h) == pytest.approx((3.0, math.pi), abs=1e-3)
    assert now["meets"].y - now["ego"].y == pytest.approx(2, abs=0.1)
    assert (now["beside"].x, now["beside"].y) == pytest.approx((90.0, 2.25), abs=1e-6)


# ---------------------------------------------------------------------------------------------------- parameters


def test_parameters_and_expressions(tmp_path: Path) -> None:
    file = script(tmp_path, "  - {name: a, actor: $who, when: {time_s: 1}, do: {kind: stop}}\n")
    assert load_script(file).actors["meets"].speed_kmh == 72
    changed = load_script(file, {"v_kmh": "50", "who": "late"})
    assert changed.actors["meets"].speed_kmh == 100 and changed.story[0].actor == "late"
    scenario, _ = read_script(file, {"v_kmh": 50})
    assert {each.name: each.value for each in scenario.parameters} == {"v_kmh": 50, "twice_kmh": 100, "who": "lead"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"v": 3}, 'declares no parameter "v". Declared: v_kmh, twice_kmh, who'),
        ({"v_kmhh": 3}, 'Did you mean "v_kmh"?'),
        ({"v_kmh": "fast"}, "--param v_kmh=fast: must be a number, such as 36"),
        ({"v_kmh": 900}, "actors.ego.speed_kmh: must be between -400 and 400 km/h, not 900"),
        ({"who": "nobody"}, 'story.0.actor: there is no actor "nobody".'),
    ],
)
def test_wrong_parameters(given: dict[str, object], message: str, tmp_path: Path) -> None:
    file = script(tmp_path, "  - {name: a, actor: $who, do: {kind: stop}}\n")
    with pytest.raises((InputError, InvalidScenario)) as error:
        read_script(file, given)
    assert message in str(error.value)


# ---------------------------------------------------------------------------------------------------- wrong files


@pytest.mark.parametrize(
    ("story", "message"),
    [
        ("- {name: a, actor: led, do: {kind: stop}}", 'actor: there is no actor "led". Did you mean "lead"?'),
        ("- {name: a, actor: lead, when: {after: b}, do: {kind: stop}}", 'when.0.after: there is no event "b".'),
        ("- {name: a, actor: lead, do: {kind: stopp}}", 'do: "stopp" is not one of speed, speed_profile, stop'),
        ("- {name: a, actor: lead, do: {kind: stop, deceleration_kmh: 3}}", 'Did you mean "deceleration_mps2"?'),
        ("- {name: a, actor: lead, do: {kind: speed}}", "do: needs exactly one of speed_kmh, of"),
        ("- {name: a, actor: lead, do: {kind: walk, ahead_m: 1, speed_mps: 3}}", 'Did you mean "speed_kmh"?'),
        ("- {name: a, actor: lead, do: {kind: lane_change, lanes: 1, shape: round}}", "is not one of"),
        ("- {name: a, actor: lead, do: {kind: lane_change, lanes: 1.5}}", "lanes: must be a whole number"),
        ("- {name: a, actor: lead, when: {ttc_s: 3}, do: {kind: stop}}", "ttc_s: needs exactly one of to:"),
        ("- {name: a, actor: lead, when: {}, do: {kind: stop}}", "when: needs a condition: time_s"),
        ("- {name: a, actor: lead, when: {time_s: {uniform: [1, 2]}}, do: {kind: stop}}", "must be one number, no"),
        ("- {name: a, actor: lead, when: {time_s: soon}, do: {kind: stop}}", "time_s: must be a number in s"),
        ("- {name: a, actor: lead, when: {time_s: $t}, do: {kind: stop}}", 'time_s: "$t": unknown parameter "$t"'),
        ('- {name: a, actor: lead, when: {time_s: "${1 +}"}, do: {kind: stop}}', 'time_s: "${1 +}": '),
        ("- {name: a, actor: lead, do: {kind: teleport, at: {lane: -1}}}", "do.at: needs exactly one of"),
        ("- {name: a, actor: lead, do: {kind: follow, path: [{x_m: 1, y_m: 2}]}}", "path: needs at least two corners"),
        ("- {name: a, actor: lead}", "do: is required"),
        ("- {name: a b, actor: lead, do: {kind: stop}}", 'name: "a b" is not a name of letters'),
    ],
)
def test_wrong_events_say_where_and_what(story: str, message: str, tmp_path: Path) -> None:
    file = script(tmp_path, f"  {story}\n")
    with pytest.raises(InvalidScenario) as error:
        read_script(file)
    (line,) = str(error.value).splitlines()
    assert line.startswith(f"{file}:{SCRIPT.count(chr(10)) + 1}: story.0") and message in line


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kind: van", "kind: tank", ':8: actors.lead.kind: "tank" is not one of car, van'),
        ("kind: straight", "kind: straigt", ':4: road.kind: "straigt" is not one of'),
        ("length_m: 1000", "length_m: {uniform: [300, 500]}", ":4: road.length_m: must be one value, no distribution"),
        ("lanes: 2", "lane: 2", ':4: road.lane: unknown key. Did you mean "lanes"?'),
        ("duration_s: 20", "duration: 20", ':5: duration: unknown key. Did you mean "duration_s"?'),
        ("of: ego", "of: egg", ':8: actors.lead.of: there is no actor "egg". Did you mean "ego"?'),
        ("lane: -2, s_m: 20", "s_m: 20", ":7: actors.ego: needs exactly one of: s_m with lane or t_m; of"),
    ],
)
def test_wrong_files_say_where_and_what(old: str, new: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "script.yaml"
    file.write_text(SCRIPT.replace(old, new, 1) + "  []\n", encoding="utf-8")
    with pytest.raises(InvalidScenario) as error:
        read_script(file)
    assert f"{file}{message}" in str(error.value)


def test_a_lane_that_is_not_there_is_named_with_its_line(tmp_path: Path) -> None:
    file = script(tmp_path, "  - {name: a, actor: lead, do: {kind: teleport, at: {lane: -7, s_m: 10}}}\n")
    scenario, network = read_script(file)
    with pytest.raises(InputError, match=r"script.yaml:13: .*has no lane -7"):
        play(scenario, network)


ODD: tuple[object, ...] = (
    *(None, True, -1, 0, 1e9, math.nan, -5.5, 10**400, "", "x", "$x", "${", "${1/0}", "$ego_kmh", "ego", [], {}, [1]),
    *({"a": 1}, {"choice": [1, 2]}, {"uniform": [0, 1]}, {"kind": "stop"}),
)


def places(value: object) -> list[tuple[dict[str, object] | list[object], str | int]]:
    """(container, key) of everything in nested data."""
    if not isinstance(value, (dict, list)):
        return []
    items: list[tuple[str | int, object]] = [*(value.items() if isinstance(value, dict) else enumerate(value))]
    return [place for key, inner in items for place in ((value, key), *places(inner))]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(LIBRARY)), random=st.randoms(use_true_random=False), value=st.sampled_from(ODD))
def test_odd_values_are_refused_or_played(name: str, random: Random, value: object, tmp_path: Path) -> None:
    data = yaml.safe_load(LIBRARY[name].read_text(encoding="utf-8"))
    container, key = random.choice(places(data))
    container[key] = value  # type: ignore[index, call-overload]
    file = tmp_path / "odd.yaml"
    file.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    with suppress(OddRoadError):
        play(*read_script(file), until=2.0)


def test_the_schema_describes_the_library() -> None:
    schema = script_schema()
    assert set(schema["properties"]) == set(Script.model_fields)
    actor = schema["properties"]["actors"]["additionalProperties"]
    while "$ref" in actor:
        actor = schema["$defs"][actor["$ref"].rsplit("/", 1)[1]]
    for name in LIBRARY:
        for written in yaml.safe_load(LIBRARY[name].read_text(encoding="utf-8"))["actors"].values():
            assert set(written) <= set(actor["properties"]), name


def test_validate_and_list_know_scripts(tmp_path: Path) -> None:
    good, bad = LIBRARY["ncap_ccrs"], script(tmp_path, "  - {name: a, actor: led, do: {kind: stop}}\n")
    command = CliRunner()
    done = command.invoke(app, ["validate", str(good)])
    assert (done.exit_code, done.output.strip()) == (0, f"{good}: ok")
    done = command.invoke(app, ["validate", str(bad)])
    assert done.exit_code == 1 and 'there is no actor "led"' in done.output
    done = command.invoke(app, ["list", "scenarios"])
    assert done.exit_code == 0 and all(f"{name} " in done.output for name in LIBRARY)


def test_replay_plays_a_script_by_its_name(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    arguments = ["replay", "ncap_ccrs", "--param", "ego_kmh=36", "--trajectories", str(table)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    rows = [line.split(",") for line in table.read_text(encoding="utf-8").splitlines()[1:]]
    assert {row[1] for row in rows} == {"ego", "target"}
    assert {float(row[8]) for row in rows if row[1] == "ego"} == {10.0}


def test_the_other_reader_names_the_command() -> None:
    with pytest.raises(InputError, match="is a scripted scenario: oddroad replay"):
        load("ncap_ccrs")
