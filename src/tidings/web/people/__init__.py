"""Pages for people: who comes here has followed a link in a message, and knows nothing of a hub."""
