"""Others' nets as a bundle: what was trained in any script of PyTorch's, explored like what was trained here.

    bundle = bundle_from_modules(vae.encode, vae.decode, images, title="Mine")
    save_bundle("mine.safetensors", bundle)

The modules' code is followed once and becomes two lists of layers (`vae_core.exchange.modules.following`).
These are checked before a weight is touched, and at last compared with the modules themselves on the given
images.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import Tensor, nn

from vae_core.bundles.bundle import Bundle
from vae_core.bundles.header import card_facts
from vae_core.bundles.header_checks import one_line
from vae_core.bundles.making import image_set_table, placed_probe, projections_of, versions
from vae_core.config.configs import ModelConfig
from vae_core.exchange.comparing import COMPARED, compare_decoders, compare_encoders
from vae_core.exchange.modules.draft import Draft
from vae_core.exchange.modules.following import Code, Net, owner_of
from vae_core.exchange.modules.shapes import both
from vae_core.exchange.modules.streams import Piece, Stream, called
from vae_core.images.image_set import ImageSet
from vae_core.images.probe import choose_probe
from vae_core.models.layers.kinds import Activation, Crop, Reshape
from vae_core.models.layers.lists import Layers
from vae_core.models.vae import LEAST_LOG_VARIANCE, VAE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

LABEL: Final = "own layers"
"""What the nets are called whose modules have no name of their own."""


def bundle_from_modules(
    encoder: Net | None,
    decoder: Net,
    images: ImageSet | Tensor | npt.NDArray[np.generic],
    *,
    likelihood: str = "bernoulli",
    title: str = "",
) -> Bundle:
    """Make a bundle of modules that were trained elsewhere; they stay as they are.

    Each net is a module, a method of one (`vae.encode`) or a function; its layers are those of
    `vae_core.models.layers.kinds`, in a chain, with residuals x + f(x). Images may enter it flattened.

    Args:
        encoder: from images in [0, 1], (B, C, H, W), to 2 D numbers, D means and then D log variances; or to
            both of these, from two dense heads on one input; or to D numbers, the codes of an autoencoder.
            None where there is none: then there are sliders and samples, and no points on a map.
        decoder: from codes, (B, D), to images; under "bernoulli" a sigmoid at its end is taken off, or it
            gives logits; under the others it gives pixels in [0, 1].
        images: what is shown on the map and measured: an `ImageSet`, which knows classes and a licence; or
            uint8 0..255, or floating point 0..1, (N, C, H, W) or (N, H, W). At most 2,000 of them are kept.
        likelihood: "bernoulli", "gaussian" (variance 1) or "gaussian_learned" (the variance that fits best).
        title: the model's title.

    Returns:
        The bundle. Its card says under "adapted" what was taken off or left out.

    Raises:
        ValueError: what cannot be taken: which layer, and what would do.
    """
    image_set = _image_set(images)
    shape = image_set.image_shape
    codes = Code(decoder, "decoder")
    dims = codes.numbers_wanted()
    if dims is None:
        raise ValueError(
            "nothing in the decoder says how many numbers a code has; what would do is a dense layer at "
            "its beginning"
        )
    written = Draft("decoder", (dims,))
    decoded = _one(codes.follow(written), written)
    pictures = Stream(decoded.step, shape if math.prod(decoded.shape) == math.prod(shape) else decoded.shape)
    layers, with_sigmoid = _to_parameters(pictures.settled().layers(), likelihood, written)

    read: Code | None = None
    reading = Draft("encoder", shape)
    seen: Layers = ()
    family = "vae"
    if encoder is not None:
        read = Code(encoder, "encoder")
        code = _one(read.follow(reading), reading)
        numbers = math.prod(code.shape)
        if numbers not in (dims, 2 * dims):
            raise ValueError(
                f"the encoder ends with {called(code.shape)}, and the decoder begins with {dims:,}; what "
                "would do "
                f"is {2 * dims:,}, {dims:,} means and then {dims:,} log variances, or {dims:,} for an "
                "autoencoder"
            )
        family = "autoencoder" if numbers == dims else "vae"
        seen = code.seen_as((numbers,)).settled().layers()
    config = ModelConfig(
        shape, dims, _label(decoder), family, likelihood, nets=(seen, layers)
    )  # all limits are checked here

    model = _model(config, {**reading.weights, **written.weights}, {**reading.places, **written.places})
    probe = choose_probe(image_set, None, seed=0)
    with torch.no_grad():
        if read is not None:
            compare_encoders(model, encoder, read, reading, probe.images[:COMPARED].float() / 255)
        if likelihood == "gaussian_learned":
            _fit_variance(model, probe.images.float() / 255)
        compare_decoders(model, decoder, codes, written, with_sigmoid)
    return _bundle(model, image_set, title, (*reading.notes, *written.notes))


def _image_set(images: Any) -> ImageSet:
    """Return the given images as a set.

    Raises:
        ValueError: they are none.
    """
    if isinstance(images, ImageSet):
        found = images
    else:
        wanted = (
            "images must be an ImageSet, or uint8 0..255 or floating point 0..1, (N, C, H, W) or (N, H, W)"
        )
        try:
            pixels = torch.as_tensor(images).detach().cpu()
        except (TypeError, ValueError, RuntimeError):
            raise ValueError(f"{wanted}; got {type(images).__name__}") from None
        pixels = pixels[:, None] if pixels.ndim == 3 else pixels
        if pixels.ndim != 4 or not (pixels.dtype == torch.uint8 or pixels.is_floating_point()):
            raise ValueError(f"{wanted}; got {pixels.dtype} of shape {tuple(pixels.shape)}")
        if pixels.is_floating_point():
            if len(pixels) and not 0 <= float(pixels.min()) <= float(pixels.max()) <= 1:
                raise ValueError(f"{wanted}; they go from {float(pixels.min()):g} to {float(pixels.max()):g}")
            pixels = (pixels * 255).round().to(torch.uint8)
        found = ImageSet("own", "Own images", pixels)
    if len(found) == 0:
        raise ValueError("at least one image is wanted: the map shows where the encoder puts them")
    return found


def _one(result: Any, draft: Draft) -> Stream:
    """Return one stream of what a net returns: a tensor, or means and log variances.

    Raises:
        ValueError: it returns something else.
    """
    if isinstance(result, Piece):
        result = None
    if isinstance(result, Stream):
        return result
    kinds = type(result).__name__.removeprefix("immutable_") if result is not None else "a part of a tensor"
    if draft.part == "decoder" or not isinstance(result, (tuple, list)):
        wanted = "one tensor" if draft.part == "decoder" else "one tensor, or a pair: means, log variances"
        raise ValueError(f"the {draft.part} returns {kinds}; what would do is {wanted}")
    try:
        return both(draft, result)
    except ValueError as error:
        raise ValueError(f"what the encoder returns: {error}") from None


def _to_parameters(layers: Layers, likelihood: str, draft: Draft) -> tuple[Layers, bool]:
    """Return a decoder's layers up to the parameters of p(x|z), and whether a sigmoid was taken off.

    Raises:
        ValueError: what it gives cannot be a Bernoulli's.
    """
    if likelihood != "bernoulli":
        return layers, False
    last = next((n for n in reversed(range(len(layers))) if not isinstance(layers[n], (Reshape, Crop))), -1)
    ending = layers[last] if last >= 0 else None
    if not isinstance(ending, Activation):
        return layers, False
    if ending.function != "sigmoid":
        raise ValueError(
            f"the decoder ends with {ending.function}, whose numbers are no logits; what would do is a "
            "sigmoid, or "
            'nothing, at its end, or likelihood="gaussian" with pixels from 0 to 1: behind a tanh, (x + 1) '
            "/ 2"
        )
    draft.notes["final sigmoid taken off, as the decoder of a Bernoulli gives logits"] = None
    return (*layers[:last], *layers[last + 1 :]), True


def _label(decoder: Net) -> str:
    owner = owner_of(decoder)
    if owner is None or isinstance(owner, nn.Sequential):
        return LABEL
    return type(owner).__name__[:60]


def _model(config: ModelConfig, weights: dict[str, Callable[[], Tensor]], places: dict[str, str]) -> VAE:
    """Build the model of the lists, and give it the modules' weights.

    Raises:
        ValueError: weights that are no numbers, and whose.
    """
    with torch.device("meta"):  # names and shapes, no memory
        model = VAE(config)
    state: dict[str, Tensor] = {}
    for name, wanted in model.state_dict().items():
        if name == "decoder.log_variance" or name not in weights:  # or a counter of batch norm
            state[name] = torch.zeros_like(wanted, device="cpu")
            continue
        weight = weights[name]().detach().to("cpu", torch.float32, copy=True).contiguous()
        owner = places[name.rpartition(".")[0]]
        if not bool(weight.isfinite().all()):
            raise ValueError(
                f"{owner}: its {name.rpartition('.')[2]} is not all numbers (NaN or infinite); what would "
                "do is to "
                "train it anew, with a smaller learning rate"
            )
        if name.endswith("running_var") and bool((weight < 0).any()):
            raise ValueError(f"{owner}: its running variance is negative; what would do is to train it anew")
        state[name] = weight
    model.load_state_dict(state, assign=True)
    return model.eval()


def _fit_variance(model: VAE, x: Tensor) -> None:
    """Set the variance of p(x|z) to what fits best: the squared error of reconstructions.

    Raises:
        ValueError: there are none.
    """
    if model.encoder is None:
        raise ValueError(
            "without an encoder nothing says how far pictures are from images; what would do is "
            'likelihood="gaussian"'
        )
    errors = [
        (model.decode(model.encode(part).mean) - part).square().mean() for part in torch.split(x, COMPARED)
    ]
    log_variance = torch.stack(errors).mean().log().clamp(min=LEAST_LOG_VARIANCE)
    model.decoder.get_parameter("log_variance").data.copy_(log_variance)


def _bundle(model: VAE, image_set: ImageSet, title: str, notes: tuple[str, ...]) -> Bundle:
    """Put the model on its map, measure it, and say what it is."""
    from vae_core.measures.suite import held_out_metrics

    config = model.config
    probe = placed_probe(model, choose_probe(image_set, None, seed=0))
    metrics: dict[str, Any] = {}
    if config.has_encoder:
        metrics = held_out_metrics(model, probe.images.float() / 255)
        lost = [
            name for name, value in metrics.items() if isinstance(value, float) and not math.isfinite(value)
        ]
        if lost:
            raise ValueError(
                f"its {lost[0]} is no number; what would do is log variances, not variances, behind the "
                "means, and "
                "weights that did not diverge"
            )
    card = {
        "title": one_line(title or f"{image_set.title}, {config.latent_dim} dimensions"),
        "versions": versions(),
        **card_facts(config, image_set.factor_names),
    }
    if notes:
        card["adapted"] = one_line("; ".join(notes))
    return Bundle(
        config,
        None,
        model,
        probe,
        projections_of(probe),
        (),
        metrics,
        card,
        image_set_table(image_set),
    )
