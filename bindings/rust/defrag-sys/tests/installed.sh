#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs the library, and tests the crate linked to it by feature and by variable: installed.sh SCRATCH
set -euo pipefail

crate=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
repository=$(cd "$crate/../../.." && pwd -P)
mkdir -p "$1"
scratch=$(cd "$1" && pwd -P)
rm -rf "${scratch:?}"/{meson-*,installed-*,other-*,target}
unset DEFRAG_SYS_USE_PKG_CONFIG PKG_CONFIG_PATH

fail() {
    echo "installed.sh: $*" >&2
    exit 1
}

# Installs a build with links of so many bits into $scratch/installed-BITS.
install() {
    meson setup "$scratch/meson-$1" "$repository" "-Dlink_width=$1" --prefix "$scratch/installed-$1" --libdir lib
    meson install -C "$scratch/meson-$1"
}

# Has pkg-config find what is installed in a folder and nothing else, and the loader find it too.
use() {
    export PKG_CONFIG_LIBDIR=$1/lib/pkgconfig LD_LIBRARY_PATH=$1/lib
}

# Runs cargo's command on the tests of the crate that do not need libclang.
crate() {
    (cd "$crate" && cargo "$1" --locked --target-dir "$scratch/target" --test smoke --test layout "${@:2}")
}

# Tells which libdefrag the loader gives to the smoke test that cargo builds with these arguments; nothing if none.
loaded() {
    local program

    program=$(crate test --no-run --message-format=json "$@" 2>/dev/null |
        python3 -c 'import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message["reason"] == "compiler-artifact" and message["target"]["name"] == "smoke":
        print(message["executable"])')
    [[ -x $program ]] || fail "cargo built no smoke test with '$*'"
    ldd "$program" | awk '/libdefrag/ { print $3 }'
}

# Tests the crate built with these arguments, and that it loads the library expected.
test_with() {
    local expected=$1 found

    shift
    crate test "$@"
    found=$(loaded "$@")
    [[ $found == "$expected" ]] || fail "loads '$found', not '$expected', when built with '$*'"
    echo "loads '$found'"
}

# Asserts that the build fails and says so in words that match.
refused() {
    local words=$1 said

    if said=$(crate build "${@:2}" 2>&1); then
        fail "built, though it should say '$words'"
    fi
    grep -E "$words" <<<"$said" || fail "should say '$words', but said: $said"
}

install 16
install 32

echo "--- by feature"
use "$scratch/installed-16"
test_with "$scratch/installed-16/lib/libdefrag.so.0" --features pkg-config

echo "--- by variable; the wide library, so that it cannot be mistaken"
use "$scratch/installed-32"
DEFRAG_SYS_USE_PKG_CONFIG=1 test_with "$scratch/installed-32/lib/libdefrag.so.0" --features wide-links

echo "--- the variable wins over the feature"
DEFRAG_SYS_USE_PKG_CONFIG=0 test_with "" --features pkg-config

echo "--- refusals"
DEFRAG_SYS_USE_PKG_CONFIG=yes refused "DEFRAG_SYS_USE_PKG_CONFIG is 'yes'; set it to 1 .* or 0"
use "$scratch/nothing"
refused "no installed defrag from 0[.0-9]* to below 0[.0-9]*: install it, or set DEFRAG_SYS_USE_PKG_CONFIG=0" \
    --features pkg-config
for version in 0.0.9 0.2.0; do
    mkdir -p "$scratch/other-$version/lib/pkgconfig"
    sed "s/^Version:.*/Version: $version/" "$scratch/installed-16/lib/pkgconfig/defrag.pc" \
        >"$scratch/other-$version/lib/pkgconfig/defrag.pc"
    use "$scratch/other-$version"
    refused "no installed defrag from" --features pkg-config
done
echo "installed.sh: all held"
