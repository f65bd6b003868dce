"""One file a step; a released one never changes."""
