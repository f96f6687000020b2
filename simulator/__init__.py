"""OddRoad: autonomous-driving edge cases, simulated, rendered and labelled on a plain CPU.

    import simulator
    scenario = simulator.load("scenarios/night_rain_lost_cargo.yaml").sample(seed=7)
    for frame in simulator.render(scenario):
        frame.sensors["front"].rgb, frame.sensors["top"].points, frame.annotations.boxes_3d

    env = gymnasium.make("simulator:OddRoad/Highway-v0")

Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from simulator.envs.registration import offer as _offer_environments

if TYPE_CHECKING:
    from simulator.drives import diverge as diverge
    from simulator.drives import read_drive as read_drive
    from simulator.drives import write_drive as write_drive
    from simulator.pipeline import generate as generate
    from simulator.pipeline import render as render
    from simulator.scenario.models import Scenario as Scenario
    from simulator.scenario.reading import load as load

_HOMES = {
    "Scenario": "simulator.scenario.models",
    "diverge": "simulator.drives",
    "generate": "simulator.pipeline",
    "load": "simulator.scenario.reading",
    "read_drive": "simulator.drives",
    "render": "simulator.pipeline",
    "write_drive": "simulator.drives",
}

__all__ = ["Scenario", "diverge", "generate", "load", "read_drive", "render", "write_drive"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name == "__version__":
        return import_module("importlib.metadata").version("oddroad")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *_HOMES, "__version__"]


_offer_environments()
