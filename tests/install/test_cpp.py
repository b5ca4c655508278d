# SPDX-License-Identifier: MIT
"""defrag.hpp: what it promises, with and without a standard library of C++, and what it refuses to compile."""

import subprocess

import pytest
from consume import CPP, HERE, SOURCE, WARNINGS, first_example, run

INCLUDE = f"-I{SOURCE / 'include'}"
PLAIN = ["-std=c++17", "-fno-exceptions", "-fno-rtti", *WARNINGS, "-Wnon-virtual-dtor", INCLUDE]
SANITIZED = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
TARGETS = {
    "Cortex-M0": ["arm-none-eabi-g++", "-mcpu=cortex-m0", "-mthumb"],
    "RISC-V": ["riscv64-unknown-elf-g++", "-march=rv32imac", "-mabi=ilp32"],
}
USE = """
#include <defrag.hpp>
struct sample { int at; short value; };
defrag::status use(defrag::pool pool)
{
    defrag::handle<sample> one;
    defrag::handle<sample[]> many;
    if (defrag::status status = one.alloc(pool, sample{1, 2}); status != DEFRAG_OK) return status;
    if (defrag::status status = many.alloc(pool, 10); status != DEFRAG_OK) return status;
    if (defrag::guard guard{one}; guard) guard->value++;
    if (defrag::shared_guard guard{many}; guard) for (const sample &s : guard) pool.step(s.value > 0, 1);
    return many.resize(20);
}
"""
# Each is one line that must not compile, and a word of why.
MISTAKES = {
    "a_type_that_is_not_copied_as_bytes": ("defrag::handle<holder>().alloc(pool);", "copying their bytes"),
    "an_alignment_that_no_block_has": ("defrag::handle<wide>().alloc(pool);", "aligned so far"),
    "copying_a_handle": ("defrag::handle<int> copy = block;", "delete"),
    "copying_a_guard": ("defrag::guard guard(block); defrag::guard copy = guard;", "delete"),
    "writing_through_a_shared_guard": ("*defrag::shared_guard(block) = 1;", "read-only|const"),
    "writing_to_a_block_shown_as_const": ("defrag::guard guard(shown);", "const"),
}
MISTAKEN = """
#include <defrag.hpp>
struct holder {{ holder(); holder(const holder &); }};
struct alignas(2048) wide {{ char c; }};
void mistaken(defrag::pool pool, defrag::handle<int> &block, const defrag::handle<int> &shown)
{{
    (void)pool, (void)block, (void)shown;
    {line}
}}
"""


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_handles_and_guards(tmp_path, compiler):
    library, program = tmp_path / "defrag.o", tmp_path / "handles"
    run("python3", SOURCE / "bindings/package/amalgamate.py", tmp_path)
    run({"g++": "gcc", "clang++": "clang"}[compiler], *SANITIZED, "-c", tmp_path / "defrag.c", "-o", library)
    run(compiler, *PLAIN, *SANITIZED, HERE / "handles.cpp", library, "-o", program)
    run(program)


@pytest.mark.parametrize("target", TARGETS)
def test_targets_compile_it_without_a_library_of_cpp(tmp_path, target):
    source = tmp_path / "use.cpp"
    source.write_text(USE)
    run(*TARGETS[target], "-ffreestanding", *PLAIN, "-Os", "-c", source, "-o", tmp_path / "use.o")
    undefined = run(TARGETS[target][0].replace("g++", "nm"), "--undefined-only", tmp_path / "use.o").split()
    allowed = ("defrag_", "mem", "__aeabi_mem")
    assert [name for name in undefined if name != "U" and not name.startswith(allowed)] == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_does_not_compile(tmp_path, mistake):
    line, why = MISTAKES[mistake]
    source = tmp_path / "mistaken.cpp"
    source.write_text(MISTAKEN.format(line=line))
    done = subprocess.run([*CPP, INCLUDE, "-fsyntax-only", source], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert any(word in done.stderr for word in why.split("|")), done.stderr


def test_mistakes_are_the_only_reason_not_to_compile(tmp_path):
    source = tmp_path / "right.cpp"
    source.write_text(MISTAKEN.format(line="(void)block.alloc(pool);"))
    run(*CPP, INCLUDE, "-fsyntax-only", source)


def test_example_in_the_readme_runs(tmp_path):
    source = tmp_path / "example.cpp"
    source.write_text(first_example("README.md", "cpp"))
    run("python3", SOURCE / "bindings/package/amalgamate.py", tmp_path)
    run("gcc", "-c", tmp_path / "defrag.c", "-o", tmp_path / "defrag.o")
    run(*CPP, *WARNINGS, INCLUDE, source, tmp_path / "defrag.o", "-o", tmp_path / "example")
    run(tmp_path / "example")
