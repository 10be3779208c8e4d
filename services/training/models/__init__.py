"""Base models: where they are found, how an encoder is loaded, how its states become one vector."""
