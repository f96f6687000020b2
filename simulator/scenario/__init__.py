"""The description of what should happen: plain validated data; any number may be a distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.scenario.models import Scenario as Scenario

__all__ = ["Scenario"]


def __getattr__(name: str) -> Any:
    # On first use: families import `simulator.scenario.distributions` and need not pay for the whole model.
    if name == "Scenario":
        from simulator.scenario.models import Scenario

        return Scenario
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
