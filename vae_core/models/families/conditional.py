"""The conditional VAE (arXiv:1406.5298): encoder and decoder are told the image's class, one-hot.

What is computed is the VAE's, of p(x|y): the code need not say what the class says already, so the same code
is the same manner in every class.
"""

from __future__ import annotations

from typing import Final

from vae_core.models.families.vae import VariationalAutoencoder

OBJECTIVE: Final = VariationalAutoencoder()
