"""The hook's process: hands an event from stdin to the coordinator, and prints what the coordinator answers.

A client runs one for each event, and waits for it, so this module imports next to nothing (tests count it), and all
that an event means is the coordinator's to know.  Whatever goes wrong, the process ends in time, silently, with exit
code 0: an agent must not suffer from us.
"""

import os

TYPE_CHECKING = False  # `typing` imports for longer than a hook runs
if TYPE_CHECKING:
    from _socket import socket
    from _thread import LockType
    from typing import NoReturn

PROGRAMS = ("/xats-tui", "/xats_tui/__main__.py")
"""Ends of this program's path, as it stands in its own command line."""

HEAD_END = b"\r\n\r\n"

PID_HEADER = "x-xats-pid"
"""Request: the process that posts, so that the coordinator need not search for it."""
WAITS_HEADER = "x-xats-waits"
"""Response: the seconds for which its body may take, because it waits for a person."""
TAKEN_HEADER = "x-xats-taken"
"""Response: to be sent to `TAKEN_PATH` when its body was passed on to the client."""
TAKEN_PATH = "/hook/taken"
LEFT_HEADER = "x-xats-left"
"""Request to `TAKEN_PATH`: the same value, from a hook that gave up before it printed the body."""

EVENT_PATIENCE_S = 1.0
"""Time for the client to hand over the event; it does so at once, if the machine lets it."""
PATIENCE_S = 0.22
"""Time for the coordinator, from the event to the output."""

MAX_WAIT_S = 86_400.0
"""Longest time for an answer that waits for a person; the client's own limit ends it before."""

LINGER_S = 5.0
"""Time for a slow coordinator to read the event, while nobody waits for it."""

MAX_EVENT_BYTES = 900_000
"""Maximum size of an event: tool inputs can be whole files."""
MAX_ANSWER_BYTES = 2_000_000

CHUNK_BYTES = 65_536

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Listening addresses that are no destination, each with the address to connect to."""

NAMED = {"--home": "XATS_HOME", "--pid-file": "XATS_PID_FILE", "--client": "", "--event": ""}
"""Flags that matter here, each with the variable that stands in for it."""
_asked: "list[tuple[socket, dict[str, str]]]" = []
"""The connection over which the event was sent, with the coordinator; empty once the answer is being printed."""

HELP = ("--help", "--install-completion", "--show-completion")


def is_hook(command_line: list[str]) -> bool:
    """Return whether a command line runs a hook: only flags with values may stand before the command."""
    words = command_line[1:]
    while words and words[0].startswith("--") and words[0] not in HELP:
        del words[: 1 if "=" in words[0] else 2]
    return _is_program(command_line) and words[:1] == ["hook"] and not any(word in HELP for word in words)


def asks_version(command_line: list[str]) -> bool:
    """Return whether a command line asks for the version, which needs no imports either."""
    return _is_program(command_line) and command_line[1:] == ["--version"]


def _is_program(command_line: list[str]) -> bool:
    return f"/{(command_line or [''])[0]}".endswith(PROGRAMS)


def run(command_line: list[str]) -> "NoReturn":
    """Do what a hook's command line says, and end the process."""
    try:
        _limit(EVENT_PATIENCE_S)
        event = _stdin()
        _limit(PATIENCE_S)
        if event is not None:
            _forward(event, _flags(command_line))
    except BaseException:  # even an interrupt: a hook says nothing about our errors
        pass
    os._exit(0)


def _limit(seconds: float) -> None:
    """End the process in so many seconds, whatever it waits for then."""
    import _signal as signal  # type: ignore[import-not-found]  # `signal` imports `enum`

    signal.signal(signal.SIGALRM, lambda *_: _give_up())
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _give_up() -> None:
    """End the process, and leave another one to hold the connection until a slow coordinator has read the event.

    It would find a connection that is closed, and no event in it.  A hint that comes then is said to be left.
    """
    if _asked and not os.fork():
        for descriptor in (0, 1, 2):
            os.close(descriptor)  # the client may wait until nobody has its pipes
        _limit(LINGER_S)
        connection, where = _asked.pop()
        head, _ = _answer(connection)
        if left := _header(head, TAKEN_HEADER):
            connection.sendall(_request(where, TAKEN_PATH, f"{LEFT_HEADER}: {left}", b""))
            connection.recv(1)
    os._exit(0)


def _flags(command_line: list[str]) -> dict[str, str]:
    given = {flag: os.environ.get(variable, "") for flag, variable in NAMED.items() if variable}
    for index, word in enumerate(command_line):
        name, has_value, value = word.partition("=")
        if name in NAMED:
            given[name] = value if has_value else "".join(command_line[index + 1 : index + 2])
    return given


def _forward(event: bytes, flags: dict[str, str]) -> None:
    where = _coordinator(_pid_path(flags))
    if where is None:
        return
    connection = _connected(where)
    query = "&".join(f"{name}={flags[f'--{name}']}" for name in ("client", "event") if _is_plain(flags, name))
    connection.sendall(_request(where, f"/hook?{query}", f"{PID_HEADER}: {os.getpid()}", event))
    _asked.append((connection, where))
    head, body = _answer(connection)
    if body in (b"", b"{}") or not _is_object(body):
        return
    _limit(PATIENCE_S)  # what is printed and not said to be taken is not known to have arrived
    _asked.clear()
    _print(body)
    if taken := _header(head, TAKEN_HEADER):
        connection.sendall(_request(where, TAKEN_PATH, f"{TAKEN_HEADER}: {taken}", b""))


def _is_object(body: bytes) -> bool:
    """Return whether a body is a JSON object: clients pass any other text on to the model."""
    import json  # only for the few hooks that have an answer

    return isinstance(json.loads(body), dict)


def _is_plain(flags: dict[str, str], name: str) -> bool:
    value = flags.get(f"--{name}", "")
    return value.isascii() and value.replace("-", "").replace("_", "").isalnum()


def _stdin() -> bytes | None:
    """Return the event; None if it is too large, but read to its end, for its writer may not expect otherwise."""
    event, is_whole = b"", True
    while piece := os.read(0, CHUNK_BYTES):
        is_whole = is_whole and len(event) + len(piece) <= MAX_EVENT_BYTES
        event = event + piece if is_whole else event
    return event if is_whole else None


def _pid_path(flags: dict[str, str]) -> str:
    home = os.path.expanduser(flags["--home"] or "~/.xats-tui")
    if flags["--pid-file"]:
        return os.path.expanduser(flags["--pid-file"])
    config = _read(f"{home}/config.toml")
    if b"pid_file" in config:
        import tomllib  # only for the few that set it there: it takes longer than all the rest

        if named := tomllib.loads(config.decode()).get("pid_file"):
            return os.path.join(home, os.path.expanduser(named))
    return f"{home}/daemon.pid"


def _coordinator(pid_path: str) -> dict[str, str] | None:
    """Return host, port and key of the coordinator that runs; None if none does.

    The pid file is believed only if the process in it holds the lock beside it: another program may have its port.
    A coordinator that ends takes its key out before it gives the port up.
    """
    text = _read(pid_path).decode().strip()
    record = _fields(text)
    if not text.isprintable() or not record.get("hook_key") or not _is_locked(f"{pid_path}.lock"):
        return None
    if _read(f"{pid_path}.lock").decode().strip() not in ("", record["pid"]):
        return None
    return record


def _fields(text: str) -> dict[str, str]:
    """Return the fields of a flat JSON object, as `pid_file.write` writes it, whose values hold no escapes."""
    pairs = (pair.partition('": ') for pair in text.strip().strip("{}").split(', "'))
    return {name.strip('"'): value.strip('"') for name, _, value in pairs}


def _is_locked(path: str) -> bool:
    import fcntl

    descriptor = os.open(path, os.O_RDONLY)
    try:
        # Shared: two processes that only look must not take each other for the coordinator.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _connected(where: dict[str, str]) -> "socket":
    import _socket  # `socket` imports `selectors` and `enum`

    host = _reachable(where)
    family = _socket.AF_INET6 if ":" in host else _socket.AF_INET
    connection = _socket.socket(family, _socket.SOCK_STREAM)
    is_address = host.replace(".", "").isdecimal() or ":" in host
    found = None if is_address else _limited_lookup()
    connection.connect((host, int(where["port"])))
    if found:
        found.release()
    return connection


def _limited_lookup() -> "LockType":
    """End the process in time unless the lock is released: no signal is handled while a name is looked up."""
    import _thread

    found = _thread.allocate_lock()
    found.acquire()
    _thread.start_new_thread(lambda: found.acquire(True, PATIENCE_S) or os._exit(0), ())
    return found


def _reachable(where: dict[str, str]) -> str:
    return EVERYWHERE.get(where["host"], where["host"])


def _request(where: dict[str, str], path: str, header: str, body: bytes) -> bytes:
    host = _reachable(where)
    named = f"[{host}]" if ":" in host else host
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {named}:{where['port']}",
        f"Content-Length: {len(body)}",
        f"Authorization: Bearer {where['hook_key']}",
        header,
    ]
    return "\r\n".join(lines).encode() + HEAD_END + body


def _answer(connection: "socket") -> tuple[bytes, bytes]:
    """Return head and body of the coordinator's answer; empty ones unless it came whole."""
    told, waits = b"", ""
    while piece := connection.recv(CHUNK_BYTES):
        told += piece
        head, is_whole, body = told.partition(HEAD_END)
        if len(told) > MAX_ANSWER_BYTES or (is_whole and not head.startswith(b"HTTP/1.1 200")):
            break
        if is_whole and not waits and (waits := _header(head, WAITS_HEADER)):
            _limit(min(max(float(waits), PATIENCE_S), MAX_WAIT_S))  # 0 would be without end
        if is_whole and (found := _body(head, body)) is not None:
            return head, found
    return b"", b""


def _body(head: bytes, told: bytes) -> bytes | None:
    """Return the body once all of it has come; None before."""
    length = _header(head, "content-length")
    if length:
        return told[: int(length)] if len(told) >= int(length) else None
    body = b""
    while told.count(b"\r\n"):  # one chunk after the other
        size, _, told = told.partition(b"\r\n")
        end = int(size, 16)
        if not end:
            return body
        if len(told) < end:
            return None
        body, told = body + told[:end], told[end + 2 :]
    return None


def _header(head: bytes, name: str) -> str:
    for line in head.decode("latin-1").split("\r\n"):
        key, _, value = line.partition(":")
        if key.lower() == name:
            return value.strip()
    return ""


def _print(body: bytes) -> None:
    body += b"\n"
    while body:
        body = body[os.write(1, body) :]


def _read(path: str) -> bytes:
    """Return the beginning of a file; empty if it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(descriptor, CHUNK_BYTES)
    finally:
        os.close(descriptor)
