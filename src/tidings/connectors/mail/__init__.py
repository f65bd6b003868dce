"""What the providers of e-mail share: forms, mails read and written, recipients, bounces. No connector of its own."""
