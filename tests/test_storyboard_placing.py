"""Where entities are at the start."""

from __future__ import annotations

from small_storyboard import at, scenario, straight

from simulator.storyboard import model
from simulator.storyboard.player import play

AHEAD_OF_ITSELF = model.TeleportAction(model.RelativeWorldPosition("ego", 25.0, 0.0))


def test_who_is_placed_relative_to_itself_has_a_place_or_is_named() -> None:
    placeless = play(scenario({"ego": [AHEAD_OF_ITSELF]}), straight(), until=0.1)
    assert [each for each in placeless.warnings if "ego is placed relative to itself" in each]
    twice = play(scenario({"ego": [at(100.0), AHEAD_OF_ITSELF]}), straight(), until=0.1)
    assert not twice.warnings
    assert abs(twice.table[0].x - 125.0) < 1e-9
