"""Others' nets become bundles that give what their modules give, or a sentence that names the layer."""

import copy
from random import Random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.unit.exchange.foreign_nets import (
    Block,
    ConvHeads,
    ConvVAE,
    TwoHeads,
    lively,
    residual_nets,
    upsampling_nets,
)
from vae_core import ImageSet, bundle_from_modules, load_bundle, save_bundle
from vae_core.models.layers.kinds import Heads, Residual
from vae_core.models.layers.lists import flat_layers

SIDE = 12


def images(count=30, shape=(1, SIDE, SIDE)):
    random = torch.Generator().manual_seed(0)
    return (torch.rand(count, *shape, generator=random) * 255).to(torch.uint8)


def a_set(shape=(1, SIDE, SIDE)):
    pixels = images(30, shape)
    return ImageSet("mine", "Mine", pixels, torch.arange(30) % 3, ("a", "b", "c"), licence="mine alone")


def close(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def compare(bundle, encode, decode, *, flat=False):
    """Compare a bundle with functions from images to (means, log variances) and from codes to pictures."""
    model, config = bundle.model, bundle.model_config
    x = torch.rand(7, *config.image_shape, generator=torch.Generator().manual_seed(1))
    z = torch.randn(7, config.latent_dim, generator=torch.Generator().manual_seed(2))
    if encode is not None:
        posterior = model.encode(x)
        mean, logvar = encode(x.flatten(1) if flat else x)
        close(posterior.mean, mean)
        if logvar is None:
            assert posterior.logvar is None
        else:
            close(posterior.logvar, logvar)
    close(model.decode_images(z), decode(z).reshape(7, *config.image_shape))


def both(bundle, tmp_path):
    """Return the bundle, and what comes back when it is saved and opened."""
    save_bundle(tmp_path / "mine.safetensors", bundle)
    return bundle, load_bundle(tmp_path / "mine.safetensors")


def test_the_usual_vae_with_two_heads_and_a_sigmoid(tmp_path):
    vae = TwoHeads(5)
    for bundle in both(bundle_from_modules(vae.encode, vae.decode, a_set(), title="A usual one"), tmp_path):
        config = bundle.model_config
        assert (config.family, config.latent_dim, config.architecture) == ("vae", 5, "TwoHeads")
        assert (bundle.card["title"], bundle.train_config, bundle.history) == ("A usual one", None, ())
        assert "sigmoid taken off" in bundle.card["adapted"]
        assert [type(layer) for layer in config.layers()[0]][-1] is Heads
        compare(bundle, vae.encode, vae.decode, flat=True)
        assert bundle.image_set["licence"] == "mine alone"
        assert bundle.probe.labels is not None
        assert bundle.metrics["elbo"] < 0
        assert bundle.projections["pca"].positions.shape == (30, 2)


def test_a_vae_of_convolutions_with_batch_norm_dropout_and_chunk(tmp_path):
    vae = lively(ConvVAE(3, dims=4))
    before = copy.deepcopy(vae.state_dict())
    for bundle in both(bundle_from_modules(vae.encode, vae.decode, images(30, (3, SIDE, SIDE))), tmp_path):
        assert "dropout left out" in bundle.card["adapted"]
        still = copy.deepcopy(vae).eval()
        compare(bundle, still.encode, still.decode)
    assert vae.training
    assert vae.up1.training
    assert all(torch.equal(weight, before[name]) for name, weight in vae.state_dict().items())


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_nearest_upsampling_silu_groups_dilation_and_a_code_that_enters_a_convolution(tmp_path):
    encoder, decoder = upsampling_nets(1, SIDE, 6)
    for bundle in both(bundle_from_modules(encoder, decoder, images()), tmp_path):
        assert "adapted" not in bundle.card
        assert bundle.model_config.architecture == "own layers"
        compare(
            bundle,
            lambda x: encoder(x).chunk(2, dim=1),
            lambda z: torch.sigmoid(decoder(z[:, :, None, None])),
        )


def test_residuals_within_residuals(tmp_path):
    encoder, decoder = (lively(net) for net in residual_nets())
    still = [copy.deepcopy(net).eval() for net in (encoder, decoder)]
    for bundle in both(bundle_from_modules(encoder, decoder, images()), tmp_path):
        read, written = bundle.model_config.layers()
        assert sum(isinstance(layer, Residual) for layer in flat_layers(read)) == 4
        assert sum(isinstance(layer, Residual) for layer in flat_layers(written)) == 3
        compare(bundle, lambda x: still[0](x).chunk(2, dim=1), still[1])


def test_heads_of_convolutions_and_pixels_from_minus_one(tmp_path):
    vae = ConvHeads()
    made = bundle_from_modules(vae.encode, vae.decode, images(), likelihood="gaussian")
    for bundle in both(made, tmp_path):
        assert bundle.model_config.latent_dim == 9
        compare(bundle, vae.encode, vae.decode)


def test_an_autoencoder_and_a_learned_variance():
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(144, 2))
    decoder = nn.Sequential(nn.Linear(2, 144), nn.Unflatten(1, (1, SIDE, SIDE)), nn.Sigmoid())
    bundle = bundle_from_modules(encoder, decoder, images(), likelihood="gaussian_learned")
    assert (bundle.model_config.family, bundle.card["latent_kind"]) == ("autoencoder", "point")
    compare(bundle, lambda x: (encoder(x), None), decoder)
    x = images().float() / 255
    with torch.no_grad():
        error = (decoder(encoder(x)) - x).square().mean()
        close(bundle.model.log_variance, error.log())


def test_without_an_encoder_there_are_pictures_and_no_places(tmp_path):
    decoder = nn.Sequential(nn.Linear(3, 144), nn.Sigmoid())
    for bundle in both(bundle_from_modules(None, decoder, images()), tmp_path):
        assert (bundle.card["has_encoder"], bundle.card["latent_kind"]) == (False, "prior")
        assert bundle.probe.mean is None
        assert bundle.metrics == {}
        compare(bundle, None, decoder)


def test_a_bundle_is_measured_like_any_other():
    from vae_core.measures.suite import measure

    vae = TwoHeads(5)
    bundle = bundle_from_modules(vae.encode, vae.decode, a_set())
    metrics = measure(bundle.model, a_set(), a_set(), nll_samples=5)
    assert metrics["nll"] <= -metrics["elbo"] + 1
    assert 0 <= metrics["knn_accuracy"] <= 1


class Methods(nn.Module):
    """Every way of writing the same that is known."""

    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.randn(20, 144) / 12)
        self.kernel = nn.Parameter(torch.randn(3, 1, 3, 3) / 3)
        self.register_buffer("scale", torch.tensor([0.5, 2.0, 1.5]).reshape(1, 3, 1, 1))
        self.out = nn.Linear(20, 6)
        self.back = nn.Linear(3, 20)

    def encode(self, x):
        x = (0.5 - x) / 0.25
        x = F.conv2d(x, self.kernel, padding=1)
        x = x * self.scale + self.scale
        x = F.leaky_relu(x, 0.3).mean(dim=(2, 3), keepdim=True)
        x = x.squeeze(-1).squeeze(-1).unsqueeze(2).view(x.shape[0], -1)
        x = torch.cat([F.linear(x, self.a[:3, :3]), F.linear(x, self.a[3:6, :3])], dim=1)
        return x

    def decode(self, z):
        h = -self.back(z).relu_()
        h = h @ self.a
        h = torch.flatten(h.reshape(z.size(0), 4, 6, 6), start_dim=1).unflatten(1, (4, 6, 6))
        h = F.interpolate(F.max_pool2d(h, 2), scale_factor=5)
        h = F.avg_pool2d(h, 3, stride=1, padding=1)
        h = F.conv_transpose2d(h, self.kernel[:, :, :1, :1].expand(3, 4, 1, 1).transpose(0, 1))
        return h[:, :, :12, :-3].tanh().contiguous()


def test_functions_methods_and_constants():
    net = Methods()
    decoder = nn.Linear(3, 144)
    made = bundle_from_modules(net.encode, decoder, images())
    compare(made, lambda x: net.encode(x).chunk(2, dim=1), lambda z: torch.sigmoid(decoder(z)))
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(3 * 144, 3))
    made = bundle_from_modules(encoder, net.decode, images(30, (3, SIDE, SIDE)), likelihood="gaussian")
    compare(made, lambda x: (encoder(x), None), lambda z: net.decode(z).clamp(0, 1))


def test_a_function_that_calls_modules():
    vae = lively(ConvVAE())
    made = bundle_from_modules(lambda x: vae.encoder(x), lambda z: vae.decode(z), images())
    still = copy.deepcopy(vae).eval()
    compare(made, still.encode, still.decode)


def random_encoder(random, shape, dims):
    """Return a random chain of modules from images of a shape to 2 D numbers."""
    layers, x = [], torch.zeros(2, *shape)
    for _ in range(random.randrange(4)):
        channels, side = x.shape[1], min(x.shape[2:])
        kernel, out, stride = random.randint(1, min(4, side)), random.choice([2, 4, 6]), random.choice([1, 2])
        groups = 2 if channels % 2 == 0 and random.random() < 0.3 else 1
        steps = [
            nn.Conv2d(channels, out, kernel, stride, random.randint(0, 2), 1, groups, random.random() < 0.8)
        ]
        if random.random() < 0.4:
            steps.append(nn.BatchNorm2d(out))
        steps.append(random_activation(random))
        if random.random() < 0.3:
            steps.append(Block(out))
        if random.random() < 0.3:
            steps.append(random.choice([nn.AvgPool2d, nn.MaxPool2d])(2, 1, 1))
        layers.append(nn.Sequential(*steps))
        x = layers[-1].eval()(x)
    layers += [nn.Flatten(), nn.Linear(x[0].numel(), 9), random_activation(random), nn.Dropout()]
    if random.random() < 0.3:
        layers.append(nn.BatchNorm1d(9))
    return nn.Sequential(*layers, nn.Linear(9, 2 * dims))


def random_decoder(random, shape, dims):
    """Return a random chain of modules from D numbers to images of a shape, and a sigmoid."""
    channels, height, width = shape
    scale, inner = random.choice([1, 2, 4]), random.choice([1, 3, 4])
    rows, columns = -(-height // scale), -(-width // scale)
    layers = [
        nn.Linear(dims, inner * rows * columns),
        random_activation(random),
        nn.Unflatten(1, (inner, rows, columns)),
    ]
    if random.random() < 0.5:
        layers += [nn.Upsample(scale_factor=scale), nn.Conv2d(inner, channels, 3, padding="same")]
    else:
        odd, dilation = random.choice([0, 1]), random.choice([1, 2])
        kernel = 2 * scale + odd
        span = dilation * (kernel - 1) + 1 - scale
        if span % 2:
            dilation, kernel, span = 1, scale, 0
        layers.append(nn.ConvTranspose2d(inner, channels, kernel, scale, span // 2, dilation=dilation))
    return nn.Sequential(*layers, Cropped(height, width), nn.Sigmoid())


class Cropped(nn.Module):
    def __init__(self, height, width):
        super().__init__()
        self.height, self.width = height, width

    def forward(self, x):
        return x[..., : self.height, : self.width]


def random_activation(random):
    kinds = [nn.ReLU, nn.Tanh, nn.Sigmoid, nn.SiLU, nn.GELU, nn.SELU, nn.PReLU]
    made = [kind() for kind in kinds]
    return random.choice([*made, nn.LeakyReLU(0.3), nn.ELU(0.7), nn.GELU("tanh"), nn.ReLU(inplace=True)])


@pytest.mark.parametrize("seed", range(100))
def test_random_nets(seed):
    random = Random(seed)
    torch_seed = torch.random.get_rng_state()
    try:
        torch.manual_seed(seed)
        shape = (random.choice([1, 3]), random.randint(8, 14), random.randint(8, 14))
        dims = random.randint(1, 5)
        encoder, decoder = random_encoder(random, shape, dims), random_decoder(random, shape, dims)
    finally:
        torch.random.set_rng_state(torch_seed)
    for net in (encoder, decoder):
        lively(net, seed)
    likelihood = random.choice(["bernoulli", "gaussian"])
    bundle = bundle_from_modules(encoder, decoder, images(4, shape), likelihood=likelihood)
    still = [copy.deepcopy(net).eval() for net in (encoder, decoder)]
    compare(bundle, lambda x: still[0](x).chunk(2, dim=1), still[1])


E4 = nn.Linear(144, 4)
D2 = nn.Linear(2, 144)


class Asks(nn.Module):
    """Decides by what is in a tensor."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.first = nn.Linear(144, 4)

    def forward(self, x):
        x = self.first(x.flatten(1))
        if self.kind == "if" and x.sum() > 0:
            x = -x
        while self.kind == "while" and x.abs().max() > 1:
            x = x / 2
        if self.kind == "loop":
            x = torch.stack([row * 2 for row in x])
        if self.kind == "draws":
            x = x + torch.randn_like(x)
        if self.kind == "squares":
            x = x * x
        if self.kind == "exp":
            x = x.exp()
        if self.kind == "softmax":
            x = x.softmax(1)
        if self.kind == "batch":
            x = x * x.shape[0]
        if self.kind == "branches":
            x = F.relu(x) + torch.tanh(x)
        if self.kind == "two":
            return x[:, :2], x[:, 2:], x
        if self.kind == "quarters":
            return x[:, 1:3], x[:, 2:]
        if self.kind == "table":
            return {"mean": x}
        return x


class NeedsTwo(nn.Module):
    def forward(self, x, y):
        return x + y


def not_a_number():
    net = nn.Sequential(nn.Flatten(), nn.Linear(144, 8), nn.ReLU(), nn.Linear(8, 4))
    with torch.no_grad():
        net[1].weight[3, 4] = float("nan")
    return net


def hooked():
    net = nn.Sequential(nn.Flatten(), nn.Linear(144, 4))
    net[1].register_forward_hook(lambda module, given, made: made * 3)
    return net


LSTM = nn.Sequential(nn.Flatten(), nn.Linear(144, 9), nn.LSTM(9, 4))
DEEP = nn.Sequential(nn.Flatten(), *(nn.Linear(144, 144) for _ in range(70)), E4)


@pytest.mark.parametrize(
    ("encoder", "decoder", "said"),
    [
        (LSTM, D2, r"layer 2 of the encoder \(LSTM\): it goes through its input step by step; what would do"),
        (Asks("if"), D2, r"the encoder \(behind layer first\) decides by what is in a tensor, with an if"),
        (Asks("while"), D2, "decides by what is in a tensor"),
        (Asks("loop"), D2, "decides by what is in a tensor, with an if, a loop"),
        (Asks("draws"), D2, r"randn_like\(\) of the encoder: it draws random numbers; what would do is"),
        (Asks("squares"), D2, r"mul\(\) of the encoder: it multiplies two branches"),
        (Asks("exp"), D2, r"exp\(\) of the encoder: .* means and log variances"),
        (Asks("softmax"), D2, r"softmax\(\) of the encoder: it is no layer here; what would do is dense"),
        (Asks("batch"), D2, "the number of images"),
        (Asks("branches"), D2, "neither was made of the other; what would do is a residual"),
        (Asks("two"), D2, "what the encoder returns: it gives 3 results; what would do is two"),
        (Asks("quarters"), D2, "not the first half of its numbers and the second"),
        (Asks("table"), D2, "the encoder returns dict; what would do is one tensor, or a pair"),
        (NeedsTwo(), D2, "the encoder's code cannot be followed .*missing 1 required .* 'y'"),
        (not_a_number(), D2, r"layer 1 of the encoder \(Linear\): its weight is not all numbers"),
        (hooked(), D2, "the encoder's layers.* give other numbers than its code .*hooks"),
        (DEEP, D2, "a net has at most 64 layers; take fewer"),
        (nn.Conv2d(3, 4, 3), D2, r"\(Conv2d\): it wants an image of 3 channels and gets 1x12x12"),
        (nn.Sequential(nn.Flatten(), nn.Linear(100, 4)), D2, r"layer 1 .* it wants 100 numbers and gets 144"),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(200, 4)), D2, "gets 2x10x10: flatten them before"),
        (nn.Sequential(nn.Conv2d(1, 2, 20), nn.Flatten()), D2, r"its kernel, 20x20, is larger than an image"),
        (nn.Sequential(nn.Conv2d(1, 2, 3, padding_mode="reflect")), D2, r'padding_mode="zeros"'),
        (nn.Sequential(nn.Flatten(), nn.LayerNorm(144), E4), D2, r"layer 1 .*\(LayerNorm\): .* nn.BatchNorm"),
        (nn.Sequential(nn.Flatten(), nn.LazyLinear(4)), D2, "it has no weights yet; what would do is"),
        (nn.Sequential(nn.Flatten(), nn.Linear(144, 4, device="meta")), D2, "it has no weights yet"),
        (nn.Sequential(nn.BatchNorm2d(1, track_running_stats=False)), D2, "track_running_stats=True"),
        (nn.Sequential(nn.MaxPool2d(5, ceil_mode=True)), D2, "ceil_mode=False"),
        (nn.Sequential(nn.Flatten(0), E4), D2, r"what would do is flatten\(1\)"),
        (nn.Sequential(nn.Flatten(), nn.Linear(144, 7)), D2, "ends with 7 numbers, and the decoder begins"),
        (E4, nn.Sequential(D2, nn.Tanh()), r"ends with tanh, whose numbers are no logits; .*\(x \+ 1\) / 2"),
        (E4, nn.Linear(2, 100), "layer 1 of the decoder .* it ends the decoder with 100 numbers; the images"),
        (E4, nn.Sequential(D2, nn.Unflatten(1, (1, 9, 9))), "which is not as many numbers"),
        (E4, nn.Sequential(D2, nn.Unflatten(1, (1, 6, 24)), nn.Upsample(scale_factor=2, mode="bilinear")),
         r"layer 2 of the decoder \(Upsample\): it interpolates \(bilinear\); what would do is mode"),
        (E4, nn.ReLU(), "nothing in the decoder says how many numbers a code has"),
        (nn.Linear(144, 400), nn.Linear(200, 144), "latent_dim must be"),
        (E4, [1, 2], "the decoder is list; what would do is a module"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_named_with_what_would_do(encoder, decoder, said):
    with pytest.raises(ValueError, match=said):
        bundle_from_modules(encoder, decoder, images())


@pytest.mark.parametrize(
    ("decoder", "said"),
    [
        (
            nn.Sequential(nn.Linear(2, 11_000), nn.Linear(11_000, 1_900), nn.Linear(1_900, 144)),
            r"\(layer1\): with it the net has 20.9 M weights; the limit is 20 M: take fewer",
        ),
        (
            nn.Sequential(nn.ConvTranspose2d(2, 300, 128), nn.Conv2d(300, 1, 117)),
            r"\(layer0\): it makes .* 4.9 M numbers; the limit is 4 M: take fewer",
        ),
        (
            nn.Sequential(nn.ConvTranspose2d(2, 64, 60), nn.Conv2d(64, 120, 3), nn.Conv2d(120, 1, 47)),
            "M multiply-adds; the limit is 200 M: take fewer channels or smaller images",
        ),
    ],
)
def test_limits_are_checked_before_a_weight_is_copied(decoder, said, monkeypatch):
    given = images()
    monkeypatch.setattr(torch.Tensor, "to", lambda *_, **__: pytest.fail("a weight was copied"))
    with pytest.raises(ValueError, match=said):
        bundle_from_modules(None, decoder, given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (torch.rand(4, 1, SIDE, SIDE) * 9, r"floating point 0..1, .*they go from 0.* to 8"),
        (torch.zeros(4, 1, SIDE, SIDE, dtype=torch.int64), "got torch.int64 of shape"),
        (torch.zeros(144, dtype=torch.uint8), r"got torch.uint8 of shape \(144,\)"),
        (torch.zeros(0, 1, SIDE, SIDE, dtype=torch.uint8), "at least one image"),
        ("mnist", "images must be an ImageSet.*; got str"),
        (torch.zeros(4, 2, SIDE, SIDE, dtype=torch.uint8), "image_shape must be .*channels 1 or 3"),
    ],
)
def test_images_that_are_none(given, said):
    decoder = nn.Linear(5, 2 * SIDE * SIDE if getattr(given, "shape", (0, 0))[1:2] == (2,) else SIDE * SIDE)
    with pytest.raises(ValueError, match=said):
        bundle_from_modules(None, decoder, given)


def test_images_may_be_floats_without_a_channel_or_of_numpy():
    vae = TwoHeads(5)
    pixels = images()
    for given in (pixels[:, 0], pixels.float() / 255, pixels.numpy(), pixels[:, 0].numpy() / np.float32(255)):
        bundle = bundle_from_modules(vae.encode, vae.decode, given)
        assert sorted(map(int, bundle.probe.images.sum((1, 2, 3)))) == sorted(map(int, pixels.sum((1, 2, 3))))


def test_a_learned_variance_wants_an_encoder():
    with pytest.raises(ValueError, match='what would do is likelihood="gaussian"'):
        bundle_from_modules(None, D2, images(), likelihood="gaussian_learned")


def test_half_precision_and_doubles_become_floats():
    for kind in (torch.bfloat16, torch.float64):
        vae = TwoHeads(5).to(kind)
        bundle = bundle_from_modules(vae.encode, vae.decode, images())
        assert {weight.dtype for weight in bundle.model.parameters()} == {torch.float32}
