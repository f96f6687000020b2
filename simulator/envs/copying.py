"""Environments that can be pickled and copied as they stand: made again, then put in the same state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from simulator.envs.core import Core

_MADE_ANEW = ("core", "task", "_screen", "_made")  # attributes that are not carried over


class Copied:
    """Base of environments that keep their worlds in `core`; `copy.deepcopy` and `pickle` give independent ones."""

    core: Core
    _made: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Keep what it is made of."""
        self = super().__new__(cls)
        self._made = cls, args, kwargs
        return self

    def __reduce__(self) -> Any:
        """See `pickle`."""
        own = {name: value for name, value in vars(self).items() if name not in _MADE_ANEW}
        state = own, [array.copy() for array in _arrays(self.core.state)], self.core.minds, self.core.weathers
        return _make, self._made, state

    def __setstate__(self, state: Any) -> None:
        """See `pickle`."""
        own, arrays, minds, weathers = state
        vars(self).update(own)
        for array, values in zip(_arrays(self.core.state), arrays, strict=True):
            array[...] = values
        self.core.minds = minds
        self.core.let_be(weathers)


def _make(maker: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return maker(*args, **kwargs)


def _arrays(state: Any) -> Iterator[NDArray[Any]]:
    """All arrays in tuples in tuples."""
    if isinstance(state, np.ndarray):
        yield state
    elif isinstance(state, tuple):
        for part in state:
            yield from _arrays(part)
