"""How long a run still takes: the jobs ahead, laid out on the cores as Snakemake would start them.

A job's time is its work (`lingualift.plan.work`) times what the jobs of its rule, and all jobs,
have taken of theirs in this run. A last long job alone thus counts with its whole length.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

TRUST = 60.0
"""Seconds of work for which the measured speed of the machine stands, before any job has ended."""
RULE_TRUST = 15.0
"""Seconds of work for which the pace of all jobs stands, in the pace of one rule."""
OVERDUE = 0.1
"""What a job that takes longer than expected still takes, of its time so far."""
MOST = 2000
"""Jobs that are laid out one by one; of more, a sum says as much in less time."""


@dataclass(frozen=True)
class JobAhead:
    """A job that will run: its work in seconds, and the jobs that it waits for."""

    number: int
    rule: str
    work: float
    after: frozenset[int] = frozenset()
    priority: float = 0.0


class Estimate:
    """The time left of a run. `slowness`: how many times longer than its work a job takes on this
    machine, as measured before the first.
    """

    def __init__(self, jobs: Sequence[JobAhead], cores: int, slowness: float = 1.0) -> None:
        self.ahead = {job.number: job for job in jobs}
        self.cores = max(cores, 1)
        self.slowness = slowness
        self.began: dict[int, float] = {}
        self.failed: dict[int, JobAhead] = {}  # and those that wait for them
        self.spent: dict[str, tuple[float, float]] = {}  # by rule: work, seconds

    def start(self, number: int, now: float) -> None:
        """A job has begun, perhaps again after it failed."""
        self.ahead |= _take(self.failed, number)
        self.began[number] = now

    def fail(self, number: int) -> None:
        """A job has failed: it and those that wait for it are not ahead."""
        self.began.pop(number, None)
        self.failed |= _take(self.ahead, number)

    def finish(self, number: int, now: float) -> None:
        """A job has ended."""
        began, job = self.began.pop(number, now), self.ahead.pop(number, None)
        if job is not None:
            work, seconds = self.spent.get(job.rule, (0.0, 0.0))
            self.spent[job.rule] = work + job.work, seconds + now - began

    def expected(self, job: JobAhead) -> float:
        """Seconds that a job takes from its beginning to its end."""
        work, seconds = (
            sum(column) for column in zip((0.0, 0.0), *self.spent.values(), strict=True)
        )
        pace = (seconds + self.slowness * TRUST) / (work + TRUST)
        of_rule, seconds = self.spent.get(job.rule, (0.0, 0.0))
        return job.work * (seconds + pace * RULE_TRUST) / (of_rule + RULE_TRUST)

    def seconds(self, now: float) -> float:
        """Seconds left."""
        times = {number: self.expected(job) for number, job in self.ahead.items()}
        for number, began in self.began.items():
            if number in times:
                elapsed = now - began
                times[number] = max(times[number] - elapsed, OVERDUE * elapsed)
        if len(times) > MOST:
            return sum(times.values()) / self.cores
        return self._laid_out(times)

    def _laid_out(self, times: dict[int, float]) -> float:
        """When the last job ends, if each free core takes the ready job of highest priority."""
        waits = {number: set(self.ahead[number].after) & times.keys() for number in times}
        followers: dict[int, list[int]] = {}
        for number, others in waits.items():
            for other in others:
                followers.setdefault(other, []).append(number)
        running = [(times[number], number) for number in self.began if number in times]
        heapq.heapify(running)
        ready = [
            (-self.ahead[number].priority, number)
            for number, others in waits.items()
            if not others and number not in self.began
        ]
        heapq.heapify(ready)
        clock = 0.0
        while ready or running:
            while ready and len(running) < self.cores:
                number = heapq.heappop(ready)[1]
                heapq.heappush(running, (clock + times[number], number))
            clock, ended = heapq.heappop(running)
            for number in followers.get(ended, []):
                waits[number].discard(ended)
                if not waits[number] and number not in self.began:
                    heapq.heappush(ready, (-self.ahead[number].priority, number))
        return clock


def _take(jobs: dict[int, JobAhead], number: int) -> dict[int, JobAhead]:
    """Take a job and those that wait for it, directly or not, out of `jobs`."""
    taken = {number: jobs.pop(number)} if number in jobs else {}
    while waiting := [other for other, job in jobs.items() if job.after & taken.keys()]:
        taken |= {other: jobs.pop(other) for other in waiting}
    return taken
