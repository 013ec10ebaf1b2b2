"""The errors a caller may want to catch; a message says: expected, got, what to do."""


class RelaxgapError(Exception):
    """Base of every error relaxgap raises on purpose."""


class DataError(RelaxgapError):
    """The data cannot be used: unreadable, mismatched, constant or not finite."""


class ConfigurationError(RelaxgapError):
    """A setting is unknown, out of range or contradicts another."""


class NoUnitError(ConfigurationError):
    """A strength was given as a fraction of beta_max, which is zero."""


class NothingToFitError(DataError):
    """Zero weights are optimal at every strength: there is no path."""


class EnumerationLimitError(RelaxgapError):
    """The arrangement may hold more patterns than the configured limit."""


class MissedAccuracyError(RelaxgapError):
    """A bracket holds but is wider than was asked for."""


class MissingSolverError(RelaxgapError):
    """The named solver is not installed."""


class StorageError(RelaxgapError):
    """Results could not be written; what was finished before is kept."""
