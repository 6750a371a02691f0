"""Applications come in: strategy groups answer them, and those that a person has to look at get a ticket."""
