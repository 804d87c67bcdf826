"""Tables of the posts."""

from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Post(Base):
    """A text with a title that a user wrote."""

    __tablename__ = "posts"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    title: Mapped[str]
    content: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
