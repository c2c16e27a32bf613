"""Letters as tests write and read them, in one line each."""

from tests.mcp_caller import Caller


async def send(sender: Caller, to: str, body: str = "hello", **fields: object) -> str:
    """The id of a message that wakes nobody."""
    answer = await sender.call("send_message", to_agent_name=to, body=body, auto_poke=False, **fields)
    message_id: str = answer["message_id"]
    return message_id


async def inbox(reader: Caller, **fields: object) -> list[str]:
    """The bodies that an inbox shows."""
    return [message["body"] for message in (await reader.call("get_inbox", **fields))["messages"]]
