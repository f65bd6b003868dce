"""In-app messaging: the hub as its own provider. What is done in conversations, and who is told of it."""
