"""One page over a folder of results: claims, figures, brackets and data, and nothing to load.

`contents` reads what there is, `page` writes it; `page.css` and `page.js` are its look and the
little that moves.
"""

from relaxgap.report.contents import Contents, read_contents
from relaxgap.report.page import is_report, report_page

__all__ = ["Contents", "is_report", "read_contents", "report_page"]
