"""Kinds of layers and lists of them: shapes and weights as torch has them, JSON that comes back, limits."""

import json
import math
from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.random_layers import CLASSES, all_kinds, random_layers, random_shape
from tests.unit.bars import generator
from vae_core.config.configs import ARCHITECTURES, ModelConfig
from vae_core.models.first_weights import draw_weights
from vae_core.models.layers.kinds import (
    ACTIVATIONS,
    KINDS,
    Activation,
    BatchNorm,
    Dense,
    Flatten,
    Heads,
    Residual,
)
from vae_core.models.layers.layer_json import layers_from_json, layers_to_json
from vae_core.models.layers.lists import check_limits, counters_of, placed, stored_of, weights_of
from vae_core.models.layers.windows import Convolution, MaxPool, TransposedConvolution
from vae_core.models.nets import Net

SEEDS = st.integers(0, 2**32 - 1)


def built(layers, shape, seed=0):
    net = Net(layers, shape, "decoder")
    draw_weights(net, generator(seed))
    return net.eval()


def run(net, shape, batch=2):
    x = torch.randn(batch, *shape, generator=generator(1))
    with torch.no_grad():
        return net(x, torch.eye(CLASSES)[:batch])


@settings(max_examples=300, deadline=None)
@given(SEEDS)
def test_shapes_and_weights_are_torchs(seed):
    random = Random(seed)
    shape = random_shape(random)
    layers = random_layers(random, shape)
    steps = placed(layers, shape, "decoder")
    net = built(layers, shape)
    assert run(net, shape).shape == (2, *steps[-1].output)
    stored = {f"decoder.{name}": tuple(value.shape) for name, value in net.state_dict().items()}
    assert stored == stored_of(steps) | dict.fromkeys(counters_of(steps), ())
    learned = {f"decoder.{name}": tuple(value.shape) for name, value in net.named_parameters()}
    assert learned == weights_of(steps)
    check_limits(steps)


@settings(max_examples=300, deadline=None)
@given(SEEDS)
def test_lists_survive_json(seed):
    random = Random(seed)
    layers = random_layers(random, random_shape(random))
    text = json.dumps(layers_to_json(layers), allow_nan=False)
    assert layers_from_json(json.loads(text), "decoder") == layers


def test_chance_brings_every_kind():
    found = set()
    for seed in range(300):
        random = Random(seed)
        found |= all_kinds(random_layers(random, random_shape(random)))
    assert found == set(KINDS)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_architectures_survive_json(architecture):
    for config in (
        ModelConfig(architecture=architecture),
        ModelConfig((3, 9, 13), 5, architecture, n_classes=3),
    ):
        for layers, part in zip(config.layers(), ("encoder", "decoder")):
            assert layers_from_json(json.loads(json.dumps(layers_to_json(layers))), part) == layers


def test_defaults_and_equal_pairs_are_written_short():
    layers = (Convolution("encoder.a", 6, (3, 3), (2, 2), (1, 0)), Activation("leaky_relu", 0.1))
    assert layers_to_json(layers) == [
        {
            "kind": "convolution",
            "name": "encoder.a",
            "channels": 6,
            "kernel": 3,
            "stride": 2,
            "padding": [1, 0],
        },
        {"kind": "activation", "function": "leaky_relu", "slope": 0.1},
    ]


def test_a_pool_without_a_stride_moves_by_its_kernel():
    (pool,) = layers_from_json([{"kind": "max_pool", "kernel": [2, 3]}], "encoder")
    assert pool == MaxPool((2, 3), (2, 3))


def test_fields_that_are_not_known_are_ignored():
    (layer,) = layers_from_json([{"kind": "flatten", "colour": {"a": [1]}}], "encoder")
    assert layer == Flatten()


@pytest.mark.parametrize("function", ACTIVATIONS)
def test_activations_against_their_formulas(function):
    x = torch.linspace(-4, 4, 41, dtype=torch.float64)
    with torch.no_grad():
        answer = Net((Activation(function, 0.3, 0.7),), (41,), "decoder")(x[None])[0]
    cube = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    expected = {
        "relu": x.clamp(min=0),
        "leaky_relu": torch.where(x > 0, x, 0.3 * x),
        "tanh": torch.tanh(x),
        "sigmoid": 1 / (1 + torch.exp(-x)),
        "silu": x / (1 + torch.exp(-x)),
        "gelu": x * 0.5 * (1 + torch.erf(x / math.sqrt(2))),
        "gelu_tanh": 0.5 * x * (1 + torch.tanh(cube)),
        "elu": torch.where(x > 0, x, 0.7 * torch.expm1(x)),
    }
    torch.testing.assert_close(answer, expected[function])


@pytest.mark.parametrize("first", [Activation("relu"), Activation("leaky_relu", 0.1), Activation("silu")])
def test_an_activation_never_overwrites_what_another_still_needs(first):
    x = torch.randn(4, 5, generator=generator())
    kept = x.clone()
    net = built((Residual((first, Dense("decoder.a", 5))), first), (5,))
    answer = net(x)
    assert torch.equal(x, kept)
    inner = net(x)  # the same again
    assert torch.equal(answer, inner)
    by_hand = x + net.a(Net((first,), (5,), "decoder")(x))
    torch.testing.assert_close(answer, Net((first,), (5,), "decoder")(by_hand))
    answer.sum().backward()  # gradients find all that they need


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_gradients_are_right_through_every_list(seed):
    random = Random(seed)
    layers = random_layers(random, (5,), length=6)
    net = built(layers, (5,)).double()
    x = torch.randn(2, 5, dtype=torch.float64, generator=generator(seed % 1000), requires_grad=True)
    one_hot = torch.eye(CLASSES, dtype=torch.float64)[:2]
    direction = torch.randn(2, 5, dtype=torch.float64, generator=generator(3))
    (gradient,) = torch.autograd.grad(torch.sin(net(x, one_hot)).sum(), x)
    with torch.no_grad():
        up, down = (torch.sin(net(x + h * direction, one_hot)).sum() for h in (1e-6, -1e-6))
    assert float((gradient * direction).sum()) == pytest.approx(float((up - down) / 2e-6), rel=1e-3, abs=1e-4)


def test_names_that_a_module_has_itself_do_no_harm():
    layers = tuple(
        Dense(f"decoder.{name}", 3) for name in ("train", "forward", "layers", "weight", "_modules"[1:])
    )
    net = built(layers, (3,))
    assert run(net, (3,)).shape == (2, 3)
    other = built(layers, (3,), seed=1)
    other.load_state_dict(net.state_dict())
    assert torch.equal(run(other, (3,)), run(net, (3,)))


@pytest.mark.parametrize("architecture", ["mlp", "conv"])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 64, 64), (1, 128, 128)], ids=str)
def test_the_architectures_keep_to_the_limits(architecture, shape):
    for net in ModelConfig(shape, 16, architecture, width=0.5).placed():
        check_limits(net)


def test_multiply_adds_are_torchs():
    """Counted by torch's own counter, for every layer that multiplies."""
    from torch.utils.flop_counter import FlopCounterMode

    layers = (
        Convolution("decoder.a", 6, (3, 5), (2, 1), (1, 2)),
        TransposedConvolution("decoder.b", 4, (4, 3), (2, 2), (1, 1), (0, 1)),
        Flatten(),
        Heads(("decoder.c", "decoder.d"), 7),
        Residual((Dense("decoder.e", 14), Activation("relu"), BatchNorm("decoder.f"))),
    )
    shape = (2, 9, 8)
    with FlopCounterMode(display=False) as counter:
        run(built(layers, shape), shape, batch=1)
    steps = placed(layers, shape, "decoder")
    assert 2 * sum(each.layer.multiply_adds(each.given) for each in steps) == counter.get_total_flops()
