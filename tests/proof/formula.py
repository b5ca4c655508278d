# SPDX-License-Identifier: MIT
"""Proves that functions return true, whatever their arguments and the memory that they read: what clang makes of them, as the text of
LLVM's assembler, becomes one formula for Z3, bit by bit. What is unknown here is an error.
Undefined behaviour that clang can trap counts as false."""

import re
import time

import z3

CLANG = "clang-19"
FLAGS = [
    *("-S", "-emit-llvm", "-O2", "-std=c11", "-Wall", "-Wextra", "-Werror", "-fno-discard-value-names"),
    *("-fno-vectorize", "-fno-slp-vectorize"),
    *(word for option in ("inline", "inlinecold", "unroll") for word in ("-mllvm", f"-{option}-threshold=100000")),
    *("-fsanitize=shift,signed-integer-overflow,integer-divide-by-zero", "-fsanitize-trap=all"),
]
POINTER_BITS = 64
MOST_ROUNDS = 100

BINARY = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "shl": lambda a, b: a << b,
    "lshr": z3.LShR,
    "ashr": lambda a, b: a >> b,
    "udiv": z3.UDiv,
    "urem": z3.URem,
}
COMPARE = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "ult": z3.ULT,
    "ule": z3.ULE,
    "ugt": z3.UGT,
    "uge": z3.UGE,
    "slt": lambda a, b: a < b,
    "sle": lambda a, b: a <= b,
    "sgt": lambda a, b: a > b,
    "sge": lambda a, b: a >= b,
}
CALLS = {
    "umin": lambda a, b: z3.If(z3.ULT(a, b), a, b),
    "umax": lambda a, b: z3.If(z3.UGT(a, b), a, b),
    "smin": lambda a, b: z3.If(a < b, a, b),
    "smax": lambda a, b: z3.If(a > b, a, b),
    "usub.sat": lambda a, b: z3.If(z3.ULT(a, b), z3.BitVecVal(0, a.size()), a - b),
    "fshl": lambda a, b, c: z3.Extract(
        2 * a.size() - 1,
        a.size(),
        z3.Concat(a, b) << z3.ZeroExt(a.size(), z3.URem(c, z3.BitVecVal(a.size(), a.size()))),
    ),
    "ctlz": lambda a, _: zeros_before(a, range(a.size())),
    "cttz": lambda a, _: zeros_before(a, reversed(range(a.size()))),
    "ctpop": lambda a: sum(z3.ZeroExt(a.size() - 1, z3.Extract(bit, bit, a)) for bit in range(a.size())),
}
IGNORED_CALLS = ("llvm.lifetime", "llvm.dbg", "llvm.experimental.noalias")
SOLVER = z3.Then(
    "simplify",
    "propagate-values",
    "solve-eqs",
    z3.With("ackermannize_bv", div0_ackermann_limit=1000000),
    "simplify",
    "bit-blast",
    "sat",
)
CONSTANTS = {"true": 1, "false": 0, "null": 0, "zeroinitializer": 0}


class UnknownError(Exception):
    """What this does not know how to translate."""


def zeros_before(value, bits):
    """The zeros behind the last bit set, in this order of bits; all of them if none is."""
    bits = list(bits)
    count = z3.BitVecVal(len(bits), value.size())
    for i, bit in enumerate(bits):
        count = z3.If(z3.Extract(bit, bit, value) == 1, z3.BitVecVal(len(bits) - 1 - i, value.size()), count)
    return count


def as_bit(condition):
    return z3.If(condition, z3.BitVecVal(1, 1), z3.BitVecVal(0, 1))


def width_of(kind):
    if kind == "ptr":
        return POINTER_BITS
    if match := re.fullmatch(r"i(\d+)", kind):
        return int(match[1])
    raise UnknownError(f"type {kind}")


def size_of(kind, types):
    kind = types.get(kind, kind)
    if match := re.fullmatch(r"\[(\d+) x (.+)\]", kind):
        return int(match[1]) * size_of(match[2], types)
    return width_of(kind) // 8


def split(text):
    """Parts between commas that no bracket encloses."""
    return [part.strip() for part in re.split(r",(?![^\[\](){}]*[\])}])", text)]


def resize(value, bits, signed=False):
    more = bits - value.size()
    if more <= 0:
        return z3.Extract(bits - 1, 0, value)
    return z3.SignExt(more, value) if signed else z3.ZeroExt(more, value)


class Function:
    """A function as formulas: `failed` says that it returns false, or traps, or goes round its loops too often."""

    def __init__(self, header, lines, types, seconds):
        self.types = types
        self.deadline = time.monotonic() + seconds
        self.failed = z3.BoolVal(False)
        self.arguments = {
            name: z3.BitVec(name[1:], width_of(kind))
            for kind, name in re.findall(r"\b(i\d+|ptr)\b[^,%]*(%[\w.-]+)", header)
        }
        blocks = blocks_in(lines)
        order = {block: i for i, block in enumerate(in_order(blocks))}
        self.memory = z3.Function("memory", z3.BitVecSort(POINTER_BITS), z3.BitVecSort(8))
        # What is to be run: a block, after so many ways back to where a loop begins. It has all ways in before it is run.
        self.waiting = {(0, 0): [(next(iter(order)), "", z3.BoolVal(True), dict(self.arguments))]}
        self.order = order
        while self.waiting:
            self.rounds, place = min(self.waiting)
            self.enter(self.waiting.pop((self.rounds, place)))
            for line in blocks[self.block]:
                self.run(line)

    def enter(self, edges):
        self.block, self.edges = edges[0][0], edges
        _, _, self.here, values = edges[0]
        self.values = dict(values)
        for _, _, condition, others in edges[1:]:
            for name in self.values.keys() & others.keys():
                if not others[name].eq(self.values[name]):
                    self.values[name] = z3.If(condition, others[name], self.values[name])
            self.here = z3.Or(self.here, condition)
        self.here = z3.simplify(self.here)

    def go(self, label, condition):
        block = label.removeprefix("label ")
        condition = z3.simplify(z3.And(self.here, condition))
        rounds = self.rounds
        if self.order[block] <= self.order[self.block]:
            rounds += 1
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise UnknownError("its loops take too long")
            solver = SOLVER.solver()
            solver.set("timeout", int(1000 * left) + 1)
            solver.add(condition)
            if solver.check() == z3.unsat:
                return
        if rounds > MOST_ROUNDS:
            self.failed = z3.Or(self.failed, condition)
        elif not z3.is_false(condition):
            edge = (block, self.block, condition, self.values)
            self.waiting.setdefault((rounds, self.order[block]), []).append(edge)

    def run(self, line):
        match = re.fullmatch(r"(?:(%[\w.-]+) = )?(?:(?:tail|musttail|notail) )?(\w+) ?(.*)", line)
        if match is None:
            raise UnknownError(line)
        name, opcode, rest = match.groups()
        do = self.do_binary if opcode in BINARY else getattr(self, f"do_{opcode}", None)
        if do is None:
            raise UnknownError(line)
        value = do(rest, opcode)
        if name and value is not None:
            self.values[name] = z3.simplify(value)

    def value(self, text, kind=None, values=None):
        """A value after its type, or of the type given."""
        values = self.values if values is None else values
        words = text.split()
        kind = kind or words[0]
        if words[-1] in values:
            return values[words[-1]]
        if words[-1] in ("poison", "undef"):
            return z3.FreshConst(z3.BitVecSort(width_of(kind)))
        try:
            return z3.BitVecVal(CONSTANTS.get(words[-1]) if words[-1] in CONSTANTS else int(words[-1]), width_of(kind))
        except ValueError:
            raise UnknownError(text) from None

    def do_binary(self, rest, opcode):
        kind, a, b = re.fullmatch(r"(?:(?:nuw|nsw|exact|disjoint) )*(\w+) (\S+), (\S+)", rest).groups()
        return BINARY[opcode](self.value(a, kind), self.value(b, kind))

    def do_icmp(self, rest, _):
        relation, kind, a, b = re.fullmatch(r"(?:samesign )?(\w+) (\w+) (\S+), (\S+)", rest).groups()
        return as_bit(COMPARE[relation](self.value(a, kind), self.value(b, kind)))

    def do_select(self, rest, _):
        condition, a, b = (self.value(part) for part in split(rest))
        return z3.If(condition == 1, a, b)

    def do_cast(self, rest, opcode):
        source, kind = rest.split(" to ")
        return resize(self.value(re.sub(r"^(?:(?:nneg|nuw|nsw) )*", "", source)), width_of(kind), opcode == "sext")

    do_zext = do_sext = do_trunc = do_ptrtoint = do_inttoptr = do_cast

    def do_freeze(self, rest, _):
        return self.value(rest)

    def do_phi(self, rest, _):
        kind, rest = rest.split(" ", 1)
        given = {label: value for value, label in re.findall(r"\[ (\S+), (%[\w.-]+) \]", rest)}
        result = None
        for _, label, condition, values in self.edges:
            value = self.value(given[label], kind, values)
            result = value if result is None else z3.If(condition, value, result)
        return result

    def do_getelementptr(self, rest, _):
        kind, base, index, *members = split(re.sub(r"^(?:(?:inbounds|nuw|nusw) )*", "", rest))
        place = self.value(base) + self.offset(index, kind)
        for index in members:
            if kind in self.types:
                kind = self.types[kind]  # the only member
            else:
                kind = kind[kind.find("x ") + 2 : -1]
                place += self.offset(index, kind)
        return place

    def offset(self, index, kind):
        return resize(self.value(index), POINTER_BITS, signed=True) * size_of(kind, self.types)

    def do_load(self, rest, _):
        kind, place, *_ = split(rest)
        place = self.value(place)
        cells = [self.memory(z3.simplify(place + i)) for i in range((width_of(kind) + 7) // 8)]
        return resize(z3.Concat(*reversed(cells)) if len(cells) > 1 else cells[0], width_of(kind))

    def do_call(self, rest, _):
        name, arguments = re.fullmatch(r".*?@([\w.-]+)\((.*)\).*", rest).groups()
        if name.startswith(IGNORED_CALLS):
            return None
        if name == "llvm.ubsantrap":
            self.failed = z3.Or(self.failed, self.here)
            return None
        for known, formula in CALLS.items():
            if name.startswith(f"llvm.{known}.i"):
                return formula(*(self.value(part) for part in split(arguments)))
        raise UnknownError(name)

    def do_br(self, rest, _):
        condition, *labels = split(rest)
        if not labels:
            self.go(condition, z3.BoolVal(True))
            return
        taken = self.value(condition) == 1
        self.go(labels[0], taken)
        self.go(labels[1], z3.Not(taken))

    def do_switch(self, rest, _):
        value, default, cases = re.fullmatch(r"(\w+ \S+), (label \S+) \[(.*)\]", rest).groups()
        value = self.value(value)
        others = z3.BoolVal(True)
        for case, label in re.findall(r"(\w+ \S+), (label \S+)", cases):
            self.go(label, value == self.value(case))
            others = z3.And(others, value != self.value(case))
        self.go(default, others)

    def do_ret(self, rest, _):
        self.failed = z3.Or(self.failed, z3.And(self.here, self.value(rest) == 0))

    def do_unreachable(self, *_):
        self.failed = z3.Or(self.failed, self.here)


def blocks_in(lines):
    blocks = {}
    text = re.sub(r"\[\n(.*?)\n\s*\]", lambda m: "[" + m[1].replace("\n", " ") + "]", "\n".join(lines), flags=re.DOTALL)
    for line in text.splitlines():
        line = re.sub(r"(, ![\w.-]+ !\d+)+$| #\d+$|\s*;.*$", "", line.strip())
        line = re.sub(r"(, ![\w.-]+ !\d+)+$| #\d+$", "", line)
        if label := re.fullmatch(r"([\w.-]+):", line):
            current = blocks.setdefault(f"%{label[1]}", [])
        elif line:
            current.append(line)
    return blocks


def in_order(blocks):
    """The blocks, each behind those that lead to it, but for the ways back in loops."""
    order = []

    def visit(block):
        seen.add(block)
        for label in re.findall(r"label (%[\w.-]+)", blocks[block][-1]):
            if label not in seen:
                visit(label)
        order.append(block)

    seen = set()
    visit(next(iter(blocks)))
    return order[::-1]


def prove(header, lines, types, seconds):
    """None if the function returns true in any case, else why that is not known."""
    try:
        function = Function(header, lines, types, seconds)
    except UnknownError as error:
        return f"unknown: {error}"
    solver = SOLVER.solver()
    solver.set("timeout", 1000 * seconds)
    solver.add(function.failed)
    outcome = solver.check()
    if outcome == z3.unsat:
        return None
    if outcome == z3.unknown:
        return f"not decided: {solver.reason_unknown()}"
    model = solver.model()
    shown = (
        f"{name[1:]}={model.eval(value, model_completion=True).as_long():#x}"
        for name, value in function.arguments.items()
    )
    return f"false for {', '.join(shown)}"


def claims_in(assembly):
    """The functions whose name begins with claim_: their names, and what proving them needs."""
    types = dict(re.findall(r"^(%[\w.-]+) = type \{ ([^,]*) \}$", assembly, re.MULTILINE))  # structures of one member
    for name, header, body in re.findall(
        r"^define [^\n]*@claim_(\w+)\((.*?)\)[^\n]*\{\n(.*?)^\}", assembly, re.MULTILINE | re.DOTALL
    ):
        yield name, (header, body.splitlines(), types)
