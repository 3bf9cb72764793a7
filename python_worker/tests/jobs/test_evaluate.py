"""Evaluation, recalibration, scores and batch-norm scales."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
import world

from danas_worker.jobs.evaluate import recalibrated
from danas_worker.protocol.failure import JobFailed
from danas_worker.protocol.messages import BnScales, FailureCode
from danas_worker.training.meter import Meter

A, B = (0, 0, 0), (1, 1, 2)


@pytest.fixture
def worker(tmp_path):
    made = world.executor(tmp_path)
    made.execute(world.train([A, B] * 4))
    return made


def test_evaluating_with_recalibration_changes_nothing(worker):
    before = world.snapshot(worker)
    worker.execute(world.evaluate([A, B], recalibrate=3))
    assert not world.changed(before, world.snapshot(worker))


def test_statistics_are_put_back_even_where_the_evaluation_fails(worker, monkeypatch):
    before = world.snapshot(worker)
    spoilt = worker.model.streams["pass"]
    monkeypatch.setattr(type(spoilt), "batch", _fail_on_pass(type(spoilt).batch))
    with pytest.raises(JobFailed, match="no more"):
        worker.execute(world.evaluate([A], recalibrate=3))
    monkeypatch.undo()
    assert not world.changed(before, world.snapshot(worker))
    assert worker.model.supernet.statistics.mode == "update"
    worker.execute(world.train([A], first=8))


def _fail_on_pass(batch):
    def failing(self, b):
        if self.spec.name == "pass":
            raise JobFailed(FailureCode.data, "no more")
        return batch(self, b)

    return failing


def test_recalibrated_statistics_are_the_mean_over_the_batches(worker):
    model = worker.model
    stream = model.streams["train"]
    # of the stem's norm: its input is the stem's convolution of the images, whatever the path
    conv = model.supernet.stem[0].conv
    with torch.no_grad():
        outs = [conv(stream.batch(b)[0]) for b in range(3)]
        mean = torch.stack([o.mean((0, 2, 3)) for o in outs]).mean(0)
        var = torch.stack([o.var((0, 2, 3), unbiased=True) for o in outs]).mean(0)
        with recalibrated(model, A, stream, 3, Meter(None)):
            norm = model.supernet.stem[0].norm
            assert torch.allclose(norm.running_mean, mean, atol=1e-5)
            assert torch.allclose(norm.running_var, var, rtol=1e-4)


def test_recalibration_matters_after_paths_shared_their_norms(worker):
    as_they_are, _ = worker.execute(world.evaluate([A]))
    recalibrated, _ = worker.execute(world.evaluate([A], recalibrate=4))
    assert recalibrated.results[0].loss != as_they_are.results[0].loss
    # eight steps move momentum-0.1 statistics by 57 %: recalibrated must be the better
    assert recalibrated.results[0].loss < as_they_are.results[0].loss


def test_one_whole_pass_counts_each_class_by_hand(worker):
    model = worker.model
    signal, _ = worker.execute(world.evaluate([A]))
    result = signal.results[0]
    hits, seen, loss = [0] * 4, [0] * 4, 0.0
    with torch.no_grad(), model.statistics("running"):
        for b in range(3):
            x, y = model.streams["pass"].batch(b)
            logits = model.supernet(x, A)
            loss += F.cross_entropy(logits, y, reduction="sum").item()
            for truth, guess in zip(y.tolist(), logits.argmax(1).tolist(), strict=True):
                seen[truth] += 1
                hits[truth] += truth == guess
    assert result.samples == 20 == sum(seen)
    assert result.loss == pytest.approx(loss / 20, rel=1e-5)
    assert result.accuracy == pytest.approx(sum(hits) / 20)
    assert result.per_class == pytest.approx([h / s if s else -1.0 for h, s in zip(hits, seen, strict=True)])


def test_classes_without_an_image_are_minus_one_and_only_active_classes_can_be_answered(worker):
    with torch.no_grad():
        worker.model.supernet.classifier.linear.bias[1] = 1e4  # would always win
    signal, _ = worker.execute(world.evaluate([A], batches=2, name="two"))
    result = signal.results[0]
    assert result.per_class[1] == -1 and result.per_class[3] == -1
    assert result.per_class[0] >= 0 and result.per_class[2] >= 0
    assert result.samples == 16 and result.loss < 100


def test_architectures_come_back_in_the_order_asked_and_twice_where_asked_twice(worker):
    signal, _ = worker.execute(world.evaluate([B, A, B], recalibrate=1))
    alone, _ = worker.execute(world.evaluate([A], recalibrate=1))
    assert signal.results[0] == signal.results[2] != signal.results[1] == alone.results[0]


def test_scores_are_minus_n_times_the_mean_cross_entropy_and_change_nothing(worker):
    before = world.snapshot(worker)
    signal, _ = worker.execute(world.score("valid", (A, B, A), (0, 5)))
    assert not world.changed(before, world.snapshot(worker))
    assert signal.samples == [8, 8] and signal.log_likelihoods[0] == signal.log_likelihoods[2]
    model = worker.model
    with torch.no_grad(), model.statistics("batch"):
        for row, path in zip(signal.log_likelihoods, (A, B), strict=False):
            for value, batch in zip(row.list, (0, 5), strict=True):
                x, y = model.streams["valid"].batch(batch)
                log_p = model.supernet(x, path).log_softmax(1)[range(8), y].sum().item()
                assert value == pytest.approx(log_p, rel=1e-5)


def test_bn_scales_are_mean_absolute_gammas_and_zero_for_skips_and_the_cut(worker):
    supernet = worker.model.supernet
    with torch.no_grad():
        supernet.candidate(0, 0).project.norm.weight.copy_(torch.tensor([1.0, -3.0] * 4))
        supernet.candidate(1, 1).norm.weight.fill_(-0.5)
    worker.execute(world.restrict(((0, 1, 2), (0, 1), (1, 2))))
    signal, _ = worker.execute(BnScales())
    assert [len(row.list) for row in signal.scales] == [4, 2, 3]
    scales = [row.list for row in signal.scales]
    assert scales[0][0] == 2.0 and scales[0][2] == 0.0 and scales[0][3] == 0.0
    assert scales[1][1] == 0.5
    assert scales[2][0] == 0.0 and scales[2][1] == 0.0 and scales[2][2] > 0


def test_diverged_weights_are_a_failure_not_a_nan(worker):
    with torch.no_grad():
        worker.model.supernet.classifier.linear.bias.fill_(float("nan"))
    jobs = [
        world.evaluate([A]),
        world.score("valid", (A,), (0,)),
        world.gates("valid", world.gate_step(A, ((),) * 3)),
    ]
    for job in jobs:
        with pytest.raises(JobFailed) as caught:
            worker.execute(job)
        assert caught.value.code == FailureCode.non_finite
