# SPDX-License-Identifier: MIT
"""Writes ctypes declarations of what C headers declare and a library exports: generate_abi.py HEADER.. OUTPUT

Types are taken by the names that the header gives them, so that the output is the same wherever this runs.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from clang.cindex import Cursor, CursorKind, Index, TranslationUnit, Type, TypeKind

WIDTH = 120
EXPORT_MARKS = ("DEFRAG_API", "REPLAY_API")
EXPORTED = '__attribute__((visibility("default")))'

# PyPI's libclang comes without the compiler's own headers; of these ours take no more than this.
OWN_HEADERS = {
    "stdbool.h": "#define bool _Bool\n",
    "stddef.h": "typedef __SIZE_TYPE__ size_t;\n#define NULL ((void *)0)\n",
    "stdint.h": """
typedef __INT32_TYPE__ int32_t;
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;
#define UINT32_MAX 0xffffffffU
""",
}

SCALARS = {
    "_Bool": "ctypes.c_bool",
    "double": "ctypes.c_double",
    "int32_t": "ctypes.c_int32",
    "size_t": "ctypes.c_size_t",
    "uint8_t": "ctypes.c_uint8",
    "uint32_t": "ctypes.c_uint32",
    "uint64_t": "ctypes.c_uint64",
}

HEAD = '''\
# SPDX-License-Identifier: MIT
"""Generated from {headers} by tools/generate_abi.py; change that, not this."""

import ctypes
from typing import Any
'''


def parse(headers: list[Path], extra: str = "") -> Cursor:
    """Parses the headers, and behind them `extra`."""
    folder = "/defrag-own-headers"
    files = [(f"{folder}/{name}", text) for name, text in OWN_HEADERS.items()]
    includes = "".join(f'#include "{header.resolve()}"\n' for header in headers)
    unit = Index.create().parse(
        "all.c",
        args=["-std=c11", "-nostdinc", "-isystem", folder, *(f"-D{name}={EXPORTED}" for name in EXPORT_MARKS)],
        unsaved_files=[*files, ("all.c", includes + extra)],
        options=TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD,
    )
    faults = [str(diagnostic) for diagnostic in unit.diagnostics]
    if faults:
        raise SystemExit("\n".join(faults))
    return unit.cursor


def of_headers(root: Cursor, headers: list[Path]) -> list[Cursor]:
    known = {header.resolve() for header in headers}
    return [c for c in root.get_children() if c.location.file and Path(c.location.file.name) in known]


def is_exported(cursor: Cursor) -> bool:
    return any(child.kind is CursorKind.VISIBILITY_ATTR for child in cursor.get_children())


def class_name(c_name: str) -> str:
    """The Python name of a C type: PoolStats for defrag_pool_stats."""
    return "".join(part.capitalize() for part in c_name.removeprefix("defrag_").split("_"))


def python_type(c_type: Type) -> str:
    if c_type.kind is TypeKind.POINTER:
        return python_pointer(c_type.get_pointee())
    if c_type.kind is TypeKind.CONSTANTARRAY:  # an argument
        return python_pointer(c_type.element_type)
    if c_type.kind is TypeKind.ELABORATED:
        return python_type(c_type.get_named_type())
    if c_type.kind is TypeKind.VOID:
        return "None"
    name = c_type.spelling.removeprefix("const ").removeprefix("struct ")
    return SCALARS.get(name) or class_name(name)


def python_pointer(pointee: Type) -> str:
    if pointee.kind is TypeKind.VOID:
        return "ctypes.c_void_p"
    if pointee.get_canonical().kind is TypeKind.CHAR_S:
        return "ctypes.c_char_p"
    if pointee.get_canonical().kind is TypeKind.FUNCTIONPROTO:
        return python_type(pointee)
    return f"ctypes.POINTER({python_type(pointee)})"


def macro_names(cursors: list[Cursor]) -> list[str]:
    """The macros that stand for a number."""
    macros = [c for c in cursors if c.kind is CursorKind.MACRO_DEFINITION and len(list(c.get_tokens())) > 1]
    return [c.spelling for c in macros if not c.spelling.endswith(("_INIT", *EXPORT_MARKS))]


def constants(headers: list[Path], cursors: list[Cursor]) -> Iterator[tuple[str, int]]:
    names = macro_names(cursors)
    values = "".join(f"enum {{ value_of_{name} = ({name}) }};\n" for name in names)
    for cursor in parse(headers, values).get_children():
        if cursor.kind is CursorKind.ENUM_DECL:
            for constant in cursor.get_children():
                yield constant.spelling.removeprefix("value_of_"), constant.enum_value


def with_commas(head: str, items: list[str], tail: str) -> str:
    """One line if it fits, otherwise one item a line, as formatters have it."""
    comma = "," if len(items) == 1 and head.endswith("(") else ""
    line = head + ", ".join(items) + comma + tail
    if len(line) <= WIDTH:
        return line
    indent = " " * (len(head) - len(head.lstrip()))
    return "\n".join([head, *(f"{indent}    {item}," for item in items), indent + tail])


def structure(name: str, fields: list[Cursor]) -> str:
    lines = [f"class {class_name(name)}(ctypes.Structure):"]
    if not fields:
        return "\n".join([*lines, '    """Opaque."""'])
    return "\n".join(
        [*lines, "    _fields_ = (", *(f'        ("{f.spelling}", {python_type(f.type)}),' for f in fields), "    )"]
    )


def typedef(cursor: Cursor) -> str | None:
    c_type = cursor.underlying_typedef_type
    target = c_type.get_canonical()
    if target.kind is TypeKind.RECORD:
        return structure(cursor.spelling, list(target.get_fields()))
    name = class_name(cursor.spelling)
    if target.kind is TypeKind.ENUM:
        return f"{name} = ctypes.c_int"
    if target.kind is TypeKind.FUNCTIONPROTO:
        parts = [python_type(c_type.get_result()), *map(python_type, c_type.argument_types())]
        return with_commas(f"{name} = ctypes.CFUNCTYPE(", parts, ")")
    return f"{name} = {python_type(c_type)}"


def function(cursor: Cursor) -> str:
    arguments = with_commas("        (", [python_type(a.type) for a in cursor.get_arguments()], "),")
    result = python_type(cursor.result_type)
    return f'    "{cursor.spelling}": (\n        {result},\n{arguments}\n    ),'


def spaced(kind: CursorKind, texts: list[str]) -> str:
    return "\n".join(texts) if kind is CursorKind.FUNCTION_DECL else "\n\n\n".join(texts)


def generate(headers: list[Path]) -> str:
    cursors = of_headers(parse(headers), headers)
    types = [typedef(c) for c in cursors if c.kind is CursorKind.TYPEDEF_DECL]
    functions = [function(c) for c in cursors if c.kind is CursorKind.FUNCTION_DECL and is_exported(c)]
    text = HEAD.format(headers=" and ".join(header.name for header in headers)) + "\n"
    text += "".join(f"{name} = {value}\n" for name, value in constants(headers, cursors)) + "\n"
    after_class = False
    for declaration in filter(None, types):
        is_class = declaration.startswith("class")
        text += ("\n\n" if is_class or after_class else "") + declaration + "\n"
        after_class = is_class
    text += (
        "\n" if after_class else ""
    ) + "\n# Each function's result and arguments.\nFUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {\n"
    return text + "\n".join(functions) + "\n}\n"


def main() -> None:
    *headers, output = map(Path, sys.argv[1:])
    output.write_text(generate(headers))


if __name__ == "__main__":
    main()
