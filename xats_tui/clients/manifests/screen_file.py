"""The part of a manifest that describes the screen."""

from collections.abc import Mapping

from xats_tui.clients.manifests.input_line import CursorKind, InputLineShape, PlaceholderStyle
from xats_tui.clients.manifests.screen_rules import PRIORITIES, RULE_STATES, Place, Rule, ScreenRules, When
from xats_tui.clients.manifests.tables import Table
from xats_tui.core.model.panes import PaneState

MAX_ROWS_BELOW = 8

MAX_PRIORITY = 1_000

MAX_RULE_ROWS = 100


def screen_in(table: Table) -> ScreenRules:
    """Parse the table `[screen]`.

    Raises:
        BadManifest: it cannot be used.
    """
    shape = table.table("input")
    if shape is None:
        table.refuse("", "write [screen.input], which says where the input line is")
    rules = tuple(_rule(rule) for rule in table.tables("rule"))
    table.end()
    if not any(rule.state is PaneState.DIALOG for rule in rules):
        table.refuse("", 'write a [[screen.rule]] with state = "dialog": the program asks its person somewhere')
    return ScreenRules(shape=_shape(shape), rules=rules)


def _shape(table: Table) -> InputLineShape:
    placeholder = table.texts("placeholder")
    for style in placeholder:
        if style not in set(PlaceholderStyle):
            table.refuse("placeholder", f"placeholder is a list of {', '.join(PlaceholderStyle)}")
    shape = InputLineShape(
        above=table.pattern("above"),
        below=table.pattern("below"),
        prompts=_characters(table, "prompts"),
        modes=_modes(table),
        sides=_characters(table, "sides"),
        ignored=_characters(table, "ignored"),
        cursor=CursorKind(table.choice("cursor", tuple(CursorKind))),
        placeholder=frozenset(map(PlaceholderStyle, placeholder)),
        like=table.pattern("placeholder_like") if "placeholder_like" in table else None,
        sign=table.pattern("placeholder_sign") if "placeholder_sign" in table else None,
        max_rows_below=table.number_of("rows_below", 3, 0, MAX_ROWS_BELOW),
    )
    table.end()
    return shape


def _characters(table: Table, key: str) -> frozenset[str]:
    found = table.texts(key)
    if any(len(text) != 1 for text in found):
        table.refuse(key, f"write {key} as a list of single characters")
    return frozenset(found)


def _modes(table: Table) -> Mapping[str, str]:
    modes = table.table("modes")
    found = {key: modes.text(key) for key in modes.values} if modes else {}
    if any(len(key) != 1 for key in found):
        table.refuse("modes", 'write modes as { "!" = "the reason" }, with single characters')
    return found


def _rule(table: Table) -> Rule:
    state = PaneState(table.choice("state", tuple(RULE_STATES)))
    rule = Rule(
        number=table.number + 1,
        file=table.source.name,
        line=table.source.line_of(table.path, table.number, ""),
        state=state,
        priority=table.number_of("priority", PRIORITIES.get(state, 0), 0, MAX_PRIORITY),
        place=Place(table.choice("place", tuple(Place))),
        rows=table.number_of("rows", 0, 1, MAX_RULE_ROWS),
        pattern=table.pattern("pattern"),
        among=table.pattern("among") if "among" in table else None,
        when=When(table.choice("when", tuple(When), When.ALWAYS)),
        reason=table.text("reason", ""),
    )
    table.end()
    return rule
