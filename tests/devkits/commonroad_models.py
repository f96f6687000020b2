"""Derivatives by CommonRoad's vehicle models: commonroad_models.py CASES.json, of [model, vehicle, state, inputs]."""

import json
import sys
from importlib import import_module
from pathlib import Path

parameters = {}
derivatives = []
for model, vehicle, state, inputs in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
    name = f"parameters_vehicle{vehicle}"
    if name not in parameters:
        parameters[name] = getattr(import_module(f"vehiclemodels.{name}"), name)()
    function = getattr(import_module(f"vehiclemodels.vehicle_dynamics_{model}"), f"vehicle_dynamics_{model}")
    derivatives.append([float(value) for value in function(state, inputs, parameters[name])])
print(json.dumps(derivatives))
