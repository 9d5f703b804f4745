"""``python -m bench.stages FOLDER``: the work of a cold start, stage by stage, without serving.

The same calls as in ``straightway serve``, one after the other, in a process of its own, and as
there without garbage collection. Prints one JSON object: seconds by stage.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")


def main() -> None:
    """Run the stages for the folder named on the command line."""
    gc.disable()
    seconds: dict[str, float] = {}

    def timed(stage: str, work: Callable[[], Result]) -> Result:
        start = time.perf_counter()
        result = work()
        seconds[stage] = time.perf_counter() - start
        return result

    timed("imports", _import)
    from bench.config import SELECTOR
    from straightway.catalog import Catalog
    from straightway.intake import Intake
    from straightway.offline.dump import resources_for
    from straightway.offline.review import problems_between
    from straightway.proxies.audience import Audience, Role
    from straightway.sources.folder_reader import read_path

    bundles = timed("YAML", lambda: read_path(Path(sys.argv[1])))
    intake = Intake()
    changes = timed("validation", lambda: intake.apply("folder", bundles, now=0.0)).changes
    catalog = Catalog()
    timed("catalog", lambda: catalog.change(changes))
    audience = Audience(Role.GATEWAY, "istio-system", tuple(SELECTOR.items()))
    timed("translation", lambda: resources_for(catalog, audience))
    timed("checks", lambda: [*intake.problems(), *problems_between(intake, catalog, changes)])
    print(json.dumps(seconds))


def _import() -> None:
    import straightway.app
    import straightway.cli  # noqa: F401


if __name__ == "__main__":
    main()
