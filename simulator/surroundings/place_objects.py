"""Things that a map itself records beside its roads: trees, bushes, posts, rails, houses.

They are placed where the record says, if that is not on a road, before anything of our own; sizes are the record's,
shapes are ours. What we have no model of (islands, walls, obstacles) has the shape of its record and stands even on a
road. Paint, parking places and crossings belong to the road surface.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.roads import Road, RoadObject, object_copies
from simulator.scene.material import Material
from simulator.scene.model import Body, Model
from simulator.surroundings import barriers, furniture
from simulator.surroundings.map_shapes import mesh_of, solids
from simulator.surroundings.place import Place
from simulator.surroundings.place_houses import build_at
from simulator.surroundings.roadsides import runs
from simulator.surroundings.shapes import F64
from simulator.surroundings.signs import post

MOST = 400  # records used, nearest first
_KINDS = {
    "tree": "tree",
    "vegetation": "bush",
    "pole": "pole",
    "streetlamp": "lamp",
    "lamp": "lamp",
    "railing": "rail",
    "guardrail": "rail",
    "barrier": "rail",
    "building": "house",
    "bush": "bush",
    "guide-post": "pole",
    "streetlight single": "lamp",
}
# What moves, what is painted, and what says nothing of its shape.
_NO_SHAPES = frozenset(
    (
        *("crosswalk", "parkingspace", "roadmark", "patch", "roadsurface", "wind", "car", "van", "bus", "trailer"),
        *("bike", "motorbike", "tram", "train", "pedestrian"),
    )
)
_SOLID_RAILS = ("jersey", "concrete", "wall")  # in the name or subtype of a barrier
_ISLANDS = ("trafficisland", "island")
_FILLS = {  # tops of islands, by the fillType of their outline
    "grass": Material("island grass", (0.07, 0.10, 0.03), roughness=0.95, reflectance_905=0.5),
    "asphalt": Material("island asphalt", (0.10, 0.10, 0.10), roughness=0.95, reflectance_905=0.17),
    "gravel": Material("island gravel", (0.22, 0.20, 0.18), roughness=0.95, reflectance_905=0.28),
    "soil": furniture.SOIL,
    "cobble": Material("island cobble", (0.20, 0.19, 0.18), roughness=0.9, reflectance_905=0.3),
}
_CURB_M = 0.6  # lower outlines are raised ground


@dataclass(frozen=True, slots=True)
class MapPlant:
    """A tree or bush of the map: world (2,) position, species and height."""

    xy: F64
    species: str
    height_m: float


def place_objects(place: Place) -> list[MapPlant]:
    """Place the map's posts, lamps, rails and houses; returns its plants, which are grown with all others."""
    found: list[tuple[float, str, Road, RoadObject, F64, float, float]] = []
    for road in place.network.roads.values():
        for thing in road.objects:
            kind = _KINDS.get(thing.type.lower(), "")
            solid = kind == "rail" and (thing.outlines or any(x in _words(thing) for x in _SOLID_RAILS))
            if solid and _concrete_barrier(place, road, thing):
                continue
            if solid or (not kind and thing.type.lower() not in _NO_SHAPES):
                _shape(place, road, thing)
            elif kind == "rail":
                _rail(place, road, thing)
            if solid or kind in ("rail", ""):
                continue
            s, t = _spots(thing, road.length)
            points, heading = road.point(s, t), road.reference(s)[2]
            near = place.distance(points[:, :2])
            found += [
                (float(near[i]), kind, road, thing, points[i], float(heading[i]), float(t[i])) for i in range(len(s))
            ]
    found.sort(key=lambda row: (row[0], row[2].id, row[3].id, row[3].s))
    plants = []
    for reach, kind, road, thing, point, yaw, offset in found[:MOST]:
        if reach > place.radius_m:
            break
        rng = place.rng("map object", road.id, thing.id, f"{point[0]:.1f} {point[1]:.1f}")
        if kind in ("tree", "bush"):
            plant = _plant(place, kind, thing, point[:2], rng)
            if plant is not None:
                plants.append(plant)
        elif kind == "house":
            depth, width = (max(v, 6.0) if v > 2.0 else 10.0 for v in (thing.length, thing.width))
            facing = yaw + (np.pi / 2 if offset < 0 else -np.pi / 2)
            name = "barn" if "barn" in thing.name.lower() else "detached"
            build_at(place, name, point[:2], facing, min(width, 40.0), min(depth, 40.0), rng, margin_m=0.3)
        elif place.clear(point[None, :2], 0.1)[0]:
            _post(place, kind, thing, point, yaw, offset)
    return plants


def _concrete_barrier(place: Place, road: Road, thing: RoadObject) -> bool:
    """A low barrier of concrete in one piece along the road; whether it is one."""
    rows = [row for row in thing.repeats if row.distance < 0.1 and row.length > 6.0]
    if not rows or thing.outlines or not 0.5 <= thing.height <= 1.2 or "wall" in _words(thing):
        return False
    for row in rows:
        end = min(row.s + row.length, road.length)
        s = np.linspace(row.s, end, max(int((end - row.s) / 3.0), 1) + 1)
        points = road.point(s, row.t[0] + (row.t[1] - row.t[0]) * (s - row.s) / row.length)
        for a, b in runs(place.distance(points[:, :2]) < place.radius_m, 2):
            place.put_mesh(*barriers.concrete_barrier(place.local(points[a : b + 1]), thing.height, thing.width or 0.6))
    return True


def _words(thing: RoadObject) -> str:
    return f"{thing.name} {thing.subtype}".lower()


def _shape(place: Place, road: Road, thing: RoadObject) -> None:
    """The shapes of an object: raised ground and walls are scenery, everything else is a labelled object."""
    found = [x for x in solids(road, thing) if place.distance(x.bottom[:1, :2])[0] < place.radius_m]
    if not found:
        return
    if "hydrant" in _words(thing) and thing.radius > 0.0:
        for shape in found:
            place.put_object(furniture.hydrant(), shape.bottom.mean(axis=0), 0.0, {"map_object": thing.id})
        return
    height = max(float((shape.top - shape.bottom)[:, 2].max()) for shape in found)
    island = thing.type.lower() in _ISLANDS or (thing.outlines and height < _CURB_M)
    if island or thing.type.lower() in ("soundbarrier", "barrier", "wall", "gantry", "railing", "guardrail"):
        name = "kerb" if island else "wall"
        top = _FILLS.get(next((outline.fill for outline in thing.outlines), ""), furniture.CONCRETE)
        place.put_mesh(mesh_of(found, place.builder.origin), (furniture.CONCRETE, top), name)
        return
    for shape in found:
        middle = np.array([*shape.bottom[:, :2].mean(axis=0), shape.bottom[:, 2].min()])
        model = Model("street_furniture", (Body(mesh_of([shape], middle), (furniture.GREY, furniture.GREY)),))
        place.put_object(model, middle, 0.0, {"map_object": thing.id})


def _spots(thing: RoadObject, length: float) -> tuple[F64, F64]:
    """Stations and offsets of an object or its copies."""
    places = np.array([copy[:2] for copy in object_copies(thing)]).reshape(-1, 2)
    s, t = places[(places[:, 0] >= 0.0) & (places[:, 0] <= length)].T
    return s, t


def _plant(place: Place, kind: str, thing: RoadObject, xy: F64, rng: np.random.Generator) -> MapPlant | None:
    if not place.clear(xy[None], 0.8)[0]:
        return None
    name = thing.name.lower()
    if kind == "bush":
        species, height = "thicket", float(np.clip(thing.height, 0.6, 5.0)) if thing.height > 0 else 1.8
    else:
        needle = any(word in name for word in ("fir", "pine", "spruce", "redwood", "conifer"))
        species = "spruce" if needle else place.style.species[int(rng.integers(len(place.style.species)))]
        height = float(np.clip(thing.height, 2.5, 25.0)) if thing.height > 0 else 9.0
    place.occupancy.take_circles(xy[None], 0.8)
    return MapPlant(xy, species, height)


def _post(place: Place, kind: str, thing: RoadObject, point: F64, heading: float, t: float) -> None:
    yaw = heading + (np.pi / 2 if t < 0 else -np.pi / 2)  # towards the road
    at = place.on_ground(point[:2])[0]
    if kind == "lamp":
        model = furniture.street_lamp(round(float(np.clip(thing.height or 8.0, 4.0, 12.0)) * 2) / 2)
    elif "guide" in thing.name.lower() or 0.0 < thing.height < 1.3:
        model = furniture.delineator()
    else:
        model = post(round(float(np.clip(thing.height or 3.0, 1.0, 12.0)), 1))
    place.put_model(model, at, float(yaw))
    place.occupancy.take_circles(at[None, :2], 0.4)


def _rail(place: Place, road: Road, thing: RoadObject) -> None:
    """A rail along the road, as long as its record says."""
    spans = [(row.s, row.length, row.t) for row in thing.repeats if row.distance <= 0.5]
    if not spans and thing.length > 3.0:
        spans = [(thing.s - thing.length / 2, thing.length, (thing.t, thing.t))]
    for start, length, (t0, t1) in spans:
        s = np.linspace(max(start, 0.0), min(start + length, road.length), max(int(length / 4.0), 2) + 1)
        t = t0 + (t1 - t0) * (s - start) / max(length, 1e-6)
        points = road.point(s, t)
        near = place.distance(points[:, :2]) < place.radius_m
        good = near & place.clear(points[:, :2], 0.02)
        for a, b in runs(good):
            stretch = points[a : b + 1, :2]
            place.put_mesh(*barriers.guard_rail(place.local(place.on_ground(stretch)), -1 if t0 > 0 else 1))
            place.occupancy.take_line(stretch, 0.5)
