"""Benchmarks: each measures the real programs and prints one table.

``python -m bench [label|cold|push|discovery|all]`` (``make bench``) in the root of the repository.
Targets stand next to the measured figures; a figure that misses its target is no failure of the
command. The control plane is ``straightway serve`` as a process of its own, Envoy is the real one
(for ``discovery`` both are reduced to the protocol), and everything runs on this machine: close
what else is busy there.
"""
