"""Traffic: any number of worlds on one map, stepped together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.errors import InputError
from simulator.numerics.bare import bare
from simulator.numerics.jit import kernel
from simulator.numerics.parallel import parallel_for
from simulator.numerics.rng import child_seed
from simulator.traffic.crossings import walkway_map
from simulator.traffic.crowd import empty_people, fill_people
from simulator.traffic.demand import fill_world
from simulator.traffic.desk import desk
from simulator.traffic.ground import Worlds, ground_of
from simulator.traffic.lane_map import NONE, LaneMap
from simulator.traffic.locating import lane_index
from simulator.traffic.occupancy import empty_occupancy
from simulator.traffic.signals import plan_signals, show
from simulator.traffic.state import DRIVER_DTYPE, FAIR, VEHICLE_DTYPE, Failing
from simulator.traffic.stepping import step_worlds
from simulator.traffic.walkways import no_walkways
from simulator.traffic.wrecks import FRICTION, crash_worlds, crashes

LONGEST_STEP_NS = 200_000_000
CHUNK_VEHICLES = 512  # a thread takes about so many at a time
PHASES_NS = 1_000_000_000_000  # below which the programs of traffic lights are on at a reset


@kernel
def fill_worlds(ground, worlds, chosen, begin, end):
    """Fill the worlds `chosen` (N,) from `begin` to `end` of them."""
    ground, worlds = bare(ground), bare(worlds)
    for n in range(begin, end):
        w = chosen[n]
        fill_world(
            ground,
            worlds.conditions[w],
            worlds.lines[w],
            worlds.entries[w],
            worlds.vehicles[w],
            worlds.drivers[w],
            worlds.seeds[w],
        )
        fill_people(ground.crowd, worlds.people, w, worlds.seeds[w])
        show(ground.program, worlds.clock_ns[w] + worlds.phase_ns[w], worlds.signals[w])


class Traffic:
    """W worlds of A vehicles and P people on one map. What a world does depends on its own seed and clock only.

    Attributes:
        lane_map: where they drive; positions are relative to its `origin`.
        plan: the traffic lights.
        walkways: where people walk; without any, nothing.
        ground, worlds: the arrays, for kernels that step by themselves.
        desks: scratch of threads, one for each `chunk` worlds.
        crashes: the same for collisions; empty where there are none.
        chunk: worlds that a thread takes at a time.
    """

    def __init__(
        self,
        lane_map: LaneMap,
        *,
        worlds: int = 1,
        vehicles: int = 32,
        people: int = 0,
        seeds: ArrayLike | int | None = 0,
        kinds: NDArray[np.void] | None = None,
        failing: Mapping[Failing, float] | None = None,
        collisions: bool = False,
        friction: float = FRICTION,
        clearing_s: float = np.inf,
        manners: NDArray[np.void] | None = None,
        relief_s: float = np.inf,
    ) -> None:
        """Worlds filled with vehicles and people.

        Args:
            lane_map: of a road network.
            worlds, vehicles, people: W, A and P; where there is no room for all, rows stay empty.
            seeds: (W,) of the worlds, or one to derive them from; None: the worlds stay empty until they are reset.
            kinds: (K,) KIND_DTYPE of the vehicles that come up; None: as the map suggests.
            failing: share of the drivers that fail in each way.
            collisions: whether those who touch become wrecks, see `wrecks`; else they pass through each other.
            friction: of wrecks on the road.
            clearing_s: after which a wreck is cleared away, and another vehicle comes up for it.
            manners: what people are like, of `walkers.chances`; None: as they mostly are.
            relief_s: of standing, after which a driver is taken off the map and comes up elsewhere, one every 5 s
                (SUMO's time-to-teleport, 300 s there); infinite: nobody ever is.

        Raises:
            InputError: a number of worlds or vehicles below 1, or of people below 0; friction or a time that is not
                above 0.
        """
        if not (friction > 0.0 and clearing_s > 0.0 and relief_s > 0.0):
            given = f"friction={friction}, clearing_s={clearing_s}, relief_s={relief_s}"
            raise InputError(f"{given}: only numbers above 0 are accepted")
        if worlds < 1 or vehicles < 1:
            raise InputError(f"worlds={worlds}, vehicles={vehicles}: 1 and more are accepted")
        if people < 0:
            raise InputError(f"people={people}: 0 and more are accepted")
        self.lane_map = lane_map
        self.plan = plan_signals(lane_map.network, 0)
        origin = lane_map.origin
        self.walkways = walkway_map(lane_map.network, origin) if people else no_walkways(origin)
        self.ground = ground_of(lane_map, self.plan, self.walkways, kinds, failing, manners)
        self.worlds = Worlds(
            np.zeros((worlds, vehicles), VEHICLE_DTYPE),
            np.zeros((worlds, vehicles), DRIVER_DTYPE),
            np.zeros(worlds, np.uint64),
            np.zeros(worlds, np.int64),
            np.zeros(worlds, np.int64),
            np.zeros((worlds, len(self.plan.ids)), np.uint8),
            empty_people(worlds, people, self.walkways),
            np.full((worlds, vehicles), np.inf),
            np.zeros((worlds, vehicles), np.uint8),
            np.full(worlds, float(relief_s)),
            np.zeros(worlds, np.int64),
            np.full(worlds, FAIR),
            *empty_occupancy(worlds, len(lane_map.keys), vehicles),
        )
        self.worlds.vehicles["lane"] = NONE
        self.chunk = max(CHUNK_VEHICLES // vehicles, 1)
        self.desks = [desk(len(lane_map.keys), vehicles) for _ in range(0, worlds, self.chunk)]
        self.crashes = []
        if collisions:
            index = lane_index(lane_map.arrays)
            self.crashes = [crashes(index, vehicles, people, friction, clearing_s) for _ in self.desks]
        if seeds is None:
            return
        if np.ndim(seeds) == 0:
            seeds = np.array([child_seed(int(np.asarray(seeds)), "traffic", w) for w in range(worlds)], np.uint64)
        self.reset(seeds=seeds)

    @property
    def vehicles(self) -> NDArray[np.void]:
        """(W, A) VEHICLE_DTYPE."""
        return self.worlds.vehicles

    @property
    def drivers(self) -> NDArray[np.void]:
        """(W, A) DRIVER_DTYPE."""
        return self.worlds.drivers

    @property
    def people(self) -> NDArray[np.void]:
        """(W, P) PERSON_DTYPE."""
        return self.worlds.people.rows

    @property
    def clock_ns(self) -> NDArray[np.int64]:
        """(W,) since the last reset."""
        return self.worlds.clock_ns

    @property
    def relieved(self) -> NDArray[np.int64]:
        """(W,) vehicles that were taken off since the last reset because they stood for `relief_s`."""
        return self.worlds.relieved

    @property
    def signals(self) -> NDArray[np.uint8]:
        """(W, S) Colour of the traffic lights, as in `plan`."""
        return self.worlds.signals

    def reset(
        self, worlds: ArrayLike | None = None, seeds: ArrayLike | None = None, threads: int | None = None
    ) -> None:
        """Fill worlds anew.

        Args:
            worlds: indices, or (W,) bool; None: all.
            seeds: one for each of them; None: they keep theirs, and start as before.
            threads: None: all.
        """
        state = self.worlds
        chosen = np.arange(len(state.seeds)) if worlds is None else np.atleast_1d(np.asarray(worlds))
        chosen = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen.astype(np.int64)
        if seeds is not None:
            state.seeds[chosen] = np.asarray(seeds, np.uint64)
        state.clock_ns[chosen] = state.relieved[chosen] = 0
        state.phase_ns[chosen] = state.seeds[chosen] % np.uint64(PHASES_NS)
        state.vehicles[chosen], state.drivers[chosen] = np.zeros((), VEHICLE_DTYPE), np.zeros((), DRIVER_DTYPE)

        def fill(begin: int, end: int) -> None:
            """Worlds `begin` to `end` of the chosen."""
            fill_worlds(self.ground, state, chosen, begin, end)

        parallel_for(fill, len(chosen), chunk=self.chunk, threads=threads)

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
            """Worlds `begin` to `end`."""
            step_worlds(self.ground, self.worlds, self.desks[begin // self.chunk], dt_ns, begin, end)
            if self.crashes:
                crash_worlds(self.ground, self.worlds, self.crashes[begin // self.chunk], dt_ns, begin, end)

        parallel_for(run, len(self.worlds.seeds), chunk=self.chunk, threads=threads)
