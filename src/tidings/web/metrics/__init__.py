"""What a hub counts and measures, in the format that Prometheus reads.

`families` declares every metric once: the documents list them, and the dashboard and the alerts in `deploy/` are
compared with them. `telling` puts the numbers of a moment into them, `door` gives them out.
"""
