"""Roads as a model: OpenDRIVE in and out, lane geometry, routing, places on the road, procedural networks."""

from simulator.roads.locate import Located
from simulator.roads.network import RoadNetwork
from simulator.roads.opendrive import check_opendrive, read_opendrive
from simulator.roads.path import Path
from simulator.roads.records import (
    DRIVABLE,
    Connection,
    Controller,
    Junction,
    JunctionGroup,
    Lane,
    LaneKey,
    LaneSection,
    Link,
    MarkLine,
    Outline,
    Repeat,
    RoadMark,
    RoadObject,
    RoadType,
    Signal,
    SignalReference,
    Structure,
)
from simulator.roads.reference import Geometry
from simulator.roads.road import Road
from simulator.roads.route import Route
from simulator.roads.writing import write_opendrive

__all__ = [
    "DRIVABLE",
    "Connection",
    "Controller",
    "Geometry",
    "Junction",
    "JunctionGroup",
    "Lane",
    "LaneKey",
    "LaneSection",
    "Link",
    "Located",
    "MarkLine",
    "Outline",
    "Path",
    "Repeat",
    "Road",
    "RoadMark",
    "RoadNetwork",
    "RoadObject",
    "RoadType",
    "Route",
    "Signal",
    "SignalReference",
    "Structure",
    "check_opendrive",
    "read_opendrive",
    "write_opendrive",
]
