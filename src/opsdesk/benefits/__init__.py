"""What points buy: the catalogue, orders from redemption to their end, links, and the settlement with providers."""
