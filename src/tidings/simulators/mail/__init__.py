"""What the stand-ins for providers of e-mail share: what becomes of mails, and mails that people write."""
