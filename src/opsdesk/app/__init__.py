"""The only place that knows everything: what is wired to what, and the processes that people start."""
