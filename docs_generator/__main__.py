"""Entry point of `python -m docs_generator`: write every generated file and name the changed ones."""

import sys
from collections.abc import Iterator
from pathlib import Path

from docs_generator import completion
from docs_generator.blocks import pages, renewed
from docs_generator.pictures import PICTURES, picture, place


def main() -> None:
    """Write every file whose generated text has changed."""
    for file, text in texts():
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{file.relative_to(Path.cwd())} was updated\n")


def texts() -> Iterator[tuple[Path, str]]:
    """Yield every generated file with its text."""
    yield from ((place(name), picture(name)) for name in PICTURES)
    yield from ((page, renewed(page.read_text(encoding="utf-8"))) for page in pages())
    yield completion.PLACE, completion.table()


if __name__ == "__main__":
    main()
