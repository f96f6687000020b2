"""Birds against published numbers: spans, Strouhal numbers of their wings; flocks above the traffic."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from test_actors import models

from simulator.actors.birds import STYLES
from simulator.anomalies.birds import Birds
from simulator.data import load_asset

SPANS_M = {  # Svensson, Mullarney and Zetterstroem, Collins Bird Guide, 2009
    "pigeon": (0.60, 0.68),
    "crow": (0.84, 1.00),
    "gull": (1.23, 1.48),
    "goose": (1.49, 1.68),
    "duck": (0.81, 0.95),
    "buzzard": (1.13, 1.28),
    "heron": (1.55, 1.75),
}


@pytest.mark.parametrize("style", STYLES)
def test_spread_wings_are_as_wide_as_in_field_guides_and_have_their_area(style: str) -> None:
    """The area is that of the outlines of both wings and of the body between them (Pennycuick)."""
    (body,) = models("bird", 1, style=style, pose="gliding")[0].bodies
    low, high = SPANS_M[style]
    points = body.mesh.vertices.astype(np.float64)
    assert low <= np.ptp(points[:, 1]) <= high
    corners = points[body.mesh.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    flat = 0.5 * np.abs(normal[:, 2]) / 2.0  # seen from above, where each place has an upper and a lower side
    row = load_asset("animals")["birds"][style]
    reach = 0.12 * row["span"]
    outside = np.abs(corners[..., 1]).min(1) > reach  # beyond the body
    assert 0.6 * row["area"] < flat[outside].sum() < 0.85 * row["area"]


@pytest.mark.parametrize("style", ["pigeon", "crow", "goose", "duck", "heron"])
def test_wings_beat_with_the_strouhal_number_of_cruising_birds(style: str) -> None:
    """About 0.2 where flight is direct: Nudds, Taylor and Thomas, Proceedings of the Royal Society B 271, 2004."""
    model = models("bird", 1, style=style, pose="flying", height_m=0.0)[0]
    tip = int(np.argmax(model.bodies[0].mesh.vertices[:, 1]))
    heights = [model.posed(gait_rad=2 * np.pi * k / 48)[0][tip, 2] for k in range(48)]
    assert float(np.ptp(heights)) / model.stride_m == pytest.approx(0.2, abs=0.06)


def test_flocks_fly_above_what_drives_and_do_not_touch() -> None:
    placed = []

    def _add(model: object, at: object, rpy: object, **_: object) -> int:
        placed.append(np.asarray(at, np.float64))
        return len(placed) - 1

    site: Any = SimpleNamespace(
        at=lambda ahead, side: (np.array([ahead, side, 0.0]), np.zeros(3)),
        builder=SimpleNamespace(add_object=_add),
        motions=[],
    )
    for species in ("goose", "crow"):
        placed.clear()
        site.motions.clear()
        flock = Birds(species=species, count=9, height_m=5.0, ahead_m=40.0, lateral_m=-10.0)
        flock.place(site, np.random.default_rng(3))
        at = np.array(placed)
        assert len(at) == 9
        assert at[:, 2].min() > 4.5  # clearance of roads
        apart = np.linalg.norm(at[:, None] - at, axis=2)[~np.eye(9, dtype=bool)]
        assert apart.min() > 1.1  # a wing span of crows; geese are behind each other
        for motion in site.motions:
            assert motion.speed_mps == motion.initial_speed_mps > 8.0
            assert motion.points[1, 1] > 0.0 > motion.points[0, 1]
