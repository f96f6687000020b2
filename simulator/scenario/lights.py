"""Names of the lights of vehicles in scenarios."""

from __future__ import annotations

# Our names, and those of OpenSCENARIO (VehicleLightType).
LIGHTS = {
    "daytime_running": "daytimeRunningLights",
    "low_beam": "lowBeam",
    "high_beam": "highBeam",
    "fog": "fogLights",
    "fog_front": "fogLightsFront",
    "fog_rear": "fogLightsRear",
    "brake": "brakeLights",
    "warning": "warningLights",
    "indicator_left": "indicatorLeft",
    "indicator_right": "indicatorRight",
    "reversing": "reversingLights",
    "license_plate": "licensePlateIllumination",
    "special": "specialPurposeLights",
}
FLASHING_LIGHTS = ("warning", "indicator_left", "indicator_right", "special")
UNLIT = "off"  # who drives without lights
