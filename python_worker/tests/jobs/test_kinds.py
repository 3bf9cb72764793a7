"""The table of job kinds: complete, and the only place that decides what a job is."""

from __future__ import annotations

import pytest
import world

from danas_worker.jobs.executor import Executor
from danas_worker.jobs.kinds import JOB_KINDS
from danas_worker.protocol import messages as pb
from danas_worker.protocol.failure import JobFailed


def test_every_job_of_the_wire_has_a_handler_and_an_answer_of_its_name():
    asked = {field.name: field.message_type for field in pb.Command.DESCRIPTOR.oneofs_by_name["job"].fields}
    answers = {field.name for field in pb.Reply.DESCRIPTOR.oneofs_by_name["answer"].fields}
    assert {kind.DESCRIPTOR for kind in JOB_KINDS} == set(asked.values())
    assert answers == {*asked, "failure"}


def test_a_job_that_no_handler_does_is_unsupported(tmp_path):
    worker = world.executor(tmp_path)
    with pytest.raises(JobFailed, match="does not know the job Recalibrate") as caught:
        worker.execute(pb.Recalibrate())
    assert caught.value.code == pb.FailureCode.unsupported
    worker.execute(world.train([(0, 0, 0)]))


def test_a_job_without_a_model_names_no_batch_where_memory_runs_out(tmp_path):
    def no_room(spec, allowed):
        raise MemoryError("no room for the images")

    worker = Executor(tmp_path, open_data=no_room)
    with pytest.raises(JobFailed, match="no room") as caught:
        worker.execute(pb.Inspect(data=world.prepare().data))
    assert caught.value.code == pb.FailureCode.out_of_memory
    assert caught.value.hint == "use a smaller space or a smaller batch"
