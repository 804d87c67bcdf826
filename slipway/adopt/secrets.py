"""Which variables are secret, how long each has to be, and which of them nobody but their issuer can make."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from slipway.adopt.database import Names
from slipway.adopt.findings import Untold
from slipway.adopt.texts import Value
from slipway.adopt.variables import Variable
from slipway.core.secrecy import ABOUT, SECRET_NAME
from slipway.project.database import NAMES, PASSWORD

SECRET = re.compile(
    r"SECRET|PASSWORD|PASSWD|PASSPHRASE|(_|^)KEY$|(_|^)TOKEN$|PRIVATE_KEY|(_|^)PEPPER$|(_|^)SALT$|_PASS$|_PWD$", re.I
)
# What somebody else issues; a random text would be wrong, and found out at run time alone.
ISSUED = re.compile(
    r"API_?KEY|ACCESS_KEY|CLIENT_SECRET|(?<!JWT_)(?<!ACCESS_)(?<!REFRESH_)TOKEN$|PUBLIC|DSN|AWS|S3|MINIO|STRIPE|OPENAI|ANTHROPIC"
    r"|SENTRY|GOOGLE|GCP|GITHUB|GITLAB|SLACK|TWILIO|SENDGRID|MAIL|SMTP|REDIS|RABBIT|AMQP|MONGO|AZURE|FIREBASE|SUPABASE"
    r"|CLOUDINARY|TELEGRAM|DISCORD|FACEBOOK|APPLE|OAUTH|AUTH0|KEYCLOAK|LDAP|FERNET|ENCRYPTION|LICENSE|MYSQL|ELASTIC|KAFKA"
    r"|RECAPTCHA|MINIO|PAYPAL|VAPID|RSA|PRIVATE_KEY|WEBHOOK", re.I,
)  # fmt: skip
OF_A_KEY, OF_A_PASSWORD = 32, 12


@dataclass(frozen=True)
class Secret:
    """A secret: the fewest bytes that it may have; `is_issued` when somebody else has to give it."""

    name: str
    least: int
    where: str
    required: bool
    is_issued: bool


def secrets(
    variables: list[Variable], names: Names | None, values: Mapping[str, Value]
) -> tuple[list[Secret], list[Untold]]:
    """Return what is secret of the variables that a service reads, those that are rendered left out."""
    found: list[Secret] = []
    untold: list[Untold] = []
    for one in variables:
        rendered = names is not None and one.name in names.rendered
        if rendered or one.name in NAMES or one.computed or not is_secret(one):
            continue
        issued = bool(ISSUED.search(one.name))
        least = 1 if issued else OF_A_PASSWORD if re.search(r"PASS|PWD", one.name, re.I) else OF_A_KEY
        found.append(Secret(one.name, least, one.where, one.required, issued))
        if one.default and not issued and one.default.lower() not in ("none", ""):
            what = f"{one.name} ({one.where}) has a default in the code, which everybody can read: set it in .env."
            untold.append(Untold(what))
    if names is not None:
        found.insert(0, Secret(PASSWORD, OF_A_PASSWORD, "Slipway", True, False))
    return found, untold


def is_secret(one: Variable) -> bool:
    """Tell whether a variable is secret: by its type, or its name and that it is no number."""
    if "Secret" in one.kind:
        return True
    if one.is_number or ABOUT.search(one.name) or re.search(r"(_URL|_HOST|_PORT|_HEADER|_NAME|_PREFIX|_ID)$", one.name):
        return False
    return bool(SECRET.search(one.name) and SECRET_NAME.search(one.name))
