"""What the record of a signal means: a traffic light, paint on the road, or a sign of `assets/signs.yaml`; and whom it
is for."""

from __future__ import annotations

import re
from functools import cache

from simulator.data import load_asset
from simulator.roads.records import Signal, SignalReference
from simulator.roads.road import Road

# Words in the names that map makers give to signals, tried in this order; groups are numbers.
_WORDS = (
    (r"stop", "stop"),
    (r"yield|give.?way|vorfahrt.?gew", "give_way"),
    (r"speed.*?(\d+)|hoechst\D*(\d+)|274[-_](\d+)", "speed_limit"),
    (r"overtaking.*end", "end_no_overtaking"),
    (r"overtaking", "no_overtaking"),
    (r"construction|roadwork", "roadworks"),
    (r"no.?entry|einfahrt", "no_entry"),
    (r"one.?way", "one_way"),
    (r"crosswalk|pedestrian|zebra", "crossing"),
    (r"child", "children"),
    (r"deer|wild", "deer"),
    (r"parking|parkplatz", "parking"),
    (r"priority", "priority_road"),
)
# Spellings of countries in maps; numbers without a country, and Austrian and Swiss ones, read like German ones.
_COUNTRIES = {
    "": "DE",
    "OPENDRIVE": "DE",
    "DEU": "DE",
    "GERMANY": "DE",
    "USA": "US",
    "SWE": "SE",
    "AT": "DE",
    "CH": "DE",
}


@cache
def _names() -> dict[tuple[str, str], str]:
    """Names of signs by country and code."""
    return {
        (country, str(code).upper()): row["name"]
        for row in load_asset("signs")["signs"]
        for country, codes in row["codes"].items()
        for code in codes
    }


def is_light(signal: Signal) -> str:
    """ "vehicle", "two" or "pedestrian" for a traffic light, "" for anything else."""
    kind = load_asset("signs")["lights"].get(signal.type, "")
    if not kind and signal.dynamic and not signal.type.isdigit():
        kind = "vehicle" if "light" in signal.name.lower() or signal.type in ("", "-1", "none") else ""
    return str(kind)


def is_paint(signal: Signal) -> bool:
    """Whether a record stands for paint on the road, which has no plate."""
    painted = signal.name.lower().startswith("sgrm")
    return signal.type in load_asset("signs")["paint"] or painted or is_stop_line(signal)


def is_stop_line(signal: Signal) -> bool:
    """Whether a record stands for a stop line or yield line (294, 341 of the StVO)."""
    name = signal.name.lower().replace(" ", "").replace("_", "")
    return signal.type in ("294", "341") or any(word in name for word in ("haltelinie", "holdingline", "stopline"))


def sign_name(signal: Signal) -> tuple[str, int]:
    """Name in `assets/signs.yaml` of the sign that a record means, and the number in the record's own name.

    The name is "" for lights, paint and what is not known; the number is 0 where the code told the name.
    """
    if is_light(signal) or is_paint(signal):
        return "", 0
    country = _COUNTRIES.get(signal.country.upper(), signal.country.upper())
    kind, part = signal.type.upper().strip(), signal.subtype.upper().strip()
    for code in (f"{kind}-{part}", f"{kind}{part}", f"{kind}.{part}", kind):
        if (country, code) in _names():
            return _names()[country, code], 0
    number = re.match(r"[a-z]{0,2}_?(?:sg)?(\d{3})", signal.name.lower())
    if number and ("DE", number[1]) in _names():
        return _names()["DE", number[1]], 0
    for pattern, result in _WORDS:
        match = re.search(pattern, signal.name.lower())
        if match:
            numbers = [int(g) for g in match.groups() if g]
            return result, numbers[0] if numbers and 5 <= numbers[0] <= 140 else 0
    return "", 0


def applies_to(signal: Signal | SignalReference, road: Road, lane_id: int) -> bool:
    """Whether a signal on a road is for the traffic of one of its lanes: it faces that traffic, and is valid there."""
    faces = signal.orientation == "none" or (signal.orientation == "+") == road.drives_forward(lane_id)
    return faces and (not signal.validity or any(v.from_lane <= lane_id <= v.to_lane for v in signal.validity))
