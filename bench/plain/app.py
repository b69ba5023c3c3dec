"""The plain way to walk a latent space: `st.slider` to torch to `st.image`, for comparison.

Run by `bench.ui` beside the app, in the same browser, on the same model.
"""

import os

import streamlit as st
import torch

from vae_core import VAE, load_bundle


@st.cache_resource
def load() -> VAE:
    torch.set_num_threads(1)
    return load_bundle(os.environ["BENCH_BUNDLE"]).model.eval()


model = load()
dimensions = model.config.latent_dim
z = torch.tensor([[st.slider(f"z{i}", -3.0, 3.0, 0.0, 0.05, key=f"z{i}") for i in range(dimensions)]])
with torch.no_grad():
    picture = model.decode_images(z)[0, 0].numpy()
st.image(picture, width=400)
