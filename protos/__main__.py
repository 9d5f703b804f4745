"""``python -m protos``: generate everything again and list the files written."""

from __future__ import annotations

import sys

from protos.compile import ROOT, compile_all
from protos.stubs import write_stubs

for written in (*compile_all(), *write_stubs()):
    sys.stdout.write(f"{written.relative_to(ROOT)}\n")
