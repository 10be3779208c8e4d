"""Texts without labels, and which word stands where one is hidden: how an encoder learns a language."""
