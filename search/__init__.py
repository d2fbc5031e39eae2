"""Searchers: spaces of candidates, methods that go through them, and the runner that spreads and records the work."""
