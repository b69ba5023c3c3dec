"""Bytes to the browser: routes, sockets, compression, and what happens at the server's start and end."""
