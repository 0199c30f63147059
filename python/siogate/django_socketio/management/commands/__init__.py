"""SPDX-License-Identifier: ISC"""
