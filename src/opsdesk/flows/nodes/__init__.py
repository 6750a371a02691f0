"""What the node types do: each is a function from a call to what came of it. `app/wiring.py` lists them."""
