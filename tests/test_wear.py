"""Wear of vehicles: how common it is, and that it adds no geometry."""

import numpy as np
import pytest

from simulator.actors import wear
from simulator.actors.coachwork import Slot
from simulator.actors.wear import Wear
from simulator.numerics.rng import generator
from simulator.scenario.family import member
from simulator.scene.mesh import box


def test_shares_are_those_said_and_the_stream_goes_on_as_it_was() -> None:
    drawn = []
    for seed in range(1500):
        rng, twin = (generator(seed, "car") for _ in range(2))
        drawn.append(Wear.draw(rng))
        assert rng.random() == twin.random()
    for found, share in (
        ([bool(each.faces) for each in drawn], wear.DENTED),
        ([each.scratched for each in drawn], wear.SCRATCHED),
        ([bool(each.panel) for each in drawn], wear.PATCHED),
    ):
        assert np.mean(found) == pytest.approx(share, abs=3.5 * np.sqrt(share * (1 - share) / 1500))


@pytest.mark.parametrize("face", [1, -1, 2, -2])
def test_a_dent_goes_inward_by_its_depth_and_no_further_than_it_reaches(face: int) -> None:
    mesh = box((4.0, 1.8, 1.0)).moved(z=0.5)
    worn = Wear(np.array([[0.5, 0.5, 0.02, 0.15]]), (face,), False, "").dented(mesh, (0.0, 1.0))
    moved = worn.vertices - mesh.vertices
    axis, sign = (1, np.sign(face)) if abs(face) == 1 else (0, np.sign(face))
    assert np.array_equal(worn.faces, mesh.faces)
    assert np.abs(moved).max() == pytest.approx(0.02, abs=1e-6)
    assert np.all(sign * moved[:, axis] <= 1e-7) and np.abs(np.delete(moved, axis, axis=1)).max() == 0.0
    assert np.all(sign * mesh.vertices[np.abs(moved[:, axis]) > 1e-6, axis] > 0.0)  # on the face that was struck


def test_worn_cars_have_as_many_triangles_as_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, panels = [], []
    for share in (0.0, 1.0):
        for name in ("DENTED", "SCRATCHED", "PATCHED"):
            monkeypatch.setattr(wear, name, share)
        model = member("actors", "car")(style="sedan", paint="red").model(np.random.default_rng(5))
        counts.append(sum(len(body.mesh.faces) for body in model.bodies))
        panels.append(bool(np.any(model.bodies[0].mesh.slots == Slot.SECOND)))
    assert counts[0] == counts[1]
    assert panels == [False, True]
