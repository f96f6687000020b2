"""Sensor rigs by name: which sensors a car carries, and where."""

from __future__ import annotations

from typing import cast

from simulator.data import load_asset
from simulator.errors import InputError, did_you_mean
from simulator.scenario.family import member
from simulator.sensors.base import Sensor


def load_rig(name: str) -> dict[str, Sensor]:
    """Sensors by name of a rig of `assets/rigs.yaml`. Raises InputError with the nearest name if there is none."""
    rigs = load_asset("rigs")
    if name not in rigs:
        raise InputError(f'unknown rig "{name}".{did_you_mean(name, rigs)} Known: {", ".join(rigs)}')
    sensors = {}
    for sensor, fields in rigs[name].items():
        values = {key: value for key, value in fields.items() if key != "kind"}
        sensors[sensor] = cast(Sensor, member("sensors", fields["kind"])(**values))
    return sensors
