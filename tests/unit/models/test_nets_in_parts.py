"""A net that a batch goes through in parts does what it does with the whole batch, to 1e-9 in float64."""

import contextlib
import copy

import pytest
import torch

from vae_core.config.configs import ModelConfig
from vae_core.models.layers.kinds import Activation, BatchNorm, Dense, Flatten, Residual
from vae_core.models.layers.windows import Convolution
from vae_core.models.nets import Net
from vae_core.models.nets_in_parts import NetInParts
from vae_core.models.vae import build_model

EXACT = {"atol": 1e-9, "rtol": 1e-9}

RESIDUAL = (
    Convolution("encoder.first", channels=4, kernel=(3, 3), padding=(1, 1)),
    Residual(
        (
            BatchNorm("encoder.norm"),
            Activation("relu"),
            Convolution("encoder.second", channels=4, kernel=(3, 3), padding=(1, 1)),
            BatchNorm("encoder.norm2", epsilon=1e-3),
        )
    ),
    Activation("tanh"),
    Flatten(),
    BatchNorm("encoder.norm3"),
    Dense("encoder.last", outputs=5),
)


def exhausted(pauses):
    """Run to the end; returns what comes out and how many pauses there were."""
    count = 0
    while True:
        try:
            next(pauses)
        except StopIteration as end:
            return end.value, count
        count += 1


def passes(net, given, splits, one_hot=None):
    """Outputs, gradients by weights and input, and statistics: of the net itself, and in parts."""
    answers = []
    made = copy.deepcopy(net)(given, one_hot)
    wanted = torch.randn(made.shape, generator=torch.Generator().manual_seed(3), dtype=made.dtype)
    for in_parts in (False, True):
        each = copy.deepcopy(net)
        x = given.clone().requires_grad_()
        if in_parts:
            labels = [None] * len(splits) if one_hot is None else list(one_hot.split(splits))
            parts = NetInParts(each, contextlib.nullcontext)
            made, _ = exhausted(parts.forward(list(x.split(splits)), labels))
            y = torch.cat(made).detach()
            exhausted(parts.backward(list(wanted.split(splits))))
            parts.note_statistics()
        else:
            y = each(x, one_hot)
            y.backward(wanted)
        gradients = {name: weight.grad for name, weight in each.named_parameters()}
        answers.append({"y": y.detach(), "x": x.grad, **gradients, **dict(each.named_buffers())})
    return answers


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name in first:
        torch.testing.assert_close(
            second[name], first[name], **EXACT, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.mark.parametrize("architecture", ["mlp", "conv", "article"])
@pytest.mark.parametrize("n_classes", [0, 3])
def test_each_architecture_gives_the_same_in_parts(architecture, n_classes):
    config = ModelConfig((1, 12, 12), 3, architecture, n_classes=n_classes, width=0.5)
    model = build_model(config).double().train()
    generator = torch.Generator().manual_seed(1)
    one_hot = torch.eye(3, dtype=torch.float64)[torch.arange(11) % 3] if n_classes else None
    for net, shape in ((model.encoder, config.image_shape), (model.decoder, (3,))):
        given = torch.randn((11, *shape), generator=generator, dtype=torch.float64)
        assert_same(*passes(net, given, [4, 4, 3], one_hot))


@pytest.mark.parametrize("splits", [[11], [1] * 11, [8, 3], [10, 1]])
def test_batch_norm_sees_the_whole_batch_also_within_residuals(splits):
    net = Net(RESIDUAL, (2, 6, 6), "encoder").double().train()
    given = 3 + 2 * torch.randn(
        (11, 2, 6, 6), generator=torch.Generator().manual_seed(2), dtype=torch.float64
    )
    first, second = passes(net, given, splits)
    assert_same(first, second)
    assert int(second["norm.num_batches_tracked"]) == 1


def test_there_is_a_pause_after_each_part_of_the_way():
    net = Net(RESIDUAL, (2, 6, 6), "encoder").train()
    parts = NetInParts(net, contextlib.nullcontext)
    made, forwards = exhausted(parts.forward([torch.ones(2, 2, 6, 6)] * 5, [None] * 5))
    _, back = exhausted(parts.backward([torch.ones_like(part) for part in made]))
    assert min(forwards, back) >= 5 * 3  # before, within and behind the residual


def test_a_pass_that_is_given_up_has_changed_no_statistics():
    net = Net(RESIDUAL, (2, 6, 6), "encoder").train()
    before = {name: values.clone() for name, values in net.state_dict().items()}
    parts = NetInParts(net, contextlib.nullcontext)
    exhausted(parts.forward([torch.ones(2, 2, 6, 6), torch.zeros(3, 2, 6, 6)], [None] * 2))
    assert all(torch.equal(values, before[name]) for name, values in net.state_dict().items())
