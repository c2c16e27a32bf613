"""An agent's program with a terminal: it starts a bridge, registers with nothing but a name, and says what came of it.

What it is called is up to whoever starts it; `CLIENT-INFO` is what it calls itself in the handshake.  A line `again`
has it start a second bridge, which takes the first one's place.
"""

import argparse
import json
import subprocess
import sys
from typing import Any

KEPT: list[subprocess.Popen[str]] = []
"""The bridges, whose pipes stay open as long as this program runs."""


def main() -> None:
    """Register, print the answer, stay until the terminal is closed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("client_info")
    parser.add_argument("name")
    parser.add_argument("--as", dest="client", help="the client that its model says it is")
    parser.add_argument("bridge", nargs="+", help="the command that starts it")
    given = parser.parse_args()
    answer = registered(given)
    for line in json.dumps(answer, indent=1).splitlines():
        sys.stdout.write(line + "\n")
    sys.stdout.write("registered> ")
    sys.stdout.flush()
    for line in sys.stdin:
        if line.strip() == "again":
            registered(given)
            sys.stdout.write("registered again> ")
            sys.stdout.flush()


def registered(given: argparse.Namespace) -> Any:
    """Start a bridge and register through it; what that answers."""
    bridge = subprocess.Popen(given.bridge, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    KEPT.append(bridge)

    def request(method: str, params: dict[str, Any]) -> Any:
        assert bridge.stdin is not None
        assert bridge.stdout is not None
        bridge.stdin.write(json.dumps({"jsonrpc": "2.0", "id": method, "method": method, "params": params}) + "\n")
        bridge.stdin.flush()
        while (answer := json.loads(bridge.stdout.readline())).get("id") != method:
            pass
        return answer["result"]

    info = {"name": given.client_info, "version": "1"}
    request("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info})
    said = {"client": given.client} if given.client else {}
    answer = request("tools/call", {"name": "register_agent", "arguments": {"name": given.name, **said}})
    return json.loads(answer["content"][0]["text"])


if __name__ == "__main__":
    main()
