"""Drops on the windscreen and its wiper against geometry, the published sizes of drops and the rules for wipers."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from simulator.scene import Atmosphere
from simulator.sensors.shading import windscreen as glass

AIR = Atmosphere(np.array([0.0, 0.0, 1.0]), 1.5)


def stage(
    rain_mm_h: float, time_s: float = 0.0, speed: float = 20.0, threads: int = 1, seed: int = 3
) -> SimpleNamespace:
    state = SimpleNamespace(velocity=np.array([[speed, 0.0, 0.0]]), time_ns=round(time_s * 1e9))
    air = replace(AIR, rain_mm_h=rain_mm_h)
    return SimpleNamespace(snapshot=state, atmosphere=air, ego=0, drive_seed=3, threads=threads)


def through(view: np.ndarray, where: SimpleNamespace, glass_m: float = 0.08) -> np.ndarray:
    return glass.rain_on_glass(view, where, 700.0, 1.8, 3.2e-3, glass_m, 1e-3)  # type: ignore[arg-type]


@pytest.mark.parametrize(("radius", "blur"), [(4.0, 10.0), (10.0, 4.0), (7.0, 6.0)])
def test_a_blurred_drop_covers_as_much_as_a_sharp_one(radius: float, blur: float) -> None:
    """Two discs folded into each other keep the area of the drop."""
    view = np.ones((80, 80, 3), np.float32)
    place, size = np.array([[40.0, 39.0]], np.float32), np.array([radius], np.float32)
    black = np.zeros((10, 10, 3), np.float32)
    glass.draw_drops(0, 80, place, size, np.float32(blur), np.float32(100), black, view)
    assert (1 - view[..., 0]).sum() == pytest.approx(math.pi * radius**2, rel=0.03)


def test_the_picture_in_a_drop_stands_on_its_head() -> None:
    view = np.zeros((400, 400, 3), np.float32)
    view[:200] = 1.0  # bright above
    small = np.ascontiguousarray(view[::8, ::8])
    place, size = np.array([[200.0, 200.0]], np.float32), np.array([30.0], np.float32)
    glass.draw_drops(0, 400, place, size, np.float32(5), np.float32(140), small, view)
    assert view[215, 200, 0] > 0.7 and view[185, 200, 0] < 0.3


def test_as_many_drops_as_marshall_and_palmer_let_fall() -> None:
    """The flux through a level plane, summed over the sizes, times what the rake of a standing car turns."""
    rain = 10.0
    mm = np.linspace(glass.LEAST_MM, 8.0, 4000)
    number = 8000.0 * np.exp(-4.1 * rain**-0.21 * mm)
    flux = float((number * (9.65 - 10.3 * np.exp(-0.6 * mm))).sum() * (mm[1] - mm[0]))
    assert glass.drops_per_m2_s(rain, 0.0) == pytest.approx(glass.CAUGHT * math.cos(glass.RAKE_RAD) * flux, rel=0.06)
    assert glass.drops_per_m2_s(rain, 30.0) > 3 * glass.drops_per_m2_s(rain, 0.0)


def test_wipers_keep_the_rules() -> None:
    """Regulation (EU) No 1008/2010: a rate of 10 to 55 cycles a minute, another of 45 or more, 15 apart at least."""
    slow, fast = glass.cycles_per_min(2.0), glass.cycles_per_min(30.0)
    assert 10 <= slow <= 55 and fast >= 45 and fast - slow >= 15


def test_drops_gather_until_the_blade_takes_them() -> None:
    rain, speed = 20.0, 25.0
    period = 60.0 / glass.cycles_per_min(rain)
    phase = glass.generator(3, "wiper").uniform()
    counts: dict[int, list[int]] = {}
    for k in range(80):
        time_s = k * period / 40
        number, ago = glass.last_pass(time_s / period + phase, 1.0)
        assert 0 <= ago < 1
        drops, _ = glass.drops_at(rain, speed, time_s, 3, (1242, 375), 721.5, 0.08, 1.8e-3)
        counts.setdefault(number, []).append(len(drops.radius))
    assert len(counts) >= 4
    assert all(before <= after for row in counts.values() for before, after in itertools.pairwise(row))
    numbers = sorted(counts)
    assert all(counts[a][-1] > 2 * counts[b][0] for a, b in itertools.pairwise(numbers) if len(counts[a]) > 5)


def test_the_blade_passes_when_the_drops_go() -> None:
    for passing in glass.PASSES:
        assert glass.angle_of_blade(passing) == pytest.approx(glass.SWEEP_RAD * glass.PLACE)
    period = 60.0 / glass.cycles_per_min(15.0)
    phase = glass.generator(3, "wiper").uniform()
    time_s = (1.0 + glass.PASSES[0] - phase) % 1.0 * period
    view = np.full((60, 200, 3), 100.0, np.float32)
    assert through(view, stage(15.0, time_s))[30, 100, 1] < 20.0
    assert np.median(through(view, stage(15.0, time_s + 0.2 * period))) > 80.0


def test_a_wiper_that_wipes_now_and_then_rests_between_strokes() -> None:
    """The blade is as quick in drizzle as at 45 cycles a minute, hence as seldom in view as there are strokes."""
    shares = []
    for rain in (1.0, 4.0):
        per_min = glass.cycles_per_min(rain)
        times = np.arange(0.0, 60.0, 0.03)
        seen = (rain, 20.0)
        off = [glass.drops_at(*seen, t, 3, (8, 8), 700.0, 0.08, 1e-3)[1] for t in times.tolist()]
        shares.append(float((np.abs(off) < 0.1).mean()) / per_min)
        assert max(np.abs(np.diff(off))) / 0.03 == pytest.approx(glass.SWEEP_RAD * math.pi * 45 / 60, rel=0.02)
    assert shares[0] == pytest.approx(shares[1], rel=0.2)


def test_dry_glass_or_none_changes_nothing_and_threads_neither() -> None:
    view = np.random.default_rng(1).uniform(0, 100, (90, 160, 3)).astype(np.float32)
    assert through(view, stage(0.0)) is view
    assert through(view, stage(30.0), glass_m=0.0) is view
    one, two = (through(view, stage(30.0, 0.4, threads=n)) for n in (1, 2))
    assert np.array_equal(one, two) and not np.array_equal(one, view)
