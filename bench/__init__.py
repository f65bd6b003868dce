"""Whole-process benchmarks: a hub, a load generator and a receiver, each a process of its own on loopback."""
