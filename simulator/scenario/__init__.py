"""The description of what should happen: plain validated data; any number may be a distribution."""
