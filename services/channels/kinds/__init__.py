"""How each kind of channel speaks: an interface, a table, one kind a file."""
