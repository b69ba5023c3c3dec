"""The models that ship with the app, and the tables of the README."""
