"""What is bounded or refused: connections, uploads, places at a link, hosts, a second server."""
