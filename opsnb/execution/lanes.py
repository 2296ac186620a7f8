"""Work side by side in two stages: what takes a lane and memory, and what comes after it.

A report takes a lane while its cells run. Its pages and PDFs are drawn beside the cells of the
next one, so that no core waits for them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from opsnb.execution.room import Room

_LOOK_EVERY = 0.2
"""Seconds after which memory is looked at again; Ctrl-C is heard as often on every platform."""


@dataclass(frozen=True)
class Task:
    """One piece of work.

    Attributes
    ----------
    work : callable
        Gets a function that gives up its lane; called or not, the lane is free at the end.
    need : int
        Bytes of memory while it has a lane; 0 where that is not known.
    on_wait : callable
        Called once where a lane is free and the memory is not.
    """

    work: Callable[[Callable[[], None]], Any]
    need: int = 0
    on_wait: Callable[[], None] = lambda: None


def side_by_side(tasks: Sequence[Task], room: Room, *, stop: Callable[[], None]) -> None:
    """Does all tasks, begun in their order but for those whose memory does not fit yet.

    Parameters
    ----------
    room : Room
        How many have a lane at a time. As many again may be past theirs.
    stop : callable
        Has work that is under way end soon; called where the waiting is interrupted.

    Raises
    ------
    BaseException
        What interrupted the waiting, once nothing is under way any more; or what a task raised.
    """
    waiting, told = list(tasks), set[int]()
    news, begun = threading.Event(), list[Future[Any]]()

    def begin(task: Task) -> None:
        leave = room.enter(task.need)

        def left() -> None:
            leave()
            news.set()

        def work() -> None:
            try:
                task.work(left)
            finally:
                left()

        begun.append(pool.submit(work))
        begun[-1].add_done_callback(lambda _: news.set())

    with ThreadPoolExecutor(2 * room.lanes, "report") as pool:
        try:
            while waiting or not all(future.done() for future in begun):
                under_way = sum(not future.done() for future in begun)
                if waiting and room.free and under_way < 2 * room.lanes:
                    place = next((i for i, t in enumerate(waiting) if room.fits(t.need)), None)
                    if place is not None:
                        begin(waiting.pop(place))
                        continue
                    if id(waiting[0]) not in told:
                        told.add(id(waiting[0]))
                        waiting[0].on_wait()
                news.wait(_LOOK_EVERY)
                news.clear()
        except BaseException:
            stop()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    for future in begun:
        future.result()
