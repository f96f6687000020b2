"""People on foot: adults and children, walking, standing, sitting or lying; balanced over sex and skin tone."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar

import numpy as np

from simulator.actors import gait
from simulator.actors.base import Actor, Pace
from simulator.actors.carried import THINGS, Carried, carried, small_wheel
from simulator.actors.figure import figure
from simulator.actors.seats import SEATS, sitting
from simulator.actors.skeleton import Pose, cycle_box, skinned
from simulator.actors.wardrobe import DressedFor, InRain, Person, adult, child, childs_body
from simulator.numerics import se3
from simulator.scenario.distributions import Metres, OneOf, Quantity, choice, integer, uniform
from simulator.scene import Body, Driver, Joint, Material, Model

POSES = ("walking", "standing", "sitting", "lying")
SEXES = ("female", "male")
SKIRT_STEPS = 0.88  # a skirt holds the legs together: steps are shorter by this (by choice)
COAT_HEM, COAT_APART = 0.45, 0.11  # hems below this share of the stature hold the arms apart, rad
CLOTHES = ("casual", "formal", "high_visibility")
BAGS = ("any", "", "backpack", "shoulder_bag")
Tone = Annotated[int, Quantity("Monk tone", ge=1, le=10, whole=True)]


class Pedestrian(Actor, kind="pedestrian"):
    """An adult on foot.

    Attributes:
        pose: what the person does; a walker's limbs follow its gait channel.
        sex, skin_tone: appearance; tones of the Monk scale from 1 (light) to 10 (dark).
        height_m: stature; 0: drawn by sex.
        clothes: street clothes, business, or a worker's high-visibility vest.
        bag: worn on the body; "any": drawn.
        age_years: the old are grey, bend forward, and some walk with a stick.
        carries: what the hands hold or push; who sits or lies has at most a telephone.
        seat: what a sitting person sits on.
        pace_mps: of the gait: who is faster than people walk, runs; 0: the usual one.
        dressed_for_c: air temperature for which the clothes are; null: that of the scene.
        in_rain: whether hoods are up, of those without an umbrella; null: if it rains in the scene.
    """

    class_name: ClassVar[str] = "pedestrian"
    speed_mps: ClassVar[float] = 1.34
    max_speed_mps: ClassVar[float] = 2.6
    acceleration_mps2: ClassVar[float] = 1.5
    deceleration_mps2: ClassVar[float] = 2.0

    pose: Annotated[str, OneOf(*POSES)] = "walking"
    sex: Annotated[str, OneOf(*SEXES)] = choice(*SEXES)
    skin_tone: Tone = integer(1, 10)
    height_m: Metres = 0.0
    clothes: Annotated[str, OneOf(*CLOTHES)] = choice(*CLOTHES, weights=(0.84, 0.13, 0.03))
    bag: Annotated[str, OneOf(*BAGS)] = "any"
    age_years: Annotated[float, Quantity("years", ge=13.0, le=100.0)] = uniform(16.0, 86.0)
    pace_mps: Pace = 0.0
    seat: Annotated[str, OneOf(*SEATS)] = choice(*SEATS, weights=(0.45, 0.2, 0.25, 0.1))
    carries: Annotated[str, OneOf("", *THINGS)] = choice(
        "",
        *THINGS,
        weights=(0.73, 0.0, 0.02, 0.04, 0.08, 0.04, 0.09),  # umbrellas are up when it rains
    )
    dressed_for_c: DressedFor = None
    in_rain: InRain = None

    @property
    def usual_mps(self) -> float:
        """The usual walking speed at that age."""
        return gait.walking_mps(self.age_years, self.sex)

    def _build(self, rng: np.random.Generator) -> list[Model]:
        held = {"walking": THINGS, "standing": THINGS, "sitting": ("phone",)}.get(self.pose, ())
        thing = self.carries if self.carries in held else ""
        if not thing and self.pose == "walking" and rng.random() < (self.age_years - 68.0) / 40.0:
            thing = "stick"
        person = adult(
            self.sex,
            self.skin_tone,
            self.clothes,
            self.height_m,
            rng,
            bag=self.bag,
            age_years=self.age_years,
            air_c=self.dressed_for_c,
            rained_on=bool(self.in_rain) and thing != "umbrella",
        )
        pace = self.pace_mps or self.usual_mps
        return person_models(person, self.pose, pace, rng, thing=thing, stoop=_stoop(self.age_years), seat=self.seat)


class Runner(Actor, kind="runner"):
    """An adult who runs for exercise.

    Attributes:
        sex, skin_tone, height_m, pace_mps, dressed_for_c, in_rain: as for a pedestrian.
    """

    class_name: ClassVar[str] = "pedestrian"
    speed_mps: ClassVar[float] = 3.0
    max_speed_mps: ClassVar[float] = 5.5
    acceleration_mps2: ClassVar[float] = 2.0
    deceleration_mps2: ClassVar[float] = 2.5

    sex: Annotated[str, OneOf(*SEXES)] = choice(*SEXES)
    skin_tone: Tone = integer(1, 10)
    height_m: Metres = 0.0
    pace_mps: Pace = 0.0
    dressed_for_c: DressedFor = None
    in_rain: InRain = None

    def _build(self, rng: np.random.Generator) -> list[Model]:
        air_c, rains = self.dressed_for_c, bool(self.in_rain)
        person = adult(
            self.sex, self.skin_tone, "sport", self.height_m, rng, bag="", age_years=30.0, air_c=air_c, rained_on=rains
        )
        return person_models(person, "walking", self.pace_mps or self.speed_mps, rng)


def _stoop(age_years: float) -> float:
    """Forward bend of the trunk in radians; grows from the seventh decade on."""
    return float(np.clip((age_years - 62.0) * 0.006, 0.0, 0.16))


class Child(Actor, kind="child"):
    """A child on foot, with the size and proportions of its age.

    Attributes:
        age_years: 2 to 12.
        pose, sex, skin_tone, pace_mps, seat, dressed_for_c, in_rain: as for an adult.
    """

    class_name: ClassVar[str] = "pedestrian"
    speed_mps: ClassVar[float] = 1.2
    max_speed_mps: ClassVar[float] = 3.5
    acceleration_mps2: ClassVar[float] = 2.0
    deceleration_mps2: ClassVar[float] = 2.0

    age_years: Annotated[float, Quantity("years", ge=2.0, le=12.0)] = uniform(3.0, 12.0)
    pose: Annotated[str, OneOf(*POSES)] = "walking"
    sex: Annotated[str, OneOf(*SEXES)] = choice(*SEXES)
    skin_tone: Tone = integer(1, 10)
    pace_mps: Pace = 0.0
    seat: Annotated[str, OneOf(*SEATS)] = choice(*SEATS, weights=(0.45, 0.1, 0.25, 0.2))
    dressed_for_c: DressedFor = None
    in_rain: InRain = None

    @property
    def usual_mps(self) -> float:
        """The usual walking speed at that age."""
        return gait.walking_mps(self.age_years, self.sex)

    @property
    def running_mps(self) -> float:
        """The usual running speed of legs of that age."""
        return gait.running_mps(childs_body(self.age_years).hip_z)

    def _build(self, rng: np.random.Generator) -> list[Model]:
        air_c, rains = self.dressed_for_c, bool(self.in_rain)
        person = child(self.age_years, self.sex, self.skin_tone, rng, air_c=air_c, rained_on=rains)
        return person_models(person, self.pose, self.pace_mps or self.usual_mps, rng, seat=self.seat)


def person_models(
    person: Person,
    pose: str,
    pace_mps: float,
    rng: np.random.Generator,
    *,
    thing: str = "",
    stoop: float = 0.0,
    seat: str = "bench",
) -> list[Model]:
    """A person in a pose with a `thing` in the hands, then what is pushed or pulled, or the `seat` of who sits.

    Boxes hold the whole gait cycle.

    Who is "walking" at a pace at which people run, runs.
    """
    dress, p = person.dress, person.physique
    if pose in ("sitting", "lying"):  # skirts and coats hang from the hips and do not fold; bags are put down
        dress = replace(
            dress, legs="trousers" if dress.legs == "skirt" else dress.legs, hem=max(dress.hem, 0.49), bag=""
        )
    segments = figure(p, dress, rng, grip=thing in ("umbrella", "stick", "suitcase", "pram"))
    load = carried(thing, p, segments) if thing else Carried({})
    segments += load.segments
    stride = gait.striding_m(p.hip_z, pace_mps) if pose == "walking" else 0.0
    if dress.legs == "skirt":
        stride *= SKIRT_STEPS
    stand, furniture = None, None
    if pose == "walking":
        runs = gait.froude(p.hip_z, pace_mps) > gait.WALK_RUN_FROUDE and not load.wheels
        upright = load.standing is not None  # with the hands on what stands on the ground
        posed = gait.striding(
            p,
            gait.RUN if runs else gait.WALK,
            stride,
            rng,
            stoop=0.0 if upright else stoop,
            held=load.turns,
            apart=COAT_APART if dress.hem < COAT_HEM else 0.0,
        )
        if upright:  # it stands as high as the hands are while walking
            load = carried(thing, p, segments, float(-posed.root[..., 2, 3].mean()))
        # Until they set out, and when they stop.
        stand = gait.grounded(segments, person.materials, Pose(turns=_standing(load, rng)), centre=False)
    elif pose == "lying":
        root, turns = gait.lying(rng)
        posed = Pose(se3.from_rotation(root), gait.sunk(segments, root, turns))
        posed = gait.grounded(segments, person.materials, posed)
    elif pose == "sitting":
        seated = sitting(seat, person, segments, dict(load.turns), rng)
        posed, furniture = seated.pose, seated.seat
    else:
        posed = gait.grounded(segments, person.materials, Pose(turns=_standing(load, rng)), centre=False)
        posed = gait.swaying(posed, rng)
    bodies, beside = [skinned(segments, person.materials, posed, stand, pace_mps)], list[Model]()
    if load.rolls:
        beside.append(_rolling(load, person.materials))
    elif load.standing is not None:
        bodies.append(Body(load.standing, person.materials))
    if furniture is not None:
        beside.append(furniture)
    facts = [*person.facts, ("pose", pose)]
    facts += [("carries", thing)] if thing else []
    facts += [("seat", seat)] if pose == "sitting" else []
    model = Model("pedestrian", tuple(bodies), attributes=tuple(facts), stride_m=stride)
    box = cycle_box(model)
    box[0, 2] = 0.0
    return [replace(model, box=box), *beside]


def _rolling(load: Carried, materials: tuple[Material, ...]) -> Model:
    """What is pushed or pulled, in the frame of who does."""
    assert load.standing is not None
    bodies, joints = [Body(load.standing, materials)], list[Joint]()
    for (x, y, z), radius in load.wheels:
        joints.append(Joint((x, y, z), (0.0, 1.0, 0.0), Driver.TRAVEL, 1.0 / radius))
        bodies.append(Body(small_wheel(radius).moved(x, y, z), materials, len(joints) - 1))
    return Model(load.rolls, tuple(bodies), tuple(joints))


def _standing(load: Carried, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Turns of who stands with a load."""
    return gait.standing(rng) | ({"chest": np.eye(3), **load.turns} if load.turns else {})
