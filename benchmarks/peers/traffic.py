"""SUMO on an OpenDRIVE map: a program that says how long a stretch of simulated time takes, without output of any kind.

Arguments: the map, vehicles, s of a step, s to settle, s to measure. Writes JSON: `seconds`, `vehicle_steps` driven in
them, and `name`. SUMO's packages have to be on the path; it imports nothing of ours.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory


def main() -> None:
    """Measure."""
    import libsumo
    import sumo

    path, vehicles, step, settle, measure = sys.argv[1], *map(float, sys.argv[2:])
    home = Path(sumo.SUMO_HOME)
    with TemporaryDirectory() as folder:
        net, trips = f"{folder}/map.net.xml", f"{folder}/trips.xml"
        convert = [str(home / "bin" / "netconvert"), "--opendrive", path, "-o", net, "--no-warnings"]
        subprocess.run(convert, check=True, capture_output=True)
        # More trips than there is room for: `--max-num-vehicles` lets in as many as are wanted at a time.
        draw = [sys.executable, str(home / "tools" / "randomTrips.py"), "-n", net, "-o", trips, "--seed", "1"]
        draw += ["-b", "0", "-e", "60", "-p", str(30.0 / vehicles), "--min-distance", "200"]
        subprocess.run(draw, check=True, capture_output=True, cwd=folder)
        options = [
            "--step-length",
            str(step),
            "--max-num-vehicles",
            str(int(vehicles)),
            "--no-step-log",
            "--no-warnings",
        ]
        libsumo.start(["sumo", "-n", net, "-r", trips, *options])
        libsumo.simulationStep(settle)
        start, driven = time.perf_counter(), 0
        for k in range(round(measure)):
            libsumo.simulationStep(settle + k + 1.0)
            driven += round(libsumo.vehicle.getIDCount() / step)
        seconds = time.perf_counter() - start
        libsumo.close()
    print(json.dumps({"seconds": seconds, "vehicle_steps": driven, "name": f"SUMO {version('eclipse-sumo')}"}))


if __name__ == "__main__":
    main()
