"""Signs in as four roles at a server with the demo, and runs schemathesis for each; prints a line of figures for each."""

import argparse
import json
import os
import re
import subprocess
import sys
import time
import urllib.request

ROLES = ["owner", "broker", "seller", "admin"]
HERE = os.path.dirname(os.path.abspath(__file__))

# Not sent to: what would end the run's own session, and what has no end.
EXCLUDED = [
    "^/api/v1/auth/(logout|password)$",
    "^/api/v1/auth/sessions",
    "^/api/v1/rooms/\\{room_id\\}/events$",
]


def call(base, method, path, token=None, body=None, headers=None):
    request = urllib.request.Request(f"{base}/api/v1{path}", method=method, headers=headers or {})
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    data = None
    if body is not None:
        request.add_header("Content-Type", "application/json")
        data = json.dumps(body).encode()
    with urllib.request.urlopen(request, data, timeout=30) as response:
        return json.loads(response.read() or b"null")


def wait_for_address(out, server):
    """The address that the server says it listens on."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        os.kill(server, 0)
        for name in ("out", "log"):
            found = re.search(r"http://127\.0\.0\.1:\d+", open(os.path.join(out, name)).read())
            if found:
                base = found.group(0)
                try:
                    urllib.request.urlopen(f"{base}/healthz", timeout=5)
                    return base
                except OSError:
                    pass
        time.sleep(0.2)
    sys.exit("the server did not start")


def scene(base, admin):
    """Ids to put into paths, of things that are there. A hold keeps the room from being deleted by those who may."""
    rooms = call(base, "GET", "/cockpit?closed=true&limit=100", admin)
    room = max(rooms, key=lambda room: room["total_required_docs"])["room_id"]
    hold = call(base, "POST", f"/rooms/{room}/holds", admin, {"reason": "kept for the run"})
    party = call(base, "POST", f"/rooms/{room}/parties", admin, {"role": "buyer", "name": "A", "email": "a@demo.example"})
    user = call(
        base, "POST", "/users", admin,
        {"email": "b@demo.example", "name": "B", "role": "buyer", "password": "a throwaway phrase"},
    )
    documents = call(base, "GET", f"/rooms/{room}/documents?limit=100", admin)
    document = next(document for document in documents if document["newest"])
    snapshots = call(base, "GET", f"/rooms/{room}/snapshots", admin)
    return {
        "room_id": room,
        "hold_id": hold["id"],
        "party_id": party["id"],
        "user_id": user["id"],
        "document_id": document["id"],
        "version_id": document["newest"]["id"],
        "snapshot_id": snapshots[0]["id"],
        "other_id": snapshots[-1]["id"],
        "vessel_id": call(base, "GET", f"/rooms/{room}/vessels", admin)[0]["id"],
        "approval_id": call(base, "GET", f"/rooms/{room}/approvals", admin)[0]["id"],
        "code": "Q88",
    }


def upload(base, token, ids):
    """An upload in parts of one's own: to others there is none."""
    said = {"Upload-Length": "100", "Upload-Metadata": "filename YS5wZGY="}
    path = f"/rooms/{ids['room_id']}/documents/{ids['document_id']}/uploads"
    return {**ids, "upload_id": call(base, "POST", path, token, headers=said)["id"]}


def start(base, role, token, ids, arguments):
    config = open(os.path.join(HERE, "config.toml")).read().replace("hooks.py", os.path.join(HERE, "hooks.py"))
    # Names of the path alone: `vessel_id` is a name in a query and in a body, too.
    parameters = "".join(f'"path.{name}" = "{value}"\n' for name, value in ids.items())
    head, rest = config.split("\n[", 1)
    path = os.path.join(arguments.out, f"{role}.toml")
    with open(path, "w") as file:
        file.write(f"{head}\n[parameters]\n{parameters}\n[{rest}")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", path, "run", f"{base}/api/openapi.json"]
    command += ["-H", f"Authorization: Bearer {token}", "--max-time", str(arguments.seconds), "--no-color"]
    command += ["--seed", str(arguments.seed)]
    command += ["--exclude-path-regex", "|".join(EXCLUDED)]
    log = open(os.path.join(arguments.out, f"{role}.log"), "w")
    # It keeps what it found in the folder that it runs in.
    environment = dict(os.environ, PYTHONPATH=HERE)
    return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=arguments.out, env=environment)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", type=int, required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()
    base = wait_for_address(arguments.out, arguments.server)
    tokens = {
        role: call(base, "POST", "/auth/login", body={"email": f"{role}@demo.example", "password": "demo-clearance"})["token"]
        for role in ROLES
    }
    ids = scene(base, tokens["admin"])
    running = {role: start(base, role, tokens[role], upload(base, tokens[role], ids), arguments) for role in ROLES}
    failed = []
    try:
        for role, run in running.items():
            # The time for testing, and as much again to begin and to end.
            if run.wait(timeout=2 * arguments.seconds + 120) != 0:
                failed.append(role)
    finally:
        for run in running.values():
            if run.poll() is None:
                run.kill()
    for role in ROLES:
        log = open(os.path.join(arguments.out, f"{role}.log")).read()
        if role in failed:
            print(log)
        figures = re.findall(r"^ +((?:Selected|Tested): .*|\d+ generated.*)$", log, re.MULTILINE)
        print(f"schemathesis as {role}: {'FAILED' if role in failed else 'ok'}; " + "; ".join(figures))
    os.kill(arguments.server, 0)
    if failed:
        sys.exit(1)


main()
