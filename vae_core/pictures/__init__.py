"""Pictures drawn with Pillow: contact sheets and maps as files."""
