#!/usr/bin/env bash
# Sets up everything but the models: Python, the system's packages, .venv, the program and what it depends on.
# Called by make; `bootstrap.sh run` for using the program, `bootstrap.sh dev` for testing it as well.
set -euo pipefail
cd "$(dirname "$0")/.."

what="${1:?run or dev}"
venv=.venv

say() { printf '%s\n' "$*"; }
fail() {
    printf 'bootstrap: %s\n' "$*" >&2
    exit 1
}

# --- Python -----------------------------------------------------------------------------------------------------------

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3.11 python3.12 python3.13 python3.14; do
        if new_enough "$candidate"; then
            printf '%s' "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed, and ${PYTHON:-python3} is not: install one, or name it: make PYTHON=/path/to/python3"
}

# --- the system's packages --------------------------------------------------------------------------------------------

# Debian's names of what is missing, for the program to work …
missing_packages() {
    [[ "$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p)" == *libportaudio.so.2* ]] || say libportaudio2 # sound devices
    command -v espeak-ng >/dev/null || say espeak-ng                                                # voices without a model
    "$python" -c 'import venv, ensurepip' 2>/dev/null || say python3-venv
    if ! "$venv/bin/python" -c 'import llama_cpp' 2>/dev/null; then # it is compiled on this machine
        command -v c++ >/dev/null || say build-essential
        command -v cmake >/dev/null || say cmake
    fi
}

# … and for the tests to skip nothing.
missing_for_tests() {
    # the virtual sound card, its tools, and what lets ALSA and so PortAudio see it
    command -v pulseaudio >/dev/null || say pulseaudio
    command -v pactl >/dev/null || say pulseaudio-utils
    compgen -G '/usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so' >/dev/null || say libasound2-plugins
}

# How this user may install packages: a prefix for apt-get, or nothing and a failure.
apt_prefix() {
    command -v apt-get >/dev/null || return 1
    if [[ $EUID -eq 0 ]]; then
        say env
    elif sudo -n true 2>/dev/null; then
        say sudo
    else
        return 1
    fi
}

install_packages() {
    local prefix
    prefix="$(apt_prefix)" || return 1
    say "Installing from the system's packages: $*"
    "$prefix" apt-get update -qq
    "$prefix" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

system_packages() {
    local needed useful=()
    mapfile -t needed < <(missing_packages)
    [[ "$what" != dev ]] || mapfile -t useful < <(missing_for_tests)
    if ((${#needed[@]})) && ! install_packages "${needed[@]}"; then
        fail "system packages are missing. Type this, then run make again:
  sudo apt-get install ${needed[*]}"
    fi
    if ((${#useful[@]})) && ! install_packages "${useful[@]}"; then
        say "Tests that need ${useful[*]} will be skipped. To run them as well: sudo apt-get install ${useful[*]}"
    fi
}

# --- the program ------------------------------------------------------------------------------------------------------

python_packages() {
    if ! new_enough "$venv/bin/python"; then
        say "Making $venv with $("$python" --version)"
        "$python" -m venv --clear "$venv"
    fi
    local target=.
    [[ "$what" != dev ]] || target='.[dev]'
    "$venv/bin/python" -m pip install --quiet --upgrade pip
    say "Installing the program and what it depends on"
    "$venv/bin/python" -c 'import llama_cpp' 2>/dev/null ||
        say "  (llama-cpp-python is compiled the first time: about 8 minutes on 2 cores)"
    "$venv/bin/python" -m pip install --quiet --editable "$target"
}

python="$(find_python)"
system_packages
python_packages
