"""
tap.py - runs the tests of this folder and says what happened as TAP

    python3 tap.py [module ...]

SPDX-License-Identifier: ISC
"""
import os
import sys
import unittest

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
sys.dont_write_bytecode = True


class Tap(unittest.TestResult):
    def __init__(self):
        unittest.TestResult.__init__(self)
        self.count = 0

    def line(self, word, test, rest=""):
        self.count += 1
        name = test.id().split(".")
        sentence = name[-1].replace("test_", "", 1).replace("_", " ")
        sys.stdout.write("%s %d - %s: %s%s\n" % (word, self.count, name[0].replace("test_", "", 1),
                                                 sentence, rest))
        sys.stdout.flush()

    def bad(self, test, error):
        self.line("not ok", test)
        for line in self._exc_info_to_string(error, test).splitlines():
            sys.stdout.write("# %s\n" % line)

    def addSuccess(self, test):
        self.line("ok", test)

    def addSkip(self, test, reason):
        unittest.TestResult.addSkip(self, test, reason)
        self.line("ok", test, " # SKIP " + reason)

    def addFailure(self, test, error):
        unittest.TestResult.addFailure(self, test, error)
        self.bad(test, error)

    def addError(self, test, error):
        unittest.TestResult.addError(self, test, error)
        self.bad(test, error)


def main():
    names = [os.path.basename(one).replace(".py", "") for one in sys.argv[1:]]
    if not names:
        names = sorted(one[:-3] for one in os.listdir(here)
                       if one.startswith("test_") and one.endswith(".py"))
    result = Tap()
    for name in names:
        unittest.defaultTestLoader.loadTestsFromName(name).run(result)
    sys.stdout.write("1..%d\n" % result.count)
    return 0 if result.wasSuccessful() and result.count else 1


if __name__ == "__main__":
    sys.exit(main())
