"""One store over two databases: the tables, the queries, the log."""
