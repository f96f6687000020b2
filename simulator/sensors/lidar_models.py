"""The lidars of `assets/lidars.yaml`: where each beam looks, when it fires and how far it reaches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.data import load_asset
from simulator.errors import InputError, did_you_mean, listed
from simulator.numerics.rng import generator

F64 = NDArray[np.float64]

# Near the sensor the receiver is out of focus: received power stops growing as 1 / R^2 at about this range
# (mean focal distance in the calibration of real HDL-64E units, 5..20 m). Without it fog at one metre would
# outshine all.
FOCUS_M = 8.0
# The receiver does not see its own beam below the first range and sees all of it beyond the second
# (Hahner et al., "Fog Simulation on Real LiDAR Point Clouds", ICCV 2021).
OVERLAP_M = (0.9, 1.0)
RETRO_RANGE = 7.5  # logarithm of the brightest retro-reflector over white that a calibrated intensity tells


def receiver_gain(range_m: ArrayLike, focus_m: float = FOCUS_M) -> F64:
    """Geometric factor xi(R) / (R^2 + focus^2) in 1/m^2 of the range equation; xi is the beam overlap."""
    r = np.asarray(range_m, np.float64)
    overlap = np.clip((r - OVERLAP_M[0]) / (OVERLAP_M[1] - OVERLAP_M[0]), 0.0, 1.0)
    return np.asarray(overlap / np.maximum(r * r + focus_m * focus_m, 1e-12))


class RawIntensity(NamedTuple):
    """What a sensor without calibrated intensities reports, 0..1; see the head of `assets/lidars.yaml`."""

    at_tenth: float
    per_decade: float
    beam_sigma: float
    sigma: float
    fades_at: float


class Sweep(NamedTuple):
    """One turn of a spinning lidar: R firings in order of time, in the sensor frame (x forward, y left).

    Attributes:
        direction: (R, 3) unit beam directions.
        origin: (R, 3) where the beams start, metres.
        offset_ns: (R,) int64 firing time against the middle of the sweep, when the first beam looks forward.
        beam: (R,) int32 row of the beam table.
        image: (B, C) int32 firings by elevation and column: neighbours look at neighbours.
    """

    direction: F64
    origin: F64
    offset_ns: NDArray[np.int64]
    beam: NDArray[np.int32]
    image: NDArray[np.int32]


class Rays(NamedTuple):
    """(R, 3) float64 origins and unit directions in the local frame."""

    origin: F64
    direction: F64


@dataclass(frozen=True, slots=True, eq=False)
class LidarModel:
    """One lidar; see the head of `assets/lidars.yaml` for the fields that carry its names.

    Attributes:
        name: key in the asset.
        elevation_rad: (B,) up is positive.
        azimuth_rad: (B,) offset of the beam against its column, left is positive.
        ring: (B,) uint16 rank of the beam by elevation, 0 the lowest.
        firing_offset_s: (B,) time after its column starts.
        cycle_s: time between columns, or 0 where `columns` are fixed.
        columns: columns a turn where they are fixed, or 0.
        reach: (K, 2) reflectance and range of a perpendicular diffuse target that is just seen.
        raw: its own intensities, where they are known.
    """

    name: str
    title: str
    wavelength_nm: float
    pulse_s: float
    divergence_rad: float
    rotation_hz: float
    rotation_range_hz: tuple[float, float]
    cycle_s: float
    columns: int
    firing_offset_s: F64
    range_min_m: float
    range_max_m: float
    reach: F64
    range_sigma_m: tuple[float, float]
    range_step_m: float
    origin_radius_m: float
    elevation_rad: F64
    azimuth_rad: F64
    ring: NDArray[np.uint16]
    raw: RawIntensity | None

    @property
    def beams(self) -> int:
        """Number of beams."""
        return len(self.elevation_rad)

    @property
    def excess_loss_1_m(self) -> float:
        """Extinction k beyond the inverse square, such that rho xi / (R^2 + f^2) exp(-2 k R) meets both `reach`."""
        if len(self.reach) == 1:
            return 0.0
        (rho_near, near), (rho_far, far) = self.reach[0].tolist(), self.reach[-1].tolist()
        ratio = rho_far * receiver_gain(far) / (rho_near * receiver_gain(near))
        return max(0.0, float(np.log(ratio) / (2 * (far - near))))

    @property
    def threshold(self) -> float:
        """Least detectable rho cos(theta) xi / (R^2 + f^2) exp(-2 (alpha + k) R) in 1/m^2."""
        rho, reach = self.reach[0]
        return float(rho * receiver_gain(reach) * np.exp(-2 * self.excess_loss_1_m * reach))

    def reach_m(self, reflectance: float, extinction_1_m: float = 0.0) -> float:
        """Range at which a perpendicular diffuse target is just seen through air of this extinction."""
        r = np.linspace(OVERLAP_M[1], self.range_max_m, 200_001)
        power = reflectance * receiver_gain(r) * np.exp(-2 * (self.excess_loss_1_m + extinction_1_m) * r)
        seen = np.flatnonzero(power >= self.threshold * (1 - 1e-9))
        return float(r[seen[-1]]) if len(seen) else 0.0

    def raw_intensity(
        self, intensity: NDArray[np.float32], range_m: NDArray[np.float32], ring: NDArray[np.uint16], seed: int
    ) -> NDArray[np.float32]:
        """(N,) what the sensor itself would report for points of calibrated `intensity`, in steps of 0.01.

        It grows with the logarithm of the reflectance, differs from beam to beam, and fades with the signal: dark or
        far points have 0. Raises InputError if these numbers are not known.
        """
        if self.raw is None:
            raise InputError(f'{self.title} reports calibrated intensities: its `intensity` can only be "calibrated"')
        code = 255.0 * intensity.astype(np.float64)
        reflectance = np.where(code <= 100.0, code / 100.0, np.exp((code - 100.0) * (RETRO_RANGE / 155.0)))
        power = reflectance * receiver_gain(range_m) * np.exp(-2.0 * self.excess_loss_1_m * range_m)
        fading = 1.0 - np.exp(-np.maximum(power / self.threshold - 1.0, 0.0) / self.raw.fades_at)
        level = self.raw.at_tenth + self.raw.per_decade * np.log10(np.maximum(reflectance, 0.01) / 0.1)
        level += self.raw.beam_sigma * generator(0, "raw intensity", self.name).normal(size=self.beams)[ring]
        level = level * fading + self.raw.sigma * generator(seed, "raw intensity").normal(size=len(level))
        return np.asarray(np.rint(np.clip(level, 0.0, 0.99) * 100.0) / 100.0, np.float32)

    def sweep(self, rate_hz: float) -> Sweep:
        """Firings of one turn at `rate_hz` turns a second, clockwise, from behind over ahead to behind.

        Columns of sensors with a fixed firing cycle are as many whole ones as fit a turn. The arrays are shared: do
        not modify them.
        """
        return _sweep(self, rate_hz)


@cache
def _sweep(lidar: LidarModel, rate_hz: float) -> Sweep:
    cycle = lidar.cycle_s or 1.0 / (rate_hz * lidar.columns)
    columns = lidar.columns or int(1.0 / (rate_hz * cycle) + 1e-9)
    start = (np.arange(columns) - columns // 2) * cycle
    time = start[:, None] + lidar.firing_offset_s
    turn = -2 * np.pi * rate_hz * time
    azimuth = turn + lidar.azimuth_rad
    flat = np.cos(lidar.elevation_rad)
    direction = np.stack(
        [
            flat * np.cos(azimuth),
            flat * np.sin(azimuth),
            np.broadcast_to(np.sin(lidar.elevation_rad), azimuth.shape),
        ],
        -1,
    )
    origin = lidar.origin_radius_m * np.stack([np.cos(turn), np.sin(turn), np.zeros_like(turn)], -1)
    beam = np.broadcast_to(np.arange(lidar.beams, dtype=np.int32), time.shape)
    order = np.argsort(time.ravel(), kind="stable")
    firing = np.empty(len(order), np.int32)
    firing[order] = np.arange(len(order), dtype=np.int32)
    image = firing.reshape(time.shape)[:, np.argsort(lidar.elevation_rad, kind="stable")].T
    return Sweep(
        direction.reshape(-1, 3)[order],
        origin.reshape(-1, 3)[order],
        np.rint(time.ravel()[order] * 1e9).astype(np.int64),
        beam.ravel()[order],
        np.ascontiguousarray(image),
    )


def _read(name: str, row: dict[str, Any]) -> LidarModel:
    elevation = np.radians(np.asarray(row["elevation_deg"], np.float64))
    beams = len(elevation)
    part = beams // row.get("blocks", 1)
    group = (np.arange(beams) % part) // row.get("firing_group", part)
    rank = np.empty(beams, np.uint16)
    rank[np.argsort(elevation, kind="stable")] = np.arange(beams)
    low, high = row["rotation_range_hz"]
    near, far = row["range_sigma_m"]
    return LidarModel(
        name=name,
        title=row["title"],
        wavelength_nm=float(row["wavelength_nm"]),
        pulse_s=row["pulse_ns"] * 1e-9,
        divergence_rad=row["divergence_mrad"] * 1e-3,
        rotation_hz=float(row["rotation_hz"]),
        rotation_range_hz=(float(low), float(high)),
        cycle_s=row.get("firing_cycle_us", 0.0) * 1e-6,
        columns=int(row.get("columns", 0)),
        firing_offset_s=group * row.get("firing_step_us", 0.0) * 1e-6,
        range_min_m=float(row["range_min_m"]),
        range_max_m=float(row["range_max_m"]),
        reach=np.asarray(row["reach"], np.float64),
        range_sigma_m=(float(near), float(far)),
        range_step_m=float(row["range_step_m"]),
        origin_radius_m=float(row.get("origin_radius_m", 0.0)),
        elevation_rad=elevation,
        azimuth_rad=np.radians(np.asarray(row["azimuth_deg"], np.float64)),
        ring=rank,
        raw=RawIntensity(**row["raw_intensity"]) if "raw_intensity" in row else None,
    )


def lidar_names() -> tuple[str, ...]:
    """Names of all lidars in the asset."""
    return tuple(load_asset("lidars")["lidars"])


@cache
def load_lidar(name: str) -> LidarModel:
    """The lidar `name` of `assets/lidars.yaml`. Raises InputError with the nearest name if there is none."""
    table = load_asset("lidars")["lidars"]
    if name not in table:
        raise InputError(f'unknown lidar "{name}".{did_you_mean(name, table)} Known: {listed(table)}')
    return _read(name, table[name])
