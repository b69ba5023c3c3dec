"""The page Train: its fields, its buttons, its texts."""
