"""The errors a user may meet: each message is one sentence saying what, why and what to do.

The command line prints the message and leaves with :attr:`ConstantsLabError.exit_code`; a traceback never
reaches a user for any of these.
"""

from __future__ import annotations

__all__ = [
    "ConstantsLabError",
    "InputError",
    "NoEnclosure",
    "NotConverging",
    "Unavailable",
    "VerificationFailed",
]


class ConstantsLabError(Exception):
    """Base of every error whose message is meant for the user."""

    exit_code = 2


class InputError(ConstantsLabError, ValueError):
    """What the user gave cannot be used (exit code 2)."""


class NotConverging(ConstantsLabError, ArithmeticError):
    """The continued fraction is finite, divergent, or too slow for the digits asked (exit code 1)."""

    exit_code = 1


class NoEnclosure(ConstantsLabError, ArithmeticError):
    """No rigorous ball could be given; the message names the condition that failed (exit code 1)."""

    exit_code = 1


class VerificationFailed(ConstantsLabError, ArithmeticError):
    """Two independent computations disagree (exit code 1)."""

    exit_code = 1


class Unavailable(ConstantsLabError, RuntimeError):
    """A database or a cluster cannot be used from here (exit code 3)."""

    exit_code = 3
