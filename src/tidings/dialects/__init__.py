"""One file an outside vocabulary: its names, shapes, requests, filters, signature, and what an answer means. Pure."""
