"""Weather, time of day, road condition (ASAM OpenSCENARIO XML 1.3, 7.4.2.3 "Environment actions")."""

from __future__ import annotations

from simulator.storyboard import model
from simulator.storyboard.actions.base import InstantAction, for_global


@for_global(model.EnvironmentAction)
class EnvironmentAction(InstantAction):
    """Change the conditions; what is not given stays."""

    record: model.EnvironmentAction

    def begin(self) -> None:
        """Take over what is given."""
        new, kept = self.record.environment, self.world.environment
        for name in ("time_of_day", "weather", "road_condition"):
            value = getattr(new, name)
            if value is not None:
                kept[name] = value
        if new.time_of_day is not None:
            kept["time_of_day_since"] = self.world.time
