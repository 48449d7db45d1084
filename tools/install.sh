#!/bin/sh
# Creates the virtual environment: tools/install.sh <python> <folder> <version of uv>.
# The marker <folder>/installed says that it is complete. Without it the folder is emptied and filled anew.
set -eu
python=$1
venv=$2
uv=$3
log=$(mktemp)

stop() {
    rm -f "$log"
    echo
    echo "stopped; the next make begins the installation anew"
    exit 130
}
trap stop INT TERM HUP

fail() {
    cat "$log" >&2
    rm -f "$log"
    exit 1
}

# What the tools say goes into the log: when Ctrl-C ends them they say much that nobody needs.
if [ ! -e "$venv/installed" ]; then
    "$python" -m venv --clear "$venv" >"$log" 2>&1 || fail
fi
rm -f "$venv/installed"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$uv" >"$log" 2>&1 || fail
"$venv/bin/uv" pip sync --quiet --python "$venv/bin/python" --require-hashes requirements-dev.txt >"$log" 2>&1 ||
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
        -r requirements-dev.txt >"$log" 2>&1 || fail
rm -f "$log"
touch "$venv/installed"
