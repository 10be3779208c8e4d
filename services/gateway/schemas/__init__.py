"""What goes over the wire, one module per resource. Requests refuse unknown fields; replies say everything."""
