"""Where shipped files are: the checkout's top level, or `simulator/_data` in an installed wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parent


def data_dir(kind: str) -> Path:
    """Folder of shipped data; `kind` is `assets` or `scenarios`."""
    packed = _PACKAGE / "_data" / kind
    return packed if packed.is_dir() else _PACKAGE.parent / kind


@cache
def load_asset(name: str) -> Any:
    """Parsed YAML of `assets/<name>.yaml`. The result is shared: do not modify it."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with (data_dir("assets") / f"{name}.yaml").open("rb") as file:
        return yaml.load(file, Loader=loader)
