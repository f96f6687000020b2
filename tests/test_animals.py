"""Animals against published numbers: footfalls, sizes, coats of the season."""

from __future__ import annotations

import numpy as np
import pytest
from test_actors import models

from simulator.scene import Model

PHASES = 160


def _footfalls(model: Model) -> dict[str, tuple[float, float]]:
    """When each foot is set down, after the left hind one, and how long it carries, as shares of the cycle."""
    (body,) = model.bodies
    assert body.skin is not None
    rest = body.mesh.vertices
    withers = float(rest[rest[:, 0] < 0.3 * rest[:, 0].max(), 2].max())
    cycle = [body.skin.bent(rest, 2 * np.pi * k / PHASES)[:, 2] for k in range(PHASES)]
    found = {}
    for end, ahead in (("h", -1), ("f", 1)):
        for side, left in (("l", 1), ("r", -1)):
            foot = (rest[:, 2] < 0.06 * withers) & (ahead * rest[:, 0] > 0) & (left * rest[:, 1] > 0)
            lowest = np.array([z[foot].min() for z in cycle])
            down = lowest < 0.002 * withers
            (touch,) = np.flatnonzero(down & ~np.roll(down, 1))
            found[end + side] = (touch / PHASES, float(down.mean()))
    first = found["hl"][0]
    return {foot: ((at - first) % 1.0, share) for foot, (at, share) in found.items()}


@pytest.mark.parametrize(
    ("kind", "pace_mps"), [("horse", 1.5), ("cow", 1.0), ("dog", 0.8), ("cat", 0.5), ("sheep", 0.9), ("deer", 1.0)]
)
def test_walks_are_lateral_sequences(kind: str, pace_mps: float) -> None:
    """Hildebrand 1965: each forefoot follows the hind foot of its side, feet carry for more than half of the cycle."""
    feet = _footfalls(models(kind, 1, pace_mps=pace_mps, size=0.5)[0])
    assert sorted(feet, key=lambda foot: feet[foot][0]) == ["hl", "fl", "hr", "fr"]
    assert feet["hr"][0] == pytest.approx(0.5, abs=0.02)
    for side in "lr":
        assert 0.15 < (feet["f" + side][0] - feet["h" + side][0]) % 1.0 < 0.30
    assert all(0.55 < carries < 0.75 for _, carries in feet.values())


def test_dogs_walk_and_trot_with_the_phases_of_real_ones() -> None:
    """Diagonal feet are 0.31 of a cycle apart in the walk and 0.02 in the trot, to 0.02 and 0.03 (22 mongrel dogs)."""
    for pace_mps, apart, spread in ((0.8, 0.31, 0.02), (1.8, 0.02, 0.03)):
        feet = _footfalls(models("dog", 1, style="mongrel", pace_mps=pace_mps, size=0.5)[0])
        assert (feet["hr"][0] - feet["fl"][0]) % 1.0 == pytest.approx(apart, abs=2 * spread)


@pytest.mark.parametrize("withers_m", [0.9, 1.6])
def test_horses_of_all_sizes_trot_from_the_speed_measured(withers_m: float) -> None:
    """Nine horses with legs of 0.7 to 1.4 m: 1.6 to 2.3 m/s (Griffin and others 2004)."""
    leg = 0.8 * withers_m
    speed = np.interp(leg, [0.7, 1.4], [1.6, 2.3])
    for share, walks in ((0.85, True), (1.15, False)):
        feet = _footfalls(models("horse", 1, withers_m=withers_m, pace_mps=float(share * speed))[0])
        assert (feet["hl"][1] > 0.5) == walks


@pytest.mark.parametrize("pace_mps", [7.5, 9.0, 11.0])
def test_galloping_horses_stand_on_each_foot_as_long_as_measured(pace_mps: float) -> None:
    """Stance in ms over speed: Parsons, Pfau and Wilson, Journal of Experimental Biology 211, 2008, figure 3."""
    (horse,) = models("horse", 1, pace_mps=pace_mps, size=0.5)
    feet = _footfalls(horse)
    assert sorted(feet, key=lambda foot: feet[foot][0]) == ["hl", "hr", "fl", "fr"]  # transverse
    fore_ms, hind_ms = np.polyval([0.34, -17.59, 289.1], pace_mps), np.polyval([1.06, -34.32, 392.0], pace_mps)
    cycle_ms = 1000.0 * horse.stride_m / pace_mps
    for foot, (_, carries) in feet.items():
        assert carries * cycle_ms == pytest.approx(fore_ms if foot[0] == "f" else hind_ms, rel=0.2)


def test_horses_canter_in_three_beats_and_dogs_gallop_in_circles() -> None:
    feet = _footfalls(models("horse", 1, pace_mps=6.2, size=0.5)[0])
    assert feet["hr"][0] == pytest.approx(feet["fl"][0], abs=0.04)
    assert feet["fl"][0] < feet["fr"][0]
    feet = _footfalls(models("dog", 1, style="labrador", pace_mps=7.0)[0])
    assert sorted(feet, key=lambda foot: feet[foot][0]) == ["hl", "hr", "fr", "fl"]  # rotary, with legs stretched once
    assert feet["hr"][0] + feet["hr"][1] < feet["fr"][0]
    assert feet["fl"][0] + feet["fl"][1] < 1.0
