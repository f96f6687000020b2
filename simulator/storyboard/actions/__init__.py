"""Actions of a running scenario, one module a family.

An action is one class for one record of the model; `make_action` finds it. What a class does not say is done by
`ActionElement`: it runs until `end`.
"""

from __future__ import annotations

from simulator.storyboard.actions import (
    appearance,
    controllers,
    environment,
    lateral,
    longitudinal,
    placing,
    routing,
    signals,
    synchronise,
    traffic,
    trailers,
    values,
)
from simulator.storyboard.actions.base import (
    ActionElement,
    PrivateActionElement,
    is_global,
    is_private,
    make_action,
    make_private_actions,
)

__all__ = [
    "ActionElement",
    "PrivateActionElement",
    "appearance",
    "controllers",
    "environment",
    "is_global",
    "is_private",
    "lateral",
    "longitudinal",
    "make_action",
    "make_private_actions",
    "placing",
    "routing",
    "signals",
    "synchronise",
    "traffic",
    "trailers",
    "values",
]
