"""What may be done in a conversation, and what follows from it: pure decisions, without the store."""
