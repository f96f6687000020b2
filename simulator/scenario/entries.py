"""Lists whose entries may be left to chance, and entries that are members of an open family.

    anomalies:
      - {kind: pothole}                                     # always
      - {kind: deer, probability: 0.3}                      # three times in ten
      - {kind: {choice: [debris, lost_cargo]}}              # one of two kinds, with the same parameters
      - choice: [{kind: ice_patch}, {kind: fallen_tree}, null]   # one of three entries, null is none
        weights: [2, 1, 1]
    anomalies: {pick: {count: {integer: [0, 2]}, of: [{kind: deer}, {kind: dog}, {kind: pothole}]}}
                                                            # so many of these, none twice
    anomalies: {choice: [[{kind: deer}], []]}               # one of two lists

A list is held as a tuple of entries, a `Pick`, or a `choice` Distribution of such; an entry is a Block or a `choice`
Distribution of blocks and None. `Scenario.sample` leaves a plain tuple of blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from simulator.errors import did_you_mean, listed
from simulator.scenario.block import Block, each, relocated
from simulator.scenario.distributions import (
    CHOICE_KEYS,
    Codec,
    Distribution,
    Quantity,
    choice_schema,
    problem,
    read_weights,
)
from simulator.scenario.family import Family, members

_COUNT = Quantity("", ge=0, le=1000, whole=True)
_PROBABILITY = Quantity("", ge=0.0, le=1.0)
MAX_ENTRIES = 1000


@dataclass(frozen=True, slots=True)
class Pick:
    """`count` (a number or Distribution) different entries out of `entries`, in their order."""

    count: Any
    entries: tuple[Any, ...]


def kind_of(given: dict[Any, Any], family: str) -> type[Family]:
    """The family member that `given["kind"]` names. Raises PydanticCustomError."""
    known = members(family)
    kind = given.get("kind")
    if kind is None:
        raise problem("kind", f"needs a kind: one of {listed(known)}")
    if not isinstance(kind, str) or kind not in known:
        raise problem("kind", f'unknown kind "{kind}".{did_you_mean(str(kind), known)} Known: {listed(known)}')
    return known[kind]


@dataclass(frozen=True, slots=True)
class FamilyEntry(Codec):
    """A mapping `{kind: ..., parameters...}` that is a member of `family`."""

    family: str

    def check(self, given: Any) -> Family:
        """The member with its parameters."""
        if isinstance(given, Family) and given.family == self.family:
            return given
        if not isinstance(given, dict):
            raise problem("entry", "must be a mapping with a kind")
        cls = kind_of(given, self.family)
        return cls.model_validate({key: value for key, value in given.items() if key != "kind"})

    def write(self, value: Any) -> dict[str, Any]:
        """Kind first, then all parameters."""
        return {"kind": value.kind, **value.model_dump(exclude_none=True)}

    def schema(self) -> dict[str, Any]:
        """One alternative for each kind."""
        return {"anyOf": [member_schema(cls, {}) for cls in members(self.family).values()]}


@dataclass(frozen=True, slots=True)
class FlatEntry(Codec):
    """A block `cls` with a field `member` of `family`, both written as one mapping with a kind.

    `default_kind` stands in for a missing kind ("" : a kind is required).
    """

    cls: type[Block]
    field: str
    family: str
    default_kind: str = ""

    def _own(self) -> set[str]:
        return set(self.cls.model_fields) - {self.field}

    def check(self, given: Any) -> Block:
        """The block; problems of its own keys and of the member's are reported together, at the keys as written."""
        if isinstance(given, self.cls):
            return given
        if not isinstance(given, dict):
            raise problem("entry", "must be a mapping of keys")
        given = {"kind": self.default_kind, **given} if self.default_kind else given
        cls = kind_of(given, self.family)
        own = {key: value for key, value in given.items() if key in self._own()}
        rest = {key: value for key, value in given.items() if key not in own and key != "kind"}
        details: list[InitErrorDetails] = []
        try:
            member = cls.model_validate(rest, context={"also": tuple(sorted(self._own()))})
            return self.cls.model_validate({**own, self.field: member})
        except ValidationError as error:
            details += relocated(error)
        if not any(detail["loc"] and detail["loc"][0] in own for detail in details):
            try:  # the member was wrong: look at the other keys too
                self.cls.model_validate({**own, self.field: None})
            except ValidationError as error:
                details += [detail for detail in relocated(error) if detail["loc"][:1] != (self.field,)]
        raise ValidationError.from_exception_data(self.cls.__name__, details)

    def write(self, value: Any) -> dict[str, Any]:
        """Kind, then the block's keys, then the member's parameters."""
        plain = value.model_dump(exclude_none=True)
        member = plain.pop(self.field)
        return {"kind": member.pop("kind"), **plain, **member}

    def schema(self) -> dict[str, Any]:
        """One alternative for each kind."""
        own = inlined(self.cls.model_json_schema()).get("properties", {})
        own.pop(self.field, None)
        optional = bool(self.default_kind)
        return {"anyOf": [member_schema(cls, own, optional) for cls in members(self.family).values()]}


def member_schema(cls: type[Family], more: dict[str, Any], kind_optional: bool = False) -> dict[str, Any]:
    """JSON schema of `{kind: ..., parameters...}` of one family member, with the properties `more`."""
    schema = inlined(cls.model_json_schema())
    kinds = {"type": "object", "properties": {"choice": {"type": "array"}}, "required": ["choice"]}
    return {
        "type": "object",
        "title": cls.kind,
        "description": (cls.__doc__ or "").strip().split("\n\n")[0],
        "properties": {
            "kind": {"anyOf": [{"const": cls.kind}, kinds]},
            "probability": {"type": "number", "minimum": 0, "maximum": 1},
            **more,
            **schema.get("properties", {}),
        },
        "required": [*([] if kind_optional else ["kind"]), *schema.get("required", [])],
        "additionalProperties": False,
    }


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema with its local `$ref`s replaced by what they name, so that it can be nested in another."""
    definitions = schema.pop("$defs", {})

    def resolve(node: Any) -> Any:
        """The node without references."""
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).removeprefix("#/$defs/")
            if name in definitions:
                return resolve({**definitions[name], **{k: v for k, v in node.items() if k != "$ref"}})
            return {key: resolve(value) for key, value in node.items()}
        return [resolve(value) for value in node] if isinstance(node, list) else node

    resolved: dict[str, Any] = resolve(schema)
    return resolved


@dataclass(frozen=True, slots=True)
class Entries(Codec):
    """Annotation of a list field; see the module for what may be written."""

    entry: Codec

    def check(self, given: Any) -> Any:
        """A tuple of entries, a Pick, or a choice Distribution of such."""
        if isinstance(given, dict) and set(given) & {"choice", "pick"}:
            return self._alternatives(given) if "choice" in given else self._pick(given)
        if isinstance(given, Pick):
            return given
        if isinstance(given, Distribution):
            return given
        if not isinstance(given, (list, tuple)):
            raise problem("list", "must be a list, {pick: {count: ..., of: [...]}} or {choice: [[...], [...]]}")
        if len(given) > MAX_ENTRIES:
            raise problem("list", f"has {len(given)} entries; at most {MAX_ENTRIES} are allowed")
        return tuple(each(enumerate(given), self._entry, "list"))

    def _alternatives(self, given: dict[str, Any]) -> Distribution:
        lists = self._keys(given, "choice", CHOICE_KEYS)
        read = _below("choice", lambda: each(enumerate(lists), self.check, "choice"))
        return Distribution("choice", tuple(read), read_weights(given, len(lists)))

    def _pick(self, given: dict[str, Any]) -> Pick:
        inner = given["pick"]
        if set(given) != {"pick"} or not isinstance(inner, dict) or set(inner) != {"count", "of"}:
            raise problem("pick", "must be {pick: {count: a number or distribution, of: [entries]}}")
        if not isinstance(inner["of"], list):
            raise problem("pick", "pick: of must be a list")

        def read(item: tuple[str, Any]) -> Any:
            """What stands below `pick`."""
            key, value = item
            if key == "of":
                return tuple(each(enumerate(value), self._entry, key))
            count = _COUNT.check(value)
            most = count.support()[1] if isinstance(count, Distribution) else count
            if most > len(inner["of"]):
                raise problem("pick", f"cannot pick {most} of {len(inner['of'])} entries")
            return count

        return Pick(*_below("pick", lambda: each([(key, (key, inner[key])) for key in ("count", "of")], read, "pick")))

    def _keys(self, given: dict[str, Any], key: str, allowed: tuple[str, ...]) -> list[Any]:
        unknown = [str(name) for name in given if name not in allowed]
        if unknown:
            raise problem(key, f"beside {key} only weights is allowed, not {', '.join(unknown)}")
        if not isinstance(given[key], list) or not given[key]:
            raise problem(key, f"{key} takes a list")
        return list(given[key])

    def _entry(self, given: Any) -> Any:
        if isinstance(given, Distribution):
            return given
        if not isinstance(given, dict):
            return self.entry.check(given)
        if "choice" in given and "kind" not in given:
            options = self._keys(given, "choice", CHOICE_KEYS)
            read = _below("choice", lambda: each(enumerate(options), self._option, "choice"))
            return Distribution("choice", tuple(read), read_weights(given, len(options)))
        if "probability" in given:
            rest = {key: value for key, value in given.items() if key != "probability"}
            chance = each([("probability", given["probability"])], _PROBABILITY.check, "probability")[0]
            if isinstance(chance, Distribution):
                raise problem("probability", "probability must be a plain number")
            return Distribution("choice", (self._entry(rest), None), (chance, 1.0 - chance))
        if isinstance(given.get("kind"), dict):
            kinds = self._keys(given["kind"], "choice", CHOICE_KEYS)
            read = each([("kind", {**given, "kind": kind}) for kind in kinds], self.entry.check, "kind")
            return Distribution("choice", tuple(read), read_weights(given["kind"], len(kinds)))
        return self.entry.check(given)

    def _option(self, given: Any) -> Any:
        return None if given is None else self._entry(given)

    def write(self, value: Any) -> Any:
        """Plain data that reads back as `value`."""
        if isinstance(value, Distribution):
            weights = {} if value.weights is None else {"weights": list(value.weights)}
            return {"choice": [self.write(option) for option in value.values], **weights}
        if isinstance(value, Pick):
            count = value.count.to_yaml() if isinstance(value.count, Distribution) else value.count
            return {"pick": {"count": count, "of": [self.write(entry) for entry in value.entries]}}
        if isinstance(value, tuple):
            return [self.write(entry) for entry in value]
        return None if value is None else self.entry.write(value)

    def schema(self) -> dict[str, Any]:
        """JSON schema of all the forms of a list."""
        one = self.entry.schema()
        entry = {"anyOf": [one, choice_schema({"anyOf": [one, {"type": "null"}]})]}
        plain = {"type": "array", "items": entry}
        pick = {
            "type": "object",
            "properties": {
                "pick": {
                    "type": "object",
                    "properties": {"count": _COUNT.schema(), "of": plain},
                    "required": ["count", "of"],
                }
            },
            "required": ["pick"],
        }
        return {"anyOf": [plain, pick, choice_schema({"anyOf": [plain, pick]})]}


def _below(key: str, read: Callable[[], Any]) -> Any:
    """The result of `read`, its problems reported below `key`."""
    try:
        return read()
    except ValidationError as error:
        raise ValidationError.from_exception_data(key, relocated(error, (key,))) from None
