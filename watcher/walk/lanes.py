"""Runs the lanes of deliveries side by side, so that one which hangs holds up no other."""

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event

from watcher.store import Lane

MOST_AT_ONCE = 12
"""Lanes under way together; a further one waits for the first that ends."""
LOOK_AGAIN = 0.5
"""Seconds after which it is seen what became due while a lane is under way."""

Stop = Callable[[], bool]


def run(due: Callable[[], Iterable[Lane]], clear: Callable[[Lane, Stop], bool], stop: Stop) -> None:
    """Clear every lane that is due, each in a thread of its own, until none is under way.

    `clear` sends what is due in a lane until it is told to stop, and returns whether all went well:
    then the lane is taken up again when more becomes due meanwhile, else it rests until the next
    run. The first error that one raises is raised once every other lane is done.
    """
    halted = Event()
    under_way: dict[Future[bool], Lane] = {}
    resting: set[Lane] = set()
    failure: Exception | None = None

    def told_to_stop() -> bool:
        return halted.is_set() or stop()

    with ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="deliver") as pool:
        try:
            while True:
                kept = resting.union(under_way.values())
                for lane in () if told_to_stop() or failure else due():
                    if lane not in kept:
                        under_way[pool.submit(clear, lane, told_to_stop)] = lane
                if not under_way:
                    break
                for done in wait(under_way, LOOK_AGAIN, FIRST_COMPLETED).done:
                    lane = under_way.pop(done)
                    try:
                        if not done.result():
                            resting.add(lane)
                    except Exception as error:  # noqa: BLE001 - raised below, after the others
                        failure = failure or error
        except BaseException:
            halted.set()
            raise
    if failure is not None:
        raise failure
