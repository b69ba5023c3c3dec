"""Modules of PyTorch followed from their input on, each taken down as layers of our own or named as what cannot be."""
