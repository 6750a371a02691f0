"""The bank's side of the points and benefits service: its channels, its bus, and how they talk to each other."""
