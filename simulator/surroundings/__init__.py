"""What stands around the road: terrain, plants, buildings, street furniture, signs and signals."""
