# Sourced by the scripts beside it: makes sure that $root/.venv holds what the lock file says.
# Quick when nothing has changed; the work itself is in bootstrap.py.

fingerprint() {
    (
        cd "$root" || exit 1
        cat pdm.lock pyproject.toml libs/*/pyproject.toml services/*_service/pyproject.toml \
            scripts/pdm-requirements.txt | cksum
        echo "$root"
    )
}

find_python() {
    for candidate in python3.14 python3.13 python3.12 python3.11 python3 python; do
        # Asked, not only looked for: a version manager answers to names that it has not installed.
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "HuleEdu needs Python 3.11 or newer, and found none (looked for python3.14 ... python3.11" \
        "and python3). Install one, for example from python.org or with your system's packages." >&2
    return 1
}

bootstrap() {
    while :; do
        expected=$(fingerprint)
        [ -x "$root/.venv/bin/python" ] &&
            [ "$(cat "$root/.venv/.set-up" 2>/dev/null)" = "$expected" ] && return
        python=$(find_python) || exit 1
        "$python" "$root/scripts/bootstrap.py" "$expected" || exit
    done
}

bootstrap
