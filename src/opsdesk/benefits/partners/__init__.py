"""Providers on the open platform: the links that bring customers to them, their keys, and how their requests are known.

Used noun by noun: `benefits.partners.links.issue_link(…)`.
"""
