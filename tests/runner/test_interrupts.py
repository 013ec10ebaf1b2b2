import signal
import threading

import pytest

from relaxgap.runner.interrupts import PATIENCE_SECONDS, Interrupts, held, interruptible


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_first_signal_ends_the_work_and_the_next_leave_its_end_alone(clock: Clock) -> None:
    interrupts = Interrupts(clock)
    assert not interrupts.asked
    with pytest.raises(KeyboardInterrupt):
        interrupts.receive(signal.SIGINT, None)
    assert interrupts.asked
    clock.now = PATIENCE_SECONDS
    interrupts.receive(signal.SIGINT, None)


def test_who_asks_again_after_a_while_gets_out_at_once(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    codes: list[int] = []
    monkeypatch.setattr("os._exit", codes.append)
    interrupts = Interrupts(clock)
    interrupts.end()
    clock.now = PATIENCE_SECONDS + 1.0
    interrupts.receive(signal.SIGTERM, None)
    assert codes == [1]
    assert len(capfd.readouterr().err.splitlines()) == 1


def test_a_signal_waits_until_what_must_not_be_interrupted_has_ended(clock: Clock) -> None:
    interrupts = Interrupts(clock)
    done = []

    def start_workers() -> None:
        with interrupts.held():
            with interrupts.held():
                interrupts.receive(signal.SIGINT, None)
            done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        start_workers()
    assert done == ["all of it"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_signal_that_ends_a_command_is_an_interrupt(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_DFL)
    try:
        with interruptible() as interrupts:
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(number)
            with interruptible() as inner, held():
                assert inner is interrupts
                signal.raise_signal(number)
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)


def test_a_signal_that_was_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible() as interrupts:
            signal.raise_signal(signal.SIGHUP)
            assert not interrupts.asked
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_interrupt_that_could_not_be_raised_comes_again() -> None:
    class Interrupted:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    def work() -> None:
        Interrupted()
        threading.Event().wait()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with interruptible(), pytest.raises(KeyboardInterrupt):
            work()
    finally:
        signal.signal(signal.SIGINT, before)
