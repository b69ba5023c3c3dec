"""The nets of the three architectures: their layers, sizes and first weights."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.unit.bars import generator
from tests.unit.plain_decoder import decode as plain_decode
from vae_core.config.configs import ARCHITECTURES, LIKELIHOODS, ModelConfig, count_weights
from vae_core.config.families import FAMILIES
from vae_core.models.nets import NarrowConvTranspose2d
from vae_core.models.vae import build_model

SHAPES = [(1, 28, 28), (1, 8, 8), (3, 9, 13), (1, 30, 27), (3, 32, 32)]


def lively(config, seed=0):
    """A model in eval mode whose biases and running statistics are not the trivial ones."""
    model = build_model(config, seed=seed).eval()
    for name, buffer in model.named_buffers():
        if "running" in name:
            buffer.copy_(torch.rand(buffer.shape, generator=generator(seed)) + 0.5)
    for name, parameter in model.named_parameters():
        if "norm" in name:
            nn.init.uniform_(parameter, -1, 1, generator=generator(seed + 1))
    return model


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("n_classes", [0, 3])
def test_shapes_in_and_out(architecture, shape, n_classes):
    model = build_model(ModelConfig(shape, 5, architecture, n_classes=n_classes, width=0.25))
    y = torch.tensor([0, 2, 1, 1]) if n_classes else None
    posterior = model.encode(torch.rand(4, *shape), y)
    assert posterior.mean.shape == (4, 5)
    assert posterior.logvar.shape == (4, 5)
    assert model.decode(posterior.sample(), y).shape == (4, *shape)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_weights_are_counted_without_building(architecture, family, likelihood):
    traits = FAMILIES[family]
    if "likelihood" not in traits.settings:
        likelihood = "bernoulli"
    for shape, n_classes, width in [((1, 28, 28), 0, 1.0), ((3, 9, 13), 4, 0.125)]:
        told = 0 if traits.has_discriminator else n_classes or int(traits.told_classes)
        config = ModelConfig(shape, 7, architecture, family, likelihood, told, width)
        assert sum(p.numel() for p in build_model(config).parameters()) == count_weights(config)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("shape", [(1, 8, 12), (3, 9, 13)], ids=str)
@pytest.mark.parametrize("n_classes", [0, 3])
def test_the_decoder_is_what_numpy_makes_of_its_weights(architecture, shape, n_classes):
    config = ModelConfig(shape, 4, architecture, n_classes=n_classes, width=0.25)
    model = lively(config)
    z = torch.randn(3, 4, generator=generator())
    y = torch.tensor([2, 0, 1]) if n_classes else None
    with torch.no_grad():
        decoded = model.decode(z, y).numpy()
    weights = {name: value for name, value in model.state_dict().items() if name.startswith("decoder.")}
    for i in range(3):
        code = np.concatenate([z[i].numpy(), np.eye(n_classes)[y[i]]]) if n_classes else z[i].numpy()
        np.testing.assert_allclose(decoded[i], plain_decode(weights, config, code), rtol=1e-4, atol=1e-5)


def test_the_textbook_net_has_the_textbook_layers():
    state = build_model(ModelConfig(architecture="mlp", latent_dim=20)).state_dict()
    assert {name: tuple(value.shape) for name, value in state.items() if name.endswith("weight")} == {
        "encoder.dense1.weight": (400, 784),
        "encoder.mean.weight": (20, 400),
        "encoder.logvar.weight": (20, 400),
        "decoder.dense1.weight": (400, 20),
        "decoder.output.weight": (784, 400),
    }


def test_the_article_net_has_the_article_layers():
    state = build_model(ModelConfig(architecture="article", latent_dim=128, width=0.5)).state_dict()
    assert {name: tuple(value.shape) for name, value in state.items() if name.endswith("weight")} == {
        "encoder.conv1.weight": (32, 1, 5, 5),
        "encoder.conv2.weight": (64, 32, 5, 5),
        "encoder.dense1.weight": (128, 64 * 7 * 7),
        "encoder.mean.weight": (128, 128),
        "encoder.logvar.weight": (128, 128),
        "decoder.dense1.weight": (7 * 7 * 256, 128),
        "decoder.norm1.weight": (7 * 7 * 256,),
        "decoder.deconv1.weight": (256, 128, 5, 5),
        "decoder.norm2.weight": (128,),
        "decoder.output.weight": (128, 1, 5, 5),
    }


@pytest.mark.parametrize(("architecture", "least", "most"), [("conv", 0.2e6, 1e6), ("article", 35e6, 45e6)])
def test_multiply_adds_of_a_decode(architecture, least, most):
    model = build_model(ModelConfig(architecture=architecture, latent_dim=128)).eval()
    counted = []

    def count(module, inputs, output):
        per_number = module.weight[0].numel() if isinstance(module, nn.ConvTranspose2d) else 1
        numbers = inputs[0].numel() if isinstance(module, nn.ConvTranspose2d) else module.weight.numel()
        counted.append(per_number * numbers)

    for module in model.decoder.modules():
        if isinstance(module, (nn.Linear, nn.ConvTranspose2d)):
            module.register_forward_hook(count)
    with torch.no_grad():
        model.decode(torch.zeros(1, 128))
    assert least < sum(counted) < most


@pytest.mark.parametrize("architecture", ["conv", "article"])
def test_odd_sizes_are_rounded_up_and_cropped(architecture):
    odd = lively(ModelConfig((1, 9, 14), 3, architecture, width=0.25))
    whole = build_model(ModelConfig((1, 12, 16), 3, architecture, width=0.25)).eval()
    whole.load_state_dict(odd.state_dict())
    z = torch.randn(2, 3, generator=generator())
    torch.testing.assert_close(odd.decode(z), whole.decode(z)[:, :, :9, :14])


@pytest.mark.parametrize("architecture", ["mlp", "article"])
def test_weights_are_drawn_as_torch_draws_them(architecture):
    model = build_model(ModelConfig(architecture=architecture, latent_dim=16))
    compared = 0
    for module in model.modules():
        if not isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)) or module.weight.numel() < 2000:
            continue
        if isinstance(module, nn.Linear):
            twin = nn.Linear(module.in_features, module.out_features)
        else:
            twin = type(module)(module.in_channels, module.out_channels, module.kernel_size)
        ours, theirs = module.weight.detach(), twin.weight.detach()
        assert float(ours.std()) == pytest.approx(float(theirs.std()), rel=0.1)
        assert float(ours.abs().max()) == pytest.approx(float(theirs.abs().max()), rel=0.02)
        compared += 1
    assert compared >= 2


def test_a_fresh_conv_passes_its_input_s_variance_on():
    model = build_model(ModelConfig(latent_dim=16))
    with torch.no_grad():
        code = torch.randn(500, 16, generator=generator())
        hidden = nn.functional.leaky_relu(model.decoder.dense1(code), 0.1)
        for layer in (model.decoder.dense2, model.decoder.dense3):
            hidden = hidden + nn.functional.leaky_relu(layer(hidden), 0.1)
        hidden = model.decoder.dense4(hidden)
        logits = model.decode(code)
    assert 0.6 < hidden.std(dim=0).mean().item() < 1.5
    assert 0.4 < logits.std(dim=0).mean().item() < 1.5  # with torch's own draw: 0.04


def test_weights_of_a_conv_allow_for_the_activation_after_them():
    model = build_model(ModelConfig(latent_dim=16))
    gains = {  # the standard deviation, times the root of the inputs that meet a number
        "encoder.dense1": 2**0.5, "encoder.dense2": 2**0.5, "encoder.mean": 1, "encoder.logvar": 1,
        "decoder.dense1": 2**0.5, "decoder.dense4": 2**0.5,
    }  # fmt: skip
    added = ("encoder.dense3", "decoder.dense2", "decoder.dense3")
    gains |= dict.fromkeys(added, 3**-0.5)  # torch's own
    for name, gain in gains.items():
        weight = model.get_parameter(f"{name}.weight").detach()
        assert float(weight.std()) * weight.shape[1] ** 0.5 == pytest.approx(gain, rel=0.05), name


def test_batch_norm_uses_running_statistics_in_eval_mode():
    model = lively(ModelConfig((1, 8, 8), architecture="article"))
    z = torch.randn(5, 2, generator=generator())
    torch.testing.assert_close(model.decode(z)[:1], model.decode(z[:1]))
    model.train()
    assert not torch.allclose(model.decode(z)[:2], model.decode(z[:2]), atol=1e-3)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_no_images_give_no_codes_and_no_pictures(architecture):
    model = build_model(ModelConfig((3, 9, 10), 4, architecture)).eval()
    posterior = model.encode(torch.zeros(0, 3, 9, 10))
    assert posterior.sample().shape == posterior.kl_per_dim().shape == (0, 4)
    assert model.decode_images(posterior.mean).shape == (0, 3, 9, 10)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(("shape", "latent_dim"), [((1, 8, 8), 1), ((3, 128, 126), 128)], ids=str)
def test_the_smallest_and_the_largest(architecture, shape, latent_dim):
    width = 0.125 if architecture == "mlp" else 1.0  # at 128x128 the widest mlp has too many weights
    if architecture == "article" and shape[1] == 128:
        with pytest.raises(ValueError, match="20 M"):
            ModelConfig(shape, latent_dim, architecture)
        return
    model = build_model(ModelConfig(shape, latent_dim, architecture, width=width)).eval()
    with torch.no_grad():
        posterior = model.encode(torch.rand(1, *shape))
        assert posterior.mean.shape == (1, latent_dim)
        assert model.decode_images(posterior.sample()).shape == (1, *shape)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kernel", [4, 5])
def test_the_narrow_layer_is_torchs_transposed_convolution(channels, kernel):
    options = {"stride": 2, "padding": (kernel - 1) // 2, "output_padding": kernel % 2}
    ours = NarrowConvTranspose2d(8, channels, kernel, **options).double()
    plain = torch.nn.ConvTranspose2d(8, channels, kernel, **options).double()
    plain.load_state_dict(ours.state_dict())
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(3, 8, 5, 7, dtype=torch.float64, generator=generator, requires_grad=True)
    expected = plain(x)
    torch.testing.assert_close(ours(x), expected)
    weights = torch.randn(expected.shape, dtype=torch.float64, generator=generator)
    wanted = torch.autograd.grad((expected * weights).sum(), (x, *plain.parameters()))
    found = torch.autograd.grad((ours(x) * weights).sum(), (x, *ours.parameters()))
    torch.testing.assert_close(found, wanted)
