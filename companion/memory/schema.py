"""What the store holds, as numbered migrations. The number of the last one is the database's `user_version`.

A migration that has been released is never changed: a new one follows it. Each runs in one transaction. The full-text
tables keep no text of their own (external content) and delete securely; triggers keep them in step with their tables.
"""

from __future__ import annotations

from typing import Any

from companion.memory.errors import NewerSchema

FULL_TEXT = ("episode_words", "episode_grams", "fact_words", "fact_grams")
"""The FTS5 tables. `_words`: English stems and whole words. `_grams`: trigrams of texts in scripts that write particles
onto words or no spaces at all; Latin text is left out of them, it would only triple the file."""

TABLES = (
    "sessions",
    "episodes",
    "feelings",
    "facts",
    "summaries",
    "summary_sources",
    "embeddings",
    "profile",
    "receipts",
)
"""Every table with content of its own, parents before children."""

_GRAMS = "GLOB '*[ᄀ-ᇿ\u3040-ヿ㄰-㆏㐀-鿿가-힣]*'"  # Hangul, Kana, Han

_VERSION_1 = f"""
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started INTEGER NOT NULL,            -- milliseconds since 1970, UTC; so are all times below
    language TEXT NOT NULL,
    profile TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE episodes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice: a receipt names no one by mistake
    session INTEGER NOT NULL REFERENCES sessions (id),
    turn INTEGER NOT NULL,
    started INTEGER NOT NULL,
    said TEXT NOT NULL,                  -- the owner's words, or those of `person`
    answered TEXT NOT NULL DEFAULT '',   -- only what was heard of the reply
    interrupted INTEGER NOT NULL DEFAULT 0,
    language TEXT NOT NULL,
    person TEXT NOT NULL DEFAULT '',     -- who spoke, where it was not the owner
    topic TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX episodes_by_session ON episodes (session, id);
CREATE INDEX episodes_by_time ON episodes (started);

CREATE TABLE feelings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    episode INTEGER REFERENCES episodes (id) ON DELETE CASCADE, -- NULL once the words are gone or were never kept
    at INTEGER NOT NULL,
    valence REAL NOT NULL CHECK (valence BETWEEN -1 AND 1),
    arousal REAL NOT NULL CHECK (arousal BETWEEN -1 AND 1),
    emotion TEXT NOT NULL DEFAULT '',
    modality TEXT NOT NULL CHECK (modality IN ('voice', 'words', 'both')),
    confidence REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1)
) STRICT;
CREATE INDEX feelings_by_time ON feelings (at);
CREATE INDEX feelings_by_episode ON feelings (episode);

CREATE TABLE facts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    statement TEXT NOT NULL,
    key TEXT NOT NULL DEFAULT '',        -- what it is about ("owner.lives_in"): one fact a key is true at a time
    episode INTEGER NOT NULL REFERENCES episodes (id) ON DELETE CASCADE,
    evidence_start INTEGER NOT NULL,     -- characters of `episodes.said`, end exclusive: the words that prove it
    evidence_end INTEGER NOT NULL CHECK (0 <= evidence_start AND evidence_start < evidence_end),
    kind TEXT NOT NULL CHECK (kind IN ('said', 'inferred', 'confirmed')),
    confidence REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    valid_from INTEGER NOT NULL,
    valid_to INTEGER,                    -- NULL: still true
    sensitive INTEGER NOT NULL DEFAULT 0,
    expires INTEGER,                     -- NULL: never
    person TEXT NOT NULL DEFAULT '',
    topic TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX facts_by_key ON facts (key) WHERE key <> '';
CREATE INDEX facts_by_episode ON facts (episode);

CREATE TABLE summaries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    starts INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    text TEXT NOT NULL,
    language TEXT NOT NULL
) STRICT;
CREATE TABLE summary_sources (
    summary INTEGER NOT NULL REFERENCES summaries (id) ON DELETE CASCADE,
    episode INTEGER NOT NULL REFERENCES episodes (id) ON DELETE CASCADE,
    PRIMARY KEY (summary, episode)
) STRICT, WITHOUT ROWID;
CREATE INDEX summaries_by_episode ON summary_sources (episode);

CREATE TABLE embeddings (
    episode INTEGER PRIMARY KEY REFERENCES episodes (id) ON DELETE CASCADE,
    model TEXT NOT NULL,
    vector BLOB NOT NULL                 -- int8, unit vector times 127
) STRICT;

CREATE TABLE profile (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,                 -- JSON
    updated INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE receipts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    act TEXT NOT NULL,
    detail TEXT NOT NULL                 -- JSON: counts and checks, no content
) STRICT;

-- What was made from an episode's words goes when the words go or change.
CREATE TRIGGER episode_forgotten BEFORE DELETE ON episodes BEGIN
    DELETE FROM summaries WHERE id IN (SELECT summary FROM summary_sources WHERE episode = old.id);
END;
CREATE TRIGGER episode_corrected AFTER UPDATE OF said ON episodes WHEN old.said <> new.said BEGIN
    DELETE FROM summaries WHERE id IN (SELECT summary FROM summary_sources WHERE episode = old.id);
    DELETE FROM facts WHERE episode = old.id;
    DELETE FROM embeddings WHERE episode = old.id;
END;

CREATE VIRTUAL TABLE episode_words USING fts5 (
    person, said, answered, content = 'episodes', content_rowid = 'id', tokenize = 'porter unicode61'
);
CREATE TRIGGER episode_words_add AFTER INSERT ON episodes BEGIN
    INSERT INTO episode_words (rowid, person, said, answered) VALUES (new.id, new.person, new.said, new.answered);
END;
CREATE TRIGGER episode_words_drop AFTER DELETE ON episodes BEGIN
    INSERT INTO episode_words (episode_words, rowid, person, said, answered)
        VALUES ('delete', old.id, old.person, old.said, old.answered);
END;
CREATE TRIGGER episode_words_change AFTER UPDATE OF person, said, answered ON episodes BEGIN
    INSERT INTO episode_words (episode_words, rowid, person, said, answered)
        VALUES ('delete', old.id, old.person, old.said, old.answered);
    INSERT INTO episode_words (rowid, person, said, answered) VALUES (new.id, new.person, new.said, new.answered);
END;

CREATE VIEW episodes_in_grams AS SELECT id, said, answered FROM episodes WHERE said || answered {_GRAMS};
CREATE VIRTUAL TABLE episode_grams USING fts5 (
    said, answered, content = 'episodes_in_grams', content_rowid = 'id', tokenize = 'trigram'
);
CREATE TRIGGER episode_grams_add AFTER INSERT ON episodes WHEN new.said || new.answered {_GRAMS} BEGIN
    INSERT INTO episode_grams (rowid, said, answered) VALUES (new.id, new.said, new.answered);
END;
CREATE TRIGGER episode_grams_drop AFTER DELETE ON episodes WHEN old.said || old.answered {_GRAMS} BEGIN
    INSERT INTO episode_grams (episode_grams, rowid, said, answered)
        VALUES ('delete', old.id, old.said, old.answered);
END;
CREATE TRIGGER episode_grams_change_old AFTER UPDATE OF said, answered ON episodes
WHEN old.said || old.answered {_GRAMS} BEGIN
    INSERT INTO episode_grams (episode_grams, rowid, said, answered)
        VALUES ('delete', old.id, old.said, old.answered);
END;
CREATE TRIGGER episode_grams_change_new AFTER UPDATE OF said, answered ON episodes
WHEN new.said || new.answered {_GRAMS} BEGIN
    INSERT INTO episode_grams (rowid, said, answered) VALUES (new.id, new.said, new.answered);
END;

CREATE VIRTUAL TABLE fact_words USING fts5 (
    statement, person, topic, content = 'facts', content_rowid = 'id', tokenize = 'porter unicode61'
);
CREATE TRIGGER fact_words_add AFTER INSERT ON facts BEGIN
    INSERT INTO fact_words (rowid, statement, person, topic) VALUES (new.id, new.statement, new.person, new.topic);
END;
CREATE TRIGGER fact_words_drop AFTER DELETE ON facts BEGIN
    INSERT INTO fact_words (fact_words, rowid, statement, person, topic)
        VALUES ('delete', old.id, old.statement, old.person, old.topic);
END;
CREATE TRIGGER fact_words_change AFTER UPDATE OF statement, person, topic ON facts BEGIN
    INSERT INTO fact_words (fact_words, rowid, statement, person, topic)
        VALUES ('delete', old.id, old.statement, old.person, old.topic);
    INSERT INTO fact_words (rowid, statement, person, topic) VALUES (new.id, new.statement, new.person, new.topic);
END;

CREATE VIEW facts_in_grams AS SELECT id, statement FROM facts WHERE statement {_GRAMS};
CREATE VIRTUAL TABLE fact_grams USING fts5 (
    statement, content = 'facts_in_grams', content_rowid = 'id', tokenize = 'trigram'
);
CREATE TRIGGER fact_grams_add AFTER INSERT ON facts WHEN new.statement {_GRAMS} BEGIN
    INSERT INTO fact_grams (rowid, statement) VALUES (new.id, new.statement);
END;
CREATE TRIGGER fact_grams_drop AFTER DELETE ON facts WHEN old.statement {_GRAMS} BEGIN
    INSERT INTO fact_grams (fact_grams, rowid, statement) VALUES ('delete', old.id, old.statement);
END;
CREATE TRIGGER fact_grams_change_old AFTER UPDATE OF statement ON facts WHEN old.statement {_GRAMS} BEGIN
    INSERT INTO fact_grams (fact_grams, rowid, statement) VALUES ('delete', old.id, old.statement);
END;
CREATE TRIGGER fact_grams_change_new AFTER UPDATE OF statement ON facts WHEN new.statement {_GRAMS} BEGIN
    INSERT INTO fact_grams (rowid, statement) VALUES (new.id, new.statement);
END;

CREATE VIRTUAL TABLE episode_terms USING fts5vocab ('episode_words', 'row');
"""

_SECURE_DELETE = "".join(f"INSERT INTO {t} ({t}, rank) VALUES ('secure-delete', 1);\n" for t in FULL_TEXT)

MIGRATIONS: tuple[str, ...] = (_VERSION_1 + _SECURE_DELETE,)
"""`MIGRATIONS[n]` takes a store of version n to n + 1."""


def version(connection: Any) -> int:
    """The schema version of the open database; 0 where it is empty."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: Any, migrations: tuple[str, ...] = MIGRATIONS) -> None:
    """Bring the schema up to date: each missing migration in a transaction of its own, with its number.

    Raises:
        NewerSchema: the store is from a newer Companion; it is left as it is.
    """
    found = version(connection)
    if found > len(migrations):
        raise NewerSchema(
            f"this memory has version {found}, this Companion knows {len(migrations)}: update Companion to open it"
        )
    for number in range(found, len(migrations)):
        script = f"BEGIN IMMEDIATE;\n{migrations[number]}\nPRAGMA user_version = {number + 1};\nCOMMIT;"
        try:
            connection.executescript(script)
        except Exception:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
