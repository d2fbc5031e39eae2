"""Compiled inner loops; each proposes, none decides."""
