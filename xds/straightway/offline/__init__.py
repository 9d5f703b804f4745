"""Offline: examines config without a running server, for ``validate`` and ``translate``."""
