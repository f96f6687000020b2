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
    done = subprocess.run(command, capture_output=True, text=True)
    root = ElementTree.parse(net).getroot() if net.exists() else ElementTree.Element("none")
    lanes = [lane for edge in root.iter("edge") if edge.get("function") is None for lane in edge.iter("lane")]
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    print(json.dumps({"code": done.returncode, "errors": errors, "lanes": len(lanes)}))
