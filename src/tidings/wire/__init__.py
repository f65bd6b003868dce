"""The only sockets that go out."""
