"""The bridge between the GUI thread and the worker's loop."""

import asyncio
import threading
from concurrent.futures import CancelledError

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from desktop.background import Background


async def answer(value: object) -> object:
    return value


async def forever(started: threading.Event, ended: threading.Event) -> None:
    started.set()
    try:
        await asyncio.Event().wait()
    finally:
        ended.set()


def fail_loudly(error: Exception) -> None:
    raise error


def test_a_result_comes_back_on_the_gui_thread(qtbot: QtBot, background: Background) -> None:
    owner = QObject()
    seen: list[tuple[object, threading.Thread]] = []

    background.ask(
        owner, "name", answer(7), lambda value: seen.append((value, threading.current_thread())), fail_loudly
    )
    qtbot.waitUntil(lambda: bool(seen))

    assert seen == [(7, threading.main_thread())]


def test_a_failure_comes_back_as_the_exception(qtbot: QtBot, background: Background) -> None:
    async def fail() -> None:
        raise LookupError("no such thing")

    owner, failures = QObject(), list[Exception]()

    background.ask(owner, "name", fail(), lambda _: None, failures.append)
    qtbot.waitUntil(lambda: bool(failures))

    assert str(failures[0]) == "no such thing"


def test_only_the_newest_request_of_a_name_answers(qtbot: QtBot, background: Background) -> None:
    owner, seen = QObject(), list[object]()
    started, ended = threading.Event(), threading.Event()

    background.ask(owner, "list", forever(started, ended), seen.append, fail_loudly)
    assert started.wait(5)
    background.ask(owner, "list", answer("newest"), seen.append, fail_loudly)
    qtbot.waitUntil(lambda: bool(seen))

    assert seen == ["newest"]
    assert ended.wait(5)


def test_requests_of_other_names_and_owners_do_not_disturb_each_other(qtbot: QtBot, background: Background) -> None:
    one, other, seen = QObject(), QObject(), list[object]()

    background.ask(one, "list", answer(1), seen.append, fail_loudly)
    background.ask(one, "detail", answer(2), seen.append, fail_loudly)
    background.ask(other, "list", answer(3), seen.append, fail_loudly)
    qtbot.waitUntil(lambda: len(seen) == 3)

    assert sorted(seen) == [1, 2, 3]


def test_a_request_ends_with_its_owner_and_calls_nobody(qtbot: QtBot, background: Background) -> None:
    owner, seen = QObject(), list[object]()
    started, ended = threading.Event(), threading.Event()
    background.ask(owner, "list", forever(started, ended), seen.append, fail_loudly)
    assert started.wait(5)

    owner.deleteLater()
    with qtbot.waitSignal(owner.destroyed):
        pass

    assert ended.wait(5)
    assert seen == []


def test_an_answer_that_is_already_on_its_way_to_a_dead_owner_is_dropped(qtbot: QtBot, background: Background) -> None:
    owner, seen, other = QObject(), list[object](), list[object]()
    background.ask(owner, "list", answer(1), seen.append, fail_loudly)
    # Once this has come back to the worker, the first answer lies in the GUI's queue.
    background.submit(answer(None)).result(5)

    owner.deleteLater()
    with qtbot.waitSignal(owner.destroyed):
        pass
    background.ask(background, "later", answer(2), other.append, fail_loudly)
    qtbot.waitUntil(lambda: bool(other))

    assert other == [2]
    assert len(seen) <= 1


def test_a_submitted_coroutine_can_be_cancelled(background: Background) -> None:
    started, ended = threading.Event(), threading.Event()
    future = background.submit(forever(started, ended))
    assert started.wait(5)

    future.cancel()

    assert ended.wait(5)
    with pytest.raises(CancelledError):
        future.result()


def test_stopping_cancels_cleans_up_and_joins(background: Background) -> None:
    started, ended, cleaned = threading.Event(), threading.Event(), threading.Event()

    async def clean_up() -> None:
        assert ended.is_set()
        cleaned.set()

    background.at_stop(clean_up)
    background.submit(forever(started, ended))
    assert started.wait(5)

    background.stop()

    assert ended.is_set()

    assert cleaned.is_set()
    assert not background.running
    assert "frontdesk-background" not in {thread.name for thread in threading.enumerate()}


def test_a_stopped_background_refuses_work_and_leaves_no_coroutine_unawaited(background: Background) -> None:
    background.stop()

    with pytest.raises(RuntimeError, match="not running"):
        background.submit(answer(1))


def test_messages_posted_together_arrive_as_one_list(qtbot: QtBot, background: Background) -> None:
    batches: list[list[object]] = []
    background.messages_arrived.connect(batches.append)

    async def post_many() -> None:
        for number in range(1000):
            background.post(number)

    background.submit(post_many())
    qtbot.waitUntil(lambda: bool(batches))

    assert batches == [list(range(1000))]


def test_setting_object_names_does_not_lose_references_to_none(qapp: QObject) -> None:
    """PySide6 6.12.0 on Python 3.11 drops one reference of None a call, and kills the process after some thousands."""
    import sys

    thing = QObject()
    before = sys.getrefcount(None)

    for number in range(1000):
        thing.setObjectName(f"name {number}")

    assert abs(sys.getrefcount(None) - before) < 100
