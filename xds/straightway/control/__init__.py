"""Control: changes of the sources in, snapshots for the audiences of Envoys out.

``loop`` says when changes come in force, and ``making`` puts them in force; ``interest`` knows
which audiences are connected, ``published`` what each of them was given, ``assignments`` who has
which, and ``checking`` runs the checks between objects. ``pace`` is about time. Nothing here
translates or speaks xDS.
"""

from straightway.control.interest import Interest
from straightway.control.loop import Control
from straightway.control.pace import Debounce

__all__ = ["Control", "Debounce", "Interest"]
