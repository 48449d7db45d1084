"""Endpoints of applications, by who calls them: the applicant, anybody, a department's officers."""

from chalicelib.applications.routes import applicant, clocks, handing, officer, progress, publicity

__all__ = ["applicant", "clocks", "handing", "officer", "progress", "publicity"]
