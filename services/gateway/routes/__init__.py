"""The routes, one module per resource. ``services.gateway.api`` lists them all."""
