"""Discover formulas for mathematical constants, and say exactly how sure we are of each."""

__version__ = "0.1.0"
