"""The rows that `oddroad list` prints."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import PydanticUndefined

from simulator.data import data_dir, load_asset
from simulator.errors import OddRoadError
from simulator.numerics.rng import generator
from simulator.scenario.distributions import Distribution
from simulator.scenario.family import Family, members
from simulator.scenario.mappings import weather_model
from simulator.scenario.models import ROAD_PARAMETERS

TONES = ((1, 3), (4, 7), (8, 10))
FURNITURE = "bins, benches, bollards, hydrants, letter boxes, cabinets, planters, bus shelters"
_FAMILIES = {"anomalies": "anomalies", "actors": "actors", "sensors": "sensors", "formats": "export"}


def catalogue(what: str) -> list[tuple[str, str]]:
    """(name, one line about it) of every entry of a catalogue, sorted."""
    made = {
        "weather": _weather,
        "scenarios": _scenarios,
        "people": _people,
        "roads": _roads,
        "surroundings": _surroundings,
        "signs": _signs,
    }
    if what in made:
        return made[what]()
    rows = [(kind, _about(cls)) for kind, cls in members(_FAMILIES[what]).items()]
    if what == "sensors":
        rows += [(f"rig: {name}", "") for name in load_asset("rigs")]
    return rows


def _about(cls: type[Family]) -> str:
    taxonomy = getattr(cls, "taxonomy", "")
    text = _sentence(cls.__doc__)
    fields = ", ".join(name for name in cls.model_fields)
    return " ".join(
        part
        for part in (
            f"[{taxonomy}]" if isinstance(taxonomy, str) and taxonomy else "",
            text,
            f"({fields})" if fields else "",
        )
        if part
    )


def _weather() -> list[tuple[str, str]]:
    rows = []
    for name, field in weather_model().model_fields.items():
        default: Any = None if field.default is PydanticUndefined else field.default
        default = default.to_yaml() if isinstance(default, Distribution) else default
        rows.append((name, f"{' '.join((field.description or '').split())} Default: {default}.".strip()))
    return rows


def _people(draws: int = 2000) -> list[tuple[str, str]]:
    """Who is drawn where a scenario does not say: shares of sexes, skin tones (Monk scale) and ages of each kind."""
    rows = []
    for kind, cls in members("actors").items():
        if "skin_tone" not in cls.model_fields:
            continue
        actor: Any = cls()
        drawn = [actor.drawn(generator(0, "people", kind, k)) for k in range(draws)]
        tones = np.array([each.skin_tone for each in drawn])
        text = [f"female {_percent(np.array([each.sex == 'female' for each in drawn]))}"]
        text += [f"tones {low}-{high} {_percent((tones >= low) & (tones <= high))}" for low, high in TONES]
        if "age_years" in cls.model_fields:
            ages = np.array([each.age_years for each in drawn])
            text.append(f"aged {ages.min():.0f} to {ages.max():.0f}, {_percent(ages >= 65)} of 65 and over")
        rows.append((kind, "; ".join(text)))
    return rows


def _percent(chosen: NDArray[np.bool_]) -> str:
    return f"{100 * float(chosen.mean()):.0f} %"


def _roads() -> list[tuple[str, str]]:
    """Procedural roads, `road: {kind: ...}`, with their parameters."""
    from simulator.roads import procedural

    return [
        (kind, f"{_sentence(getattr(procedural, kind).__doc__)} ({', '.join(parameters)})")
        for kind, parameters in ROAD_PARAMETERS.items()
    ]


def _surroundings() -> list[tuple[str, str]]:
    """What stands beside the road by itself in each style, `surroundings: {kind: ...}`."""
    from simulator.surroundings.styles import styles

    rows = []
    for name, style in styles().items():
        edges = [edge for edge in dict.fromkeys(style.plot_edges) if edge != "none"]
        things = {
            "street lamps": style.lamp_spacing_m > 0.0,
            FURNITURE: style.furniture_per_100_m,
            "hedgerows": style.hedgerows,
            "woods": style.woods,
            "guard rails": style.guard_rails,
            "delineators": style.delineators,
            "noise barriers": style.noise_barriers,
            "gantries": name == "motorway",
            "poles with wires": style.utility_poles,
            "a church": style.church,
        }
        parts = [
            "houses: " + ", ".join(kind for kind, _ in style.houses),
            "trees: " + ", ".join(dict.fromkeys(style.species)),
            *(["fronts: " + ", ".join(edges)] if edges else []),
            *(thing for thing, there in things.items() if there),
        ]
        rows.append((name, "; ".join(parts).replace("_", " ")))
    return rows


def _signs() -> list[tuple[str, str]]:
    """Signs that a map may name, by country and type, and the MUTCD's sign for each with `signs: mutcd`."""
    rows = []
    for entry in load_asset("signs")["signs"]:
        codes = (f"{land} {', '.join(map(str, names))}" for land, names in entry["codes"].items())
        us = f" -> {entry['us']}" if "us" in entry else ""
        rows.append((str(entry["name"]), f"{entry['shape']}: {'; '.join(codes)}{us}"))
    return rows


def _sentence(text: str | None) -> str:
    return " ".join((text or "").strip().split("\n\n")[0].split())


def _scenarios() -> list[tuple[str, str]]:
    """The drives, then the scripted scenarios, which are for replaying."""
    from simulator.scenario.reading import load
    from simulator.scenario.scripted import is_script, load_script

    rows = []
    for file in sorted(data_dir("scenarios").rglob("*.yaml"), key=lambda file: (len(file.parts), file.stem)):
        try:
            about = f"[scripted] {load_script(file).about}" if is_script(file) else load(file).about
            rows.append((file.stem, " ".join(about.split())))
        except OddRoadError as error:
            rows.append((file.stem, f"cannot be read: {str(error).splitlines()[0]}"))
    return rows
