"""Lessons and notes as they stand in their files, read and checked at the start."""
