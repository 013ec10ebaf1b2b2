"""What every test run needs before anything else: one BLAS thread, the same examples each time."""

import os

from hypothesis import settings
from threadpoolctl import threadpool_limits

# Each process of the suite is one of as many as there are cores. Libraries and children read the
# variables as they start; a plugin may have loaded NumPy before.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
threadpool_limits(1)

settings.register_profile("gate", derandomize=True, database=None, deadline=None)
# `make explore` draws new examples and remembers those that failed
settings.register_profile("explore", deadline=None)
settings.load_profile("gate")
