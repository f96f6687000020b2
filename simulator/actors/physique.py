"""Proportions of people by sex, age and build, and what they wear.

Heights are given as shares of an adult's stature and mapped to the individual: a child's head is larger and its legs
are shorter. Segment lengths: Drillis and Contini, in Winter, Biomechanics and Motor Control of Human Movement, 2009.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike

from simulator.actors.shape import F64


class Part(IntEnum):
    """Material slots of a person."""

    SKIN = 0
    HAIR = 1
    TOP = 2
    BOTTOM = 3
    SHOES = 4
    INNER = 5  # shirt under an open jacket, bands of a vest
    VISOR = 6
    SOLES = 7
    BAG = 8
    HAT = 9
    METAL = 10  # of carried things, as are the two below
    SPREAD = 11
    WHEELS = 12
    WISPS = 13  # single strands over the hair


@dataclass(frozen=True, slots=True)
class Physique:
    """Proportions of one person.

    Attributes:
        height, head: stature and head height in metres.
        crotch: height of the crotch as a share of the stature (adults 0.47).
        female: 0 or 1 (children are in between).
        build: -1 slim .. 1 heavy.
        youth: 1 for a toddler .. 0 for an adult: a round belly, a broad head with a low face, a short neck.
    """

    height: float
    head: float
    crotch: float = 0.47
    female: float = 0.0
    build: float = 0.0
    youth: float = 0.0

    def z(self, share: ArrayLike) -> F64:
        """Height in metres of a share of an adult's stature."""
        chin = 1 - self.head / self.height
        shoulder = chin - 0.05 + 0.012 * self.youth
        own = [
            0.0,
            0.039,
            0.606 * self.crotch,
            self.crotch,
            self.crotch + 0.37 * (shoulder - self.crotch),
            shoulder,
            chin,
            1.0,
        ]
        return (
            np.asarray(np.interp(np.asarray(share, np.float64), [0.0, 0.039, 0.285, 0.47, 0.60, 0.82, 0.87, 1.0], own))
            * self.height
        )

    @property
    def wide(self) -> float:
        """Metres per unit of the tables of widths."""
        return self.height * (1 + 0.05 * self.youth) * (1 + 0.03 * self.build)

    @property
    def head_broad(self) -> float:
        """Breadth and length of the head over those of an adult's head as high.

        They grow early: at 3 years a head has nine tenths of its final breadth and length, but eight of its height
        (head breadth and length: Snyder et al., UM-HSRI-77-17, 1977; vertex to chin: Farkas, 1994).
        """
        return 1 + 0.12 * self.youth

    @property
    def shoulder_y(self) -> float:
        """Distance of the shoulder joints from the middle; the trunks of small children are narrow there."""
        return self.wide * (0.1035 - 0.0095 * self.female - 0.010 * self.youth)

    @property
    def hip_y(self) -> float:
        """Distance of the hip joints from the middle."""
        return self.wide * 0.051

    @property
    def thigh(self) -> float:
        """Length from hip to knee joint."""
        return float(self.z(0.52) - self.z(0.285))

    @property
    def shin(self) -> float:
        """Length from knee to ankle joint."""
        return float(self.z(0.285) - self.z(0.045))

    @property
    def hip_z(self) -> float:
        """Height of the hip joints."""
        return float(self.z(0.52))

    @property
    def ankle_z(self) -> float:
        """Height of the ankle joints."""
        return float(self.z(0.045))

    @property
    def foot_scale(self) -> float:
        """Metres per unit of the tables of feet: those of children are larger for their size."""
        return self.wide * (1 + 0.06 * self.youth)

    @property
    def ball_x(self) -> float:
        """How far the ball of the foot, about which the toes bend, is before the ankle."""
        return 0.062 * self.foot_scale

    @property
    def heel_x(self) -> float:
        """How far the edge on which the heel is set down is before the ankle (negative)."""
        return -0.036 * self.foot_scale


@dataclass(frozen=True, slots=True)
class Dress:
    """Clothes and things worn.

    Attributes:
        thickness: of the upper garment in metres (shirt 0.004, winter jacket 0.02).
        hem: share of the stature where the upper garment ends (jacket 0.5, coat 0.33).
        sleeve: 1 long, 0.45 short.
        legs: "trousers", "shorts", "skirt".
        skirt_hem: share of the stature.
        loose: 0 tight .. 1 wide trousers.
        open_front: a jacket open over a shirt.
        bands: retro-reflective bands (vest).
        hair: "crop", "short", "curls", "afro", "bob", "long", "braids", "bun", "ponytail", "horseshoe", "bald".
        beard: a full one.
        hat: "", "beanie", "cap", "sun_hat", "hood", "scarf", "helmet", "cycle_helmet", "hard_hat".
        bag: "", "backpack", "shoulder_bag".
        bib: of dungarees, of the cloth of the trousers.
        gloves: "", "leather" as of the shoes, "knitted" as the hat.
        collar: of a shirt that is worn without a jacket.
    """

    thickness: float = 0.008
    hem: float = 0.50
    sleeve: float = 1.0
    legs: str = "trousers"
    skirt_hem: float = 0.27
    loose: float = 0.4
    open_front: bool = False
    bands: bool = False
    hair: str = "short"
    hat: str = ""
    bag: str = ""
    bib: bool = False
    gloves: str = ""
    collar: bool = False
    beard: bool = False
