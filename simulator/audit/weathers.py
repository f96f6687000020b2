"""Which weather the pictures of a dataset show, by the scenes beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.errors import InputError

if TYPE_CHECKING:
    from simulator.scene import Atmosphere

FAIR, NIGHT = "fair", "night"
WEATHERS = (FAIR, "fog", "rain", "snow", NIGHT)
FOG_M = 1000.0  # the visibility below which weather services speak of fog (WMO)


def weather_of(atmosphere: Atmosphere) -> str:
    """One of `WEATHERS`, by what changes a picture most: darkness, what takes the view, what falls or lies."""
    if atmosphere.street_lamps_on:
        return NIGHT
    if atmosphere.visibility_m < FOG_M:
        return "fog"
    if atmosphere.rain_mm_h > 0:
        return "rain"
    return "snow" if atmosphere.snow_mm_h > 0 or atmosphere.snow_depth_m > 0 else FAIR


def weathers(folder: Path, pictures: Iterable[Path]) -> dict[str, str]:
    """Weather at the start of its scene by picture, for those of `pictures` whose scene is in `folder`/scenes.

    The scene of a picture is the folder it lies in, as in COCO, or the one named by `frames/<picture>.json` beside its
    folder, as in KITTI. Raises InputError for a scene that is no scenario.
    """
    from simulator.scenario.reading import load
    from simulator.world.setting import conditions_of

    known: dict[str, str] = {}
    found = {}
    for picture in pictures:
        scene = next((name for name in _scenes(picture) if (folder / "scenes" / f"{name}.yaml").is_file()), None)
        if scene is not None:
            if scene not in known:
                known[scene] = weather_of(conditions_of(load(folder / "scenes" / f"{scene}.yaml")).at(0))
            found[picture.as_posix()] = known[scene]
    return found


def _scenes(picture: Path) -> list[str]:
    """What may be the name of a picture's scene."""
    record = picture.parent.parent / "frames" / f"{picture.stem}.json"
    if record.is_file():
        try:
            return [str(json.loads(record.read_text(encoding="utf-8"))["scene"])]
        except (OSError, ValueError, KeyError, TypeError):
            raise InputError("names no scene", source=str(record)) from None
    return [parent.name for parent in picture.parents]
