"""What the services share: contracts, messaging, storage, artifacts, inference, telemetry. Never imports a service."""

from shared import quiet as quiet  # first of all: see there
