"""From a file (and `--set KEY=VALUE`) to a Scenario, with everything that is wrong listed at once."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from simulator.data import data_dir
from simulator.errors import InputError, InvalidScenario, did_you_mean
from simulator.scenario.distributions import Distribution, Word
from simulator.scenario.models import Scenario
from simulator.scenario.yaml_text import Document, Where, read_yaml

MAX_BYTES = 10_000_000
_MISSING = "no such file"


def load(path: str | Path, overrides: Iterable[str] = ()) -> Scenario:
    """Read and validate a scenario file.

    Args:
        path: a YAML file, or the bare name of a shipped scenario, such as "any_map".
        overrides: texts `KEY=VALUE`, such as "weather.rain_mm_h=12"; VALUE is YAML, list entries are counted from 0
            ("anomalies.0.depth_m=0.1").

    Returns:
        The scenario; a relative `road.opendrive` is replaced by the absolute path of the map that was found.

    Raises:
        InputError: the file cannot be read or is not YAML.
        InvalidScenario: keys or values are wrong; all problems are listed, each with file, line and key.
    """
    file = find_scenario(path)
    if file.suffix.lower() == ".xodr":
        hint = f"oddroad generate scenarios/any_map.yaml --set road.opendrive={file}"
        raise InputError(f"is a map, not a scenario; to fill it: {hint}", source=str(file))
    document = read_yaml(read_text(file), str(file))
    problems = document.problems
    for text in overrides:
        try:
            _override(document, text)
        except InputError as error:
            problems.append(error)
    if not isinstance(document.data, dict):
        kind = {list: "a list", type(None): "nothing"}.get(type(document.data), f'"{str(document.data)[:40]}"')
        message = f"must be a mapping of keys such as road: and weather:, not {kind}"
        raise InvalidScenario([*problems, InputError(message, source=str(file), line=1)])
    if is_scripted(document.data):
        raise InputError(f"is a scripted scenario: oddroad replay {file}", source=str(file))
    maps, missing = find_files(document, file.parent, ("road", "opendrive"), "an OpenDRIVE map (.xodr)")
    recording, lost = find_files(document, file.parent, ("recording",), "a recording")
    problems += missing + lost
    try:
        scenario = Scenario.model_validate(document.data)
    except ValidationError as error:
        problems += problems_of(error, document, _elsewhere)
    if problems:
        raise InvalidScenario(sorted(problems, key=lambda item: (item.line is None, item.line or 0)))
    road = scenario.road.model_copy(update={"opendrive": maps})
    return scenario.model_copy(update={"road": road, "recording": recording})


def find_scenario(path: str | Path) -> Path:
    """The file named `path`, or the shipped scenario of that bare name. Raises InputError with the nearest name."""
    file = Path(path)
    shipped = {found.stem: found for found in sorted(data_dir("scenarios").rglob("*.yaml"))}
    trouble = trouble_at(file)
    if trouble is None:
        return file
    if str(path) in shipped:
        return shipped[str(path)]
    if trouble != _MISSING:
        raise InputError(trouble, source=str(path))
    siblings = [str(found) for found in sorted(file.parent.glob("*.y*ml"))] if file.parent.is_dir() else []
    raise InputError(f"{trouble}.{did_you_mean(str(file), [*siblings, *shipped])}", source=str(path))


def is_scripted(data: dict[str, Any]) -> bool:
    """Whether the content of a file is that of a scripted scenario: it has a story, or its actors have names."""
    actors = data.get("actors")
    return "story" in data or (isinstance(actors, dict) and not set(actors) & {"choice", "pick"})


def place_of(path: str | Path, key: str) -> Where:
    """Where a scenario file that can be read has a key, such as "ego.lane", or else the block that it belongs to."""
    file = find_scenario(path)
    found = read_yaml(read_text(file), str(file)).where(tuple(key.split(".")))
    return found if found.source else Where(str(file), None)


def trouble_at(file: Path) -> str | None:
    """Why nothing can be found at a path; None where something is there."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return _MISSING
    except (OSError, ValueError) as error:  # no permission, a loop of links, a name too long; a null byte in it
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    return None


def read_text(file: Path) -> str:
    """UTF-8 text of a regular file of at most 10 MB. Raises InputError."""
    try:
        status = file.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError("is a directory, not a file", source=str(file))
        if not stat.S_ISREG(status.st_mode):
            raise InputError("is not a regular file", source=str(file))
        if status.st_size > MAX_BYTES:
            size = f"{status.st_size / 1e6:,.0f} MB"
            raise InputError(f"has {size}; a scenario has at most {MAX_BYTES / 1e6:.0f} MB", source=str(file))
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", source=str(file)) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError("is not UTF-8 text", source=str(file), line=line) from None
    if "\0" in text:
        raise InputError("is a binary file, not YAML text", source=str(file))
    return text


def _override(document: Document, text: str) -> None:
    """Put `KEY=VALUE` into the document."""
    option = f"--set {text}"
    key, equals, written = text.partition("=")
    path: list[str | int] = [int(part) if part.isdecimal() else part for part in key.strip().split(".")]
    if not equals or not all(str(part) for part in path):
        raise InputError("must be KEY=VALUE, such as weather.rain_mm_h=12", source=option)
    value = read_yaml(written, option).data if written.strip() else None
    node = document.data
    for depth, part in enumerate(path):
        last = depth == len(path) - 1
        if isinstance(node, list):
            if not isinstance(part, int) or part >= len(node):
                raise InputError(f"{'.'.join(map(str, path[:depth]))} is a list of {len(node)} entries", source=option)
            place: Any = part
        elif isinstance(node, dict):
            place = str(part)
            if not last and node.get(place) is None:
                node[place] = {}
        else:
            raise InputError(f"{'.'.join(map(str, path[:depth]))} has no keys below it", source=option)
        if last:
            node[place] = value
        node = node[place]
    spelled = tuple(path)
    for known in [found for found in document.places if found[: len(spelled)] == spelled]:
        del document.places[known]
    for depth in range(1, len(path) + 1):
        document.places.setdefault(spelled[:depth], Where(option, None))


def problems_of(
    error: ValidationError, document: Document, elsewhere: Callable[[str], str] = lambda key: ""
) -> list[InputError]:
    """One InputError for each distinct problem of a validation; `elsewhere` may say more of a key that is unknown."""
    found: dict[tuple[str, str], InputError] = {}
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        where = document.where(item["loc"])
        key = ".".join(map(str, item["loc"]))
        message = item["msg"]
        if len(item["loc"]) == 1 and item["type"] == "key":
            message = elsewhere(key) or message
        found[key, message] = InputError(message, source=where.source, line=where.line, key=key)
    return list(found.values())


def _elsewhere(key: str) -> str:
    """For an unknown key at the top: the block that has it."""
    from simulator.scenario.mappings import weather_model

    blocks: dict[str, Sequence[str]] = {"weather": list(weather_model().model_fields)}
    for name, field in Scenario.model_fields.items():
        blocks.setdefault(name, list(getattr(field.annotation, "model_fields", ())))
    homes = [f"{block}.{key}" for block, keys in blocks.items() if key in keys]
    return f'unknown key. Did you mean "{homes[0]}"?' if homes else ""


def find_files(document: Document, folder: Path, key: tuple[str, ...], what: str) -> tuple[Any, list[InputError]]:
    """The paths that a document has under `key` as absolute ones, and a problem for each that does not exist.

    The document need not be valid: what is no path at all is None here, and named by the validation.
    """
    given: Any = document.data
    for name in key:
        given = given.get(name) if isinstance(given, dict) else None
    try:
        given = None if given is None else Word().check(given)
    except PydanticCustomError:
        given = None
    if given is None:
        return None, []
    where = document.where(key)
    folders = (Path.cwd(), folder) if where.line is None else (folder, Path.cwd())
    problems: list[InputError] = []

    def find(name: str) -> str:
        """Absolute path of a file; notes a problem where there is none."""
        troubles = [trouble_at(base / name) for base in folders]
        for base, trouble in zip(folders, troubles):
            if trouble is None and (base / name).is_file():
                return str((base / name).resolve())
        places = " and ".join(str(base) for base in dict.fromkeys(folders))
        text = f'no such file "{name}" (looked in {places})'
        if None in troubles:
            text = f'"{name}" is no file; give {what}'
        elif set(troubles) != {_MISSING}:
            text = f'"{name}" {next(trouble for trouble in troubles if trouble != _MISSING)}'
        problems.append(InputError(text, source=where.source, line=where.line, key=".".join(key)))
        return name

    return given.map(find) if isinstance(given, Distribution) else find(given), problems
