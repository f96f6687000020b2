"""How far CARLA has lane centres from given ones: carla_map.py MAP.xodr POINTS.json, of (road, lane, s, x, y, z)."""

import json
import sys
from pathlib import Path

import carla

network = carla.Map("map", Path(sys.argv[1]).read_text(encoding="utf-8"))
worst, missing = 0.0, 0
for road, lane, s, x, y, z in json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")):
    waypoint = network.get_waypoint_xodr(int(road), lane, s)
    if waypoint is None:
        missing += 1
        continue
    place = waypoint.transform.location  # its y points to the right
    worst = max(worst, abs(place.x - x), abs(place.y + y), abs(place.z - z))
print(json.dumps({"worst_m": worst, "missing": missing, "connections": len(network.get_topology())}))
