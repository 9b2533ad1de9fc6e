"""The migrated database against the tables as they are declared, and its words against the enums.

What lives here: shape only. That constraints hold against real rows is shown where the rows are written.
"""

import re
from enum import StrEnum

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

import server.db.tables.sandbox  # noqa: F401 (registers the sandbox's tables on the same metadata)
from server.db import migrate
from server.db.session import Database
from server.db.tables import Row
from server.domain.ledger import Account, EntryKind
from shared.schemas.enums import (
    ActorKind,
    AppointmentStatus,
    Audience,
    BookingSource,
    CancellationCause,
    Channel,
    EventKind,
    MeetingStatus,
    MessageKind,
    MessageStatus,
    PaymentStatus,
    RefundStatus,
    ResourceKind,
    Role,
    VisitMode,
)

# Nobody signs in as a patient.
STAFF = {role.value for role in Role} - {Role.PATIENT.value}
WORDS: dict[tuple[str, str], type[StrEnum] | set[str]] = {
    ("appointments", "status"): AppointmentStatus,
    ("appointments", "source"): BookingSource,
    ("appointments", "payment_status"): PaymentStatus,
    ("appointments", "cancellation_cause"): CancellationCause,
    ("events", "kind"): EventKind,
    ("events", "actor_kind"): ActorKind,
    ("jobs", "status"): {"queued", "running", "done", "failed"},
    ("ledger_entries", "account"): Account,
    ("ledger_entries", "kind"): EntryKind,
    ("meetings", "status"): MeetingStatus,
    ("messages", "kind"): MessageKind,
    ("messages", "audience"): Audience,
    ("messages", "channel"): Channel,
    ("messages", "status"): MessageStatus,
    ("payments", "status"): PaymentStatus,
    ("refunds", "status"): RefundStatus,
    ("resources", "kind"): ResourceKind,
    ("sandbox_texts", "direction"): {"outbound-api", "inbound"},
    ("services", "mode"): VisitMode,
    ("users", "role"): STAFF,
}

# One constraint whose whole expression is `column = ANY (ARRAY['…'::text, …])`.
WORD_LISTS = text(
    """
    SELECT relname AS row_of, attname AS word, pg_get_expr(conbin, conrelid) AS rule
    FROM pg_constraint
    JOIN pg_class ON pg_class.oid = conrelid
    JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
    JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE contype = 'c' AND nspname = 'public' AND cardinality(conkey) = 1
      AND pg_get_expr(conbin, conrelid) ~ '^\\(\\w+ = ANY \\(ARRAY\\['
    """
)
SHAPE = """
    SELECT 'constraint ' || relname || '.' || conname AS name, pg_get_constraintdef(pg_constraint.oid) AS rule
    FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid WHERE relnamespace = '{schema}'::regnamespace AND contype <> 't'
    UNION ALL
    SELECT 'index ' || tablename || '.' || indexname, indexdef FROM pg_indexes WHERE schemaname = '{schema}'
    UNION ALL
    SELECT 'column ' || table_name || '.' || column_name,
           concat_ws(' ', udt_name, is_nullable, column_default, identity_generation)
    FROM information_schema.columns WHERE table_schema = '{schema}'
"""


def shape(connection: Connection, schema: str) -> dict[str, str]:
    rows = connection.execute(text(SHAPE.format(schema=schema)))
    return {
        row.name: re.sub(rf"\b({schema}|public)\.", "", row.rule) for row in rows if "alembic_version" not in row.name
    }


async def test_a_migrated_database_lacks_nothing(db: Database) -> None:
    assert await migrate.missing(db.url) == []


# SQLAlchemy knows no xid8; the columns of that type are compared below.
@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
async def test_the_next_migration_would_be_empty(db: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, Row.metadata))

    async with db.write.connect() as connection:
        found = await connection.run_sync(differences)

    assert found == [], "write a migration, or declare what it made"


async def test_migrations_and_tables_agree_on_every_constraint_index_and_default(db: Database) -> None:
    """Alembic compares no checks, no exclusions and no predicates, so both are built and their catalogues compared."""

    def both(connection: Connection) -> tuple[dict[str, str], dict[str, str]]:
        connection.execute(text("CREATE SCHEMA declared"))
        connection.execute(text("SET LOCAL search_path = declared, public"))
        Row.metadata.create_all(connection, checkfirst=False)
        declared = shape(connection, "declared")
        connection.execute(text("SET LOCAL search_path = public"))
        return shape(connection, "public"), declared

    async with db.write.connect() as connection:
        migrated, declared = await connection.run_sync(both)
        await connection.rollback()

    assert len(migrated) > 300
    assert sorted(migrated.items() ^ declared.items()) == []


async def test_every_word_of_an_enum_is_allowed_and_no_other(db: Database) -> None:
    async with db.read.connect() as connection:
        rules = {(row.row_of, row.word): row.rule for row in await connection.execute(WORD_LISTS)}

    assert set(rules) == set(WORDS), "a list of words has an enum here"
    for place, words in WORDS.items():
        known = words if isinstance(words, set) else {word.value for word in words}
        assert set(re.findall(r"'([^']*)'", rules[place])) == known, place


@pytest.mark.parametrize(("table", "column"), sorted(WORDS))
async def test_a_word_that_nobody_knows_is_refused(db: Database, table: str, column: str) -> None:
    words = WORDS[table, column]
    known = words if isinstance(words, set) else {word.value for word in words}
    async with db.read.connect() as connection:
        rules = {(row.row_of, row.word): row.rule for row in await connection.execute(WORD_LISTS)}
        candidates = [*sorted(known), "no_such_word", "", next(iter(known)).upper()]

        rule = rules[table, column]
        answers = await connection.execute(
            text(f"SELECT {column}, {rule} AS allowed FROM unnest(CAST(:words AS text[])) AS given({column})"),
            {"words": candidates},
        )

    assert {row[0] for row in answers if row.allowed} == known


async def test_what_is_append_only_and_what_must_balance_is_guarded_by_the_database(db: Database) -> None:
    async with db.read.connect() as connection:
        rows = await connection.execute(
            text("SELECT tgrelid::regclass::text || ': ' || tgname FROM pg_trigger WHERE NOT tgisinternal")
        )

        assert sorted(rows.scalars()) == [
            "access_log: access_log_append_only",
            "events: events_append_only",
            "ledger_entries: ledger_entries_append_only",
            "ledger_entries: ledger_entries_balance",
        ]
