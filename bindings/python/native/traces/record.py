#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records the traces in this folder again, from programs that Debian has."""

import argparse
import contextlib
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__).resolve().parent
WORKLOADS = HERE / "workloads"
PACKAGES = {
    "jq": "jq",
    "lua5.4": "lua5.4",
    "mosquitto": "mosquitto",
    "mosquitto_pub": "mosquitto-clients",
    "mosquitto_sub": "mosquitto-clients",
    "sqlite3": "sqlite3",
    "zstd": "zstd",
}


class FaultError(Exception):
    """What is wrong, in one sentence that says what to do."""


@dataclass
class Recorder:
    """Starts programs under defrag-record."""

    tool: Path
    folder: Path  # for files that only the recording needs

    def command(self, trace: Path, *program: str | Path) -> list[str]:
        return [str(self.tool), "-o", str(trace), "--", *map(str, program)]

    def run(self, trace: Path, *program: str | Path, stdin: str = "") -> None:
        done = subprocess.run(
            self.command(trace, *program),
            cwd=self.folder,
            input=stdin,
            text=True,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode != 0:
            raise FaultError(f"'{program[0]}' ended with exit code {done.returncode}; see what it said above")


def generated(script: str) -> str:
    """What one of the workloads prints."""
    done = subprocess.run([sys.executable, WORKLOADS / script], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


# -------------------------------------------------------------------------------------------------------- the programs


def record_lua(recorder: Recorder, trace: Path) -> None:
    recorder.run(trace, "lua5.4", WORKLOADS / "gateway.lua")


def record_jq(recorder: Recorder, trace: Path) -> None:
    recorder.run(trace, "jq", "-n", "-c", "-f", WORKLOADS / "filter.jq", stdin=generated("readings.py"))


def record_sqlite(recorder: Recorder, trace: Path) -> None:
    # Without SQLite's own small-block cache, as it is usually built for devices.
    recorder.run(trace, "sqlite3", "-batch", "-lookaside", "0", "0", "logbook.db", stdin=generated("logbook.py"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Clients:
    """Mosquitto's command-line clients, one at a time, so that each run asks the broker for the same. They give their
    own names; for a random one the broker would load OpenSSL's generator, which is larger than itself."""

    port: int

    def command(self, program: str, name: str, topic: str, *arguments: str) -> list[str]:
        return [program, "-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-i", name, "-t", topic, *arguments]

    def publish(self, topic: str, *messages: str, retained: bool = False) -> None:
        command = self.command("mosquitto_pub", f"publisher-{topic}", topic, "-l", *["-r"] * retained)
        subprocess.run(command, input="".join(f"{message}\n" for message in messages), text=True, check=True)

    def subscribe(self, name: str, topic: str) -> None:
        """Has the broker keep messages for this client from now on."""
        subprocess.run(self.command("mosquitto_sub", name, f"{topic}/#", "-c", "-E"), check=True)

    def collect(self, name: str, topic: str) -> None:
        """Takes everything that was kept. The first message shows that the client is there, the last is our own."""
        command = self.command("mosquitto_sub", name, f"{topic}/#", "-c")
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
            client.stdout.readline()
            self.publish(f"{topic}/end", "end")
            while client.stdout.readline() not in ("end\n", ""):
                pass
            client.terminate()


@contextlib.contextmanager
def broker(recorder: Recorder, trace: Path) -> Iterator[Clients]:
    port = free_port()
    settings = recorder.folder / "broker.conf"
    lines = [f"listener {port} 127.0.0.1", "allow_anonymous true", "log_dest none", "sys_interval 0"]
    lines += ["max_queued_messages 10", "max_inflight_messages 10"]
    if os.geteuid() == 0:
        lines.append("user root")
    settings.write_text("\n".join(lines) + "\n")
    process = subprocess.Popen(recorder.command(trace, "mosquitto", "-c", settings), stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield Clients(port)
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise FaultError("the broker does not answer; run mosquitto by hand to see why")


def record_mosquitto(recorder: Recorder, trace: Path) -> None:
    """Clients that come and go: while they are away, the broker keeps messages for them."""
    chance = random.Random(1883)
    sites = range(6)
    with broker(recorder, trace) as clients:
        for site in sites:
            clients.subscribe(f"watcher-{site}", f"site/{site}")
        for _ in range(40):
            for site in sites:
                messages = [
                    "reading " + "x" * int(2 ** chance.uniform(3, 10.5)) for _ in range(chance.randrange(8, 40))
                ]
                clients.publish(f"site/{site}/values/{chance.randrange(9)}", *messages)
            for _ in range(6):
                state = "state " + "y" * chance.randrange(10, 1200)
                clients.publish(f"site/{chance.choice(sites)}/state/{chance.randrange(6)}", state, retained=True)
            for site in chance.sample(sites, 2):
                clients.collect(f"watcher-{site}", f"site/{site}")


PROGRAMS: dict[str, Callable[[Recorder, Path], None]] = {
    "lua": record_lua,
    "mosquitto": record_mosquitto,
    "sqlite": record_sqlite,
    "jq": record_jq,
}


# ------------------------------------------------------------------------------------------------------------ the rest


def check_programs() -> None:
    missing = sorted({package for program, package in PACKAGES.items() if not find(program)})
    if missing:
        raise FaultError(f"needs the Debian packages {', '.join(missing)}; install them, then run this again")


def find(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")


def record(name: str, tool: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / f"{name}.dft"
        PROGRAMS[name](Recorder(tool, Path(folder)), trace)
        packed = HERE / f"{name}.dft.zst"
        subprocess.run(["zstd", "--quiet", "--force", "--ultra", "-22", trace, "-o", packed], check=True)
    print(f"{packed}: {packed.stat().st_size} bytes")


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise FaultError(f"{message}; see record.py --help")


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--tool", type=Path, required=True, help="where defrag-record was built")
    parser.add_argument("names", nargs="*", metavar="TRACE", help=f"some of {', '.join(PROGRAMS)}; all unless given")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name not in PROGRAMS]
    if unknown:
        raise FaultError(f"'{unknown[0]}' is no trace; choose some of {', '.join(PROGRAMS)}")
    if not os.access(chosen.tool, os.X_OK):
        raise FaultError(f"'{chosen.tool}' is no program; give the path of defrag-record with --tool")
    check_programs()
    os.environ["PATH"] += ":/usr/sbin"
    for name in chosen.names or PROGRAMS:
        record(name, chosen.tool.resolve())


def complain(sentence: str) -> int:
    print(f"record.py: {sentence}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(complain(f"'{error.cmd[0]}' ended with exit code {error.returncode}; run it by hand to see why"))
    except FaultError as fault:
        sys.exit(complain(str(fault)))
