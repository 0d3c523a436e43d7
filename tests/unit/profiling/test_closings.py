"""Laws of kept closings: they survive, regimes stay apart, damage and missing folders cost nothing but themselves."""

from __future__ import annotations

from pathlib import Path

from edgereason.profiling.closings import KEPT, MOST_BYTES, ClosingLog


def test_scores_survive_and_regimes_stay_apart(tmp_path: Path) -> None:
    """In the order in which they came, to four decimals."""
    log = ClosingLog(tmp_path / "closings")
    log.add("one row", 0.25)
    log.add("one row", -0.123456)
    log.add("eight rows", 1.0)
    again = ClosingLog(tmp_path / "closings")

    assert (0.25, -0.123456) == log.scores("one row")
    assert (0.25, -0.1235) == again.scores("one row")
    assert (1.0,) == again.scores("eight rows")
    assert () == again.scores("two rows")


def test_damaged_lines_are_no_scores(tmp_path: Path) -> None:
    """The rest is."""
    ClosingLog(tmp_path).add("a", 0.5)
    (path,) = tmp_path.iterdir()
    path.write_bytes(b"\xff\xfe\nnan\n0.5\ninf\n0.2")
    assert (0.5, 0.2) == ClosingLog(tmp_path).scores("a")


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    """In memory and, once it has grown long, in the file."""
    log = ClosingLog(tmp_path)
    log.add("a", 0.0)
    (path,) = tmp_path.iterdir()
    path.write_text("".join(f"{k / 10000:.4f}\n" for k in range(12 * KEPT)))
    assert path.stat().st_size > MOST_BYTES
    read = ClosingLog(tmp_path).scores("a")
    assert tuple(k / 10000 for k in range(11 * KEPT, 12 * KEPT)) == read
    assert path.stat().st_size <= MOST_BYTES


def test_a_folder_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    """Scores are then known for this process alone; what is no number is not kept."""
    (tmp_path / "file").touch()
    log = ClosingLog(tmp_path / "file" / "closings")
    log.add("a", 0.5)
    log.add("a", float("nan"))
    assert (0.5,) == log.scores("a")
