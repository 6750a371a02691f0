"""The ledger of points: wallets, lots that expire, and postings that never change."""
