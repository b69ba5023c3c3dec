"""WebSockets: the stream of a run, what a leader shows, a lesson that a class does together."""
