"""Telling credentials by their names and values: they are never stored."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import Any

_WORDS = frozenset(
    "password passwd passphrase passcode pwd secret secrets credential credentials bearer apikey apikeys authtoken "
    "accesskey secretkey privatekey auth oauth authorization".split()
)
# "key" says something only behind one of these, and so does "token".
_KEY_KINDS = frozenset(
    "api access secret private account signing encryption ssh subscription license service storage master".split()
)
_TOKEN_KINDS = frozenset(
    "api access auth refresh bearer session id hf hub github gitlab git slack bot openai wandb huggingface user "
    "client service secret personal jwt csrf sas deploy npm pypi my the".split()
)
# Words that make a setting of what would else be a credential: auth_method, secret_count, use_auth.
_HARMLESS = frozenset(
    "count len length size num n max min use has is enable enabled method mode type kind scheme url uri path file "
    "name required policy strength hint".split()
)
_VALUES = re.compile(
    r"""
    \b sk-(?=[\w-]*\d)[\w-]{20,}                                # OpenAI and others
    | \b sk-[A-Za-z0-9]{20,} | \b [sr]k_(?:live|test)_\w{10,}                            # Stripe
    | \b gh[pousr]_[A-Za-z0-9]{20,} | \b github_pat_\w{20,}     # GitHub
    | \b glpat-[\w-]{16,} | \b dop_v1_\w{20,}                   # GitLab, DigitalOcean
    | \b hf_[A-Za-z0-9]{20,} | \b r8_[A-Za-z0-9]{20,}           # Hugging Face, Replicate
    | \b (?:AKIA|ASIA)[0-9A-Z]{16}\b                            # AWS
    | \b xox[abeoprs]-[\w-]{10,} | hooks\.slack\.com/services/\w # Slack
    | \b AIza[\w-]{30,} | \b ya29\.[\w-]{20,}                   # Google
    | \b npm_[A-Za-z0-9]{30,} | \b pypi-AgE[\w-]{20,}           # package registries
    | \b SG\.[\w-]{16,}\.[\w-]{16,}                             # SendGrid
    | \b ey[A-Za-z0-9_-]{10,}\.ey[A-Za-z0-9_-]{10,}\.           # JSON web tokens
    | -----BEGIN\ (?:[A-Z]+\ )*PRIVATE\ KEY
    | \b [A-Za-z][A-Za-z0-9+.-]*://[^\s/:@]*:[^\s/@]+@          # a URL with a password
    | \b (?i:password|passwd|pwd|accountkey|sharedaccesskey|secret|api_?key|access_?token)=[^\s;&]{3,}
    | (?i:\bbearer)\ [\w.~+/-]{16,}
    """,
    re.VERBOSE,
)
_ASSIGNED = re.compile(r"""(?<![\w.-])([\w.-]{1,100})["'\])]{0,3}\s{0,20}[:=]\s{0,20}["']?[^\s"',;#)]{3}""")
_HIDDEN = "…"
# password = "…", connect(password="…"), {"password": "…"}, environ["PASSWORD"] = "…"
_NAMED_TEXTS = re.compile(
    r"""(?P<head>\b(?P<name>\w{1,100})["']?\]?\s*(?:=|:)\s*[rbu]?)(?P<quote>"|')(?P<text>[^"'\n]{1,1000})(?P=quote)"""
)
_JSON_NAMES = re.compile(r'"([^"\\]{1,100})": "')
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def looks_secret(name: str, value: Any) -> bool:
    """Tell whether a name or a value looks like a credential.

    A name counts only for a value that could be one, text or a whole number: ``use_password = True`` is a setting.

    Parameters
    ----------
    name : str
        Dotted or not; any part may tell.
    value : object

    Returns
    -------
    bool

    Examples
    --------
    >>> looks_secret("api_key", "abc"), looks_secret("max_tokens", 512), looks_secret("x", "AKIA" + 16 * "A")
    (True, False, True)
    """
    if type(value) is str:
        return any(_named_secret(part) for part in name.split(".")) or _VALUES.search(value) is not None
    return type(value) is int and _names_password(name)


def json_looks_secret(text: str) -> bool:
    """Tell whether JSON holds what looks like a credential, as a value or under such a name."""
    return _VALUES.search(text) is not None or any(_named_secret(key) for key in _JSON_NAMES.findall(text))


def line_looks_secret(line: str) -> bool:
    """Tell whether a line of a program or of a settings file holds what looks like a credential, or assigns to one."""
    if _VALUES.search(line) is not None:
        return True
    return any(_named_secret(part) for name in _ASSIGNED.findall(line) for part in name.split("."))


def _names_password(name: str) -> bool:
    words = {word.lower() for word in _WORD.findall(name)}
    return not words.isdisjoint(("password", "passwd", "passcode", "pwd")) and words.isdisjoint(_HARMLESS)


@lru_cache(maxsize=4096)
def _named_secret(name: str) -> bool:
    lower = [word.lower() for word in _WORD.findall(name)]
    if not _HARMLESS.isdisjoint(lower):
        return False
    if not _WORDS.isdisjoint(lower):
        return True
    if any(first in _KEY_KINDS and second in ("key", "keys") for first, second in pairwise(lower)):
        return True
    return lower == ["token"] or (lower[-1:] == ["token"] and lower[-2] in _TOKEN_KINDS)


def without_secrets(source: str) -> str:
    """Return a source with what looks like a credential in it blacked out, as it may be stored.

    Parameters
    ----------
    source : str

    Returns
    -------
    str

    Examples
    --------
    >>> without_secrets('api_key = "abc"; C = 1')
    'api_key = "…"; C = 1'
    """
    hidden = _VALUES.sub(_HIDDEN, source)

    def hide(match: re.Match[str]) -> str:
        if not _named_secret(match["name"]):
            return match[0]
        return f"{match['head']}{match['quote']}{_HIDDEN}{match['quote']}"

    return _NAMED_TEXTS.sub(hide, hidden)
