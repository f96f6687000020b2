"""Names of the environments in Gymnasium's registry: `OddRoad/<Task>-v0` for every file in `tasks`.

Gymnasium finds them by `gymnasium.make("simulator:OddRoad/Highway-v0")`, which imports `simulator`. That must stay
cheap, so nobody imports Gymnasium for it: the names are entered as soon as Gymnasium's registry itself is there.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

REGISTRY = "gymnasium.envs.registration"
_NOT_TASKS = ("__init__", "base")


def task_names() -> list[str]:
    """Tasks there are, by the names of their files."""
    folder = Path(__file__).parent / "tasks"
    return sorted(file.stem for file in folder.glob("*.py") if file.stem not in _NOT_TASKS)


def env_id(task: str) -> str:
    """What a task is called in Gymnasium's registry: `OddRoad/Highway-v0` of `highway`."""
    return f"OddRoad/{task.title().replace('_', '')}-v0"


def offer() -> None:
    """Enter all tasks into Gymnasium's registry, now where it has been imported, else once it is."""
    if REGISTRY in sys.modules:
        _register(sys.modules[REGISTRY])
    elif not any(isinstance(finder, _OnceImported) for finder in sys.meta_path):
        sys.meta_path.insert(0, _OnceImported())


def _register(registration: ModuleType) -> None:
    for task in task_names():
        if env_id(task) not in registration.registry:
            registration.register(
                env_id(task),
                entry_point=f"simulator.envs.single:{task}",
                vector_entry_point=f"simulator.envs.vector:{task}",
            )


class _OnceImported:
    """A finder of modules that waits for Gymnasium's registry, and lets it be found as usual."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder`."""
        if name != REGISTRY:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_register(module: ModuleType) -> None:
                """Run the module and register its environments."""
                execute(module)
                _register(module)

            spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]  # of this loader alone
        return spec
