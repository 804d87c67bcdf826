"""Tables of the posts."""

from datetime import datetime

from sqlalchemy import BigInteger, Computed, DateTime, ForeignKey, Identity, Index, func
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Post(Base):
    """A text with a title that a user wrote."""

    __tablename__ = "posts"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str]
    content: Mapped[str]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    # `simple` knows no language: words are found as they are written, in any.
    search: Mapped[str] = mapped_column(
        TSVECTOR, Computed("to_tsvector('simple', title || ' ' || content)", persisted=True)
    )

    __table_args__ = (
        Index("ix_posts_owner_id_id", owner_id, id),
        Index("ix_posts_search", search, postgresql_using="gin"),
    )


class Creation(Base):
    """A creation that may be asked for again, and what was answered."""

    __tablename__ = "post_creations"

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    post_id: Mapped[int | None] = mapped_column(BigInteger)
    answer: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now(), index=True)
