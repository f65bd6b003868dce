"""SMPP 3.4 as far as it is rules: its octets, its alphabets, its receipts, its ids, how fast a bind may go."""
