"""Plays videos, folders and pictures as MQTT cameras."""
