"""Line of sight against closed forms and a naive twin, and what drivers and labels make of it."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from small_world import GREY, ORIGIN, thing

from simulator.dynamics.courses import STEP_NS, Tracks
from simulator.dynamics.motion import Agent, Driver, Motion, agent_of_motion
from simulator.errors import UnmetDemand
from simulator.numerics.rng import generator
from simulator.pipeline.flow import draw
from simulator.roads import LaneKey, RoadNetwork
from simulator.roads.cross_section import CrossSection, strip
from simulator.roads.layout import Plan, Pose
from simulator.roads.road import Road
from simulator.scenario.models import Scenario
from simulator.scene import SceneBuilder, Snapshot
from simulator.scene.mesh import box, grid
from simulator.traffic.bodies import BODY_DTYPE
from simulator.traffic.signals import plan_signals
from simulator.traffic.staged import LOOK_STEPS, Roads, roads_of, run
from simulator.world import World, build_world
from simulator.world.sight import BEHIND_FRONT_M, Sight

LOOK_S = LOOK_STEPS * STEP_NS * 1e-9
CAR, CHILD, VAN, BUS = (4.4, 1.8, 1.5), (0.3, 0.3, 1.2), (5.0, 2.0, 2.0), (11.0, 2.5, 3.0)
EYE = np.array([CAR[0] / 2 - min(BEHIND_FRONT_M, CAR[0] / 2), 0.0, 1.08])  # in the frame of a car of the test
SHOWN_FIRST = 0.75  # of the half width: the outermost of the four columns of points, a quarter of the whole


def ground() -> SceneBuilder:
    builder = SceneBuilder(ORIGIN)
    builder.add_mesh(box((400, 400, 0.1), (0, 0, -0.05)), (GREY,), "road")
    return builder


def put(builder: SceneBuilder, size: Any, x: float, y: float, yaw: float = 0.0, kind: str = "car", **facts: Any) -> int:
    return builder.add_object(thing(kind, size), ORIGIN + [x, y, 0.0], (0.0, 0.0, yaw), **facts)


def sight_of(builder: SceneBuilder, movers: list[int], standing: list[int], range_m: float = math.inf) -> Sight:
    position, rpy = builder.initial_poses()
    still, zero = np.zeros_like(position), np.zeros(len(position))
    rest = Snapshot(0, position, rpy, still, still, zero, zero, zero, zero.astype(np.uint32))
    return Sight(builder.build(), rest, movers, standing, range_m)


def looked(builder: SceneBuilder, movers: list[int], standing: list[int], **kwargs: Any) -> np.ndarray:
    """What the movers see from where they rest."""
    position, rpy = builder.initial_poses()
    wanted = np.ones((len(movers), len(movers) + len(standing)), np.bool_)
    return sight_of(builder, movers, standing, **kwargs).sees(position[movers], rpy[movers], wanted)


@cache
def street() -> tuple[RoadNetwork, Roads]:
    """A lane that leads east along y = 0."""
    plan = Plan(Pose(float(ORIGIN[0]) - 50.0, float(ORIGIN[1]) + 1.75, 0.0)).line(1500.0)
    section = CrossSection((), (strip("driving", 3.5),)).section(plan.length)
    level = np.array([[0.0, ORIGIN[2], 0.0, 0.0, 0.0]])
    network = RoadNetwork({"0": Road("0", plan.length, plan.geometry, section, elevation_profile=level)})
    return network, roads_of(network, plan_signals(network, 0))


def car(row: int, x: float, speed: float, driver: Driver | None = None) -> Agent:
    network, roads = street()
    path = network.path(LaneKey("0", 0, -1), x + 50.0, 900.0, lambda ways: ways[0])
    half = CAR[0] / 2
    return Agent(
        row, path.xyz, 0.0, speed, driver or Driver(speed), half, half, CAR[1] / 2, 2.6, way=roads.stretches(path)
    )


def walk(row: int, points: list[list[float]], speed: float, size: Any = CHILD, **kwargs: Any) -> Agent:
    motion = Motion(row, ORIGIN + np.array(points), speed, 1e3, initial_speed_mps=speed, **kwargs)
    return agent_of_motion(motion, size[0] / 2, size[0] / 2, size[1] / 2, True)


def drive(agents: list[Agent], seconds: float, sight: Sight | None = None) -> Tracks:
    return run(agents, 0, np.zeros(0, BODY_DTYPE), seconds, street()[1], sight)


def child_from_behind_a_van(speed: float, pace: float, driver: Driver | None = None) -> Tracks:
    """A car heads east; a child 21 m ahead, hidden by a van that ends at x = 20 with its side at y = -2, runs north."""
    builder = ground()
    ego = put(builder, CAR, 0.0, 0.0, moving=True, name="ego")
    put(builder, VAN, 17.5, -3.0)
    child = put(builder, CHILD, 21.0, -4.0, math.pi / 2, "pedestrian", moving=True)
    agents = [car(ego, 0.0, speed, driver), walk(child, [[21.0, -4.0, 0.0], [21.0, 9.0, 0.0]], pace)]
    return drive(agents, 4.0, sight_of(builder, [ego, child], []))


@pytest.mark.parametrize(("speed", "pace"), [(0.0, 1.0), (5.0, 1.4), (8.0, 2.2), (12.0, 3.0)])
def test_the_first_sight_of_a_child_behind_a_van_is_where_geometry_has_it(speed: float, pace: float) -> None:
    tracks = child_from_behind_a_van(speed, pace)

    def free(t: float) -> bool:
        """Whether the line from the eye to the child's leading edge passes the far corner of the van, (20, -2)."""
        eye, child = np.array([speed * t + EYE[0], 0.0]), np.array([21.0, pace * t - 4.0])
        left = np.array([eye[1] - child[1], child[0] - eye[0]]) / np.hypot(*(child - eye))
        shown = child + SHOWN_FIRST * CHILD[0] / 2 * left
        slope = (shown[1] - eye[1]) / (shown[0] - eye[0])
        return bool(eye[1] + slope * (20.0 - eye[0]) > -2.0)

    expected = next(t for t in np.arange(0.0, 4.0, 0.001) if free(t))
    assert expected - 2e-3 <= tracks.seen_s[0, 1] <= expected + LOOK_S + 2e-3
    assert np.isinf(tracks.seen_s[1]).all()  # a child that reacts to nobody looks for nobody


@pytest.mark.parametrize("reaction", [0.0, 0.75, 1.2])
def test_drivers_brake_after_the_first_sight_and_their_reaction_and_not_before(reaction: float) -> None:
    tracks = child_from_behind_a_van(8.0, 2.2, Driver(8.0, reaction_s=reaction))
    heeded = tracks.seen_s[0, 1] + reaction
    seconds = tracks.times_ns * 1e-9
    assert np.abs(tracks.acceleration[seconds < heeded - 1e-6, 0]).max() < 1e-6
    assert tracks.acceleration[seconds > heeded + 0.02, 0][0] < -2.0


def test_the_first_sight_says_how_far_and_how_long_before_a_collision() -> None:
    builder = ground()
    ego = put(builder, CAR, 0.0, 0.0, moving=True, name="ego")
    oncoming = put(builder, CAR, 90.0, 0.5, math.pi, moving=True)
    leader = put(builder, CAR, 40.0, -0.5, moving=True)
    crate = put(builder, (1.0, 1.0, 1.0), 60.0, 3.0, kind="debris")
    behind = put(builder, CAR, -20.0, 0.0)
    agents = [
        car(ego, 0.0, 10.0),
        walk(oncoming, [[90.0, 0.5, 0.0], [0.0, 0.5, 0.0]], 12.0, CAR),
        walk(leader, [[40.0, -0.5, 0.0], [400.0, -0.5, 0.0]], 15.0, CAR),
    ]
    sight = sight_of(builder, [ego, oncoming, leader], [crate, behind])
    tracks = drive(agents, 0.3, sight)
    half = CAR[0] / 2
    facts = [sight.first_sight(tracks, body) for body in range(1, 5)]
    assert facts[0]["first_seen_m"] == pytest.approx(90.0 - 2 * half, abs=1e-3)
    assert facts[0]["ttc_at_first_sight_s"] == pytest.approx((90.0 - 2 * half) / 22.0, abs=1e-3)
    assert facts[1]["first_seen_m"] == pytest.approx(40.0 - 2 * half, abs=1e-3)
    assert "ttc_at_first_sight_s" not in facts[1]  # it drives away
    assert facts[2] == pytest.approx(
        {"first_seen_s": 0.0, "first_seen_m": 59.5 - half, "ttc_at_first_sight_s": (59.5 - half) / 10.0}, abs=1e-3
    )
    assert facts[3] == {}


def test_a_lorry_that_passes_uncovers_what_it_hid() -> None:
    builder = ground()
    ego = put(builder, CAR, 0.0, 0.0, math.pi / 2, moving=True)
    bus = put(builder, BUS, -3.0, 10.0, moving=True)
    post = put(builder, CHILD, 0.0, 30.0, kind="pedestrian")
    line = ORIGIN + np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    looker = Agent(ego, line, 0.0, 0.0, Driver(0.0), 2.0, 2.0, 0.9)
    passing = walk(bus, [[-3.0, 10.0, 0.0], [200.0, 10.0, 0.0]], 10.0, BUS)
    tracks = drive([looker, passing], 3.0, sight_of(builder, [ego, bus], [post]))
    # The tail must pass the line from the eye to the left quarter of the post, at the near or the far side of the bus.
    edge = -SHOWN_FIRST * CHILD[0] / 2 * (10.0 + BUS[1] / 2 - EYE[0]) / (30.0 - EYE[0])
    assert tracks.seen_s[0, 1] == 0.0
    assert 0.0 <= tracks.seen_s[0, 2] - (edge + 3.0 + BUS[0] / 2) / 10.0 <= LOOK_S + 2e-3


@pytest.mark.parametrize(("size", "sees"), [(CAR, False), (BUS, True)])
def test_lorry_drivers_look_over_a_wall_that_hides_a_child_from_cars(size: Any, sees: bool) -> None:
    builder = ground()
    row = put(builder, size, -size[0] / 2 + BEHIND_FRONT_M, 0.0, moving=True)  # its eye at x = 0
    builder.add_mesh(box((0.2, 30.0, 1.3), (10.0, 0.0, 0.65)), (GREY,), "wall")
    child = put(builder, CHILD, 14.0, 0.0, kind="pedestrian")
    assert looked(builder, [row], [child])[0, 1] == sees


def test_a_crest_hides_what_lies_beyond_it() -> None:
    builder = SceneBuilder(ORIGIN)
    x = np.linspace(-20.0, 180.0, 401)
    z = np.tile((-0.0015 * (x - 60.0) ** 2)[:, None], (1, 2))
    builder.add_mesh(grid(x, [-20.0, 20.0], z), (GREY,), "road")
    level = -0.0015 * 60.0**2
    ego = builder.add_object(thing("car", CAR), ORIGIN + [0.0, 0.0, level], (0.0, -0.18, 0.0), moving=True)
    crates = [
        builder.add_object(
            thing("debris", (0.4, 0.4, 0.4)), ORIGIN + [at, k - 8.0, -0.0015 * (at - 60.0) ** 2], (0, 0, 0)
        )
        for k, at in enumerate(range(30, 120, 5))
    ]
    # Sight distance on a crest of curvature k: sqrt(2 h1 / k) + sqrt(2 h2 / k), here for the top row of points.
    reach = math.sqrt(2 * 1.08 / 0.003) + math.sqrt(2 * 0.35 / 0.003)
    seen = looked(builder, [ego], crates)[0, 1:]
    expected = np.arange(30, 120, 5) < reach
    clear = np.abs(np.arange(30, 120, 5) - reach) > 3.0
    assert (seen == expected)[clear].all()
    assert 2 < expected.sum() < len(crates) - 2


def test_fog_ends_the_view_and_drivers_do_not_look_back() -> None:
    builder = ground()
    ego = put(builder, CAR, 0.0, 0.0, moving=True)
    posts = [put(builder, CHILD, x, 0.4 * x, kind="pedestrian") for x in (-20.0, 20.0, 60.0, 100.0)]
    assert looked(builder, [ego], posts)[0, 1:].tolist() == [False, True, True, True]
    assert looked(builder, [ego], posts, range_m=50.0)[0, 1:].tolist() == [False, True, False, False]


Box = tuple[Any, np.ndarray, float]  # size, place, yaw


def turned(yaw: float) -> np.ndarray:
    return np.array([[math.cos(yaw), -math.sin(yaw), 0.0], [math.sin(yaw), math.cos(yaw), 0.0], [0.0, 0.0, 1.0]])


def naive_free_share(eye: np.ndarray, target: Box, others: list[Box]) -> float:
    """Share of a fine grid over a target's silhouette whose segments from the eye pass all other boxes."""
    size, place, yaw = target
    middle = place + [0.0, 0.0, size[2] / 2]
    left = np.cross([0.0, 0.0, 1.0], (middle - eye) / np.hypot(*(middle - eye)[:2]))
    width = abs(left @ turned(yaw)[:, 0]) * size[0] + abs(left @ turned(yaw)[:, 1]) * size[1]
    share = (np.arange(20) + 0.5) / 20 - 0.5
    points = middle + share[:, None, None] * width * left + share[None, :, None] * np.array([0.0, 0.0, size[2]])
    points = points.reshape(-1, 3)
    hit = np.zeros(len(points), np.bool_)
    for extent, at, turn in others:
        a, b = (eye - at) @ turned(turn), (points - at) @ turned(turn)
        low, high = np.array([-extent[0] / 2, -extent[1] / 2, 0.0]), np.array([extent[0] / 2, extent[1] / 2, extent[2]])
        t1, t2 = (low - a) / (b - a), (high - a) / (b - a)
        first, last = np.minimum(t1, t2).max(1), np.maximum(t1, t2).min(1)
        hit |= (first < last) & (last > 0.0) & (first < 1.0)
    return 1.0 - float(hit.mean())


@pytest.mark.parametrize("seed", range(4))
def test_it_agrees_with_segments_through_boxes(seed: int) -> None:
    rng = generator(seed, "sight")
    builder, boxes = ground(), list[Box]()
    for _ in range(40):
        place = np.array([*rng.uniform(-30, 30, 2), 0.0])
        if all(np.hypot(*(place - other)[:2]) > 5.5 for _, other, _ in boxes):
            boxes.append((rng.uniform([0.4, 0.4, 0.8], [4.5, 2.0, 2.4]), place, rng.uniform(-math.pi, math.pi)))
    rows = [put(builder, size, *place[:2], yaw, moving=n < 4) for n, (size, place, yaw) in enumerate(boxes)]
    seen = looked(builder, rows[:4], rows[4:])
    counts = [0, 0]
    for who, (size, place, yaw) in enumerate(boxes[:4]):
        eye = place + turned(yaw) @ [size[0] / 2 - min(BEHIND_FRONT_M, size[0] / 2), 0.0, 1.08]
        for what, target in enumerate(boxes):
            if what == who or (target[1] - eye) @ turned(yaw)[:, 0] < 0.1:
                continue
            share = naive_free_share(eye, target, [b for k, b in enumerate(boxes) if k not in (who, what)])
            if not 0.1 < share < 0.4:  # the outermost points lie an eighth from the edge, and count for a quarter
                assert seen[who, what] == (share > 0.25), (who, what, share)
                counts[int(share > 0.25)] += 1
    assert min(counts) >= 4


def test_on_a_road_where_all_is_in_view_sight_changes_nothing() -> None:
    builder = ground()
    rows = [put(builder, CAR, 30.0 * k, 0.0, moving=True) for k in range(3)]
    agents = [car(row, 30.0 * k, 12.0 - 3.0 * k) for k, row in enumerate(rows)]
    with_sight, without = drive(agents, 8.0, sight_of(builder, rows, [])), drive(agents, 8.0)
    for name in ("position", "speed", "acceleration"):
        assert getattr(with_sight, name).tobytes() == getattr(without, name).tobytes()


def child_scenario(seconds: float = 2.0, **demand: float) -> Scenario:
    """A bare street with nothing but the anomaly."""
    data = {
        "duration_s": seconds,
        "road": {"kind": "straight", "length_m": 300, "sidewalks": True, "speed_kmh": 50},
        "ego": {"kind": "car", "speed_mps": 8},
        "traffic": {"vehicles": 0, "parked": 0, "pedestrians": 0, "cyclists": 0},
        "surroundings": {"kind": "suburb", "vegetation": 0, "buildings": 0},
        "anomalies": [{"kind": "child_behind_van", "ahead_m": 16, "trigger_m": 30, "speed_mps": 3, **demand}],
    }
    return Scenario.model_validate(data)


def child_world(seconds: float = 2.0, **demand: float) -> World:
    return build_world(child_scenario(seconds, **demand).sample(4))


def test_labels_say_when_the_child_came_into_view_and_the_ego_brakes_only_then() -> None:
    world = child_world()
    child = next(thing for thing in world.scene.objects if thing.anomaly == "AGT-23")
    van = next(thing for thing in world.scene.objects if thing.anomaly == "SCN-07")
    seen = float(child.attributes["first_seen_s"])
    assert van.attributes["first_seen_s"] == "0.00"
    assert 0.2 < seen < 1.0
    assert 0.5 < float(child.attributes["ttc_at_first_sight_s"]) < 2.5
    assert world.timeline.rows is not None
    ego = list(world.timeline.rows).index(world.ego)
    speed = np.linalg.norm(world.timeline.velocity[:, ego, :2], axis=1)
    slowing = np.gradient(speed, world.timeline.times_ns * 1e-9) < -1.0
    first = float(world.timeline.times_ns[np.argmax(slowing)] * 1e-9)
    assert slowing.any() and seen + 0.75 - 0.03 <= first < seen + 0.75 + 0.3


def test_the_same_seed_gives_the_same_drive_with_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    once = child_world(0.7)
    monkeypatch.setenv("ODDROAD_THREADS", "1")
    again = child_world(0.7)
    assert once.timeline.position.tobytes() == again.timeline.position.tobytes()
    assert [thing.attributes for thing in once.scene.objects] == [thing.attributes for thing in again.scene.objects]


def test_a_demand_is_met_or_said_to_be_not() -> None:
    world = child_world(0.8)
    child = next(thing for thing in world.scene.objects if thing.anomaly == "AGT-23")
    ttc = float(child.attributes["ttc_at_first_sight_s"])
    child_world(0.8, ttc_at_least_s=ttc - 0.01, ttc_at_most_s=ttc + 0.01)
    with pytest.raises(UnmetDemand, match=rf"^anomalies.0: the ego first sees it {ttc:g} s .* not at least"):
        child_world(0.8, ttc_at_least_s=ttc + 0.1)
    with pytest.raises(UnmetDemand, match="not at most"):
        child_world(0.8, ttc_at_most_s=ttc - 0.1)
    with pytest.raises(UnmetDemand, match="never sees it"):
        child_world(0.1, ttc_at_least_s=0.1)


def test_a_demand_that_contradicts_itself_is_an_error() -> None:
    with pytest.raises(ValidationError, match="1 is less than ttc_at_least_s, 2"):
        child_scenario(ttc_at_least_s=2.0, ttc_at_most_s=1.0)


def test_scenes_are_drawn_until_they_meet_their_demands(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def picky(scenario: Scenario) -> None:
        asked.append(scenario.seed)
        if len(asked) < 3:
            raise UnmetDemand("too late")

    monkeypatch.setattr("simulator.world.build_world", picky)
    free, strict = child_scenario(), child_scenario(ttc_at_least_s=1.0)
    assert draw(free, 5).seed == 5 and not asked
    drawn = draw(strict, 5)
    assert len(asked) == len(set(asked)) == 3 and asked[0] == 5 and drawn.seed == asked[2]
    asked.clear()
    assert draw(strict, 5) == drawn
    asked.clear()
    with pytest.raises(UnmetDemand):
        draw(strict.sample(7), 5)
    assert asked == [7]
    monkeypatch.setattr("simulator.pipeline.flow.DRAWS", 2)
    asked.clear()
    with pytest.raises(UnmetDemand):
        draw(strict, 5)


def test_the_pose_of_a_mover_carries_its_eye() -> None:
    """Turned about, the same driver sees the other way."""
    builder = ground()
    ego = put(builder, CAR, 0.0, 0.0, moving=True)
    post = put(builder, CHILD, 0.0, 25.0, kind="pedestrian")
    sight, wanted = sight_of(builder, [ego], [post]), np.ones((1, 2), np.bool_)
    for yaw, sees in ((math.pi / 2, True), (-math.pi / 2, False)):
        assert sight.sees(ORIGIN[None], np.array([[0.0, 0.0, yaw]]), wanted)[0, 1] == sees
