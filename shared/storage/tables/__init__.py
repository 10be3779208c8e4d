"""The tables, by what they hold; ``every`` knows them all."""
