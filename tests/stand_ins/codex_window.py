"""A stand-in for a window of Codex: it listens at a port for `codex_tui`, and names its thread in the title.

It prints `port N`.  Lines typed to it are its new titles; with `--remote ws://HOST:PORT` it stays connected there.
"""

import argparse
import socket
import sys
from urllib.parse import urlsplit


def main() -> None:
    """Be a window until the terminal goes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("title")
    parser.add_argument("--remote")
    arguments = parser.parse_args()
    place = urlsplit(arguments.remote) if arguments.remote else None
    connection = socket.create_connection((place.hostname, place.port)) if place else None
    with socket.create_server(("127.0.0.1", 0)) as listening:
        entitle(arguments.title)
        sys.stdout.write(f"port {listening.getsockname()[1]}\n")
        sys.stdout.flush()
        for line in sys.stdin:
            entitle(line.rstrip("\n"))
    if connection:
        connection.close()


def entitle(title: str) -> None:
    """Set the title of the terminal, and say so."""
    sys.stdout.write(f"\x1b]2;{title}\x07titled {title}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
