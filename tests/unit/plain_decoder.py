"""The decoders once more, in plain NumPy, written apart from the lists of `vae_core.models.architectures`."""

import numpy as np


def decode(weights, config, code):
    """Return the decoder's output, (C, H, W), for one code with its one-hot label appended, (D + K,)."""
    w = {
        name.removeprefix("decoder."): np.asarray(value, dtype=np.float64) for name, value in weights.items()
    }
    channels, height, width = config.image_shape
    rows, columns = -(-height // 4), -(-width // 4)

    def dense(name, v):
        return w[f"{name}.weight"] @ v + w[f"{name}.bias"]

    if config.architecture == "mlp":
        return dense("output", relu(dense("dense1", code))).reshape(channels, height, width)
    if config.architecture == "conv":
        v = leaky(dense("dense1", code))
        v = v + leaky(dense("dense2", v))
        v = v + leaky(dense("dense3", v))
        v = leaky(dense("dense4", v)).reshape(-1, rows, columns)
        v = leaky(doubled(v, w["deconv1.weight"], w["deconv1.bias"]))
        return doubled(v, w["output.weight"], w["output.bias"])[:, :height, :width]
    v = normed(relu(dense("dense1", code)), w, "norm1").reshape(-1, rows, columns)
    v = doubled(v, w["deconv1.weight"], np.zeros(w["deconv1.weight"].shape[1]))
    v = relu(normed(v.transpose(1, 2, 0), w, "norm2").transpose(2, 0, 1))
    return doubled(v, w["output.weight"], np.zeros(channels))[:, :height, :width]


def relu(v):
    return np.maximum(v, 0)


def leaky(v):
    return np.where(v > 0, v, 0.1 * v)


def normed(v, w, name):
    scale = w[f"{name}.weight"] / np.sqrt(w[f"{name}.running_var"] + 1e-5)
    return (v - w[f"{name}.running_mean"]) * scale + w[f"{name}.bias"]


def doubled(v, weight, bias):
    """Transpose-convolve with stride 2: each input adds its kernel to the output, the padding is cut off."""
    _, rows, columns = v.shape
    _, outputs, kernel, _ = weight.shape
    padding, extra = (kernel - 1) // 2, kernel % 2
    out = np.zeros((outputs, 2 * (rows - 1) + kernel + extra, 2 * (columns - 1) + kernel + extra))
    for y in range(rows):
        for x in range(columns):
            patch = np.einsum("i,iokl->okl", v[:, y, x], weight)
            out[:, 2 * y : 2 * y + kernel, 2 * x : 2 * x + kernel] += patch
    out = out[:, padding : out.shape[1] - padding, padding : out.shape[2] - padding]
    assert out.shape == (outputs, 2 * rows, 2 * columns)
    return out + bias[:, None, None]
