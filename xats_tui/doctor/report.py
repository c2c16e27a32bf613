"""Report of the findings: printed one by one as they come, or all of them as JSON."""

import json
from collections import Counter
from collections.abc import Iterator

from xats_tui.doctor.examination import CHECKS, TRIALS, examined
from xats_tui.doctor.finding import Case, Finding, State
from xats_tui.runtime.console import Console, visible

SHAPES = {
    State.OK: ("✓", "+", "green"),
    State.SKIPPED: ("–", "-", "dim"),
    State.WARNING: ("▲", "!", "yellow"),
    State.PROBLEM: ("✕", "x", "red"),
}
"""Shape, its ASCII replacement, and colour of each state."""

TOPIC_CELLS = 18


def examine(case: Case, paper: Console, *, quick: bool, as_json: bool) -> bool:
    """Run all checks and print the findings; return whether there is no problem."""
    findings = []
    for finding in _findings(case, paper, quick=quick):
        findings.append(finding)
        if not as_json:
            _write(finding, paper)
    states = Counter(finding.state for finding in findings)
    if as_json:
        told = [{**_record(finding)} for finding in findings]
        counts = {state.value: states[state] for state in State}
        paper.write(json.dumps({"ok": not states[State.PROBLEM], "counts": counts, "findings": told}, indent=2))
    else:
        _sum_up(states, paper)
    return not states[State.PROBLEM]


def _findings(case: Case, paper: Console, *, quick: bool) -> Iterator[Finding]:
    try:
        for name, check in (*CHECKS, *(() if quick else TRIALS)):
            paper.note(f"  {paper.shape('…', '.')} {name}")
            for finding in examined(name, check, case):
                paper.forget_note()
                yield finding
                paper.note(f"  {paper.shape('…', '.')} {name}")
    finally:  # an interrupt must leave a clean line, too
        paper.forget_note()


def _record(finding: Finding) -> dict[str, str]:
    return {"topic": finding.topic, "state": finding.state, "found": finding.found, "remedy": finding.remedy}


def _write(finding: Finding, paper: Console) -> None:
    shape, plain, colour = SHAPES[finding.state]
    mark = paper.coloured(paper.shape(shape, plain), colour)
    margin = " " * (TOPIC_CELLS + 4)
    dim = ("dim",) if finding.state is State.SKIPPED else ()
    paper.wrapped(visible(finding.found), f"  {mark} {finding.topic:<{TOPIC_CELLS}}", margin, *dim)
    if finding.remedy:
        arrow = paper.shape("→", ">")
        paper.wrapped(visible(finding.remedy), f"{margin}{paper.coloured(arrow, colour)} ", margin + "  ", colour)


def _sum_up(states: Counter[State], paper: Console) -> None:
    paper.write()
    counted = [
        paper.coloured(f"{states[state]} {state.value}{'s' * (states[state] > 1)}", SHAPES[state][2], "bold")
        for state in (State.PROBLEM, State.WARNING)
        if states[state]
    ]
    paper.write("  " + (", ".join(counted) if counted else paper.coloured("All is well.", "green", "bold")))
