"""A value that never prints."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """A password or token from the configuration. Only `reveal()` gives it away."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """Return the value itself, at the very place where it is handed to a library."""
        return self._value

    def __str__(self) -> str:
        return "********"
