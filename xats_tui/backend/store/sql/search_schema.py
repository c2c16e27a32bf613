"""Schema of the full-text index, a released step of the migrations: never change it, add a step.

`search_index` holds one document for each message (all copies of a broadcast together), event, action of the operator,
task, contract version and agent.  A document's number is `8 * NUMBER + KIND`: within a kind, newer ones have higher
numbers.  The views give the text of each, so that what was put in can be taken out again; beside the text stand marks,
words that no person types, for sender, recipients and team.

Messages, events, actions and contracts are put in after their commit, in batches, from the highest number downwards;
`search_progress` says which range is in.  Tasks and agents change, so triggers take their old text out, and
`search_subjects` says which are in.
"""

KINDS = 8
"""Numbers that a document's number has for kinds."""

MESSAGE, EVENT, ACTION, TASK, CONTRACT, AGENT = range(6)
"""Kinds of documents."""

ID_CHARS = 12
"""Characters of an id in a mark, its last ones: not always all of it, so hits are checked."""


def _mark(letter: str, column: str, chars: int = 0) -> str:
    """Return SQL for the mark of an id or a team; hexadecimal digits are one word for the tokenizer."""
    value = f"substr({column}, -{chars})" if chars else column
    return f"' {letter}' || hex({value})"


def _person(letter: str, column: str) -> str:
    return _mark(letter, column, ID_CHARS)


VIEWS = (
    f"""CREATE VIEW search_messages AS SELECT e.event_id AS number,
        (SELECT coalesce(m.subject, '') || char(10) || m.body FROM messages m
         WHERE m.event_id = e.event_id ORDER BY m.rowid LIMIT 1) AS text,
        'k{MESSAGE}' || {_mark("g", "e.from_team")} || {_mark("g", "e.to_team")} ||
        {_person("f", "coalesce(e.actor_agent_id, '')")} ||
        (SELECT group_concat({_person("t", "m.to_agent_id")}, '') FROM messages m
         WHERE m.event_id = e.event_id) AS marks
        FROM events e WHERE +e.event_type = 'message_sent'
        AND EXISTS (SELECT 1 FROM messages m WHERE m.event_id = e.event_id)""",
    f"""CREATE VIEW search_events AS SELECT e.event_id AS number,
        replace(e.event_type, '_', ' ') || char(10) || CASE WHEN json_valid(e.payload) THEN coalesce(
        (SELECT group_concat(j.value, char(10)) FROM json_each(e.payload) j WHERE j.type = 'text'), '')
        ELSE '' END AS text,
        'k{EVENT}' || {_mark("g", "e.from_team")} || {_mark("g", "e.to_team")} ||
        {_person("f", "coalesce(e.actor_agent_id, '')")} AS marks
        FROM events e WHERE +e.event_type <> 'message_sent'""",
    f"""CREATE VIEW search_actions AS SELECT a.activity_id AS number,
        a.verb || char(10) || a.detail AS text,
        'k{ACTION}' || {_person("f", "'operator'")} || {_person("t", "coalesce(a.agent_id, '')")} AS marks
        FROM activity a""",
    f"""CREATE VIEW search_tasks AS SELECT s.number AS number,
        t.title || char(10) || coalesce(t.description, '') || char(10) || coalesce(t.result, '') AS text,
        'k{TASK}' || {_mark("g", "t.team")} AS marks
        FROM search_subjects s JOIN tasks t ON t.id = s.key WHERE +s.kind = {TASK}""",
    f"""CREATE VIEW search_contracts AS SELECT c.id AS number,
        c.name || char(10) || coalesce(c.note, '') || char(10) || CASE WHEN json_valid(c.schema) THEN coalesce(
        (SELECT group_concat(substr(replace(j.fullkey, '.properties.', '.'), 3), char(10)) FROM json_tree(c.schema) j
         WHERE j.path LIKE '%.properties'), '') ELSE '' END AS text,
        'k{CONTRACT}' || {_mark("g", "c.team")} || {_person("f", "c.registered_by")} AS marks
        FROM contracts c""",
    f"""CREATE VIEW search_agents AS SELECT s.number AS number,
        a.name || char(10) || a.role || char(10) || a.team || char(10) || coalesce(a.model, '') || char(10) ||
        coalesce(a.client, '') || char(10) || coalesce(a.client_name, '') AS text,
        'k{AGENT}' || {_mark("g", "a.team")} AS marks
        FROM search_subjects s JOIN agents a ON a.agent_id = s.key WHERE +s.kind = {AGENT}""",
)


DOCUMENTS = "CREATE VIEW search_documents AS " + " UNION ALL ".join(
    f"SELECT v.number * {KINDS} + {kind} AS doc, v.text AS text, v.marks AS marks FROM {view} v "
    f"JOIN search_progress p ON p.kind = {kind} AND v.number BETWEEN p.low AND p.high"
    if is_ranged
    else f"SELECT v.number * {KINDS} + {kind} AS doc, v.text AS text, v.marks AS marks FROM {view} v "
    "JOIN search_subjects s ON s.number = v.number AND s.is_indexed"
    for kind, view, is_ranged in (
        (MESSAGE, "search_messages", True),
        (EVENT, "search_events", True),
        (ACTION, "search_actions", True),
        (TASK, "search_tasks", False),
        (CONTRACT, "search_contracts", True),
        (AGENT, "search_agents", False),
    )
)
"""Everything that is in the index: the content of `search_index`, for its own checks."""


def _taken_out(kind: int, view: str, number: str, is_in: str) -> str:
    """Return a statement that takes one document out; the view still has the old text."""
    return (
        "INSERT INTO search_index (search_index, rowid, text, marks) "
        f"SELECT 'delete', v.number * {KINDS} + {kind}, v.text, v.marks FROM {view} v "
        f"WHERE v.number = {number} AND {is_in};"
    )


def _in_range(kind: int, number: str) -> str:
    return f"EXISTS (SELECT 1 FROM search_progress p WHERE p.kind = {kind} AND {number} BETWEEN p.low AND p.high)"


def _triggers_of_a_subject(kind: int, view: str, table: str, key: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the triggers of a table whose rows change."""
    subject = f"kind = {kind} AND key = old.{key}"
    number = f"(SELECT number FROM search_subjects WHERE {subject} AND is_indexed)"
    has_changed = " OR ".join(f"old.{column} IS NOT new.{column}" for column in columns)
    return (
        f"CREATE TRIGGER search_{table}_added AFTER INSERT ON {table} BEGIN "
        f"INSERT OR IGNORE INTO search_subjects (kind, key) VALUES ({kind}, new.{key}); END",
        f"CREATE TRIGGER search_{table}_changed BEFORE UPDATE OF {', '.join(columns)} ON {table} "
        f"WHEN {has_changed} BEGIN {_taken_out(kind, view, number, '1')} "
        f"UPDATE search_subjects SET is_indexed = 0 WHERE {subject} AND is_indexed; END",
        f"CREATE TRIGGER search_{table}_deleted BEFORE DELETE ON {table} BEGIN "
        f"{_taken_out(kind, view, number, '1')} DELETE FROM search_subjects WHERE {subject}; END",
    )


SEARCH = (
    """CREATE TABLE search_progress (
        kind INTEGER PRIMARY KEY, low INTEGER NOT NULL, high INTEGER NOT NULL)""",
    """CREATE TABLE search_subjects (
        number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key TEXT NOT NULL,
        is_indexed INTEGER NOT NULL DEFAULT 0, UNIQUE (kind, key))""",
    "CREATE INDEX idx_search_waiting ON search_subjects (kind, number) WHERE NOT is_indexed",
    *VIEWS,
    DOCUMENTS,
    """CREATE VIRTUAL TABLE search_index USING fts5(
        text, marks, content='search_documents', content_rowid='doc', columnsize=0,
        tokenize="unicode61 remove_diacritics 2")""",
    # Every word that the index has met, and the three-character parts of each: so parts of words are found without an
    # index of the parts of all texts, which would be larger than the texts.
    "CREATE TABLE search_words (number INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE)",
    """CREATE VIRTUAL TABLE search_parts USING fts5(
        word, content='search_words', content_rowid='number', columnsize=0, detail='none', tokenize='trigram')""",
    "CREATE TRIGGER search_words_added AFTER INSERT ON search_words BEGIN "
    "INSERT INTO search_parts (rowid, word) VALUES (new.number, new.word); END",
    *_triggers_of_a_subject(TASK, "search_tasks", "tasks", "id", ("team", "title", "description", "result")),
    *_triggers_of_a_subject(
        AGENT, "search_agents", "agents", "agent_id", ("team", "name", "role", "model", "client", "client_name")
    ),
    "CREATE TRIGGER search_events_deleted BEFORE DELETE ON events WHEN old.event_type <> 'message_sent' BEGIN "
    f"{_taken_out(EVENT, 'search_events', 'old.event_id', _in_range(EVENT, 'old.event_id'))} END",
    "CREATE TRIGGER search_activity_deleted BEFORE DELETE ON activity BEGIN "
    f"{_taken_out(ACTION, 'search_actions', 'old.activity_id', _in_range(ACTION, 'old.activity_id'))} END",
)
"""Tables, views and triggers."""

BEGINNING = (
    # Ids only: a small part of what the copy of the file before this step has taken.
    f"INSERT OR IGNORE INTO search_subjects (kind, key) SELECT {TASK}, id FROM tasks ORDER BY rowid",
    f"INSERT OR IGNORE INTO search_subjects (kind, key) SELECT {AGENT}, agent_id FROM agents ORDER BY rowid",
    "DELETE FROM search_progress",
    f"INSERT INTO search_progress SELECT {MESSAGE}, coalesce(max(event_id), 0) + 1, coalesce(max(event_id), 0) "
    "FROM events",
    f"INSERT INTO search_progress SELECT {EVENT}, coalesce(max(event_id), 0) + 1, coalesce(max(event_id), 0) "
    "FROM events",
    f"INSERT INTO search_progress SELECT {ACTION}, coalesce(max(activity_id), 0) + 1, coalesce(max(activity_id), 0) "
    "FROM activity",
    f"INSERT INTO search_progress SELECT {CONTRACT}, coalesce(max(id), 0) + 1, coalesce(max(id), 0) FROM contracts",
)
"""An empty index: nothing of what is stored is in it."""
