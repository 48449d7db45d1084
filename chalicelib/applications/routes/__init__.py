"""Endpoints of applications, by who calls them: the applicant, anybody, a department's officers."""

from chalicelib.applications.routes import applicant, officer, progress

__all__ = ["applicant", "officer", "progress"]
