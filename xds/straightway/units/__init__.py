"""Units: what is made from the catalog, remembered by what it read.

``reading`` is the view through which everything reads the catalog, ``units`` the memory of what
was made and ``node`` what it keeps of each. Nothing here knows what is made.
"""

from straightway.units.node import Call, Node, NotMadeError
from straightway.units.reading import Reading
from straightway.units.units import Units

__all__ = ["Call", "Node", "NotMadeError", "Reading", "Units"]
