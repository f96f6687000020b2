"""From a recorded run to the scenario that shows it: map, duration, time of day and weather."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

from simulator.errors import InputError
from simulator.scenario.models import Place, Scenario
from simulator.sensors.rig import load_rig
from simulator.storyboard import model
from simulator.storyboard.recording import Recording
from simulator.world.recorded import duration_of

RATES_HZ = (0.01, 1000.0)  # what sensors accept
FILM_MM = {"dry": 0.0, "moist": 0.1, "wetWithPuddles": 1.0, "lowFlooded": 5.0, "highFlooded": 20.0}
NOBODY = dict.fromkeys(("vehicles", "parked", "pedestrians", "cyclists", "animals"), 0)


def staged(
    scenario: model.OpenScenario,
    recording: Recording,
    road: Path,
    drive: Path,
    *,
    rig: str = "kitti",
    rate_hz: float | None = None,
    seed: int = 0,
) -> Scenario:
    """The scenario that shows a run through the sensors of its ego.

    Args:
        recording: the run. road: its map. drive: the file that `write_recorded` made of it.
        rig: name of a sensor rig. rate_hz: of all its sensors; None: their own.
        seed: of everything that the run does not say: surroundings, looks, noise.

    Raises:
        InputError: there is no such rig, or no such rate.
    """
    sensors = load_rig(rig)
    if rate_hz is not None and not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        raise InputError(f"must be between {RATES_HZ[0]:g} and {RATES_HZ[1]:g} Hz, not {rate_hz:g}", key="rate_hz")
    data: dict[str, Any] = {
        "about": scenario.file_header.description,
        "duration_s": min(duration_of(recording), 600.0),
        "seed": seed,
        "time": _time(recording.environment),
        "road": {"opendrive": str(road.resolve())},
        "traffic": NOBODY,
        "weather": _weather(recording.environment),
        "recording": str(drive.resolve()),
        "rig": rig,
    }
    made = Scenario.model_validate(data).sample(seed)
    if rate_hz is None:
        return made
    return made.model_copy(
        update={"rig": {name: sensor.model_copy(update={"rate_hz": rate_hz}) for name, sensor in sensors.items()}}
    )


def _time(environment: dict[str, object]) -> dict[str, Any]:
    """Date and time as given, in the place's own time; a sun that is given moves the clock to where it is as high."""
    given, weather = environment.get("time_of_day"), environment.get("weather")
    start = dt.datetime(2025, 6, 21, 12, tzinfo=dt.UTC)
    if isinstance(given, model.TimeOfDay):
        start = dt.datetime.fromisoformat(given.date_time)
    offset = 1.0 if start.utcoffset() is None else start.utcoffset().total_seconds() / 3600  # type: ignore[union-attr]
    hours = start.hour + start.minute / 60 + start.second / 3600
    if isinstance(weather, model.Weather) and weather.sun is not None:
        offset, hours = 1.0, _hour_of(weather.sun, start.date())
    return {"date": f"{start.date()}", "clock_h": round(hours, 3), "utc_offset_h": offset}


def _hour_of(sun: model.Sun, date: dt.date) -> float:
    """Hour of the day, UTC + 1 h at the default place, at which the sun comes nearest to a position in the sky."""
    from simulator.weather.sun import solar_position

    place = Place()

    def error(minute: int) -> float:
        clock = dt.datetime.combine(date, dt.time(), dt.UTC) + dt.timedelta(minutes=minute - 60)
        there = solar_position(clock, place.latitude_deg, place.longitude_deg)
        side = math.sin(sun.azimuth) * math.sin(there.azimuth_rad) < 0  # evening for morning
        return abs(there.elevation_rad - sun.elevation) + 0.05 * side

    return min(range(0, 1440, 5), key=error) / 60


def _weather(environment: dict[str, object]) -> dict[str, float]:
    """Our weather from that of OpenSCENARIO, in our units and bounds; what is not given is usual."""
    found: dict[str, float] = {}
    weather, road = environment.get("weather"), environment.get("road_condition")
    if isinstance(weather, model.Weather):
        if weather.fractional_cloud_cover is not None:
            found["cloud_oktas"] = min(weather.fractional_cloud_cover, 8)
        if weather.fog is not None:
            found["visibility_m"] = min(max(weather.fog.visual_range, 10.0), 100_000.0)
        if weather.temperature is not None:
            found["temperature_c"] = min(max(weather.temperature - 273.15, -40.0), 50.0)
        if weather.wind is not None:
            found["wind_mps"] = min(max(weather.wind.speed, 0.0), 60.0)
            found["wind_from_deg"] = math.degrees(weather.wind.direction) % 360.0
        rain = weather.precipitation
        if rain is not None and rain.precipitation_type == "rain":
            found["rain_mm_h"] = min(max(rain.precipitation_intensity, 0.0), 200.0)
        elif rain is not None and rain.precipitation_type == "snow":
            found["snow_mm_h"] = min(max(rain.precipitation_intensity, 0.0), 20.0)
    if isinstance(road, model.RoadCondition) and road.wetness is not None:
        found["water_film_mm"] = FILM_MM[road.wetness]
    return found
