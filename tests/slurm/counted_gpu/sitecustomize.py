"""Read by every Python of a test's queue: Slurm counts a GPU that is no device, so jobs that were
given it compute on the processor.
"""

from lingualift import machine

machine.require_gpus = lambda wanted: [machine.Gpu(str(index)) for index in range(wanted)]
machine.require_cuda = lambda: None
