"""The OSOP runtime: procedures are files, runs are journals of facts.

Others use it noun by noun, as in `from opsdesk.flows import runs` and `runs.start_run(…)`. Public are the modules
`definitions`, `document`, `runs`, `arrivals`, `runtime`, `ports`, `tickets`, `draw`, `mermaid`, `text_view`, `record`,
`routes`, and in `nodes` those of the node types and `callbacks`. Nothing is imported here, so that a command that
only reads a file starts without what a server needs.
"""
