"""The Scene: meshes, materials, textures, articulated objects, lamps and atmosphere; all that a sensor may know.

Open families (actors, anomalies, weather ...) lower to this small closed vocabulary of arrays.
"""

from simulator.scene.articulation import Driver, Joint
from simulator.scene.atmosphere import NATURAL_ZENITH_MAG, Atmosphere, NightSky
from simulator.scene.builder import Scene, SceneBuilder
from simulator.scene.material import Lamp, Material, Switch, Texture
from simulator.scene.mesh import Mesh
from simulator.scene.model import Body, Model
from simulator.scene.snapshot import Shine, Snapshot, Swing, Timeline
from simulator.scene.stance import footing, keeps_upright, stance

__all__ = [
    "NATURAL_ZENITH_MAG",
    "Atmosphere",
    "Body",
    "Driver",
    "Joint",
    "Lamp",
    "Material",
    "Mesh",
    "Model",
    "NightSky",
    "Scene",
    "SceneBuilder",
    "Shine",
    "Snapshot",
    "Swing",
    "Switch",
    "Texture",
    "Timeline",
    "footing",
    "keeps_upright",
    "stance",
]
