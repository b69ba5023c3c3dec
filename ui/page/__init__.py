"""What every page needs: names in the address, texts, notices, jobs it waits for."""
