"""Strategy groups: which applications pass, which are rejected, and which a person looks at."""
