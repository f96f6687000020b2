"""Tunnels: closed all around along their whole length, free inside, open at both ends, and dark."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from material import MATERIAL, needs_material

from simulator.numerics import se3
from simulator.raycast import Scene as Rays
from simulator.roads import RoadNetwork, Structure, procedural, read_opendrive
from simulator.roads.surface import RoadSurface, surface
from simulator.roads.surface_materials import SurfaceStyle
from simulator.roads.surface_tunnels import CLEAR_M
from simulator.scene import Atmosphere, SceneBuilder, Timeline
from simulator.sensors.optics import CameraModel
from simulator.sensors.shading.picture import take_picture
from simulator.sensors.sky_models import LUMINANCE
from simulator.sensors.stage import Stage

ROADS = {
    "straight": lambda: procedural.straight(120.0, sidewalks=True),
    "curve": lambda: procedural.curve(60.0, 60.0, clothoid_m=20.0, approach_m=30.0),
    "hill": lambda: procedural.hill(200.0, 8.0),
}
BEGIN, LENGTH = 31.3, 40.0


@cache
def built(name: str) -> tuple[RoadNetwork, RoadSurface]:
    road = replace(ROADS[name]().roads["0"], structures=(Structure("tunnel", "t", BEGIN, LENGTH),))
    network = RoadNetwork({"0": road})
    middle = road.point([BEGIN + 0.5 * LENGTH], [0.0])[0]
    return network, surface(network, np.round(middle), middle[:2], 90.0, style=SurfaceStyle())


@cache
def rays(name: str) -> Rays:
    scene = Rays()
    for mesh, _, _ in built(name)[1].meshes:
        scene.add(mesh.vertices, mesh.faces)
    scene.commit()
    return scene


def way_up(name: str, s: np.ndarray) -> np.ndarray:
    """Free height (N,) above the lane of the road at stations s."""
    network, ground = built(name)
    x, y, z, _ = network.lane_center("0", -1, s)
    start = np.stack([x, y, z + 0.01], axis=1) - ground.origin
    return np.asarray(rays(name).closest_hit(start, np.tile([0.0, 0.0, 1.0], (len(s), 1))).t, np.float64)


@pytest.mark.parametrize("name", ROADS)
def test_the_ceiling_is_over_the_whole_length_and_nowhere_else(name: str) -> None:
    inside = way_up(name, np.linspace(BEGIN + 0.01, BEGIN + LENGTH - 0.01, 200))
    assert inside == pytest.approx(np.full(200, CLEAR_M), abs=0.5)
    outside = way_up(name, np.array([BEGIN - 0.01, BEGIN - 10.0, BEGIN + LENGTH + 0.01, BEGIN + LENGTH + 10.0]))
    assert np.isinf(outside).all()


@needs_material
def test_walls_stand_where_the_lanes_end_not_the_land_beside_them() -> None:
    """The map has 20 m of type "none" on either side of 16 m of lanes."""
    network = read_opendrive(MATERIAL / "openx/esmini/resources/xodr/tunnels.xodr")
    scene, middle = Rays(), network.roads["1"].point([100.0], [0.0])[0]
    for mesh, _, _ in surface(network, np.round(middle), middle[:2], 60.0, style=SurfaceStyle()).meshes:
        scene.add(mesh.vertices, mesh.faces)
    scene.commit()
    heading = network.roads["1"].reference([100.0])[2][0]
    across = np.array([[-np.sin(heading), np.cos(heading), 0.0]])
    start = np.repeat(middle[None] - np.round(middle) + [0.0, 0.0, 1.5], 2, axis=0)
    reach = np.asarray(scene.closest_hit(start, np.concatenate([across, -across])).t)
    assert reach == pytest.approx([8.0, 8.0], abs=0.05)


@pytest.mark.parametrize("name", ROADS)
def test_no_way_out_but_through_the_portals(name: str) -> None:
    network, ground = built(name)
    x, y, z, heading = network.lane_center("0", -1, np.linspace(BEGIN + 8.0, BEGIN + LENGTH - 8.0, 60))
    start = np.stack([x, y, z + 1.0], axis=1) - ground.origin
    rng = np.random.default_rng(0)
    turn = heading + rng.choice([-1.0, 1.0], 60) * rng.uniform(1.2, 1.9, 60)  # well to the side
    rise = rng.uniform(-0.2, 1.2, 60)
    ways = np.stack([np.cos(rise) * np.cos(turn), np.cos(rise) * np.sin(turn), np.sin(rise)], axis=1)
    assert np.asarray(rays(name).closest_hit(start, ways).t).max() < 40.0
    # Along the road one sees out at both ends where it is straight.
    if name == "straight":
        ends = np.stack([np.array([1.0, 0.0, 0.02]), np.array([-1.0, 0.0, 0.02])])
        assert np.asarray(rays(name).closest_hit(np.repeat(start[30:31], 2, axis=0), ends).t).min() > 45.0


def test_nothing_stands_in_the_lanes() -> None:
    network, ground = built("straight")
    s = np.linspace(5.0, 110.0, 50)
    for lane in (-1, 1):
        x, y, z, _ = network.lane_center("0", lane, s)
        start = np.stack([x, y, z + 0.5], axis=1) - ground.origin
        across = np.asarray(rays("straight").closest_hit(start, np.tile([0.0, 1.0, 0.0], (50, 1))).t)
        assert across.min() > 1.5


@pytest.mark.parametrize("quality", ["standard", "preview"])
def test_it_is_dark_inside(quality: str) -> None:
    """90 m inside, where the portals are a thousandth of what walls see, there is no more than that of the low sky."""
    road = replace(
        procedural.straight(300.0, sidewalks=True).roads["0"], structures=(Structure("tunnel", "t", 60, 180),)
    )
    ground = surface(RoadNetwork({"0": road}), (150.0, 0.0, 0.0), (150.0, 0.0), 170.0, style=SurfaceStyle())
    builder = SceneBuilder((150.0, 0.0, 0.0))
    for mesh, materials, name in ground.meshes:
        builder.add_mesh(mesh, materials, name)
    scene = builder.build()
    positions, rpy = builder.initial_poses()
    none = np.zeros((1, len(positions)))
    timeline = Timeline(
        np.array([0]), positions[None], rpy[None], 0.0 * rpy[None], none, none, none, none.astype(np.uint32)
    )
    stage = Stage(scene, timeline, Atmosphere(np.array([0.3, 0.4, 0.866]), 1.047), ego=-1)
    camera = CameraModel.of(32, 24, [[40.0, 0, 15.5], [0, 40.0, 11.5], [0, 0, 1]])
    light = []
    for x in (-110.0, 0.0):
        picture, _ = take_picture(
            stage, camera, se3.pose((x, -1.75, 2.0)) @ np.diag([1.0, -1.0, -1.0, 1.0]), 5, quality
        )
        light.append(float((picture.radiance @ LUMINANCE.astype(np.float32)).mean()))
    outside, inside = light
    low_sky = float((stage.sky.airlight @ LUMINANCE.astype(np.float32)).mean())
    assert outside > 1000
    assert inside < 1e-3 * low_sky
