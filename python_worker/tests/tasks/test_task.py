"""Training, gates, scores and evaluations ask the task, and nothing else, what is learnt."""

from __future__ import annotations

import pytest
import torch
import world

from danas_worker.jobs import prepare as prepare_module
from danas_worker.protocol import messages as pb
from danas_worker.tasks.classification import Classification
from danas_worker.tasks.task import task_of

A = (0, 0, 0)


class Half(Classification):
    """another task: half of every loss, an accuracy of 0.25, a count of its own"""

    def training_loss(self, outputs, targets, active):
        return super().training_loss(outputs, targets, active) * 0.5

    def loss(self, outputs, targets, active):
        return super().loss(outputs, targets, active) * 0.5

    def accuracy(self, outputs, targets):
        return torch.full((), 0.25)

    def counts(self, device):
        return torch.zeros(1, dtype=torch.float64, device=device)

    def count(self, counts, outputs, targets):
        counts += targets.shape[0]

    def evaluation(self, counts):
        return pb.Evaluation(loss=7.0, accuracy=0.75, samples=int(counts[0]))


@pytest.fixture
def two(tmp_path, monkeypatch):
    usual = world.executor(tmp_path)
    monkeypatch.setattr(prepare_module, "task_of", lambda job: Half(job.classification, job.space.classes))
    return usual, world.executor(tmp_path)


def test_the_same_model_under_another_task_answers_by_that_task(two):
    usual, half = (worker.execute for worker in two)
    trained, other = (execute(world.train([A]))[0] for execute in (usual, half))
    assert other.losses[0] == pytest.approx(trained.losses[0] / 2) and other.accuracies == [0.25]


def test_gates_and_scores_ask_for_the_plain_loss(two):
    usual, half = (worker.execute for worker in two)
    read, other = (execute(world.gates("two", world.gate_step(A, ((1,), (), ()))))[0] for execute in (usual, half))
    assert other.steps[0].loss == pytest.approx(read.steps[0].loss / 2) and other.steps[0].accuracy == 0.25
    assert list(other.steps[0].gradients[0].list) == pytest.approx([g / 2 for g in read.steps[0].gradients[0].list])
    scored, other = (execute(world.score("valid", [A], [0]))[0] for execute in (usual, half))
    assert list(other.log_likelihoods[0].list) == pytest.approx([scored.log_likelihoods[0].list[0] / 2])


def test_an_evaluation_is_what_the_task_makes_of_its_counts(two):
    evaluated, _ = two[1].execute(world.evaluate([A]))
    assert evaluated.results[0] == pb.Evaluation(loss=7.0, accuracy=0.75, samples=20)


def test_every_task_of_the_wire_is_made():
    tasks = pb.Prepare.DESCRIPTOR.oneofs_by_name["task"].fields
    for task in tasks:
        job = world.prepare()
        getattr(job, task.name).SetInParent()
        assert task_of(job).head(job.space) is not None
