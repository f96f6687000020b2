"""Concrete scenario -> World: road and scenery, ego, script, anomalies, traffic, and their motion over the drive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics import vehicle, vehicles
from simulator.dynamics.body import sway
from simulator.dynamics.courses import STEP_NS, Tracks, velocities
from simulator.dynamics.motion import Driver
from simulator.dynamics.surface import Surface
from simulator.errors import UnmetDemand
from simulator.numerics.rng import generator
from simulator.roads import RoadNetwork
from simulator.scenario.models import Scenario
from simulator.scenario.road_network import build_network
from simulator.scene import Atmosphere, Scene, SceneBuilder, Snapshot, Timeline, footing
from simulator.scene.builder import SceneObject
from simulator.surroundings.signals import lenses_of
from simulator.traffic.conditions import conditions_in
from simulator.traffic.lane_map import NONE
from simulator.traffic.person import Mode
from simulator.traffic.signals import SignalPlan, plan_signals
from simulator.traffic.staged import SCENERY, Roads, entry_speed, roads_of, run, standing_bodies
from simulator.weather.conditions import Conditions
from simulator.world.afoot import Afoot
from simulator.world.cast import Cast
from simulator.world.casting import waiting_trailer
from simulator.world.falling import fall, off_the_saddle
from simulator.world.glances import glances, looking
from simulator.world.grip import CHASSIS, HEAVY, TWO_WHEELED, chassis_of, ground_of, road_weather, slippery_lanes
from simulator.world.hitch import hitch_angles
from simulator.world.lamps import (
    BEACON,
    BRAKE,
    BRAKING_MPS2,
    FLASHING,
    LEFT,
    RIGHT,
    STANDING_MPS,
    Bits,
    flashing,
    signal_bits,
    switched,
)
from simulator.world.loosened import let_loose
from simulator.world.near import Near
from simulator.world.population import Population, driving_lamps
from simulator.world.recorded import MAP_ERROR_M, Recorded, ego_route, later_shapes, read_recorded
from simulator.world.recorded import place as place_recorded
from simulator.world.recorded import timeline as recorded_timeline
from simulator.world.route import Route, choose_route, highest_speed
from simulator.world.script import act, events_of, indicators_of
from simulator.world.setting import conditions_of
from simulator.world.sight import Sight
from simulator.world.signals import stops_on
from simulator.world.walls import Walls

if TYPE_CHECKING:
    from simulator.anomalies.base import Site

SCENERY_RADIUS_M = 260.0  # of ground about what lies ahead of the ego at the start, and about where it ends its drive
VIEW_AHEAD_M, WAY_STEP_M = 60.0, 5.0
JAYWALKING = "BEH-14"  # of `assets/taxonomy.csv`


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A world ready for sensors.

    Attributes:
        scenario: the concrete scenario that it was built from.
        network: roads.
        route: the ego's lane path.
        scene: geometry, materials, objects.
        conditions: light and weather over the drive.
        timeline: where everything is during the drive.
        ego: object id of the ego vehicle.
        same: ids of objects that are later shapes of others, and of these.
    """

    scenario: Scenario
    network: RoadNetwork
    route: Route
    scene: Scene
    conditions: Conditions
    timeline: Timeline
    ego: int
    same: Mapping[int, int] = field(default_factory=dict)

    @property
    def atmosphere(self) -> Atmosphere:
        """Light and weather at the start."""
        return self.conditions.at(0)


def build_world(scenario: Scenario) -> World:
    """Build the world of a concrete scenario.

    Raises:
        InputError: map and scenario do not fit together.
        UnmetDemand: the ego sees an anomaly earlier or later than it demands.
    """
    assert scenario.seed is not None, "sample the scenario first"
    from simulator.anomalies.base import Site
    from simulator.roads.surface import surface
    from simulator.roads.surface_marks import american_marks
    from simulator.roads.surface_materials import SurfaceStyle
    from simulator.surroundings.populate import populate
    from simulator.surroundings.species import season_of
    from simulator.surroundings.styles import choose_style

    seed = scenario.seed
    network = build_network(scenario.road, seed)
    if scenario.surroundings.signs == "mutcd" and scenario.road.opendrive is None:
        network = american_marks(network)
    drive = None if scenario.recording is None else read_recorded(FilePath(scenario.recording), network)
    route = choose_route(network, scenario) if drive is None else ego_route(network, drive)
    conditions = conditions_of(scenario, () if drive is None else drive.settings)
    atmosphere = conditions.at(0)
    origin = np.round(route.path.xyz[0])
    builder = SceneBuilder(origin)
    middle, radius = _scenery(scenario, route, whole=drive is not None)
    season = season_of(scenario.start_utc.timetuple().tm_yday, scenario.place.latitude_deg)
    style = choose_style(scenario.surroundings.kind, network, route.path, seed)
    relief_m = style.relief_m if scenario.road.opendrive is None else 0.0
    look = SurfaceStyle.draw(seed, land=style.land, season=season, manholes=style.urban, relief_m=relief_m)
    ground = surface(network, origin, middle, radius, seed=seed, style=look)
    for mesh, materials, class_name in ground.meshes:
        builder.add_mesh(mesh, materials, class_name)

    cast = Cast(builder, season)
    site = Site(builder, network, route.path, atmosphere, season)
    plan = plan_signals(network, seed)
    right_of_way = None
    if drive is not None:
        placed = place_recorded(drive, cast, seed, atmosphere)
        ego = placed[0].row
    else:
        about = scenario.traffic
        roads = roads_of(network, plan, on_foot=about.pedestrians + about.animals > 0)
        right_of_way = (roads.lane_map, roads.map.gates)
        known = conditions_in(road_weather(atmosphere), float(route.path.speed_limit_mps[0]))
        ego = _place_ego(scenario, roads, route, cast, atmosphere, known)
        for number, spec in enumerate(scenario.actors):
            act(spec, number, roads, route, cast, seed, atmosphere)
        first = _place_anomalies(scenario, site, cast)
        near = Near(network, roads, route, cast, scenario, atmosphere, known)
        population, afoot = Population(near), Afoot(near)
        population.vehicles()
        population.cyclists()
        population.parked()
        afoot.people()
        afoot.animals()
    scenery = populate(
        builder,
        network,
        ground,
        route.path,
        style=scenario.surroundings.kind,
        seed=seed,
        season=season,
        snow_m=atmosphere.snow_depth_m,
        vegetation=scenario.surroundings.vegetation,
        buildings=scenario.surroundings.buildings,
        street_lamps=scenario.surroundings.street_lamps,
        signs=scenario.surroundings.signs,
        taken=np.array(cast.footprints),
        right_of_way=right_of_way,
        trailer=waiting_trailer,
    )
    if drive is not None:
        shown = _signals_shown(drive, network, route, plan, scenery.signals, builder)
        timeline = recorded_timeline(drive, placed, cast, _rest(cast), conditions, shown)
        same = later_shapes(placed, cast.partners)
        return World(scenario, network, route, builder.build(), conditions, timeline, ego, same)
    slippery = [*site.patches, *slippery_lanes(network, route.path.xyz)]
    grip = ground_of(atmosphere, slippery, roads.lane_map.origin)
    tracks, scene = _simulate(scenario, cast, roads, builder.build(), atmosphere.visibility_m, grip, known)
    for number, (anomaly, parts) in enumerate(zip(scenario.anomalies, pairwise(first))):
        _check_sight(anomaly, f"anomalies.{number}", scene.objects[slice(*parts)])
    actor: Any = scenario.ego.actor
    tracks = _on_feet(cast, _on_ground(builder, tracks))  # those of wheels, whose pitch is that of the ground
    swaying = _on_springs(cast, {ego: actor.class_name}, tracks)
    watching = glances(builder, tracks)
    scene = replace(scene, objects=looking(scene.objects, watching))
    told = _timeline(cast, swaying, plan, scenery.signals, watching)
    timeline, scene = let_loose(tracks, told, scene, site)
    return World(scenario, network, route, scene, conditions, timeline, ego)


def _signals_shown(
    drive: Recorded, network: RoadNetwork, route: Route, plan: SignalPlan, heads: dict[str, int], builder: SceneBuilder
) -> list[tuple[int, Bits]]:
    """Object id and lamps (T,) of each traffic light: as the drive controls it, else green for the ego's way."""
    times = np.arange(len(drive.ego.poses)) * drive.dt
    usual = plan.held([k for _, k in stops_on(network, route.path, plan)])
    shown = []
    for k, number in enumerate(plan.ids):
        if number in heads:
            model = builder.objects[heads[number]].model
            assert model is not None
            lenses = [1 << lens for lens in lenses_of(dict(model.attributes)["light"])]
            shown.append((heads[number], signal_bits(times, int(usual[k]), drive.signals.get(number, ()), lenses)))
    return shown


def _place_anomalies(scenario: Scenario, site: Site, cast: Cast) -> list[int]:
    """Place all anomalies; returns the id of the first object of each, and the next free one."""
    first = [len(cast.builder.objects)]
    for number, anomaly in enumerate(scenario.anomalies):
        member: Any = anomaly
        member.place(site, generator(scenario.seed or 0, "anomaly", number))
        first.append(len(cast.builder.objects))
    _keep_clear(cast, first[0])
    for motion in site.motions:
        cast.follow(motion)
    cast.lamps.update(site.lamps)
    return first


def _scenery(scenario: Scenario, route: Route, *, whole: bool) -> tuple[Any, float]:
    """Centre and radius of the ground that is made: around all of the ego's way, or what it gets to see of it."""
    path, first, last = route.path, 0.0, route.path.length
    if not whole:
        told, ego = scenario.ego.speed_mps, scenario.ego
        speed = highest_speed(float(path.speed_limit_mps.max()) if told is None else told, ego.manoeuvres)
        first = min(VIEW_AHEAD_M, path.length / 2)
        last = max(first, min(speed * scenario.duration_s, path.length))
    way = path.at(np.linspace(first, last, 1 + int(np.ceil((last - first) / WAY_STEP_M))), 0.0)[0][:, :2]
    low, high = way.min(0), way.max(0)
    return (low + high) / 2, float(np.hypot(*(high - low)) / 2) + SCENERY_RADIUS_M


def _place_ego(
    scenario: Scenario, roads: Roads, route: Route, cast: Cast, atmosphere: Atmosphere, known: NDArray[np.void]
) -> int:
    spec = scenario.ego
    actor: Any = spec.actor
    rng = generator(scenario.seed or 0, "ego")
    position, rpy = route.path.at(np.zeros(1), spec.lateral_m)
    models = actor.dressed(atmosphere.temperature_c).models(rng)
    models[0] = replace(models[0], class_name="ego")
    row = cast.add(models, position[0], rpy[0], name="ego")
    cast.lamps[row] = switched(driving_lamps(atmosphere.headlamps, rng), spec.lights)
    limit = float(route.path.speed_limit_mps[0])
    wanted = speed = spec.speed_mps or 0.0
    if spec.speed_mps is None:
        wanted = float(actor.max_speed_mps)
        front = float(models[0].bounds[1, 0])
        speed = entry_speed(route.path, min(limit, wanted), front_m=front, conditions=known)
    width = float(route.path.width[0])
    driver = Driver(
        wanted,
        acceleration_mps2=actor.acceleration_mps2,
        deceleration_mps2=actor.deceleration_mps2,
        pace=max(1.0, highest_speed(speed, spec.manoeuvres) / limit),
        changes="never" if spec.manoeuvres else spec.lane_changes,
        weather_wise=not spec.manoeuvres,
        told_pace=0.0 if spec.speed_mps is None else speed / limit,
    )
    agent = cast.drive(
        row,
        route.path.xyz,
        speed,
        driver,
        lateral_m=spec.lateral_m,
        events=events_of(spec.manoeuvres, spec.lateral_m, width),
        way=roads.stretches(route.path),
        dead_end=route.path.dead_end,
        by_chance=spec.speed_mps is None,
        chassis=None if spec.manoeuvres else chassis_of(models[0], actor.class_name),
    )
    cast.indicators += indicators_of(spec.manoeuvres, agent)
    return row


def _keep_clear(cast: Cast, first: int) -> None:
    """Reserve the ground under the objects added since `first`, so that traffic is not placed into them."""
    positions, _ = cast.builder.initial_poses()
    for thing in cast.builder.objects[first:]:
        if thing.model is not None:
            low, high = thing.model.bounds
            reach = float(np.hypot(*np.maximum(np.abs(low[:2]), np.abs(high[:2]))))
            cast.occupy(float(positions[thing.id, 0]), float(positions[thing.id, 1]), min(reach, 8.0))


def _simulate(
    scenario: Scenario,
    cast: Cast,
    roads: Roads,
    scene: Scene,
    range_m: float,
    ground: Surface,
    known: NDArray[np.void],
) -> tuple[Tracks, Scene]:
    """Motion of all agents, and the scene in which anomalies say how they came into the ego's view, and vehicles that
    lost their hold when they did.

    Everything else that stands on the road and is no flat patch is an obstacle; drivers heed what they see.
    """
    moving = [agent.object for agent in cast.agents]
    driving = {*moving, *cast.partners.values()}
    # What belongs to another thing (the water in a hole, the bicycle of a rider) is seen with that.
    whole = [thing for thing in scene.objects if thing.model is not None and not thing.parent]
    things = [thing for thing in whole if thing.id not in driving]
    standing = [thing for thing in things if thing.class_name not in FLAT_OR_ASIDE]
    others = [thing for thing in things if thing.class_name in FLAT_OR_ASIDE and thing.anomaly]
    positions, rpy = cast.builder.initial_poses()
    rows = [thing.id for thing in standing]
    bounds = np.array([cast.bounds(row) for row in rows]).reshape(-1, 2, 3)
    solid = np.array([thing.model is not None and thing.model.wheelbase_m > 0 for thing in standing], np.bool_)
    obstacles = standing_bodies(positions[rows], rpy[rows, 2], bounds[:, 0], bounds[:, 1], solid)
    bodies = [*moving, *rows, *(thing.id for thing in others)]
    sight = Sight(scene, _rest(cast), moving, bodies[len(moving) :], range_m)
    tracks = run(
        cast.agents,
        0,
        obstacles,
        scenario.duration_s,
        roads,
        sight,
        walls=Walls(scene, _rest(cast)),
        ground=ground,
        conditions=known,
        seed=scenario.seed or 0,
    )
    objects = _told(scene.objects, tracks, [*moving, *rows])
    for number, row in enumerate(bodies):
        if objects[row].anomaly:
            facts = {name: f"{value:.2f}" for name, value in sight.first_sight(tracks, number).items()}
            objects[row] = replace(objects[row], attributes={**objects[row].attributes, **facts})
    return tracks, replace(scene, objects=tuple(objects))


def _told(things: Sequence[SceneObject], tracks: Tracks, bodies: Sequence[int]) -> list[SceneObject]:
    """Objects that say when they slid, crashed, or crossed a street in a drive; who did so anywhere is an anomaly.

    `bodies` are the ids of the agents and of the obstacles.
    """
    objects = list(things)
    for i, agent in enumerate(tracks.agents):
        facts, anomaly = dict[str, str](), objects[agent.object].anomaly
        for name, during in (("slides", tracks.slides[:, i]), ("crosses", tracks.crosses[:, i] > 0)):
            if during.any():
                first, last = np.flatnonzero(during)[[0, -1]] * STEP_NS * 1e-9
                facts |= {f"{name}_from_s": f"{first:.2f}", f"{name}_until_s": f"{last:.2f}"}
        if np.isfinite(tracks.crashed_s[i]):
            facts["crashed_s"] = f"{tracks.crashed_s[i]:.2f}"
        if tracks.crashed_into[i] != NONE:
            other = int(tracks.crashed_into[i])
            facts["collision"] = "scenery" if other == SCENERY else objects[bodies[other]].name
        if (tracks.crosses[:, i] == Mode.STRAYING).any():
            anomaly = anomaly or JAYWALKING
        if facts:
            known = objects[agent.object]
            objects[agent.object] = replace(known, anomaly=anomaly, attributes={**known.attributes, **facts})
    return objects


def _check_sight(anomaly: Any, key: str, things: tuple[SceneObject, ...]) -> None:
    """Raise UnmetDemand unless the first of an anomaly's things to come into the ego's view does so when it should."""
    least, most = anomaly.ttc_at_least_s, anomaly.ttc_at_most_s
    if least is None and most is None:
        return
    facts = [thing.attributes for thing in things if thing.moving] or [thing.attributes for thing in things]
    seen = [fact for fact in facts if "ttc_at_first_sight_s" in fact]
    if not seen:
        raise UnmetDemand("the ego never sees it on collision course during the drive", key=key)
    ttc = float(min(seen, key=lambda fact: float(fact["first_seen_s"]))["ttc_at_first_sight_s"])
    if least is not None and ttc < least:
        raise UnmetDemand(f"the ego first sees it {ttc:g} s before a collision, not at least {least:g} s", key=key)
    if most is not None and ttc > most:
        raise UnmetDemand(f"the ego first sees it {ttc:g} s before a collision, not at most {most:g} s", key=key)


def _on_ground(builder: SceneBuilder, tracks: Tracks) -> Tracks:
    """Tracks with the axles of all vehicles on the ground: maps whose roads disagree have it between their heights."""
    position, rpy = tracks.position.copy(), tracks.rpy.copy()
    wheeled = [i for i, agent in enumerate(tracks.agents) if agent.wheelbase_m > 0]
    base = np.array([tracks.agents[i].wheelbase_m for i in wheeled])
    yaw, pitch = rpy[:, wheeled, 2], rpy[:, wheeled, 1]
    rear = position[:, wheeled]
    front = rear + base[:, None] * np.stack([np.cos(yaw), np.sin(yaw), -np.tan(pitch)], -1)
    axles = np.stack([rear, front])
    z = builder.ground_height(axles.reshape(-1, 3)).reshape(axles.shape[:-1])
    z = np.where(np.abs(z - axles[..., 2]) < MAP_ERROR_M, z, axles[..., 2])
    position[:, wheeled, 2] = z[0]
    rpy[:, wheeled, 1] = -np.arctan((z[1] - z[0]) / base)
    return replace(tracks, position=position, rpy=rpy)


def _on_springs(cast: Cast, classes: dict[int, str], tracks: Tracks) -> Tracks:
    """Tracks with bodies that pitch and roll on their springs, and two-wheelers that lean into curves.

    A body turns about the ground below the middle of its axles, wheels and all: at 0.3 g they move by less than 2 cm.

    Args:
        cast: who drives.
        classes: of objects whose models do not tell, by id.
        tracks: of wheels on the ground.
    """
    position, rpy = tracks.position.copy(), tracks.rpy.copy()
    models = [(agent.object, cast.builder.objects[agent.object].model) for agent in tracks.agents]
    names = [classes.get(row, "" if model is None else model.class_name) for row, model in models]
    sprung = [i for i, name in enumerate(names) if name in SPRUNG and tracks.agents[i].wheelbase_m > 0]
    if len(tracks.times_ns) < 2 or not sprung:
        return tracks
    kinds = sorted({names[i] for i in sprung})
    table = vehicles([vehicle(SPRUNG[kind]) for kind in kinds])
    # What slides does not go where it looks.
    way = velocities(position[:, sprung], tracks.times_ns)
    gone = tracks.slides[:, sprung] & (np.hypot(way[..., 0], way[..., 1]) > STANDING_MPS)
    course = np.where(gone, np.arctan2(way[..., 1], way[..., 0]), rpy[:, sprung, 2])
    turning = np.gradient(np.unwrap(course, axis=0), tracks.times_ns * 1e-9, axis=0)
    roll, pitch = sway(
        tracks.acceleration[:, sprung],
        tracks.speed[:, sprung] * turning,
        np.array([kinds.index(names[i]) for i in sprung]),
        table,
        float(tracks.times_ns[1]) * 1e-9,
    )
    rpy[:, sprung, 0] += roll
    rpy[:, sprung, 1] += pitch
    position[:, sprung, 2] += 0.5 * np.array([tracks.agents[i].wheelbase_m for i in sprung]) * np.sin(pitch)
    for i in sprung:
        if names[i] in TWO_WHEELED and np.isfinite(tracks.crashed_s[i]):
            model = cast.builder.objects[tracks.agents[i].object].model
            if model is not None:
                position[:, i, 2] += fall(rpy[:, i], tracks.times_ns * 1e-9 - tracks.crashed_s[i], [model])
    return replace(tracks, position=position, rpy=rpy)


def _on_feet(cast: Cast, tracks: Tracks) -> Tracks:
    """Tracks with people and animals on the ground below their feet, not on the line that they follow."""
    position, rpy = tracks.position.copy(), tracks.rpy.copy()
    for i, agent in enumerate(tracks.agents):
        model = cast.builder.objects[agent.object].model
        if model is None or model.class_name not in LEGGED:
            continue
        z, roll, pitch = footing(cast.builder, model, position[:, i], rpy[:, i, 2])
        near = np.abs(z - position[:, i, 2]) < MAP_ERROR_M
        position[near, i, 2] = z[near]
        if not agent.upright:
            rpy[near, i, 0], rpy[near, i, 1] = roll[near], pitch[near]
    return replace(tracks, position=position, rpy=rpy)


# Whose springs, of `assets/dynamics.yaml`, those of a class have; lorries and buses there have none and stay level.
SPRUNG = {name: springs for name, springs in CHASSIS.items() if name not in HEAVY}
SWAY_S = 4.0  # period of the sway of those who stand: most of its power lies below 0.5 Hz (stabilometry)
LEGGED = frozenset({"pedestrian", "animal"})
FLAT_OR_ASIDE = frozenset({"road_defect", "traffic_sign", "traffic_light", "street_furniture"})


def _rest(cast: Cast) -> Snapshot:
    """State of all objects at the start."""
    positions, rpy = cast.builder.initial_poses()
    total = len(positions)
    zero, steer, dark = np.zeros(total), np.zeros(total), np.zeros(total, np.uint32)
    for row, angle in cast.steered.items():
        steer[row] = angle
    for row, bits in cast.lamps.items():
        dark[row] = bits
    still = np.zeros((total, 3))
    return Snapshot(0, positions, rpy, still, still.copy(), zero, steer, zero.copy(), dark)


def _timeline(
    cast: Cast, tracks: Tracks, plan: SignalPlan, signals: dict[str, int], watching: Mapping[int, NDArray[np.float64]]
) -> Timeline:
    """States of all objects that move or whose lamps change, over the drive; `watching`: gait of who turns its head."""
    steps, count = tracks.speed.shape
    rest = _rest(cast)
    gait = np.zeros((steps, count))
    for i, agent in enumerate(tracks.agents):
        if agent.stride_m > 0:
            gait[:, i] = tracks.travel[:, i] * (2 * np.pi / agent.stride_m)
        thing = cast.builder.objects[agent.object].model
        if thing is not None and thing.following_m > 0:
            gait[:, i] = hitch_angles(thing, tracks.position[:, i], tracks.rpy[:, i, 2])
    rows = [agent.object for agent in tracks.agents]
    leading = [i for i, row in enumerate(rows) if row in cast.partners]
    source = [*range(count), *leading]
    rows += [cast.partners[rows[i]] for i in leading]
    position, rpy = tracks.position[:, source], tracks.rpy[:, source]
    for n, i in enumerate(leading, start=count):
        driven, rider = (cast.builder.objects[row].model for row in (rows[i], rows[n]))
        if driven and rider and driven.class_name in TWO_WHEELED and np.isfinite(tracks.crashed_s[i]):
            since_s = tracks.times_ns * 1e-9 - tracks.crashed_s[i]
            position[:, n], rpy[:, n] = off_the_saddle(position[:, i], rpy[:, i], since_s, [driven], rider)
    lamps = _lamp_bits(cast, tracks)
    blinking = [row for row in cast.lamps if row not in set(rows) and cast.lamps[row] & FLASHING]
    lit = [(signals[sid], k) for k, sid in enumerate(plan.ids) if sid in signals]
    # Who stands shifts the weight from leg to leg, each at a time of their own.
    standing = {row: row + tracks.times_ns * (2e-9 * np.pi / SWAY_S) for row in cast.idle} | dict(watching)
    extra = [*blinking, *(row for row, _ in lit), *standing]
    extra_lamps = np.zeros((steps, len(extra)), np.uint32)
    for i, row in enumerate(blinking):
        extra_lamps[:, i] = _own_lamps(cast.lamps[row], tracks.times_ns * 1e-9)
    state = plan.state(tracks.times_ns)
    for i, (_, k) in enumerate(lit):
        extra_lamps[:, len(blinking) + i] = state[:, k]

    velocity = velocities(position, tracks.times_ns)
    if steps < 2:  # of a single moment, too, it shows who moves
        yaw, pitch = rpy[..., 2], rpy[..., 1]
        velocity = tracks.speed[:, source, None] * np.stack([np.cos(yaw), np.sin(yaw), -np.tan(pitch)], -1)

    def both(values: Any, resting: Any) -> Any:
        """What moves by the tracks, then what rests."""
        still = np.broadcast_to(resting[extra], (steps, *resting[extra].shape))
        return np.concatenate([values, still], axis=1)

    gaits = both(gait[:, source], rest.gait_rad)
    for i, phase in enumerate(standing.values(), start=len(rows) + len(blinking) + len(lit)):
        gaits[:, i] = phase
    return Timeline(
        tracks.times_ns,
        both(position, rest.position),
        both(rpy, rest.rpy),
        both(velocity, rest.velocity),
        both(tracks.travel[:, source], rest.travel_m),
        both(tracks.steer[:, source], rest.steer_rad),
        gaits,
        np.concatenate([lamps[:, source], extra_lamps], axis=1),
        np.array([*rows, *extra], np.int64),
        rest,
    )


def _own_lamps(bits: int, seconds: Any) -> Bits:
    """(T,) switched-on lamps, those that flash at their rates."""
    out = np.full(len(seconds), bits & ~FLASHING, np.uint32)
    for switches in (LEFT | RIGHT, BEACON):
        out |= np.where(flashing(seconds, switches), np.uint32(bits & switches), np.uint32(0))
    return out


def _lamp_bits(cast: Cast, tracks: Tracks) -> Bits:
    """(T, A) lamps of the agents: their own, stop lamps when braking or standing, flashing indicators."""
    steps, count = tracks.speed.shape
    seconds = tracks.times_ns * 1e-9
    bits = np.zeros((steps, count), np.uint32)
    for i, agent in enumerate(tracks.agents):
        bits[:, i] = _own_lamps(cast.lamps.get(agent.object, 0), seconds)
        if agent.wheelbase_m > 0 and agent.driver.reacts:
            braking = (tracks.asked[:, i] < BRAKING_MPS2) | (tracks.speed[:, i] < STANDING_MPS)
            bits[:, i] |= np.where(braking, np.uint32(BRAKE), np.uint32(0))
            for side, switch in ((1, LEFT), (-1, RIGHT)):
                turning = (tracks.turn[:, i] == side) & flashing(seconds, switch)
                bits[:, i] |= np.where(turning, np.uint32(switch), np.uint32(0))
    for agent_index, begin, end, switch in cast.indicators:
        during = flashing(seconds, 1 << switch, begin) & (seconds >= begin) & (seconds <= end)
        bits[:, agent_index] |= np.where(during, np.uint32(1 << switch), np.uint32(0))
    return bits
