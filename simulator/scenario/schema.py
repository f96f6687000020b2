"""The JSON schema of a scenario file, for editors and other tools."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from simulator.scenario.entries import inlined
from simulator.scenario.models import Scenario

_WORTH_SHARING = 120  # characters of JSON from which a repeated part is written once


def scenario_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of `Scenario` with all members of the open families that are installed."""
    return _compact(inlined(Scenario.model_json_schema()), "OddRoad scenario")


def script_schema() -> dict[str, Any]:
    """JSON schema of a scripted scenario; it knows expressions in place of numbers, not in place of words."""
    from simulator.scenario.script_models import Script

    return _compact(inlined(Script.model_json_schema()), "OddRoad scripted scenario")


def _compact(whole: dict[str, Any], title: str) -> dict[str, Any]:
    """A schema whose repeated parts are written once."""
    seen: Counter[str] = Counter()
    texts: dict[int, str] = {}
    _count(whole, seen, texts)
    shared: dict[str, tuple[str, Any]] = {}
    body = _refer(whole, {text for text, times in seen.items() if times > 1}, shared, texts, top=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **body,
        "title": title,
        "$defs": dict(shared.values()),
    }


def _children(schema: dict[str, Any]) -> list[tuple[str, str | int | None, dict[str, Any]]]:
    """(keyword, key or index, schema) of the schemas directly inside one."""
    found: list[tuple[str, str | int | None, dict[str, Any]]] = []
    for keyword, value in schema.items():
        if keyword == "properties":
            found += [(keyword, key, inner) for key, inner in value.items()]
        elif keyword in ("anyOf", "oneOf", "allOf"):
            found += [(keyword, i, inner) for i, inner in enumerate(value)]
        elif keyword in ("items", "additionalProperties") and isinstance(value, dict):
            found.append((keyword, None, value))
    return found


def _text(schema: dict[str, Any], texts: dict[int, str]) -> str:
    """A schema as JSON; `texts` keeps it by the identity of the schema, for parts of parts are asked for often."""
    if id(schema) not in texts:
        texts[id(schema)] = json.dumps(schema, sort_keys=True)
    return texts[id(schema)]


def _count(schema: dict[str, Any], seen: Counter[str], texts: dict[int, str]) -> None:
    text = _text(schema, texts)
    if len(text) >= _WORTH_SHARING:
        seen[text] += 1
        if seen[text] == 1:  # what is inside of a repeated part is counted once
            for _, _, inner in _children(schema):
                _count(inner, seen, texts)


def _refer(
    schema: dict[str, Any],
    repeated: set[str],
    shared: dict[str, tuple[str, Any]],
    texts: dict[int, str],
    top: bool = False,
) -> Any:
    """The schema with its repeated parts replaced by references to entries of `shared` (text -> name, schema)."""
    text = _text(schema, texts)
    if text in shared:
        return {"$ref": f"#/$defs/{shared[text][0]}"}
    done: dict[str, Any] = {key: dict(v) if key == "properties" else v for key, v in schema.items()}
    for keyword, key, inner in _children(schema):
        put = _refer(inner, repeated, shared, texts)
        if keyword == "properties":
            done[keyword][key] = put
        elif key is None:
            done[keyword] = put
        else:
            done[keyword] = [*done[keyword][: int(key)], put, *done[keyword][int(key) + 1 :]]
    if text not in repeated or top:
        return done
    name = f"{str(schema.get('title', 'part')).replace(' ', '_')}_{len(shared)}"
    shared[text] = (name, done)
    return {"$ref": f"#/$defs/{name}"}
