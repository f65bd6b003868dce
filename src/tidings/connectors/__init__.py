"""One file a provider: what it can do, how it is spoken to, what its callbacks mean. All of it is pure."""
