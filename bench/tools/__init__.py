"""What several benches use: a browser, servers as processes, who watches a run, the table that is printed."""
