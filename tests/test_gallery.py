"""The gallery: everything there is stands in it, whole and in the middle; the page shows every picture."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from lxml import html
from test_export import frames

from simulator.errors import InputError
from simulator.export.base import SceneInfo
from simulator.export.gallery import Gallery, parts_of
from simulator.numerics.rng import generator
from simulator.pipeline.gallery import AHEAD_M, SIDES, builds, gallery, places
from simulator.scenario.family import member, members
from simulator.scenario.models import SURROUNDINGS, Scenario
from simulator.scene.material import Switch
from simulator.world import build_world


@pytest.fixture(scope="module")
def everything() -> dict[str, Scenario]:
    """All but the actors, of which there are many: the first build of each kind, and those that tests look at."""
    builds_of = {kind: builds(member("actors", kind))[0][0] for kind in members("actors")}
    first = ["_".join((kind, *words)) for kind, words in builds_of.items()]
    looked_at = ["car_estate", "cat_walking", "truck_semi", "tram", "pedestrian_lying"]
    actors = [f"actors--{subject}--*" for subject in dict.fromkeys(first + looked_at)]
    return dict(gallery(["surroundings", "weather", "air", "anomalies", *actors], seed=3))


def test_everything_there_is_stands_in_it(everything: dict[str, Scenario]) -> None:
    shown = {part for name in everything for part in [name.rpartition("--")[0]]}
    possible = [kind for kind, cls in members("anomalies").items() if not cls.needs or find_spec(cls.needs)]  # type: ignore[attr-defined]
    assert {f"anomalies--{kind}" for kind in possible} <= shown
    assert {f"surroundings--{name}" for name in places()} <= shown
    assert {f"air--{name}" for name in ("smoke", "steam", "spray", "wiper", "splash", "dust", "moon")} <= shown
    kinds = {place.get("surroundings", {}).get("kind", "auto") for place in places().values()}
    assert kinds == set(SURROUNDINGS)
    built = {actor.actor.kind for name, one in everything.items() if name.startswith("actors") for actor in one.actors}
    assert built == set(members("actors"))
    assert all(scenario.is_concrete for scenario in everything.values())


def test_every_build_of_an_actor_is_shown() -> None:
    styles = {fields["style"] for _, fields in builds(member("actors", "car"))}
    roles = {fields["role"] for _, fields in builds(member("actors", "car"))}
    assert styles == {"sedan", "hatchback", "estate", "suv", "pickup"}
    assert roles == {"private", "taxi", "police"}
    names = [words for kind in members("actors") for words, _ in builds(member("actors", kind)) if kind == "car"]
    assert len(names) == len(set(names))
    assert [words for words, _ in builds(member("actors", "sheep"))] == [("walking",), ("standing",), ("grazing",)]


@pytest.mark.parametrize("name", ["car_estate", "cat_walking", "truck_semi", "tram", "pedestrian_lying"])
def test_an_actor_is_whole_and_large_on_every_side(everything: dict[str, Scenario], name: str) -> None:
    scenario = everything[f"actors--{name}--noon"]
    actor: Any = scenario.actors[0].actor
    seeds = range(4 if name == "tram" else 1)  # whose length varies most
    bounds = np.array([model.bounds for seed in seeds for model in actor.models(generator(seed))])
    low, high = bounds[:, 0].min(0), bounds[:, 1].max(0)
    corners = np.stack(np.meshgrid(*zip(low, high, strict=True)), -1).reshape(-1, 3) + [AHEAD_M, 0, 0]
    assert isinstance(scenario.rig, dict)
    assert tuple(scenario.rig) == SIDES
    for camera in scenario.rig.values():
        local = (corners - camera.ego_SE3_sensor[:3, 3]) @ camera.ego_SE3_sensor[:3, :3]
        uv = camera.model.project(local) / [camera.width, camera.height]
        assert uv.min() > 0.0
        assert uv.max() < 1.0
        assert np.ptp(uv, axis=0).max() > 0.5


def test_only_chooses_sections_and_patterns() -> None:
    assert {name.split("--")[0] for name, _ in gallery(["weather"])} == {"weather"}
    assert [name for name, _ in gallery(["actors--cat*", "weather--fog--noon"])] == [
        "actors--cat_walking--noon",
        "actors--cat_walking--night",
        "actors--cat_standing--noon",
        "weather--fog--noon",
    ]
    with pytest.raises(InputError, match=r'no "wether".*Did you mean "weather"'):
        gallery(["wether"])


def test_weathers_differ_in_weather_alone() -> None:
    seeds = {scenario.seed for _, scenario in gallery(["weather"])}
    assert len(seeds) == 1


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gallery")
    names = ["weather--fog--noon", "weather--fog--night", "000000"]
    for number, name in enumerate(names):
        (folder / name).mkdir()
        info = SceneInfo(name, ("front", "back"), (), {"about": "A <b>fog</b>", "rain_mm_h": "17.2345"})
        Gallery().write_scene(frames(number), folder / name, info)
    (folder / "out").mkdir()
    Gallery().merge([folder / name for name in names], folder / "out")
    return folder / "out"


def test_the_page_loads_nothing_and_links_to_what_is_there(page: Path) -> None:
    root = html.fromstring((page / "index.html").read_text(encoding="utf-8"))
    assert all(image.get("src").startswith("data:image/jpeg;base64,") for image in root.iterfind(".//figure//img"))
    links = [link.get("href") for link in root.iterfind(".//a")]
    local = [link for link in links if link.endswith(".jpg")]
    assert len([link for link in local if link.startswith("pictures/")]) == 6
    assert all((page / link).is_file() for link in local)
    assert {link for link in links if link.endswith(".yaml")} == {
        "../scenes/weather--fog--noon.yaml",
        "../scenes/weather--fog--night.yaml",
        "../scenes/000000.yaml",
    }
    assert "<b>fog" not in html.tostring(root, encoding="unicode").replace("&lt;b>", "")


def test_big_pictures_are_those_of_the_camera(page: Path) -> None:
    shown = cv2.imread(str(page / "pictures" / "weather--fog--noon-front.jpg"))[..., ::-1].astype(float)
    taken = next(iter(frames(0))).sensors["front"].rgb.astype(float)
    assert np.sqrt(np.mean((shown - taken) ** 2)) < 6.0


def test_contact_sheets_hold_every_picture(page: Path) -> None:
    sheet = cv2.imread(str(page / "sheets" / "weather-1.jpg"))
    assert sheet.shape[1] == 4 * 320


def test_ids_of_other_datasets_are_subjects() -> None:
    assert parts_of("actors--car_suv--noon") == ("actors", "car suv", "noon")
    assert parts_of("000003") == ("scenes", "000003", "")


def test_what_cannot_happen_here_is_left_out_and_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("simulator.pipeline.gallery.find_spec", lambda name: None)
    names = [name for name, _ in gallery(["anomalies"])]
    assert names and not any("falling_cargo" in name for name in names)
    assert "falling_cargo, which needs pybullet" in caplog.text


def test_recipes_of_the_gallery_read_back(everything: dict[str, Scenario], tmp_path: Path) -> None:
    from simulator.scenario.reading import load

    for name in ("actors--tram--noon", "anomalies--lost_cargo--night"):
        (tmp_path / f"{name}.yaml").write_text(everything[name].to_yaml(), encoding="utf-8")
        assert load(tmp_path / f"{name}.yaml") == everything[name]


@pytest.mark.parametrize("name", ["tram"])
def test_long_actors_stand_under_street_lamps(everything: dict[str, Scenario], name: str) -> None:
    scenario = everything[f"actors--{name}--night"]
    world = build_world(scenario)
    scene, placed = world.scene, world.timeline.at(0).world_SE3_object
    row = next(k for k, object_ in enumerate(scene.objects) if object_.class_name == name.split("_")[0])
    low, high = scenario.actors[0].actor.model(generator(0)).bounds  # type: ignore[attr-defined]
    street = scene.lamps[(scene.lamps["switch"] == Switch.STREET) & (scene.lamps["object"] == 0)]["position"]
    for x in np.linspace(low[0], high[0], 5):
        for y in (low[1], high[1]):
            flank = placed[row] @ [x, y, 1.5, 1.0]
            assert np.linalg.norm(street - flank[:3], axis=1).min() < 17.0
