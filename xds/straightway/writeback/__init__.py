"""Writing back to Kubernetes: status on the objects, Events about them, and who may do so.

- ``lease`` and ``leader``: which of the replicas leads: only that one writes;
- ``facts``, ``conditions``, ``wording``, ``desired``: from what is known about an object to the
  status that it should have; ``status``: from that, and what it has, to a patch; all pure;
- ``kinds``, ``pacing``, ``dialects``, ``statuses``, ``troubles``, ``writer``: the patches, at a
  bounded rate, and what follows when one is refused;
- ``confirmations``, ``rollouts``, ``rejections``, ``progress``, ``addresses``: what is known about
  the proxies; ``knowledge``: what is known about each object;
- ``events``, ``identifying``, ``recorder``: Events;
- ``teller``: what is told about one object; ``writeback``: when, for all of them. ``sight`` says
  what it needs of other parts.

It reads what the control loop and the discovery server know, and changes nothing there.
"""

from straightway.writeback.leader import LEASE, Leader, identity
from straightway.writeback.lease import Times
from straightway.writeback.writeback import MANAGER, Writeback, manager_of

__all__ = ["LEASE", "MANAGER", "Leader", "Times", "Writeback", "identity", "manager_of"]
