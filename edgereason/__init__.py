"""EdgeReason: a question and a deadline in, the most accurate answer this device can give in that time out.

`from edgereason import Reasoner` loads the runtime on first use; importing the package alone is cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgereason.errors import EdgeReasonError
    from edgereason.runtime import Reasoner
    from edgereason.types import Message, Result

__version__ = "0.1.0"
__all__ = ["EdgeReasonError", "Message", "Reasoner", "Result", "__version__"]

_HOMES = {
    "EdgeReasonError": "edgereason.errors",
    "Message": "edgereason.types",
    "Reasoner": "edgereason.runtime",
    "Result": "edgereason.types",
}


def __getattr__(name: str) -> Any:
    """Import public names on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'edgereason' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
