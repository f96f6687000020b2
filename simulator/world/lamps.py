"""When lamps shine: what drivers and scenarios switch, at which rates it flashes, and what signals show.

Flash rates: indicators and warning lamps 90 a minute (UN R6 and R48: 60 to 120), special warning lamps 150 a minute,
dark for longer than lit (UN R65: 2 to 4 Hz, lit for at most 0.4 of the period), traffic signals 60 a minute (MUTCD
2009, 4D.30: 50 to 60).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.scenario.lights import LIGHTS as NAMED
from simulator.scenario.lights import UNLIT
from simulator.scene import Switch

Bits = NDArray[np.uint32]
Array = NDArray[np.floating[Any]]

BLINK_S = 0.67
BEACON_S, BEACON_LIT_S = 0.4, 0.15
SIGNAL_FLASH_S = 1.0
BRAKING_MPS2, STANDING_MPS = -0.5, 0.1  # stop lamps are on beyond these
REVERSING_MPS = -0.1

POSITION, LOW_BEAM, HIGH_BEAM = 1 << Switch.POSITION, 1 << Switch.LOW_BEAM, 1 << Switch.HIGH_BEAM
BRAKE, REVERSE, BEACON = 1 << Switch.BRAKE, 1 << Switch.REVERSE, 1 << Switch.BEACON
LEFT, RIGHT = 1 << Switch.INDICATOR_LEFT, 1 << Switch.INDICATOR_RIGHT
FOG_FRONT, FOG_REAR = 1 << Switch.FOG_FRONT, 1 << Switch.FOG_REAR
FLASHING = LEFT | RIGHT | BEACON
# What each light of OpenSCENARIO (VehicleLightType) switches.
LIGHTS = {
    "daytimeRunningLights": POSITION,
    "lowBeam": LOW_BEAM,
    "highBeam": HIGH_BEAM,
    "fogLights": FOG_FRONT | FOG_REAR,
    "fogLightsFront": FOG_FRONT,
    "fogLightsRear": FOG_REAR,
    "brakeLights": BRAKE,
    "warningLights": LEFT | RIGHT,
    "indicatorLeft": LEFT,
    "indicatorRight": RIGHT,
    "reversingLights": REVERSE,
    "licensePlateIllumination": 1 << Switch.PLATE,
    "specialPurposeLights": BEACON,
}
TURNING = ("indicatorLeft", "indicatorRight", "warningLights")
NAMES = {
    BRAKE: "brake",
    LEFT: "indicator_left",
    RIGHT: "indicator_right",
    REVERSE: "reversing",
    HIGH_BEAM: "high_beam",
    LOW_BEAM: "low_beam",
    FOG_FRONT: "fog_front",
    FOG_REAR: "fog_rear",
    BEACON: "special",
}
RED, AMBER, GREEN = 1 << Switch.SIGNAL_RED, 1 << Switch.SIGNAL_AMBER, 1 << Switch.SIGNAL_GREEN
_WORDS = {
    RED: r"red|stop",
    AMBER: r"amber|yellow|attention|caution",
    GREEN: r"green|go\b|walk",
}


@dataclass(frozen=True, slots=True)
class Command:
    """A scenario switches a light at a time: "on", "off" or "flashing", with its seconds on and off (None: usual).

    It may have a luminous intensity and a colour (components 0 to 1, sRGB); None: what the lamp is made for.
    """

    time_s: float
    light: str
    mode: str
    on_s: float | None = None
    off_s: float | None = None
    intensity_cd: float | None = None
    color: tuple[float, float, float] | None = None

    @property
    def is_dressed(self) -> bool:
        """Whether it gives the lamp an intensity or a colour."""
        return self.mode != "off" and (self.intensity_cd is not None or self.color is not None)

    @property
    def is_dark(self) -> bool:
        """Whether nothing can be seen of the lamp."""
        return self.mode == "off" or self.intensity_cd == 0.0 or (self.color is not None and not any(self.color))


def switched(usual: int, lights: Sequence[str]) -> int:
    """Switches of a vehicle whose scenario names `lights`, by the keys of `scenario.lights`, besides the usual ones."""
    bits = 0 if UNLIT in lights else usual
    for light in set(lights) - {UNLIT}:
        bits |= LIGHTS[NAMED[light]]
    return bits | (POSITION if bits & (LOW_BEAM | HIGH_BEAM) else 0)  # R48: position lamps burn with the beams


def flashing(times_s: Array, switches: int, begin_s: float = 0.0) -> NDArray[np.bool_]:
    """(T,) whether lamps that flash at the usual rate since `begin_s` are lit; `switches` says which lamps."""
    period, lit = (BEACON_S, BEACON_LIT_S) if switches & BEACON else (BLINK_S, BLINK_S / 2)
    return _lit(times_s, begin_s, lit, period - lit)


def _lit(times_s: Array, begin_s: float, on_s: float, off_s: float) -> NDArray[np.bool_]:
    return np.asarray((times_s - begin_s + 1e-9) % max(on_s + off_s, 1e-3) < on_s)


def shining(times_s: Array, usual: Bits, commands: Sequence[Command]) -> Bits:
    """Switches that are on at each time.

    Args:
        times_s: (T,). usual: (T,) what is on without commands.
        commands: each holds until another for the same switches; an indicator ends the other one and the warning lamps.
    """
    bits = usual.copy()
    for each in sorted(commands, key=lambda command: command.time_s):
        mine = LIGHTS.get(each.light, 0)
        after = times_s >= each.time_s - 1e-9
        cleared = LEFT | RIGHT if each.light in TURNING and each.mode != "off" else mine
        bits[after] &= ~np.uint32(cleared)
        if each.is_dark:
            continue
        if each.mode == "on":
            bits[after] |= np.uint32(mine)
        elif each.mode == "flashing":
            if each.on_s is not None and each.off_s is not None:
                lit = _lit(times_s, each.time_s, each.on_s, each.off_s)
            else:
                lit = flashing(times_s, mine, each.time_s)
            bits[after & lit] |= np.uint32(mine)
    bits[(bits & np.uint32(LOW_BEAM | HIGH_BEAM)) > 0] |= np.uint32(POSITION)  # R48: position lamps burn with the beams
    return bits


def turning(times_s: Array, turns: Sequence[tuple[float, int]]) -> Bits:
    """(T,) flashing indicators from (time, way) pairs: from that time on to the left 1, to the right -1, none 0."""
    bits = np.zeros(len(times_s), np.uint32)
    for (begin, way), (end, _) in zip(turns, (*turns[1:], (np.inf, 0))):
        during = (times_s >= begin - 1e-9) & (times_s < end - 1e-9)
        if way:
            bits[during & flashing(times_s, LEFT, begin)] |= np.uint32(LEFT if way > 0 else RIGHT)
    return bits


def driven(times_s: Array, speed_mps: Array) -> Bits:
    """(T,) stop and reversing lamps by the speed (T,) along the vehicle's axis."""
    change = np.gradient(speed_mps, times_s) if len(times_s) > 1 else np.zeros(len(times_s))
    slowing = np.where(speed_mps >= 0, change, -change)
    braking = (slowing < BRAKING_MPS2) | (np.abs(speed_mps) < STANDING_MPS)
    return np.asarray(np.where(braking, BRAKE, 0) | np.where(speed_mps < REVERSING_MPS, REVERSE, 0), np.uint32)


def signal_bits(times_s: Array, usual: int, states: Sequence[tuple[float, str]], lenses: Sequence[int]) -> Bits:
    """Lit lenses of a traffic signal.

    Args:
        times_s: (T,). usual: switches that are on until the first state.
        states: (time, state) pairs, see `lens_state`. lenses: switches of the lenses, from the top.
    """
    bits = np.full(len(times_s), usual, np.uint32)
    for begin, state in states:
        after = times_s >= begin - 1e-9
        steady, flash = lens_state(state, lenses) or (0, 0)
        lit = _lit(times_s, begin, SIGNAL_FLASH_S / 2, SIGNAL_FLASH_S / 2)
        bits[after] = np.uint32(steady)
        bits[after & lit] |= np.uint32(flash)
    return bits


def lens_state(state: str, lenses: Sequence[int]) -> tuple[int, int] | None:
    """Switches that a state of a signal turns on, and those that it lets flash; None: not understood.

    Either one word a lens from the top, "on;off;off", or the names of colours: "red", "red-amber", "flashing yellow".
    """
    text = state.strip().lower()
    words = [word.strip() for word in text.split(";")]
    if all(word in ("on", "off", "flashing", "blinking", "true", "false", "") for word in words):
        pairs = list(zip(words, lenses))
        steady = sum(lens for word, lens in pairs if word in ("on", "true"))
        return steady, sum(lens for word, lens in pairs if word in ("flashing", "blinking"))
    known = [lens for lens, pattern in _WORDS.items() if re.search(pattern, text)]
    if not known:
        return None
    named = sum(lens for lens in known if lens in lenses)
    return (0, named) if re.search("flash|blink", text) else (named, 0)


@cache
def lamp_names(bits: int) -> str:
    """Lamps of a vehicle that are on, for labels: "brake,indicator_left"; those of position and plate are left out."""
    return ",".join(name for switch, name in NAMES.items() if bits & switch)


@cache
def signal_name(bits: int) -> str:
    """What a signal shows, for labels: "red", "red-amber", "amber", "green" or "off"."""
    shown = [name for lens, name in ((RED, "red"), (AMBER, "amber"), (GREEN, "green")) if bits & lens]
    return "-".join(shown) or "off"
