"""The page to look at: self-contained, complete, and safe to open whatever a scenario says about itself."""

from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest
from lxml import html
from small_world import SMALL
from test_export import frames

from simulator.export.base import SceneInfo
from simulator.export.page import Page, draw_labels, fact

ABOUTS = {"000000": "A <script>alert(1)</script> & more", "000001": "Ruhig, 2°"}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> html.HtmlElement:
    folder = tmp_path_factory.mktemp("page")
    for name, about in ABOUTS.items():
        (folder / name).mkdir()
        info = SceneInfo(name, ("front", "back"), ("top",), {"about": about, "rain_mm_h": "17.2345"})
        Page().write_scene(frames(int(name)), folder / name, info)
    Page().merge([folder / name for name in ABOUTS], folder)
    return html.fromstring((folder / "index.html").read_text(encoding="utf-8"))


def test_it_loads_nothing_from_elsewhere(page: html.HtmlElement) -> None:
    links = [link for _, _, link, _ in page.iterlinks()]
    assert len(links) == 3 * len(ABOUTS)
    assert all(link.startswith("data:image/jpeg;base64,") for link in links)


def test_its_pictures_are_those_of_the_camera(page: html.HtmlElement) -> None:
    shapes = []
    for image in page.iterfind(".//img"):
        data = base64.b64decode(image.get("src").split(",")[1])
        shapes.append(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape[:2])
        assert image.get("alt")
    assert shapes.count((SMALL.height, SMALL.width)) == 2 * len(ABOUTS)


def test_text_of_a_scenario_stays_text(page: html.HtmlElement) -> None:
    assert [title.text_content() for title in page.iterfind(".//h2")] == list(ABOUTS.values())
    assert len(page.findall(".//script")) == 1
    assert page.text_content().count("17.23 mm/h") == len(ABOUTS)


def test_totals_count_every_frame(page: html.HtmlElement) -> None:
    scenes, shown = (int(item.text_content()) for item in page.findall(".//ul/li/b")[:2])
    assert (scenes, shown) == (2, 4)


def test_every_large_box_is_drawn() -> None:
    frame = next(iter(frames(0)))
    drawn, plain = draw_labels(frame, "front").astype(int), frame.sensors["front"].rgb.astype(int)
    boxes = frame.annotations.boxes_2d["front"]
    large = boxes.visible[boxes.pixels > 100]
    assert len(large)
    for x0, y0, x1, _ in np.rint(large).astype(int):
        y = min(max(y0, 0), SMALL.height - 1)
        assert (np.abs(drawn - plain)[y, max(x0, 0) : x1].max(1) > 10).mean() > 0.8


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("clock_h", "17.5", ("local time", "17:30")),
        ("rain_mm_h", "17.2345", ("rain", "17.23 mm/h")),
        ("seed", "42", ("seed", "42")),
        ("anomalies", "lost_cargo,deer", ("anomalies", "lost cargo, deer")),
    ],
)
def test_facts_read_well(key: str, value: str, text: tuple[str, str]) -> None:
    assert fact(key, value) == text
