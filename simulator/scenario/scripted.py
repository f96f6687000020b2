"""From a scripted scenario's file to a storyboard and its roads."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simulator.errors import InputError, InvalidScenario, did_you_mean, listed
from simulator.roads import RoadNetwork
from simulator.scenario.reading import find_files, find_scenario, is_scripted, problems_of, read_text, trouble_at
from simulator.scenario.road_network import build_network
from simulator.scenario.script_models import Script
from simulator.scenario.script_storyboard import Compiler
from simulator.scenario.yaml_text import Document, Where, read_yaml
from simulator.scenario.yaml_text import resolve as scalar
from simulator.storyboard import model
from simulator.storyboard.expressions import ExpressionError, evaluate
from simulator.storyboard.references import check_references

_NAME, _EXPRESSION = re.compile(r"\$(\w+)"), re.compile(r"\$\{(.*)\}", re.DOTALL)


def read_script(
    path: str | Path, parameters: Mapping[str, object] | None = None, *, seed: int = 0
) -> tuple[model.OpenScenario, RoadNetwork]:
    """The storyboard of a scripted scenario, ready to be played, and its roads.

    Args:
        path: a YAML file, or the bare name of a shipped one, such as "alks_4_4_1_cut_in_no_collision".
        parameters: other values for parameters that the file declares, by name; texts are read as in YAML.
        seed: of a procedural road that has one.

    Raises:
        InputError: the file cannot be read, is not YAML, or declares no such parameter.
        InvalidScenario: keys or values are wrong; all problems are listed, each with file, line and key.
    """
    file = find_scenario(path)
    script, document = _load(file, parameters or {})
    network = build_network(script.road, seed)

    def line(key: tuple[str | int, ...]) -> int:
        """Where a key stands."""
        return document.where(key).line or 0

    folders = _catalogs(script.catalogs, file, line)
    compiler = Compiler(script, next(iter(network.roads)), line, str(file), folders)
    declarations = tuple(
        model.ParameterDeclaration(name, _type_of(value), value, line=line(("parameters", name)))
        for name, value in script.parameters.items()
    )
    scenario = model.OpenScenario(
        model.FileHeader(1, 3, description=" ".join(script.about.split())),
        compiler.storyboard(),
        compiler.entities(),
        parameters=declarations,
        variables=tuple(
            model.VariableDeclaration(name, _type_of(value), value, line=line(("variables", name)))
            for name, value in script.variables.items()
        ),
        monitors=tuple(
            model.MonitorDeclaration(name, value, line=line(("monitors", name)))
            for name, value in script.monitors.items()
        ),
        source=file,
    )
    road = None if script.road.opendrive is None else Path(script.road.opendrive)
    scenario = replace(
        scenario,
        road_network=model.RoadNetwork(road, traffic_signals=compiler.signals()),
        warnings=tuple(compiler.standard.warnings),
    )
    check_references(scenario, _refuse)
    return scenario, network


def _catalogs(given: Sequence[str], file: Path, line: Callable[[tuple[str | int, ...]], int]) -> list[Path]:
    """The folders and files that `catalogs:` names, beside the script or in the working directory."""
    found = []
    for number, name in enumerate(given):
        places = list(dict.fromkeys((file.parent, Path.cwd())))
        there = next((place / name for place in places if trouble_at(place / name) is None), None)
        if there is None:
            text = f'no such folder or file "{name[:200]}" (looked in {" and ".join(map(str, places))})'
            raise InputError(text, source=str(file), line=line(("catalogs", number)) or None, key=f"catalogs.{number}")
        found.append(there.resolve())
    return found


def _refuse(warning: InputError) -> None:
    raise warning


def load_script(path: str | Path, parameters: Mapping[str, object] | None = None) -> Script:
    """The validated content of a scripted scenario's file. Raises as `read_script` does."""
    return _load(find_scenario(path), parameters or {})[0]


def is_script(path: str | Path) -> bool:
    """Whether a YAML file is a scripted scenario. Raises InputError where it cannot be read."""
    file = find_scenario(path)
    data = read_yaml(read_text(file), str(file)).data
    return isinstance(data, dict) and is_scripted(data)


def _load(file: Path, given: Mapping[str, object]) -> tuple[Script, Document]:
    document = read_yaml(read_text(file), str(file))
    if not isinstance(document.data, dict):
        raise InputError("must be a mapping of keys such as actors: and story:", source=str(file), line=1)
    problems = document.problems
    values = _parameters(document, given, str(file))
    for key, item in document.data.items():
        if key == "parameters" and isinstance(item, dict):
            document.data[key] = values
        elif key not in ("about", "source"):
            document.data[key] = _evaluated(item, values, document, (key,))
    maps, missing = find_files(document, file.parent, ("road", "opendrive"), "an OpenDRIVE map (.xodr)")
    problems += missing
    try:
        script = Script.model_validate(document.data)
    except ValidationError as error:
        problems += problems_of(error, document)
    if problems:
        raise InvalidScenario(sorted(problems, key=lambda item: (item.line is None, item.line or 0)))
    return script.model_copy(update={"road": script.road.model_copy(update={"opendrive": maps})}), document


def _parameters(document: Document, given: Mapping[str, object], source: str) -> dict[str, Any]:
    """Values of the declared parameters, in order; each may use the ones before it."""
    declared = document.data.get("parameters")
    declared = declared if isinstance(declared, dict) else {}
    for name in given:
        if name not in declared:
            known = listed(declared)
            hint = did_you_mean(name, declared)
            raise InputError(f'declares no parameter "{name}".{hint} Declared: {known}', source=source)
    values: dict[str, Any] = {}
    for name, written in declared.items():
        value = _evaluated(written, values, document, ("parameters", name))
        if name in given:
            new, option = given[name], f"--param {name}={given[name]}"
            new = _evaluated(scalar(new) if isinstance(new, str) else new, values, document, ("parameters", name))
            if _type_of(new) != _type_of(value):
                kind = {"double": "a number", "boolean": "true or false", "string": "a text"}[_type_of(value)]
                raise InputError(f"must be {kind}, such as {value}", source=option)
            document.places["parameters", name] = Where(option, None)
            value = new
        values[name] = value
    return values


def _type_of(value: object) -> Any:
    """Name of the type of a parameter."""
    if isinstance(value, bool):
        return "boolean"
    return "double" if isinstance(value, (int, float)) else "string"


def _evaluated(value: Any, values: Mapping[str, Any], document: Document, path: tuple[str | int, ...]) -> Any:
    """The data with its expressions replaced by what they come to; one that fails is noted as a problem."""
    if isinstance(value, dict):
        return {key: _evaluated(item, values, document, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_evaluated(item, values, document, (*path, i)) for i, item in enumerate(value)]
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    name, expression = _NAME.fullmatch(value), _EXPRESSION.fullmatch(value)
    if name is not None and name[1] in values:
        return values[name[1]]
    try:
        if name is None and expression is None:
            raise ExpressionError("must be $name of a parameter, or an expression ${...}")
        texts = {key: str(item).lower() if isinstance(item, bool) else str(item) for key, item in values.items()}
        return evaluate(expression[1] if expression is not None else value, texts)
    except ExpressionError as error:
        where = document.where(path)
        text = f'"{value[:80]}": {error}'
        document.problems.append(InputError(text, source=where.source, line=where.line, key=".".join(map(str, path))))
        return 0.0
