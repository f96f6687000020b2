"""Instances of the types of an XML schema: every element that a choice allows, with nothing or everything optional."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from lxml import etree

X = "{http://www.w3.org/2001/XMLSchema}"
_WORDS = {"Boolean": "true", "DateTime": "2024-05-06T07:08:09"}
_WHOLE = {"Int", "UnsignedInt", "UnsignedShort"}


class Schema:
    """The complex types of a schema, as far as OpenSCENARIO uses what a schema may be."""

    def __init__(self, path: Path) -> None:
        self.root = etree.parse(str(path)).getroot()
        self.types = {item.get("name"): item for item in self.root.iterchildren(f"{X}complexType")}
        self.groups = {item.get("name"): item for item in self.root.iterchildren(f"{X}group")}
        self.words = {
            item.get("name"): [word.get("value") for word in item.iter(f"{X}enumeration")]
            for item in self.root.iterchildren(f"{X}simpleType")
        }
        self.count = 0

    def alternatives(self, name: str) -> list[tuple[str, str]]:
        """(element, type) of what a type may hold, groups resolved."""
        return [(item.get("name"), item.get("type")) for item in self._elements(self.types[name])]

    def leaves(self, name: str, inner: set[str]) -> Iterator[tuple[str, ...]]:
        """Paths of elements from a type down to what is not in `inner`, such as an action inside its groups."""
        for element, kind in self.alternatives(name):
            if kind in inner:
                for path in self.leaves(kind, inner):
                    yield (element, *path)
            else:
                yield (element,)

    def _elements(self, node: Iterable[etree._Element]) -> Iterator[etree._Element]:
        for item in node:
            if item.tag == f"{X}element":
                yield item
            elif item.tag == f"{X}group":
                yield from self._elements(self.groups[item.get("ref")])
            elif item.tag in (f"{X}sequence", f"{X}all", f"{X}choice"):
                yield from self._elements(item)

    def element(self, tag: str, kind: str, *, full: bool, path: tuple[str, ...] = (), depth: int = 0) -> etree._Element:
        """An element of a type; a choice takes what `path` says, else its first alternative that is not deprecated."""
        made = etree.Element(tag)
        node = self.types[kind]
        simple = node.find(f".//{X}extension")
        if simple is not None:
            made.text = self._text("String")
        for attribute in (node if simple is None else simple).iterchildren(f"{X}attribute"):
            if attribute.get("use") == "required" or (full and not deprecated(attribute)):
                made.set(attribute.get("name"), self._text(attribute.get("type")))
        for item in node:
            self._fill(made, item, full, path, depth)
        return made

    def _fill(
        self,
        made: etree._Element,
        node: etree._Element,
        full: bool,
        path: tuple[str, ...],
        depth: int,
        *,
        chosen: bool = False,
    ) -> None:
        names = {item.get("name") for item in self._elements([node])}
        wanted = bool(path) and path[0] in names
        left_out = not full or depth > 8 or deprecated(node)
        if node.get("minOccurs") == "0" and left_out and not (wanted or chosen):
            return
        if node.tag == f"{X}element":
            for _ in range(max(int(node.get("minOccurs") or 1), 1)):
                inner = path[1:] if wanted else ()
                made.append(self.element(node.get("name"), node.get("type"), full=full, path=inner, depth=depth + 1))
        elif node.tag == f"{X}choice":
            options = list(node)
            named = [item for item in options if path and path[0] in {e.get("name") for e in self._elements([item])}]
            usual = [item for item in options if not deprecated(item) and item.get("name") != "CatalogReference"]
            self._fill(made, (named or usual or options)[0], full, path, depth, chosen=True)
        elif node.tag in (f"{X}sequence", f"{X}all", f"{X}group"):
            for item in self.groups[node.get("ref")] if node.tag == f"{X}group" else node:
                self._fill(made, item, full, path, depth)

    def _text(self, kind: str) -> str:
        self.count += 1
        if kind in _WORDS:
            return _WORDS[kind]
        if kind in _WHOLE:
            return str(3 + self.count)
        if kind == "Double":
            return f"{self.count}.25"
        if self.words.get(kind):
            return str(self.words[kind][-1])
        return f"text{self.count}"


def deprecated(node: etree._Element) -> bool:
    """Whether the schema says so of an element, attribute or type."""
    return any((note.text or "").strip() == "deprecated" for note in node.iterfind(f"{X}annotation/{X}appinfo"))


def elements_of(files: Iterable[Path], root: str) -> dict[str, set[str]]:
    """Every "parent/element" below a root element of a schema in several files, with the names of its attributes."""
    types: dict[str, etree._Element] = {}
    groups: dict[str, etree._Element] = {}
    roots: dict[str, etree._Element] = {}
    for file in files:
        for item in etree.parse(str(file)).getroot():
            for tag, table in (("complexType", types), ("group", groups), ("element", roots)):
                if item.tag == f"{X}{tag}":
                    table[item.get("name")] = item
    found: dict[str, set[str]] = {}

    def parts(node: etree._Element, tag: str) -> Iterator[etree._Element]:
        """What a type itself holds of a kind, extended types and groups resolved."""
        for item in node:
            if item.tag == f"{X}{tag}":
                yield item
            elif item.tag == f"{X}group":
                yield from parts(groups[item.get("ref")], tag)
            elif item.tag == f"{X}extension":
                yield from parts(types[item.get("base")], tag) if item.get("base") in types else ()
                yield from parts(item, tag)
            elif item.tag in {
                f"{X}{name}" for name in ("sequence", "all", "choice", "complexContent", "simpleContent")
            }:
                yield from parts(item, tag)

    def walk(element: etree._Element, parent: str, above: tuple[str, ...]) -> None:
        element = roots[element.get("ref")] if element.get("ref") else element
        name = element.get("name")
        own = [types[element.get("type")]] if element.get("type") in types else element.findall(f"{X}complexType")
        own += [
            types[item.get("type")] for item in element.iterchildren(f"{X}alternative") if item.get("type") in types
        ]
        attributes = found.setdefault(f"{parent}/{name}" if parent else name, set())
        for node in own:
            attributes.update(item.get("name") for item in parts(node, "attribute"))
            kind = node.get("name") or f"{parent}/{name}"
            if kind not in above:
                for item in parts(node, "element"):
                    walk(item, name, (*above, kind))

    walk(roots[root], "", ())
    return found
