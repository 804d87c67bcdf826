"""An application with one greeting and a health path of its own."""

import os

from fastapi import FastAPI

service = FastAPI()


@service.get("/up")
def up() -> str:
    """Answer as long as the process runs."""
    return "up"


@service.get("/")
def hello() -> str:
    """Greet whom .env names."""
    return f"Hello {os.environ['WHOM']}"
