"""Who or what drives actors of scripted scenarios: controllers, and inputs in place of theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import radians
from typing import Annotated, Any

from pydantic import Field

from simulator.scenario.block import Block
from simulator.scenario.distributions import Flag, Word
from simulator.scenario.script_catalogs import Entry, Taken
from simulator.scenario.script_terms import Number, Texts, one_of
from simulator.storyboard import model


class Driver(Block):
    """A controller."""

    controller: Annotated[str, Word()] | None = None
    """What it is, such as ACCController; those that there are not fall back to the default. Null: the one it has."""
    entry: Taken | None = None
    """A controller of a catalog in its place."""
    settings: Annotated[dict[str, str], Texts()] = Field(default_factory=dict)
    """Its properties, such as {timeGap: 1.5, setSpeed: 20}."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Two controllers, or settings of a catalog's."""
        yield from one_of(values, ("controller", "entry"), needed=cls is Driver)
        if values.get("entry") is not None and values.get("settings"):
            yield ("settings",), "contradicts entry; give its parameters values: {catalog: ..., entry: ..., values: {}}"


class Control(Driver):
    """Drive by a controller: its longitudinal part, its lateral part, or none."""

    steers: Annotated[bool, Flag()] = False
    drives: Annotated[bool, Flag()] = True


_Share = Annotated[float, Number("", ge=0.0, le=1.0)]
INPUTS = ("throttle", "brake", "clutch", "parking_brake", "steering_wheel_deg", "gear")


class Override(Block):
    """Pedals, levers and the steering wheel stay so, whatever the controller does, until they are released."""

    throttle: _Share | None = None
    """1: down."""
    brake: _Share | None = None
    """Of the service brake. 1: down."""
    clutch: _Share | None = None
    """1: down."""
    parking_brake: _Share | None = None
    """1: pulled."""
    steering_wheel_deg: Annotated[float, Number("deg", ge=-1080.0, le=1080.0)] | None = None
    """Anticlockwise."""
    gear: Annotated[str, Word(pattern="[nprd]|-?[0-9]{1,2}", meaning="n, p, r, d, or the number of a gear")] | None = (
        None
    )
    """Of an automatic gearbox n, p, r or d; of a manual one its number, 0 for neutral and -1 for reverse."""
    release: tuple[Annotated[str, Word(INPUTS)], ...] = ()
    """Those that are the controller's again, such as [brake, gear]."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Nothing, or one both held and released."""
        given, free = [name for name in INPUTS if values.get(name) is not None], values.get("release", ())
        for name in given:
            if name in free:
                yield (name,), "contradicts release"
        if not given and not free and set(cls.model_fields) <= set(values):
            yield (), f"needs at least one of {', '.join(INPUTS)}, release"


def driver(given: Driver, take: Callable[[Entry], model.Controller], line: int) -> model.ObjectController | None:
    """The record of a controller, `take` of a catalog where it has an entry; None: none is given."""
    if given.entry is not None:
        taken = take(given.entry)
        return model.ObjectController(taken.name, taken, line=line)
    if given.controller is None:
        return None
    made = model.Controller(given.controller, properties=model.Properties(dict(given.settings)), line=line)
    return model.ObjectController(given.controller, made, line=line)


def control_action(deed: Control, take: Callable[[Entry], model.Controller], line: int) -> model.ControllerAction:
    """The record of the deed `control`; `take` takes a controller of a catalog."""
    given = driver(deed, take, line)
    if given is None:
        parts = model.ActivateControllerAction(None, deed.steers, deed.drives, line=line)
        return model.ControllerAction(activate=parts, line=line)
    return model.ControllerAction(model.AssignControllerAction(given, deed.steers, deed.drives, line=line), line=line)


def override_action(deed: Override, line: int) -> model.ControllerAction:
    """The record of the deed `override`."""
    free = deed.release

    def held(make: Any, name: str, factor: float = 1.0) -> Any:
        """One input that has a value; None: untouched."""
        value = getattr(deed, name)
        return None if value is None and name not in free else make(value is not None, factor * (value or 0.0))

    def braked(make: Any, name: str) -> Any:
        """One of the brakes."""
        value = getattr(deed, name)
        if value is None:
            return make(False) if name in free else None
        return make(True, model.BrakePercent(value))

    gear = model.OverrideGearAction(False) if "gear" in free else None
    if deed.gear is not None:
        letter: Any = deed.gear
        known = model.AutomaticGear(letter) if letter.isalpha() else model.ManualGear(int(letter))
        gear = model.OverrideGearAction(True, known)
    inputs = model.OverrideControllerValueAction(
        held(model.OverrideThrottleAction, "throttle"),
        braked(model.OverrideBrakeAction, "brake"),
        held(model.OverrideClutchAction, "clutch"),
        braked(model.OverrideParkingBrakeAction, "parking_brake"),
        held(model.OverrideSteeringWheelAction, "steering_wheel_deg", radians(1.0)),
        gear,
        line=line,
    )
    return model.ControllerAction(override=inputs, line=line)
