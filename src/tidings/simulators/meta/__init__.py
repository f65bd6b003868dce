"""What the stand-ins of Meta's conversations share. No simulator of its own."""
