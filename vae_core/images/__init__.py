"""Image sets: what there is, how it is loaded, drawn or downloaded, and which images stand for a set."""
