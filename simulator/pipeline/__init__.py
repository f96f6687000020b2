"""From a scenario to labelled frames (`render`), and from scenarios to a dataset on disk (`generate`).

Nothing is imported before it is used: scripted scenarios are played without any of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.pipeline.dataset import Event as Event
    from simulator.pipeline.dataset import generate as generate
    from simulator.pipeline.flow import frame_count as frame_count
    from simulator.pipeline.flow import render as render

_HOMES = {"Event": "dataset", "frame_count": "flow", "generate": "dataset", "render": "flow"}

__all__ = ["Event", "frame_count", "generate", "render"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
