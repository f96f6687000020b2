"""Road markings: dash lengths, widths, colours, and where lines end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from material import MATERIAL, needs_material

from simulator.roads import RoadNetwork, procedural, read_opendrive
from simulator.roads.surface import surface
from simulator.roads.surface_marks import COLORS, RAISE_M
from simulator.roads.surface_materials import SurfaceStyle

ROAD = """<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="6"/>
<road name="" length="200" id="1" junction="-1"><type s="0" type="{type}"/>
<planView><geometry s="0" x="0" y="0" hdg="0" length="200"><line/></geometry></planView>
<lanes><laneSection s="0"><left><lane id="1" type="driving"><width sOffset="0" a="3.5" b="0" c="0" d="0"/>
<roadMark sOffset="0" type="solid" color="white" width="0.15"/></lane></left>
<center><lane id="0" type="none">{center}</lane></center>
<right><lane id="-1" type="driving"><width sOffset="0" a="3.5" b="0" c="0" d="0"/>
<roadMark sOffset="0" type="none"/></lane></right></laneSection></lanes></road></OpenDRIVE>"""


def _road(tmp_path: Path, center: str, kind: str = "rural") -> RoadNetwork:
    path = tmp_path / "road.xodr"
    path.write_text(ROAD.format(center=center, type=kind))
    return read_opendrive(path)


def _paint(network: RoadNetwork, center: tuple[float, float] = (100.0, 0.0)) -> tuple[np.ndarray, np.ndarray]:
    """Corners (T, 3, 3) in the world and colour numbers (T,) of all marking triangles."""
    ground = surface(network, (*center, 0.0), center, 130.0, style=SurfaceStyle())
    for mesh, _, name in ground.meshes:
        if name == "road_marking":
            return mesh.vertices[mesh.faces] + ground.origin, mesh.slots
    return np.zeros((0, 3, 3)), np.zeros(0, int)


def _runs(corners: np.ndarray, y: float) -> np.ndarray:
    """(N, 2) start and end in x of the painted runs whose triangles straddle the line at height y."""
    mine = corners[(corners[..., 1].min(axis=1) <= y) & (corners[..., 1].max(axis=1) >= y)]
    spans = np.stack([mine[..., 0].min(axis=1), mine[..., 0].max(axis=1)], axis=1)
    spans = spans[np.argsort(spans[:, 0])]
    runs: list[list[float]] = []
    for start, end in spans.tolist():
        if runs and start <= runs[-1][1] + 1e-3:
            runs[-1][1] = max(runs[-1][1], end)
        else:
            runs.append([start, end])
    return np.array(runs)


@pytest.mark.parametrize(
    ("kind", "color", "dash", "gap"),
    [
        ("rural", "white", 4.0, 8.0),
        ("town", "white", 3.0, 6.0),
        ("motorway", "white", 6.0, 12.0),
        ("town", "yellow", 3.048, 9.144),
    ],
)
def test_dashes_have_the_usual_length_of_their_country(
    tmp_path: Path, kind: str, color: str, dash: float, gap: float
) -> None:
    corners, slots = _paint(
        _road(tmp_path, f'<roadMark sOffset="0" type="broken" color="{color}" width="0.12"/>', kind)
    )
    runs = _runs(corners, 0.01)[1:-1]
    np.testing.assert_allclose(runs[:, 1] - runs[:, 0], dash, atol=2e-3)
    np.testing.assert_allclose(np.diff(runs[:, 0]), dash + gap, atol=2e-3)
    center = np.abs(corners[..., 1]).max(axis=1) < 1.0
    assert {COLORS[slot] for slot in slots[center]} == {color}
    assert np.ptp(corners[center][..., 1]) == pytest.approx(0.12, abs=1e-4)


def test_explicit_lines_win(tmp_path: Path) -> None:
    mark = (
        '<roadMark sOffset="10" type="broken" color="white" width="0.2"><type name="x" width="0.2">'
        '<line length="2.5" space="5" tOffset="0.3" sOffset="1" width="0.1"/></type></roadMark>'
    )
    corners, _ = _paint(_road(tmp_path, mark))
    runs = _runs(corners, 0.3)
    assert runs[0, 0] == pytest.approx(11.0, abs=2e-3)
    np.testing.assert_allclose((runs[:, 1] - runs[:, 0])[:-1], 2.5, atol=2e-3)
    np.testing.assert_allclose(np.diff(runs[:, 0]), 7.5, atol=2e-3)
    line = corners[np.abs(corners[..., 1] - 0.3).max(axis=1) < 0.2]
    assert np.ptp(line[..., 1]) == pytest.approx(0.1, abs=1e-4)


def test_explicit_dashes_are_painted_once_each(tmp_path: Path) -> None:
    mark = (
        '<roadMark sOffset="10" type="custom" color="white" width="0.2"><explicit>'
        '<line length="2.5" sOffset="1" tOffset="0.3" width="0.1"/>'
        '<line length="4" sOffset="9" tOffset="0.3" width="0.1"/>'
        "</explicit></roadMark>"
    )
    corners, _ = _paint(_road(tmp_path, mark))
    np.testing.assert_allclose(_runs(corners, 0.3), [[11.0, 13.5], [19.0, 23.0]], atol=2e-3)


def test_lines_sway(tmp_path: Path) -> None:
    mark = (
        '<roadMark sOffset="10" type="solid" color="white" width="0.12">'
        '<sway ds="0" a="0" b="0.02" c="0" d="0"/><sway ds="20" a="0.4" b="-0.02" c="0" d="0"/></roadMark>'
    )
    corners, _ = _paint(_road(tmp_path, mark))
    line = corners[np.abs(corners[..., 1]).max(axis=1) < 1.0]
    middle = 0.5 * (line[:, 0] + line[:, 1])
    expected = np.interp(middle[:, 0], [10.0, 30.0, 50.0], [0.0, 0.4, 0.0])
    sure = middle[:, 0] < 50.0
    np.testing.assert_allclose(middle[sure, 1], expected[sure], atol=2e-3)


@pytest.mark.parametrize(("kind", "left_solid"), [("solid broken", True), ("broken solid", False)])
def test_double_lines_of_the_centre_go_from_left_to_right(tmp_path: Path, kind: str, left_solid: bool) -> None:
    corners, _ = _paint(_road(tmp_path, f'<roadMark sOffset="0" type="{kind}" color="white" width="0.12"/>'))
    assert (len(_runs(corners, 0.12)) == 1) == left_solid
    assert (len(_runs(corners, -0.12)) == 1) != left_solid


def test_edge_lines_stay_on_the_asphalt_and_none_is_none(tmp_path: Path) -> None:
    corners, _ = _paint(_road(tmp_path, '<roadMark sOffset="0" type="none"/>'))
    assert corners[..., 1].min() > 3.5 - 0.25
    assert corners[..., 1].max() < 3.5
    np.testing.assert_allclose(corners[..., 2], RAISE_M, atol=1e-5)


def test_paint_lies_just_above_the_road() -> None:
    network = procedural.curve(50.0, 60.0, superelevation_percent=6.0)
    middle = tuple(network.bounds.mean(axis=0))
    ground = surface(network, (*middle, 0.0), middle, 130.0, style=SurfaceStyle())
    marks = next(mesh for mesh, _, name in ground.meshes if name == "road_marking")
    center = marks.vertices[marks.faces].mean(axis=1) + ground.origin
    lift = center[:, 2] - ground.height(center[:, :2])
    assert lift.min() > 0.001 and lift.max() < 0.005


def test_no_lane_lines_cross_a_junction() -> None:
    corners, _ = _paint(procedural.x_junction(60.0, traffic_lights=False), (0.0, 0.0))
    assert len(corners) > 50
    assert (np.hypot(*corners.mean(axis=1)[:, :2].T) > 4.0).all()


@needs_material
def test_real_maps_have_their_crossings_and_stop_lines() -> None:
    base = MATERIAL / "openx"
    network = read_opendrive(base / "esmini/resources/xodr/multi_intersections.xodr")
    corners, _ = _paint(network, (52.0, 0.0))
    u, v = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]).sum() / 2
    # Three zebra crossings of 4 m by the width of the road in half-covering bars, and lane lines.
    assert 3 * 4.0 * 7.0 / 2 * 0.9 < area < 300.0
    network = read_opendrive(base / "maliput_malidrive/resources/RoadWithStopLine.xodr")
    corners, _ = _paint(network, (50.0, 0.0))
    stop = corners[np.abs(corners[..., 0] - 50.0).max(axis=1) < 0.5]
    assert np.ptp(stop[..., 0]) == pytest.approx(0.3, abs=0.01)
    assert np.ptp(stop[..., 1]) > 6.5


@pytest.mark.parametrize("outlined", [False, True])
def test_parking_bays_have_their_borders(tmp_path: Path, outlined: bool) -> None:
    """Five bays of 5 m by 2.4 m in a row, with lines of 0.12 m all round."""
    corners = "".join(
        f'<cornerLocal u="{u}" v="{v}" z="0"/>' for u, v in ((-2.5, -1.2), (2.5, -1.2), (2.5, 1.2), (-2.5, 1.2))
    )
    bay = (
        '<objects><object id="p" type="parkingSpace" s="50" t="-1.75" length="5" width="2.4" orientation="none">'
        + (f'<outlines><outline id="0">{corners}</outline></outlines>' if outlined else "")
        + '<repeat s="50" length="24" distance="6" tStart="-1.75" tEnd="-1.75"/>'
        + '<parkingSpace access="all"/></object></objects>'
    )
    path = tmp_path / "bays.xodr"
    text = ROAD.format(center='<roadMark sOffset="0" type="none"/>', type="town").replace('type="solid"', 'type="none"')
    path.write_text(text.replace("</lanes>", f"</lanes>{bay}"))
    corner, _ = _paint(read_opendrive(path))
    u, v = corner[:, 1, :2] - corner[:, 0, :2], corner[:, 2, :2] - corner[:, 0, :2]
    area = 0.5 * np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]).sum()
    assert area == pytest.approx(5 * (5.0 * 2.4 - (5.0 - 0.24) * (2.4 - 0.24)), rel=1e-3)
    assert (corner[..., 0].min(), corner[..., 0].max()) == pytest.approx((47.5, 76.5), abs=1e-3)


def test_markings_and_painted_borders_of_objects(tmp_path: Path) -> None:
    """Lines of their own colour along a side and between corners of an outline, in dashes and with ends left out."""
    corner = '<cornerLocal id="{}" u="{}" v="{}" z="0"/>'
    corners = "".join(corner.format(k, u, v) for k, (u, v) in enumerate(((-5, -1), (5, -1), (5, 1), (-5, 1))))
    things = (
        '<objects><object id="p" type="crosswalk" s="50" t="-1.75" zOffset="0" orientation="none">'
        f'<outlines><outline id="7">{corners}</outline></outlines><markings>'
        '<marking color="red" width="0.2" lineLength="1" spaceLength="0.5" startOffset="1" stopOffset="2.5">'
        '<cornerReference id="0"/><cornerReference id="1"/></marking></markings></object>'
        '<object id="b" type="parkingSpace" s="80" t="-1.75" zOffset="0" orientation="none" length="5" width="2">'
        '<parkingSpace access="all"/><markings><marking side="front" color="blue" width="0.1" lineLength="1"'
        ' spaceLength="0" startOffset="0" stopOffset="0"/></markings></object></objects>'
    )
    path = tmp_path / "marked.xodr"
    text = ROAD.format(center='<roadMark sOffset="0" type="none"/>', type="town").replace('type="solid"', 'type="none"')
    path.write_text(text.replace("</lanes>", f"</lanes>{things}"))
    corners, slots = _paint(read_opendrive(path))
    red, blue = (corners[slots == COLORS.index(name)] for name in ("red", "blue"))
    assert len(red) + len(blue) == len(corners)  # no bars between the lines
    np.testing.assert_allclose(
        _runs(red, -2.75), [[46.0 + 1.5 * k, min(47.0 + 1.5 * k, 52.5)] for k in range(5)], atol=2e-3
    )
    np.testing.assert_allclose([blue[..., 0].min(), blue[..., 0].max()], [82.45, 82.55], atol=2e-3)
    np.testing.assert_allclose([blue[..., 1].min(), blue[..., 1].max()], [-2.75, -0.75], atol=2e-3)
