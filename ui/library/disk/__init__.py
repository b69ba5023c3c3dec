"""What lies on disk for a browser besides its models: drawings, images on their way in; and what there is room for."""
