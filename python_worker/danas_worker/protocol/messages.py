"""Every word of proto/danas/v1, generated: what a job says, what is answered. Units and meanings stand there."""

from ..generated.danas.v1.data_pb2 import *  # noqa: F403
from ..generated.danas.v1.job_pb2 import *  # noqa: F403
from ..generated.danas.v1.signal_pb2 import *  # noqa: F403
from ..generated.danas.v1.space_pb2 import *  # noqa: F403
from ..generated.danas.v1.telemetry_pb2 import *  # noqa: F403
from ..generated.danas.v1.worker_pb2 import *  # noqa: F403
