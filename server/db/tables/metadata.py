"""The declarative parent of all tables, the naming of constraints, and the column types they share.

Tables are declared as classes for their types; statements on them are Core and run on connections, so
nothing loads lazily and every write is a statement that can be read.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    MetaData,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, Range
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import DeclarativeBase, mapped_column

from server.db.ids import new_id

Key = Annotated[UUID, mapped_column(PG_UUID(as_uuid=True), primary_key=True, default=new_id)]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Created = Annotated[
    datetime,
    mapped_column(DateTime(timezone=True), server_default=text("frontdesk_now()")),
]
Minor = Annotated[int, mapped_column(BigInteger)]
"""Money in minor units. bigint: sums over years of a currency with three decimals leave int4 behind."""
Span = Annotated[Range[datetime], mapped_column(TSTZRANGE)]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]


class Row(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it off the class)
        datetime: DateTime(timezone=True),
        date: Date(),
        str: Text(),
        UUID: PG_UUID(as_uuid=True),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
        StrEnum: String(),
    }


def one_of(column: str, words: type[StrEnum], name: str | None = None) -> CheckConstraint:
    """`column IN (…)` over an enum. A check, not a PostgreSQL enum type: a word can be added without a lock."""
    listed = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=name or f"{column}_known")
