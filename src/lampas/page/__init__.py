"""`report.html`: what a run was, in one file that needs no network."""

from lampas.page.build import write_page
from lampas.page.report import report

__all__ = ["report", "write_page"]
