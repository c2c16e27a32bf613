"""An agent's program with a terminal: it starts a bridge, registers with nothing but a name, and says what came of it.

What it is called is up to whoever starts it; `CLIENT-INFO` is what it calls itself in the handshake.
"""

import argparse
import json
import subprocess
import sys
from typing import Any


def main() -> None:
    """Register, print the answer, stay until the terminal is closed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("client_info")
    parser.add_argument("name")
    parser.add_argument("bridge", nargs="+", help="the command that starts it")
    given = parser.parse_args()
    bridge = subprocess.Popen(given.bridge, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

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
    answer = request("tools/call", {"name": "register_agent", "arguments": {"name": given.name}})
    for line in json.dumps(json.loads(answer["content"][0]["text"]), indent=1).splitlines():
        sys.stdout.write(line + "\n")
    sys.stdout.write("registered> ")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
