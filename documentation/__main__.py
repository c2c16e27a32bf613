"""`python -m documentation` writes all that is generated in docs/ anew, and says what it has changed."""

import sys
from collections.abc import Iterator
from pathlib import Path

from documentation.blocks import pages, renewed
from documentation.pictures import PICTURES, picture, place


def main() -> None:
    """Write every file whose text is another one now."""
    for file, text in texts():
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{file.relative_to(Path.cwd())} is new\n")


def texts() -> Iterator[tuple[Path, str]]:
    """Every generated file with its text."""
    yield from ((place(name), picture(name)) for name in PICTURES)
    yield from ((page, renewed(page.read_text(encoding="utf-8"))) for page in pages())


if __name__ == "__main__":
    main()
