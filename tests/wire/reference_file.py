"""A database file of the reference program, of the time before agents had a delivery and messages `need_reply`."""

import sqlite3
from contextlib import closing
from pathlib import Path

THEN = "2026-11-20T10:00:00.000Z"

ALICE, BOB, CLAUDE = (f"{number}0000000-0000-4000-8000-000000000000" for number in (1, 2, 3))
CHANNEL = "40000000-0000-4000-8000-000000000000"

TABLES = """
CREATE TABLE events (event_id INTEGER PRIMARY KEY AUTOINCREMENT, from_team TEXT NOT NULL, to_team TEXT NOT NULL,
  event_type TEXT NOT NULL, actor_agent_id TEXT, payload TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE INDEX idx_events_from_team ON events(from_team, event_id);
CREATE INDEX idx_events_to_team ON events(to_team, event_id);
CREATE TABLE agents (agent_id TEXT PRIMARY KEY, team TEXT NOT NULL, role TEXT NOT NULL, name TEXT NOT NULL, model TEXT,
  registered_at TEXT NOT NULL, last_seen_at TEXT NOT NULL, last_processed_event_id INTEGER NOT NULL DEFAULT 0,
  tmux_pane_id TEXT, channel_session_id TEXT);
CREATE UNIQUE INDEX idx_agents_team_name ON agents(team, name);
CREATE TABLE messages (id TEXT PRIMARY KEY, event_id INTEGER NOT NULL REFERENCES events(event_id),
  from_team TEXT NOT NULL, to_team TEXT NOT NULL, from_agent_id TEXT NOT NULL, to_agent_id TEXT, to_role TEXT,
  subject TEXT, body TEXT NOT NULL, sent_at TEXT NOT NULL);
CREATE TABLE tasks (id TEXT PRIMARY KEY, team TEXT NOT NULL, title TEXT NOT NULL, description TEXT,
  status TEXT NOT NULL CHECK (status IN ('pending','in_progress','completed')), depends_on TEXT NOT NULL,
  claimed_by TEXT, claimed_at TEXT, completed_at TEXT, result TEXT, created_at TEXT NOT NULL);
CREATE TABLE contracts (id INTEGER PRIMARY KEY AUTOINCREMENT, team TEXT NOT NULL, name TEXT NOT NULL,
  version INTEGER NOT NULL, format TEXT NOT NULL CHECK (format = 'jsonschema'), schema TEXT NOT NULL, note TEXT,
  registered_by TEXT NOT NULL, registered_at TEXT NOT NULL, UNIQUE(team, name, version));
CREATE TABLE contract_subscriptions (agent_id TEXT NOT NULL, team TEXT NOT NULL, contract_name TEXT NOT NULL,
  subscribed_at TEXT NOT NULL, PRIMARY KEY (agent_id, team, contract_name));
CREATE TABLE message_delivery_status (message_id TEXT NOT NULL, agent_id TEXT NOT NULL,
  wake_status TEXT NOT NULL CHECK (wake_status IN ('delivered','retrying','skipped','failed')), skip_reason TEXT,
  retry_attempts INTEGER NOT NULL DEFAULT 0, updated_at TEXT NOT NULL, delivered_at TEXT,
  PRIMARY KEY (message_id, agent_id));
"""

ROWS = f"""
INSERT INTO agents (agent_id, team, role, name, model, registered_at, last_seen_at, channel_session_id) VALUES
  ('{ALICE}', 'shop', 'lead', 'alice', 'm', '{THEN}', '{THEN}', NULL),
  ('{BOB}', 'shop', 'worker', 'bob', 'm', '{THEN}', '{THEN}', NULL),
  ('{CLAUDE}', 'shop', 'worker', 'carol', 'm', '{THEN}', '{THEN}', '{CHANNEL}');
INSERT INTO events VALUES
  (1, 'shop', 'shop', 'message_sent', '{ALICE}', '{{}}', '{THEN}'),
  (2, 'shop', 'shop', 'message_sent', '{ALICE}', '{{}}', '{THEN}'),
  (3, 'shop', 'shop', 'task_added', '{ALICE}', '{{}}', '{THEN}'),
  (9, 'shop', 'shop', 'contract_registered', '{ALICE}', '{{"name":"api","version":1,"diff":null}}', '{THEN}');
INSERT INTO messages VALUES
  ('m-1', 1, 'shop', 'shop', '{ALICE}', '{BOB}', NULL, 'hello', 'direct', '{THEN}'),
  ('m-2', 2, 'shop', 'shop', '{ALICE}', '{BOB}', 'worker', NULL, 'to the role', '{THEN}'),
  ('m-2-1', 2, 'shop', 'shop', '{ALICE}', '{CLAUDE}', 'worker', NULL, 'to the role', '{THEN}');
INSERT INTO message_delivery_status VALUES
  ('m-1', '{BOB}', 'retrying', 'guard_failed', 1, '{THEN}', NULL),
  ('m-2', '{BOB}', 'delivered', NULL, 0, '{THEN}', '{THEN}'),
  ('m-2', '{CLAUDE}', 'skipped', 'no_pane', 0, '{THEN}', NULL);
INSERT INTO tasks VALUES
  ('t-1', 'shop', 'build', 'all', 'in_progress', '[]', '{BOB}', '{THEN}', NULL, NULL, '{THEN}'),
  ('t-2', 'shop', 'ship', NULL, 'pending', '["t-1","gone"]', NULL, NULL, NULL, NULL, '2026-11-20T10:00:01.000Z');
INSERT INTO contracts VALUES (1, 'shop', 'api', 1, 'jsonschema', '{{"type":"object"}}', 'draft', '{ALICE}', '{THEN}');
INSERT INTO contract_subscriptions VALUES ('{BOB}', 'shop', 'api', '{THEN}');
"""


def build(path: Path) -> None:
    """Make the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TABLES + ROWS)
        connection.commit()
