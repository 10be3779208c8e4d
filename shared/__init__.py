"""What the services share: contracts, messaging, storage, artifacts, inference, telemetry. Never imports a service."""
