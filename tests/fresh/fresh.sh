#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs this project's commands, as it is committed, each on an empty Debian 12 of its own, and tells what that took:
# fresh.sh SCRATCH COMMAND.., where a COMMAND is what follows ./dev, in one word. Takes root, debootstrap and git.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
mkdir -p "$1"
scratch=$(cd "$1" && pwd -P)
readonly scratch base=$scratch/base
readonly ROW='%-20s %10s %10s %10s %10s  %s\n'

# Makes the empty Debian, which reaches its packages, PyPI and crates.io as this machine does.
make_base() {
    local mirror certificates=/usr/local/share/ca-certificates

    rm -rf "$base"
    echo "making an empty Debian 12 in $base"
    debootstrap --variant=minbase bookworm "$base.part" >"$scratch/debootstrap.log" 2>&1 || {
        cat "$scratch/debootstrap.log" >&2
        exit 2
    }
    mirror=$(cut -d' ' -f2 "$base.part/etc/apt/sources.list")
    cat >>"$base.part/etc/apt/sources.list" <<TEXT
deb $mirror bookworm-updates main
deb $mirror-security bookworm-security main
TEXT
    [[ ! -e /etc/pip.conf ]] || cp /etc/pip.conf "$base.part/etc"
    [[ ! -d $certificates ]] || cp -R "$certificates" "$base.part/usr/local/share"
    rm -f "$base.part"/var/cache/apt/archives/*.deb
    mv "$base.part" "$base"
}

# Runs a command in a root, which sees no other processes; what is mounted there vanishes with the command. Tests send
# interrupts, which a shell has its background ignore.
within() {
    local root=$1

    cp /etc/hosts /etc/resolv.conf "$root/etc"
    # shellcheck disable=SC2016 # what stands in quotes is for the inner shell
    env -i --default-signal HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
        http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" \
        unshare --mount --pid --fork bash -c '
            mount -t proc proc "$0/proc" && mount -t tmpfs tmpfs "$0/dev/shm" && exec chroot "$0" "$@"' "$@"
}

packages() {
    within "$1" dpkg-query --show | wc -l
}

# Bytes that this machine has received so far. Others' are among them: leave it alone meanwhile.
received() {
    awk 'NR > 2 && $1 != "lo:" { sum += $2 } END { printf "%.0f", sum }' /proc/net/dev
}

row() {
    local root=$1 command=$2 bytes=$3 seconds=$4 verdict=$5 setup

    setup=$(awk '/^installing .*, [0-9]+ s$/ { sum += $(NF - 1) } END { print sum + 0 }' "$scratch/log")
    # shellcheck disable=SC2059 # the format is ours
    printf "$ROW" "$command" "$(( $(packages "$root") - $(packages "$base") ))" "$(( (bytes + 500000) / 1000000 ))" \
        "$setup" "$(( seconds - setup ))" "$verdict"
}

run() {
    local command=$1 root=$scratch/root bytes start verdict=passed words

    read -ra words <<<"$command"
    rm -rf "$root"
    cp -a "$base" "$root"
    git clone --quiet . "$root/defrag"
    bytes=$(received)
    start=$SECONDS
    within "$root" /defrag/dev "${words[@]}" 2>&1 | tee "$scratch/log" || verdict=FAILED
    row "$root" "$command" $(( $(received) - bytes )) $(( SECONDS - start )) "$verdict" >>"$scratch/table"
    [[ $verdict == passed ]]
}

main() {
    local command status=0

    [[ -d $base ]] || make_base
    # shellcheck disable=SC2059 # the format is ours
    printf "$ROW" command packages MB "set-up s" "run s" "" >"$scratch/table"
    for command; do
        run "$command" || status=1
    done
    cat "$scratch/table"
    exit "$status"
}

main "${@:2}"
