"""Parameters of vehicles and of their tyres, as rows of arrays: `assets/dynamics.yaml` names those there are.

The centre of mass lies `front` behind the front axle and `rear` ahead of the rear axle, `cg_height` above the ground.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.data import load_asset
from simulator.dynamics.tyres import TYRE_DTYPE, peak_slip
from simulator.errors import OddRoadError
from simulator.numerics.units import GRAVITY_MPS2


class Model(IntEnum):
    """How a vehicle moves. The greater, the more it knows, and the slower it is."""

    KINEMATIC = 0  # wheels roll where they point: CommonRoad's KS, with a trailer KST
    SINGLE_TRACK = 1  # linear tyres with load transfer: ST, good up to half of the friction there is
    DRIFT = 2  # Pacejka tyres and turning wheels: STD


VEHICLE_DTYPE = np.dtype(
    [
        ("model", np.int64),  # Model
        ("leans", np.bool_),  # a two-wheeler
        ("antilock", np.bool_),  # brakes that keep the wheels from locking, and share by load
        ("traction_control", np.bool_),
        ("length", np.float64),  # m
        ("width", np.float64),  # m
        ("mass", np.float64),  # kg
        ("sprung_mass", np.float64),  # kg: the body, without wheels and axles
        ("front", np.float64),  # m, centre of mass to front axle
        ("rear", np.float64),  # m, centre of mass to rear axle
        ("cg_height", np.float64),  # m
        ("yaw_inertia", np.float64),  # kg m2
        ("roll_inertia", np.float64),  # kg m2, about the roll axis, which lies on the ground
        ("pitch_inertia", np.float64),  # kg m2, about the ground
        ("roll_stiffness", np.float64),  # N m/rad, gravity's share taken off; 0: the body stays level
        ("roll_damping", np.float64),  # N m s/rad
        ("pitch_stiffness", np.float64),
        ("pitch_damping", np.float64),
        ("steer_max", np.float64),  # rad, either way
        ("steer_rate_max", np.float64),  # rad/s
        ("speed_min", np.float64),  # m/s, when reversing
        ("speed_max", np.float64),  # m/s
        ("drive_max", np.float64),  # m/s2
        ("brake_max", np.float64),  # m/s2
        ("switch_speed", np.float64),  # m/s from which power limits the acceleration, to drive_max switch_speed / speed
        ("wheel_radius", np.float64),  # m
        ("wheel_inertia", np.float64),  # kg m2 of the wheel that stands for an axle
        ("brake_front", np.float64),  # share of the braking torque
        ("drive_front", np.float64),  # share of the driving torque
        ("trailer", np.float64),  # m from hitch to the trailer's axle; 0: none
        ("hitch", np.float64),  # m from the rear axle back to the hitch
        ("tyre", TYRE_DTYPE),
    ]
)
_SUSPENSION = ("spring", "damper", "track", "anti_roll")  # keys of the asset, each with _front and _rear
_DYNAMIC = ("mass", "yaw_inertia", "wheel_radius", "wheel_inertia")  # what the dynamic models need


def _entry(kind: str, name: str) -> dict[str, Any]:
    entries: dict[str, dict[str, Any]] = load_asset("dynamics")[kind]
    if name in entries:
        return entries[name]
    near = get_close_matches(name, entries, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise OddRoadError(f"there is no {kind[:-1]} {name!r} in assets/dynamics.yaml, but {', '.join(entries)}.{hint}")


def tyre(name: str = "passenger_car") -> NDArray[np.void]:
    """() TYRE_DTYPE of the tyre of that name.

    Raises:
        OddRoadError: if there is none.
    """
    row = np.zeros((), TYRE_DTYPE)
    for key, value in _entry("tyres", name).items():
        row[key] = value
    stiffness, shape, friction, curvature = (float(row[key]) for key in ("p_kx1", "p_cx1", "p_dx1", "p_ex1"))
    row["peak"] = peak_slip(stiffness / (shape * friction), shape, curvature)
    return row


def _suspend(row: NDArray[np.void], data: dict[str, float]) -> None:
    """Roll and pitch of a body on four springs, those of CommonRoad's multi-body model, with stiff tyres."""
    front, rear, track_f, track_r = (float(data[k]) for k in ("front", "rear", "track_front", "track_rear"))
    spring_f, spring_r, damper_f, damper_r = (
        float(data[k]) for k in ("spring_front", "spring_rear", "damper_front", "damper_rear")
    )
    lever = row["sprung_mass"] * row["cg_height"]
    row["roll_stiffness"] = (
        0.5 * (spring_f * track_f**2 + spring_r * track_r**2)
        + data["anti_roll_front"]
        + data["anti_roll_rear"]
        - lever * GRAVITY_MPS2
    )
    row["roll_damping"] = 0.5 * (damper_f * track_f**2 + damper_r * track_r**2)
    row["pitch_stiffness"] = 2.0 * (spring_f * front**2 + spring_r * rear**2) - lever * GRAVITY_MPS2
    row["pitch_damping"] = 2.0 * (damper_f * front**2 + damper_r * rear**2)
    for axis in ("roll_inertia", "pitch_inertia"):  # the table's are about the centre of mass
        row[axis] += lever * row["cg_height"]


def vehicle(
    name: str, model: Model = Model.KINEMATIC, *, tyres: str = "passenger_car", **changes: Any
) -> NDArray[np.void]:
    """() VEHICLE_DTYPE of the vehicle of that name.

    Args:
        name: key of `assets/dynamics.yaml`.
        model: how it moves.
        tyres: name of its tyres.
        changes: fields to set otherwise than in the table; `antilock` and `traction_control` are on by default.

    Raises:
        OddRoadError: for an unknown name or field, or a model for which the table lacks masses.
    """
    data = _entry("vehicles", name)
    row = np.zeros((), VEHICLE_DTYPE)
    row["model"], row["antilock"], row["traction_control"] = model, True, True
    for key, value in data.items():
        if not key.startswith(_SUSPENSION):
            row[key] = value
    row["tyre"] = tyre(tyres)
    if "spring_front" in data:
        _suspend(row, data)
    for key, value in changes.items():
        if key not in (VEHICLE_DTYPE.names or ()) or key == "tyre":
            raise OddRoadError(f"a vehicle has no field {key!r}; it has: {', '.join(VEHICLE_DTYPE.names or ())}")
        row[key] = value
    lacking = [key for key in _DYNAMIC if not row[key] > 0.0]
    if model != Model.KINEMATIC and lacking:
        raise OddRoadError(f"{name} has no {', '.join(lacking)}: it can only be Model.KINEMATIC, or pass them by name")
    return row


def vehicles(rows: Sequence[NDArray[np.void]]) -> NDArray[np.void]:
    """(K,) VEHICLE_DTYPE of K vehicles, the table that states refer to by index."""
    return np.array([row[()] for row in rows], VEHICLE_DTYPE)
