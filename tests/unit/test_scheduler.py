"""Snakemake's scheduler is woken by one timer, however many rounds it has made."""

import threading
import time
from types import SimpleNamespace

from snakemake.scheduling.job_scheduler import JobScheduler

from lingualift.run import wake_seldom


def test_however_many_rounds_ask_for_it_one_timer_wakes_the_scheduler() -> None:
    woken = threading.Semaphore(0)
    scheduler = SimpleNamespace(_open_jobs=woken, _schedule_reevalutation=None)
    wake_seldom(scheduler)
    before = threading.active_count()
    for _ in range(100):
        scheduler._schedule_reevalutation(0.05)
    assert threading.active_count() == before + 1
    assert woken.acquire(timeout=5)
    time.sleep(0.1)
    assert not woken.acquire(blocking=False), "woken once"
    scheduler._schedule_reevalutation(0.01)
    assert woken.acquire(timeout=5), "and again when it is asked again"


def test_a_run_does_not_wait_for_the_timer_at_its_end() -> None:
    scheduler = SimpleNamespace(_open_jobs=threading.Semaphore(0), _schedule_reevalutation=None)
    wake_seldom(scheduler)
    scheduler._schedule_reevalutation(3600)
    timers = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    assert timers and all(thread.daemon for thread in timers)
    for timer in timers:
        timer.cancel()


def test_the_installed_snakemake_has_what_is_replaced() -> None:
    """Where it has not, see whether its timers still add up."""
    assert hasattr(JobScheduler, "_schedule_reevalutation")
    wake_seldom(SimpleNamespace())
