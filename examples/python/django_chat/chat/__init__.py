"""
chat - the application that has sockets.py

SPDX-License-Identifier: ISC
"""
