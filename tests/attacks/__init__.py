"""Attacks that anybody could try from outside: ``python -m tests.attacks https://test.example.gov.cn``."""
