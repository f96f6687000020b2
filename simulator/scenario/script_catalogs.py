"""What scripted scenarios take from catalogs of OpenSCENARIO XML, by the name of the catalog and of its entry.

catalogs: [catalogs/vehicles, catalogs/routes.xosc]
actors:
  ego: {entry: VehicleCatalog/white_car, lane: -1, s_m: 20}
  lead: {entry: {catalog: VehicleCatalog, entry: white_car, values: {topSpeed: 30}}, of: ego, ahead_m: 40}
routes: {detour: {entry: RouteCatalog/detour}}
story:
  - {name: cut_in, actor: lead, entry: ManeuverCatalog/cut_in}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from simulator.scenario.block import Block
from simulator.scenario.distributions import Codec, Word, problem
from simulator.scenario.entries import inlined
from simulator.scenario.script_terms import Texts


class Entry(Block):
    """An entry of a catalog, with values for the parameters that it declares."""

    catalog: Annotated[str, Word()]
    """Name of the catalog."""
    entry: Annotated[str, Word()]
    """Name of the entry."""
    values: Annotated[dict[str, str], Texts()] = Field(default_factory=dict)
    """Of parameters that the entry declares, by name."""


@dataclass(frozen=True, slots=True)
class OfCatalog(Codec):
    """Annotation of an entry of a catalog: CATALOG/ENTRY, or a mapping where its parameters get values."""

    def check(self, given: Any) -> Entry:
        """The names and values."""
        if isinstance(given, Entry):
            return given
        if isinstance(given, dict):
            return Entry.model_validate(given)
        catalog, slash, entry = given.partition("/") if isinstance(given, str) else ("", "", "")
        if not (catalog and slash and entry):
            text = "must be CATALOG/ENTRY, such as VehicleCatalog/white_car, or {catalog: ..., entry: ..., values: {}}"
            raise problem("entry", text)
        return Entry(catalog=catalog, entry=entry)

    def write(self, value: Any) -> Any:
        """A mapping."""
        return None if value is None else value.model_dump()

    def schema(self) -> dict[str, Any]:
        """JSON schema of the text or the mapping."""
        return {"anyOf": [{"type": "string", "pattern": "^[^/]+/.+$"}, inlined(Entry.model_json_schema())]}


Taken = Annotated[Entry, OfCatalog()]


class FromCatalog(Block):
    """A route or path of a catalog."""

    entry: Taken
