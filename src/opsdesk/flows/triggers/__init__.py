"""Triggers: what starts runs by itself. Each is pinned to a version, and only a person moves it."""
