"""Whatever happens to a request, and in whatever order, it ends, and with an answer once one was in hand."""

from __future__ import annotations

import threading
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgereason.request import Request
from edgereason.runtime import Reasoner
from edgereason.testing import FakeClock

Make = Callable[..., Reasoner]
SCRIPT = {
    "<think>\n": {"so it is\n</think>\n\n\\boxed{2}<|im_end|>": 0.5, "on and on " * 40: 0.5},
    "\\boxed{": "3}<|im_end|>",
}
FEASIBLE_CALLS = 16  # native calls by which the direct answer is there
MOVES = st.tuples(st.sampled_from(["extend", "tighten", "peek", "watch", "stall", "cancel"]), st.floats(0.01, 2.0))
PLACES = st.integers(FEASIBLE_CALLS, 150)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.dictionaries(PLACES, MOVES, max_size=8), deadline=st.floats(2.0, 6.0))
def test_any_order_of_events_leaves_an_answer(
    reasoner: Make, events: dict[int, tuple[str, float]], deadline: float
) -> None:
    """Extended, tightened, looked at, cancelled or stalled between any two passes, while rows finish by themselves."""
    clock, seen = FakeClock(), list[object]()
    started: list[Request] = []
    is_known = threading.Event()  # the worker waits until the request that is acted on is known here
    is_known.set()

    def act(call: int) -> None:
        assert is_known.wait(60)
        if not started or call not in events:
            return
        (request,), (name, seconds) = started, events[call]
        if name == "stall":
            clock.advance(seconds)
        elif name in ("extend", "tighten"):
            seen.append(getattr(request, name)(seconds))
        else:
            seen.append(getattr(request, name)())

    made = reasoner(SCRIPT, pass_s=0.02, clock=clock, on_call=act)
    is_known.clear()
    request = made.submit("1 + 1 = ?", deadline=deadline, profile="normal")
    started.append(request)
    is_known.set()
    result = request.result()

    assert result.answer in {"2", "3"}
    assert result.finish in {"complete", "deadline", "cancelled"}
    assert request.peek() is not None
    assert not request.extend(1.0)
    assert all(peeked is not None for peeked in seen if isinstance(peeked, str))
    made.close()
