"""The pages that people use: one frame around them, and one module per noun."""
