"""Catalogs: files of vehicles, controllers, pedestrians, objects, environments, maneuvers, trajectories and routes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from simulator.errors import InputError, did_you_mean, listed
from simulator.roads.xodr_input import Element, Report, load_xml
from simulator.storyboard.binding import Node
from simulator.storyboard.versions import check_version

KINDS = ("Vehicle", "Controller", "Pedestrian", "MiscObject", "Environment", "Maneuver", "Trajectory", "Route")
WANTED = "an OpenSCENARIO file (.xosc)"
MAX_BYTES = 64 * 2**20
_MAX_FILES = 500  # looked into in one folder
_MAX_NAMES = 2000  # compared with a wrong one


class Catalogs:
    """Finds entries by the name of their catalog and their own; reads each file once.

    Args:
        scenario: the file that refers to them; folders are relative to its own.
        map_path: more folders to look in.
    """

    def __init__(self, scenario: Path, map_path: Iterable[Path] = ()) -> None:
        self.home, self.map_path = scenario.parent, tuple(map_path)
        self.folders: list[Path] = []
        self._names: dict[str, list[tuple[Path, Element]]] | None = None
        self._roots: dict[Path, tuple[Element | None, str]] = {}  # <Catalog> of each file, and a warning or ""
        self._used: set[Path] = set()

    def anew(self) -> Catalogs:
        """The same for another reading of the scenario: files that are open stay so."""
        other = Catalogs(self.home / "scenario.xosc", self.map_path)
        other._roots = self._roots
        return other

    def locate(self, node: Node | None) -> None:
        """Take the folders of a `<CatalogLocations>`."""
        if node is None:
            return
        for item in node.children(*(f"{kind}Catalog" for kind in KINDS)):
            directory = item.child("Directory")
            if directory is None:
                item.warn(f"<{item.tag}> needs a <Directory>; it is ignored")
                continue
            path = directory.text("path").replace("\\", "/")
            for base in (self.home, *self.map_path):
                folder = base / path
                if path and _exists(folder) and folder not in self.folders:
                    self.folders.append(folder)  # some name the file instead
            directory.finish()
            item.finish()
        node.finish()

    def find(self, reference: Node) -> tuple[Node, dict[str, str]]:
        """The element that a `<CatalogReference>` names, and the values that it assigns to parameters.

        Raises:
            InputError: no such catalog or entry.
        """
        catalog, entry = reference.text("catalogName"), reference.text("entryName")
        given: dict[str, str] = {}
        assignments = reference.child("ParameterAssignments")
        for item in assignments.children("ParameterAssignment") if assignments is not None else ():
            name = item.raw("parameterRef")
            if name is None:
                raise item.error('<ParameterAssignment> needs the attribute "parameterRef"')
            given[name.strip().removeprefix("$")] = item.text("value", "")
            item.finish()
        if assignments is not None:
            assignments.finish()
        reference.finish()
        names: list[str] = []
        for path, root in self._catalogs(catalog, reference):
            for element in root.iterchildren(*KINDS):
                if element.get("name") == entry:
                    return Node(element, reference.reader, str(path), reference.depth + 1), given
                names.append(element.get("name") or "")
        hint = f"{did_you_mean(entry, names[:_MAX_NAMES])} Known: {listed(names)}"
        raise reference.error(f'catalog "{catalog}" has no entry "{entry}".{hint}')

    def _catalogs(self, name: str, reference: Node) -> list[tuple[Path, Element]]:
        """Catalogs of a name: of the files called so and, where there are none, of any file of the folders."""
        found = []
        for folder in (*self.folders, *self.map_path):
            path = folder if folder.stem == name and folder.suffix == ".xosc" else folder / f"{name}.xosc"
            if _exists(path) and (root := self._load(path, reference)) is not None:
                found += [(path, root)]
        if found:
            return found
        if self._names is None:
            self._names = {}
            for folder in self.folders or (self.home,):
                for path in sorted(folder.glob("*.xosc"))[:_MAX_FILES] if folder.is_dir() else (folder,):
                    root = self._load(path)
                    if root is not None:
                        self._names.setdefault(root.get("name") or path.stem, []).append((path, root))
        if name not in self._names:
            places = listed(str(folder) for folder in self.folders) if self.folders else "no existing folder"
            there = dict.fromkeys(each for known, found in self._names.items() for each in (known, found[0][0].stem))
            hint = did_you_mean(name, there)
            text = f'no catalog "{name}" in the CatalogLocations ({places}).{hint} Known: {listed(there)}'
            raise reference.error(text)
        return self._names[name]

    def _load(self, path: Path, reference: Node | None = None) -> Element | None:
        """The <Catalog> of a file; None when it has none, or (without a reference) when it cannot be read."""
        if path not in self._roots:
            try:
                root = load_xml(path, Report(str(path)), kind=WANTED, max_bytes=MAX_BYTES)
                # Some catalogs of 1.0 still say 0.9; what they do otherwise will show in their elements.
                major, minor = check_version(root, str(path), any_major=True)
            except InputError:
                if reference is not None:
                    raise
                return None
            says = f'the catalog "{path.name}" says that it is of version {major}.{minor}; it is read as 1.0'
            self._roots[path] = root.find("Catalog"), "" if major == 1 else says
        catalog, warning = self._roots[path]
        if reference is not None and path not in self._used:
            self._used.add(path)
            if warning:
                reference.warn(warning)
        return catalog


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long, or has a null byte
        return False
