#!/usr/bin/env python3
"""Verifies a snapshot of STS Clearance without the server and without its program.

    python3 verify.py FILE --key KEY [--receipt FILE] [--json]

Written from docs/format.md alone. Needs Python 3.11 and the package `cryptography`, for Ed25519 and for nothing else.

It judges that the server logged these bytes (`logged`), and that the facts in the record follow from the log
(`follows`). Of the seal of a PDF it judges that nothing but its signature could be another one; whether the signature
holds is for `sts-clearance verify`, or for any program that checks PDF signatures.

Exit codes: 0 verified, 1 does not verify, 2 cannot be read, 3 cannot be judged.
"""

import argparse
import base64
import binascii
import datetime
import hashlib
import json
import re
import struct
import sys
import unicodedata
import zlib
from decimal import Decimal
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SCHEMA = "sts-clearance/record/4"
EARLIER_SCHEMAS = [f"sts-clearance/record/{number}" for number in (1, 2, 3)]
ENVELOPE = "sts-clearance/snapshot/3"
EARLIER_ENVELOPES = [f"sts-clearance/snapshot/{number}" for number in (1, 2)]

LARGEST_FILE = 128 * 1024 * 1024
BESIDE = 128 * 1024
LONGEST_RECEIPT = 64 * 1024
LONGEST_PATH = 65
LARGEST_NOTE = 1_000_000
MOST_SIGNATURES, MOST_NOTES = 100, 64
MOST_KEYS, MOST_KEY_BYTES = 64, 64 * 1024
MOST_FILES, LONGEST_LIST = 64, 16 * 1024
MOST_ATTACHED = 64
MOST_UPLOADS, MOST_SUPERSEDED, MOST_SUPERSEDED_BYTES = 50, 200, 8 * 1024 * 1024


class Unreadable(Exception):
    """The file, or something beside it, cannot be read: exit code 2."""


class Refused(Exception):
    """Something is not as it has to be: a check fails."""


class Unjudged(Exception):
    """Something cannot be judged, for the reason that is said: a check is skipped."""


# --- Values: docs/format/values.md ----------------------------------------------------------------------------------

TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}:]|[^\s\[\]{},:"]+', re.S)


class Bounds:
    """How much is read of JSON: its bytes, its values, and how deep they are nested."""

    def __init__(self, size, values, depth):
        self.size, self.values, self.depth = size, values, depth

    def scan(self, data):
        """Refuses JSON with too much in it, before anything is built from it."""
        if len(data) > self.size:
            raise Refused(f"it is too much to be read: it is larger than the {self.size} bytes that are read")
        values = depth = 0
        for match in TOKEN.finditer(data):
            first = data[match.start()]
            if first in b"]}":
                depth -= 1
                continue
            if first in b":":
                # What came before it was a name, and no value.
                values -= 1
                continue
            values += 1
            if values > self.values:
                raise Refused(f"it is too much to be read: it holds more than the {self.values} values that are read")
            if depth > self.depth:
                raise Refused(f"it is too much to be read: nested more than the {self.depth} deep that are read")
            if first in b"[{":
                depth += 1


STRANGERS = Bounds(4 * 1024 * 1024, 100_000, 32)
SIGNED = Bounds(64 * 1024 * 1024, 4_000_000, 64)
SMALL = Bounds(BESIDE, 10_000, 32)


def read_number(text):
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number beyond the doubles")
    return number


def read_whole_number(text):
    # Python limits how many digits it reads, and a double has no use for more.
    return int(text) if len(text) <= 25 else read_number(text)


def no_constant(text):
    raise ValueError(f"{text} is no JSON")


def no_twins(pairs):
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("a name is there twice")
    return names


def parse(data, bounds):
    """Reads JSON in which no name is there twice."""
    bounds.scan(data)
    try:
        return json.loads(
            data.decode("utf-8"),
            parse_int=read_whole_number,
            parse_float=read_number,
            parse_constant=no_constant,
            object_pairs_hook=no_twins,
        )
    except (ValueError, RecursionError) as error:
        raise Refused(f"it is no JSON: {error}") from None


def write_number(number):
    if isinstance(number, int) and abs(number) <= 1 << 53:
        return str(number)
    number = float(number)
    if number == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    digits, sign = "".join(map(str, digits)), "-" if sign else ""
    point = len(digits) + exponent
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{point - 1:+d}"


def write(value):
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (int, float)):
        return write_number(value)
    if isinstance(value, list):
        return f"[{','.join(map(write, value))}]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    return "{" + ",".join(f"{write(name)}:{write(value[name])}" for name in names) + "}"


def canonical(value):
    """Returns the canonical JSON (RFC 8785) of a value."""
    try:
        return write(value).encode("utf-8")
    except UnicodeEncodeError:
        raise Refused("it holds half of a surrogate pair") from None


def parse_canonical(data, bounds):
    """Reads canonical JSON, and refuses any other."""
    value = parse(data, bounds)
    if canonical(value) != data:
        raise Refused("it is not in canonical form (RFC 8785)")
    return value


def sha256(data):
    return hashlib.sha256(data).digest()


def from_base64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise Refused("it is no base64") from None
    if base64.b64encode(data).decode() != text:
        raise Refused("its base64 has another spelling")
    return data


STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{0,8}[1-9])?Z", re.A)


def is_stamp(text):
    if not STAMP.fullmatch(text):
        return False
    try:
        datetime.datetime.fromisoformat(text[:19])
    except ValueError:
        return False
    return True


def cut(text):
    """Returns an instant in whole microseconds."""
    fraction = text[20:-1][:6].rstrip("0")
    return f"{text[:19]}.{fraction}Z" if fraction else f"{text[:19]}Z"


def instant(text):
    """Returns what sorts as instants do."""
    return text[:19], text[20:-1].ljust(9, "0")


# --- Fields: the two lists of docs/format/fields.md -----------------------------------------------------------------

EVENTS = """\
room_created: title text, location text, sts_eta time, description text?, cargo_profile Cargo?, planned_duration_hours int
room_adopted: part count, of count, state text, state_sha256 text?
adoption_ended:
adopted_again: part count, of count, total count, differences [Difference]
state_marked: state_sha256 text
log_continued: lost_size count, lost_root text, reason text
room_updated: changes {text json}
room_deleted: title text, snapshots count, reason text?, asked_by text?
room_deletion_asked: title text, snapshots count, reason text?, until time
party_added: party_id id, role Role, name text, email text, company text?, side Side?, roles [Role]^
party_removed: party_id id, role Role, name text, email text
party_updated: party_id id, email text, changes {text json}
phase_changed: from Phase, to Phase, at time?, overridden [Overridden], more_overridden count?, reason text?
vessel_added: vessel_id id, +Details
vessel_updated: vessel_id id, name text, changes {text json}
vessel_removed: vessel_id id, name text, imo_number text?
documents_opened: vessel_id id?, vessel text?, document_types [text], slots [OpenedSlot]
documents_closed: vessel_id id?, vessel text?, document_types [text]
document_requirement_changed: document_id id, document_type text, from Requirement, to Requirement
document_waived: document_id id, document_type text, vessel text?, reason text
document_waiver_withdrawn: document_id id, document_type text, vessel text?
document_uploaded: document_id id, document_type text, vessel text?, version_id id, version int, file_name text, file_size int, file_kind FileKind, file_sha256 hash, expires_on day?, expiry_assumed bool, notes text?, told_eta time?, uploader_role Role, notice FileNotice~
version_withdrawn: document_id id, document_type text, vessel text?, version_id id, version int, reason text
version_date_waived: document_id id, document_type text, vessel text?, version_id id, version int, reason text
document_decided: decision_id id, document_id id, document_type text, vessel text?, version_id id, version int, role Role, verdict Verdict, comment text?, roles [Role]^, side Side?
document_downloaded: document_id id, document_type text, version_id id, version int, file_sha256 text, part text?
document_previewed: document_id id, document_type text, version_id id, version int, file_sha256 text
approval_given: approval_id id, vessel_id id, vessel text, role Role, side Side?, status Reply, comment text?
approval_changed: approval_id id, vessel_id id, vessel text, party text, role Role, side Side?, from Reply, to Reply, comment text?
approval_revoked: approval_id id, vessel_id id, vessel text, party text, from Reply, reason text
snapshot_created: snapshot_id id, title text, snapshot_type SnapshotType, options json, record_sha256 text?, shows Shown?
snapshot_rendered: snapshot_id id, attempt int, record_sha256 text, body_sha256 text, body_size count, renderer text, fonts text, certificate_sha256 text?, not_sealed text?
snapshot_generated: snapshot_id id, file_sha256 text, file_size int, renderer text, fonts text, seal Seal?
snapshot_failed: snapshot_id id, attempts int, reason text
snapshot_retried: snapshot_id id
snapshot_downloaded: snapshot_id id, file_sha256 text, range text?
snapshot_previewed: snapshot_id id, file_sha256 text
snapshot_deleted: snapshot_id id, title text, snapshot_type SnapshotType, record_sha256 text?, file_sha256 text?, asked_by text?
snapshot_deletion_asked: snapshot_id id, title text, until time
hold_placed: hold_id id, snapshot_id id?, reason_hash text
hold_lift_asked: hold_id id, snapshot_id id?, until time, reason_hash text
hold_lifted: hold_id id, snapshot_id id?, asked_by text, reason_hash text, confirm_reason_hash text?
log_exported: entries count
access_denied: permission text, role Role, repeated Repeated?
rows_repaired: tables {text count}, rows [text]
"""

TYPES = """\
Role = owner broker charterer seller buyer admin
Cargo = oil chem lpg_lng bulk
Phase = nomination clearance planning arrival mooring transfer unmooring documents closed
VesselRole = discharging receiving other
VesselStatus = active withdrawn
Side = discharging receiving
Requirement = required conditional optional
Criticality = high med low
Verdict = approved approved_with_subjects rejected
Reply = pending approved approved_with_subjects rejected
Blocker = document_missing document_under_review document_rejected document_expired document_undated vessel_missing vessel_not_cleared vessel_rejected
FileKind = pdf jpg png tiff docx xlsx heic
FileNotice = needs_password values_not_drawn
RoomStatus = active deleted
Deed = lift_hold delete_snapshot delete_room
SnapshotStatus = generating completed failed
SnapshotType = pdf json csv
RowFault = changed missing added

Details: name text, imo_number text?, no_imo_reason text?, role VesselRole, status VesselStatus, vessel_type text?, flag text?, owner text?, charterer text?, length_m metres?, beam_m metres?, draught_m metres?, gross_tonnage int?, deadweight_t int?, year_built int?, class_society text?, ...
OpenedSlot: document_id id, document_type text, position int, name text, category text, requirement Requirement, criticality Criticality, validity_days int?, warn_days int?, gate Phase, must_approve [Role]^, ...
Overridden: kind Blocker, document_id id~, vessel_id id~, vessel_role VesselRole~, ...
Shown: size count, root text, origin text, key text, at time, name text, role Role, retention_years small, ...
Seal: signer text, self_made bool, sealed_at time, trusted_time time?, note text?, sha256 text, ...
Difference: table text, id text, fault RowFault, column text~, log text~, row text~, ...
Repeated: times count, from time, to time, ...

State: room Room, parties {id Party}, vessels {id Vessel}, documents {id Slot}, approvals {id Approval}, holds {id Hold}, requests {id Request}, snapshots {id Snapshot}, seen {text {id Seen}}
Room: id id, title text, location text, sts_eta time, description text?, cargo_profile Cargo?, status RoomStatus, phase Phase, created_at time, created_by text, planned_duration_hours int, transfer_completed_at time?, closed_at time?, retained_from time?
Party: id id, role Role, roles [Role]^, name text, email text, formerly [text]^, company text?, side Side?, added_at time
Vessel: id id, details Details, added_at time
Slot: document Document, uploads [Upload]
Document: id id, vessel id?, document_type text, position int, name text, category text, requirement Requirement, criticality Criticality, validity_days int?, warn_days int?, gate Phase, must_approve [Role]^, waiver Waiver?, opened_at time
Waiver: reason text, by text, at time
Withdrawal: reason text, by text, at time
Upload: version Version, decisions [Decision]
Version: id id, document id, number int, file_url text, file_name text, kind FileKind, size int, sha256 hash, expires_on day?, expiry_assumed bool, notes text?, told_eta time?, uploaded_by text, uploader_role Role, uploaded_at time, withdrawn Withdrawal~, date_waived Waiver~, notice FileNotice~
Decision: id id, version id, party text, role Role, roles [Role]^, side Side~, verdict Verdict, comment text?, decided_at time
Approval: id id, vessel id, party text, role Role, side Side?, status Reply, comment text?, decided_at time
Hold: snapshot id?, reason_hash text, placed_by text, placed_at time, lifted Lifted?
Lifted: asked_by text, by text, at time, reason_hash text, confirm_reason_hash text?
Request: deed Deed, asked_by text, asked_at time, until time, reason text?, reason_hash text?
Snapshot: title text, kind SnapshotType, options json, record_sha256 text?, shows Shown~, created_by text, created_at time, status SnapshotStatus, body Body~, file SnapshotFile?
Body: sha256 text, size count, renderer text, fonts text, certificate_sha256 text?, not_sealed text~
SnapshotFile: sha256 text, size int, renderer text, fonts text, seal Seal?
Seen: first time, last time, times count

RoomDetails: title text, location text, sts_eta time, description text?, cargo_profile Cargo?, planned_duration_hours int
PartyDetails: roles [Role], name text, email text, company text?, side Side?

Record: schema text, snapshot SnapshotFacts, log Position, facts State, reading Reading, settings Settings, entries [Entry]~, before [text]^
SnapshotFacts: id text, title text, type text, options Sections, created_at stamp, as_of stamp~, created_by Creator
Sections: include_documents bool, include_activity bool, include_approvals bool, summary_only bool~
Creator: email text, name text, role text
Position: size count, root text, origin text~, key text~
Entry: id text, seq count, actor text, action text, timestamp stamp, meta json
Settings: retention_years small
Reading: at stamp, standing Standing, documents {text text}, resembles {text [text]}, counts Counts, limits [Limit]
Counts: parties count, activity count, vessels count, documents count, versions count
Limit: section text, shown count, total count
Standing: progress_percentage count, total_required_docs count, resolved_required_docs count, next_phase text~, blockers [BlockerFacts], expiring_soon [Expiry], undated [Undated]^, clocks Clocks
BlockerFacts: kind text, detail text, document_id text~, vessel_id text~
Expiry: document_id text, name text, vessel_id text~, expires_on day, before_end bool
Undated: document_id text, name text, vessel_id text~
Clocks: planned_end stamp, coastal_notice Notice~, claim Claim~, retention Retention~
Notice: due_at stamp, state text, given_at stamp~, notified_eta stamp~
Claim: started_at stamp, deadline stamp, state text
Retention: closed_at stamp, at_least_until stamp, until stamp

Extra: consistency [text], leaf Leaf, notes [text]^
Leaf: action text, actor text, id text, meta json, room_id text?, seq count, timestamp stamp
"""

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
METRES = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?", re.A)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.A)


def is_day(text):
    try:
        return bool(DAY.fullmatch(text)) and bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False


def is_metres(text):
    return bool(METRES.fullmatch(text)) and format(Decimal(repr(float(text))).normalize(), "f") == text


def is_whole(value, least, most):
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def of_text(test):
    return lambda value: isinstance(value, str) and test(value)


BASE = {
    "text": of_text(lambda text: True),
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: is_whole(value, -(1 << 63), (1 << 63) - 1),
    "count": lambda value: is_whole(value, 0, (1 << 64) - 1),
    "small": lambda value: is_whole(value, 0, (1 << 32) - 1),
    "time": of_text(is_stamp),
    "stamp": of_text(is_stamp),
    "day": of_text(is_day),
    "id": of_text(ID.fullmatch),
    "hash": of_text(lambda text: re.fullmatch("[0-9a-fA-F]{64}", text)),
    "metres": of_text(is_metres),
    "json": lambda value: True,
}


class Type:
    """The fields of a type: their names, types and marks."""

    def __init__(self, line):
        self.fields, self.parts, self.is_open = [], [], False
        for part in filter(None, map(str.strip, line.split(","))):
            if part == "...":
                self.is_open = True
            elif part.startswith("+"):
                self.parts.append(part[1:])
            else:
                name, kind = part.split(" ", 1)
                mark = kind[-1] if kind[-1] in "?~^" else ""
                self.fields.append((name, kind.removesuffix(mark), mark))


def read_list(text):
    words, types = {}, {}
    for line in text.splitlines():
        if " = " in line:
            name, listed = line.split(" = ")
            words[name] = listed.split()
        elif line:
            name, listed = line.split(":", 1)
            types[name] = Type(listed)
    return words, types


WORDS, STRUCTS = read_list(TYPES)
EVENT_TYPES = read_list(EVENTS)[1]


def read(kind, value, where=""):
    """Returns a value as a type has it, or refuses it."""
    if kind in STRUCTS:
        return read_fields(STRUCTS[kind], value, where or kind)
    if kind.startswith("["):
        if not isinstance(value, list):
            raise Refused(f"`{where}` is no list")
        return [read(kind[1:-1], item, where) for item in value]
    if kind.startswith("{"):
        name_kind, value_kind = kind[1:-1].split(" ", 1)
        if not isinstance(value, dict):
            raise Refused(f"`{where}` is no object")
        return {read(name_kind, name, where): read(value_kind, item, where) for name, item in value.items()}
    if not (value in WORDS[kind] if kind in WORDS else BASE[kind](value)):
        raise Refused(f"`{where}` is no {kind}")
    if kind == "time":
        return cut(value)
    return value.lower() if kind == "hash" else value


def read_fields(kind, value, where, is_open=None):
    if not isinstance(value, dict):
        raise Refused(f"`{where}` is no object")
    found = {}
    for name, field, mark in kind.fields:
        given = value.get(name)
        if mark == "^":
            given = [] if given is None and name not in value else given
        if given is None and mark in "?~" and mark:
            if mark == "?":
                found[name] = None
        elif given is None and name not in value:
            raise Refused(f"`{where}` has no `{name}`")
        else:
            read_value = read(field, given, f"{where}.{name}")
            if read_value or mark != "^":
                found[name] = read_value
    for part in kind.parts:
        found |= read_fields(STRUCTS[part], value, where, True)
    others = set(value) - {name for name, _, _ in kind.fields}
    if others and not (kind.is_open if is_open is None else is_open):
        raise Refused(f"`{where}` has a field `{sorted(others)[0]}` that is not known")
    return found


# --- Trees: RFC 6962 and RFC 9162 -----------------------------------------------------------------------------------


def leaf_hash(leaf):
    return sha256(b"\0" + leaf)


def node_hash(left, right):
    return sha256(b"\1" + left + right)


class Tree:
    """A tree, reduced to the roots of its perfect subtrees, the largest first."""

    def __init__(self, size=0, subtrees=()):
        self.size, self.subtrees = size, list(subtrees)

    def push(self, leaf):
        size = self.size
        while size & 1:
            leaf, size = node_hash(self.subtrees.pop(), leaf), size >> 1
        self.subtrees.append(leaf)
        self.size += 1

    def root(self):
        if not self.subtrees:
            return sha256(b"")
        root = self.subtrees[-1]
        for left in reversed(self.subtrees[:-1]):
            root = node_hash(left, root)
        return root


def includes(path, size, root, index, leaf):
    """Whether the path shows that the tree has the leaf (RFC 9162 §2.1.3.2)."""
    if index >= size:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def extends(proof, newer, older):
    """Whether the proof shows that the newer tree extends the older one (RFC 9162 §2.1.4.2)."""
    (size, root), (old_size, old_root) = newer, older
    if not 0 < old_size <= size:
        return False
    if old_size == size:
        return not proof and root == old_root
    if old_size & (old_size - 1) == 0:
        proof = [old_root, *proof]
    if not proof:
        return False
    node, last = old_size - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_found = found = proof[0]
    for sibling in proof[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old_found, found = node_hash(sibling, old_found), node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old_found == old_root and found == root


# --- Keys, checkpoints, receipts ------------------------------------------------------------------------------------


class Key:
    """A public key, and the servers whose logs it may sign."""

    def __init__(self, line):
        parts = line.split("+", 2)
        if len(parts) < 3 or not re.fullmatch(r"[^\s+\0-\x1f\x7f-\x9f]+", parts[0]):
            raise Refused("it is no public key (`name+hash+key`)")
        self.line, self.name, self.hash = line, parts[0], parts[1]
        encoded = from_base64(parts[2])
        if len(encoded) != 33 or encoded[0] != 1 or sha256(self.name.encode() + b"\n" + encoded)[:4].hex() != self.hash:
            raise Refused("it is no public key (`name+hash+key`)")
        self.public, self.servers = encoded[1:], {self.name}

    def is_named(self, name, stated):
        return (self.name, self.hash) == (name, stated)

    def __str__(self):
        return f"{self.name}+{self.hash}"


def read_keys(text):
    """Reads public keys, one a line."""
    if len(text.encode()) > MOST_KEY_BYTES:
        raise Unreadable("there are more keys than are looked at")
    keys = []
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if not line or line.startswith("#"):
            continue
        if line.startswith("PRIVATE+KEY+"):
            raise Unreadable("this is a private key: keep it to yourself, and give the public one")
        try:
            keys.append(Key(line))
        except Refused as refused:
            raise Unreadable(f"line {number}: {refused}") from None
        if len(keys) > MOST_KEYS:
            raise Unreadable("there are more keys than are looked at")
    if not keys:
        raise Unreadable("no public key is given")
    return keys


class Succession:
    """A note by which one key follows another."""

    def __init__(self, text):
        self.note = Note(text)
        lines = re.fullmatch("sts-clearance: one key of a log follows another\n([^\n]+)\n([^\n]+)\n", self.note.text)
        if not lines:
            raise Refused("it is another note")
        self.ends = lines[1], lines[2]


def successions_in(notes):
    found = []
    for text in notes[:MOST_NOTES]:
        try:
            found.append(Succession(text))
        except Refused:
            continue
    return found


def vouched(root, successions):
    """Returns the keys that a key vouches for: those that it follows, and then those that follow it."""
    found = {}
    for forward in (False, True):
        reached = [root]
        while reached:
            key = reached.pop()
            for succession in successions:
                known, line = succession.ends if forward else succession.ends[::-1]
                if known != key.line or line == root.line or line in found or not succession.note.has(key):
                    continue
                try:
                    found[line] = Key(line)
                except Refused:
                    continue
                reached.append(found[line])
    return found.values()


def following(keys, notes):
    """Returns these keys, and those that they vouch for, which may sign what they may."""
    successions, known = successions_in(notes), {key.line: Key(key.line) for key in keys}
    for root in keys:
        for key in vouched(root, successions):
            if key.line in known:
                known[key.line].servers |= root.servers
            else:
                key.servers = set(root.servers)
                known[key.line] = key
    return list(known.values())


class Note:
    """A text with a line for each signature (C2SP signed-note)."""

    def __init__(self, note):
        text, found, lines = note.rpartition("\n\n")
        if not found or len(note.encode()) > LARGEST_NOTE or re.search(r"[\0-\x09\x0b-\x1f]", note):
            raise Refused("it is no signed note")
        self.text, self.signatures = text + "\n", []
        if not lines.endswith("\n") or lines.count("\n") > MOST_SIGNATURES:
            raise Refused("it is no signed note")
        for line in lines[:-1].split("\n"):
            match = re.fullmatch(r"— ([^\s+\0-\x1f\x7f-\x9f]+) ([^ ]+)", line)
            signed = from_base64(match[2]) if match else b""
            if len(signed) < 5:
                raise Refused("it is no signed note")
            self.signatures.append((match[1], signed[:4].hex(), signed[4:]))

    def is_by(self, key, signature):
        """Whether a signature that names this key is its signature of the text."""
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature, self.text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True

    def has(self, key):
        """Whether one of the signatures is by this key."""
        return any(key.is_named(*named) and self.is_by(key, signature) for *named, signature in self.signatures)


class Checkpoint:
    """The signed head of a log."""

    def __init__(self, note):
        self.note = Note(note)
        lines = re.fullmatch(r"([^\n]+)\n(0|[1-9][0-9]{0,19})\n([^\n]+)\n(?:[^\n]+\n)*", self.note.text)
        if not lines:
            raise Refused("it is no signed checkpoint")
        self.origin, self.size, self.root = lines[1], int(lines[2]), from_base64(lines[3])
        if len(self.root) != 32:
            raise Refused("it is no signed checkpoint")

    def signed_by(self, keys):
        """Returns the known key that has signed it, as `name+hash`."""
        by = None
        for name, stated, signature in self.note.signatures:
            for key in (key for key in keys if key.is_named(name, stated)):
                if not self.note.is_by(key, signature):
                    raise Refused(
                        f"the signature of the key `{key}` does not fit it: it was changed after it was signed"
                    )
                by = by or key
        if by is None:
            signers = ", ".join(f"{name}+{stated}" for name, stated, _ in self.note.signatures)
            raise Refused(f"it is signed by {signers}, not by {', '.join(map(str, keys))}")
        server = server_in(self.origin)
        if not any(str(key) == str(by) and server in key.servers for key in keys):
            raise Refused(f"it is signed with `{by}`, a key of another server than `{server}`")
        return str(by)


def server_in(origin):
    """Returns the name of the server whose log of a room has this origin."""
    match = re.fullmatch(rf"(.*)/rooms/{ID.pattern}(?:/(?:[2-9]|[1-9][0-9]{{1,9}}))?", origin, re.S)
    return match[1] if match else origin


def is_receipt(text):
    is_plain = all(c == "\n" or unicodedata.category(c) != "Cc" for c in text)
    return 0 < len(text.encode()) <= LONGEST_RECEIPT and is_plain


class Receipt:
    """The proof of the entry that tells of a file's body."""

    def __init__(self, text):
        head, found, note = text.partition("\n\n")
        lines = head.split("\n")
        if not found or len(text.encode()) > BESIDE or len(lines) < 3 or len(lines) > 3 + LONGEST_PATH:
            raise Refused("it is no proof of a log (C2SP tlog-proof)")
        header, extra, index = lines[:3]
        if header != "c2sp.org/tlog-proof@v1" or not extra.startswith("extra "):
            raise Refused("it is no proof of a log (C2SP tlog-proof)")
        if not re.fullmatch("index (0|[1-9][0-9]{0,19})", index):
            raise Refused("its third line tells no index")
        self.index = int(index[6:])
        self.path = [from_base64(line) for line in lines[3:]]
        extra = read("Extra", parse_canonical(from_base64(extra[6:]), SMALL))
        self.leaf, self.consistency = extra["leaf"], [from_base64(text) for text in extra["consistency"]]
        if any(len(node) != 32 for node in self.path + self.consistency):
            raise Refused("its path holds something else than hashes")
        self.notes, self.checkpoint = extra.get("notes", []), Checkpoint(note)

    def signed_by(self, keys):
        """Returns the key that has signed the checkpoint: a given one, or one to which the notes lead from there."""
        return self.checkpoint.signed_by(following(keys, self.notes))

    def meta(self, name):
        meta = self.leaf["meta"]
        found = meta.get(name) if isinstance(meta, dict) else None
        return found if isinstance(found, str) else "none"


# --- Files: their parts, and their templates filled again -----------------------------------------------------------


class Opened:
    """The parts of a file: its type, its record (not yet unpacked), its receipt, and what the log has the hash of."""

    def __init__(self, kind, record, receipt, body):
        self.kind, self.record, self.receipt, self.body = kind, record, receipt, body


def plain(data):
    """Returns how a part that is not compressed is unpacked, up to a bound."""
    return lambda most: data


def inflated(data, window):
    """Returns how a compressed part is unpacked, up to a bound."""

    def unpack(most):
        stream = zlib.decompressobj(window)
        try:
            found = stream.decompress(data, most + 1)
        except zlib.error as error:
            raise Refused(f"`record.json` cannot be unpacked: {error}") from None
        if len(found) <= most and not stream.eof:
            raise Refused("`record.json` cannot be unpacked: it is cut off")
        return found

    return unpack


def receipt_text(data):
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if not is_receipt(text):
        raise Refused("`proof.tlog` is no text of a receipt")
    return text


JSON_START = b'{"format":"sts-clearance/snapshot/3",'


def json_string_at(data, at):
    match = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.S).match(data, at)
    if not match:
        raise Refused("the JSON envelope differs from its template")
    text = parse(match[0], SIGNED)
    if canonical(text) != match[0]:
        raise Refused("the JSON envelope differs from its template")
    return text, match.end()


def open_json(data):
    if not data.startswith(JSON_START):
        return open_other_json(data)
    at, receipt = len(JSON_START), None
    if data.startswith(b'"proof":', at):
        receipt, end = json_string_at(data, at + 8)
        receipt = receipt_text(receipt.encode())
        if data[end : end + 1] != b",":
            raise Refused("the JSON envelope differs from its template")
        at = end + 1
    last = data.rfind(b',"renderer":')
    if not data.startswith(b'"record":', at) or last < at:
        raise Refused("the JSON envelope differs from its template")
    _, end = json_string_at(data, last + 12)
    if data[end:] != b"}":
        raise Refused("the JSON envelope differs from its template")
    return Opened("json", plain(data[at + 9 : last]), receipt, JSON_START + data[at:])


def open_other_json(data):
    envelope = parse(data, SIGNED)
    name = envelope.get("format") if isinstance(envelope, dict) else None
    if not isinstance(name, str):
        raise Refused("the JSON envelope cannot be read: it has no format")
    if name in EARLIER_ENVELOPES:
        return Opened("json", plain(canonical(envelope.get("record"))), None, None)
    if name == ENVELOPE:
        raise Refused("the JSON envelope differs from its template")
    raise Unjudged(f"the JSON envelope has another format: `{name}`")


ZIP_NAME = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def zip_of(files):
    """Returns the zip of these files: the template, filled."""
    out, listed = bytearray(), bytearray()
    for name, content in files:
        name = name.encode()
        shared = struct.pack("<HHHHHIIIHH", 10, 0, 0, 0, 0x21, zlib.crc32(content), *2 * [len(content)], len(name), 0)
        listed += b"PK\1\2\x0a\3" + shared + bytes(6) + b"\0\0\xa4\x81" + struct.pack("<I", len(out)) + name
        out += b"PK\3\4" + shared + name + content
    end = struct.pack("<HHIIH", len(files), len(files), len(listed), len(out), 0)
    return bytes(out + listed + b"PK\5\6\0\0\0\0" + end)


def zip_members(data):
    """Returns the files that the list of a zip names: their names, methods and contents."""
    damaged = "the zip cannot be read: its list of files is damaged, or of a form that is not written"
    if len(data) < 22 or data[-22:-14] != b"PK\5\6\0\0\0\0" or data[-2:] != b"\0\0":
        raise Refused(damaged)
    count, again, length, start = struct.unpack("<HHII", data[-14:-2])
    if count != again or start + length != len(data) - 22:
        raise Refused(damaged)
    if count > MOST_FILES or length > LONGEST_LIST:
        raise Refused("the zip cannot be read: it lists more files than any snapshot has")
    members, at = [], start
    try:
        for _ in range(count):
            fields = struct.unpack("<4sHHHHHHIIIHHHHHII", data[at : at + 46])
            mark, method, size, name, extra, comment, header = (fields[i] for i in (0, 4, 8, 10, 11, 12, 16))
            title = data[at + 46 : at + 46 + name]
            local = struct.unpack("<4sHHHHHIIIHH", data[header : header + 30])
            if mark != b"PK\1\2" or local[0] != b"PK\3\4":
                raise Refused(damaged)
            begin = header + 30 + local[9] + local[10]
            if begin + size > len(data):
                raise Refused(damaged)
            members.append((title, method, data[begin : begin + size]))
            at += 46 + name + extra + comment
    except struct.error:
        raise Refused(damaged) from None
    if at != len(data) - 22:
        raise Refused(damaged)
    if len({title for title, _, _ in members}) < count:
        raise Refused("the zip holds two files of the same name")
    return members


def open_zip(data):
    members = zip_members(data)
    found = {title: (method, content) for title, method, content in members}
    if b"record.json" not in found:
        raise Refused("the zip holds no `record.json`")
    if b"SHA256SUMS" not in found:
        method, content = found[b"record.json"]
        return Opened("csv", plain(content) if method == 0 else inflated(content, -15), None, None)
    files = [(title.decode("latin-1"), content) for title, _, content in members]
    if any(method for _, method, _ in members) or not all(ZIP_NAME.fullmatch(name) for name, _ in files):
        raise Refused("the zip differs from its template")
    names = [name for name, _ in files]
    at = names.index("SHA256SUMS")
    listed, behind = files[:at], names[at + 1 :]
    if behind not in ([], ["proof.tlog"]) or "proof.tlog" in names[:at]:
        raise Refused("the zip holds other files than `SHA256SUMS` lists: there are files behind it")
    if names[:at] != sorted(names[:at]):
        raise Refused("the zip holds other files than `SHA256SUMS` lists: they are not sorted by their names")
    sums = "".join(f"{sha256(content).hex()}  {name}\n" for name, content in listed).encode()
    if files[at][1] != sums:
        raise Refused("the zip holds other files than `SHA256SUMS` lists: one has another content, or is missing")
    if zip_of(files) != data:
        raise Refused("the zip differs from its template")
    receipt = receipt_text(files[-1][1]) if behind else None
    return Opened("csv", plain(found[b"record.json"][1]), receipt, sums)


# --- PDF: only what the server writes is read -----------------------------------------------------------------------

WHITE = b"\0\t\n\x0c\r "
REGULAR = rb"[^\0\t\n\x0c\r ()<>\[\]{}/%]"
PDF_TOKEN = re.compile(rb"<<|>>|\[|\]|<[^>]*>|/" + REGULAR + rb"*|" + REGULAR + rb"+", re.S)
NOT_PDF = "the PDF is not as STS Clearance writes one: it is none of ours, or damaged, or another program has saved it again"


class Tokens:
    """A position in a PDF, from which tokens and values are read one after the other."""

    def __init__(self, data, at=0):
        if not 0 <= at <= len(data):
            raise Refused(NOT_PDF)
        self.data, self.at = data, at

    def skip_white(self):
        while self.at < len(self.data) and self.data[self.at] in WHITE:
            self.at += 1

    def take(self, count):
        if self.at + count > len(self.data):
            raise Refused(NOT_PDF)
        self.at += count
        return self.data[self.at - count : self.at]

    def token(self):
        self.skip_white()
        if self.data[self.at : self.at + 1] == b"(":
            return self.take(self.string_length())
        match = PDF_TOKEN.match(self.data, self.at)
        if not match:
            raise Refused(NOT_PDF)
        self.at = match.end()
        return match[0]

    def string_length(self):
        depth, at = 0, self.at
        while at < len(self.data):
            byte = self.data[at]
            at += 1
            if byte == 0x5C:
                at += 1
            elif byte == 0x28:
                depth += 1
            elif byte == 0x29:
                depth -= 1
                if depth == 0:
                    return at - self.at
        raise Refused(NOT_PDF)

    def expect(self, *tokens):
        for token in tokens:
            if self.token() != token:
                raise Refused(NOT_PDF)

    def number(self):
        return whole_number(self.token())

    def value(self):
        self.skip_white()
        start, first = self.at, self.token()
        if first in (b"<<", b"["):
            depth = 1
            while depth:
                token = self.token()
                depth += (token in (b"<<", b"[")) - (token in (b">>", b"]"))
        elif first in (b">>", b"]"):
            raise Refused(NOT_PDF)
        elif first.isdigit():
            self.complete_reference()
        return self.data[start : self.at]

    def complete_reference(self):
        ahead = Tokens(self.data, self.at)
        try:
            ahead.number()
            ahead.expect(b"R")
        except Refused:
            return
        self.at = ahead.at


def whole_number(token):
    if not token.isdigit() or len(token) > 19:
        raise Refused(NOT_PDF)
    return int(token)


def entry(dictionary, key):
    """Returns the value of a key in a dictionary, or `None`."""
    tokens, found = Tokens(dictionary), []
    tokens.expect(b"<<")
    while (name := tokens.token()) != b">>":
        if not name.startswith(b"/") or b"#" in name:
            raise Refused(NOT_PDF)
        value = tokens.value()
        if name == key:
            found.append(value)
    if tokens.at != len(dictionary) or len(found) > 1:
        raise Refused(NOT_PDF)
    return found[0] if found else None


def needed(dictionary, key):
    value = entry(dictionary, key)
    if value is None:
        raise Refused(NOT_PDF)
    return value


def items(array):
    tokens, found = Tokens(array), []
    tokens.expect(b"[")
    while True:
        tokens.skip_white()
        if tokens.data[tokens.at : tokens.at + 1] == b"]":
            return found
        found.append(tokens.value())


def pdf_text(token):
    if not re.fullmatch(rb"\([ -~]*\)", token) or re.search(rb"[\\()]", token[1:-1]):
        raise Refused(NOT_PDF)
    return token[1:-1]


def reference(value):
    tokens = Tokens(value)
    number = tokens.number()
    tokens.expect(b"0", b"R")
    return number


def last_table(data):
    """Returns the offset that the last lines of a PDF name."""
    match = re.search(rb"startxref[\0\t\n\x0c\r ]+(\d{1,19})[\0\t\n\x0c\r ]*%%EOF[\0\t\n\x0c\r ]*\Z", data[-256:])
    if not match:
        raise Refused(NOT_PDF)
    return int(match[1])


class Pdf:
    """A PDF with one table of all its objects."""

    def __init__(self, data):
        self.data, self.table_at = data, last_table(data)
        tokens = Tokens(data, self.table_at)
        tokens.expect(b"xref", b"0")
        self.size = tokens.number()
        tokens.skip_white()
        self.table = tokens.take(self.size * 20)
        tokens.expect(b"trailer")
        self.trailer = tokens.value()

    def object(self, number):
        line = self.table[number * 20 : number * 20 + 20]
        if len(line) < 20:
            raise Refused(NOT_PDF)
        tokens = Tokens(self.data, whole_number(line[:10]))
        tokens.expect(str(number).encode(), b"0", b"obj")
        return tokens

    def dictionary(self, number):
        tokens = self.object(number)
        value = tokens.value()
        tokens.expect(b"endobj")
        return value

    def resolve(self, value):
        return self.object(reference(value)).value() if value.endswith(b"R") else value

    def named(self, dictionary, key):
        value = entry(dictionary, key)
        return None if value is None else self.resolve(value)

    def attached(self):
        """Returns the attachments: names and file specifications."""
        names = self.named(self.resolve(needed(self.trailer, b"/Root")), b"/Names")
        tree = names and self.named(names, b"/EmbeddedFiles")
        if not tree:
            return []
        listed = items(self.resolve(needed(tree, b"/Names")))
        if len(listed) % 2 or len(listed) > 2 * MOST_ATTACHED:
            raise Refused(NOT_PDF)
        return [(pdf_text(name), file) for name, file in zip(listed[::2], listed[1::2])]

    def embedded(self, name):
        """Returns the object, the dictionary and the bytes of the attachment with this name, or `None`."""
        found = [file for other, file in self.attached() if other == name]
        if len(found) > 1:
            raise Refused(f"`{name.decode()}` is there twice")
        if not found:
            return None
        stream = reference(needed(self.resolve(needed(self.resolve(found[0]), b"/EF")), b"/F"))
        tokens = self.object(stream)
        dictionary = tokens.value()
        tokens.expect(b"stream")
        if tokens.take(1) == b"\r":
            tokens.take(1)
        data = tokens.take(whole_number(needed(dictionary, b"/Length")))
        tokens.expect(b"endstream")
        return stream, dictionary, data


PLACEHOLDER = b"The receipt is not in this file yet.\n"


def around(length):
    start = f"<</Length {length}/Type/EmbeddedFile/Subtype/text#2Fplain/Params<</Size {length}/ModDate("
    return start.encode(), b")>>>>"


def receipt_update(body, receipt):
    """Returns the update that puts a receipt into a body. `None` if the body takes none."""
    try:
        file = Pdf(body)
        found = file.embedded(b"proof.tlog")
        if any(entry(file.trailer, key) is not None for key in (b"/Prev", b"/XRefStm", b"/Encrypt")):
            return None
        if not found or found[2] != PLACEHOLDER or whole_number(needed(file.trailer, b"/Size")) != file.size:
            return None
        number, dictionary, _ = found
        start, end = around(len(PLACEHOLDER))
        date = dictionary.removeprefix(start).removesuffix(end)
        if dictionary != start + date + end or not re.fullmatch(rb"[0-9D:Z+'-]*", date):
            return None
        first, _ = map(pdf_text, items(needed(file.trailer, b"/ID")))
        root, info = needed(file.trailer, b"/Root"), needed(file.trailer, b"/Info")
    except (Refused, ValueError):
        return None
    start, end = around(len(receipt))
    update = b"\n%d 0 obj\n" % number + start + date + end + b"\nstream\n" + receipt + b"\nendstream\nendobj\n"
    table = len(body) + len(update)
    update += b"xref\n%d 1\n%010d 00000 n \ntrailer\n" % (number, len(body) + 1)
    second = sha256(receipt)[:16].hex().encode()
    update += b"<</Size %d/Root %b/Info %b/ID[(%b)(%b)]" % (file.size, root, info, first, second)
    return update + b"/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (file.table_at, table)


def split_receipt(data):
    """Returns body and receipt of a PDF without a seal. The receipt is `None` if it does not end with one."""
    try:
        tokens = Tokens(data, last_table(data))
        tokens.expect(b"xref")
        tokens.number()
        tokens.expect(b"1")
        at = tokens.number()
        body = data[: max(at - 1, 0)]
        tokens = Tokens(data, at)
        tokens.number()
        tokens.expect(b"0", b"obj")
        length = whole_number(needed(tokens.value(), b"/Length"))
        tokens.expect(b"stream")
        tokens.take(1)
        receipt = tokens.take(length)
    except Refused:
        return data, None
    is_filled = receipt_update(body, receipt) == data[len(body) :]
    return (body, receipt) if is_filled else (data, None)


def open_pdf(data):
    body, receipt = split_receipt(data)
    file = Pdf(body)
    if entry(file.trailer, b"/Prev") is not None:
        raise Refused("something was added to the PDF after it was written")
    found = file.embedded(b"record.json")
    if not found:
        raise Refused("the PDF holds no `record.json`")
    packed = entry(found[1], b"/Filter")
    if packed not in (None, b"/FlateDecode"):
        raise Refused(NOT_PDF)
    record = plain(found[2]) if packed is None else inflated(found[2], 15)
    if receipt is None and receipt_update(body, b"") is None:
        return Opened("pdf", record, None, None)
    return Opened("pdf", record, receipt and receipt_text(receipt), body)


SIGNATURE = b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M(D:"
DIGITS = 2 * 16 * 1024


def split_seal(data):
    """Returns the file before its seal, the time of the seal and its CMS. The last two are `None` without a seal."""
    none = data, None, None
    end = re.search(rb"\nstartxref\n(\d{1,19})\n%%EOF\n\Z", data[-64:])
    if not end:
        return none
    lines = re.match(rb"xref\n((?:[0-9 n]+\n)*?)trailer\n", data[int(end[1]) :])
    offsets = [int(line[:10]) for line in re.findall(rb"^\d{10} \d{5} n $", lines[1] if lines else b"", re.M)]
    if not offsets or min(offsets) < 1:
        return none
    size = min(offsets) - 1
    update = data[size : int(end[1])]
    at = update.rfind(SIGNATURE)
    contents = update.find(b"/Contents<", max(at, 0))
    time = update[at + len(SIGNATURE) :][:14]
    cms = update[contents + 10 :][:DIGITS]
    if at < 0 or contents < 0 or not re.fullmatch(rb"\d{14}", time) or not re.fullmatch(rb"[0-9a-fA-F]{32768}", cms):
        return none
    return data[:size], time, cms


def edited(dictionary, *edits):
    """Returns a dictionary with changes: (offset, number of bytes that go, bytes that come)."""
    out, done = b"", 0
    for at, gone, text in sorted(edits, key=lambda edit: edit[0]):
        out += dictionary[done:at] + text
        done = at + gone
    return out + dictionary[done:]


def offset_of(dictionary, key, within=None):
    """Returns the offset of a key's value in a dictionary, and the value."""
    outer, base = (dictionary, 0) if within is None else (within[1], within[0])
    tokens = Tokens(outer)
    tokens.expect(b"<<")
    while (name := tokens.token()) != b">>":
        tokens.skip_white()
        at, value = tokens.at, tokens.value()
        if name == key:
            return base + at, value
    raise Refused(NOT_PDF)


def into_list(dictionary, found, text):
    at, value = found
    if not value.endswith(b"]"):
        raise Refused(NOT_PDF)
    return at + len(value) - 1, 0, text


class Sealing:
    """The objects of a body that a seal's update writes again, and the numbers of those that it adds."""

    def __init__(self, body):
        file = Pdf(body)
        self.root = reference(needed(file.trailer, b"/Root"))
        catalog = file.dictionary(self.root)
        pages = file.dictionary(reference(needed(catalog, b"/Pages")))
        self.page = reference(items(needed(pages, b"/Kids"))[0])
        structure = entry(catalog, b"/StructTreeRoot")
        self.field = file.size
        self.element = self.field + 1 if structure else None
        self.signature = self.field + (2 if structure else 1)
        form = b"/AcroForm<</Fields[%d 0 R]/SigFlags 3>>" % self.field
        self.rewritten = {self.root: edited(catalog, (len(catalog) - 2, 0, form))}
        first = file.dictionary(self.page)
        order = b"/Tabs/S" if structure and entry(first, b"/Tabs") is None else b""
        if entry(first, b"/Annots") is None:
            annotation = len(first) - 2, 0, b"/Annots[%d 0 R]" % self.field
        else:
            annotation = into_list(first, offset_of(first, b"/Annots"), b" %d 0 R" % self.field)
        self.rewritten[self.page] = edited(first, annotation, (len(first) - 2, 0, order))
        self.top = self.key = None
        if structure:
            self.add_element(file, reference(structure))

    def add_element(self, file, structure):
        tree = file.dictionary(structure)
        next_key = offset_of(tree, b"/ParentTreeNextKey")
        self.key = whole_number(next_key[1])
        parents = offset_of(tree, b"/ParentTree")
        numbers = offset_of(tree, b"/Nums", parents)
        self.rewritten[structure] = edited(
            tree,
            into_list(tree, numbers, b" %d %d 0 R" % (self.key, self.element)),
            (next_key[0], len(next_key[1]), b"%d" % (self.key + 1)),
        )
        top = needed(tree, b"/K")
        self.top = reference(items(top)[0] if top.startswith(b"[") else top)
        element = file.dictionary(self.top)
        kid = into_list(element, offset_of(element, b"/K"), b" %d 0 R" % self.element)
        self.rewritten[self.top] = edited(element, kid)

    def objects(self):
        """Returns all objects of the update but the signature, in their order."""
        objects = sorted(self.rewritten.items())
        field = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(Seal)/TU(Digital seal)/F 132/Rect[0 0 0 0]"
        field += b"/P %d 0 R/V %d 0 R" % (self.page, self.signature)
        field += b"/StructParent %d" % self.key if self.element else b""
        objects.append((self.field, field + b">>"))
        if self.element:
            inside = b"<</Type/OBJR/Obj %d 0 R/Pg %d 0 R>>" % (self.field, self.page)
            element = b"<</Type/StructElem/S/Form/P %d 0 R/Pg %d 0 R/K %b>>" % (self.top, self.page, inside)
            objects.append((self.element, element))
        return objects


def seal_update(unsealed, time, cms):
    """Returns the update that seals a file: its template, filled with a time and a CMS."""
    sealing = Sealing(split_receipt(unsealed)[0])
    update, offsets = b"\n", []
    for number, text in sealing.objects():
        offsets.append((number, len(unsealed) + len(update)))
        update += b"%d 0 obj\n%b\nendobj\n" % (number, text)
    offsets.append((sealing.signature, len(unsealed) + len(update)))
    update += b"%d 0 obj\n" % sealing.signature + SIGNATURE + time + b"Z)/ByteRange["
    before = len(unsealed) + len(update) + 35 + len("/Contents")
    after = before + DIGITS + 2
    table = after + len(">>\nendobj\n")
    tail = b">>\nendobj\nxref\n"
    for at, (number, offset) in enumerate(offsets):
        if at == 0 or offsets[at - 1][0] + 1 != number:
            run = next((n for n in range(at, len(offsets)) if offsets[n][0] != number + n - at), len(offsets)) - at
            tail += b"%d %d\n" % (number, run)
        tail += b"%010d 00000 n \n" % offset
    trailer = Tokens(unsealed, unsealed.rfind(b"trailer") + 7).value()
    first, second = map(pdf_text, items(needed(trailer, b"/ID")))
    tail += b"trailer\n<</Size %d/Root %d 0 R" % (sealing.signature + 1, sealing.root)
    info = entry(trailer, b"/Info")
    tail += b"/Info %d 0 R" % reference(info) if info else b""
    tail += b"/ID[<%b><%b>]" % (first.hex().encode(), sha256(second + time)[:16].hex().encode())
    tail += b"/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (last_table(unsealed), table)
    update += b"0 %-10d %-10d %-10d]/Contents<" % (before, after, len(tail))
    return update + cms + b">" + tail


def is_cms(digits):
    """Whether these digits are a DER value in lower-case hexadecimal, and zeros behind it."""
    data = bytes.fromhex(digits.decode())
    length, head = data[1], 2
    if length > 0x80:
        head += length & 0x7F
        length = int.from_bytes(data[2:head])
    return digits == digits.lower() and data[0] == 0x30 and not any(data[head + length :])


# --- The fold: docs/format/events.md --------------------------------------------------------------------------------


def same(what, told, folded):
    if told != folded:
        raise Refused(f"{what} is {told!r} here, and was {folded!r}")


def there(found, what, name):
    if found is None:
        raise Refused(f"there is no {what} {name}")
    return found


def changed(kind, value, changes):
    """Returns the value with changes, each of which starts from what it is."""
    fields = dict(value)
    for name, change in changes.items():
        if name not in fields:
            raise Refused(f"there is no field `{name}`")
        if not isinstance(change, dict) or "from" not in change or "to" not in change:
            raise Refused(f"the change of `{name}` lacks `from` or `to`")
        if canonical(fields[name]) != canonical(change["from"]):
            raise Refused(f"`{name}` changes from another value than it had")
        fields[name] = change["to"]
    return read(kind, fields)


def in_order(roles):
    """Returns whether a list has at least one role, and each once, in the order of the vocabulary."""
    return bool(roles) and roles == [role for role in WORDS["Role"] if role in roles]


def pick(event, *names):
    return {name: event[name] for name in names}


class Fold:
    """The fold of a room's log: the state that its entries lead to, one after the other."""

    def __init__(self, room):
        self.room, self.size, self.last, self.state = room, 0, None, None
        self.stage, self.parts, self.text = "unknown", 0, []

    def apply(self, entry):
        if entry["seq"] != self.size:
            raise Refused(f"the entry after {self.size} entries is missing")
        meta = entry["meta"]
        version = meta.get("v", 1) if isinstance(meta, dict) else 1
        at = cut(entry["timestamp"])
        if not is_whole(version, 1, 2):
            raise Unjudged(f"entry {self.size} (`{entry['action']}`) is of a version that is not known here")
        if version == 1:
            if self.stage != "unknown":
                raise Refused("it is of version 1, after entries of version 2")
        else:
            if entry["action"] not in EVENT_TYPES:
                raise Refused("it is no event of a room")
            event = read_fields(EVENT_TYPES[entry["action"]], meta, "meta", True)
            self.check_time(at, meta)
            self.step(entry["action"], event, entry["actor"], at)
        self.size, self.last = self.size + 1, at

    def check_time(self, at, meta):
        clock = read("time", meta["clock"], "clock") if "clock" in meta else None
        if "by_role" in meta:
            read("Role", meta["by_role"], "by_role")
        if self.last is None:
            return
        if instant(at) < instant(self.last):
            raise Refused("its time is before that of the entry before it")
        if meta.get("continues") is True and at != self.last:
            raise Refused("it continues an operation of another time")
        if clock is not None and (instant(clock) >= instant(at) or at != self.last):
            raise Refused("its clock is not behind the entry before it")

    def step(self, action, event, actor, at):
        if action == "adopted_again" and self.stage in ("known", "differing"):
            before = self.parts if self.stage == "differing" else 0
            if event["part"] != before + 1 or event["part"] > event["of"]:
                raise Refused("its part is not the next one")
            is_last = event["part"] == event["of"]
            self.stage, self.state = "adopting" if is_last else "differing", None
            self.parts, self.text = 0 if is_last else event["part"], []
        elif self.stage == "known":
            if action == "adoption_ended":
                self.stage, self.state = "unknown", None
                self.parts, self.text = 0, []
            elif action == "state_marked":
                same("the state's hash", event["state_sha256"], sha256(canonical(self.state)).hex())
            elif action != "log_continued":
                handler = getattr(self, f"on_{action}", None)
                there(handler, "meaning in a room that is known, of", action)(event, actor, at)
        elif self.stage == "unknown" and action == "log_continued" and self.size:
            return
        elif action == "room_adopted" and self.stage in ("unknown", "adopting"):
            self.adopt(event)
        elif action == "room_created" and self.size == 0:
            self.begin(event, actor, at)
        else:
            raise Refused("the log does not tell everything before it")

    def begin(self, event, actor, at):
        room = {"id": self.room, "status": "active", "phase": "nomination", "created_at": at, "created_by": actor}
        room |= dict.fromkeys(("transfer_completed_at", "closed_at", "retained_from"))
        self.stage = "known"
        self.state = {name: {} for name, _, _ in STRUCTS["State"].fields} | {"room": room | event}

    def adopt(self, event):
        if event["part"] != self.parts + 1 or event["part"] > event["of"]:
            raise Refused(f"part {event['part']} of {event['of']} comes after part {self.parts}")
        self.stage, self.parts = "adopting", event["part"]
        self.text.append(event["state"])
        if event["part"] < event["of"]:
            return
        text = "".join(self.text).encode("utf-8", "surrogatepass")
        if event["state_sha256"] != sha256(text).hex():
            raise Refused("the parts of the state do not make what its hash is of")
        self.state = read("State", parse_canonical(text, SIGNED))
        if self.state["room"]["id"] != self.room:
            raise Refused("it is the state of another log")
        self.stage, self.parts, self.text = "known", 0, []

    def vessel_name(self, vessel):
        found = self.state["vessels"].get(vessel)
        return found and found["details"]["name"]

    def slot(self, event, has_vessel=True):
        slot = there(self.state["documents"].get(event["document_id"]), "document", event["document_id"])
        if has_vessel:
            same("the vessel's name", event["vessel"], self.vessel_name(slot["document"]["vessel"]))
        same("the document's type", event["document_type"], slot["document"]["document_type"])
        return slot

    def snapshot(self, event, *statuses):
        snapshot = there(self.state["snapshots"].get(event["snapshot_id"]), "snapshot", event["snapshot_id"])
        if statuses and snapshot["status"] not in statuses:
            raise Refused(f"the snapshot is {snapshot['status']}")
        return snapshot

    def see(self, file, actor, at):
        seen = self.state["seen"].setdefault(actor, {}).setdefault(file, {"first": at, "last": at, "times": 0})
        seen["last"], seen["times"] = at, seen["times"] + 1

    def request(self, deed, about, event, actor, at):
        requests = self.state["requests"]
        for name in [name for name, made in requests.items() if instant(made["until"]) < instant(at)]:
            del requests[name]
        reasons = {"reason": event.get("reason"), "reason_hash": event.get("reason_hash")}
        requests[about] = {"deed": deed, "asked_by": actor, "asked_at": at, "until": event["until"]} | reasons

    # The room

    def on_room_updated(self, event, actor, at):
        room = self.state["room"]
        details = pick(room, *(name for name, _, _ in STRUCTS["RoomDetails"].fields))
        room |= changed("RoomDetails", details, event["changes"])

    def on_phase_changed(self, event, actor, at):
        room, phases, to = self.state["room"], WORDS["Phase"], event["to"]
        same("the phase", event["from"], room["phase"])
        happened = event["at"] or at
        is_after = phases.index(to) > phases.index("transfer")
        room["phase"] = to
        room["transfer_completed_at"] = (room["transfer_completed_at"] or happened) if is_after else None
        room["closed_at"] = happened if to == "closed" else None
        room["retained_from"] = at if to == "closed" else room["retained_from"]

    def on_room_deletion_asked(self, event, actor, at):
        same("the title", event["title"], self.state["room"]["title"])
        self.request("delete_room", self.room, event, actor, at)

    def on_room_deleted(self, event, actor, at):
        same("the title", event["title"], self.state["room"]["title"])
        same("the number of snapshots that are left", len(self.state["snapshots"]), 0)
        self.state["room"]["status"], self.state["requests"] = "deleted", {}

    def on_access_denied(self, event, actor, at):
        """Nothing changes by it, nor by the next two."""

    on_log_exported = on_rows_repaired = on_access_denied

    # Parties and vessels

    def on_party_added(self, event, actor, at):
        parties, party = self.state["parties"], event["party_id"]
        if party in parties or any(other["email"] == event["email"] for other in parties.values()):
            raise Refused(f"{event['email']} is a party already")
        fields = pick(event, "role", "name", "email", "company", "side")
        if "roles" in event:
            listed = fields["roles"] = event["roles"]
            if len(listed) < 2 or not in_order(listed) or listed[0] != event["role"]:
                raise Refused(f"the roles of {event['email']} are not listed in their order")
        parties[party] = {"id": party, "added_at": at} | fields

    def on_party_removed(self, event, actor, at):
        party = there(self.state["parties"].pop(event["party_id"], None), "party", event["party_id"])
        told = pick(event, "role", "name", "email")
        same("the party", told, pick(party, *told))

    def on_party_updated(self, event, actor, at):
        party = there(self.state["parties"].get(event["party_id"]), "party", event["party_id"])
        same("the address", event["email"], party["email"])
        former = party["email"]
        details = {"roles": party.get("roles", [party["role"]])} | pick(party, "name", "email", "company", "side")
        party |= changed("PartyDetails", details, event["changes"])
        roles = party.pop("roles")
        if not in_order(roles):
            raise Refused("the roles are not listed in their order")
        party["role"] = roles[0]
        if len(roles) > 1:
            party["roles"] = roles
        if party["email"] != former:
            others = (other for name, other in self.state["parties"].items() if name != event["party_id"])
            if any(other["email"] == party["email"] for other in others):
                raise Refused(f"{party['email']} is a party already")
            earlier = [address for address in party.get("formerly", []) if address not in (former, party["email"])]
            party["formerly"] = [*earlier, former]

    def on_vessel_added(self, event, actor, at):
        vessel = event.pop("vessel_id")
        if vessel in self.state["vessels"]:
            raise Refused(f"there is a vessel {vessel} already")
        self.state["vessels"][vessel] = {"id": vessel, "details": event, "added_at": at}

    def on_vessel_updated(self, event, actor, at):
        vessel = there(self.state["vessels"].get(event["vessel_id"]), "vessel", event["vessel_id"])
        vessel["details"] = changed("Details", vessel["details"], event["changes"])
        same("the name", event["name"], vessel["details"]["name"])

    def on_vessel_removed(self, event, actor, at):
        vessel = there(self.state["vessels"].pop(event["vessel_id"], None), "vessel", event["vessel_id"])
        same("the name", event["name"], vessel["details"]["name"])
        documents = (slot["document"] for slot in self.state["documents"].values())
        for of in (*documents, *self.state["approvals"].values()):
            if of["vessel"] == event["vessel_id"]:
                raise Refused(f"{event['name']} still has documents or approvals")

    # Documents

    def slots_of(self, event, code):
        slots = self.state["documents"].items()
        return [
            (name, slot)
            for name, slot in slots
            if (slot["document"]["vessel"], slot["document"]["document_type"]) == (event["vessel_id"], code)
        ]

    def on_documents_opened(self, event, actor, at):
        same("the vessel's name", event["vessel"], self.vessel_name(event["vessel_id"]))
        same("the list of types", event["document_types"], [slot["document_type"] for slot in event["slots"]])
        for opened in event["slots"]:
            document = opened.pop("document_id")
            if document in self.state["documents"] or self.slots_of(event, opened["document_type"]):
                raise Refused(f"there is a slot for {opened['document_type']} already")
            if not in_order(opened.get("must_approve", ["owner"])):
                raise Refused(f"who must approve {opened['document_type']} is not listed in order")
            fields = {"id": document, "vessel": event["vessel_id"], "waiver": None, "opened_at": at}
            self.state["documents"][document] = {"document": fields | opened, "uploads": []}

    def on_documents_closed(self, event, actor, at):
        same("the vessel's name", event["vessel"], self.vessel_name(event["vessel_id"]))
        for code in event["document_types"]:
            found = self.slots_of(event, code)
            if not found or found[0][1]["uploads"]:
                raise Refused(f"there is no empty slot for {code}")
            del self.state["documents"][found[0][0]]

    def on_document_requirement_changed(self, event, actor, at):
        document = self.slot(event, False)["document"]
        same("the requirement", event["from"], document["requirement"])
        document["requirement"] = event["to"]

    def on_document_waived(self, event, actor, at):
        document = self.slot(event)["document"]
        same("the requirement", "conditional", document["requirement"])
        document["waiver"] = {"reason": event["reason"], "by": actor, "at": at}

    def on_document_waiver_withdrawn(self, event, actor, at):
        document = self.slot(event)["document"]
        same("whether it was waived", True, document["waiver"] is not None)
        document["waiver"] = None

    def on_document_uploaded(self, event, actor, at):
        uploads = self.slot(event)["uploads"]
        same("the version's number", event["version"], len(uploads) + 1)
        document, version, kind = event["document_id"], event["version_id"], event["file_kind"]
        uploaded = pick(event, "file_name", "expires_on", "expiry_assumed", "notes", "told_eta", "uploader_role")
        uploaded |= {"notice": event["notice"]} if "notice" in event else {}
        uploaded |= {
            "id": version,
            "document": document,
            "number": event["version"],
            "file_url": f"rooms/{self.room}/documents/{document}/{version}.{kind}",
            "kind": kind,
            "size": event["file_size"],
            "sha256": event["file_sha256"],
            "uploaded_by": actor,
            "uploaded_at": at,
        }
        uploads.append({"version": uploaded, "decisions": []})

    def stated(self, event):
        """Returns the version that an event states something of, which was not withdrawn."""
        versions = (upload["version"] for upload in self.slot(event)["uploads"])
        found = next((version for version in versions if version["id"] == event["version_id"]), None)
        version = there(found, "version", event["version_id"])
        same("the version's number", event["version"], version["number"])
        same("whether it was withdrawn", False, version.get("withdrawn") is not None)
        return version

    def on_version_withdrawn(self, event, actor, at):
        self.stated(event)["withdrawn"] = {"reason": event["reason"], "by": actor, "at": at}

    def on_version_date_waived(self, event, actor, at):
        version = self.stated(event)
        same("its date", None, version["expires_on"])
        same("whether its date was waived", False, version.get("date_waived") is not None)
        version["date_waived"] = {"reason": event["reason"], "by": actor, "at": at}

    def on_document_decided(self, event, actor, at):
        slot = self.slot(event)
        uploads = slot["uploads"]
        counting = [upload for upload in uploads if upload["version"].get("withdrawn") is None]
        in_force = there(counting[-1] if counting else None, "version of document", event["document_id"])
        told = event["version_id"], event["version"]
        same("the version in force", told, (in_force["version"]["id"], in_force["version"]["number"]))
        decision = {"id": event["decision_id"], "version": told[0], "party": actor, "decided_at": at}
        if "roles" in event:
            listed = decision["roles"] = event["roles"]
            if len(listed) < 2 or not in_order(listed) or listed[0] != event["role"]:
                raise Refused(f"the roles of the decision {event['decision_id']} are not listed in their order")
            if not set(listed) <= set(slot["document"].get("must_approve", [])):
                raise Refused(f"the decision {event['decision_id']} is made in a role that the document does not name")
        if event.get("side") is not None:
            decision["side"] = event["side"]
        in_force["decisions"].append(decision | pick(event, "role", "verdict", "comment"))

    def on_document_downloaded(self, event, actor, at):
        slot = there(self.state["documents"].get(event["document_id"]), "document", event["document_id"])
        if not any(upload["version"]["id"] == event["version_id"] for upload in slot["uploads"]):
            raise Refused(f"there is no version {event['version_id']}")
        self.see(event["version_id"], actor, at)

    on_document_previewed = on_document_downloaded

    # Approvals

    def approval(self, event):
        self.named_vessel(event)
        approval = there(self.state["approvals"].get(event["approval_id"]), "approval", event["approval_id"])
        told = event["vessel_id"], event["party"], event["from"]
        same("the approval", told, (approval["vessel"], approval["party"], approval["status"]))
        return approval

    def named_vessel(self, event):
        same("the vessel's name", event["vessel"], self.vessel_name(event["vessel_id"]))

    def on_approval_given(self, event, actor, at):
        self.named_vessel(event)
        approvals, approval = self.state["approvals"], event["approval_id"]
        told = event["vessel_id"], actor
        if approval in approvals or any((one["vessel"], one["party"]) == told for one in approvals.values()):
            raise Refused(f"{actor} has replied for {event['vessel']} before")
        fields = pick(event, "role", "side", "status", "comment")
        approvals[approval] = {"id": approval, "vessel": told[0], "party": actor, "decided_at": at} | fields

    def on_approval_changed(self, event, actor, at):
        fields = pick(event, "role", "side", "comment")
        self.approval(event).update(fields | {"status": event["to"], "decided_at": at})

    def on_approval_revoked(self, event, actor, at):
        self.approval(event).update({"status": "pending", "comment": None, "decided_at": at})

    # Snapshots, holds and requests

    def on_snapshot_created(self, event, actor, at):
        if event["shows"] is None and event["record_sha256"] is None:
            raise Refused("a snapshot shows no position, and has no record")
        if event["snapshot_id"] in self.state["snapshots"]:
            raise Refused("there is this snapshot already")
        snapshot = pick(event, "title", "options", "record_sha256")
        snapshot |= {"kind": event["snapshot_type"], "created_by": actor, "created_at": at}
        snapshot |= {"status": "generating", "file": None}
        snapshot |= {"shows": event["shows"]} if event["shows"] is not None else {}
        self.state["snapshots"][event["snapshot_id"]] = snapshot

    def on_snapshot_rendered(self, event, actor, at):
        snapshot = self.snapshot(event, "generating")
        if "shows" not in snapshot:
            raise Refused("the snapshot is not being drawn from the log")
        snapshot["record_sha256"] = event["record_sha256"]
        body = {"sha256": event["body_sha256"], "size": event["body_size"]}
        body |= {"not_sealed": event["not_sealed"]} if event["not_sealed"] is not None else {}
        snapshot["body"] = body | pick(event, "renderer", "fonts", "certificate_sha256")

    def on_snapshot_generated(self, event, actor, at):
        file = {"sha256": event["file_sha256"], "size": event["file_size"]}
        file |= pick(event, "renderer", "fonts", "seal")
        self.snapshot(event, "generating").update({"status": "completed", "file": file})

    def on_snapshot_failed(self, event, actor, at):
        self.snapshot(event, "generating")["status"] = "failed"

    def on_snapshot_retried(self, event, actor, at):
        self.snapshot(event, "failed")["status"] = "generating"

    def on_snapshot_downloaded(self, event, actor, at):
        self.snapshot(event)
        self.see(event["snapshot_id"], actor, at)

    on_snapshot_previewed = on_snapshot_downloaded

    def on_snapshot_deletion_asked(self, event, actor, at):
        same("its title", event["title"], self.snapshot(event)["title"])
        self.request("delete_snapshot", event["snapshot_id"], event, actor, at)

    def on_snapshot_deleted(self, event, actor, at):
        snapshot = event["snapshot_id"]
        for hold in self.state["holds"].values():
            if hold["lifted"] is None and hold["snapshot"] in (None, snapshot):
                raise Refused("the snapshot is under hold")
        found = self.snapshot(event)
        told = event["title"], event["snapshot_type"], event["record_sha256"]
        same("the snapshot", told, (found["title"], found["kind"], found["record_sha256"]))
        same("its file", event["file_sha256"], found["file"] and found["file"]["sha256"])
        del self.state["snapshots"][snapshot]
        self.state["requests"].pop(snapshot, None)

    def on_hold_placed(self, event, actor, at):
        holds, hold, snapshot = self.state["holds"], event["hold_id"], event["snapshot_id"]
        if snapshot is not None:
            self.snapshot(event)
        if hold in holds or any(one["lifted"] is None and one["snapshot"] == snapshot for one in holds.values()):
            raise Refused("it is under hold already")
        placed = {"placed_by": actor, "placed_at": at, "lifted": None}
        holds[hold] = {"snapshot": snapshot, "reason_hash": event["reason_hash"]} | placed

    def on_hold_lift_asked(self, event, actor, at):
        there(self.state["holds"].get(event["hold_id"]), "hold", event["hold_id"])
        self.request("lift_hold", event["hold_id"], event, actor, at)

    def on_hold_lifted(self, event, actor, at):
        self.state["requests"].pop(event["hold_id"], None)
        hold = there(self.state["holds"].get(event["hold_id"]), "hold", event["hold_id"])
        same("what is held", event["snapshot_id"], hold["snapshot"])
        same("whether it was lifted before", hold["lifted"], None)
        lifted = pick(event, "asked_by", "reason_hash", "confirm_reason_hash")
        hold["lifted"] = lifted | {"by": actor, "at": at}


def facts_of(state, options):
    """Returns what of a state a record holds."""
    state = dict(state)
    if not options["include_documents"]:
        state["documents"] = {}
    if not options["include_approvals"]:
        state["approvals"] = {}
    taken, documents = 0, {}
    for name in sorted(state["documents"]):
        slot, uploads = state["documents"][name], []
        for upload in slot["uploads"][-MOST_UPLOADS:]:
            parties, superseded, kept = set(), 0, []
            for decision in reversed(upload["decisions"]):
                if decision["party"] not in parties:
                    parties.add(decision["party"])
                    kept.append(decision)
                    continue
                superseded += 1
                taken += len((decision["comment"] or "").encode())
                if superseded <= MOST_SUPERSEDED and taken <= MOST_SUPERSEDED_BYTES:
                    kept.append(decision)
            uploads.append(upload | {"decisions": kept[::-1]})
        documents[name] = slot | {"uploads": uploads}
    return state | {"documents": documents}


# --- Checks: docs/format.md -----------------------------------------------------------------------------------------


def continuation(room, origin):
    """Splits the origin of a room's log into the one it began with, and the number of its continuation."""
    match = re.fullmatch(rf"(.*/rooms/{re.escape(room)})(?:/([1-9][0-9]*))?", origin, re.S)
    if not match or match[2] == "1" or int(match[2] or 1) >= 1 << 32:
        return None
    return match[1], int(match[2] or 1)


class Verification:
    """The checks of one file, in their order."""

    def __init__(self, data, keys):
        self.data, self.keys = data, keys
        self.checks, self.record, self.receipt, self.opened, self.no_receipt = [], None, None, None, None
        self.is_pdf = data.startswith(b"%PDF-")
        self.unsealed, self.sealed_at, self.cms = split_seal(data) if self.is_pdf else (data, None, None)

    def make(self, name, check):
        """Makes a check, and keeps what came of it."""
        try:
            outcome, detail = "ok", check()
        except Refused as refused:
            outcome, detail = "failed", str(refused)
        except Unjudged as unjudged:
            outcome, detail = "skipped", str(unjudged)
        self.checks.append((name, outcome, detail))

    def run(self, receipt=None):
        self.make("file", lambda: f"{len(self.data)} bytes, SHA-256 {sha256(self.data).hex()}")
        self.make("record", self.check_record)
        self.make("logged", self.check_logged)
        self.make("follows", self.check_follows)
        if receipt is not None:
            self.make("receipt", lambda: self.check_receipt(Receipt(receipt)))
        if self.is_pdf:
            self.make("sealed", self.check_sealed)
        self.make("drawn", self.check_drawn)
        return self.verdict()

    def verdict(self):
        """Returns the exit code and the verdict in words."""
        failed = [name for name, outcome, _ in self.checks if outcome == "failed"]
        skipped = [name for name, outcome, _ in self.checks if outcome == "skipped" and name not in ("sealed", "drawn")]
        if failed:
            return 1, f"does not verify: {', '.join(failed)}"
        return (3, f"cannot be judged: {', '.join(skipped)}") if skipped else (0, "verified")

    def check_record(self):
        opened = {b"%": open_pdf, b"{": open_json, b"P": open_zip}[self.data[:1]](self.unsealed)
        self.opened = opened
        self.read_receipt()
        bounds = SIGNED if self.is_vouched() else STRANGERS
        record = opened.record(bounds.size)
        value = parse(record, bounds)
        schema = value.get("schema") if isinstance(value, dict) else None
        if not isinstance(schema, str):
            raise Refused("the record cannot be read: it has no schema")
        if schema in EARLIER_SCHEMAS and opened.body is None:
            raise Unjudged(f"it is of `{schema}`, of a version before 0.4: `sts-clearance verify` judges it")
        if schema not in (SCHEMA, *EARLIER_SCHEMAS):
            raise Unjudged(f"the record has schema `{schema}`, this program reads `{SCHEMA}`")
        if schema in EARLIER_SCHEMAS or opened.body is None:
            raise Refused("it is of a schema that files of this kind do not have")
        if canonical(read("Record", value)) != record:
            raise Refused("it is not in canonical form (RFC 8785)")
        if value["snapshot"]["type"] != opened.kind:
            raise Refused(f"it is of a `{value['snapshot']['type']}` snapshot, and the file is a `{opened.kind}`")
        self.record = value
        return f"canonical, of schema {schema}, SHA-256 {sha256(record).hex()}"

    def read_receipt(self):
        try:
            if self.opened.receipt is not None:
                self.receipt = Receipt(self.opened.receipt)
        except Refused as refused:
            self.no_receipt = str(refused)

    def is_vouched(self):
        """Whether a trusted key has signed for exactly this body, so that its record may be large."""
        if not (self.keys and self.receipt and self.opened.body is not None):
            return False
        try:
            self.receipt.signed_by(self.keys)
        except Refused:
            return False
        checkpoint, index = self.receipt.checkpoint, self.receipt.index
        leaf = leaf_hash(canonical(self.receipt.leaf))
        is_in = includes(self.receipt.path, checkpoint.size, checkpoint.root, index, leaf)
        return is_in and self.receipt.meta("body_sha256") == sha256(self.opened.body).hex()

    def check_logged(self):
        if self.opened is None:
            raise Unjudged("the file cannot be opened")
        if self.receipt is None:
            if self.opened.body is None:
                raise Unjudged("the file is of a version before 0.4")
            raise Refused(self.no_receipt or "the file carries no receipt: it was taken off, or none was added yet")
        return self.check_receipt(self.receipt)

    def check_receipt(self, receipt):
        if self.opened is None or self.opened.body is None:
            raise Unjudged("the file has no body that a receipt could be of")
        checkpoint, leaf, body, faults = receipt.checkpoint, receipt.leaf, self.opened.body, []
        if leaf["action"] != "snapshot_rendered":
            faults.append(f"its receipt is of an entry `{leaf['action']}`, which tells of no body")
        told, found = receipt.meta("body_sha256"), sha256(body).hex()
        if told != found:
            faults.append(f"the log tells of a body with the SHA-256 {told}, and that of this file is {found}")
        if self.record:
            faults += self.faults_of_record(receipt)
        leads = includes(
            receipt.path, checkpoint.size, checkpoint.root, receipt.index, leaf_hash(canonical(leaf))
        )
        if not (leads and leaf["seq"] == receipt.index and checkpoint.size == receipt.index + 1):
            faults.append(f"the log of the checkpoint does not end with entry {leaf['seq']} as this receipt has it")
        by = None
        try:
            by = receipt.signed_by(self.keys) if self.keys else None
        except Refused as refused:
            faults.append(str(refused))
        if faults:
            raise Refused("; ".join(faults))
        if by is None:
            printed = self.record and self.record["log"].get("key")
            printed = f"the file prints `{printed}`; " if printed else ""
            raise Unjudged(
                f"no key is given: {printed}get the key from a party that you trust, not from the file"
            )
        return (
            f"entry {leaf['seq']} of `{checkpoint.origin}` tells of these {len(body)} bytes; its {checkpoint.size} "
            f"entries are signed with `{by}`"
        )

    def faults_of_record(self, receipt):
        room, snapshot = self.record["facts"]["room"]["id"], self.record["snapshot"]["id"]
        if receipt.leaf["room_id"] != room:
            yield f"its receipt is of the room {receipt.leaf['room_id']}, and its record of {room}"
        if receipt.meta("snapshot_id") != snapshot:
            yield f"its receipt is of the snapshot {receipt.meta('snapshot_id')}, and its record of {snapshot}"
        claimed, signed = self.record["log"].get("origin", receipt.checkpoint.origin), receipt.checkpoint.origin
        ours, theirs = continuation(room, claimed), continuation(room, signed)
        if not (ours and theirs and ours[0] == theirs[0] and ours[1] <= theirs[1]):
            yield f"its receipt is of the log `{signed}`, and its record of `{claimed}`"

    def check_follows(self):
        if self.record is None or self.receipt is None:
            raise Unjudged("the record or the receipt cannot be read")
        record, checkpoint = self.record, self.receipt.checkpoint
        position = record["log"]
        if not re.fullmatch("[0-9a-f]{64}", position["root"]):
            raise Refused(f"`{position['root']}` is no root of a tree")
        older = position["size"], bytes.fromhex(position["root"])
        if not extends(self.receipt.consistency, (checkpoint.size, checkpoint.root), older):
            raise Refused(f"the receipt does not show that its log goes on from the {older[0]} entries shown")
        if "entries" not in record:
            raise Unjudged("the snapshot was taken without the log's entries, from which its facts could be folded")
        self.check_entries(record["entries"], record.get("before", []), *older)
        if record.get("before"):
            raise Unjudged(
                f"it holds the newest {len(record['entries'])} of {older[0]} entries, which are those of the log; its "
                "facts could be folded from all of them alone"
            )
        fold = Fold(record["facts"]["room"]["id"])
        for entry in record["entries"]:
            try:
                fold.apply(entry)
            except Refused as refused:
                raise Refused(f"entry {entry['seq']} (`{entry['action']}`) does not follow: {refused}") from None
        if fold.state is None:
            raise Refused("its entries do not tell everything of the room")
        if canonical(facts_of(fold.state, record["snapshot"]["options"])) != canonical(record["facts"]):
            raise Refused("its facts are not what the entries of the log lead to: the record was changed")
        return f"its facts follow from the {older[0]} entries of the log up to the moment that it shows"

    def check_entries(self, entries, before, size, root):
        first = size - len(entries)
        roots = [bytes.fromhex(text) for text in before if re.fullmatch("[0-9a-f]{64}", text)]
        if first < 0 or len(roots) != len(before) or len(before) != first.bit_count():
            raise Refused(f"it holds {len(entries)} entries of {size}")
        tree, room = Tree(first, roots), self.record["facts"]["room"]["id"]
        for entry in entries:
            if entry["seq"] != tree.size:
                raise Refused(
                    f"where entry {tree.size} should be is entry {entry['seq']}: entries are lacking, or out of order"
                )
            tree.push(leaf_hash(canonical(entry | {"room_id": room})))
        if tree.root() != root:
            raise Refused("its entries are not those of the log: one or more of them were changed")

    def check_sealed(self):
        named = self.receipt is not None and self.receipt.meta("certificate_sha256") != "none"
        if self.cms is None and not named:
            raise Unjudged("it is not sealed, and the log names no certificate that it should be sealed with")
        if self.cms is None:
            raise Refused(
                "the PDF ends without a seal of ours: it never had one, it was taken off, or something was changed or added there"
            )
        update = self.data[len(self.unsealed) :]
        if seal_update(self.unsealed, self.sealed_at, self.cms) != update or not is_cms(self.cms):
            raise Refused("what was added with the seal is not what a seal adds: it was changed")
        if not named:
            raise Refused("it is a seal of somebody else: the log names no certificate that it should be sealed with")
        if self.record and self.sealed_at.decode() < re.sub("[^0-9]", "", self.record["snapshot"]["created_at"][:19]):
            raise Refused("it says that it was made before the snapshot was taken")
        raise Unjudged("not judged here: the seal is as seals are, and `sts-clearance verify` checks its signature")

    def check_drawn(self):
        raise Unjudged("not judged here: that its pages and tables show the record is the server's word")


def verify(data, keys=None, receipt=None):
    """Makes every check of a file. Returns what was found, as `--json` prints it."""
    if len(data) > LARGEST_FILE:
        raise Unreadable(f"it is larger than the {LARGEST_FILE} bytes that are read")
    if not data.startswith((b"%PDF-", b"{", b"PK\3\4")):
        raise Unreadable("this is no PDF, JSON or zip of STS Clearance")
    if receipt is not None:
        # The way up to the log of heads, which may stand behind the receipt, is not looked at.
        end = receipt.find("\nc2sp.org/tlog-proof@v1\n")
        receipt = receipt[: end + 1] if end >= 0 else receipt
        try:
            Receipt(receipt)
        except Refused as refused:
            raise Unreadable(f"the receipt: {refused}") from None
    made = Verification(data, keys)
    code, verdict = made.run(receipt)
    checks = [{"name": name, "outcome": outcome, "detail": detail} for name, outcome, detail in made.checks]
    return {"code": code, "verdict": verdict, "checks": checks, "told": made.record and told(made)}


def told(made):
    """Returns what a record says of itself, which is only as true as the file."""
    record = made.record
    room, snapshot, log = record["facts"]["room"], record["snapshot"], record["log"]
    by = snapshot["created_by"]
    entries = record.get("entries", [])
    entry = made.receipt.leaf["seq"] if made.receipt else log["size"]
    lines = [
        ("Room", f"{room['title']} ({room['id']})"),
        ("Snapshot", f"{snapshot['title']} ({snapshot['id']})"),
        ("Taken", f"{in_utc(snapshot['created_at'])} by {by['email']} ({by['role']})"),
        ("Log", f"{log.get('origin', 'without a name')}, entry {entry}"),
    ]
    continued = [entry for entry in entries if entry["action"] == "log_continued" and isinstance(entry["meta"], dict)]
    for entry in continued[:20]:
        meta, at = entry["meta"], in_utc(entry["timestamp"])
        size = meta.get("lost_size")
        known = isinstance(size, int) and size > entry["seq"]
        lost = f"up to {size} entries (root {meta.get('lost_root')})" if known else "how much is not known"
        words = f"at entry {entry['seq']} by {entry['actor']}, {at}, without what was signed since, {lost}: "
        words += str(meta.get("reason"))
        lines.append(("Continued", words))
    adopted = [entry for entry in entries if entry["action"] in ("room_adopted", "adoption_ended")]
    if adopted and adopted[-1]["action"] == "room_adopted":
        words = (
            f"up to entry {adopted[-1]['seq']}, {in_utc(adopted[-1]['timestamp'])}, the log did not tell everything: "
            "what was so until then rests on the tables of the server as they were at that time"
        )
        lines.append(("Adopted", words))
    if any(entry["action"] == "adopted_again" for entry in entries):
        lines.append(("Again", "an operator has had the log tell what the tables said, which differed from it"))
    return lines


def in_utc(text):
    return f"{text[:10]} {text[11:19]} UTC"


# --- The command ----------------------------------------------------------------------------------------------------


def shown(text):
    """Replaces control characters, by which a file could write a verdict of its own on the terminal."""
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)


def sentence(data, found):
    """Returns what a verified file proves."""
    if found["code"]:
        return None
    logged = next(check["detail"] for check in found["checks"] if check["name"] == "logged")
    seal = " Whether its seal is valid was not judged here." if data.startswith(b"%PDF-") else ""
    return (
        f"The server logged this report: {logged}. The record in it follows from the log's entries up to the moment "
        f"that it shows. That its pages show this record is the server's word.{seal}"
    )


def print_report(path, data, found):
    kind = {b"%": "PDF", b"{": "JSON"}.get(data[:1], "CSV")
    said = sentence(data, found)
    if said:
        print(shown(said) + "\n")
    lines = [("File", f"{path}: {kind}, {len(data)} bytes"), *(found["told"] or [])]
    for name, line in lines:
        print(shown(f"{name:<10}  {line}"))
    print()
    for check in found["checks"]:
        outcome = "FAILED" if check["outcome"] == "failed" else check["outcome"]
        print(shown(f"{outcome:<7}  {check['name']:<11}  {check['detail'][:4000]}"))
    print(f"\n{found['verdict']}")


def read_file(path):
    try:
        with open(path, "rb") as file:
            return file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}") from None


def read_text(path):
    try:
        return read_file(path).decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable(f"{path} is not text in UTF-8") from None


def keys_of(given):
    """Reads keys from arguments, each of which is a key or a file of keys."""
    texts = []
    for text in given:
        if "+" not in text or Path(text).exists():
            text = read_text(text)
        texts.append(text)
    return read_keys("\n".join(texts)) if texts else None


def main(arguments):
    parser = argparse.ArgumentParser(prog="verify.py", description="Verifies a snapshot of STS Clearance.")
    parser.add_argument("file", help="the file, as it was downloaded: PDF, JSON or CSV zip")
    key = {"action": "append", "default": [], "metavar": "KEY|FILE"}
    parser.add_argument("--key", **key, help="a public key that you trust, or a file of keys")
    parser.add_argument("--receipt", metavar="FILE", help="the answer of GET …/receipt, to check it too")
    parser.add_argument("--json", action="store_true", help="print what was found as one JSON object")
    given = parser.parse_args(arguments)
    try:
        keys, data = keys_of(given.key), read_file(given.file)
        found = verify(data, keys, read_text(given.receipt) if given.receipt else None)
    except Unreadable as unreadable:
        print(f"verify.py: {shown(str(unreadable))}", file=sys.stderr)
        return 2
    if given.json:
        print(json.dumps(found))
    else:
        print_report(given.file, data, found)
    return found["code"]


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(main(sys.argv[1:]))
