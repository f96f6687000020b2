"""Scripted scenarios: the model of OpenSCENARIO XML, its readers, and the player."""
