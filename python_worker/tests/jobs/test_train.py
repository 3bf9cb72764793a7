"""Weight steps: what moves, by how much, and what must not."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
import world

from danas_worker.jobs.export import standalone
from danas_worker.network.blocks import BatchNorm
from danas_worker.protocol import messages as pb
from danas_worker.protocol.failure import JobFailed
from danas_worker.tasks.classification import Classification
from danas_worker.training.optimizer import LossScaler, Sgd
from danas_worker.training.tensor_groups import Tensors

A, B = (0, 0, 0), (1, 1, 2)
OF_A = ("slots.0.0.", "slots.1.0.", "slots.2.0.")
OF_B = ("slots.0.1.", "slots.1.1.", "slots.2.2.")


def in_slots(names, owned):
    return {name for name in names if name.removeprefix("momentum ").startswith(owned)}


def test_blocks_not_sampled_do_not_move_nor_does_their_momentum(tmp_path):
    worker = world.executor(tmp_path)
    # both have momentum and would be carried on by it
    worker.execute(world.train([A, B] * 3))
    before = world.snapshot(worker)
    worker.execute(world.train([A] * 3, first=6))
    moved = world.changed(before, world.snapshot(worker))
    slotted = in_slots(moved, "slots.")
    assert slotted == in_slots(moved, OF_A)
    assert in_slots(before, OF_A) == in_slots(moved, OF_A), "all of the path moved: weights, statistics, momentum"
    assert in_slots(before, ("stem.", "head.", "classifier.")) <= moved


def test_that_test_would_catch_an_optimizer_that_steps_over_everything(tmp_path, monkeypatch):
    worker = world.executor(tmp_path)
    worker.execute(world.train([A, B] * 3))
    before = world.snapshot(worker)
    right = worker.model.groups.of

    def careless(paths):
        # as torch.optim.SGD over all parameters with zero_grad(set_to_none=False): momentum and decay carry on
        groups = worker.model.groups.all()
        for parameter in worker.model.supernet.parameters():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        assert right(paths)
        return groups

    monkeypatch.setattr(worker.model.groups, "of", careless)
    worker.execute(world.train([A], first=6))
    assert in_slots(world.changed(before, world.snapshot(worker)), OF_B)


@pytest.mark.parametrize("momentum,nesterov,decay_norm", [(0.9, True, False), (0.9, False, True), (0.0, False, False)])
def test_steps_are_those_of_torch_sgd(tmp_path, momentum, nesterov, decay_norm):
    spec = world.optimizer(momentum=momentum, nesterov=nesterov, decay_norm=decay_norm)
    worker = world.executor(tmp_path, world.prepare(optimizer=spec))
    network = standalone(worker.model, A).train()
    norms_and_biases = [p for p in network.parameters() if p.ndim == 1]
    weights = [p for p in network.parameters() if p.ndim > 1]
    groups = [
        {"params": weights, "weight_decay": spec.weight_decay},
        {"params": norms_and_biases, "weight_decay": spec.weight_decay if decay_norm else 0.0},
    ]
    reference = torch.optim.SGD(groups, lr=0.05, momentum=momentum, nesterov=nesterov, foreach=False)
    losses = []
    for step in range(6):
        x, y = worker.model.streams["train"].batch(step)
        loss = F.cross_entropy(network(x), y, label_smoothing=0.1)
        reference.zero_grad()
        loss.backward()
        reference.step()
        losses.append(loss.item())
    signal, timing = worker.execute(world.train([A] * 6))
    assert signal.losses == pytest.approx(losses, rel=1e-5)
    assert signal.samples == 6 * 8
    after = standalone(worker.model, A).state_dict()
    for name, tensor in network.state_dict().items():
        assert torch.allclose(after[name], tensor, atol=1e-5), name
    assert 0 < timing.data_ms < timing.total_ms


def test_the_same_steps_in_one_job_or_in_five_end_in_the_same_bits(tmp_path):
    whole, parts = world.executor(tmp_path), world.executor(tmp_path)
    paths = [A, B, A, (2, 1, 1), (3, 0, 1)]
    one, _ = whole.execute(world.train(paths))
    five = [parts.execute(world.train([path], first=i))[0] for i, path in enumerate(paths)]
    assert one.losses == [signal.losses[0] for signal in five]
    assert not world.changed(world.snapshot(whole), world.snapshot(parts))


def gradients(worker, weights, stream="train", batch=0):
    """what a step would use, by name, without taking it"""
    from danas_worker.jobs.train import backward

    model = worker.model
    model.set_scope(pb.TrainScope.all)
    source = model.streams[stream]
    x, y = source.batch(batch)
    loss, accuracy = backward(model, stream, batch, weights, x, y, source.active_K)
    found = {n: p.grad for n, p in model.supernet.named_parameters() if p.grad is not None}
    model.supernet.zero_grad(set_to_none=True)
    return found, loss.item(), accuracy.item()


def test_weighted_paths_give_the_weighted_sum_of_their_gradients(tmp_path):
    worker = world.executor(tmp_path)
    of_a, loss_a, accuracy_a = gradients(worker, {A: 1.0})
    of_b, loss_b, accuracy_b = gradients(worker, {B: 1.0})
    both, loss, accuracy = gradients(worker, {A: 0.25, B: 0.75})
    assert set(both) == set(of_a) | set(of_b)
    for name, gradient in both.items():
        expected = 0.25 * of_a.get(name, 0.0) + 0.75 * of_b.get(name, 0.0)
        assert torch.allclose(gradient, expected, atol=1e-6), name
    assert loss == pytest.approx(0.25 * loss_a + 0.75 * loss_b, rel=1e-5)
    assert accuracy == pytest.approx(0.25 * accuracy_a + 0.75 * accuracy_b, rel=1e-5)


def test_a_step_of_two_paths_moves_both_and_a_path_named_twice_counts_with_the_sum_of_its_weights(tmp_path):
    def step(*paths):
        return pb.Train(stream="train", steps=[world.train_step(*paths)])

    twice, once = world.executor(tmp_path), world.executor(tmp_path)
    before = world.snapshot(twice)
    twice.execute(step((A, 0.25), (B, 0.5), (A, 0.25)))
    once.execute(step((A, 0.5), (B, 0.5)))
    assert not world.changed(world.snapshot(twice), world.snapshot(once))
    moved = in_slots(world.changed(before, world.snapshot(twice)), "slots.")
    assert in_slots(moved, OF_A) and in_slots(moved, OF_B) and moved == in_slots(moved, OF_A + OF_B)


def test_last_bn_moves_gamma_and_beta_of_each_candidates_last_norm_alone(tmp_path):
    worker = world.executor(tmp_path)
    before = world.snapshot(worker)
    worker.execute(world.train([B, (0, 0, 1)], scope="last_bn"))
    moved = {n for n in world.changed(before, world.snapshot(worker)) if "running" not in n and "momentum" not in n}
    # slot 2.1's c3 is one convolution, its norm is its last; slot 2.2's skip has none
    last = {"slots.0.1.project", "slots.1.1", "slots.2.2.project", "slots.0.0.project", "slots.1.0.project"}
    assert moved == {f"{block}.norm.{part}" for block in last for part in ("weight", "bias")}


def test_all_bn_moves_every_norm_and_nothing_else(tmp_path):
    worker = world.executor(tmp_path)
    before = world.snapshot(worker)
    worker.execute(world.train([A], scope="all_bn"))
    moved = {n for n in world.changed(before, world.snapshot(worker)) if "running" not in n and "momentum" not in n}
    assert moved and all(".norm." in name for name in moved)
    norms = [p for p in worker.model.supernet.path(A) for m in p.modules() if isinstance(m, BatchNorm)]
    assert len(moved) == 2 * len(norms)


def test_the_scope_of_one_job_does_not_stick_to_the_next(tmp_path):
    worker = world.executor(tmp_path)
    worker.execute(world.train([A], scope="last_bn"))
    before = world.snapshot(worker)
    worker.execute(world.train([A], first=1))
    moved = world.changed(before, world.snapshot(worker))
    assert {n for n in before if n.startswith((*OF_A, "stem", "head", "classifier"))} <= moved


def test_gradients_are_clipped_element_by_element_before_the_decay():
    parameter = torch.nn.Parameter(torch.tensor([1.0, 1.0, 1.0]))
    parameter.grad = torch.tensor([10.0, -10.0, 0.5])
    optimizer = Sgd(world.optimizer(momentum=0.0, nesterov=False, weight_decay=0.1, clip_value=2.0))
    from danas_worker.training.tensor_groups import Moved

    optimizer.step(Moved(Tensors([parameter], [torch.zeros(3)]), Tensors()), 1.0)
    # w - (clip(g) + 0.1 w)
    assert torch.allclose(parameter.data, torch.tensor([1 - 2.1, 1 + 1.9, 1 - 0.6]))
    assert parameter.grad is None


def test_inactive_classes_have_no_probability_no_gradient_and_no_share_of_the_smoothing():
    logits = torch.tensor([[2.0, 9.0, 1.0, 0.0], [0.0, 9.0, 3.0, 1.0]], requires_grad=True)
    y = torch.tensor([0, 3])
    active = torch.tensor([True, False, True, True])
    task = Classification(pb.Classification(label_smoothing=0.3), 4)
    loss = task.training_loss(task.masked(logits, active), y, active)
    # the same over a classifier that has the three active classes only
    short = logits.detach()[:, [0, 2, 3]].requires_grad_()
    expected = F.cross_entropy(short, torch.tensor([0, 2]), label_smoothing=0.3)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    loss.backward()
    expected.backward()
    assert torch.equal(logits.grad[:, 1], torch.zeros(2))
    assert torch.allclose(logits.grad[:, [0, 2, 3]], short.grad)
    assert task.masked(logits, active).argmax(1).tolist() == [0, 2]


def test_training_on_two_of_four_classes_starts_at_the_loss_of_two(tmp_path):
    worker = world.executor(tmp_path, world.prepare(label_smoothing=0.0))
    torch.nn.init.zeros_(worker.model.supernet.classifier.linear.weight)
    signal, _ = worker.execute(world.train([A], name="two"))
    assert signal.losses[0] == pytest.approx(math.log(2), rel=1e-6)
    bias = worker.model.supernet.classifier.linear.bias
    assert bias[1] == 0 and bias[3] == 0, "inactive classes are not pushed down"


def test_dropout_is_a_function_of_the_batchs_position(tmp_path):
    job = world.prepare(world.small_space(dropout=0.5))
    worker, other = world.executor(tmp_path, job), world.executor(tmp_path, job)
    whole, _ = worker.execute(world.train([A, A, A]))
    torch.rand(100)  # the global generator is not asked
    other.execute(world.train([A, A]))
    rest, _ = other.execute(world.train([A], first=2))
    assert rest.losses[0] == whole.losses[2]

    def mask(batch, path=0):
        return torch.rand(8, generator=worker.model.dropout("train", batch, path))

    assert torch.equal(mask(1), mask(1)) and not torch.equal(mask(1), mask(2)) and not torch.equal(mask(1), mask(1, 1))


def test_dropout_keeps_the_mean_and_drops_its_share(tmp_path):
    classifier = world.executor(tmp_path, world.prepare(world.small_space(dropout=0.3))).model.supernet.classifier
    classifier.linear = torch.nn.Identity()
    out = classifier(torch.ones(500, 100, 2, 2), torch.Generator().manual_seed(0))
    # 50,000 draws: three deviations are 3 sqrt(0.3 x 0.7 / 50,000) = 0.006
    assert (out == 0).float().mean().item() == pytest.approx(0.3, abs=0.0062)
    assert sorted(out.unique().tolist()) == pytest.approx([0.0, 1 / 0.7])


def test_a_non_finite_loss_names_step_path_rate_and_batch(tmp_path):
    worker = world.executor(tmp_path)
    bad = world.train_step((B, 1.0), rate=1e6)
    steps = [*world.train([A, A], rate=0.01).steps, *[bad] * 20]
    with pytest.raises(JobFailed) as caught:
        worker.execute(pb.Train(stream="train", steps=steps))
    assert caught.value.code == pb.FailureCode.non_finite
    # the step named is the first: one less is answered
    first = caught.value.step
    assert first is not None and first >= 2 and f"step {first + 1} " in caught.value.message
    worker.execute(world.prepare())
    fine = worker.execute(pb.Train(stream="train", steps=steps[: first - 1]))[0]
    assert all(map(math.isfinite, fine.losses))
    assert (
        "k5e2se.c3.k5e3" in caught.value.message
        and "1e+06" in caught.value.message
        and "batch 0" in caught.value.message
    )
    assert "learning rate" in caught.value.hint
    # the next valid job works
    worker.execute(world.prepare())
    assert math.isfinite(worker.execute(world.train([A]))[0].losses[0])


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_was_answered_left_finite_weights(tmp_path, monkeypatch, value):
    """a step that spoils the weights shows in the loss of the next step only: its own job must not be answered"""
    worker = world.executor(tmp_path)
    worker.execute(world.train([A]))
    right = worker.model.optimizer.step

    def spoils(moved, learning_rate):
        right(moved, learning_rate)
        with torch.no_grad():
            moved.decayed.parameters[-1].view(-1)[0] = value

    monkeypatch.setattr(worker.model.optimizer, "step", spoils)
    with pytest.raises(JobFailed, match=r"a weight became (inf|nan), at the latest at step 1 ") as caught:
        worker.execute(world.train([A]))
    assert (caught.value.code, caught.value.step) == (pb.FailureCode.non_finite, 0)


def test_weights_that_did_not_move_are_not_looked_at(tmp_path):
    worker = world.executor(tmp_path)
    spoilt = worker.model.supernet.candidate(0, B[0])
    with torch.no_grad():
        for parameter in spoilt.parameters():
            parameter.fill_(math.nan)
    assert math.isfinite(worker.execute(world.train([A]))[0].losses[0])
    with pytest.raises(JobFailed, match="the loss became nan"):
        worker.execute(world.train([B]))


def test_progress_is_told_at_most_every_quarter_second_and_adds_up(tmp_path, monkeypatch):
    from danas_worker.training import meter

    monkeypatch.setattr(meter, "REPORT_EVERY_S", 0.02)
    told = []
    worker = world.executor(tmp_path, on_progress=told.append)
    signal, timing = worker.execute(world.train([A] * 60))
    assert 1 <= len(told) <= timing.total_ms / 20
    for frame in told:
        assert frame.steps == 60 and frame.samples == 8 * frame.step
        assert frame.loss == pytest.approx(signal.losses[frame.step - 1])
        assert frame.data_ms > 0 and frame.compute_ms > 0
    assert [f.step for f in told] == sorted({f.step for f in told})


def test_a_scaled_step_is_an_unscaled_one_and_an_infinite_one_is_skipped_and_halves_the_scale():
    scaler = LossScaler(torch.device("cpu"))
    parameter = torch.nn.Parameter(torch.tensor([1.0]))
    from danas_worker.training.tensor_groups import Moved

    moved = Moved(Tensors([parameter], [torch.zeros(1)]), Tensors())
    optimizer = Sgd(world.optimizer(momentum=0.9, nesterov=False, weight_decay=0.0), scaler)
    (parameter * 3.0 * scaler.scale).backward()
    optimizer.step(moved, 0.1)
    assert parameter.item() == pytest.approx(1 - 0.1 * 3)
    parameter.grad = torch.tensor([math.inf])
    optimizer.step(moved, 0.1)
    assert parameter.item() == pytest.approx(0.7)
    assert scaler.scale.item() == 32_768 and moved.decayed.momentum[0].item() == pytest.approx(3.0)
