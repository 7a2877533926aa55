"""How the calls of one tracked function become runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from nbtrack.capture import active, autocapture
from nbtrack.capture.experiment import current_experiment
from nbtrack.capture.fluent import new_run
from nbtrack.capture.results import metrics_of, result_names
from nbtrack.capture.run import ActiveRun
from nbtrack.config import settings
from nbtrack.errors import NbtrackError
from nbtrack.notebook import source_name
from nbtrack.records import Source


@dataclass(frozen=True, slots=True)
class CallOptions:
    """What ``@track(…)`` was given."""

    experiment: str | None = None
    name: str | None = None
    seed: int | None = None
    params: tuple[str, ...] | None = None
    metrics: tuple[str, ...] | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)


class TrackedCall:
    """What is known of one tracked function, and what is done around each of its calls."""

    def __init__(self, function: Callable[..., Any], options: CallOptions) -> None:
        self.options = options
        self.name = options.name or str(getattr(function, "__name__", type(function).__name__))
        # Not its file: the kernel's number is in it, and a function is to have one digest in every kernel.
        self._code = getattr(inspect.unwrap(function), "__code__", None)
        try:
            self.signature: inspect.Signature | None = inspect.signature(function)
        except (TypeError, ValueError):
            self.signature = None
        try:
            self.source: str | None = inspect.getsource(function)
        except (OSError, TypeError):
            self.source = None
        self.result_names = tuple(options.metrics or result_names(self.source, self.name))

    @property
    def code_file(self) -> str | None:
        """Where the function's code is; of a notebook's, a file that there is not."""
        return getattr(self._code, "co_filename", None)

    def start(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> ActiveRun:
        """Start the run of one call."""
        around = active.active_run()
        options = self.options
        run = new_run(
            experiment=options.experiment
            or (around.experiment if around else current_experiment(code_file=self.code_file)),
            name=self.name,
            parent=around.run_id if around else None,
            seed=options.seed,
            source=Source(
                kind="function",
                name=source_name(code_file=self.code_file),
                code=self.source if settings().code else None,
            ),
        )
        try:
            run.log_params(autocapture.argument_params(self._arguments(args, kwargs), options.params))
            run.set_tags(options.tags)
        except NbtrackError as error:
            # A value that cannot be kept must not keep the function from running.
            run.warn(str(error))
        return run

    def _arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        if self.signature is None:
            return dict(kwargs)
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError:
            # The call itself is about to say so, better than we could.
            return dict(kwargs)
        bound.apply_defaults()
        arguments = dict(bound.arguments)
        for parameter in self.signature.parameters.values():
            if parameter.kind is parameter.VAR_KEYWORD:
                arguments.update(arguments.pop(parameter.name, {}))
        first = next(iter(self.signature.parameters), None)
        if first in ("self", "cls"):
            arguments.pop(first, None)
        return arguments

    @contextmanager
    def ending(self, run: ActiveRun) -> Iterator[None]:
        """End the run with whatever ends the call."""
        try:
            yield
        except GeneratorExit:
            # The consumer had enough: a search that stops early is no failure.
            run.end()
            raise
        except BaseException as error:
            run.end(error=error)
            raise
        else:
            run.end()

    @contextmanager
    def inside(self, run: ActiveRun) -> Iterator[None]:
        """Make the run the active one while the function's own code runs."""
        run.scoped = True
        active.enter(run)
        try:
            yield
        finally:
            active.leave(run)

    def result(self, run: ActiveRun, value: Any) -> Any:
        """Record the metrics in what the function returned, and return that."""
        found = metrics_of(value, self.result_names)
        if self.options.metrics:
            found = {key: number for key, number in found.items() if key in self.options.metrics}
        run.log_metrics({key: number for key, number in found.items() if not run.has_metric(key)})
        return value

    def step(self, run: ActiveRun, item: Any) -> None:
        """Record a yielded mapping of numbers as one step."""
        run.log_metrics(metrics_of(item, ()) if isinstance(item, Mapping) else {})
