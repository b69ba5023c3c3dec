"""What lies on disk, whatever it holds: the data folder and the layout of files of tensors."""
