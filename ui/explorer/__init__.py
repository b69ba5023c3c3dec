"""The component that follows the hand: its Python side, and what links may say of it."""
