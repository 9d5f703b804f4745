"""Control: changes from the sources in, snapshots for the audiences of Envoys out.

``loop`` decides when changes take effect, and ``making`` applies them; ``interest`` knows which
audiences are connected, ``published`` what each of them was sent, ``assignments`` which of them
have which assignments, and ``checking`` runs the checks between objects. ``pace`` handles timing.
Nothing here translates or speaks xDS.
"""

from straightway.control.interest import Interest
from straightway.control.loop import Control
from straightway.control.pace import Debounce

__all__ = ["Control", "Debounce", "Interest"]
