# Sourced by the other scripts: makes .venv and installs the project into it with the versions of constraints.txt.
# Needs Python >= 3.11 and nothing else; uses uv when it is there, else Python's own venv and pip.

say() { printf '%s\n' "$*" >&2; }

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 python; do
        [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$candidate"
            return 0
        fi
    done
    say "No Python 3.11 or newer was found: install one (or set PYTHON to it) and run this again."
    return 1
}

# setup_environment EXTRA: EXTRA is "" for using the project, "[dev]" for testing it.
setup_environment() {
    local extra="$1" python stamp wanted
    python="$(find_python)" || return 3
    if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        say "Making the virtual environment .venv with $python"
        rm -rf .venv
        if command -v uv >/dev/null 2>&1; then
            uv venv --quiet --seed --python "$python" .venv
        elif ! "$python" -m venv .venv; then
            say "Python's venv module does not work here: on Debian or Ubuntu run 'apt-get install python3-venv' and try again."
            return 3
        fi
    fi
    stamp=".venv/installed-${extra:-base}"
    wanted="$(cat pyproject.toml constraints.txt | cksum)"
    if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && .venv/bin/python -c 'import constants_lab' >/dev/null 2>&1; then
        say "The environment is up to date."
        return 0
    fi
    say "Installing constants-lab$extra and the libraries of constraints.txt into .venv (a minute or so)"
    if command -v uv >/dev/null 2>&1 \
        && VIRTUAL_ENV="$PWD/.venv" uv pip install --quiet -c constraints.txt -e ".$extra"; then
        :
    else
        .venv/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e ".$extra"
    fi
    printf '%s' "$wanted" >"$stamp"
}
