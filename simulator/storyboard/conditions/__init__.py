"""Triggers and conditions of a running scenario.

A condition is one class with one method, `holds`, registered for its record of the model.
"""

from __future__ import annotations

from simulator.storyboard.conditions import by_entity
from simulator.storyboard.conditions.base import CONDITIONS, ENTITY_CONDITIONS
from simulator.storyboard.conditions.by_value import ElementStateCondition
from simulator.storyboard.conditions.trigger import Trigger

__all__ = ["CONDITIONS", "ENTITY_CONDITIONS", "ElementStateCondition", "Trigger", "by_entity"]
