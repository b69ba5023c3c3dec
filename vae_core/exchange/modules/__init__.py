"""PyTorch's modules followed from their input on: each becomes layers of ours, or is named as what cannot."""
