"""What the hub gives to pages: the client for browsers, the chat made with it, and a page to try both out.

The files are served as they are. There is nothing to build: browsers read modules.
"""
