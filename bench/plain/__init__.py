"""The plain way of doing the same, beside which ours is measured."""
