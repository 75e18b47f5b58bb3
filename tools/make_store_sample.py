"""Write tests/data/stores/v<N>.db: a store of the present schema version, kept for the tests of later migrations.

Run once when a new migration is released; a file that is there is never written again. Its key is 32 times 0x07.
"""

from __future__ import annotations

from pathlib import Path

from companion.memory import schema, store

FOLDER = Path(__file__).parents[1] / "tests" / "data" / "stores"


def main() -> None:
    """Make the file."""
    path = FOLDER / f"v{len(schema.MIGRATIONS)}.db"
    made = store.create(path, bytearray(b"\x07" * 32))
    with made.transaction():
        made.execute("INSERT INTO sessions (started, language) VALUES (0, 'en')")
        for turn, (said, language) in enumerate([("I moved to Busan", "en"), ("부산으로 이사했어요", "ko")]):
            made.execute(
                "INSERT INTO episodes (session, turn, started, said, language) VALUES (1, ?, 0, ?, ?)",
                (turn, said, language),
            )
        made.execute(
            "INSERT INTO feelings (episode, at, valence, arousal, modality, confidence)"
            " VALUES (1, 0, 0.5, 0, 'words', 1)"
        )
    made.close()
    print(path)


if __name__ == "__main__":
    main()
