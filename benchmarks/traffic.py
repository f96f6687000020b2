"""Traffic: 500 vehicles at 20 Hz as times quicker than real time, and vehicle-steps/s, beside SUMO.

The map is CARLA's Town03 where ODDROAD_MATERIAL has it, else a town of ours. SUMO (Eclipse, from PyPI, in a folder of
its own) gets the same OpenDRIVE file through its netconvert, and random trips, of which it lets in 500 vehicles at a
time; fewer may find room. Neither side writes anything out. One world, ours or SUMO's, runs on one thread.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.peers import INSTALLED
from benchmarks.table import Row, row
from simulator.roads import read_opendrive, write_opendrive
from simulator.roads.town import town
from simulator.traffic.lane_map import NONE, lane_map
from simulator.traffic.simulation import Traffic

VEHICLES, DT_S, WORLDS = 500, 0.05, 16
SETTLE_S, MEASURE_S = 60, 60  # of simulated time
TOWN03 = "openx/carla_towns/OpenDrive/Town03.xodr"


def rows(threads: int) -> list[Row]:
    """One world beside SUMO's, and `WORLDS` worlds on all threads."""
    material = Path(os.environ.get("ODDROAD_MATERIAL", "."), TOWN03)
    with TemporaryDirectory() as folder:
        path = material if material.is_file() else Path(folder, "town.xodr")
        if path != material:
            write_opendrive(town(5, 5), path)
        lanes = lane_map(read_opendrive(path))
        peer = _sumo(path)
    one, many = Traffic(lanes, vehicles=VEHICLES), Traffic(lanes, worlds=WORLDS, vehicles=VEHICLES)
    seconds, driven = _drive(one, 1)
    quicker, rate = MEASURE_S / seconds, driven / seconds
    name, other_quicker, other_rate = "", None, None
    if peer:
        name, other_quicker = peer["name"], MEASURE_S / peer["seconds"]
        other_rate = peer["vehicle_steps"] / peer["seconds"]
    seconds, driven = _drive(many, threads)
    return [
        row(f"{VEHICLES} vehicles on {path.stem}, 20 Hz", "s/s", 1, quicker, other_quicker, name),
        row("one world", "vehicle-steps/s", 1, rate, other_rate, name),
        row(f"{WORLDS} worlds", "vehicle-steps/s", threads, driven / seconds),
    ]


def _drive(traffic: Traffic, threads: int) -> tuple[float, int]:
    """Seconds, and vehicle-steps driven in them."""
    dt_ns, driven = round(DT_S * 1e9), 0
    for _ in range(round(SETTLE_S / DT_S)):
        traffic.step(dt_ns, threads)
    start = time.perf_counter()
    for _ in range(round(MEASURE_S / DT_S)):
        traffic.step(dt_ns, threads)
        driven += int((traffic.vehicles["lane"] != NONE).sum())
    return time.perf_counter() - start, driven


def _sumo(path: Path) -> Mapping[str, Any] | None:
    """What SUMO takes for the same; None where it is not installed."""
    folder = INSTALLED / "sumo"
    if not folder.is_dir():
        return None
    numbers = (VEHICLES, DT_S, SETTLE_S, MEASURE_S)
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "peers" / "traffic.py"), str(path), *map(str, numbers)],
        env={**os.environ, "PYTHONPATH": str(folder)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
