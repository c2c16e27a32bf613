"""A report as one HTML file that loads nothing.

Jinja2 fills the template, because it escapes every value unless told otherwise: foreign text in the page cannot become
a part of it, in whatever place of the template it is used.
"""

from collections.abc import Iterator

from jinja2 import Environment, PackageLoader, StrictUndefined

from xats_tui.commands.export import words
from xats_tui.commands.export.pages import Report
from xats_tui.screens.widgets.format import many_lines, one_line

TEMPLATE = "report.html.jinja"


def html(report: Report) -> Iterator[str]:
    """Yield the report piece by piece."""
    environment = Environment(
        loader=PackageLoader("xats_tui.commands.export", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"line": one_line, "text": many_lines}
    head = report.head()
    return environment.get_template(TEMPLATE).generate(head=head, report=report, words=words)
