"""Reference of the MCP tools: description and arguments as in `tools/list`, an example call, the error codes."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from docs_generator.examples import Example, examples
from docs_generator.markdown import code, fenced
from tests.wire.outcomes import OUTCOMES, kind_of
from xats_tui.backend.tools import TOOLS

NOUNS: Mapping[str, str] = {
    "registration": "Registering",
    "agents": "Agents",
    "messages": "Messages",
    "search": "Searching",
    "tasks": "Tasks",
    "contracts": "Contracts",
    "runtime": "Panes",
    "channels": "Channels",
}
"""Modules of `xats_tui.backend.tools`, with their headings."""

WIDTH = 100
"""Longest line of an answer, in characters."""

TYPES = {
    "string": "text",
    "integer": "number",
    "boolean": "true or false",
    "object": "object",
    "array": "list of texts",
}


def tools() -> str:
    """Return a section for each tool, grouped by noun."""
    shown = examples()
    return "\n".join(_of_noun(module, heading, shown) for module, heading in NOUNS.items())


def _of_noun(module: str, heading: str, shown: Mapping[str, Example]) -> str:
    own = [name for name, tool in TOOLS.items() if tool.arguments.__module__.endswith(f".{module}")]
    own += [name for name, tool in TOOLS.items() if tool.run.__module__.endswith(f".{module}") and name not in own]
    return "\n".join([f"## {heading}\n", *(_section(name, shown[name]) for name in own)])


def _section(name: str, example: Example) -> str:
    offered = TOOLS[name].offered()
    parts = [
        f"### {name}\n",
        f"{offered.description}\n",
        "".join(_arguments(offered.input_schema)) or "- no arguments\n",
        fenced(_called(name, *example)),
        _refused(name),
    ]
    return "\n".join(part for part in parts if part)


def _arguments(schema: Mapping[str, Any]) -> Iterator[str]:
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        rest = f": {field['description']}" if "description" in field else ""
        yield f"- {code(name)} ({_kind(field)}{_presence(field, required=name in required)}){rest}\n"


def _presence(field: Mapping[str, Any], *, required: bool) -> str:
    if required:
        return ", required"
    return f", {code(json.dumps(field['default']))} if left out" if "default" in field else ""


def _kind(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(code(one) for one in field["enum"])
    if "const" in field:
        return code(field["const"])
    return TYPES[field["type"]]


def _called(name: str, arguments: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    return f"{name} {_json(arguments)}\n→ {_json(answer)}"


def _json(value: Any, depth: int = 0) -> str:
    """Format JSON in as few lines as fit into `WIDTH`."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + 2 * depth <= WIDTH or not isinstance(value, dict | list):
        return flat
    inner, outer = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict):
        lines = [f"{inner}{json.dumps(key)}: {_json(one, depth + 1)}" for key, one in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{outer}}}"
    return "[\n" + ",\n".join(f"{inner}{_json(one, depth + 1)}" for one in value) + f"\n{outer}]"


def _refused(name: str) -> str:
    kinds = dict.fromkeys(kind_of(outcome) for outcome in OUTCOMES[name])
    codes = [kind for kind in kinds if kind not in ("ok", "tool error")]
    codes += [] if not TOOLS[name].registered else ["unknown_agent", "superseded"]
    listed = ", ".join(code(one) for one in dict.fromkeys(codes))
    return f"Error codes: {listed}.\n" if listed else ""
