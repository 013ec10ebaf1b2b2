import io

from rich.console import Console

from relaxgap.cli.run_progress import MinuteLines


def test_a_run_without_a_terminal_says_how_far_it_is_once_a_minute() -> None:
    seconds, stream = 0.0, io.StringIO()
    lines = MinuteLines("gap", 6, 2, Console(file=stream), lambda: seconds)

    def ended(period: float) -> bool:
        nonlocal seconds
        seconds += period
        if seconds == 120.0:
            lines.count(failed=False)
            lines.count(failed=True)
        return seconds > 120.0

    lines.write_until(ended)
    assert stream.getvalue().splitlines() == [
        "gap: 2/6 cells, 0 failed, after 0:01:00",
        "gap: 4/6 cells, 1 failed, ETA 0:02:00, after 0:02:00",
    ]
