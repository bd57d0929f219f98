"""`report.html`: what a run was, in one file that needs no network."""

from lampas.page.build import write_page

__all__ = ["write_page"]
