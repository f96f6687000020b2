"""Poses from the tables of lanes are those of the road."""

from __future__ import annotations

from math import pi
from pathlib import Path

import numpy as np
import pytest

from simulator.roads import read_opendrive
from simulator.storyboard.lane_following import advanced, course
from simulator.storyboard.lane_poses import LanePoses
from simulator.storyboard.road_links import Roads
from simulator.storyboard.road_position import RoadPosition

_LANE = '<lane id="{}" type="driving" level="false"><width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane>'
_ROAD = f"""<OpenDRIVE><header revMajor="1" revMinor="6" name="bend"/>
<road name="" length="60" id="1" junction="-1"><planView><geometry s="0" x="10" y="20" hdg="0.3" length="60">
<spiral curvStart="0" curvEnd="0.08"/></geometry></planView>
<elevationProfile><elevation s="0" a="1" b="0.02" c="0.0005" d="0"/></elevationProfile>
<lateralProfile><superelevation s="0" a="0.05" b="0" c="0" d="0"/></lateralProfile>
<lanes><laneSection s="0"><left>{_LANE.format(1)}</left><center><lane id="0" type="none" level="false"/></center>
<right>{_LANE.format(-1)}</right></laneSection></lanes></road></OpenDRIVE>"""


@pytest.mark.parametrize(("lane", "turn", "offset"), [(-1, 0.0, 0.0), (1, pi, 0.0), (-1, 0.3, 1.2), (1, 3.0, -0.7)])
def test_a_banked_spiral_is_met_to_a_micrometre(tmp_path: Path, lane: int, turn: float, offset: float) -> None:
    file = tmp_path / "bend.xodr"
    file.write_text(_ROAD)
    roads, poses = Roads(read_opendrive(file)), LanePoses()
    road = roads.find("1")
    assert road is not None
    stations = np.linspace(0.5, 59.0, 41)
    spot, motion, cells = RoadPosition(roads), [], []
    for s in (stations - 0.4).tolist():
        assert spot.set_lane(road, lane, s, offset, 0)
        spot.set_angles(h=turn)
        cells.append(poses.cell(road.road, 0, lane, s))
        way = 0.4 * (1.0 - spot.k_road * spot.t) * (1.0 if spot.faces_along else -1.0)
        motion.append((s, spot.t, spot.k_road, road.length, way))
    how = course(*np.outer((offset, turn, 0.5), np.ones(len(cells))))
    found, places = advanced(poses, np.array(cells), how, *np.array(motion).T)
    assert (found >= 0).all()
    for s, place in zip(stations.tolist(), places.T.tolist(), strict=True):
        assert spot.set_lane(road, lane, s, offset, 0)
        spot.set_angles(h=turn)
        expected = [spot.s, spot.t, spot.x, spot.y, spot.z + 0.5, spot.h, spot.p, spot.r, spot.h_road, spot.p_road]
        assert place[:10] == pytest.approx(expected, abs=1e-6)
    beyond = np.array([[59.9, *motion[-1][1:4], 1.0 if turn < 1.0 else -1.0]])
    assert advanced(poses, np.array(cells[-1:]), course(*np.array([[offset], [turn], [0.5]])), *beyond.T)[0][0] == -1
