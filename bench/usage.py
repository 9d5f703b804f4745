"""Resource usage of a process, from Linux's /proc."""

from __future__ import annotations

import os
import time
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of all threads, in steps of 10 ms: measure it over many changes."""
    # The name, in brackets, may contain spaces; utime and stime are the fields 14 and 15.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def exact_cpu_seconds(pid: int) -> float:
    """Return the CPU time of all threads, those that have ended included, to the nanosecond.

    It is that of the process's CPU-time clock, ``CPUCLOCK_SCHED`` in Linux's posix-timers.h.
    """
    return time.clock_gettime(~pid << 3 | 2)


def peak_mebibytes(pid: int | str) -> float:
    """Return the peak resident memory (VmHWM)."""
    return _mebibytes(pid, "VmHWM")


def resident_mebibytes(pid: int | str) -> float:
    """Return the resident memory (VmRSS)."""
    return _mebibytes(pid, "VmRSS")


def _mebibytes(pid: int | str, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/{pid}/status has no {field}")
