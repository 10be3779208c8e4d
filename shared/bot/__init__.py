"""The bot file: what a bot can talk about, as one YAML document. Pure: a text in, a bot or its faults out."""
