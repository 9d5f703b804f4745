"""Writing back to Kubernetes: status on the objects, Events about them, and who may do so.

- ``lease`` and ``leader``: which of the replicas leads: only that one writes;
- ``facts``, ``conditions``, ``wording``, ``desired``: from what is known about an object to the
  status that it should have; ``status``: from that, and what it has, to a patch; all pure;
- ``pacing``, ``kinds``, ``dialects``, ``writer``: the patches, at a bounded rate;
- ``confirmations``, ``rollouts``, ``rejections``, ``addresses``: what is known about the proxies;
- ``events``, ``recorder``: Events;
- ``writeback``: puts it together. ``requests`` and ``sight`` say what it needs of other parts.

It reads what the control loop and the discovery server know, and changes nothing there.
"""

from straightway.writeback.leader import LEASE, Leader, identity
from straightway.writeback.lease import Times
from straightway.writeback.writeback import MANAGER, Writeback, manager_of

__all__ = ["LEASE", "MANAGER", "Leader", "Times", "Writeback", "identity", "manager_of"]
