"""Tidings: what became of your messages."""

__version__ = "0.1.0"
