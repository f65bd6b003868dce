"""The words of Tidings as frozen data. Nothing here does I/O, reads a clock or knows a provider."""
