"""A conversation with the service over HTTP."""

import time

import httpx2


def conversation(base: str) -> None:
    """Register, log in, create a post and find it in the list."""
    with httpx2.Client(base_url=base) as client:
        email = f"{time.time_ns()}@example.com"
        assert client.post("/users", json={"email": email, "password": "correct horse"}).status_code == 201
        token = client.post("/users/token", data={"username": email, "password": "correct horse"}).json()
        client.headers["Authorization"] = f"Bearer {token['access_token']}"
        created = client.post("/posts", json={"title": "A", "content": "B"})
        assert created.status_code == 201
        assert created.json() in client.get("/posts").json()["items"]
