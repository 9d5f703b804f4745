"""Real inference servers, which `make runtimes` installs: Triton, MLServer and KServe.

Each has models whose behaviour a test sets: they load at once, wait, or fail.
"""
