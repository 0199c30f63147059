"""An application of a Django project, for test_frameworks.

SPDX-License-Identifier: ISC
"""
