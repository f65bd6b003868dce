"""The doors of in-app messaging: for apps and web pages with a session, and for the integrator's server with a key."""
