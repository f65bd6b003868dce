"""A faithful local stand-in for each provider, with faults on demand. None of them is needed to serve."""
