"""Writes what an evaluation found: figures for machines, tables and pages for people."""
