"""What the actors of scripted scenarios are: sizes, and what vehicles can do, by kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from simulator.storyboard import model


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of actor.

    Attributes:
        make: the class of the storyboard's model. category: its category there.
        size: length, width, height in m.
        rear_overhang: from the reference point, which for vehicles is the rear axle on the ground, back to the end, m;
            None: the reference point is the middle.
        max_kmh: highest speed.
        coupling: where a trailer's coupler lies before the reference point, or a towing vehicle's hitch behind it, m;
            None: no trailer hangs on it.
    """

    make: type[model.Vehicle] | type[model.Pedestrian] | type[model.MiscObject]
    category: Any
    size: tuple[float, float, float]
    rear_overhang: float | None = None
    max_kmh: float = 250.0
    coupling: float | None = None


_V, _P, _O = model.Vehicle, model.Pedestrian, model.MiscObject
# Two-wheelers and people as the targets of ISO 19206-2, -4 and -5; obstacles as in R157, 7.1.1 and usual road works.
KINDS: dict[str, Kind] = {
    "car": Kind(_V, "car", (4.4, 1.8, 1.5), 0.8, coupling=0.9),
    "van": Kind(_V, "van", (5.9, 2.0, 2.6), 1.0, 160.0, coupling=1.1),
    "truck": Kind(_V, "truck", (10.0, 2.5, 3.6), 2.5, 120.0, coupling=2.6),
    "tractor": Kind(_V, "truck", (6.0, 2.5, 3.7), 0.9, 120.0, coupling=-0.6),
    "trailer": Kind(_V, "trailer", (4.2, 1.8, 1.5), 1.65, coupling=2.5),
    "semitrailer": Kind(_V, "semitrailer", (13.6, 2.55, 4.0), 4.6, coupling=7.7),
    "tram": Kind(_V, "tram", (30.0, 2.4, 3.4), 15.0, 80.0),
    "train": Kind(_V, "train", (25.0, 2.9, 3.9), 12.5, 200.0),
    "bus": Kind(_V, "bus", (12.0, 2.55, 3.1), 3.3, 120.0),
    "motorcycle": Kind(_V, "motorbike", (2.08, 0.79, 1.6), 0.37),
    "bicycle": Kind(_V, "bicycle", (1.89, 0.5, 1.86), 0.34, 60.0),
    "pedestrian": Kind(_P, "pedestrian", (0.6, 0.5, 1.8)),
    "wheelchair": Kind(_P, "wheelchair", (1.15, 0.7, 1.36)),
    "child": Kind(_P, "pedestrian", (0.5, 0.4, 1.15)),
    "deer": Kind(_P, "animal", (1.5, 0.45, 1.2)),
    "boar": Kind(_P, "animal", (1.3, 0.45, 0.8)),
    "dog": Kind(_P, "animal", (0.9, 0.3, 0.6)),
    "cow": Kind(_P, "animal", (2.4, 0.7, 1.4)),
    "horse": Kind(_P, "animal", (2.4, 0.6, 1.6)),
    "barrier": Kind(_O, "barrier", (0.5, 2.5, 1.0)),
    "concrete_barrier": Kind(_O, "barrier", (6.0, 0.6, 0.81)),
    "obstacle": Kind(_O, "obstacle", (1.2, 0.8, 0.8)),
    "cone": Kind(_O, "obstacle", (0.35, 0.35, 0.75)),
    "guard_rail": Kind(_O, "railing", (12.0, 0.2, 0.76)),
    "railing": Kind(_O, "railing", (6.0, 0.1, 1.0)),
    "noise_barrier": Kind(_O, "soundBarrier", (20.0, 0.3, 3.0)),
    "pole": Kind(_O, "pole", (0.12, 0.12, 4.0)),
    "street_lamp": Kind(_O, "streetLamp", (1.9, 0.3, 8.0)),
    "gantry": Kind(_O, "gantry", (0.8, 16.0, 6.5)),
    "tree": Kind(_O, "tree", (6.0, 6.0, 9.0)),
    "bush": Kind(_O, "vegetation", (1.6, 1.6, 1.4)),
    "building": Kind(_O, "building", (10.0, 12.0, 8.0)),
}
TOWING = ("car", "van", "truck", "tractor")


def entity(
    name: str, kind: str, size: Sequence[float | None], line: int, draws: str | None = None
) -> model.ScenarioObject:
    """The actor `name` of a kind, with its own size (m) where that is given, and the name of the trailer it draws."""
    known = KINDS[kind]
    length, width, height = (own if own is not None else usual for own, usual in zip(size, known.size))
    scale = length / known.size[0]
    ahead = 0.0 if known.rear_overhang is None else 0.5 * length - scale * known.rear_overhang
    box = model.BoundingBox(ahead, 0.0, 0.5 * height, length, width, height)
    if known.make is not model.Vehicle:
        make: Any = known.make
        return model.ScenarioObject(name, make(kind, known.category, box, line=line), line=line)
    wheel = 0.2 * height if kind == "truck" else 0.65
    front = length - 2.0 * scale * (known.rear_overhang or 0.0)
    axles = model.Axles(
        model.Axle(0.0, wheel, 0.85 * width, 0.0, 0.5 * wheel), model.Axle(0.6, wheel, 0.85 * width, front, 0.5 * wheel)
    )
    performance = model.Performance(known.max_kmh / 3.6, 12.0, 12.0)
    vehicle = model.Vehicle(kind, known.category, box, performance, axles, trailer=draws, line=line)
    if known.coupling is not None and kind in TOWING:
        vehicle = replace(vehicle, trailer_hitch=model.TrailerHitch(-scale * known.coupling))
    elif known.coupling is not None:
        vehicle = replace(vehicle, trailer_coupler=model.TrailerCoupler(scale * known.coupling))
    return model.ScenarioObject(name, vehicle, line=line)
