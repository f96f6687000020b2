"""What agents of many worlds see, in one call: cameras, lidars, rings of beams and bird's-eye rasters."""
