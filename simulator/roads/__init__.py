"""Roads as a model: OpenDRIVE in and out, lane geometry, routing, places on the road, procedural networks."""

from simulator.roads.approaches import Approach, approach_controls
from simulator.roads.bays import ParkingBays, parking_bays
from simulator.roads.locate import Located
from simulator.roads.network import RoadNetwork
from simulator.roads.object_copies import ObjectCopy, object_copies
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
    ObjectBorder,
    ObjectMarking,
    ObjectMaterial,
    ObjectReference,
    Outline,
    Platform,
    Repeat,
    RoadMark,
    RoadObject,
    RoadType,
    Signal,
    SignalPosition,
    SignalReference,
    Station,
    Structure,
    Switch,
)
from simulator.roads.reference import Geometry
from simulator.roads.road import Road
from simulator.roads.route import Route
from simulator.roads.writing import write_opendrive

__all__ = [
    "DRIVABLE",
    "Approach",
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
    "ObjectBorder",
    "ObjectCopy",
    "ObjectMarking",
    "ObjectMaterial",
    "ObjectReference",
    "Outline",
    "ParkingBays",
    "Path",
    "Platform",
    "Repeat",
    "Road",
    "RoadMark",
    "RoadNetwork",
    "RoadObject",
    "RoadType",
    "Route",
    "Signal",
    "SignalPosition",
    "SignalReference",
    "Station",
    "Structure",
    "Switch",
    "approach_controls",
    "check_opendrive",
    "object_copies",
    "parking_bays",
    "read_opendrive",
    "write_opendrive",
]
