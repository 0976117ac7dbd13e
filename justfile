# What one does every day, each a line or two of cargo. `bash .ci/run` is the whole gate; nothing here adds to it.

# List the recipes
default:
    @just --list

# The quick gate, before each commit: formatting, clippy, documentation, the rules of the house, the golden surfaces
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --document-private-items
    INSTA_UPDATE=no cargo test --test it -- tidy:: surface::

# The whole suite, or what matches: `just test snapshots::`
test *filter:
    #!/usr/bin/env bash
    set -o pipefail
    # One line at the end sums up the tests that were ignored because a tool is missing.
    cargo test {{ filter }} 2>&1 | awk -f tests/ignored.awk

# The half on PostgreSQL; STS_TEST_POSTGRES_URL names a server of one's own
test-pg filter="::postgres":
    cargo test --test it -- {{ filter }}

# Renew the golden files, of all tests or of what matches, and show what changed: read it before it is committed
golden filter="":
    INSTA_UPDATE=always cargo test {{ filter }}
    git status --short -- '*.snap'
    git --no-pager diff --stat -- '*.snap'

# The server with the demo, in data/; further flags go to `serve`: `just run --listen 127.0.0.1:8081`
run *flags:
    cargo run -- serve --demo {{ flags }}

# One of the promises in numbers: append, flood, fsck, guessing, operation, pages, transfer, verify
bench name *arguments:
    cargo bench --bench {{ name }} -- {{ arguments }}

# The stories in Chromium, with what npm's lock file names
browser filter="browser::":
    npm ci --prefix tests/browser --ignore-scripts --no-audit --no-fund
    cargo test --test it -- {{ filter }}
