"""The settlement with those who render services: months are closed, and each provider gets a file of its own."""
