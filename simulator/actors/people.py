"""People on foot: adults and children, walking, standing, sitting or lying; balanced over sex and skin tone."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar

import numpy as np

from simulator.actors import gait
from simulator.actors.base import Actor
from simulator.actors.figure import figure
from simulator.actors.skeleton import assemble, cycle_box
from simulator.actors.wardrobe import Person, adult, child
from simulator.scenario.distributions import Metres, OneOf, Quantity, choice, integer, uniform
from simulator.scene import Model

POSES = ("walking", "standing", "sitting", "lying")
SEXES = ("female", "male")
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
        bag: what is carried; "any": drawn.
    """

    class_name: ClassVar[str] = "pedestrian"
    speed_mps: ClassVar[float] = 1.34
    max_speed_mps: ClassVar[float] = 2.6
    acceleration_mps2: ClassVar[float] = 1.5
    deceleration_mps2: ClassVar[float] = 2.0
    stride_m: ClassVar[float] = 1.40

    pose: Annotated[str, OneOf(*POSES)] = "walking"
    sex: Annotated[str, OneOf(*SEXES)] = choice(*SEXES)
    skin_tone: Tone = integer(1, 10)
    height_m: Metres = 0.0
    clothes: Annotated[str, OneOf(*CLOTHES)] = choice(*CLOTHES, weights=(0.84, 0.13, 0.03))
    bag: Annotated[str, OneOf(*BAGS)] = "any"

    def _build(self, rng: np.random.Generator) -> list[Model]:
        person = adult(self.sex, self.skin_tone, self.clothes, self.height_m, rng, bag=self.bag)
        return [person_model(person, self.pose, self.stride_m, rng)]


class Child(Actor, kind="child"):
    """A child on foot, with the size and proportions of its age.

    Attributes:
        age_years: 2 to 12.
        pose, sex, skin_tone: as for an adult.
    """

    class_name: ClassVar[str] = "pedestrian"
    speed_mps: ClassVar[float] = 1.2
    max_speed_mps: ClassVar[float] = 3.5
    acceleration_mps2: ClassVar[float] = 2.0
    deceleration_mps2: ClassVar[float] = 2.0
    stride_m: ClassVar[float] = 0.95

    age_years: Annotated[float, Quantity("years", ge=2.0, le=12.0)] = uniform(3.0, 12.0)
    pose: Annotated[str, OneOf(*POSES)] = "walking"
    sex: Annotated[str, OneOf(*SEXES)] = choice(*SEXES)
    skin_tone: Tone = integer(1, 10)

    def _build(self, rng: np.random.Generator) -> list[Model]:
        person = child(self.age_years, self.sex, self.skin_tone, rng)
        return [person_model(person, self.pose, self.stride_m, rng)]


def person_model(person: Person, pose: str, stride_m: float, rng: np.random.Generator) -> Model:
    """Model of a person in a pose; its labelled box holds the whole gait cycle."""
    dress = person.dress
    if pose in ("sitting", "lying"):  # skirts and coats hang from the hips and do not fold
        dress = replace(dress, legs="trousers" if dress.legs == "skirt" else dress.legs, hem=max(dress.hem, 0.49))
    segments = figure(person.physique, dress, rng)
    if pose == "walking":
        bodies, joints = gait.walking(person.physique, segments, person.materials, stride_m, rng)
    else:
        if pose == "standing":
            held = gait.standing(rng)
        elif pose == "sitting":
            held = gait.sitting(rng)
        else:
            held = gait.lying(rng)
        held = gait.grounded(segments, held, centre=pose == "lying")
        bodies, joints = assemble(segments, person.materials, held)
    box = cycle_box(bodies, joints)
    box[0, 2] = 0.0
    return Model("pedestrian", bodies, joints, attributes=(*person.facts, ("pose", pose)), box=box)
