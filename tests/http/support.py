"""What the tests over HTTP share: a password, and how somebody comes to have tokens."""

import httpx2

PASSWORD = "correct horse battery"


def registered(client: httpx2.Client, email: str) -> dict[str, str]:
    """Register somebody, log them in, return their tokens."""
    assert client.post("/users", json={"email": email, "password": PASSWORD}).status_code == 201
    answer = client.post("/users/token", data={"username": email, "password": PASSWORD})
    assert answer.status_code == 200
    return dict(answer.json())
