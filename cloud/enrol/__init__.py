"""Certificates for gateways: tokens, the fleet's authority, the service that gateways ask."""
