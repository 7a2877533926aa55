"""Every error nbtrack raises.

    NbtrackError
    ├── SettingError                 a setting is unknown or has a bad value
    ├── InputError (ValueError)      an argument cannot be accepted
    │   ├── OptionError              an option of %%track or %nbtrack
    │   ├── FilterError              a search_runs filter or order_by
    │   ├── ParamError               a param's name or value, or a second, different value
    │   └── MetricError              a metric's name or value
    ├── RunError
    │   ├── RunActiveError           another run is still open
    │   ├── RunEndedError            the run has ended
    │   ├── RunNotFoundError (LookupError)
    │   └── ExperimentNotFoundError (LookupError)
    ├── StoreError
    │   ├── StoreVersionError        the store was written by a newer nbtrack
    │   ├── StoreBusyError           another program holds the store's file
    │   ├── StoreReadOnlyError       the store's folder cannot be written
    │   └── StoreCorruptError        the store's file cannot be read
    ├── ReplayError                  a replay did not give what it was for
    ├── ReplayWriteError (PermissionError)     a cell of a replay was about to change a file of the user's
    └── MissingDependencyError (ImportError)   an optional library is not installed

A message says what was wrong, what is accepted, and what to type next.
"""


class NbtrackError(Exception):
    """Base class: ``except nbtrack.NbtrackError`` catches everything nbtrack raises."""


class SettingError(NbtrackError):
    """A setting is unknown or has a value that is not accepted."""


class InputError(NbtrackError, ValueError):
    """An argument cannot be accepted."""


class OptionError(InputError):
    """An option of ``%%track`` or ``%nbtrack`` is unknown or has a bad value."""


class FilterError(InputError):
    """A filter or an order of ``search_runs`` or ``runs`` cannot be read."""


class ParamError(InputError):
    """A param has a bad name or value, or was already logged with another value."""


class MetricError(InputError):
    """A metric has a bad name or a value that is not one real number."""


class RunError(NbtrackError):
    """Something about a run does not allow what was asked."""


class RunActiveError(RunError):
    """A run is still open where a new one was to start."""


class RunEndedError(RunError):
    """The run has ended and takes no more values."""


class RunNotFoundError(RunError, LookupError):
    """The store has no such run."""


class ExperimentNotFoundError(RunError, LookupError):
    """The store has no such experiment."""


class StoreError(NbtrackError):
    """The store cannot do what was asked."""


class StoreVersionError(StoreError):
    """The store was written by a newer nbtrack than this one."""


class StoreBusyError(StoreError):
    """Another program holds the store's database file."""


class StoreReadOnlyError(StoreError):
    """The store's folder cannot be written."""


class StoreCorruptError(StoreError):
    """The store's database file cannot be read."""


class ReplayError(NbtrackError):
    """A replay did not come to its end, or too few of several did."""


class ReplayWriteError(NbtrackError, PermissionError):
    """A cell of a replay was about to change a file outside of the replay's scratch folder."""


class MissingDependencyError(NbtrackError, ImportError):
    """An optional library that this feature needs is not installed."""
