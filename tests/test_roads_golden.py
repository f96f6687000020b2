"""Lane centres of 29 public maps against points computed by another implementation (esmini's RoadManager)."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from material import MATERIAL, needs_material

from simulator.roads import read_opendrive

GOLDENS = sorted((MATERIAL / "golden/roads").glob("*.csv.gz"))
POSITION_M, HEIGHT_M, ANGLE_RAD, WIDTH_M = 1e-3, 1e-3, 1e-4, 1e-3


def wrapped(angle: np.ndarray) -> np.ndarray:
    return (angle + np.pi) % (2 * np.pi) - np.pi


@needs_material
def test_there_are_29_goldens() -> None:
    assert len(GOLDENS) == 29


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda path: path.name[:-7].rpartition("__")[2])
def test_lane_centres_agree(golden: Path) -> None:
    name = golden.name[: -len(".csv.gz")].replace("__", "/")
    network = read_opendrive(MATERIAL / "openx" / f"{name}.xodr")
    with gzip.open(golden, "rt") as file:
        rows = [line.split(",") for line in file.read().splitlines()[1:]]
    lanes = np.array([f"{row[0]}\0{row[1]}" for row in rows])
    values = np.array([row[2:] for row in rows], np.float64)
    order = np.argsort(lanes, kind="stable")
    checked = 0
    for group in np.split(order, np.flatnonzero(lanes[order][1:] != lanes[order][:-1]) + 1):
        road, lane = str(lanes[group[0]]).split("\0")
        s, _, x, y, z, heading, pitch, roll, width = values[group].T
        ours = network.lane_frame(road, int(lane), s)
        assert np.hypot(ours[0] - x, ours[1] - y).max() < POSITION_M
        assert np.abs(ours[2] - z).max() < HEIGHT_M
        for ours_angle, angle in zip(ours[3:6], (heading, pitch, roll)):
            assert np.abs(wrapped(ours_angle - angle)).max() < ANGLE_RAD
        assert np.abs(ours[6] - width).max() < WIDTH_M
        checked += len(group)
    assert checked == len(rows)
    center = network.lane_center(road, int(lane), s)
    np.testing.assert_array_equal(center, ours[:4])
