"""The command line: serve, demo, and everything an operator asks of a running hub."""
