"""What an actor of a recorded drive is and how large: the words that files use for it, and usual sizes."""

from __future__ import annotations

import re
from typing import cast, get_args

from simulator.errors import InputError, did_you_mean
from simulator.storyboard import model
from simulator.storyboard.model.terms import MiscObjectCategory, PedestrianCategory, VehicleCategory

VEHICLES = frozenset(get_args(VehicleCategory))
PEDESTRIANS = frozenset(get_args(PedestrianCategory))
RIDERLESS = "riderless_bicycle"  # not of OpenSCENARIO: there it is a bicycle whose property `rider` is "false"
CATEGORIES = VEHICLES | PEDESTRIANS | frozenset(get_args(MiscObjectCategory)) | {RIDERLESS}

# Other words for a category, in names of actors and in files. Those of Argoverse 2 are among them.
WORDS = {
    **dict.fromkeys(("vehicle", "regular_vehicle", "suv", "taxi", "police", "sedan"), "car"),
    **dict.fromkeys(("lorry", "hgv", "box_truck", "large_vehicle"), "truck"),
    **dict.fromkeys(("coach", "minibus"), "bus"),
    **dict.fromkeys(("motorcycle", "motorcyclist", "moped", "scooter"), "motorbike"),
    **dict.fromkeys(("cyclist", "bicyclist", "bike"), "bicycle"),
    **dict.fromkeys(("ped", "person", "walker", "child", "adult", "human"), "pedestrian"),
    **dict.fromkeys(("dog", "deer", "cow", "horse", "sheep"), "animal"),
    **dict.fromkeys(("static", "construction", "background", "unknown", "cone", "bollard"), "obstacle"),
}

# Length, width, height in m. Car to pedestrian: mean boxes of nuScenes' training set, as published with
# CenterPoint and CBGS (arXiv 1908.09492) for their anchors; van: a Ford Transit; tram: a Siemens Combino; train: a
# passenger coach (UIC-Z); animal: a red deer; obstacle: the median bollard of three Argoverse 2 sensor logs.
SIZES_M = {
    "car": (4.61, 1.95, 1.72),
    "van": (5.53, 2.06, 2.53),
    "truck": (6.74, 2.46, 2.73),
    "bus": (11.19, 2.94, 3.47),
    "trailer": (12.01, 2.87, 3.82),
    "semitrailer": (12.01, 2.87, 3.82),
    "motorbike": (2.10, 0.76, 1.44),
    "bicycle": (1.68, 0.60, 1.27),
    RIDERLESS: (1.68, 0.60, 1.10),
    "pedestrian": (0.73, 0.66, 1.76),
    "wheelchair": (1.10, 0.65, 1.35),
    "animal": (1.80, 0.50, 1.50),
    "tram": (26.5, 2.30, 3.50),
    "train": (26.4, 2.83, 4.05),
    "barrier": (0.49, 2.49, 0.98),
    "obstacle": (0.43, 0.34, 0.95),
}
REAR_AXLE = {"car", "van", "truck", "bus"}
# How far ahead of the rear axle, the origin of its frame, the middle of such a vehicle is, as a share of its length:
# with a rear overhang of 0.22 of it (0.98 m of a VW Golf's 4.28 m, 1.0 m of a Ford Focus' 4.38 m).
AXLE_TO_MIDDLE = 0.28


def category_of(word: str) -> str | None:
    """The category (of OpenSCENARIO, or riderless_bicycle) that a word of a file means; None: it means none."""
    if word in CATEGORIES:
        return word
    plain = word.strip().lower().replace(" ", "_").replace("-", "_")
    return plain if plain in CATEGORIES else WORDS.get(plain)


def check_category(word: str, *, source: str, line: int | None, key: str = "category") -> str:
    """`category_of`. Raises InputError for a word that means none."""
    category = category_of(word)
    if category is None:
        known = ", ".join(sorted(CATEGORIES))
        hint = did_you_mean(word, [*CATEGORIES, *WORDS])
        raise InputError(f'"{word}" is no category.{hint} Known: {known}', source=source, line=line, key=key)
    return category


def guess_category(name: str) -> str:
    """The category that a word of an actor's name says (`Ped_2`, `TruckAhead`), else car."""
    for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name):
        category = category_of(word)
        if category is not None and category not in ("none", "obstacle", "patch", "wind"):
            return category
    return "car"


def usual_size(category: str) -> tuple[float, float, float]:
    """Length, width, height in m of an actor of a category; 1 m each way where nothing is usual."""
    return SIZES_M.get(category, (1.0, 1.0, 1.0))


def entity_of(
    name: str, category: str, size: tuple[float, float, float], center: tuple[float, float, float]
) -> model.EntityObject:
    """An actor as an entity of OpenSCENARIO; what a recording does not tell of a vehicle is usual."""
    bounds = model.BoundingBox(*center, *size)
    if category in PEDESTRIANS:
        return model.Pedestrian(name, cast(PedestrianCategory, category), bounds)
    properties = model.Properties({"rider": "false"} if category == RIDERLESS else {})
    category = "bicycle" if category == RIDERLESS else category
    if category not in VEHICLES:
        return model.MiscObject(name, cast(MiscObjectCategory, category), bounds)
    rear = model.Axle(0.0, 0.6, 0.9 * size[1], 0.0, 0.3)
    front = model.Axle(0.5, 0.6, 0.9 * size[1], 0.6 * size[0], 0.3)
    axles = model.Axles(rear, front)
    most, kind = model.Performance(70.0, 10.0, 10.0), cast(VehicleCategory, category)
    return model.Vehicle(name, kind, bounds, most, axles, properties=properties)


def described_as(entity: model.EntityObject) -> str:
    """The category of an entity: `entity_of` the other way round."""
    match entity:
        case model.Vehicle():
            riderless = entity.properties.properties.get("rider") == "false" and entity.vehicle_category == "bicycle"
            return RIDERLESS if riderless else entity.vehicle_category
        case model.Pedestrian():
            return entity.pedestrian_category
        case model.MiscObject():
            return entity.misc_object_category
        case _:
            return "none"
