"""Opsdesk runs a company's customer operations from procedures that people can read."""
