"""Who a person is: physique, clothes and colours, drawn with balanced sexes and skin tones."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, NamedTuple

import numpy as np

from simulator.actors.cloth import BASE, COATS, TOPS, garment
from simulator.actors.finishes import as_rgb
from simulator.actors.hair import COILED
from simulator.actors.head import FACES, face_texture, plain_skin
from simulator.actors.physique import Dress, Part, Physique
from simulator.data import load_asset
from simulator.numerics.rng import generator, offshoot
from simulator.scenario.distributions import Flag, Quantity
from simulator.scene import Material, Texture
from simulator.scene.material import Rgb, srgb
from simulator.scene.noise import spectral_noise, to_srgb8

DressedFor = Annotated[float, Quantity("C", ge=-40.0, le=50.0)] | None
InRain = Annotated[bool, Flag()] | None
# Insulation of clothes, clo, from which on people wear padded jackets or coats, and below which short sleeves and short
# trousers (sums of garments in ISO 9920:2007: T-shirt, trousers, underwear and shoes make 0.45, a shirt with long
# sleeves and a jumper more 0.85, a parka 0.7 by itself); spread of what people choose, by choice.
PADDED_CLO, SHORT_CLO, SHORTEST_CLO, CLO_SPREAD = 1.0, 0.62, 0.45, 0.2
COLD_CLO = 1.3  # from which on hats are usual, and skirts rare
GLOVES_FROM = 0.5  # where so many cover their heads, hands are covered, too
# Between a suit without its jacket, 0.61 clo, and with it, 0.96 clo (ANSI/ASHRAE 55-2017, clothing ensembles).
SUIT_CLO = 0.785
RUNNING_C = 10.0  # by which air feels warmer to who runs (by choice; they give off about three times a walker's heat)
HOODED = 0.75  # share of those in the rain without an umbrella who have a hood up (by choice)
# Of the bands of vests, for a lamp beside the eye: EN ISO 20471 asks for 330 a fifth of a degree beside it, where tape
# that is sold has up to 500.
BAND_CD_LX_M2 = 425.0
SUN_HATS = 1 / 6  # more share with a cap or a hat where it is hot (by choice)


class Warmth(NamedTuple):
    """How people dress: shares of them.

    Attributes:
        padded: in a padded jacket or a coat. long: with long sleeves, of the others.
        bare: with short trousers, of those with short sleeves. skirts: in skirts, of those who would be.
        covered: with a cap or hood, of those who are padded.
        jackets: with one, of those in suits. shaded: with a cap or sun hat, of those who are not padded.
    """

    padded: float = 0.4
    long: float = 0.5
    bare: float = 0.3
    skirts: float = 1.0
    covered: float = 1 / 3
    jackets: float = 0.85
    shaded: float = 1 / 6


def insulation_clo(air_c: float) -> float:
    """Insulation of the clothes that people wear outdoors, clo; air temperature in Celsius.

    The clothing model of the Universal Thermal Climate Index (G. Havenith et al., Int. J. Biometeorology 56, 2012),
    within -30 to 35 C.
    """
    t = min(max(air_c, -30.0), 35.0)
    return 1.372 - 0.01866 * t - 0.0004849 * t**2 - 0.000009333 * t**3


def warmth(air_c: float | None) -> Warmth:
    """How people dress for an air temperature, Celsius; None: as over the year."""
    if air_c is None:
        return Warmth()
    wanted = insulation_clo(air_c)

    def more_than(clo: float) -> float:
        """Share of people who want more."""
        return 0.5 * math.erfc((clo - wanted) / (CLO_SPREAD * math.sqrt(2)))

    padded, short = more_than(PADDED_CLO), 1.0 - more_than(SHORT_CLO)
    hot, cold = 1.0 - more_than(SHORTEST_CLO), more_than(COLD_CLO)
    return Warmth(
        padded=padded,
        long=1.0 - short / max(1.0 - padded, short, 1e-9),
        bare=hot / max(short, 1e-9),
        skirts=1.0 - 0.7 * cold,
        covered=(1 + cold) / 3,
        jackets=more_than(SUIT_CLO),
        shaded=1 / 6 + SUN_HATS * hot,
    )


@dataclass(frozen=True, slots=True)
class Person:
    """One individual: body, clothes, materials by Part, and facts for the labels."""

    physique: Physique
    dress: Dress
    materials: tuple[Material, ...]
    facts: tuple[tuple[str, str], ...]


@cache
def _table(name: str) -> tuple[tuple[str, ...], tuple[Rgb, ...], np.ndarray]:
    rows = load_asset("people")[name]
    weight = np.array([row["weight"] for row in rows.values()], float)
    return tuple(rows), tuple(srgb(row["color"]) for row in rows.values()), weight / weight.sum()


def _color(name: str, rng: np.random.Generator) -> tuple[str, Rgb]:
    names, colors, weight = _table(name)
    k = int(rng.choice(len(names), p=weight))
    return names[k], as_rgb(
        np.clip(np.array(colors[k]) * rng.uniform(0.8, 1.25) + rng.uniform(-0.004, 0.004, 3), 0.003, 0.85)
    )


_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of linear sRGB
# Colours of the jackets of motorcyclists and their shares (an estimate).
JACKETS = (("black", (0.014, 0.014, 0.015)), ("dark_grey", (0.045, 0.046, 0.05)), ("navy", (0.012, 0.018, 0.05)),
           ("red", (0.30, 0.015, 0.015)), ("yellow", (0.62, 0.70, 0.03)), ("brown", (0.06, 0.030, 0.015)))  # fmt: skip
JACKET_SHARES = (0.52, 0.18, 0.10, 0.08, 0.06, 0.06)
SOLES = (
    Material("dark soles", (0.02, 0.02, 0.02), roughness=0.8, reflectance_905=0.1),
    Material("light soles", (0.62, 0.61, 0.58), roughness=0.7, reflectance_905=0.6),
)


def cloth(name: str, color: Rgb, rng: np.random.Generator, texture: Texture | None = None) -> Material:
    """Woven cloth. Cotton is bright at 905 nm (0.5-0.9) whatever its dye; carbon-black synthetics are dark."""
    dark_synthetic = sum(color) < 0.06 and rng.random() < 0.4
    infrared = rng.uniform(0.06, 0.12) if dark_synthetic else rng.uniform(0.45, 0.8)
    shown = color if texture is None else as_rgb(np.array(color) / BASE)
    return Material(name, shown, texture, roughness=0.92, reflectance_905=round(float(infrared), 3))


def _strands(name: str) -> np.ndarray:
    """(256, 256) strands along v of unit deviation about zero, stretched from root to tip."""
    size, rows = 256, 16
    strands = spectral_noise((rows, size), generator(0, name), slope=0.6, low_cut=1)
    at = np.arange(size) * rows / size
    low, part = at.astype(int), (at % 1.0)[:, None]
    return np.asarray(strands[low] * (1 - part) + strands[(low + 1) % rows] * part)


_ROPES = 6  # braids in a repeat of the texture


def _braided() -> tuple[np.ndarray, np.ndarray]:
    """(256, 256) place across a braid, -1 to 1, and light and shade of its strands, about zero."""
    u, v = np.meshgrid(np.arange(256) / 256, np.arange(256) / 256)
    across = 2.0 * (u * _ROPES % 1.0) - 1.0
    return across, np.sin(2 * np.pi * (28 * v + 0.5 * np.abs(across))) - 1.8 * across**4


def hair_kind(style: str) -> str:
    """What the texture of a hairstyle shows: "strands", "coils" or "braids"."""
    return "coils" if style in COILED else "braids" if style == "braids" else "strands"


@cache
def _hair_tone(kind: str) -> np.ndarray:
    """(256, 256, 3) light and dark about a mean of one half."""
    if kind == "coils":
        relief = 1.3 * spectral_noise(256, generator(0, "coils"), slope=1.2, low_cut=14)
    else:
        relief = _braided()[1] if kind == "braids" else _strands("hair")
    return np.repeat(np.clip(0.5 + 0.18 * relief, 0.05, 1.0)[..., None], 3, 2)


@cache
def hair_texture(kind: str = "strands") -> Texture:
    """Strands along v, coils or braids, light and dark about a mean of one half."""
    return Texture(f"hair {kind}", to_srgb8(_hair_tone(kind)))


@cache
def wisps_texture(kind: str = "strands") -> Texture:
    """The edge of hair (v = 0), where strands, coils or braids end one by one, and a thinner cover farther up."""
    v = (1.0 - (np.arange(256) + 0.5) / 256)[:, None]
    if kind == "coils":
        shown = spectral_noise(256, generator(0, "loose coils"), slope=0.8, low_cut=16) > np.interp(
            v, [0.0, 0.15, 0.35, 1.0], [1.3, 0.0, -0.5, -0.5]
        )
    elif kind == "braids":
        ends = np.repeat(generator(0, "ends").uniform(0.0, 0.10, _ROPES), 256)[::_ROPES][None]
        shown = (np.abs(_braided()[0]) < 0.86) & (v > ends)
    else:
        uneven = spectral_noise((16, 256), generator(0, "ends"), slope=0.5, low_cut=2)[:1]
        shown = (v > 0.12 + 0.07 * uneven) & (
            _strands("wisps") > np.interp(v, [0.0, 0.25, 0.5, 1.0], [-0.1, -0.5, -1.0, -1.0])
        )
    return Texture(f"wisps {kind}", to_srgb8(_hair_tone(kind), shown.astype(float)), cutout=True)


def materials(
    skin_tone: int,
    dress: Dress,
    rng: np.random.Generator,
    *,
    bright: bool = False,
    clothes: str = "casual",
    face: str = "smooth",
    grey: bool = False,
) -> tuple[tuple[Material, ...], str]:
    """Materials by Part for a Monk skin tone (1..10), and the name of the top's colour."""
    tone = np.array(srgb(load_asset("people")["skin"][skin_tone - 1]))
    # The palette shows swatches; the diffuse reflectance of skin is lower, most of all in green and blue (blood).
    tone = np.clip(
        tone * np.array([0.70, 0.50, 0.41]) if skin_tone <= 4 else tone * np.array([0.95, 0.84, 0.78]), 0.01, 0.7
    )
    # The darkest skin is taken to have a luminance factor of 0.04 to 0.05 (L* 24 to 26), more than the darkest
    # swatches, and to be as red as the tones before it: the swatches are near grey, but redness (a*) was measured
    # alike in faces of all groups (K. Xiao et al., Skin Research and Technology 23(1), 21-29, 2017).
    tone = tone + np.array([0.072, 0.0285, 0.0175]) * max(1.0 - float(tone @ _LUMINANCE) / 0.06, 0.0)
    skin = as_rgb(tone)
    hair = _color("hair", rng)[1] if skin_tone <= 6 else as_rgb(np.array([0.014, 0.012, 0.011]) * rng.uniform(0.8, 2.0))
    if grey:
        hair = as_rgb(np.array([0.30, 0.295, 0.29]) * rng.uniform(0.5, 1.3))
    grown = hair_kind(dress.hair)
    top_name, top = _color("bright_tops" if bright and rng.random() < 0.75 else "tops", rng)
    inner = _color("tops", rng)[1] if clothes != "formal" else as_rgb(np.array([0.62, 0.63, 0.65]))
    bottom_name, bottom = _color("bottoms", rng)
    cut = _cut(dress, clothes, rng)
    legs = "denim" if "denim" in bottom_name else "plain_legs"
    if clothes == "formal":
        top_name, top = ("navy", (0.012, 0.018, 0.04)) if rng.random() < 0.5 else ("dark_grey", (0.03, 0.03, 0.033))
        bottom, legs = top if rng.random() < 0.7 else (0.02, 0.02, 0.022), "pressed"
        if dress.collar:
            blue = offshoot(rng, "shirt").random() < 0.4
            top_name, top = ("light_blue", (0.36, 0.46, 0.60)) if blue else ("white", (0.62, 0.63, 0.65))
            inner = top
    if clothes == "sport" and dress.legs == "trousers":  # tights
        bottom, legs = as_rgb(np.array([0.016, 0.017, 0.020]) * offshoot(rng, "tights").uniform(0.7, 2.5)), "plain_legs"
    if clothes == "riding":
        top_name, top = JACKETS[int(rng.choice(len(JACKETS), p=JACKET_SHARES))]
        bottom = (0.018, 0.018, 0.02) if rng.random() < 0.7 else bottom
    retro = 0.0
    if clothes == "high_visibility":
        top_name, top, retro = (
            ("orange", (0.85, 0.17, 0.01), BAND_CD_LX_M2)
            if rng.random() < 0.6
            else ("yellow", (0.62, 0.78, 0.02), BAND_CD_LX_M2)
        )
    table = {
        Part.SKIN: Material(
            "skin",
            as_rgb(tone / plain_skin(skin)),
            face_texture(face, skin),
            roughness=0.55,
            reflectance_905=round(float(rng.uniform(0.45, 0.65)), 3),
        ),
        Part.HAIR: Material(
            "hair", as_rgb(2.0 * np.array(hair)), hair_texture(grown), roughness=0.9, reflectance_905=0.25
        ),
        Part.WISPS: Material(
            "wisps", as_rgb(2.1 * np.array(hair)), wisps_texture(grown), roughness=0.9, reflectance_905=0.25
        ),
        Part.TOP: cloth("top", top, rng, garment(cut, int(rng.integers(3)))),
        Part.BOTTOM: cloth("bottoms", bottom, rng, garment(legs, int(rng.integers(2)))),
        Part.SHOES: Material("shoes", _color("shoes", rng)[1], roughness=0.6, reflectance_905=0.3),
        Part.INNER: cloth("shirt", inner, rng)
        if not retro
        else Material("reflective band", (0.6, 0.6, 0.6), roughness=0.5, retro_cd_lx_m2=retro, reflectance_905=0.9),
        Part.VISOR: Material("visor", (0.02, 0.017, 0.015), roughness=0.08, clearcoat=1.0, reflectance_905=0.2),
        Part.SOLES: SOLES[int(rng.random() < 0.45)],
        Part.BAG: cloth("bag", _color("tops", rng)[1], rng),
        Part.HAT: cloth("hat", _color("tops", rng)[1], rng),
        Part.METAL: Material("tube", (0.10, 0.10, 0.11), roughness=0.4, metallic=0.5, reflectance_905=0.3),
        Part.SPREAD: cloth("canopy", _color("bright_tops" if rng.random() < 0.4 else "tops", rng)[1], rng),
        Part.WHEELS: Material("small wheels", (0.02, 0.02, 0.02), roughness=0.8, reflectance_905=0.06),
    }
    if clothes == "formal":
        brown = offshoot(rng, "leather").random() < 0.25
        leather = (0.045, 0.02, 0.01) if brown else (0.012, 0.012, 0.012)
        table[Part.SHOES] = Material("leather shoes", leather, roughness=0.4, reflectance_905=0.3)
        table[Part.SOLES] = SOLES[0]
    if clothes == "riding":  # leather and coated cloth
        table[Part.TOP] = replace(table[Part.TOP], roughness=0.5)
        table[Part.SHOES] = Material("boots", (0.016, 0.015, 0.015), roughness=0.5, reflectance_905=0.2)
    return tuple(table[part] for part in Part), top_name


def _cut(dress: Dress, clothes: str, rng: np.random.Generator) -> str:
    """Kind of the upper garment that suits what is worn."""
    if clothes == "high_visibility":
        return "plain"
    if clothes == "riding":
        return str(rng.choice(("zipped", "panels")))
    if dress.hat == "hood" and dress.thickness < 0.014:
        return "zipped"
    if clothes == "formal" or dress.hem < 0.45:
        return "buttoned"
    if dress.thickness > 0.012:
        return str(rng.choice(COATS[:2] if not dress.open_front else COATS[:1]))
    return str(rng.choice(TOPS, p=(0.42, 0.13, 0.11, 0.14, 0.14, 0.06)))


def adult(
    sex: str,
    skin_tone: int,
    clothes: str,
    height: float,
    rng: np.random.Generator,
    *,
    bag: str = "any",
    age_years: float = 40.0,
    air_c: float | None = None,
    rained_on: bool = False,
) -> Person:
    """An adult in street clothes for an air temperature, with a hood up if it is rained on; `height` 0: by sex."""
    row = load_asset("people")["adults"][sex]
    mean, deviation = row["height"]
    stature = height if height > 0 else float(mean + deviation * np.clip(rng.standard_normal(), -2.5, 2.5))
    female = 1.0 if sex == "female" else 0.0
    head = row["head"] * (0.6 + 0.4 * stature / mean)
    body = Physique(
        stature,
        head,
        0.47 + float(rng.uniform(-0.008, 0.008)),
        female,
        float(np.clip(rng.normal(0.1, 0.45), -0.8, 1.2)),
    )
    felt_c = air_c if air_c is None or clothes != "sport" else air_c + RUNNING_C
    dress = _adult_dress(female > 0.5, clothes, bag, warmth(felt_c), rng, rained_on=rained_on)
    face = "old" if age_years > 62 else "smooth" if female > 0.5 else str(rng.choice(FACES[1:4], p=(0.5, 0.25, 0.25)))
    dress = groomed(dress, sex, skin_tone, age_years, offshoot(rng, "hair"), bearded=face == "beard")
    face = "stubble" if face == "beard" else face  # below the beard
    paint, top = materials(skin_tone, dress, rng, clothes=clothes, face=face, grey=rng.random() < (age_years - 45) / 25)
    facts = (
        ("age", "adult" if age_years < 65 else "elderly"),
        ("age_years", f"{age_years:.0f}"),
        ("sex", sex),
        ("skin_tone", str(skin_tone)),
        ("clothes", clothes),
        ("top", top),
    )
    return Person(body, dress, paint, facts)


def _adult_dress(
    female: bool, clothes: str, bag: str, warm: Warmth, rng: np.random.Generator, *, rained_on: bool
) -> Dress:
    own = offshoot(rng, "weather")
    winter = rng.random() < warm.padded
    coat = winter and (rng.random() < 0.4 or clothes == "formal")
    jacket, open_coat, long_shirt, knitted, hooded = own.random(5)
    shirt = clothes == "formal" and not winter and jacket > warm.jackets
    sleeve = 1.0 if winter or clothes in ("formal", "worker") or rng.random() < warm.long else 0.45
    legs = "trousers"
    if female and clothes != "high_visibility" and rng.random() < 0.25 * warm.skirts:
        legs = "skirt"
    elif sleeve < 1.0 and clothes != "formal" and rng.random() < warm.bare:
        legs = "shorts"
    styles = ["long", "long", "bun", "ponytail", "short"] if female else ["short"] * 9 + ["bald"]
    hats = _hats(warm.covered, "beanie", "hood") if winter else _hats(warm.shaded, "cap", "sun_hat")
    if female and rng.random() < 0.05:
        hats = ["scarf"]
    if clothes == "sport":
        coat, hats = False, _hats(warm.covered, "beanie") if winter else _hats(2 * warm.shaded, "cap")
        sleeve = 1.0 if rng.random() > 4 / 3 * (1 - warm.long) else 0.45
        legs = "trousers" if winter or rng.random() > 4 / 3 * (1 - warm.long) else "shorts"
        sleeve = 1.0 if winter else sleeve
    if clothes == "high_visibility":
        hats = ["hard_hat", "hard_hat", "", "cap"]
    if clothes == "riding":  # a jacket and trousers against falls
        winter, coat, sleeve, legs, hats = True, False, 1.0, "trousers", [""]
    if clothes == "formal":
        hats = ["beanie"] if winter and knitted < warm.covered else [""]
        sleeve = 0.45 if shirt and long_shirt > max(warm.long, 0.4) else 1.0
    bags = ["", "", "", "backpack", "shoulder_bag"] if clothes != "high_visibility" else [""]
    dress = Dress(
        thickness=float(rng.uniform(0.013, 0.024) if winter else rng.uniform(0.003, 0.009)),
        hem=float(rng.uniform(0.30, 0.42)) if coat else float(rng.uniform(0.475, 0.515)),
        sleeve=sleeve,
        legs=legs,
        skirt_hem=float(rng.uniform(0.20, 0.36)),
        loose=float(rng.uniform(0.0, 0.35) if female or clothes == "sport" else rng.uniform(0.2, 0.8)),
        open_front=(open_coat < 0.4 if coat else not shirt)
        if clothes == "formal"
        else winter and clothes not in ("riding", "sport") and rng.random() < 0.3,
        bands=clothes == "high_visibility",
        hair=str(rng.choice(styles)),
        hat=str(rng.choice(hats)),
        bag=str(rng.choice(bags)) if bag == "any" else bag,
        gloves=_gloves(clothes, winter, warm),
        collar=shirt,
    )
    if clothes == "sport":  # thin and tight
        dress = replace(dress, thickness=min(dress.thickness, 0.0095), loose=min(dress.loose, 0.15))
    return _hooded(dress) if rained_on and clothes in ("casual", "sport") and hooded < HOODED else dress


# What becomes of a style of hair, with shares (by choice): women's, men's, and women's and men's where hair is coiled.
_STYLES: dict[tuple[str, bool, bool], dict[str, float]] = {
    ("long", True, False): {"long": 0.62, "bob": 0.38},
    ("short", True, False): {"short": 0.4, "bob": 0.2, "curls": 0.4},
    ("short", False, False): {"short": 0.62, "crop": 0.24, "curls": 0.08, "long": 0.04, "bun": 0.02},
    ("long", True, True): {"braids": 0.48, "afro": 0.28, "long": 0.16, "bob": 0.08},
    ("short", True, True): {"afro": 0.5, "crop": 0.3, "curls": 0.2},
    ("short", False, True): {"crop": 0.62, "curls": 0.18, "afro": 0.11, "braids": 0.09},
}
COILED_FROM = 7  # Monk tone from which on hair is taken to be coiled, as it mostly is


def groomed(
    dress: Dress, sex: str, skin_tone: int, age_years: float, rng: np.random.Generator, *, bearded: bool = False
) -> Dress:
    """The same with the hair of a sex, a skin tone and an age, and a beard if `bearded` or, with some, in old age.

    Men lose the hair on top of their heads in middle age (a third of those of 70, by choice).
    """
    female = sex == "female"
    styles = _STYLES.get((dress.hair, female, skin_tone >= COILED_FROM), {dress.hair: 1.0})
    bald, old_beard = rng.random(2)
    style = str(rng.choice(list(styles), p=list(styles.values())))
    if not female and bald < min(max(age_years - 35.0, 0.0) / 105.0, 1 / 3):
        style = "horseshoe"
    return replace(dress, hair=style, beard=bearded or (not female and age_years > 62 and old_beard < 0.25))


def _gloves(clothes: str, padded: bool, warm: Warmth) -> str:
    """What covers the hands of who wears such clothes."""
    worn = clothes == "riding" or (padded and warm.covered > GLOVES_FROM)
    return "" if not worn else "leather" if clothes in ("riding", "formal") else "knitted"


def _hooded(dress: Dress) -> Dress:
    """The same in a closed jacket whose hood is up."""
    return replace(dress, hat="hood", sleeve=1.0, open_front=False, thickness=max(dress.thickness, 0.0105))


def _hats(share: float, *kinds: str) -> list[str]:
    """Six hats to choose from, of which a share are of these kinds, in turn, and the others none."""
    worn = round(6 * share)
    return [""] * (6 - worn) + [kinds[k % len(kinds)] for k in range(worn)]


def childs_body(age_years: float, tall: float = 1.0, build: float = 0.0) -> Physique:
    """Proportions of a child of 2 to 12 years, so many times as tall as usual, slim (-1) to heavy (1)."""
    row = load_asset("people")["children"]
    stature, head, crotch = (
        float(np.interp(age_years, row["age"], row[name])) for name in ("height", "head", "crotch")
    )
    return Physique(tall * stature, head, crotch, 0.25, build, float(np.clip(1 - (age_years - 2) / 12, 0, 1)))


def child(
    age_years: float,
    sex: str,
    skin_tone: int,
    rng: np.random.Generator,
    *,
    air_c: float | None = None,
    rained_on: bool = False,
) -> Person:
    """A child of 2 to 12 years with the proportions of its age, dressed for an air temperature and for rain on it."""
    body = childs_body(age_years, float(np.clip(rng.normal(1.0, 0.035), 0.92, 1.08)), float(rng.normal(0.0, 0.3)))
    girl, warm = sex == "female", warmth(air_c)
    padded, light = rng.random() < warm.padded, "skirt" if girl else "shorts"
    legs = [light if warm.bare > 0.5 else "trousers", "trousers", light if warm.padded < 0.7 else "trousers"]
    dress = Dress(
        thickness=float(rng.uniform(0.012, 0.020) if padded else rng.uniform(0.003, 0.007)),
        hem=float(rng.uniform(0.48, 0.52)),
        sleeve=1.0 if padded or rng.random() < warm.long else 0.45,
        legs=str(rng.choice(legs)),
        skirt_hem=0.33,
        loose=float(rng.uniform(0.2, 0.6)),
        hair=str(rng.choice(["long", "ponytail", "short"] if girl else ["short"])),
        hat=str(
            rng.choice(_hats(warm.covered, "beanie", "hood") if padded else _hats(2 * warm.shaded, "cap", "sun_hat"))
        ),
        bag=str(rng.choice(["", "", "backpack"])) if age_years >= 6 else "",
        gloves=_gloves("casual", padded, warm),
    )
    own = offshoot(rng, "childhood")
    plays, wears_bib, packs = own.random(3)
    airy = not padded and dress.legs != "skirt"
    dress = replace(
        dress,
        legs="shorts" if airy and plays < warm.bare else dress.legs,
        bib=bool(airy and age_years < 8 and wears_bib < 0.35),
        bag="backpack" if 3 <= age_years < 6 and packs < 0.25 else dress.bag,
    )
    if rained_on and own.random() < HOODED:
        dress = replace(_hooded(dress), bib=False)
    dress = groomed(dress, sex, skin_tone, age_years, offshoot(rng, "hair"))
    paint, top = materials(skin_tone, dress, rng, bright=True, face="child" if age_years < 10 else "smooth")
    bag = cloth("bag", _color("bright_tops", own)[1], own)
    paint = tuple(bag if part == Part.BAG else material for part, material in zip(Part, paint, strict=True))
    return Person(
        body,
        dress,
        paint,
        (
            ("age", "child"),
            ("age_years", f"{age_years:.0f}"),
            ("sex", sex),
            ("skin_tone", str(skin_tone)),
            ("top", top),
        ),
    )
