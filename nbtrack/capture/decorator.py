"""``@track``: every call of a function is a run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar, overload

from nbtrack.capture.call import CallOptions, TrackedCall
from nbtrack.capture.experiment import check_name
from nbtrack.capture.run import ActiveRun
from nbtrack.capture.seeds import check_seed
from nbtrack.errors import InputError

P = ParamSpec("P")
R = TypeVar("R")


@overload
def track(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def track(
    *,
    experiment: str | None = ...,
    name: str | None = ...,
    seed: int | None = ...,
    params: Sequence[str] | None = ...,
    metrics: str | Sequence[str] | None = ...,
    tags: Mapping[str, Any] | None = ...,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def track(
    function: Callable[..., Any] | None = None,
    /,
    *,
    experiment: str | None = None,
    name: str | None = None,
    seed: int | None = None,
    params: Sequence[str] | None = None,
    metrics: str | Sequence[str] | None = None,
    tags: Mapping[str, Any] | None = None,
) -> Callable[..., Any]:
    """Make every call of a function a run: its arguments are params, what it returns gives metrics.

    Works on functions, methods, ``async def`` and generators, where a yielded mapping of numbers is one step. A call
    within another run becomes its child. Arguments that are data (arrays, tables, models) are no params.

    Parameters
    ----------
    function : callable, optional
        Given by bare ``@track``.
    experiment : str, optional
        Default: the experiment set, else the notebook's or script's name.
    name : str, optional
        Name of the runs; default the function's name.
    seed : int, optional
        Seed all generators before each call.
    params : sequence of str, optional
        Only these arguments are params.
    metrics : str or sequence of str, optional
        Names for the returned number or numbers, or which of the returned names to keep.
    tags : mapping, optional

    Returns
    -------
    callable
        The function, tracked.

    Raises
    ------
    InputError
        It is no function, or an option is not accepted.

    Examples
    --------
    >>> @nbtrack.track  # doctest: +SKIP
    ... def fit(C=0.1, penalty="l2"):
    ...     return {"accuracy": 0.97}
    >>> fit(C=1.0)  # doctest: +SKIP
    {'accuracy': 0.97}
    """
    options = CallOptions(
        None if experiment is None else check_name(experiment),
        name,
        None if seed is None else check_seed(seed),
        None if params is None else tuple(params),
        (metrics,) if isinstance(metrics, str) else None if metrics is None else tuple(metrics),
        dict(tags or {}),
    )
    if function is None:
        return lambda decorated: _tracked(decorated, options)
    if isinstance(function, str):
        raise InputError(f"@track({function!r}): names are keywords, as @track(name={function!r}).")
    return _tracked(function, options)


def _tracked(function: Any, options: CallOptions) -> Callable[..., Any]:
    if isinstance(function, staticmethod | classmethod):
        return type(function)(_tracked(function.__func__, options))  # type: ignore[return-value]
    if not callable(function) or inspect.isclass(function):
        raise InputError(f"@track stands on functions and methods, not on a {type(function).__name__}.")
    call = TrackedCall(function, options)

    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def tracked_asyncgen(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            __tracebackhide__ = True
            run = call.start(args, kwargs)
            generator = function(*args, **kwargs)
            with call.ending(run):
                try:
                    while True:
                        with call.inside(run):
                            item = await anext(generator)
                            call.step(run, item)
                        yield item
                except StopAsyncIteration:
                    pass
                finally:
                    await generator.aclose()

        return tracked_asyncgen

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def tracked_coroutine(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            run = call.start(args, kwargs)
            with call.ending(run), call.inside(run):
                return call.result(run, await function(*args, **kwargs))

        return tracked_coroutine

    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def tracked_generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            __tracebackhide__ = True
            run = call.start(args, kwargs)
            generator = function(*args, **kwargs)
            with call.ending(run):
                return (yield from _steps(generator, call, run))

        return tracked_generator

    @functools.wraps(function)
    def tracked(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        run = call.start(args, kwargs)
        with call.ending(run), call.inside(run):
            return call.result(run, function(*args, **kwargs))

    return tracked


def _steps(generator: Generator[Any, Any, Any], call: TrackedCall, run: ActiveRun) -> Generator[Any, Any, Any]:
    """Drive the user's generator: its run is the active one only while its own code runs."""
    sent: Any = None
    resume: Callable[[Any], Any] = generator.send
    while True:
        try:
            with call.inside(run):
                item = resume(sent)
                call.step(run, item)
        except StopIteration as stop:
            return call.result(run, stop.value)
        try:
            sent, resume = (yield item), generator.send
        except GeneratorExit:
            generator.close()
            raise
        except BaseException as error:  # noqa: BLE001 - thrown in by the consumer, for the user's generator
            sent, resume = error, generator.throw
