"""Lists of layers that are none, do not chain or are too large: a sentence that names the layer."""

import math

import pytest

from vae_core.models.layers.kinds import (
    Activation,
    AppendLabel,
    Crop,
    Dense,
    Heads,
    Reshape,
    Residual,
    Upsample,
)
from vae_core.models.layers.layer_json import layers_from_json
from vae_core.models.layers.lists import check_limits, placed
from vae_core.models.layers.windows import AveragePool, Convolution, MaxPool, TransposedConvolution

WRONG_LISTS = {
    "no list": ({"kind": "flatten"}, "its decoder is not a list"),
    "nothing": ([], "its decoder is not a list of at least one layer"),
    "a text": (["dense"], "layer 1 of its decoder: its kind, 'None'"),
    "an unknown kind": ([{"kind": "lstm"}], "layer 1 .*'lstm', is not known; known are dense"),
    "a kind that is a list": ([{"kind": []}], "not known"),
    "one name twice": (
        [{"kind": "heads", "names": ["decoder.a", "decoder.a"], "outputs": 2}],
        "names must be a list of different names",
    ),
    "no name": ([{"kind": "dense", "outputs": 3}], r"layer 1 of its decoder \(dense\): it lacks its name"),
    "a name of another kind": ([{"kind": "dense", "name": 5, "outputs": 3}], "its name must be"),
    "a name with a path": ([{"kind": "dense", "name": "decoder.a.b", "outputs": 3}], "its name must be"),
    "a parameter's name": ([{"kind": "dense", "name": "decoder.log_variance", "outputs": 3}], "its name"),
    "no outputs": (
        [{"kind": "flatten"}, {"kind": "dense", "name": "decoder.a"}],
        "layer 2 .* lacks its outputs",
    ),
    "half an output": (
        [{"kind": "dense", "name": "decoder.a", "outputs": 2.5}],
        "outputs must be a whole number",
    ),
    "many outputs": ([{"kind": "dense", "name": "decoder.a", "outputs": 10**30}], "outputs must be a whole"),
    "true outputs": ([{"kind": "dense", "name": "decoder.a", "outputs": True}], "outputs must be a whole"),
    "a bias of 1": (
        [{"kind": "dense", "name": "decoder.a", "outputs": 1, "bias": 1}],
        "bias must be true or",
    ),
    "three sides": ([{"kind": "max_pool", "kernel": [1, 2, 3]}], "kernel must be one or two whole"),
    "a kernel of 0": ([{"kind": "max_pool", "kernel": 0}], "kernel must be one or two whole numbers from 1"),
    "negative padding": ([{"kind": "max_pool", "kernel": 3, "padding": -1}], "padding must be one or two"),
    "two sides": ([{"kind": "reshape", "shape": [3, 4]}], "shape must be one whole number, or three"),
    "a shape of text": ([{"kind": "reshape", "shape": "abc"}], "shape must be one whole number, or three"),
    "an unknown function": (
        [{"kind": "activation", "function": "__import__('os')"}],
        "function must be one of",
    ),
    "a function of functions": (
        [{"kind": "activation", "function": ["relu"]}],
        "function must be one of relu",
    ),
    "an infinite slope": ([{"kind": "activation", "function": "relu", "slope": math.inf}], "slope must be"),
    "no slope": ([{"kind": "activation", "function": "relu", "slope": math.nan}], "slope must be a number"),
    "no epsilon": (
        [{"kind": "batch_norm", "name": "decoder.a", "epsilon": -1e-5}],
        "epsilon must be a number",
    ),
    "an empty residual": (
        [{"kind": "residual", "layers": []}],
        r"layer 1 of its decoder \(residual\): what it",
    ),
    "a wrong layer inside": (
        [{"kind": "residual", "layers": [{"kind": "flatten"}, {"kind": "gru"}]}],
        r"layer 2 in layer 1 of its decoder \(residual\): its kind, 'gru'",
    ),
    "65 layers": ([{"kind": "flatten"}] * 65, "layer 65 .* at most 64 layers"),
}


@pytest.mark.parametrize("case", WRONG_LISTS)
def test_what_is_no_list_of_layers_is_refused_in_words(case):
    value, message = WRONG_LISTS[case]
    with pytest.raises(ValueError, match=message):
        layers_from_json(value, "decoder")


def test_residuals_within_residuals_are_counted():
    entry = {"kind": "flatten"}
    for _ in range(64):
        entry = {"kind": "residual", "layers": [entry]}
    with pytest.raises(ValueError, match="at most 64 layers"):
        layers_from_json([entry], "decoder")


DENSE = Dense("decoder.a", 12)
WRONG_CHAINS = {
    "an image to a dense layer": (
        (3, 8, 8),
        [DENSE],
        r"layer 1 of the decoder \(a\): it wants plain numbers",
    ),
    "numbers to a convolution": ((12,), [Convolution("decoder.c", 2, (3, 3))], "wants an image and gets 12"),
    "numbers to a pool": ((12,), [DENSE, MaxPool((2, 2), (2, 2))], r"layer 2 of the decoder \(max pool\)"),
    "a label to an image": ((1, 8, 8), [AppendLabel(3)], "wants plain numbers"),
    "other numbers": ((12,), [Reshape((1, 3, 5))], "1x3x5.*of 12 numbers, which is not as many"),
    "a crop of more": ((1, 8, 8), [Crop(9, 8)], "keeps 9x8 pixels of an image that has 8x8"),
    "a large kernel": (
        (1, 4, 4),
        [Convolution("decoder.c", 2, (7, 7), padding=(1, 1))],
        "7x7, is larger than",
    ),
    "nothing left": (
        (1, 2, 2),
        [TransposedConvolution("decoder.c", 1, (2, 2), padding=(2, 2))],
        "leaves nothing",
    ),
    "output padding": (
        (1, 2, 2),
        [TransposedConvolution("decoder.c", 1, (2, 2), (2, 2), output_padding=(2, 0))],
        "output_padding must be smaller than its stride",
    ),
    "much padding": ((1, 8, 8), [AveragePool((2, 2), (2, 2), (2, 2))], "at most half its kernel"),
    "a residual": ((5,), [Residual((DENSE,))], r"\(residual\): its layers make 12 numbers of 5 numbers"),
    "inside a residual": (
        (5,),
        [Residual((Crop(1, 1),))],
        r"layer 1 in layer 1 of the decoder \(residual\) \(crop\)",
    ),
    "one name twice": ((12,), [DENSE, DENSE], r"layer 2 of the decoder \(a\): another layer has its name"),
    "one name in a head": (
        (12,),
        [DENSE, Heads(("decoder.b", "decoder.a"), 2)],
        "another layer has its name",
    ),
    "another net's name": ((12,), [Dense("encoder.a", 2)], "its name must begin with 'decoder'"),
}


@pytest.mark.parametrize("case", WRONG_CHAINS)
def test_what_does_not_chain_is_refused_in_words(case):
    shape, layers, message = WRONG_CHAINS[case]
    with pytest.raises(ValueError, match=message):
        placed(layers, shape, "decoder")


BEYOND = {
    "layers": ((4,), [Activation("relu")] * 65, "layer 65 .* at most 64 layers"),
    "weights": (
        (5_000,),
        [Dense("decoder.a", 5_000)],
        r"\(a\): with it the net has 25\.0 M weights; the limit is 20 M",
    ),
    "an activation": ((1, 128, 128), [Upsample((16, 16))], r"\(upsample\): it makes an image of 1x2048x2048"),
    "padding": ((64, 8, 8), [Convolution("decoder.a", 1, (1, 1), padding=(200, 200))], "10.7 M numbers"),
    "multiply-adds": (
        (64, 64, 64),
        [Convolution("decoder.a", 64, (5, 5), padding=(2, 2))],
        r"\(a\): with it an image takes 419 M multiply-adds; the limit is 200 M",
    ),
}


@pytest.mark.parametrize("case", BEYOND)
def test_what_is_over_the_limits_is_refused_in_words(case):
    shape, layers, message = BEYOND[case]
    with pytest.raises(ValueError, match=message):
        check_limits(placed(layers, shape, "decoder"))
