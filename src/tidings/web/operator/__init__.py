"""The operator's own doors, in the style of the channels vocabulary: tenants, keys, channels, the log, what parked."""
