"""The nets, the distributions and the loss: all the maths of a VAE."""
