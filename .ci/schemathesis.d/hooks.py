"""What schemathesis is told beyond the OpenAPI document: checks of our own, and how instants look."""

import datetime
import re

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import Failure

# Instants and days of the years that the schemas' pattern allows: one in fifty of those that are generated otherwise.
FIRST, LAST = datetime.datetime(1970, 1, 2), datetime.datetime(2199, 12, 30)
schemathesis.openapi.format(
    "date-time", st.datetimes(FIRST, LAST).map(lambda at: at.isoformat(timespec="seconds") + "Z")
)
schemathesis.openapi.format("date", st.dates(FIRST.date(), LAST.date()).map(str))

# A part of a file is sent as the bytes that it is.
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")

# What a schema cannot say, and the server therefore refuses with 422: how fields depend on each other, on the clock, or on
# what there is already. Anything else is a schema that promises too much.
BEYOND_SCHEMAS = [
    # One field depends on another.
    r"must be given where the word is",
    r"must be left out where the word is",
    r"must be given; for a unit that has none",
    r"must be left out where there is an IMO number",
    r"must be given with `(override|force)`",
    r"must be given, or one of `from_at_entry` and `from_as_of`",
    r"must not be given together with `",
    r"is the id of no row of this list",
    r"is a placeholder and the number of no ship",
    r"^`summary_only` is for PDFs alone",
    r"must be given to go back",
    r"must be given to ask that a hold is lifted",
    r"must be at most 1000 further on|must be from \d+ to \d+, at most",
    r"must differ from the code and from each other",
    r"must be at most 8 words",
    r"must be at most \d+, the size (of the log|that it is to lead to)",
    r"is listed already, as party \d+; that one lists",
    r"is missing; give one, or several as `roles`|must be one of `roles`, if these are given too",
    r"must be one at least of owner, broker",
    r"is about two files",
    r"cannot be given together with",
    # JSON has one kind of numbers, and to a schema 7.0 is an integer.
    r"invalid type: floating point `-?\d+\.0`, expected",
    # How many days a month has.
    r"must be a date such as",
    # Arithmetic: the last digit of an IMO number.
    r"is mistyped: its last digit",
    # The clock.
    r"must not be in the future",
    r"^`sts_eta` is in the past|must be `true` if the ETA in the past is meant",
    # Passwords that others would guess.
    r"is too easily guessed|must not be made of your address",
    # What there is already.
    r"must be below \d+, the number of entries",
    r"must not be before the room was opened",
    r"is no vessel of this room|is a party of this room already",
    r"is none that this room has a document for",
    r"must be given: each vessel has a document",
    r"must be left out: this document is the room's own",
    r"was used for another request within a day",
    r"is never changed; add another type",
    r"is not your present password|must differ from the present one",
    # A header: some of those that are generated do not keep to its pattern.
    r"^`If-Match` must be `\*` or an `ETag` as it came",
    # What is said of an upload, in base64 within a header.
    r"^`Upload-Metadata` has a (value|name)|^`Upload-Metadata` has `\w+` twice",
    r"must be named, by `filename` in",
    r"must be the SHA-256 of the file|^`sha256` is not that of the bytes",
    # The file of a form: its bytes, its name, and that both agree.
    r"must not be empty",
    r"must be a PDF, JPEG, PNG, TIFF, HEIC, DOCX or XLSX file",
    r"must have a name that ends in",
    r"has a name that",
    r"must be a file with its name",
    r"^`file` is missing",
    r"must be a PDF, JSON or zip of STS Clearance",
    # Keys, proofs, heads, policies, certificates: what signatures are checked with.
    r"cannot be used: (line \d+ is no public key|no public key is given|this is a private key|there are more than)",
    r"cannot be read: it is no proof of a log",
    r"^`(rotations|checkpoint|policy|seal_certificate|authority)` cannot be read: ",
    r"must be text in UTF-8",
    r"is named as a",
    # The last line of a long list of faults: the first of them are each held against this list.
    r"^`` and \d+ more faults$",
]


@schemathesis.hook
def filter_case(ctx, case):
    """Leaves out forms with an empty list for a field: it has no part, so what is sent is a form without that field. And what
    has a header that nobody knows: HTTP has it ignored, where a body or a query with such a name is refused."""
    if "x-schemathesis-unknown-property" in (case.headers or {}):
        return False
    if not isinstance(case.body, dict) or not (case.media_type or "").startswith("multipart/"):
        return True
    return all(value != [] for value in case.body.values())


class RefusedThoughAllowed(Failure):
    """A request that fits the schemas was refused for a reason that a schema could have told."""


class StatusNotNamed(Failure):
    """An answer with a status that its operation does not name: `default` is for what goes wrong in the server."""


@schemathesis.check
def refuses_only_what_a_schema_cannot_say(ctx, response, case):
    if response.status_code != 422 or case.meta is None or not case.meta.generation.mode.is_positive:
        return None
    for error in response.json()["errors"]:
        message = f"`{error['field']}` {error['message']}"
        if not any(re.search(reason, message) for reason in BEYOND_SCHEMAS):
            raise RefusedThoughAllowed(
                operation=case.operation.label,
                title="Refused, though the schemas allow it",
                message=message,
            )
    return None


@schemathesis.check
def names_each_status(ctx, response, case):
    named = case.operation.definition.raw["responses"]
    # The router's own: a path that another id makes another route, or a method that there is none for.
    if str(response.status_code) not in named and response.status_code not in (405,):
        raise StatusNotNamed(
            operation=case.operation.label,
            title="A status that the operation does not name",
            message=f"{response.status_code}; it names {', '.join(named)}",
        )
    return None
