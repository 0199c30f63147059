"""
support.py - what the tests have in common

SPDX-License-Identifier: ISC
"""
import os
import sys
import unittest

here = os.path.dirname(os.path.abspath(__file__))
top = os.path.dirname(os.path.dirname(here))
sys.path.insert(0, os.path.dirname(here))

import siogate                                          # noqa: E402
from siogate import wrapping                            # noqa: E402
from siogate.testing import TestGateway                 # noqa: E402

SECRET = "a secret of the tests"
NOW = 1789000000.0


class Case(unittest.TestCase):
    """A test's name is the sentence that is true when it passes."""

    def setUp(self):
        wrapping._default["gateway"] = siogate.Gateway(SECRET, handle=wrapping._nobody,
                                                       clock=lambda: NOW)
        siogate.configure()

    def tearDown(self):
        wrapping._default.clear()
        siogate.configure()

    def gateway(self, application, **options):
        gateway = TestGateway(application, secret=SECRET, now=NOW, **options)
        self.speak_to(gateway)
        return gateway

    @staticmethod
    def speak_to(gateway):
        """default_emitter() reaches this gateway."""
        from siogate import emitter
        emitter._default["emitter"] = gateway.emitter()

    def raised(self, kind, function, *args, **kwargs):
        """The exception; with a message that a reader understands it is worth testing."""
        try:
            function(*args, **kwargs)
        except kind as error:
            return error
        self.fail("%s was not raised" % kind.__name__)
        return None

    def starts_quietly(self, name="siogate"):
        """What is logged from now on, as a list of texts."""
        import logging
        lines = []

        class Keep(logging.Handler):
            def emit(self, record):
                lines.append(record.getMessage())
        keep = Keep()
        logger = logging.getLogger(name)
        logger.addHandler(keep)
        before = logger.propagate
        logger.propagate = False

        def stop():
            logger.removeHandler(keep)
            logger.propagate = before
        self.addCleanup(stop)
        return lines
