"""The doors: where clients, providers and operators come in."""
