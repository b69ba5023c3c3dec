"""Others' nets in, ours out: modules of PyTorch as a bundle, and a bundle as graphs of ONNX."""
