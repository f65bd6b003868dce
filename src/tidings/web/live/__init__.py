"""Live doors of in-app messaging: a WebSocket, and server-sent events for those who can have none."""
