"""Traffic signs: from an OpenDRIVE record, or a name of `assets/signs.yaml`, to a plate on a post.

A sign is two models in one frame (origin on the ground under the plate, x towards the traffic that reads it): the
plate, which is the labelled object, and the post behind it, which is scenery.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from simulator.data import load_asset
from simulator.roads import Signal
from simulator.roads.signal_meaning import is_light, is_paint, sign_name
from simulator.scene.material import Material, Texture
from simulator.scene.mesh import Mesh
from simulator.scene.model import Body, Model
from simulator.surroundings.shapes import F64, Patchwork, stalks
from simulator.surroundings.sign_designs import DESIGNS, OCTAGON, TRIANGLE

RETRO = 180.0  # cd/lx/m2: between new RA1 (70) and RA2 (250) white sheeting
_THICK_M = 0.03
_MPH = 3600.0 / 1609.344 / 3.6  # mph in a km/h


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign before it is built.

    Attributes:
        name: row of `assets/signs.yaml`.
        shape, width_m, height_m: of the plate.
        face: drawing of `sign_designs.DESIGNS` with `options` (pairs, so that equal signs share a texture).
        value: number written on it (0: none).
        text: words written on it.
        below: what a supplementary plate under it says, "" for none.
    """

    name: str
    shape: str
    width_m: float
    height_m: float
    face: str
    options: tuple[tuple[str, Any], ...] = ()
    value: int = 0
    text: str = ""
    below: str = ""


@cache
def _catalogue() -> dict[str, Mapping[str, Any]]:
    """Rows of `assets/signs.yaml` by name."""
    return {row["name"]: row for row in load_asset("signs")["signs"]}


def sign(name: str, *, value: int = 0, text: str = "", width_m: float = 0.0, height_m: float = 0.0) -> Sign:
    """A sign of the catalogue by name; sizes of 0 are the usual ones."""
    row = _catalogue()[name]
    width = width_m or float(row["size_m"])
    ratio = float(row.get("height_m", row["size_m"])) / float(row["size_m"])
    if row["shape"] in ("triangle", "yield"):
        ratio = 0.866
    options = tuple(sorted(row.get("options", {}).items()))
    return Sign(name, row["shape"], width, height_m or width * ratio, row["face"], options, value, text)


def american(made: Sign) -> Sign:
    """The sign that says the same by the MUTCD, limits in mph by fives; itself where the MUTCD has none."""
    name = _catalogue()[made.name].get("us")
    if name is None:
        return made
    value = max(5 * round(made.value * _MPH / 5), 5) if made.value else 0
    wide = made.width_m if made.width_m > 2.0 else 0.0  # boards keep the size of what carries them
    return sign(name, value=value, text=made.text, width_m=wide, height_m=made.height_m if wide else 0.0)


def sign_names() -> tuple[str, ...]:
    """All names of the catalogue."""
    return tuple(_catalogue())


def sign_of(signal: Signal) -> Sign | None:
    """The sign that a record means; None for traffic lights and paint; a plain plate when it is not known."""
    if is_light(signal) or is_paint(signal):
        return None
    found, value = sign_name(signal)
    value = value or _value(signal)
    if not found:
        kind = signal.type.strip()
        found = "supplementary" if kind[:4].isdigit() and kind.startswith("10") else "plate"
    if found == "supplementary":
        return sign(found, text=signal.text.strip()[:40] or _words(signal))
    row = _catalogue()[found]
    if row["face"] not in _NUMBERED:
        value = 0
    elif not value:
        # Old German subtypes count in tens from 50: 274-56 is 60 km/h.
        number = re.search(r"\d+", signal.subtype)
        value = 10 * (int(number[0]) - 50) if number and 51 <= int(number[0]) <= 63 else 50
    boards = row["shape"] == "rect"
    fits = (1.0 if boards else 0.35) < signal.width < (6.0 if boards else 1.6)
    return sign(found, value=value, text=signal.text.strip()[:24].upper(), width_m=signal.width if fits else 0.0)


def _words(signal: Signal) -> str:
    """What a supplementary plate says by its code; "" where that is not known."""
    code = "-".join(part.strip() for part in (signal.type, signal.subtype) if part.strip() not in ("", "-1"))
    words, _, usual = load_asset("signs")["supplementary"].get(code, "").partition("=")
    value = signal.value or 0.0
    return str(words).replace("#", f"{value:g}" if value > 0 else usual)


_NUMBERED = ("limit", "limit_us", "zone", "minimum", "end_limit")


def _value(signal: Signal) -> int:
    """Number on a sign: km/h (mph in the US), from whatever unit the record has; 0 for none."""
    value = signal.value or 0.0
    if value <= 0:
        return 0
    if signal.unit.lower() in ("m/s", "ms"):
        value *= 3.6
    elif value % 5 > 0.01 and abs(value * 3.6 / 5 - round(value * 3.6 / 5)) < 0.01:
        value *= 3.6  # a limit that is round in km/h only when taken as m/s
    elif signal.country.upper() in ("SE",) and value < 14:
        value *= 10
    return int(round(value))


# ---------------------------------------------------------------- geometry


@lru_cache(maxsize=256)
def _texture(sign: Sign) -> Texture:
    options = dict(sign.options)
    if "pictogram" in options:
        options["pictogram_name"] = options.pop("pictogram")
    given = {"text": sign.text, "value": sign.value, "aspect": sign.width_m / sign.height_m}
    return DESIGNS[sign.face](**{**given, **options})


def _outline(shape: str) -> F64:
    """(K, 2) outline of a plate in units of half its width and height, counter-clockwise, corners rounded."""
    if shape == "circle":
        angle = np.arange(28) * (2 * np.pi / 28)
        return np.stack([np.cos(angle), np.sin(angle)], 1)
    if shape == "octagon":
        return np.asarray(OCTAGON)
    corners = {
        "triangle": TRIANGLE,
        "yield": -TRIANGLE,
        "diamond": np.array([[0.0, -1.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]),
    }.get(shape, np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]))
    cut = 0.10 if shape in ("triangle", "yield") else 0.06
    rounded = []
    for i in range(len(corners)):
        before, here, after = corners[i - 1], corners[i], corners[(i + 1) % len(corners)]
        a = here + cut * (before - here) / np.linalg.norm(before - here)
        b = here + cut * (after - here) / np.linalg.norm(after - here)
        rounded += [a, 0.25 * a + 0.5 * here + 0.25 * b, b]
    return np.array(rounded)


BACK = Material("sign back", (0.32, 0.33, 0.34), roughness=0.5, metallic=0.6, reflectance_905=0.5)
POST = Material("steel post", (0.42, 0.43, 0.44), roughness=0.45, metallic=0.7, reflectance_905=0.5)


@lru_cache(maxsize=512)
def plate(sign: Sign, bottom_m: float) -> Model:
    """The plate of a sign with its lower edge `bottom_m` above the ground; it faces x, its label is the plate alone."""
    outline = _outline(sign.shape) * [sign.width_m / 2, sign.height_m / 2]
    k = len(outline)
    z = outline[:, 1] + bottom_m + sign.height_m / 2
    # Seen from +x, the viewer's right is +y.
    front = np.stack([np.full(k, _THICK_M), outline[:, 0], z], 1)
    back = front - [_THICK_M, 0.0, 0.0]
    uv = 0.5 + 0.5 * outline / [sign.width_m / 2, sign.height_m / 2]
    work = Patchwork()
    work.polygons(front, uv, 0, sides=k)
    work.polygons(back[::-1], None, 1, sides=k)
    rim = [np.stack([back[i], back[(i + 1) % k], front[(i + 1) % k], front[i]]) for i in range(k)]
    work.quads(np.stack(rim), None, 1)
    face = Material(
        f"sign {sign.name}", (0.9, 0.9, 0.9), _texture(sign), roughness=0.4, retro_cd_lx_m2=RETRO, reflectance_905=0.8
    )
    facts = (("sign", sign.name), *((("value", str(sign.value)),) if sign.value else ()))
    return Model("traffic_sign", (Body(work.mesh(), (face, BACK)),), attributes=facts)


@lru_cache(maxsize=256)
def post(height_m: float, radius_m: float = 0.038) -> Model:
    """A steel tube post behind a plate."""
    return Model("pole", (Body(_tube(height_m, radius_m), (POST,)),))


def _tube(height: float, radius: float) -> Mesh:
    x = -radius - 0.005
    return stalks([[[x, 0.0, -0.4], [x, 0.0, height - 0.002], [x, 0.0, height]]], [[radius, radius, 1e-3]], 8)


def sign_models(sign: Sign, bottom_m: float) -> tuple[Model, list[tuple[Model, float]]]:
    """The plate, and its posts with their offsets along y: wide boards stand on two."""
    top = bottom_m + sign.height_m - 0.05
    reach = 0.3 * sign.width_m if sign.width_m > 1.0 else 0.0
    offsets = (-reach, reach) if reach else (0.0,)
    radius = 0.055 if sign.width_m > 2.0 else 0.038
    return plate(sign, bottom_m), [(post(round(top, 3), radius), offset) for offset in offsets]
