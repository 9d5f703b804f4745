"""Units: memoized computations over the catalog, invalidated by what each has read.

``reading`` is the view through which all code reads the catalog, ``units`` the store of computed
values, and ``node`` its record of one unit. Nothing here knows what the units compute.
"""

from straightway.units.node import Call, Node, NotMadeError
from straightway.units.reading import Reading
from straightway.units.trying import value_in
from straightway.units.units import Units

__all__ = ["Call", "Node", "NotMadeError", "Reading", "Units", "value_in"]
