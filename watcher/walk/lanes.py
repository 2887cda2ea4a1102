"""Runs the lanes of deliveries side by side, so that one which hangs holds up no other."""

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event
from time import monotonic

from watcher.store import Lane

MOST_AT_ONCE = 12
"""Lanes under way together beside that of the mails; a further one waits for the first that ends.
The mails have a thread of their own, so that they never wait for others."""
LOOK_AGAIN = 0.5
"""Seconds after which it is seen what became due while a lane is under way."""
REST = 5.0
"""Seconds for which a lane in trouble is left alone."""

Stop = Callable[[], bool]


def run(
    due: Callable[[], Iterable[Lane]],
    clear: Callable[[Lane, Stop], bool],
    stop: Stop,
    *,
    rest: float = REST,
) -> None:
    """Clear every lane that is due, each in a thread of its own, until none is under way.

    `clear` sends what is due in a lane until it is told to stop, and returns whether the next one
    would go well: then the lane is taken up again when more becomes due meanwhile. One in trouble
    rests for so many seconds, and is then taken up while others go on well: they may take hours,
    but lanes in trouble alone do not keep a run going. The first error that one raises is raised
    once every other lane is done.
    """
    halted = Event()
    under_way: dict[Future[bool], Lane] = {}
    troubled: dict[Lane, float] = {}
    failure: Exception | None = None

    def told_to_stop() -> bool:
        return halted.is_set() or stop()

    def may_begin(lane: Lane) -> bool:
        busy = under_way.values()
        if lane in busy or lane not in troubled:
            return lane not in busy
        return monotonic() - troubled[lane] >= rest and any(one not in troubled for one in busy)

    with (
        ThreadPoolExecutor(1, thread_name_prefix="mails") as mails,
        ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="deliver") as others,
    ):
        try:
            while True:
                for lane in () if told_to_stop() or failure else due():
                    if may_begin(lane):
                        pool = mails if lane.kind == "email" else others
                        under_way[pool.submit(clear, lane, told_to_stop)] = lane
                if not under_way:
                    break
                for done in wait(under_way, LOOK_AGAIN, FIRST_COMPLETED).done:
                    lane = under_way.pop(done)
                    troubled.pop(lane, None)
                    try:
                        if not done.result():
                            troubled[lane] = monotonic()
                    except Exception as error:  # noqa: BLE001 - raised below, after the others
                        failure = failure or error
        except BaseException:
            halted.set()
            raise
    if failure is not None:
        raise failure
