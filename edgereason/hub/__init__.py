"""Models by name from the Hugging Face hub: `hf:owner/repo[:quant or file]` to files on disk, whole and verified.

In: names, what is in the caches already, listing, choosing, fetching. Not in: what a model is, or how it is loaded.
Invariant: no connection is made unless a name of the hub is given that no cache can answer, and none at all offline;
what is not of the promised checksum is never taken for the model.
"""

from __future__ import annotations

from edgereason.hub.cache import cached
from edgereason.hub.fetch import OnProgress, Progress, find
from edgereason.hub.names import HubName, is_hub_name, parse_name

__all__ = ["HubName", "OnProgress", "Progress", "cached", "find", "is_hub_name", "parse_name"]
