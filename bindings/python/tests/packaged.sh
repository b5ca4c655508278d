#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the source distribution, and from that alone the wheel; tests what the wheel installs: packaged.sh SCRATCH
# The test report is SCRATCH/report.xml.
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
repository=$(cd "$project/../.." && pwd -P)
mkdir -p "$1"
scratch=$(cd "$1" && pwd -P)
rm -rf "${scratch:?}"/{checkout,dist,installed,unpacked,venv,report.xml}

fail() {
    echo "packaged.sh: $*" >&2
    exit 1
}

# A source distribution holds what is committed. What is here is committed to a repository of its own, to test that.
mkdir -p "$scratch/checkout/bindings"
cp -R "$repository"/{.gitignore,LICENSE,include,lib} "$scratch/checkout"
cp -R "$project" "$scratch/checkout/bindings/python"
cd "$scratch/checkout"
git init --quiet
git add .
git -c user.name=packaged -c user.email=packaged@localhost commit --quiet --message=packaged

python3 -m venv "$scratch/venv"
python=$scratch/venv/bin/python
pip=("$python" -m pip --disable-pip-version-check)
"${pip[@]}" install --quiet "build~=1.6"
cd "$scratch"
"$python" -m build --outdir dist checkout/bindings/python

mkdir unpacked
tar -xzf dist/defrag-*.tar.gz -C unpacked --strip-components=1
[[ -z $(find unpacked -type l) ]] || fail "the source distribution holds symbolic links"
for shared in lib include; do
    diff -r "$repository/$shared" "unpacked/c/$shared"
done
cmp "$repository/LICENSE" unpacked/LICENSE

# A checkout can be installed without that detour.
"${pip[@]}" install --quiet --target installed checkout/bindings/python
(cd installed && "$python" -c 'import defrag; print("installed from the checkout:", defrag.Pool(4096, 32).alloc(8))')

# From here on only what is installed, and the tests that came with the source distribution.
rm -rf checkout installed unpacked/src
wheel=$(echo dist/defrag-*.whl)
"${pip[@]}" install --quiet "${wheel}[test]"
cd unpacked
"$python" -m pytest -q -p no:cacheprovider --numprocesses auto --dist worksteal --junit-xml "$scratch/report.xml" tests
"$python" -m mypy --cache-dir "$scratch/mypy" tests tools examples
"$python" -m mypy --cache-dir "$scratch/mypy" --strict -p defrag
