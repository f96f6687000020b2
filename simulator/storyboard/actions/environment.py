"""Weather, time of day, road condition (ASAM OpenSCENARIO XML 1.3, 7.4.2.3 "Environment actions")."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from simulator.storyboard import model
from simulator.storyboard.actions.base import InstantAction, for_global


@for_global(model.EnvironmentAction)
class EnvironmentAction(InstantAction):
    """Change the conditions; what is not given stays."""

    record: model.EnvironmentAction

    def begin(self) -> None:
        """Take over what is given."""
        new, kept = self.record.environment, self.world.environment
        if new.time_of_day is not None:
            kept["time_of_day"], kept["time_of_day_since"] = new.time_of_day, self.world.time
        for name in ("weather", "road_condition"):
            value = getattr(new, name)
            if value is not None:
                kept[name] = _over(kept.get(name), value)


def _over(old: Any, new: Any) -> Any:
    """A record with what is given in it, and of the one before what is not."""
    if old is None:
        return new
    given = {field.name: getattr(new, field.name) for field in fields(new) if field.init}
    return replace(old, **{name: value for name, value in given.items() if value is not None})
