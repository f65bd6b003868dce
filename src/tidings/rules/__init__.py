"""Decisions, as pure functions: no I/O, no clock, no chance that is not handed in."""
