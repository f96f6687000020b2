"""Fast sensors of many worlds against single rays, shapely, and tests of points in polygons."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from small_world import GREY, ORIGIN, air, drive, thing

from simulator import raycast
from simulator.actors.cars import Car
from simulator.numerics import se3
from simulator.scene import Atmosphere, Material, SceneBuilder, Snapshot, Switch
from simulator.scene.classes import class_id
from simulator.scene.mesh import box, ellipsoid
from simulator.scene.model import Body, Model
from simulator.sensors.camera import MOUNT_SE3_OPTICAL
from simulator.sensors.lidar_models import load_lidar
from simulator.sensors.optics import CameraModel
from simulator.sensors.worlds.bird_eye import Window, bake, look_down
from simulator.sensors.worlds.camera import BatchCamera
from simulator.sensors.worlds.detail import Figure, figure_of
from simulator.sensors.worlds.lidar import BatchLidar, rows_of
from simulator.sensors.worlds.light import SUN_LIGHT
from simulator.sensors.worlds.ring import beams_of, borders_of, look_around
from simulator.sensors.worlds.scenery import Scenery, States, follow, standing_in
from simulator.sensors.worlds.shade import Pictures
from simulator.sensors.worlds.views import Views, mount

WORLDS, ACTORS = 3, 14
SIGNAL = np.array([20.0, 0, 0])
LOW_SUN = np.array([0.0, 0.8, 0.6])
CAMERA = CameraModel.of(84, 84, [[42, 0, 41.5], [0, 42, 41.5], [0, 0, 1]])
ACTOR_SE3_CAMERA = (se3.pose((1.5, 0, 1.4)) @ MOUNT_SE3_OPTICAL)[None, :3].astype(np.float32)
RED = Material("lamp", (0.1, 0.02, 0.02), emission_cd_m2=(40_000.0, 2000.0, 2000.0), switch=Switch.BRAKE)
GREEN = Material("lens", (0.02, 0.05, 0.02), emission_cd_m2=(2000.0, 60_000.0, 2000.0), switch=Switch.SIGNAL_GREEN)


def night() -> Atmosphere:
    return Atmosphere(np.array([0.6, 0, -0.8]), -0.9)


@cache
def pool() -> tuple[Figure, ...]:
    """A round car, a box with a brake lamp, and a walker: one level each, so that what is cast is known."""
    body = Body(ellipsoid((2.1, 0.9, 0.7), (1.3, 0, 0.75), rings=12, segments=20), (GREY,))
    lit = Body(box((0.1, 1.6, 0.8), (-2.05, 0, 0.8)), (RED,))
    models = (
        Model("car", (body,)),
        Model("van", (Body(box((4, 1.8, 1.6), (0, 0, 0.8)), (GREY,)), lit)),
        thing("pedestrian", (0.4, 0.5, 1.8)),
    )
    return tuple(figure_of(model, (5000,)) for model in models)


@cache
def scenery(threads: int, weather: str = "day") -> Scenery:
    builder = SceneBuilder(ORIGIN)
    builder.add_mesh(box((160, 160, 0.1), (0, 0, -0.05)), (GREY,), "road")
    rng = np.random.default_rng(5)
    for _ in range(30):
        x, y, size = rng.uniform(-60, 60), rng.uniform(8, 60) * rng.choice([-1, 1]), rng.uniform(1, 6)
        builder.add_mesh(box((2, size, size), (x, y, size / 2)), (GREY,), "building")
    light = Model("traffic_light", (Body(box((0.3, 0.5, 0.5), (0, 0, 3)), (GREEN,)),))
    signal = builder.add_object(light, ORIGIN + SIGNAL)
    scene, timeline = builder.build(), drive(builder)
    weathers = {
        "day": air(),
        "night": night(),
        "fog": air(visibility_m=30.0),
        "ground fog": air(visibility_m=100.0, fog_depth_m=4.0),
        "low": Atmosphere(LOW_SUN, 0.64),
    }
    standing = standing_in(scene, timeline.at(0), [signal], threads)
    return Scenery(standing, pool(), [weathers[weather]], ACTORS, threads=threads)


def states(seed: int = 1) -> States:
    """Actors all over the place; some rows are empty."""
    rng = np.random.default_rng(seed)
    out = States.empty(WORLDS, ACTORS, 1)
    rows = out.actors
    rows["x"], rows["y"] = rng.uniform(-30, 30, (2, WORLDS, ACTORS))
    rows["yaw"], rows["pitch"] = rng.uniform(-3.1, 3.1, rows.shape), rng.uniform(-0.1, 0.1, rows.shape)
    rows["roll"], rows["model"] = rng.uniform(-0.1, 0.1, rows.shape), rng.integers(-1, 3, rows.shape)
    rows["model"][:, :4] = 0
    return out


def views(of: States, carriers: int = 4) -> Views:
    """A camera on each of the first actors of all worlds."""
    world = np.repeat(np.arange(WORLDS, dtype=np.int32), carriers)
    carrier = np.tile(np.arange(carriers, dtype=np.int32), WORLDS)
    out = Views.empty(len(world))
    mount(of.actors, world, carrier, ACTOR_SE3_CAMERA, out)
    return out


def real_scene(of: Scenery, actors: NDArray[np.void], hidden: int = -1) -> tuple[raycast.Scene, NDArray[np.int64]]:
    """A scene made of the same meshes, each where it is, and the class of each of its parts."""
    scene, parts = raycast.Scene(), []
    none = np.zeros((len(of.scene.objects), 3))
    rest = Snapshot(0, none + ORIGIN, none, none, none, *np.zeros((3, len(none))), np.zeros(len(none), np.uint32))
    rest.position[1:] += SIGNAL
    for k, placed in enumerate(of.scene.local_SE3_instance(rest)):
        mesh = of.scene.meshes[of.scene.instance_mesh[k]]
        scene.add(mesh.vertices, mesh.faces, placed)
        parts.append(int(of.scene.instance_class[k]))
    for k, row in enumerate(actors):
        if row["model"] < 0 or k == hidden:
            continue
        figure = pool()[row["model"]]
        placed = se3.pose([row[c] for c in "xyz"], float(row["roll"]), float(row["pitch"]), float(row["yaw"]))
        scene.add(figure.details[0].mesh.vertices, figure.details[0].mesh.faces, placed)
        parts.append(class_id(figure.class_name))
    scene.commit(1)
    return scene, np.array(parts)


def single_rays(
    of: Scenery, actors: NDArray[np.void], hidden: int, directions: NDArray[Any], pose: NDArray[Any]
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """t and class of each ray, cast one by one."""
    scene, parts = real_scene(of, actors, hidden)
    d = directions.reshape(-1, 3) @ pose[:3, :3].T
    hits = [scene.closest_hit(pose[:3, 3], d[k : k + 60].astype(np.float32)) for k in range(0, len(d), 60)]
    t, part = (np.concatenate([h[k] for h in hits]) for k in (0, 1))
    return t, np.where(part >= 0, parts[part], class_id("sky")).astype(np.uint8)


def test_classes_and_depths_are_those_of_single_rays() -> None:
    s, now = scenery(2), states()
    eyes = views(now)
    out = BatchCamera(s, CAMERA).render(now, eyes, BatchCamera(s, CAMERA).pictures(len(eyes.world), depth=True))
    things = set()
    for k in (0, 5, 10):
        actors, hidden = now.actors[eyes.world[k]], int(eyes.hidden[k])
        t, semantic = single_rays(s, actors, hidden, CAMERA.rays(), eyes.pose[k].astype(np.float64))
        same = semantic == out.semantic[k].ravel()
        assert same.mean() > 0.999  # rays through edges may fall to either side
        both = same & np.isfinite(t)
        np.testing.assert_array_equal(np.isfinite(t[same]), np.isfinite(out.depth[k].ravel()[same]))
        off = np.abs(out.depth[k].ravel()[both] / t[both] - 1)
        assert np.quantile(off, 0.999) < 1e-4
        things |= set(np.unique(out.semantic[k]).tolist())
    assert things >= {class_id(name) for name in ("sky", "road", "building", "car", "van", "pedestrian")}


def test_pictures_do_not_depend_on_threads_or_company() -> None:
    now = states(2)
    eyes = views(now)
    count = len(eyes.world)
    pictures = [
        BatchCamera(scenery(threads), CAMERA).render(
            now, eyes, BatchCamera(scenery(threads), CAMERA).pictures(count, True)
        )
        for threads in (1, 2, 5)
    ]
    for other in pictures[1:]:
        for a, b in zip(pictures[0], other):
            np.testing.assert_array_equal(a, b)
    camera = BatchCamera(scenery(2), CAMERA)
    for k in (3, 7):
        alone = camera.render(now, Views(*(array[k : k + 1] for array in eyes)), camera.pictures(1, True))
        for a, b in zip(pictures[0], alone):
            np.testing.assert_array_equal(a[k], b[0])
    # Several callers at once, each with views of its own.
    out = camera.pictures(count, True)
    parts = [Views(*(array[k : k + 2] for array in eyes)) for k in range(0, count, 2)]
    rooms = [Pictures(*(array[k : k + 2] for array in out)) for k in range(0, count, 2)]
    with ThreadPoolExecutor(5) as callers:
        list(callers.map(lambda part, room: camera.render(now, part, room), parts, rooms))
    for a, b in zip(pictures[0], out):
        np.testing.assert_array_equal(a, b)
    assert pictures[0].rgb.std() > 20


def test_mounted_sensors_move_with_their_carriers() -> None:
    now = states(3)
    eyes = views(now, 2)
    for k in range(len(eyes.world)):
        row = now.actors[eyes.world[k], eyes.hidden[k]]
        carrier = se3.pose([row[c] for c in "xyz"], float(row["roll"]), float(row["pitch"]), float(row["yaw"]))
        wanted = carrier @ se3.pose((1.5, 0, 1.4)) @ MOUNT_SE3_OPTICAL
        np.testing.assert_allclose(eyes.pose[k], wanted[:3], atol=1e-5)


def test_actors_follow_rows_of_another_origin() -> None:
    fields = ["x", "y", "z", "yaw", "pitch", "roll"]
    rows = np.zeros((WORLDS, 3), [("speed", float), *((name, float) for name in fields), ("lamps", np.uint32)])
    rows["x"], rows["yaw"], rows["lamps"] = 1e5 + np.arange(3), [0.1, 0.2, 0.3], 5
    models = np.array([[0, -1, 2]] * WORLDS, np.int32)
    now = States.empty(WORLDS, ACTORS)
    follow(1, WORLDS, rows, models, np.array([-1e5, 2.0, 3.0]), now.actors)
    assert (now.actors["model"][0] == -1).all()
    for name, wanted in (
        ("x", [0, 1, 2]),
        ("y", [2] * 3),
        ("z", [3] * 3),
        ("yaw", [0.1, 0.2, 0.3]),
        ("lamps", [5] * 3),
    ):
        np.testing.assert_allclose(now.actors[name][1:, :3], [wanted] * (WORLDS - 1), rtol=1e-6)
    np.testing.assert_array_equal(now.actors["model"][1:, :3], models[1:])
    assert (now.actors["model"][:, 3:] == -1).all()


def one_van(lamps: int) -> tuple[States, Views]:
    """A van ahead of the camera, seen from behind."""
    now = States.empty(1, ACTORS, 1)
    now.actors[0, 0] = (10.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1, lamps)
    eyes = Views.empty(1)
    eyes.pose[0] = (se3.pose((0, 0, 1.2)) @ MOUNT_SE3_OPTICAL)[:3]
    return now, eyes


def picture(weather: str, now: States, eyes: Views) -> Pictures:
    camera = BatchCamera(scenery(2, weather), CAMERA)
    return camera.render(now, eyes, camera.pictures(1))


@pytest.mark.parametrize("weather", ["day", "night"])
def test_brake_lamps_and_signals_shine(weather: str) -> None:
    off, eyes = one_van(0)
    on, _ = one_van(1 << Switch.BRAKE)
    on.signals[0, 0] = 1 << Switch.SIGNAL_GREEN
    dark, bright = picture(weather, off, eyes), picture(weather, on, eyes)
    np.testing.assert_array_equal(dark.semantic, bright.semantic)
    van, signal = (bright.semantic[0] == class_id(name) for name in ("van", "traffic_light"))
    gain = bright.rgb[0].astype(int) - dark.rgb[0]
    assert (gain[van][:, 0] > 30).sum() > 10
    assert (gain[signal][:, 1] > 30).all()
    assert (gain[~van & ~signal] == 0).all()


def test_fog_hides_what_is_far_and_leaves_what_is_near() -> None:
    now, eyes = one_van(0)
    clear, foggy = picture("day", now, eyes), picture("fog", now, eyes)
    road = clear.semantic[0] == class_id("road")
    far, near = road & (np.arange(84)[:, None] == 43), road & (np.arange(84)[:, None] > 76)
    assert foggy.rgb[0][far].std(0).max() < 3
    assert abs(int(foggy.rgb[0][far].mean()) - int(foggy.rgb[0][:20].mean())) < 40  # as bright as the sky
    assert foggy.rgb[0][near].mean() < 0.8 * foggy.rgb[0][far].mean()


def test_vehicles_and_houses_cast_shadows() -> None:
    now, eyes = one_van(0)
    s = scenery(2, "low")
    sun = s.lights.numbers[0, SUN_LIGHT : SUN_LIGHT + 3]
    lit, light = picture("low", now, eyes), sun.copy()
    sun[:] = 0
    try:
        unlit = picture("low", now, eyes)
    finally:
        sun[:] = light
    camera = BatchCamera(s, CAMERA)
    depth = camera.render(now, eyes, camera.pictures(1, depth=True)).depth[0]
    road = (lit.semantic[0] == class_id("road")) & (depth < 50)
    points = eyes.pose[0, :, 3] + (CAMERA.rays() * depth[..., None])[road] @ eyes.pose[0, :, :3].T
    scene, _ = real_scene(s, now.actors[0])
    dark = scene.any_hit(points + [0, 0, 0.01], np.broadcast_to(LOW_SUN, points.shape))
    drawn = ~(lit.rgb[0][road] > unlit.rgb[0][road]).any(1)
    assert dark.sum() > 12
    assert (drawn == dark).mean() > 0.99
    assert drawn[dark].mean() > 0.9
    beside = (np.abs(points - [10, -2, 0]) < [1.8, 0.8, 0.1]).all(1)  # the van's shadow lies to its right
    assert beside.sum() > 5
    assert drawn[beside].all()


def test_what_does_not_fit_is_refused() -> None:
    camera, (now, eyes) = BatchCamera(scenery(2), CAMERA), one_van(0)
    room = camera.pictures(1)
    wrong: list[tuple[str, States, Views, Pictures]] = [
        ("built for 14", States.empty(1, ACTORS + 1, 1), eyes, room),
        ("signals must have the shape", States.empty(1, ACTORS, 2), eyes, room),
        ("world must lie from 0 to 0, not 3", now, eyes._replace(world=np.array([3], np.int32)), room),
        ("weather must lie from 0 to 0, not 1", now._replace(weather=np.ones(1, np.int32)), eyes, room),
        ("room for the results of 2 views", now, eyes, camera.pictures(2)),
    ]
    for message, state, view, out in wrong:
        with pytest.raises(ValueError, match=message):
            camera.render(state, view, out)
    nobody = camera.render(now._replace(actors=now.actors.copy()), eyes, camera.pictures(1)).semantic
    now.actors["model"][0, 1] = 99  # no such model: nobody there
    np.testing.assert_array_equal(camera.render(now, eyes, room).semantic, nobody)


def test_range_images_are_those_of_single_rays() -> None:
    s, now = scenery(2), states(4)
    eyes = views(now)
    for k in range(len(eyes.world)):  # from the optical frame to a lidar's
        eyes.pose[k, :, :3] = eyes.pose[k, :, :3] @ MOUNT_SE3_OPTICAL[:3, :3].T.astype(np.float32)
    lidar = BatchLidar(s, rows_of(load_lidar("velodyne_hdl64e_s2"), 16), 256, reach_m=60.0)
    out = lidar.scan(now, eyes, lidar.scans(len(eyes.world)))
    up = rows_of(load_lidar("velodyne_hdl64e_s2"), 16)[:, None]
    azimuth = np.pi - 2 * np.pi * (np.arange(256) + 0.5) / 256
    beams = np.stack(np.broadcast_arrays(np.cos(up) * np.cos(azimuth), np.cos(up) * np.sin(azimuth), np.sin(up)), -1)
    for k in (1, 6):
        actors, hidden = now.actors[eyes.world[k]], int(eyes.hidden[k])
        t, semantic = single_rays(s, actors, hidden, beams, eyes.pose[k].astype(np.float64))
        t, semantic = np.minimum(t, 60.0), np.where(t < 60.0, semantic, class_id("sky"))
        assert (np.abs(out.range[k].ravel() - t) < 1e-3 + 1e-4 * t).mean() > 0.998
        assert (out.semantic[k].ravel() == semantic).mean() > 0.998
        met = out.range[k] < 60.0
        assert (out.intensity[k][met] > 0).mean() > 0.99
        assert (out.intensity[k][~met] == 0).all()
        assert out.intensity[k].max() <= 0.3  # all reflect 0.3
    with pytest.raises(ValueError, match="velodyne_hdl64e_s2 has 64 beams; 65 rows"):
        rows_of(load_lidar("velodyne_hdl64e_s2"), 65)


def test_range_images_in_fog_that_thins_with_height() -> None:
    """Intensities in ground fog against those in clear air: exp(-2 depth), by quadrature along each ray."""
    now, beams = states(4), rows_of(load_lidar("velodyne_hdl64e_s2"), 16)
    eyes = views(now)
    for k in range(len(eyes.world)):
        eyes.pose[k, :, :3] = eyes.pose[k, :, :3] @ MOUNT_SE3_OPTICAL[:3, :3].T.astype(np.float32)
    scans = []
    for weather in ("day", "ground fog"):
        lidar = BatchLidar(scenery(2, weather), beams, 256, reach_m=60.0)
        scans.append(lidar.scan(now, eyes, lidar.scans(len(eyes.world))))
    clear, foggy = scans
    azimuth = np.pi - 2 * np.pi * (np.arange(256) + 0.5) / 256
    up = np.broadcast_to(beams[:, None], clear.range.shape[1:])
    ways = np.stack([np.cos(up) * np.cos(azimuth), np.cos(up) * np.sin(azimuth), np.sin(up)], -1)
    for k in (1, 6):
        rise = clear.range[k] * (ways @ eyes.pose[k, :, :3].T)[..., 2]
        met = (clear.range[k] < 60.0) & (clear.intensity[k] > 0.02) & (rise > -1.9)
        share = np.linspace(0.0, 1.0, 401)[:, None]
        at_eye = np.log(20) / 100 * np.exp(-1.5 / 4.0)
        depth = at_eye * clear.range[k][met] * np.trapezoid(np.exp(-share * rise[met] / 4.0), share, axis=0)
        clear_depth = np.log(20) / 20_000 * clear.range[k][met]
        expected = clear.intensity[k][met] * np.exp(-2 * (depth - clear_depth))
        assert met.sum() > 300
        np.testing.assert_allclose(foggy.intensity[k][met], expected, rtol=0.03)


def test_fewer_triangles_keep_the_shape() -> None:
    model = Car(style="hatchback", role="private").model(np.random.default_rng(1))
    figure = figure_of(model)
    full = np.concatenate([body.mesh.vertices for body in model.bodies])
    counts = [len(detail.mesh.faces) for detail in figure.details]
    assert counts[0] <= 700
    assert counts == sorted(counts, reverse=True)
    errors = [detail.error_m for detail in figure.details]
    assert errors == sorted(errors) and errors[0] < 0.06
    low, high = figure.details[0].mesh.bounds
    assert np.abs(low[:2] - full.min(0)[:2]).max() < 0.15
    assert np.abs(high - full.max(0)).max() < 0.15
    shining = {material.switch for material in figure.details[0].materials if any(material.emission_cd_m2)}
    assert Switch.BRAKE in shining


def ring_scene(seed: int) -> tuple[NDArray[Any], NDArray[Any], list[NDArray[Any]], NDArray[Any]]:
    """Boxes (1, B, 6), discs (1, P, 3), border lines, eyes (N, 3)."""
    rng = np.random.default_rng(seed)
    yaw = rng.uniform(-3.1, 3.1, 25)
    size = rng.uniform([0.5, 0.2], [8, 1.5], (25, 2))
    boxes = np.column_stack([rng.uniform(-45, 45, (25, 2)), np.cos(yaw), np.sin(yaw), size])[None]
    boxes[0, ::7, 5] = 0  # nobody there
    discs = np.column_stack([rng.uniform(-40, 40, (10, 2)), np.full(10, 0.3)])[None]
    s = np.linspace(-300, 300, 301)
    lines = [np.column_stack([s, y + 4 * np.sin(s / 40)]) for y in (-12, 9)] + [np.array([[25.0, -80], [25.0, 90]])]
    return boxes, discs, lines, np.column_stack([rng.uniform(-20, 20, (6, 2)), rng.uniform(-3.1, 3.1, 6)])


def test_ring_measures_what_shapely_measures() -> None:
    boxes, discs, lines, eyes = ring_scene(0)
    borders, beams = borders_of(lines, 0.0), beams_of(240, 50.0)
    world, hidden = np.zeros(6, np.int32), np.array([-1, 3, -1, -1, 5, -1], np.int32)
    out = look_around(eyes, world, hidden, boxes, discs, borders, beams, np.empty((6, 240), np.float32))
    solid: list[Any] = []
    for x, y, c, s, a, b in boxes[0]:
        corners = np.array([[a, b], [-a, b], [-a, -b], [a, -b]]) @ np.array([[c, s], [-s, c]]) + [x, y]
        solid.append(shapely.Polygon(corners) if b > 0 else shapely.Point())
    solid += [shapely.Point(x, y).buffer(r, quad_segs=512) for x, y, r in discs[0]]
    solid += [shapely.LineString(line) for line in lines]
    for i, (x, y, yaw) in enumerate(eyes):
        here = shapely.Point(x, y)
        angle = yaw + 2 * np.pi * np.arange(240) / 240
        ends = eyes[i, :2] + 50 * np.column_stack([np.cos(angle), np.sin(angle)])
        rays = shapely.linestrings(np.stack([np.broadcast_to([x, y], ends.shape), ends], 1))
        wanted = np.full(240, 50.0)
        for k, shape in enumerate(solid):
            if k != hidden[i]:
                away = shapely.distance(shapely.intersection(rays, shape), here)
                wanted = np.fmin(wanted, away)
        np.testing.assert_allclose(out[i], wanted, atol=1e-3)


def test_ring_does_not_depend_on_company_or_threads() -> None:
    boxes, discs, lines, eyes = ring_scene(1)
    borders, beams = borders_of(lines), beams_of(240, 50.0)
    many = np.tile(eyes, (20, 1))
    world, hidden = np.zeros(120, np.int32), np.full(120, -1, np.int32)
    results = [
        look_around(many, world, hidden, boxes, discs, borders, beams, np.empty((120, 240), np.float32), threads)
        for threads in (1, 2, 7)
    ]
    alone = look_around(
        many[5:6], world[:1], hidden[:1], boxes, discs, borders, beams, np.empty((1, 240), np.float32), 1
    )
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])
    np.testing.assert_array_equal(results[0][5], alone[0])


def test_ring_inside_a_box_and_in_empty_space() -> None:
    borders, beams = borders_of([]), beams_of(8, 30.0)
    inside = np.array([[[1.0, 0, 1, 0, 3, 2]]])
    none = np.zeros((1, 0, 3))
    eyes, zero, off = np.zeros((1, 3)), np.zeros(1, np.int32), np.full(1, -1, np.int32)
    out = np.empty((1, 8), np.float32)
    assert (look_around(eyes, zero, off, inside, none, borders, beams, out) == 0).all()
    assert (look_around(eyes, zero, zero, inside, none, borders, beams, out) == 30).all()


def test_bird_eye_shows_what_lies_below_each_pixel() -> None:
    rng = np.random.default_rng(2)
    road = np.array([[-60, -6], [70, -9], [72, 5], [-55, 8]], float)
    island = np.array([[10, 12], [30, 20], [15, 35]], float)
    raster = bake([[road, island], []], [(1, np.array([[-50, 0], [60, 0.0]]), 1.0)], cell_m=0.125)
    window = Window(84, 96, 0.5, 60.0, 47.5)
    yaw = rng.uniform(-3.1, 3.1, 5)
    boxes = np.column_stack(
        [rng.uniform(-12, 12, (5, 2)), np.cos(yaw), np.sin(yaw), rng.uniform([1.5, 0.8], [4, 1.2], (5, 2)),
         np.full(5, 2), np.full(5, 200)]
    )[None]  # fmt: skip
    own = np.zeros((3, 1, 8))
    own[:, 0] = (5, -3, 1, 0, 6, 0.1, 3, 255)  # thinner than a pixel
    eyes = np.array([[0, 0, 0.4], [3, -4, 2.5], [-8, 6, -1.0]])
    out = look_down(eyes, np.zeros(3, np.int32), boxes, own, raster, window, np.empty((3, 4, 84, 96), np.uint8))
    row, column = np.mgrid[:84, :96]
    ahead, left = (60.0 - row) * 0.5, (47.5 - column) * 0.5
    for i, (x, y, turn) in enumerate(eyes):
        c, s = np.cos(turn), np.sin(turn)
        px, py = x + c * ahead - s * left, y + s * ahead + c * left
        points = shapely.points(px, py)
        drivable = shapely.union_all([shapely.Polygon(road), shapely.Polygon(island)])
        clear = shapely.distance(shapely.boundary(drivable), points) > 0.15  # a cell
        np.testing.assert_array_equal((out[i, 0] == 255)[clear], shapely.contains(drivable, points)[clear])
        line = shapely.LineString([[-50, 0], [60, 0]])
        away = shapely.distance(line, points)
        assert (out[i, 1][away < 0.35] == 255).all()
        assert (out[i, 1][away > 0.7] == 0).all()
        cars = np.zeros((84, 96), bool)
        for bx, by, bc, bs, a, b, _, _ in boxes[0]:
            u, v = (px - bx) * bc + (py - by) * bs, (py - by) * bc - (px - bx) * bs
            cars |= (np.abs(u) <= a) & (np.abs(v) <= b)
        np.testing.assert_array_equal(out[i, 2], np.where(cars, 200, 0))
        assert out[i, 3].any()
    with pytest.raises(ValueError, match="one to eight layers, not 9"):
        bake([[road]] * 9)
