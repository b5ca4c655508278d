# SPDX-License-Identifier: MIT
"""Each piece of code in the documents is compiled, and run, as it stands or within the lines that it leaves to the reader."""

import shlex
import subprocess
import tomllib

import pytest
from documents import BLOCKS, SOURCE, blocks

STUBS = SOURCE / "tests" / "docs" / "stubs"
DEVICE = SOURCE / "bindings" / "python" / "src" / "defrag" / "explore" / "device"
FLAGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", f"-I{SOURCE / 'include'}"]
COMPILE = {"c": ["gcc", "-std=c11", *FLAGS], "cpp": ["g++", "-std=c++17", *FLAGS]}
FOR_CORTEX_M3 = ["arm-none-eabi-gcc", "-mcpu=cortex-m3", "-mthumb", "-std=c11", *FLAGS, "-ffreestanding"]

# Of pieces that are no whole program: how they begin, and what stands before and behind them.
AROUND = {
    '#include "cmsis_compiler.h"': (
        "",
        "int main(void) { DEFRAG_LOG_ENTER(); int kept = mask == 1; DEFRAG_LOG_EXIT(); return !kept || mask != 0; }",
    ),
    "static void send(": (
        (
            '#include "defrag_log.h"\n#include <stdio.h>\n#include <stdlib.h>\n'
            "static int uart;\n"
            "static void uart_write(const int *port, const char *text, size_t bytes)\n"
            "{ (void)port; fwrite(text, 1, bytes, stdout); }\n"
            "static void wait_for_interrupt(void) { exit(0); }\n"
        ),
        "",
    ),
    "defrag_observe(": (
        (
            '#include <defrag.h>\n#include "defrag_log.h"\n'
            "int main(void) { static _Alignas(8) char memory[256]; defrag_pool *pool;\n"
            "defrag_init(memory, sizeof memory, NULL, &pool);\n"
        ),
        "return 0; }",
    ),
}


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


def completed(text):
    for start, (before, behind) in AROUND.items():
        if text.startswith(start):
            loop = text.find("\nfor (;;)")
            if loop >= 0:
                text = f"{text[:loop]}\nint main(void) {{{text[loop:]}}}\n"
            return before + text + behind
    return text


@pytest.fixture(scope="session", name="objects")
def compiled(tmp_path_factory):
    """The library and the recorder of heap logs, for all programs here."""
    folder = tmp_path_factory.mktemp("objects")
    sources = [*(SOURCE / "lib").glob("*.c"), DEVICE / "defrag_log.c", DEVICE / "defrag_log_pool.c"]
    subprocess.run([*COMPILE["c"], "-c", *sources], cwd=folder, check=True)
    return sorted(folder.glob("*.o"))


@pytest.mark.parametrize("block", blocks("c") + blocks("cpp"), ids=str)
def test_c_and_cpp_compile_without_a_warning_and_run(block, objects, tmp_path):
    source = tmp_path / f"snippet.{block.language}"
    source.write_text(completed(block.text))
    run(*COMPILE[block.language], f"-I{STUBS}", f"-I{DEVICE}", source, *objects, "-o", tmp_path / "snippet")
    run(tmp_path / "snippet")


def test_memory_that_a_reset_keeps_is_placed_by_the_linkers_script(tmp_path):
    """It is aligned, in RAM, and not loaded."""
    (fragment,) = blocks("ld")
    program = next(block for block in blocks("c", fragment.document) if ".noinit" in block.text)
    (tmp_path / "program.c").write_text(program.text)
    (tmp_path / "device.ld").write_text(
        "MEMORY { FLASH (rx) : ORIGIN = 0, LENGTH = 256K RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 64K }\n"
        "SECTIONS {\n.text : { *(.text*) } > FLASH\n.bss : { *(.bss*); . += 3; } > RAM\n" + fragment.text + "}\n"
    )
    elf = tmp_path / "program.elf"
    run(*FOR_CORTEX_M3, "-nostdlib", "-Wl,--unresolved-symbols=ignore-all", "-Wl,-e,main", "-T", tmp_path / "device.ld",
        tmp_path / "program.c", "-o", elf)  # fmt: skip
    lines = run("arm-none-eabi-objdump", "-h", elf).splitlines()
    at, line = next((at, line.split()) for at, line in enumerate(lines) if ".noinit" in line)
    assert int(line[2], 16) == 16384
    address = int(line[3], 16)
    assert address > 0x20000000
    assert address % 8 == 0
    assert "LOAD" not in lines[at + 1].replace("ALLOC", "")


@pytest.mark.parametrize("block", blocks("rust"), ids=str)
def test_rust_is_a_test_of_the_crates(block):
    """Which run what their documentation includes."""
    document = SOURCE / block.document
    if block.document == "README.md":
        assert block.text in (SOURCE / "bindings" / "rust" / "defrag" / "README.md").read_text()
    else:
        assert f'include_str!("../{document.name}")' in (document.parent / "src" / "lib.rs").read_text()


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_is_a_test_of_the_package(block):
    if block.document == "README.md":
        run("python3", "-c", block.text)
    else:
        tests = (SOURCE / "bindings" / "python" / "tests" / "test_package.py").read_text()
        assert 'doctest.testfile(str(PROJECT / "README.md")' in tests
        assert (SOURCE / block.document).name == "README.md"


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_toml_can_be_read(block):
    assert tomllib.loads(block.text)


def test_every_block_names_a_language_that_is_tested():
    tested = {"c", "cpp", "ld", "python", "rust", "sh", "toml"}
    assert {block.language for block in BLOCKS if block.document != "DESIGN.md"} <= tested | {"text"}
