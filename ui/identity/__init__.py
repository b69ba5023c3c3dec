"""Who asks: the browser's cookie, whether it is here, and whether it may run the server."""
