"""The road, one step one file: accept, send, receive, record, notify, sweep."""
