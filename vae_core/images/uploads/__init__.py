"""Images of one's own: from a zip, a folder, an `.npz` or single files, each looked at before it is kept."""
