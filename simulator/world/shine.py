"""Colours and intensities that scenarios give to lamps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from simulator.actors.finishes import CABIN_LIGHT, TAXI_SIGN
from simulator.scene import Lamp, Material, Model, Shine, Switch
from simulator.scene.material import Rgb, srgb
from simulator.storyboard import model
from simulator.world.lamps import LIGHTS, NAMES, Command

DAY_LAMP_CD = 400.0  # of the daytime running lamps of our vehicles (UN R87: 400 to 1200)
# What a ColorType of OpenSCENARIO looks like where it has no components: sRGB. Light has no darkness of its own, so
# brown is dim orange, grey is white; black shines not at all.
COLORS: dict[str, Rgb] = {
    "red": (1.0, 0.0, 0.0),
    "yellow": (1.0, 0.85, 0.0),
    "green": (0.0, 1.0, 0.3),
    "blue": (0.0, 0.2, 1.0),
    "violet": (0.55, 0.0, 1.0),
    "orange": (1.0, 0.5, 0.0),
    "brown": (1.0, 0.5, 0.1),
    "grey": (1.0, 1.0, 1.0),
    "white": (1.0, 1.0, 1.0),
    "black": (0.0, 0.0, 0.0),
}


def color_of(given: model.Color | None) -> Rgb | None:
    """Components 0 to 1 (sRGB) of a colour; None: there is none, or it says nothing."""
    if given is None or given.rgb is None:
        return COLORS.get(given.color_type) if given is not None else None
    most = max(1.0, *given.rgb)  # files that count to 255 mean the same colour
    red, green, blue = (max(part / most, 0.0) for part in given.rgb)
    return red, green, blue


def own_lenses(vehicle: Model, commands: Iterable[Command], owner: str) -> Model:
    """The vehicle with lenses that no other one has, for those of its lamps whose colour or intensity is commanded."""
    switches = {switch for each in commands if each.is_dressed for switch in _switches(each.light)}

    def own(material: Material) -> Material:
        """A lens of its own."""
        if not any(_is_lens(material, switch) for switch in switches):
            return material
        return replace(material, name=f"{material.name} of {owner}")

    if not switches:
        return vehicle
    bodies = tuple(replace(body, materials=tuple(own(each) for each in body.materials)) for body in vehicle.bodies)
    return replace(vehicle, bodies=bodies)


def shines_of(vehicle: Model, row: int, commands: Sequence[Command]) -> list[Shine]:
    """What the lamps of object `row` shine like, from each command for them on."""
    dressed = {switch for each in commands if each.is_dressed for switch in _switches(each.light)}
    found = []
    for each in commands:
        for switch in (switch for switch in _switches(each.light) if switch in dressed and each.mode != "off"):
            lamps = tuple(k for k, lamp in enumerate(vehicle.lamps) if _is_meant(lamp, switch))
            own_cd = max((vehicle.lamps[k].intensity_cd for k in lamps), default=DAY_LAMP_CD)
            lenses = {m.name for body in vehicle.bodies for m in body.materials if _is_lens(m, switch)}
            cd = own_cd if each.intensity_cd is None else each.intensity_cd
            tint = None if each.color is None else _of_luminance_1(each.color)
            begin = round(each.time_s * 1e9)
            found.append(Shine(begin, row, switch, frozenset(lenses), lamps, cd, own_cd, tint))
    return found


def shine_facts(shines: Iterable[Shine], burning: int) -> dict[str, str]:
    """For labels: lamps that burn with a given intensity, `lamps_cd` ("fog_rear=300"), and colour, `lamps_rgb`."""
    named = [each for each in shines if burning >> each.switch & 1 and 1 << each.switch in NAMES]
    names = [(NAMES[1 << each.switch], each) for each in sorted(named, key=lambda each: each.switch)]
    facts = {
        "lamps_cd": [f"{name}={each.intensity_cd:g}" for name, each in names if each.intensity_cd != each.own_cd],
        "lamps_rgb": [f"{name}={_code(each.color)}" for name, each in names if each.color is not None],
    }
    return {key: ",".join(values) for key, values in facts.items() if values}


def _switches(light: str) -> list[int]:
    bits = LIGHTS.get(light, 0)
    return [switch for switch in range(bits.bit_length()) if bits >> switch & 1]


def _is_lens(material: Material, switch: int) -> bool:
    """Whether it is a lens of the lamps; of those that burn with the position lamps daytime running ones are white."""
    if material.switch != switch or not any(material.emission_cd_m2):
        return False
    if material.name in (CABIN_LIGHT.name, TAXI_SIGN.name):
        return False
    red, green, _ = material.emission_cd_m2
    return switch != Switch.POSITION or green > red / 2


def _is_meant(lamp: Lamp, switch: int) -> bool:
    """Whether a lamp is one of them: not the light over passengers, and of position lamps those ahead."""
    ahead = lamp.direction[0] > 0.5
    return lamp.switch == switch and lamp.direction[2] > -0.9 and (ahead or switch != Switch.POSITION)


def _of_luminance_1(color: Rgb) -> Rgb:
    """Linear components of a colour (sRGB), as bright as white of 1; what is black stays so."""
    red, green, blue = srgb("#" + "".join(f"{round(255 * part):02x}" for part in color))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return (0.0, 0.0, 0.0) if luminance <= 0 else (red / luminance, green / luminance, blue / luminance)


def _code(color: Rgb | None) -> str:
    """The colour in sRGB as it is written: its brightest component full."""
    most = max(color or (0.0,)) or 1.0
    linear = [part / most for part in color or ()]
    coded = [12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055 for v in linear]
    return "#" + "".join(f"{round(255 * part):02x}" for part in coded)
