"""`python -m benchmarks.echo_server`: the MCP SDK with one tool, as the reference for all other servers.

It prints its port like the coordinator, and runs until it is killed.
"""

import logging
import socket
import sys
from datetime import UTC, datetime
from typing import Any

import uvicorn
from mcp.server import MCPServer

logging.getLogger().addHandler(logging.NullHandler())  # otherwise the SDK logs a line for each request
server = MCPServer("echo")


@server.tool(structured_output=False)
async def echo(msg: str) -> dict[str, Any]:
    """Return the message."""
    return {"msg": msg, "echoed_at": datetime.now(UTC).isoformat()}


def main() -> None:
    """Serve on any free port."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named: else answers wait 40 ms
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    sys.stdout.write(f"listening on 127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(server.streamable_http_app(), log_config=None, access_log=False, timeout_keep_alive=120)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
