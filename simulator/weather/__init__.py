"""Rain, snow, fog, clouds, wind, wet roads, and the sun: all that sets the Atmosphere of a scene."""
