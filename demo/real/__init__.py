"""The demo with real inference servers: ``python -m demo.real``."""
