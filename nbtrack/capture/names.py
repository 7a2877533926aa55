"""Readable names for runs that were given none."""

from __future__ import annotations

import random

_ADJECTIVES = (
    "able amber apt bold brave brisk calm clear clever cool crisp deft eager early fair fast fine fond free fresh "
    "gentle glad golden grand green happy hardy honest humble jolly keen kind lively loyal lucid lucky mellow merry "
    "mild modest neat nimble noble patient plain polite proud quick quiet rapid ready royal sharp shiny silent "
    "simple smart smooth solid spry stable steady still sunny sure swift tidy true upbeat vivid warm wise witty"
).split()
_ANIMALS = (
    "ant badger bear beaver bee bison boar bobcat camel carp cat cod colt cougar cow crab crane cricket crow deer "
    "dog dove duck eagle eel elk falcon ferret finch fox frog gnu goat goose grouse gull hare hawk hen heron horse "
    "hound ibis jay koala lamb lark lion lizard llama lynx mink mole moose moth mouse mule newt otter owl ox panda "
    "perch pike pony puma quail rabbit ram raven robin seal shark sheep shrew skunk sloth snail snipe sole squid "
    "stag stork swan tern tiger toad trout turtle viper vole wasp whale wolf wren yak zebra"
).split()

# The user's seeded global generator must neither be drawn from nor decide our names.
_generator = random.Random()  # noqa: S311 - a name is no secret


def new_run_name() -> str:
    """Return a name like ``calm-otter-417``.

    Returns
    -------
    str

    Examples
    --------
    >>> new_run_name().count("-")
    2
    """
    return f"{_generator.choice(_ADJECTIVES)}-{_generator.choice(_ANIMALS)}-{_generator.randint(1, 999)}"
