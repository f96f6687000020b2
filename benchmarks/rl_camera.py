"""What agents of many worlds see: 84x84 pictures, range images, rings of beams and bird's-eye rasters, of a busy town.

Eight worlds share the town (half a million triangles stand) and a pool of models; each has its own 24 vehicles and 16
people, and eight agents with a sensor each. No peer renders such a scene on a CPU at this rate; pictures are full ones:
textures, sun and sky, shadows, haze, with the class of each pixel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.frame import busy_town
from benchmarks.table import Row, best_seconds, row

WORLDS, VEHICLES, PEOPLE, AGENTS = 8, 24, 16, 8
POOL_VEHICLES, POOL_PEOPLE = 8, 4
BEAMS, REACH_M = 240, 50.0


class Town(NamedTuple):
    """Scenery, the state of its worlds, and views of a camera on each agent."""

    scenery: Any
    states: Any
    views: Any


def town(threads: int) -> Town:
    """Build the town; its traffic is spread along the lanes anew in each world."""
    from simulator.numerics import se3
    from simulator.numerics.rng import generator
    from simulator.sensors.camera import MOUNT_SE3_OPTICAL
    from simulator.sensors.worlds.detail import figure_of
    from simulator.sensors.worlds.scenery import Scenery, States, standing_in
    from simulator.sensors.worlds.views import Views, mount
    from simulator.world import build_world

    world = build_world(busy_town())
    scene, start = world.scene, world.timeline.at(0)
    kinds = {"car": "vehicle", "van": "vehicle", "truck": "vehicle", "bus": "vehicle", "pedestrian": "person"}
    moving = [o for o in scene.objects if o.moving and o.class_name in kinds]
    vehicles = [o for o in moving if kinds[o.class_name] == "vehicle"]
    people = [o for o in moving if kinds[o.class_name] == "person"]
    models = [o.model for o in vehicles[:POOL_VEHICLES] + people[:POOL_PEOPLE]]
    figures = [figure_of(model, gait_rad=1.0) for model in models if model is not None]
    scenery = Scenery(
        standing_in(scene, start, threads=threads), figures, [world.atmosphere], VEHICLES + PEOPLE, threads=threads
    )
    states, rng = States.empty(WORLDS, VEHICLES + PEOPLE), generator(7, "traffic")
    for rows, first, count, of, size in (
        (vehicles, 0, VEHICLES, 0, POOL_VEHICLES),
        (people, VEHICLES, PEOPLE, POOL_VEHICLES, POOL_PEOPLE),
    ):
        for w in range(WORLDS):
            for k in range(count):
                place = rows[k % len(rows)].id
                yaw, along = start.rpy[place, 2], rng.uniform(-6, 6)
                x, y, z = start.position[place] - scene.origin + along * np.array([np.cos(yaw), np.sin(yaw), 0])
                states.actors[w, first + k] = (x, y, z, yaw, 0, 0, of + int(rng.integers(size)), 0)
    views = Views.empty(WORLDS * AGENTS)
    worlds, carriers = (array.ravel().astype(np.int32) for array in np.mgrid[:WORLDS, :AGENTS])
    lens = (se3.pose((1.6, 0, 1.4)) @ MOUNT_SE3_OPTICAL)[None, :3].astype(np.float32)
    mount(states.actors, worlds, carriers, lens, views)
    return Town(scenery, states, views)


def rows(threads: int) -> list[Row]:
    """Views a second."""
    return [*pictures(threads), *plane(threads)]


def pictures(threads: int) -> list[Row]:
    """The rows `camera 84x84` and `range image 32x512`, on one thread and on so many."""
    from simulator.sensors.optics import CameraModel
    from simulator.sensors.worlds.camera import BatchCamera
    from simulator.sensors.worlds.lidar import BatchLidar
    from simulator.sensors.worlds.views import mount

    out = []
    for count in dict.fromkeys((1, threads)):
        scenery, states, views = town(count)
        triangles = int(scenery.looks.first_facet[0])
        print(f"{triangles:,} triangles stand, {scenery.memory_bytes / 1e6:.0f} MB for all worlds")
        camera = BatchCamera(scenery, CameraModel.of(84, 84, [[42, 0, 41.5], [0, 42, 41.5], [0, 0, 1]]))
        lidar = BatchLidar(scenery, np.radians(np.linspace(2, -24.8, 32)), 512, 80.0)
        number = len(views.world)
        roof = views._replace(pose=views.pose.copy())
        level = np.eye(4, dtype=np.float32)[None, :3].copy()
        level[0, 2, 3] = 1.9
        mount(states.actors, views.world, views.hidden, level, roof)
        images, scans = camera.pictures(number), lidar.scans(number)
        works: dict[str, Callable[[], object]] = {
            "camera 84x84": lambda c=camera, s=states, v=views, o=images: c.render(s, v, o),  # type: ignore[misc]
            "range image 32x512": lambda c=lidar, s=states, v=roof, o=scans: c.scan(s, v, o),  # type: ignore[misc]
        }
        for work in works.values():
            work()  # compiles
        for name, seconds in zip(works, best_seconds(list(works.values()), rounds=15)):
            out.append(row(name, "frames/s", count, number / seconds))
    return out


def plane(threads: int) -> list[Row]:
    """The rows of sensors in the plane: a ring of beams and bird's-eye rasters amid 30 vehicles and 10 people."""
    from simulator.sensors.worlds.bird_eye import Window, bake, look_down
    from simulator.sensors.worlds.ring import beams_of, borders_of, look_around

    rng = np.random.default_rng(3)
    count, boxes_of = 256, 30
    yaw = rng.uniform(-np.pi, np.pi, boxes_of)
    boxes = np.zeros((1, boxes_of, 8))
    boxes[0, :, :2], boxes[0, :, 2], boxes[0, :, 3] = rng.uniform(-45, 45, (boxes_of, 2)), np.cos(yaw), np.sin(yaw)
    boxes[0, :, 4:] = 2.3, 0.9, 2, 255
    discs = np.concatenate([rng.uniform(-45, 45, (1, 10, 2)), np.full((1, 10, 1), 0.3)], 2)
    s = np.linspace(-400, 400, 801)
    lines: list[NDArray[Any]] = [np.column_stack([s, y + 3 * np.sin(s / 30)]) for y in (-14, -8, 8, 14)]
    lines += [np.column_stack([np.full_like(s, x), s]) for x in (-30.0, 30.0)]
    eyes = np.column_stack([rng.uniform(-20, 20, (count, 2)), rng.uniform(-np.pi, np.pi, count)])
    world, hidden = np.zeros(count, np.int32), np.full(count, -1, np.int32)
    borders, beams = borders_of(lines), beams_of(BEAMS, REACH_M)
    ring = np.empty((count, BEAMS), np.float32)
    raster = bake([[np.concatenate([lines[1], lines[2][::-1]])], []], [(1, line, 0.5) for line in lines])
    window, own = Window(84, 84, 0.5, 63.0, 41.5), np.zeros((count, 0, 8))
    maps = np.empty((count, 5, 84, 84), np.uint8)
    solid = np.ascontiguousarray(boxes[..., :6])
    out = []
    for number in dict.fromkeys((1, threads)):
        works: dict[str, Callable[[], object]] = {
            "ring of 240 beams": lambda n=number: look_around(  # type: ignore[misc]
                eyes, world, hidden, solid, discs, borders, beams, ring, n
            ),
            "bird's eye 84x84x5": lambda n=number: look_down(  # type: ignore[misc]
                eyes, world, boxes, own, raster, window, maps, n
            ),
        }
        for work in works.values():
            work()  # compiles
        for name, seconds in zip(works, best_seconds(list(works.values()))):
            out.append(row(name, "views/s", number, count / seconds))
    return out
