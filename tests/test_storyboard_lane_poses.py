"""Poses from the tables of lanes are those of the road."""

from __future__ import annotations

from math import pi
from pathlib import Path

import numpy as np
import pytest

from simulator.roads import read_opendrive
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


@pytest.mark.parametrize(("lane", "turn"), [(-1, 0.0), (1, pi)])
def test_a_banked_spiral_is_met_to_a_micrometre(tmp_path: Path, lane: int, turn: float) -> None:
    file = tmp_path / "bend.xodr"
    file.write_text(_ROAD)
    roads, poses = Roads(read_opendrive(file)), LanePoses()
    road = roads.find("1")
    assert road is not None
    stations = np.linspace(0.5, 59.0, 41)
    cells = np.array([poses.cell(road.road, 0, lane, float(s), turn) for s in stations - 0.4])
    assert (cells >= 0).all()
    found, places = poses.moved(cells, stations)
    assert (found >= 0).all()
    for s, place in zip(stations.tolist(), places.T.tolist(), strict=True):
        spot = RoadPosition(roads)
        assert spot.set_lane(road, lane, s, 0.0, 0)
        spot.set_heading(spot.driving_heading)
        assert place[:8] == pytest.approx([spot.s, spot.t, spot.x, spot.y, spot.z, spot.h, spot.p, spot.r], abs=1e-6)
    assert poses.moved(cells[:1], np.array([61.0]))[0][0] == -1
