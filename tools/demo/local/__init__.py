"""The one-command run: broker, gateway, two cloud workers and cameras on this machine."""
