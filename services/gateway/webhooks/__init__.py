"""Webhook endpoints, and what they are told."""
