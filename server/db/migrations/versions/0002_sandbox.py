"""The sandbox's own state: what the pretended vendors remember."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Any = None
depends_on: Any = None


def upgrade() -> None:
    op.create_table(
        "sandbox_changes",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_changes")),
    )
    op.create_index(op.f("ix_sandbox_changes_due_at"), "sandbox_changes", ["due_at"], unique=False)
    op.create_table(
        "sandbox_deliveries",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("answer_status", sa.Integer(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_sandbox_deliveries_attempts_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_deliveries")),
    )
    op.create_index(
        "ix_sandbox_deliveries_due",
        "sandbox_deliveries",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "sandbox_emails",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("message_id", sa.UUID(), nullable=True),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("frontdesk_now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_emails")),
    )
    op.create_index(op.f("ix_sandbox_emails_message_id"), "sandbox_emails", ["message_id"], unique=False)
    op.create_index(op.f("ix_sandbox_emails_received_at"), "sandbox_emails", ["received_at"], unique=False)
    op.create_index(op.f("ix_sandbox_emails_recipient"), "sandbox_emails", ["recipient"], unique=False)
    op.create_table(
        "sandbox_greylisted",
        sa.Column("address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_sandbox_greylisted")),
    )
    op.create_table(
        "sandbox_meetings",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("agenda", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("frontdesk_now()"), nullable=False),
        sa.CheckConstraint("id BETWEEN 10000000000 AND 99999999999", name=op.f("ck_sandbox_meetings_eleven_digits")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_meetings")),
    )
    op.create_index(op.f("ix_sandbox_meetings_host"), "sandbox_meetings", ["host"], unique=False)
    op.create_table(
        "sandbox_stripe_keys",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("frontdesk_now()"), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sandbox_stripe_keys")),
    )
    op.create_table(
        "sandbox_stripe_objects",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("frontdesk_now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_stripe_objects")),
    )
    op.create_index(
        "ix_sandbox_stripe_objects_kind", "sandbox_stripe_objects", ["kind", "parent_id", "seq"], unique=False
    )
    op.create_table(
        "sandbox_text_opt_outs",
        sa.Column("mobile", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("mobile", name=op.f("pk_sandbox_text_opt_outs")),
    )
    op.create_table(
        "sandbox_texts",
        sa.Column("sid", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Integer(), nullable=True),
        sa.Column("status_callback", sa.Text(), nullable=True),
        sa.Column("message_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("frontdesk_now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("frontdesk_now()"), nullable=False),
        sa.CheckConstraint("direction IN ('outbound-api', 'inbound')", name=op.f("ck_sandbox_texts_direction_known")),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_sandbox_texts")),
    )
    op.create_index(op.f("ix_sandbox_texts_message_id"), "sandbox_texts", ["message_id"], unique=False)
    op.create_index(op.f("ix_sandbox_texts_recipient"), "sandbox_texts", ["recipient"], unique=False)
    op.create_table(
        "sandbox_zoom_tokens",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_sandbox_zoom_tokens")),
    )
