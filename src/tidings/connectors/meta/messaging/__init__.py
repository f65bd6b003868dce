"""Conversations by Meta's Send API and its webhooks, which Messenger and Instagram share."""
