"""Inclusion of JSON Schemas: whether one schema allows everything that another allows, and the obstacles if not.

`True` is a proof, `False` names a demand that the inner schema does not make, and `None` means that the answer is
unknown.  One rule is milder than JSON Schema: a property that an open object does not mention counts as absent.
Otherwise a version that adds an optional property would never be compatible with the one before.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from xats_tui.backend.services.schemas.document import (
    ELSEWHERE,
    HIDDEN,
    LITERAL,
    OPAQUE,
    TYPES,
    UNCLEAR,
    SchemaDocument,
    Verdict,
    all_of,
    fold_in,
    in_order,
    is_same,
    mapping,
    no_unless_hidden,
    patterned,
    property_of,
    required_of,
    types_of,
)
from xats_tui.backend.services.schemas.keywords import (
    ARRAYS,
    NUMBERS,
    OBJECTS,
    Unmet,
    literal,
    shown,
    unmet_demands,
    values_of,
)
from xats_tui.backend.services.schemas.values import canonical, pointer

MAX_COMPARISONS = 5_000
"""Most pairs of parts that are compared: schemas that refer to themselves in many ways have too many."""

MAX_VALUES = 1_000
"""Most values of an `enum` that are compared one by one."""

MAX_COMPARISON_DEPTH = 80
"""Most nested parts; each takes a few of Python's stack frames."""


class Obstacle(Struct, frozen=True):
    """A demand of the outer schema that the inner one does not make, or may not make."""

    path: str
    """JSON pointer into the outer schema."""
    what: str


class Inclusion:
    """The question whether `outer` allows everything that `inner` allows; `verdict` and `obstacles` are the answer."""

    def __init__(self, inner: Mapping[str, Any], outer: Mapping[str, Any], outer_name: str) -> None:
        self._inner, self._outer = SchemaDocument(inner), SchemaDocument(outer)
        self._name = outer_name
        self._same_words = self._inner.speaks_like(self._outer)
        self._known: dict[tuple[int, int], Verdict] = {}
        self._compared: list[Any] = []
        """All pairs so far; kept alive, so that no id() is reused."""
        self._allowed: dict[int, tuple[Any, frozenset[str]]] = {}
        """The values of each `enum`, for look-up."""
        self._found: list[Obstacle] = []
        self._depth = 0
        self.verdict = self._include(inner, outer, "")

    @property
    def obstacles(self) -> tuple[Obstacle, ...]:
        """The obstacles, each once."""
        return tuple(dict.fromkeys(self._found))

    def _include(self, inner: Any, outer: Any, path: str) -> Verdict:
        """Compare a pair of parts once."""
        if outer is True or outer == {}:
            return True
        pair = (id(inner), id(outer))
        if pair in self._known:
            return self._known[pair]
        if len(self._compared) > MAX_COMPARISONS or self._depth > MAX_COMPARISON_DEPTH:
            return self._report(path, "is too large to compare", None)
        if self._same_words and is_same(inner, outer):
            return True
        self._compared.append((inner, outer))
        settled = len(self._known)
        # A pair that is being compared further up counts as included, so that loops end.
        self._known[pair] = True
        self._depth += 1
        verdict = self._judge(self._inner.flat(inner), outer, path)
        self._depth -= 1
        if verdict is not True:  # verdicts since then may rely on the assumption
            for doubtful in list(self._known)[settled:]:
                del self._known[doubtful]
        self._known[pair] = verdict
        return verdict

    def _judge(self, inner: Any, outer: Any, path: str) -> Verdict:
        if inner is False:
            return True
        if outer is False:
            return self._report(path, "does not allow it", no_unless_hidden(inner))
        if not isinstance(outer, dict):
            return self._report(path, "has no schema there", None)
        outer = self._outer.keywords(outer)
        branches = list(self._branches(inner, outer))
        if branches:
            return all_of(self._include(branch, outer, path) for branch in branches)
        verdicts = [
            self._meet(inner, unmet, path) for unmet in unmet_demands(inner, outer, same_words=self._same_words)
        ]
        verdicts += [
            rule(self, inner, outer, path)
            for keywords, kinds, rule in RULES
            if keywords & outer.keys() and kinds & types_of(inner)
        ]
        return all_of(verdicts)

    def _meet(self, inner: Mapping[str, Any], unmet: Unmet, path: str) -> Verdict:
        return self._report(f"{path}/{unmet.keyword}", unmet.what, no_unless_hidden(inner) if unmet.certain else None)

    def _report(self, path: str, what: str, verdict: Verdict) -> Verdict:
        self._found.append(Obstacle(path, f"{self._name} {what}"))
        return verdict

    def _branches(self, inner: Mapping[str, Any], outer: Mapping[str, Any]) -> Iterator[Any]:
        """Yield simpler schemas that together allow what the inner schema allows; none if it is simple enough."""
        if LITERAL in inner:
            return
        if {"const", "enum"} & (inner.keys() | outer.keys()) and (values := values_of(inner)) is not None:
            mark = {OPAQUE: True} if HIDDEN & inner.keys() else {}
            many = len(values) > MAX_VALUES
            yield from (UNCLEAR,) if many else [{**literal(value), **mark} for value in values] or (False,)
            return
        for name in ("anyOf", "oneOf"):
            if isinstance(alternatives := inner.get(name), list):
                rest = {keyword: value for keyword, value in inner.items() if keyword != name}
                yield from (self._both(rest, alternative) for alternative in alternatives)
                return
        kinds = types_of(inner)
        if len(kinds) > 1 and kinds not in (TYPES, NUMBERS) and {"anyOf", "oneOf"} & outer.keys():
            yield from ({**inner, "type": kind} for kind in sorted(kinds))

    def _both(self, rest: Mapping[str, Any], alternative: Any) -> Any:
        flat = self._inner.flat(alternative)
        if flat is False:
            return False
        both = dict(flat)
        fold_in(both, rest)
        return both

    # References and combinations

    def _reference(self, inner: Any, outer: Mapping[str, Any], path: str) -> Verdict:
        target = self._outer.target(reference := outer["$ref"])
        if target is None and "://" in str(reference) and reference in inner.get(ELSEWHERE, ()):
            return True  # an unknown schema, but the same in both
        if target is None:
            return self._report(f"{path}/$ref", "refers to a schema that is not looked up", None)
        return self._include(inner, *target)

    def _every(self, inner: Any, outer: Mapping[str, Any], path: str) -> Verdict:
        parts = enumerate(outer["allOf"] if isinstance(outer["allOf"], list) else ())
        return all_of(self._include(inner, part, f"{path}/allOf/{number}") for number, part in parts)

    def _alternatives(self, inner: Any, outer: Mapping[str, Any], path: str) -> Verdict:
        names = [name for name in ("anyOf", "oneOf") if name in outer]
        return all_of(self._some(inner, outer[name], f"{path}/{name}", only_one=name == "oneOf") for name in names)

    def _some(self, inner: Any, alternatives: Any, path: str, *, only_one: bool) -> Verdict:
        """Return whether one alternative allows everything; with `only_one` the others must allow nothing of it."""
        if not isinstance(alternatives, list):
            return self._report(path, "has no list of schemas there", None)
        before = self._found
        tries: list[tuple[Verdict, list[Obstacle]]] = []
        for number, alternative in enumerate(alternatives):
            self._found = []
            tries.append((self._include(inner, alternative, f"{path}/{number}"), self._found))
        self._found = before
        verdicts = [verdict for verdict, _ in tries]
        near = [number for number, alternative in enumerate(alternatives) if not self._apart(inner, alternative)]
        if True in verdicts:
            alone = not only_one or near in ([verdicts.index(True)], [])
            return alone or self._report(path, "may allow it through more than one alternative", None)
        if len(near) == 1:
            verdict, obstacles = tries[near[0]]
            self._found += obstacles
            return verdict
        certain = all(verdict is False for verdict in verdicts)
        return self._report(path, "has no alternative that allows all of it", False if certain else None)

    def _apart(self, inner: Any, alternative: Any) -> bool:
        """Return whether an alternative surely allows nothing: its type or the value of a required property differs."""
        flat = self._outer.flat(alternative)
        if flat is False or not types_of(flat) & types_of(inner):
            return True
        ours, theirs = mapping(inner.get("properties")), mapping(flat.get("properties"))
        fixed = ours.keys() & theirs.keys() & required_of(inner)
        return types_of(inner) == OBJECTS and any(self._differ(ours[name], theirs[name]) for name in fixed)

    def _differ(self, ours: Any, theirs: Any) -> bool:
        flats = self._inner.flat(ours), self._outer.flat(theirs)
        here, there = (values_of(flat) if isinstance(flat, dict) else None for flat in flats)
        return here is not None and there is not None and not {*map(canonical, here)} & {*map(canonical, there)}

    # Values

    def _values(self, inner: Any, outer: Mapping[str, Any], path: str) -> Verdict:
        keyword = "const" if "const" in outer else "enum"
        listed = [outer["const"]] if "const" in outer else outer["enum"]
        if not isinstance(listed, list):
            return self._report(f"{path}/{keyword}", "has no list there", None)
        if LITERAL not in inner:
            what = f"allows {shown(outer[keyword])} only"
        elif canonical(inner["const"]) in self._lookup(listed):
            return True
        else:
            what = f"does not allow {shown(inner['const'])}"
        return self._report(f"{path}/{keyword}", what, no_unless_hidden(inner))

    def _lookup(self, listed: list[Any]) -> frozenset[str]:
        if id(listed) not in self._allowed:
            self._allowed[id(listed)] = (listed, frozenset(map(canonical, listed)))
        return self._allowed[id(listed)][1]

    # Objects

    def _properties(self, inner: Any, outer: Mapping[str, Any], path: str) -> Verdict:
        return all_of(
            self._include(property_of(inner, name), part, f"{path}/properties{pointer([name])}")
            for name, part in mapping(outer["properties"]).items()
        )

    def _required(self, inner: Any, outer: Mapping[str, Any], path: str) -> Verdict:
        if not isinstance(outer["required"], list):
            return self._report(f"{path}/required", "marks itself as required (draft 3), which is not judged", None)
        known = required_of(inner)
        missing = [name for name in outer["required"] if name not in known]
        for name in missing:
            self._report(f"{path}/required", f"requires {shown(name)}", False)
        return no_unless_hidden(inner) if missing else True

    def _patterns(self, inner: Any, outer: Mapping[str, Any], path: str) -> Verdict:
        ours = mapping(inner.get("patternProperties"))
        return all_of(
            self._include(ours.get(pattern, UNCLEAR), part, f"{path}/patternProperties{pointer([pattern])}")
            for pattern, part in mapping(outer["patternProperties"]).items()
        )

    def _others(self, inner: Any, outer: Mapping[str, Any], path: str) -> Verdict:
        """Compare properties that the outer schema does not name."""
        place, asked = f"{path}/additionalProperties", outer["additionalProperties"]
        named = mapping(outer.get("properties"))
        unnamed = {name: part for name, part in mapping(inner.get("properties")).items() if name not in named}
        verdicts = [self._other(part, asked, place, f"does not allow {shown(name)}") for name, part in unnamed.items()]
        verdicts += [self._other(part, asked, place, "may not allow it") for part in patterned(inner, outer)]
        if outer.get("patternProperties"):  # it is unknown which names the patterns cover
            verdicts = [verdict or None for verdict in verdicts]
        rest = self._other(inner.get("additionalProperties", True), asked, place, "allows no other properties")
        return all_of([*verdicts, rest if rest is not False else no_unless_hidden(inner)])

    def _other(self, part: Any, asked: Any, place: str, refusal: str) -> Verdict:
        if asked is False:
            return True if part is False else self._report(place, refusal, False)
        return self._include(part, asked, place)

    # Arrays

    def _items(self, inner: Any, outer: Mapping[str, Any], path: str) -> Verdict:
        ours, our_rest, *_ = in_order(inner)
        theirs, their_rest, each, others = in_order(outer)
        verdicts = [
            self._include(ours[number] if number < len(ours) else our_rest, part, f"{path}/{each}/{number}")
            for number, part in enumerate(theirs)
        ]
        verdicts += [self._include(part, their_rest, f"{path}/{others}") for part in ours[len(theirs) :]]
        return all_of([*verdicts, self._include(our_rest, their_rest, f"{path}/{others}")])


Rule = Callable[[Inclusion, Any, Mapping[str, Any], str], Verdict]

RULES: tuple[tuple[frozenset[str], frozenset[str], Rule], ...] = (
    (frozenset({"const", "enum"}), TYPES, Inclusion._values),
    (frozenset({"$ref"}), TYPES, Inclusion._reference),
    (frozenset({"allOf"}), TYPES, Inclusion._every),
    (frozenset({"anyOf", "oneOf"}), TYPES, Inclusion._alternatives),
    (frozenset({"properties"}), OBJECTS, Inclusion._properties),
    (frozenset({"required"}), OBJECTS, Inclusion._required),
    (frozenset({"patternProperties"}), OBJECTS, Inclusion._patterns),
    (frozenset({"additionalProperties"}), OBJECTS, Inclusion._others),
    (frozenset({"items", "prefixItems", "additionalItems"}), ARRAYS, Inclusion._items),
)
"""Rules for keywords that hold other schemas, with the kinds of values they concern."""
