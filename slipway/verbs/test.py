"""`inv test`."""

from invoke.context import Context

from slipway.verbs.options import PROD, after_dashes
from slipway.verbs.verb import task


@task(
    help={
        "image": "in an image with the development packages, on Compose's PostgreSQL",
        "e2e": "the lifecycle itself, on a real engine",
    }
    | PROD,
    passes="pytest",
)
def test(_: Context, image: bool = False, e2e: bool = False, prod: bool = False, env: str = "") -> None:
    """Run the tests; what follows `--` goes to pytest."""
    from slipway import testing
    from slipway.core.errors import Problem
    from slipway.verbs.session import Turn, begin

    if image and e2e:
        raise Problem("--image and --e2e exclude each other.")
    with begin("test", prod, env, turn=Turn.CHECKOUT if image else Turn.NOBODY, quietly=True) as session:
        run = testing.in_image if image else testing.end_to_end if e2e else testing.on_host
        run(session.checkout, after_dashes())
