"""The road network that a scenario's block `road:` describes."""

from __future__ import annotations

import inspect
from pathlib import Path

from simulator.roads import RoadNetwork, read_opendrive
from simulator.roads.argoverse import read_argoverse_map
from simulator.scenario.models import RoadSpec


def read_map(file: Path) -> RoadNetwork:
    """A map: OpenDRIVE, or a vector map of Argoverse 2 (.json). Raises InputError."""
    return read_argoverse_map(file) if file.suffix.lower() == ".json" else read_opendrive(file)


def build_network(spec: RoadSpec, seed: int) -> RoadNetwork:
    """The road network of a scenario: its map, or a procedural one."""
    if spec.opendrive is not None:
        return read_map(Path(spec.opendrive))
    from simulator.roads import procedural

    make = getattr(procedural, spec.kind)
    given = {name: getattr(spec, name) for name in RoadSpec.model_fields if getattr(spec, name) is not None}
    given["seed"] = seed
    known = inspect.signature(make).parameters
    network: RoadNetwork = make(**{name: value for name, value in given.items() if name in known})
    return network
