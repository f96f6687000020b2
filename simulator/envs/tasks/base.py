"""What a task is: a road network, where agents start, when they have arrived, and the options that all tasks share.

The options of a task are its fields; `gymnasium.make(id, vehicles=20, action_type="continuous")` sets them.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulator.dynamics import Model
from simulator.envs.options import FailingField, ObservationField, RewardField
from simulator.roads import LaneKey, RoadNetwork
from simulator.scenario.block import Block
from simulator.scenario.family import Family
from simulator.traffic.lane_map import LaneMap

if TYPE_CHECKING:
    from simulator.envs.scripts import Script

ENDS = ("collision", "off_road", "red_light", "wrong_way")
MODELS = {"kinematic": Model.KINEMATIC, "single_track": Model.SINGLE_TRACK, "drift": Model.DRIFT}


class Start(NamedTuple):
    """A stretch of a lane on which an agent may begin: `begin` .. `end` m along it."""

    lane: int
    begin: float
    end: float


def entries(lanes: LaneMap) -> list[Start]:
    """Lanes on which traffic comes into the map, but for their ends."""
    rows = lanes.arrays.lanes
    return [Start(n, 5.0, max(0.7 * row["length"], 6.0)) for n, row in enumerate(rows) if not row["previouses"]]


def exits(lanes: LaneMap, after_m: float) -> NDArray[np.float64]:
    """(L,) `after_m`, or half of the lane, on lanes on which traffic leaves the map; inf on others."""
    rows = lanes.arrays.lanes
    return np.where(rows["nexts"] == 0, np.minimum(after_m, 0.5 * rows["length"]), np.inf)


class Weather(Block):
    """What the weather does to sight and road."""

    rain_mm_h: float = Field(0.0, ge=0.0, le=200.0)
    """Rain rate: 4 moderate, 10 heavy, 50 a violent shower. It shortens the sight and wets the road."""
    visibility_m: float = Field(10_000.0, ge=5.0, le=100_000.0)
    """Meteorological optical range in clear air or fog. What is farther away is not observed."""
    film_mm: float | None = Field(None, ge=0.0, le=20.0)
    """Water above the texture of the road, which is full of it then; 0: dry; null: what the rain leaves (Gallaway)."""
    surface: Literal["asphalt", "concrete", "gravel", "dirt", "wet_grass", "snow", "ice"] = "asphalt"
    """What tyres roll on."""
    clock_h: float = Field(12.0, ge=0.0, le=24.0)
    """Local time of a day in June, for the light that cameras see by."""
    friction: float | None = Field(None, gt=0.0, le=1.5)
    """Peak friction of tyres on the road; null: that of the surface, its water and the speed."""

    def water_mm(self) -> float:
        """Water on the road, from the bottom of its texture."""
        if self.film_mm == 0.0 or (self.film_mm is None and self.rain_mm_h == 0.0):
            return 0.0
        from simulator.weather.rain import CROSS_SLOPE, LANE_DRAIN_M, TEXTURE_DEPTH_MM, gallaway_depth_mm

        above = self.film_mm
        if above is None:
            above = gallaway_depth_mm(self.rain_mm_h, TEXTURE_DEPTH_MM, LANE_DRAIN_M, CROSS_SLOPE)
        return max(above + TEXTURE_DEPTH_MM, 0.0)

    def sight_m(self) -> float:
        """Optical range through air and rain."""
        if self.rain_mm_h == 0.0:
            return self.visibility_m
        from simulator.weather.base import less_visibility_m
        from simulator.weather.rain import rain_extinction_1_m

        return less_visibility_m(self.visibility_m, rain_extinction_1_m(self.rain_mm_h))


class Task(Family, family="envs.tasks"):
    """Base of all tasks. A subclass gives the road and changes the defaults."""

    parked: ClassVar[bool] = False
    """Whether the others stand in the bays."""
    usual_agents: ClassVar[int] = 8
    """Agents in a world of `parallel_env`, where nothing else is said."""
    usual_rewards: ClassVar[dict[str, float]] = {"collision": -1.0, "off_road": -1.0, "progress": 1.0}

    action_type: Literal["continuous", "discrete", "waypoints"] = "continuous"
    """`continuous`: steering, and throttle or brake. `discrete`: lane left, idle, lane right, faster, slower.
    `waypoints`: points ahead to drive to."""
    observation: ObservationField = "vector"
    """A kind of observation, a mapping with its `kind` and parameters, or a mapping of names to such."""
    driver: Literal["agent", "idm"] = "agent"
    """`idm`: the models of our traffic drive, whatever the actions: a baseline. Where there is a bay to take it is
    parked in it (`envs.valet`)."""
    dynamics: Literal["kinematic", "single_track", "drift"] = "kinematic"
    """How the agents' vehicles move under continuous actions and waypoints."""
    vehicle: str = "bmw_320i"
    """The agents' vehicle, of `assets/dynamics.yaml`."""
    throttle_mps2: float = Field(5.0, gt=0.0, le=12.0)
    """Acceleration at an action of 1, where engine and road allow it."""
    brake_mps2: float = Field(9.0, gt=0.0, le=12.0)
    """Deceleration at an action of -1, likewise."""
    reverse: bool = False
    """Whether an action below 0 drives backwards, at up to `throttle_mps2`, instead of braking."""
    steering_deg: float = Field(40.0, gt=0.0, le=60.0)
    """Angle of the front wheels at an action of 1."""
    target_speeds_mps: tuple[float, ...] = Field((0.0, 5.0, 10.0, 15.0), min_length=2)
    """Speeds that `faster` and `slower` step through."""
    agents_per_world: int = Field(1, ge=1, le=256)
    """Agents that share a world (vectorised and multi-agent environments)."""
    vehicles: int = Field(20, ge=0, le=1000)
    """Others in each world."""
    people: int = Field(0, ge=0, le=1000)
    """People on foot in each world; asking for them where the map has no pavements is an error."""
    failing: FailingField = Field(default_factory=dict)
    """Shares of the drivers that fail, by how: `distracted`, `red_runner`, `wrong_way`, `tailgater`, `no_yield`,
    `sudden_braking`, `erratic_slow`, `swerving`, `speeding`; or one number, the share that fails in any way."""
    jaywalking: float = Field(0.1, ge=0.0, le=1.0)
    """Share of the people who cross where they like, each about once a minute, when a gap in the traffic allows it."""
    heedless: float = Field(0.0, ge=0.0, le=1.0)
    """Share of the people who run over the street without looking, each about every 20 seconds."""
    anomalies: int = Field(0, ge=0, le=200)
    """Lost things that lie on the lanes, placed by the seed."""
    crash_response: bool = False
    """Whether collisions have a response: who crashes is a wreck that slides to a stand and is in the way of others, an
    agent's vehicle too; people who are hit fall; lost things slide. `info` then tells whom it struck, and how hard."""
    clearing_s: float = Field(60.0, gt=0.0)
    """After which a wreck is cleared away, and another vehicle comes up for it (with `crash_response`)."""
    weather: Weather = Weather()
    """Sight and road."""
    duration_s: float = Field(40.0, gt=0.0, le=86_400.0)
    """After which an episode is truncated."""
    policy_hz: float = Field(10.0, gt=0.0, le=100.0)
    """Steps of the environment in a second."""
    physics_hz: float = Field(10.0, gt=0.0, le=1000.0)
    """Steps of traffic and vehicles in a second; a whole multiple of `policy_hz`."""
    render_view: Literal["top", "chase"] = "top"
    """What `render` shows: the road from above, or the world from behind the agent's car, as the ray caster sees it
    (its scene takes some seconds to build)."""
    rewards: RewardField = Field(default_factory=dict)
    """Weights of reward terms by name, in place of the task's own."""
    ends_on: tuple[Literal["collision", "off_road", "red_light", "wrong_way"], ...] = ("collision", "off_road")
    """What terminates an episode, beside arriving."""

    @classmethod
    def contradictions(cls, values: dict[str, Any]) -> Any:
        """Frequencies that do not fit, speeds that do not rise."""
        ratio = values.get("physics_hz", 1.0) / values.get("policy_hz", 1.0)
        if ratio < 1.0 or abs(ratio - round(ratio)) > 1e-9:
            yield ("physics_hz",), "must be a whole multiple of policy_hz"
        speeds = values.get("target_speeds_mps", ())
        rise = all(before < after < math.inf for before, after in pairwise(speeds))
        if not rise or (speeds and speeds[0] < 0.0):
            yield ("target_speeds_mps",), "must rise, from 0 or more, and be finite"

    @property
    def substeps(self) -> int:
        """Steps of physics in one of the policy."""
        return round(self.physics_hz / self.policy_hz)

    @property
    def dt_ns(self) -> int:
        """Time of a step of physics."""
        return round(1e9 / self.physics_hz)

    @property
    def episode_steps(self) -> int:
        """Steps after which an episode is truncated."""
        return max(round(self.duration_s * self.policy_hz), 1)

    def weights(self) -> dict[str, float]:
        """Weights of all reward terms that count."""
        return {**self.usual_rewards, **self.rewards}

    @abstractmethod
    def network(self) -> RoadNetwork:
        """The roads. Raises InputError where a map cannot be read."""

    def starts(self, lanes: LaneMap) -> list[Start]:
        """Where agents may begin; empty: anywhere that traffic may."""
        return []

    def scripts(self, worlds: int) -> list[Script]:
        """What the others of each world play; empty: they are traffic."""
        return []

    def bays(self, network: RoadNetwork, lanes: LaneMap) -> NDArray[np.float64]:
        """(B, 3) poses x, y, yaw of the middles of bays, m from the origin of the map; each agent is to take one."""
        return np.zeros((0, 3))

    def aisles(self, network: RoadNetwork) -> list[tuple[LaneKey, ...]]:
        """(B) lanes that run past each bay."""
        return []

    def goals(self, lanes: LaneMap) -> NDArray[np.float64]:
        """(L,) metres along each lane beyond which an agent has arrived, inf where it never has."""
        return np.full(len(lanes.keys), np.inf)
