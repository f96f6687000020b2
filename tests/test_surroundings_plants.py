from __future__ import annotations

import numpy as np
import pytest

from simulator.numerics.rng import generator
from simulator.scene.foliage import PALETTES, bark_texture, bough_texture, leaf_texture, spray_texture
from simulator.scene.leaves import BARK, LEAF
from simulator.surroundings.plants import grass, hedge, plant
from simulator.surroundings.species import SEASONS, season_of, species_table
from simulator.surroundings.woods import wood_texture

NAMES = tuple(species_table())


@pytest.mark.parametrize("name", NAMES)
def test_plants_have_their_species_size_and_stand_on_the_ground(name: str) -> None:
    species = species_table()[name]
    for detail in range(4):
        made = plant(species, generator(3, name), detail=detail)
        low, high = made.mesh.bounds
        assert species.height_m[0] <= made.height_m <= species.height_m[1]
        assert 0.75 * made.height_m < high[2] < 1.25 * made.height_m
        assert -0.6 < low[2] < 0.3, "its foot is on the ground"
        assert np.hypot(*np.abs(made.mesh.bounds[:, :2]).max(0)) < 2.6 * made.radius_m + 1.0
        assert made.mesh.faces.max() < len(made.mesh.vertices) and np.isfinite(made.mesh.vertices).all()


@pytest.mark.parametrize("name", NAMES)
def test_detail_costs_what_the_budget_assumes(name: str) -> None:
    counts = [len(plant(species_table()[name], generator(1, name), detail=d).mesh.faces) for d in range(4)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] < 6500 and counts[1] < 2400 and counts[2] < 900 and counts[3] < 400


def test_the_same_stream_grows_the_same_plant_and_another_does_not() -> None:
    species = species_table()["oak"]
    a, b, c = (plant(species, generator(seed, "tree")) for seed in (5, 5, 6))
    np.testing.assert_array_equal(a.mesh.vertices, b.mesh.vertices)
    assert a.mesh.vertices.shape != c.mesh.vertices.shape or not np.array_equal(a.mesh.vertices, c.mesh.vertices)


def test_broadleaf_trees_are_bare_in_winter_and_conifers_are_not() -> None:
    for name, bare in (("linden", True), ("shrub", True), ("spruce", False), ("pine", False), ("evergreen", False)):
        made = plant(species_table()[name], generator(1, name), season="winter", detail=1)
        leaves = np.count_nonzero(made.mesh.slots != BARK)
        assert (leaves == 0) == bare, name


def test_twigs_are_thin_and_what_is_stout_is_not() -> None:
    """Pieces of a bare tree are its faces once each; those that cast no sharp shadow are narrower than 0.1 m."""
    made = plant(species_table()["linden"], generator(1, "linden"), season="winter", detail=1)
    (stout, hard), (twigs, soft) = made.pieces()
    assert len(stout.faces) + len(twigs.faces) == len(made.mesh.faces)
    assert soft[0].thin and not any(material.thin for material in hard)
    a, b, c = np.moveaxis(twigs.vertices[twigs.faces], 1, 0)
    longest = np.max([np.linalg.norm(p - q, axis=1) for p, q in ((a, b), (b, c), (c, a))], axis=0)
    assert (np.linalg.norm(np.cross(b - a, c - a), axis=1) / longest).max() < 0.1
    assert len(plant(species_table()["linden"], generator(1, "linden")).pieces()) == 1


def test_leaves_are_green_in_summer_yellow_in_autumn_and_reflect_the_near_infrared() -> None:
    for season, check in (("summer", lambda r, g, b: g > r > b), ("autumn", lambda r, g, b: r > g > b)):
        made = plant(species_table()["maple"], generator(2, "m"), season=season)
        leaf = made.materials[LEAF]
        assert leaf.texture is not None
        assert check(*leaf.texture.rgba[..., :3].reshape(-1, 3).mean(0))
        assert leaf.reflectance_905 == 0.5 and leaf.two_sided


def test_crowns_hide_most_of_the_sky_behind_them() -> None:
    """Rays through the middle of a summer crown are mostly stopped, those of a winter crown mostly not."""
    from simulator.raycast import Scene

    share = {}
    for season in ("summer", "winter"):
        made = plant(species_table()["linden"], generator(4, "crown"), season=season)
        scene = Scene()
        scene.add(made.mesh.vertices, made.mesh.faces)
        scene.commit()
        z = np.linspace(0.45, 0.85, 40) * made.height_m
        y = np.linspace(-0.4, 0.4, 40) * made.radius_m
        grid = np.stack(np.meshgrid(y, z), -1).reshape(-1, 2)
        origins = np.column_stack([np.full(len(grid), -50.0), grid]).astype(np.float32)
        aim = np.broadcast_to(np.array([1, 0, 0], np.float32), origins.shape)
        share[season] = float(scene.any_hit(origins, np.ascontiguousarray(aim)).mean())
    assert share["summer"] > 0.85
    assert share["winter"] < 0.6


def test_hedges_fill_their_box_and_face_outwards() -> None:
    made = hedge(4.0, 1.5, generator(1, "hedge"), detail=3)
    low, high = made.mesh.bounds
    np.testing.assert_allclose(high - low, [4.0, 0.7, 1.5], atol=0.3)
    v = made.mesh.vertices[made.mesh.faces].astype(float)
    normal = np.cross(v[:, 1] - v[:, 0], v[:, 2] - v[:, 0])
    outward = (v.mean(1) - [0, 0, 0.75]) / [2.0, 0.35, 0.75]
    assert (np.einsum("ij,ij->i", normal, outward) > 0).mean() > 0.95


def test_every_season_has_every_plant() -> None:
    for season in SEASONS:
        made = grass(generator(0, "t"), season=season)
        assert len(made.mesh.faces) == 20 and 0.1 < made.height_m < 0.4
        assert len(hedge(2.0, 1.0, generator(0, "h"), season=season, detail=2).mesh.faces) > 20
        for name in NAMES:
            assert len(plant(species_table()[name], generator(0, name), season=season, detail=3).mesh.faces) > 20


def test_dense_textures_tile_and_are_opaque_and_twigs_are_cut_out() -> None:
    for palette in PALETTES:
        rgba = leaf_texture(palette).rgba
        assert rgba.shape == (256, 256, 4) and (rgba[..., 3] == 255).all()
    for made in (spray_texture("summer"), spray_texture("summer", branch=True), bough_texture("spruce")):
        solid = made.rgba[..., 3] > 127
        assert made.cutout and 0.25 < solid.mean() < 0.7
        half = made.rgba.shape[1] // 2
        assert not solid[:, [0, half - 1, half, -1]].any(), "twigs stay in their part of the image"
    # Seams are no stronger than other pairs of neighbouring columns and rows.
    images = np.array([leaf_texture(palette).rgba[..., 1] for palette in PALETTES], float)
    for axis in (1, 2):
        inside = np.abs(np.diff(images, axis=axis)).mean()
        assert np.abs(images.take(0, axis) - images.take(-1, axis)).mean() < 1.15 * inside
    assert bark_texture("birch").rgba[..., :3].mean() > 1.4 * bark_texture("brown").rgba[..., :3].mean()


def test_seasons_follow_the_calendar_and_the_hemisphere() -> None:
    days = {15: "winter", 60: "winter", 115: "spring", 160: "summer", 246: "summer", 290: "autumn", 350: "winter"}
    for day, season in days.items():
        assert season_of(day, 50.0) == season
        assert season_of((day + 183) % 365, -35.0) == season
        assert season_of(day, 5.0) == "summer"


@pytest.mark.parametrize("season", SEASONS)
def test_woods_are_closed_below_open_above_and_tile(season: str) -> None:
    made = wood_texture(season, 0)
    solid = made.rgba[..., 3] > 127
    assert made.cutout and solid[-6:].all(), "no gap above the ground"
    assert not solid[:2].any(), "tops of trees end below the texture's edge"
    assert solid[128:].mean() > 0.6
    seam = np.abs(made.rgba[:, 0, 3].astype(float) - made.rgba[:, -1, 3]).mean()
    assert seam < 2.0 * np.abs(np.diff(made.rgba[..., 3].astype(float), axis=1)).mean() + 8.0
