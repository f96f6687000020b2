"""The scene that cameras and lidars of all worlds share: the map with its surroundings, and a figure for every kind."""

from __future__ import annotations

import datetime as dt
import pickle
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.envs.observations.base import part_of
from simulator.numerics.jit import kernel
from simulator.numerics.rng import generator
from simulator.scene import Atmosphere, Model, SceneBuilder, Snapshot, Switch
from simulator.scene.material import Material
from simulator.scene.mesh import box
from simulator.scene.model import Body
from simulator.sensors.worlds.detail import Figure, figure_of
from simulator.sensors.worlds.scenery import Scenery, Standing, States, standing_in
from simulator.traffic.demand import KINDS
from simulator.traffic.person import Being, Mode
from simulator.traffic.signals import Colour
from simulator.traffic.state import Control

if TYPE_CHECKING:
    from simulator.envs.agents import Actors
    from simulator.envs.tasks.base import Weather
    from simulator.traffic.lane_map import LaneMap
    from simulator.traffic.simulation import Traffic

# Individuals of each kind that are modelled; who is which depends on the row.
CARS, PEOPLE = 4, 3
FARTHEST_M = 350.0  # from the middle of a map that has surroundings
PATH_M = 400.0  # along which these are dense
SNOW_MM = 40.0  # that lies on roads of snow
LYING_M, THICK_M = 0.85, 0.12  # half the height, half the thickness of people who lie
_ACTORS = {"van": "van", "truck": "truck", "semitrailer": "truck", "bus": "bus", "motorcycle": "motorcycle"}
_ACTORS |= {"bicycle": "bicycle"}
_SWITCHES = {Colour.RED: Switch.SIGNAL_RED, Colour.AMBER: Switch.SIGNAL_AMBER, Colour.GREEN: Switch.SIGNAL_GREEN}
MAPS_KEPT = 2  # of which what stands is kept for the next environment
_LAMPS = np.array([1 << _SWITCHES[colour] for colour in Colour], np.uint32)


class Stage:
    """What stands on the map of an environment, and where everybody is on it.

    Attributes:
        scenery: for `sensors.worlds`.
        states: of all worlds; brought up to date by `update`.
    """

    def __init__(self, actors: Actors, traffic: Traffic, weathers: Sequence[Weather], threads: int) -> None:
        """Build it, for worlds in these weathers: seconds, once for all."""
        self._actors, self._signals = actors, traffic.signals
        self._airs = {weather: atmosphere_of(weather) for weather in weathers}
        worlds, count = actors.vehicles.shape
        people = actors.people.shape[1]
        standing, self._shown = _standing(traffic.lane_map, traffic.plan.ids, threads)
        figures, self._figure = _figures(people > 0)
        self.scenery = Scenery(standing, figures, list(self._airs.values()), count + people, threads=threads)
        self.states = States.empty(worlds, count + people, len(self._shown))
        self._light(weathers)

    def relight(self, weathers: Sequence[Weather]) -> None:
        """Let there be other weathers in the worlds: a second for each that there was not before."""
        if set(weathers) != set(self._airs):
            self._airs = {weather: self._airs.get(weather) or atmosphere_of(weather) for weather in weathers}
            self.scenery.relight(list(self._airs.values()))
        self._light(weathers)

    def _light(self, weathers: Sequence[Weather]) -> None:
        row = {weather: number for number, weather in enumerate(self._airs)}
        self.states.weather[:] = [row[weather] for weather in weathers]

    def update(self, begin: int, end: int) -> Any:
        """`States` of worlds `begin` .. `end`: everybody and all lights as they are now."""
        _pose(self._actors, self._figure, self.states.actors, begin, end)
        self.states.signals[begin:end] = _LAMPS[self._signals[begin:end][:, self._shown]]
        return part_of(self.states, slice(begin, end))


def atmosphere_of(weather: Weather) -> Atmosphere:
    """Light and air of a day in June in Karlsruhe."""
    from simulator.weather.conditions import atmosphere_for
    from simulator.weather.fog import Fog
    from simulator.weather.rain import Rain
    from simulator.weather.snow import Snow

    members = [
        Fog(visibility_m=max(weather.visibility_m, 10.0)),
        Rain(rain_mm_h=weather.rain_mm_h, water_film_mm=weather.water_mm()),
        Snow(snow_depth_mm=SNOW_MM if weather.surface == "snow" else 0.0),
    ]
    utc = dt.datetime(2025, 6, 21) + dt.timedelta(hours=weather.clock_h - 2.0)
    return atmosphere_for(utc, 49.01, 8.43, members, 115.0)


def _standing(lane_map: LaneMap, ids: Sequence[str], threads: int) -> tuple[Standing, NDArray[np.int64]]:
    """What stands on a map, and those of its traffic lights `ids` that are seen; the last few maps' are kept."""
    return _standing_of(pickle.dumps((lane_map, tuple(ids))), threads)


@lru_cache(maxsize=MAPS_KEPT)
def _standing_of(pickled: bytes, threads: int) -> tuple[Standing, NDArray[np.int64]]:
    """`_standing` of equal maps is equal: they are told by their bytes."""
    lane_map, ids = pickle.loads(pickled)
    builder, heads = _surroundings(lane_map)
    positions, rpy = builder.initial_poses()
    zero, none = np.zeros(len(positions)), np.zeros((len(positions), 3))
    rest = Snapshot(0, positions, rpy, none, none, zero, zero, zero, np.zeros(len(positions), np.uint32))
    shown = np.array([k for k, name in enumerate(ids) if name in heads], np.int64)
    return standing_in(builder.build(), rest, [heads[ids[k]] for k in shown.tolist()], threads), shown


def _surroundings(lane_map: LaneMap) -> tuple[SceneBuilder, dict[str, int]]:
    """Ground, buildings, plants and signs about the middle of the map, and the ids of its traffic lights."""
    from simulator.roads.surface import surface
    from simulator.surroundings.populate import populate
    from simulator.world.casting import waiting_trailer

    network, origin = lane_map.network, lane_map.origin
    builder = SceneBuilder(origin)
    low, high = network.bounds
    middle, radius = 0.5 * (low + high), min(0.5 * float(np.hypot(*(high - low))) + 60.0, FARTHEST_M)
    ground = surface(network, origin, middle, radius)
    for mesh, materials, class_name in ground.meshes:
        builder.add_mesh(mesh, materials, class_name)
    rows = lane_map.arrays.lanes
    first = lane_map.arrays.samples[rows["first"] + rows["samples"] // 2]
    central = np.hypot(first["x"] + origin[0] - middle[0], first["y"] + origin[1] - middle[1])
    key = lane_map.keys[int(central.argmin())][0]
    section = network.roads[key.road].sections[key.section]
    start = section.s0 if network.roads[key.road].drives_forward(key.lane) else section.s1
    path = network.path(key, start, PATH_M, lambda lanes: lanes[0])
    return builder, populate(builder, network, ground, path, radius_m=radius, trailer=waiting_trailer).signals


@cache
def _figure(kind: str, number: int) -> Figure:
    """The figure of one model of a kind, the same in all environments."""
    from simulator.scenario.family import member

    maker: Any = member("actors", kind)()
    return figure_of(maker.model(generator(0, "envs", kind, number)))


def _figures(people: bool) -> tuple[list[Figure], NDArray[np.int64]]:
    """The pool, and (kinds, individuals) rows of it: kinds of traffic, then beings, then a lost thing.

    Without `people` none is modelled, and all beings have the last row.
    """
    wanted = [*(("car", n) for n in range(CARS)), *((kind, 0) for kind in sorted(set(_ACTORS.values())))]
    if people:
        wanted += [*(("pedestrian", n) for n in range(PEOPLE)), *((kind, 0) for kind in ("child", "dog", "deer"))]
    made = {key: _figure(*key) for key in wanted}
    crate = Model("debris", (Body(box((0.8, 0.6, 0.5), (0.0, 0.0, 0.25)), (Material("board", (0.35, 0.25, 0.15)),)),))
    made["crate", 0] = figure_of(crate)
    row = {key: number for number, key in enumerate(made)}
    beings = {Being.CHILD: "child", Being.DOG: "dog", Being.ANIMAL: "deer"}
    kinds = [_ACTORS.get(str(name), "car") for name in KINDS["name"]]
    kinds += [beings.get(being, "pedestrian") for being in Being] + ["crate"]
    individuals = {"car": CARS, "pedestrian": PEOPLE}
    last = len(made) - 1
    table = [[row.get((kind, n % individuals.get(kind, 1)), last) for n in range(max(CARS, PEOPLE))] for kind in kinds]
    return list(made.values()), np.array(table)


_BEINGS, _THING = len(KINDS), len(KINDS) + len(Being)


@kernel
def _pose(actors, figure, rows, begin, end):
    """Fill `rows` (W, A + P) ACTOR_DTYPE from the actors of worlds `begin` .. `end`."""
    count, individuals = actors.vehicles.shape[1], figure.shape[1]
    for w in range(begin, end):
        for i in range(count):
            v, p, row = actors.vehicles[w, i], actors.drivers[w, i], rows[w, i]
            row.x, row.y, row.z, row.yaw, row.pitch, row.roll = v.x, v.y, v.z, v.yaw, v.pitch, v.roll
            row.lamps = v.lamps
            kind = _THING if v.control == Control.WRECK and p.wheelbase < 1.0 else p.model
            row.model = figure[kind, (i + v.serial) % individuals]
            if v.control == Control.NOBODY or v.control == Control.ARRIVED:
                row.model = -1
        for i in range(actors.people.shape[1]):
            p, row = actors.people[w, i], rows[w, count + i]
            row.x, row.y, row.z, row.yaw, row.pitch, row.roll = p.x, p.y, p.z, p.heading, 0.0, 0.0
            if p.mode == Mode.FALLEN:  # on its back, its middle where it is, its head where it went
                row.x, row.y = p.x - LYING_M * np.cos(p.heading), p.y - LYING_M * np.sin(p.heading)
                row.z, row.pitch = p.z + THICK_M, 0.5 * np.pi
            row.lamps = np.uint32(0)
            row.model = figure[_BEINGS + p.being, i % individuals] if p.being != Being.NOBODY else -1
