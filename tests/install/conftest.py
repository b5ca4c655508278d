# SPDX-License-Identifier: MIT
import pytest
from consume import SOURCE, run


@pytest.fixture(scope="session", name="prefix")
def installed(tmp_path_factory):
    """Where the library is installed."""
    build = tmp_path_factory.mktemp("build")
    prefix = tmp_path_factory.mktemp("prefix")
    run("meson", "setup", build, SOURCE, f"--prefix={prefix}", "--libdir=lib", "--buildtype=release", "-Dwerror=true")
    run("meson", "install", "-C", build)
    return prefix


@pytest.fixture(scope="session", name="package")
def laid_out(tmp_path_factory):
    """The folder that build systems of firmware take."""
    folder = tmp_path_factory.mktemp("package") / "defrag"
    run("python3", SOURCE / "bindings/package/package.py", folder)
    return folder
