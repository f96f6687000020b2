"""Traffic: any number of worlds on one map, stepped together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.errors import InputError
from simulator.numerics.parallel import parallel_for
from simulator.numerics.rng import child_seed
from simulator.traffic.demand import fill_worlds, sources_of
from simulator.traffic.lane_map import NONE, LaneMap
from simulator.traffic.occupancy import empty_occupancy
from simulator.traffic.state import DRIVER_DTYPE, VEHICLE_DTYPE, Failing
from simulator.traffic.stepping import step_worlds

LONGEST_STEP_NS = 200_000_000
CHUNK_VEHICLES = 512  # a thread takes about so many at a time


class Traffic:
    """W worlds of A vehicles on one map. What a world does depends on its own seed and clock only.

    Attributes:
        lane_map: where they drive.
        vehicles: (W, A) VEHICLE_DTYPE; positions are relative to `lane_map.origin`.
        drivers: (W, A) DRIVER_DTYPE.
        clock_ns: (W,) int64 since the last reset.
        seeds: (W,) uint64.
        stand: (W, A) m from each front bumper to where it must stand, infinite for nowhere.
        occupancy: who is where on the lanes, at the beginning of the last step.
    """

    def __init__(
        self,
        lane_map: LaneMap,
        *,
        worlds: int = 1,
        vehicles: int = 32,
        seeds: ArrayLike | int = 0,
        kinds: NDArray[np.void] | None = None,
        failing: Mapping[Failing, float] | None = None,
    ) -> None:
        """Worlds filled with vehicles.

        Args:
            lane_map: of a road network.
            worlds, vehicles: W and A.
            seeds: (W,) of the worlds, or one to derive them from.
            kinds: (K,) KIND_DTYPE of the vehicles that come up; None: as the map suggests.
            failing: share of the drivers that fail in each way.

        Raises:
            InputError: a number of worlds or vehicles below 1.
        """
        if worlds < 1 or vehicles < 1:
            raise InputError(f"worlds={worlds}, vehicles={vehicles}: 1 and more are accepted")
        self.lane_map = lane_map
        self.vehicles = np.zeros((worlds, vehicles), VEHICLE_DTYPE)
        self.drivers = np.zeros((worlds, vehicles), DRIVER_DTYPE)
        self.vehicles["lane"] = NONE
        self.clock_ns = np.zeros(worlds, np.int64)
        self.seeds = np.zeros(worlds, np.uint64)
        self.stand = np.full((worlds, vehicles), np.inf)
        self.occupancy = empty_occupancy(worlds, len(lane_map.keys), vehicles)
        self._sources = sources_of(lane_map.arrays, kinds, failing)
        if np.ndim(seeds) == 0:
            seeds = np.array([child_seed(int(np.asarray(seeds)), "traffic", w) for w in range(worlds)], np.uint64)
        self.reset(seeds=seeds)

    def reset(
        self, worlds: ArrayLike | None = None, seeds: ArrayLike | None = None, threads: int | None = None
    ) -> None:
        """Fill worlds anew.

        Args:
            worlds: indices, or (W,) bool; None: all.
            seeds: one for each of them; None: they keep theirs, and start as before.
            threads: None: all.
        """
        chosen = np.arange(len(self.seeds)) if worlds is None else np.atleast_1d(np.asarray(worlds))
        chosen = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen.astype(np.int64)
        if seeds is not None:
            self.seeds[chosen] = np.asarray(seeds, np.uint64)
        self.clock_ns[chosen] = 0
        self.vehicles[chosen], self.drivers[chosen] = np.zeros((), VEHICLE_DTYPE), np.zeros((), DRIVER_DTYPE)

        def fill(begin: int, end: int) -> None:
            fill_worlds(
                self.lane_map.arrays,
                self._sources,
                *self.occupancy,
                self.vehicles,
                self.drivers,
                self.seeds,
                chosen,
                begin,
                end,
            )

        parallel_for(fill, len(chosen), chunk=self._chunk, threads=threads)

    def step(self, dt_ns: int, threads: int | None = None) -> None:
        """Move all worlds on.

        Args:
            dt_ns: 0.05 to 0.1 s are usual.
            threads: None: all.

        Raises:
            InputError: a step that is not positive, or longer than 0.2 s.
        """
        if not 0 < dt_ns <= LONGEST_STEP_NS:
            raise InputError(f"dt_ns={dt_ns}: 1 to {LONGEST_STEP_NS} are accepted")

        def run(begin: int, end: int) -> None:
            step_worlds(
                self.lane_map.arrays,
                self._sources,
                *self.occupancy,
                self.vehicles,
                self.drivers,
                self.seeds,
                self.stand,
                dt_ns * 1e-9,
                begin,
                end,
            )

        parallel_for(run, len(self.seeds), chunk=self._chunk, threads=threads)
        self.clock_ns += dt_ns

    @property
    def _chunk(self) -> int:
        return max(CHUNK_VEHICLES // self.vehicles.shape[1], 1)
