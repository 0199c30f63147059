"""
signature.py - who called: HMAC-SHA256 over key, time, speaker and body

The text that is signed is `v1.KEY.TIMESTAMP.SPEAKER.` and the body, byte for byte;
both directions use it (the gateway's calls, and ours to its HTTP API, where the
speaker is `api`).

Must stay true:
  - nothing of a request is believed, and its body is not parsed, before `check` returned
  - the comparison takes the same time wherever the difference is
  - a key that is seen again gets the answer it got before, never a refusal: the gateway
    repeats a call whose answer it did not receive

SPDX-License-Identifier: ISC
"""
import hashlib
import hmac
import os
import threading
import time
from collections import OrderedDict

from ._compat import to_bytes
from .errors import Refused

WINDOW = 300            # seconds between two clocks
SPEAKERS = ("same-site", "anonymous", "none")
FORBIDDEN = "403 Forbidden"


def sign(secret, key, timestamp, speaker, body):
    """The header's value, `v1=` and 64 digits."""
    head = to_bytes(u"v1.%s.%s.%s." % (key, timestamp, speaker))
    return "v1=" + hmac.new(to_bytes(secret), head + to_bytes(body), hashlib.sha256).hexdigest()


def secret_from_environment():
    """SIOGATE_SECRET, or what the file SIOGATE_SECRET_FILE holds."""
    if os.environ.get("SIOGATE_SECRET"):
        return os.environ["SIOGATE_SECRET"]
    name = os.environ.get("SIOGATE_SECRET_FILE")
    if not name:
        return None
    with open(name) as lines:
        return lines.read().strip()


class Verifier(object):
    """Knows the secrets (several while one is being replaced) and the clock. Without any
    it asks the environment, each time: a module may be imported before that is set."""

    def __init__(self, secret=None, window=WINDOW, clock=time.time):
        self.given = secret if isinstance(secret, (list, tuple)) else [secret]
        self.window = window
        self.clock = clock

    @property
    def secrets(self):
        return [one for one in self.given if one] or [
            one for one in [secret_from_environment()] if one]

    def check(self, key, timestamp, speaker, signature, body):
        """Raises Refused unless the holder of a secret said this, and lately."""
        if not self.secrets:
            raise Refused("503 Service Unavailable", "no secret: set SIOGATE_SECRET (or "
                          "SIOGATE_SECRET_FILE) to the secret of the [backend] section")
        if not signature or not key or not timestamp:
            raise Refused(FORBIDDEN, "not a call of siogate: Siogate-Signature, Siogate-Key "
                          "or Siogate-Timestamp is missing")
        if not any([_same(sign(secret, key, timestamp, speaker, body), signature)
                    for secret in self.secrets]):
            raise Refused(FORBIDDEN, "the signature is wrong: compare the secret with the one "
                          "in siogate.conf")
        try:
            away = abs(self.clock() - int(timestamp))
        except ValueError:
            raise Refused(FORBIDDEN, "Siogate-Timestamp is no number")
        if away > self.window:
            raise Refused(FORBIDDEN, "the call is %d seconds away from this clock (%d are "
                          "allowed): compare the clocks" % (away, self.window))
        if speaker not in SPEAKERS:
            raise Refused(FORBIDDEN, "Siogate-Speaker is none of %s" % ", ".join(SPEAKERS))


def _same(a, b):
    # Jython has no hmac.compare_digest. Under a key that nobody knows, where two MACs
    # differ says nothing about where their texts do.
    key = os.urandom(32)
    return (hmac.new(key, to_bytes(a), hashlib.sha256).digest() ==
            hmac.new(key, to_bytes(b), hashlib.sha256).digest())


class RecentAnswers(object):
    """The answers of the last `count` calls, by key, in this process.

    An application of several processes gives `Gateway(remember=...)` something they
    share; anything with get(key) and set(key, value, seconds) will do, Django's cache for one.
    """

    def __init__(self, count=1000):
        self.count = count
        self.answers = OrderedDict()
        self.lock = threading.Lock()

    def get(self, key):
        with self.lock:
            return self.answers.get(key)

    def set(self, key, value, _seconds=None):
        with self.lock:
            self.answers[key] = value
            while len(self.answers) > self.count:
                self.answers.popitem(last=False)
