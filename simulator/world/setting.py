"""Light and weather of a played scenario: from the records of its environment to our units, and to conditions."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

from simulator.errors import InputError
from simulator.scenario.mappings import weather_members, weather_model
from simulator.scenario.models import Scenario
from simulator.storyboard import model
from simulator.storyboard.recording import Change, Recording
from simulator.weather.base import Weather
from simulator.weather.conditions import Conditions, Setting
from simulator.weather.daylight import RAIN_CLOUD_OKTAS

Plain = dict[str, Any]

# Mean depth of water, mm: our reading of the standard's words.
FILM_MM = {"dry": 0.0, "moist": 0.1, "wetWithPuddles": 1.0, "lowFlooded": 5.0, "highFlooded": 20.0}
CLEAR_NOON = "2025-06-21T12:00:00"  # where a scenario says nothing
PRESSURES_HPA = (300.0, 1100.0)  # from the highest mountain to the highest high
UTC_OFFSET_H = 1.0  # of times without a zone: that of the default place
OKTAS = 8  # 9 stands for a sky that cannot be seen
_ENVIRONMENT = ("time_of_day", "time_of_day_since", "weather", "road_condition")


def settings_of(recording: Recording) -> list[Plain]:
    """Light and weather over a run as plain data, one entry for each time at which they are set, the first at 0 s.

    An empty list where the run says nothing about them.

    Keys: `t` (s), `utc` (ISO 8601), `runs`, `sun_deg` (azimuth, elevation) and `sun_lx` where the scenario says where
    the sun stands, `pressure_hpa` where it says so, `weather` (as in our scenarios), `friction`, `film_set` and
    `clouds_set` (see `Setting`). Fog within a box is there while the ego is in the box.
    """
    if not any(not each.owner and each.what in _ENVIRONMENT for each in recording.changes):
        return []
    states = list(_states(recording.changes))
    ends = [time for time, _, _ in states[1:]] + [math.inf]
    return [
        _entry(begin, there, sun)
        for (time, state, sun), end in zip(states, ends, strict=True)
        for begin, there in _with_fog(time, end, state, recording)
    ]


def start_of(recording: Recording) -> Plain:
    """The first entry of `settings_of`, or a clear noon in summer."""
    return next(iter(settings_of(recording)), _entry(0.0, {}, None))


def _with_fog(begin: float, end: float, state: Plain, recording: Recording) -> Iterator[tuple[float, Plain]]:
    """The state from `begin` (s) until before `end`; of fog in a box also whenever the ego enters or leaves it."""
    weather = state.get("weather")
    fog = weather.fog if isinstance(weather, model.Weather) else None
    if not isinstance(weather, model.Weather) or fog is None or fog.bounding_box is None:
        yield begin, state
        return
    box, clear = fog.bounding_box, {**state, "weather": replace(weather, fog=None)}
    center, half = (box.center_x, box.center_y, box.center_z), (box.length / 2, box.width / 2, box.height / 2)
    way = [
        (row.t, all(abs(v - c) <= h for v, c, h in zip((row.x, row.y, row.z), center, half, strict=True)))
        for row in recording.of(recording.ego)
        if row.t < end
    ]
    was = next((inside for t, inside in reversed(way) if t <= begin), False)
    yield begin, state if was else clear
    for t, inside in way:
        if t > begin and inside is not was:
            yield t, state if inside else clear
            was = inside


def _states(changes: Sequence[Change]) -> Iterator[tuple[float, Plain, model.Sun | None]]:
    """Time, what of the environment holds from then on, and the sun that it names."""
    state: Plain = {}
    sun: model.Sun | None = None
    times = sorted({0.0, *(each.time for each in changes if not each.owner and each.what in _ENVIRONMENT)})
    for time in times:
        new = {each.what: each.value for each in changes if not each.owner and each.time == time}
        weather = new.get("weather")
        if "time_of_day" in new:  # a clock that is set later than a sun moves it
            sun = None
        if isinstance(weather, model.Weather) and weather.sun is not getattr(state.get("weather"), "sun", None):
            sun = weather.sun
        state = {**state, **{what: value for what, value in new.items() if what in _ENVIRONMENT}}
        yield time, state, sun


def _entry(time: float, state: Plain, sun: model.Sun | None) -> Plain:
    given, road = state.get("time_of_day"), state.get("road_condition")
    start = dt.datetime.fromisoformat(given.date_time if isinstance(given, model.TimeOfDay) else CLEAR_NOON)
    if start.tzinfo is None:
        start = start.replace(tzinfo=dt.timezone(dt.timedelta(hours=UTC_OFFSET_H)))
    runs = isinstance(given, model.TimeOfDay) and given.animation
    if runs:
        start += dt.timedelta(seconds=time - float(state.get("time_of_day_since", 0.0)))
    weather = _weather(state.get("weather"))
    entry: Plain = {"t": round(time, 6), "utc": start.isoformat(), "runs": runs, "weather": weather}
    falls = weather.get("rain_mm_h", 0.0) > 0 or weather.get("snow_mm_h", 0.0) > 0
    entry["clouds_set"] = "cloud_oktas" in weather and not (falls and weather["cloud_oktas"] < RAIN_CLOUD_OKTAS)
    entry["film_set"] = False
    if isinstance(road, model.RoadCondition):
        entry["friction"] = max(road.friction_scale_factor, 0.0)
        if road.wetness is not None:
            weather["water_film_mm"], entry["film_set"] = FILM_MM[road.wetness], True
    pressure = getattr(state.get("weather"), "atmospheric_pressure", None)
    if pressure is not None:
        entry["pressure_hpa"] = min(max(pressure / 100.0, PRESSURES_HPA[0]), PRESSURES_HPA[1])
    if sun is not None:
        entry["sun_deg"] = [math.degrees(sun.azimuth) % 360.0, math.degrees(sun.elevation)]
        if sun.illuminance is not None:
            entry["sun_lx"] = max(sun.illuminance, 0.0)
    return entry


def _weather(weather: object) -> Plain:
    """Our weather from that of OpenSCENARIO, in our units and bounds; what is not given is usual."""
    found: Plain = {}
    if not isinstance(weather, model.Weather):
        return found
    if weather.fractional_cloud_cover is not None:
        found["cloud_oktas"] = min(weather.fractional_cloud_cover, OKTAS)
    if weather.fog is not None:
        found["visibility_m"] = min(max(weather.fog.visual_range, 10.0), 100_000.0)
    if weather.temperature is not None:
        found["temperature_c"] = min(max(weather.temperature - 273.15, -40.0), 50.0)
    if weather.wind is not None:
        found["wind_mps"] = min(max(weather.wind.speed, 0.0), 60.0)
        # Theirs is where it blows to, anticlockwise from x (east).
        found["wind_from_deg"] = (270.0 - math.degrees(weather.wind.direction)) % 360.0
    rain = weather.precipitation
    if rain is not None and rain.precipitation_type == "rain":
        found["rain_mm_h"] = min(max(rain.precipitation_intensity, 0.0), 200.0)
    elif rain is not None and rain.precipitation_type == "snow":
        found["snow_mm_h"] = min(max(rain.precipitation_intensity, 0.0), 20.0)
    return found


def conditions_of(scenario: Scenario, entries: Sequence[Plain] = ()) -> Conditions:
    """The conditions of a concrete scenario: its own throughout, or those of `settings_of`.

    Raises:
        InputError: the entries are none of `settings_of`.
    """
    place = scenario.place
    own = Setting(0.0, scenario.start_utc, False, _members(scenario.weather))
    settings = [_setting(entry, str(scenario.recording)) for entry in entries] or [own]
    settings[0] = replace(settings[0], time_s=0.0)
    return Conditions(place.latitude_deg, place.longitude_deg, place.elevation_m, tuple(settings))


def _setting(entry: Plain, source: str) -> Setting:
    try:
        sun = entry.get("sun_deg")
        return Setting(
            float(entry["t"]),
            dt.datetime.fromisoformat(entry["utc"]).astimezone(dt.UTC),
            bool(entry["runs"]),
            _members(weather_model().model_validate(entry["weather"])),
            None if sun is None else (math.radians(sun[0]), math.radians(sun[1])),
            None if entry.get("sun_lx") is None else float(entry["sun_lx"]),
            float(entry.get("friction", 1.0)),
            bool(entry["film_set"]),
            bool(entry["clouds_set"]),
            None if entry.get("pressure_hpa") is None else float(entry["pressure_hpa"]),
        )
    except (KeyError, ValueError, TypeError, IndexError, OverflowError) as error:
        text = f"has a setting of light and weather that is none: {type(error).__name__} {error}"
        raise InputError(" ".join(text.split())[:300], source=source) from None


def _members(weather: Any) -> tuple[Weather, ...]:
    return cast("tuple[Weather, ...]", tuple(weather_members(weather)))
