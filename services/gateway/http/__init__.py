"""What every resource stands on: the server, its limits, bodies, errors, keys and tracing. It knows no resource."""
