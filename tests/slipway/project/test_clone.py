"""A clone whose git does what the checkout's would."""

from slipway.project.clone import configuration


def test_the_clone_commits_as_the_checkout_would() -> None:
    listed = (
        "global\0user.name\nC\0local\0user.name\nA B\0local\0core.bare\nfalse\0local\0remote.origin.url\nx\0"
        "worktree\0Commit.gpgSign\ntrue\0local\0user.flag\0local\0core.eol\nlf\0"
    )
    assert list(configuration(listed)) == [
        ("user.name", "A B"), ("Commit.gpgSign", "true"), ("user.flag", ""), ("core.eol", "lf"),
    ]  # fmt: skip
