"""What SUMO's netconvert makes of a map: sumo_net.py MAP.xodr."""

import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import sumo

with tempfile.TemporaryDirectory() as folder:
    net = Path(folder) / "net.xml"
    program = Path(sumo.__file__).parent / "bin" / "netconvert"
    command = [program, "--opendrive", sys.argv[1], "--opendrive.import-all-lanes", "true", "-o", net]
    command += ["--output.original-names", "true", "--no-turnarounds", "true", "--opendrive.min-width", "0.1"]
    done = subprocess.run(command, capture_output=True, text=True)
    root = ElementTree.parse(net).getroot() if net.exists() else ElementTree.Element("none")
    lanes = [lane for edge in root.iter("edge") if edge.get("function") is None for lane in edge.iter("lane")]
    names = {
        (edge.get("id"), lane.get("index")): param.get("value").split()
        for edge in root.iter("edge")
        for lane in edge.iter("lane")
        for param in lane.iter("param")
        if param.get("key") == "origId"
    }
    ways = set()  # (road_lane, road_lane) outside of junctions
    for item in root.iter("connection"):
        start = names.get((item.get("from"), item.get("fromLane")))
        end = names.get((item.get("to"), item.get("toLane")))
        if start and end and not item.get("from").startswith(":"):
            ways.add((start[-1], end[0]))
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    print(json.dumps({"code": done.returncode, "errors": errors, "lanes": len(lanes), "ways": sorted(ways)}))
