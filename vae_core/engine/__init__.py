"""Where long work lives: runs and jobs, in worker processes, behind calls that return at once.

The server's process imports this and never imports torch.
"""

from vae_core.engine.contract.info import EngineBusyError, Job, JobState, RunInfo, RunState
from vae_core.engine.contract.memory import TooLargeError, check_memory
from vae_core.engine.engine import Engine
from vae_core.engine.instance import close_engine, get_engine, warm_engine
from vae_core.engine.watching.subscription import Subscription

__all__ = [
    "Engine",
    "EngineBusyError",
    "Job",
    "JobState",
    "RunInfo",
    "RunState",
    "Subscription",
    "TooLargeError",
    "check_memory",
    "close_engine",
    "get_engine",
    "warm_engine",
]
