"""Slippery roads and changes of lane in staged drives: friction limits braking and bends, MOBIL goes round things."""

from __future__ import annotations

import hashlib
import math
import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_staged import FRONT, MIDDLE, NOTHING, REAR, box, car, drive, road

from simulator.anomalies.film import Shape, footprint
from simulator.dynamics import Model, road_friction, stopping_distance, vehicle
from simulator.dynamics.courses import Tracks
from simulator.dynamics.friction import SURFACE_FRICTION
from simulator.dynamics.motion import Agent, Event
from simulator.dynamics.surface import CELL_M, Patch, Surface, friction_at, friction_sides, surface
from simulator.numerics.units import GRAVITY_MPS2
from simulator.roads import LaneKey, RoadNetwork
from simulator.roads.records import LaneMaterial
from simulator.scenario.family import member
from simulator.scenario.reading import load
from simulator.scene import Atmosphere
from simulator.traffic.conditions import RoadWeather, conditions_in
from simulator.traffic.staged import SCENERY, run
from simulator.world.build import build_world
from simulator.world.grip import chassis_of, covering, film_mm, road_weather, slippery_lanes

RADIUS = 100.0
SECOND = LaneKey("0", 0, -2)
CAR = vehicle("bmw_320i", Model.DRIFT)


def rolling(agent: Agent, **temper: Any) -> Agent:
    """The agent on tyres."""
    return replace(agent, chassis=CAR, driver=replace(agent.driver, **temper))


ORIGIN = road()[1].lane_map.origin


def on(ground: Surface, agents: list[Agent], seconds: float, place: Any = None, obstacles: Any = NOTHING) -> Tracks:
    return run(agents, 0, obstacles, seconds, (place or road())[1], ground=ground)


def braking(speed: float) -> Agent:
    return rolling(car(0.0, speed, events=(Event("speed", 0.0, 9.0, after_s=0.5),)))


# ---- the ground


def test_a_tyre_has_the_least_of_road_and_patch_and_cells_are_where_the_patch_is() -> None:
    covered = np.zeros((3, 5), np.bool_)
    covered[1, 2:] = True
    ground = surface([Patch(np.array([10.0, 20.0]), covered, friction=0.1)], np.array([8.0, 20.0]), film_mm=0.2)
    wet = float(road_friction("asphalt", 20.0, 0.2))
    for column in range(-1, 6):
        for row in range(-1, 4):
            at = 2.0 + (column + 0.5) * CELL_M, (row + 0.5) * CELL_M
            assert friction_at(ground, *at, 20.0) == pytest.approx(0.1 if row == 1 and 2 <= column < 5 else wet)
    assert friction_sides(ground, 2.25, 0.15, 0.0, 2.6, 1.4, 20.0) == pytest.approx((wet, wet))  # all beside it
    right = 0.5 * wet + 0.5 * 0.1
    assert friction_sides(ground, 2.25, 0.85, 0.0, 2.6, 1.4, 20.0) == pytest.approx((wet, right))
    scaled = friction_at(surface(film_mm=2.0, factor=0.5), 0.0, 0.0, 25.0)
    assert scaled == pytest.approx(0.5 * road_friction("asphalt", 25.0, 2.0))


def test_the_cells_of_a_film_are_those_in_which_it_lies() -> None:
    shape = Shape.draw(np.array([3.0, -7.0]), 0.4, 1.8, 1.6, np.random.default_rng(5))
    low, covered = footprint(shape)
    assert covered.sum() * CELL_M**2 == pytest.approx(math.pi * 1.8**2, rel=0.5)
    assert not (covered[0].any() or covered[-1].any() or covered[:, 0].any() or covered[:, -1].any())
    rows, columns = np.nonzero(covered)
    middle = low + CELL_M * (np.array([columns.mean(), rows.mean()]) + 0.5)
    assert np.hypot(*(middle - [3.0, -7.0])) < 0.6


# ---- braking


@pytest.mark.parametrize("friction", [SURFACE_FRICTION["ice"], SURFACE_FRICTION["snow"], 0.35])
@pytest.mark.parametrize("speed", [8.0, 15.0])
def test_full_braking_needs_the_textbook_distance(friction: float, speed: float) -> None:
    tracks = on(surface(friction=friction), [braking(speed)], 18.0)
    way = tracks.travel[-1, 0] - 0.5 * speed
    assert tracks.speed[-1, 0] < 1e-4
    assert way == pytest.approx(float(stopping_distance(speed, friction, 0.0)), rel=0.005)
    assert tracks.acceleration[:, 0].min() == pytest.approx(-friction * GRAVITY_MPS2)
    assert tracks.asked[:, 0].min() < -6.0  # the driver brakes as hard as ever: stop lamps


def test_a_patch_of_ice_takes_braking_away_while_wheels_are_on_it() -> None:
    patch = Patch(np.array([20.0, -3.5]), np.ones((35, 100), np.bool_), SURFACE_FRICTION["ice"])  # 10 m by 3.5 m
    dry, ice = (on(surface(patches, ORIGIN), [braking(15.0)], 8.0) for patches in ([], [patch]))
    inside = (ice.position[:, 0, 0] > 20.1) & (ice.position[:, 0, 0] + 2.57 < 29.9) & (ice.speed[:, 0] > 0.1)
    assert ice.acceleration[inside, 0].min() == pytest.approx(-SURFACE_FRICTION["ice"] * GRAVITY_MPS2, rel=1e-6)
    assert ice.travel[-1, 0] - dry.travel[-1, 0] > 5.0


def test_who_is_moved_as_told_does_not_care_about_ice() -> None:
    told = replace(braking(15.0), chassis=None)
    dry, ice = (on(surface(friction=friction), [told], 6.0) for friction in (0.0, 0.1))
    assert dry.position.tobytes() == ice.position.tobytes()
    assert ice.acceleration.min() < -7.5


def test_on_dry_roads_a_vehicle_on_tyres_goes_where_one_on_rails_goes() -> None:
    place = road(0, 1, RADIUS)
    agent = car(0.0, 15.0, place=place, ahead=400.0)
    rails, tyres = (on(surface(), [each], 14.0, place, box(380.0, 200.0)) for each in (agent, rolling(agent)))
    assert rails.position.tobytes() == tyres.position.tobytes()
    assert rails.rpy.tobytes() == tyres.rpy.tobytes()


# ---- bends


def bend(share: float, friction: float, seconds: float = 12.0) -> tuple[Tracks, np.ndarray]:
    """A bend of 100 m taken at a share of the speed at which friction just holds, and the distance from its middle."""
    place = road(0, 1, RADIUS)
    speed = math.sqrt(share * friction * GRAVITY_MPS2 * (RADIUS - MIDDLE))
    agent = rolling(car(0.0, speed, speed, place=place, ahead=400.0, pace=4.0))
    tracks = on(surface(friction=friction), [agent], min(seconds, 320.0 / speed), place)
    x, y = tracks.position[:, 0, :2].T
    off = np.where(x > 100.0, np.hypot(x - 100.0, y - RADIUS) - (RADIUS - MIDDLE), y - MIDDLE)
    return tracks, np.where(y < RADIUS, off, 0.0)


@pytest.mark.parametrize("friction", [0.125, 0.3, 0.8])
def test_below_the_friction_a_bend_holds_and_above_it_the_car_runs_wide(friction: float) -> None:
    held, off = bend(0.8, friction)
    assert not held.slides.any() and np.abs(off).max() < 0.03
    wide, off = bend(1.4, friction)
    assert wide.slides.any() and off.max() > 2.0 and off.min() > -0.1
    wider, further = bend(1.8, friction)
    assert further.max() > off.max() + 2.0
    # Tyres never pull harder than the friction lets them: 1.05 for the peak of combined forces.
    yaw = wider.rpy[:, 0, 2]
    middle = wider.position[:, 0, :2] + CAR["rear"] * np.stack([np.cos(yaw), np.sin(yaw)], axis=1)
    way = np.gradient(middle, wider.times_ns * 1e-9, axis=0)
    pull = np.hypot(*np.gradient(way, wider.times_ns * 1e-9, axis=0).T)
    assert np.percentile(pull[wider.slides[:, 0]], 95) < 1.08 * friction * GRAVITY_MPS2


def test_a_patch_of_ice_in_a_bend_pushes_the_car_out_and_on_the_dry_road_it_comes_back() -> None:
    place = road(0, 1, RADIUS)
    patch = Patch(np.array([108.0, -6.0]), np.ones((100, 60), np.bool_), SURFACE_FRICTION["ice"])  # 6 m by 10 m
    agent = rolling(car(0.0, 16.0, 16.0, place=place, ahead=400.0, pace=3.0))
    tracks = on(surface([patch], place[1].lane_map.origin), [agent], 15.0, place)
    slid = np.flatnonzero(tracks.slides[:, 0])
    assert 105.0 < tracks.position[slid[0], 0, 0] < 112.0
    assert slid[-1] < len(tracks.times_ns) - 200  # its path has it again
    x, y = tracks.position[:, 0, :2].T
    off = np.hypot(x - 100.0, y - RADIUS) - (RADIUS - MIDDLE)
    assert 0.05 < off[(x > 100.0) & (y < RADIUS)].max() < 1.75
    step = np.abs(np.diff(tracks.position[:, 0, :2], axis=0)).max()
    assert step < 1.02 * 0.01 * tracks.speed.max()  # nowhere a jump
    assert np.degrees(np.abs(np.diff(np.unwrap(tracks.rpy[:, 0, 2])))).max() < 0.6


# ---- running into others


def test_who_cannot_stop_on_ice_runs_into_who_stands_there_and_both_slide_to_a_stand() -> None:
    """Momentum: equal cars part at (1 - e) / 2 and (1 + e) / 2 of the speed; then each slides v^2 / (2 mu g)."""
    friction = SURFACE_FRICTION["ice"]
    still, late = rolling(car(60.0, 0.0, 0.0)), rolling(car(0.0, 14.0, events=(Event("speed", 0.0, 9.0),)))
    tracks = on(surface(friction=friction), [late, still], 25.0)
    assert np.isfinite(tracks.crashed_s).all() and tracks.crashed_s[0] == tracks.crashed_s[1]
    gap = tracks.position[:, 1, 0] - REAR - tracks.position[:, 0, 0] - FRONT
    assert gap.min() > -0.05
    now = int(tracks.crashed_s[0] * 100)
    before, (slow, fast) = tracks.speed[now, 0], tracks.speed[now + 2]
    assert slow + fast == pytest.approx(before, rel=0.02)
    assert 0.05 < (fast - slow) / before < 0.25
    slid = tracks.position[-1, 1, 0] - tracks.position[now, 1, 0]
    assert slid == pytest.approx(fast**2 / (2 * 0.82 * friction * GRAVITY_MPS2), rel=0.05)
    assert tracks.speed[-1].max() == 0.0


def test_a_standing_thing_stops_who_slides_into_it_only_if_it_is_solid() -> None:
    ice = surface(friction=SURFACE_FRICTION["ice"])
    ends = []
    for solid in (False, True):
        thing = box(40.0, MIDDLE, 1.0)
        thing["solid"] = solid
        tracks = on(ice, [rolling(car(0.0, 14.0))], 20.0, None, thing)
        assert np.isfinite(tracks.crashed_s[0]) == solid
        ends.append(float((tracks.position[:, 0, 0] + FRONT).max()))
    assert ends[0] > 41.0 and ends[1] < 39.1


def slide(seed: int) -> str:
    """Digest of a drive in which one car runs into another on ice."""
    still, late = rolling(car(60.0, 0.0, 0.0)), rolling(car(0.0, 14.0 + seed, events=(Event("speed", 0.0, 9.0),)))
    tracks = on(surface(friction=SURFACE_FRICTION["ice"]), [late, still], 15.0)
    assert tracks.slides.any() and np.isfinite(tracks.crashed_s).all()
    parts = (tracks.position, tracks.rpy, tracks.speed, tracks.steer, tracks.slides, tracks.crashed_s)
    return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()


def test_slides_are_the_same_in_any_worker_and_after_any_other() -> None:
    here = [slide(seed) for seed in (0, 1, 2)]
    assert len(set(here)) == 3
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(slide, [2, 1, 0, 2, 0, 1], chunksize=1) == [here[k] for k in (2, 1, 0, 2, 0, 1)]


class OneWall:
    """A wall beside the road, and how often somebody looked for it."""

    def __init__(self, x: float) -> None:
        self.x, self.looks = x, 0

    def near(self, place: np.ndarray, reach_m: float) -> np.ndarray:
        self.looks += 1
        rows = box(self.x, place[1], 0.5)
        rows["half_width"], rows["solid"] = 30.0, True
        return rows if abs(self.x - place[0]) < reach_m + 0.5 else rows[:0]


@pytest.mark.parametrize("friction", [0.8, SURFACE_FRICTION["ice"]])
def test_walls_stop_who_is_out_of_control_and_nobody_else_looks_for_them(friction: float) -> None:
    ego, wall = rolling(car(0.0, 14.0, events=(Event("speed", 0.0, 6.0),))), OneWall(40.0)
    tracks = run([ego], 0, NOTHING, 15.0, road()[1], walls=wall, ground=surface(friction=friction))
    slippery = friction < 0.5
    assert np.isfinite(tracks.crashed_s[0]) == slippery
    assert (wall.looks > 0) == slippery
    assert tracks.crashed_into[0] == (SCENERY if slippery else -1)
    assert (tracks.position[:, 0, 0] + FRONT).max() < 39.5 + 0.1


# ---- one side slippery


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_brakes_turn_to_the_side_that_holds_and_a_driver_countersteers(side: float) -> None:
    """Ice under one side: the brakes of the other turn the car towards it, at first by their moment over inertia."""
    edge = np.zeros((600, 1400), np.bool_)  # cells of 10 cm, from 30 m to the right of the lane's middle on
    edge[slice(0, 300) if side > 0 else slice(300, 600)] = True
    ice = Patch(np.array([0.0, MIDDLE - 30.0]), edge, SURFACE_FRICTION["ice"])
    ground = surface([ice], ORIGIN)
    tracks = on(ground, [rolling(car(10.0, 20.0, events=(Event("speed", 0.0, 9.0, after_s=0.5),)))], 9.0)
    first = int(np.argmax(tracks.slides[:, 0]))
    assert tracks.slides[:, 0].any() and abs(first - 50) < 30
    turned = tracks.rpy[first + 10 : first + 20, 0, 2]
    assert (side * turned > 0.0).all(), "towards the dry side"
    steer = tracks.steer[first + 20 : first + 60, 0]
    assert (side * steer < 0.0).mean() > 0.7
    assert np.abs(tracks.rpy[:, 0, 2]).max() < 0.5, "held by the driver"
    even = on(surface(friction=SURFACE_FRICTION["ice"]), [braking(20.0)], 3.0)
    assert np.abs(even.rpy[:, 0, 2]).max() < 1e-9


def test_the_friction_of_a_lane_of_the_map_counts() -> None:
    network = road()[0]
    whole = network.roads["0"]
    section = whole.sections[0]
    icy = [
        replace(lane, materials=(LaneMaterial(50.0, 0.2), LaneMaterial(90.0, 0.9))) if lane.id else lane
        for lane in section.lanes
    ]
    map_ = RoadNetwork({"0": replace(whole, sections=(replace(section, lanes=tuple(icy)),))})
    ground = surface(slippery_lanes(map_, np.array([[0.0, 0.0, 0.0], [200.0, 0.0, 0.0]])))
    places = [(30.0, MIDDLE), (50.2, MIDDLE), (70.0, -0.2), (89.5, -3.3), (70.0, 0.5), (91.0, MIDDLE)]
    assert [friction_at(ground, x, y, 10.0) == 0.2 for x, y in places] == [False, True, True, True, False, False]


# ---- drivers and weather


def test_who_knows_of_the_snow_drives_slower_and_keeps_more_distance() -> None:
    snow = conditions_in(RoadWeather(0.0, 10_000.0, 0.0, SURFACE_FRICTION["snow"], white=True), 120 / 3.6)
    lead = rolling(car(100.0, 15.0, 15.0, ahead=1800.0))
    wise = rolling(car(0.0, 15.0, 15.0, ahead=1800.0), weather_wise=True, told_pace=0.45)
    free = rolling(car(0.0, 20.0, 60.0, ahead=1800.0), weather_wise=True)
    ground = surface(friction=SURFACE_FRICTION["snow"])
    behind = run([wise, lead], 0, NOTHING, 60.0, road()[1], ground=ground, conditions=snow)
    gap = behind.position[-1, 1, 0] - REAR - behind.position[-1, 0, 0] - FRONT
    assert behind.speed[-1, 0] == pytest.approx(15.0, abs=0.5)  # as fast as it is told
    assert gap > 1.15 * (2.0 + 1.6 * 15.0)
    alone = run([free], 0, NOTHING, 60.0, road()[1], ground=ground, conditions=snow)
    assert alone.speed[-1, 0] == pytest.approx(float(snow["pace"]) * 120 / 3.6, rel=0.02)
    assert alone.speed[-1, 0] < 0.82 * 120 / 3.6


# ---- changes of lane


def behind_a_slower_one(changes: str, lanes: int = 2) -> Tracks:
    place = road(2000.0, lanes)
    lead = rolling(car(60.0, 15.0, 15.0, place=place, key=SECOND, ahead=1800.0))
    fast = rolling(car(0.0, 30.0, 30.0, place=place, key=SECOND, ahead=1800.0), changes=changes)
    return on(surface(), [fast, lead], 25.0, place)


def test_mobil_overtakes_who_is_slower_and_goes_back_to_the_side_to_keep_to() -> None:
    tracks = behind_a_slower_one("free")
    y = tracks.position[:, 0, 1]
    beside = np.abs(tracks.position[:, 0, 0] - tracks.position[:, 1, 0]) < 4.0
    assert beside.any() and np.allclose(y[beside], MIDDLE, atol=0.3)
    assert y[-1] == pytest.approx(MIDDLE - 3.5, abs=0.05) and tracks.speed[-1, 0] > 29.0
    assert set(np.unique(tracks.turn[:, 0])) == {-1, 0, 1}  # it flashes
    sideways = np.gradient(np.gradient(y[::10], 0.1), 0.1)
    assert np.abs(sideways).max() < 1.6
    for changes in ("never", "blocked"):  # a slower vehicle blocks nobody
        kept = behind_a_slower_one(changes)
        assert np.ptp(kept.position[:, 0, 1]) < 1e-9 and kept.speed[-1, 0] == pytest.approx(15.0, abs=0.3)


@pytest.mark.parametrize("changes", ["never", "blocked", "free"])
def test_what_lies_in_the_lane_is_passed_by_those_who_may(changes: str) -> None:
    place = road(2000.0, 2)
    agent = rolling(car(0.0, 28.0, 28.0, place=place, key=SECOND, ahead=1800.0), changes=changes)
    tracks = on(surface(), [agent], 20.0, place, box(200.0, MIDDLE - 3.5, 1.0))
    x, y = tracks.position[:, 0, :2].T
    if changes == "never":
        assert x.max() + FRONT < 199.0 and np.ptp(y) < 1e-9
        return
    beside = (x > 199.0 - FRONT) & (x < 201.0 + REAR)
    assert (y[beside] - 0.9 > MIDDLE - 3.5 + 1.0 + 0.2).all()
    assert y[-1] == pytest.approx(MIDDLE - 3.5, abs=0.02) and tracks.speed[-1, 0] > 27.0


@pytest.mark.parametrize(("rear_speed", "safe"), [(28.0, True), (45.0, False)])
def test_nobody_is_made_to_brake_harder_than_mobil_allows(rear_speed: float, safe: bool) -> None:
    """The safety criterion of Kesting et al. (2007), eq. 2: the new follower's acceleration is over -b_safe, 4 m/s2."""
    place = road(2000.0, 2)
    agent = rolling(car(60.0, 28.0, 28.0, place=place, key=SECOND, ahead=1800.0), changes="free")
    rear = rolling(car(0.0, rear_speed, rear_speed, place=place, ahead=1900.0, pace=2.0))
    tracks = on(surface(), [agent, rear], 12.0, place, box(230.0, MIDDLE - 3.5, 1.0))
    first = int(np.argmax(tracks.turn[:, 0] > 0))
    assert first > 0 or safe
    passed = tracks.position[first, 1, 0] > tracks.position[first, 0, 0]
    assert passed != safe
    assert tracks.acceleration[:, 1].min() > -4.1


def test_there_is_no_lane_to_change_to_where_it_soon_ends_or_none_is() -> None:
    agent = rolling(car(0.0, 28.0, 28.0, ahead=900.0), changes="free")
    tracks = on(surface(), [agent], 15.0, None, box(200.0, MIDDLE, 1.0))
    assert np.ptp(tracks.position[:, 0, 1]) < 1e-9 and tracks.speed[-1, 0] < 1.5


def test_slides_and_changes_are_the_same_bytes_each_time() -> None:
    def once(make: Callable[[], Tracks]) -> bytes:
        tracks = make()
        return tracks.position.tobytes() + tracks.rpy.tobytes() + tracks.turn.tobytes()

    for make in (lambda: bend(1.4, 0.3)[0], lambda: behind_a_slower_one("free")):
        assert once(make) == once(make)


# ---- scenarios


def air(**weather: float) -> Atmosphere:
    return Atmosphere(np.array([0.0, 0.0, 1.0]), 0.5, **weather)  # type: ignore[arg-type]


def test_the_weather_says_what_tyres_roll_on() -> None:
    assert film_mm(air()) == 0.0 and film_mm(air(water_film_m=0.1e-3)) == pytest.approx(0.1)
    assert film_mm(air(water_film_m=0.5e-3)) == 0.2  # in the texture: a wet road
    assert film_mm(air(water_film_m=2.8e-3)) == pytest.approx(2.0)  # 0.8 mm of it in the texture
    assert covering(air(water_film_m=1e-4, temperature_c=-2.0)) == "ice"  # freezing rain
    assert covering(air(temperature_c=-2.0)) is None and covering(air(snow_depth_m=0.03)) == "snow"
    white = road_weather(air(snow_depth_m=0.03))
    assert white.white and white.friction == SURFACE_FRICTION["snow"]


def test_sizes_of_a_chassis_are_those_of_the_model() -> None:
    for kind, mass in (("car", (900.0, 2500.0)), ("truck", (4000.0, 30_000.0)), ("bicycle", (80.0, 100.0))):
        actor: Any = member("actors", kind)()
        model = actor.models(np.random.default_rng(1))[0]
        row = chassis_of(model, kind)
        assert row is not None and row["front"] + row["rear"] == pytest.approx(model.wheelbase_m)
        assert mass[0] < row["mass"] < mass[1]
    assert chassis_of(model, "tram") is None


BEND = """
duration_s: 4
road: {kind: curve, radius_m: 90, angle_deg: 60}
surroundings: {kind: country, vegetation: 0}
ego: {kind: car, lane: -1, s_m: 95, speed_mps: 15}
traffic: {vehicles: 0, parked: 0, pedestrians: 0, cyclists: 0}
weather: {temperature_c: -3}
"""
ICE = "anomalies: [{kind: ice_patch, ahead_m: 30, lateral_m: 0, radius_m: 6, stretch: 2, count: 3}]"


def test_black_ice_of_a_scenario_makes_the_ego_slide_unless_it_is_told_its_manoeuvres(tmp_path: Path) -> None:
    def world(text: str) -> tuple[dict[str, str], np.ndarray]:
        (tmp_path / "bend.yaml").write_text(text)
        made = build_world(load(tmp_path / "bend.yaml").sample(seed=3))
        assert made.timeline.rows is not None
        column = made.timeline.rows.tolist().index(made.ego)
        return dict(made.scene.objects[made.ego].attributes), made.timeline.position[:, column]

    facts, dry = world(BEND)
    assert "slides_from_s" not in facts
    facts, icy = world(BEND + ICE)
    assert 0.5 < float(facts["slides_from_s"]) < 3.0
    assert 0.1 < np.abs(icy - dry).max() < 15.0
    told = BEND.replace("speed_mps: 15}", "speed_mps: 15, manoeuvres: [{do: {kind: speed, speed_mps: 15}}]}")
    facts, as_told = world(told + ICE)
    assert "slides_from_s" not in facts and np.abs(as_told[:, :2] - world(told)[1][:, :2]).max() < 1e-9


def test_the_curve_and_the_motorway_without_tyres_are_as_ever() -> None:
    place = road(0, 1, RADIUS)
    tracks = drive([car(0.0, 15.0, place=place, ahead=400.0)], 10.0, roads=place[1])
    assert not tracks.slides.any() and np.array_equal(tracks.asked, tracks.acceleration)
