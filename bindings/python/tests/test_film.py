# SPDX-License-Identifier: MIT
"""Films of a heap: what they tell is what the replay saw, and a browser shows it."""

import base64
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browser
import matplotlib.image
import numpy as np
import pytest
from defrag import Fit
from defrag.explore import POLICIES, FaultError, Policy, Trace
from defrag.explore import film_data as data
from defrag.explore.devicelog import Block, Writer
from defrag.explore.film import film
from defrag.explore.trace import checked
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

POOL = 32 << 10
COLUMNS, ROWS = 200, 128
ONE = [Policy(Fit.MAKE_ROOM, locked=0.1)]
TWO = [POLICIES["never"], POLICIES["on demand"]]
SIDES = {"one policy": ONE, "two policies": TWO}


def random_trace(operations: int, name: str = "made.dft", most: int = 19000) -> Trace:
    """Allocates, frees and resizes at random, so that up to `most` bytes are live."""
    random, writer = np.random.default_rng(5), Writer()
    live: list[tuple[Block, int]] = []
    held = 0
    while writer.operations < operations:
        size = int(random.choice([16, 24, 60, 200, 900]))
        if held + size <= most:
            live.append((writer.allocate(size, zeroed=False), size))
            held += size
            continue
        for _ in range(int(random.integers(1, 20))):
            block, size = live.pop(int(random.integers(len(live))))
            writer.free(block)
            held -= size
        block, size = live.pop(int(random.integers(len(live))))
        writer.resize(block, size + 40)
        live.append((block, size + 40))
        held += 40
    return checked(name, writer.end())


@pytest.fixture(scope="module")
def made() -> Trace:
    return random_trace(6000)


@pytest.fixture(scope="module")
def crowded() -> Trace:
    """Runs out of holes unless blocks move."""
    return random_trace(6000, most=26500)


def reel(trace: Trace, policies: list[Policy]) -> data.Reel:
    return data.gather(trace, POOL, policies, COLUMNS, ROWS, data.MOVES)


# ------------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("name", ["heap.gif", "heap", "heap.html.zip"])
def test_another_suffix_is_refused(made: Trace, tmp_path: Path, name: str) -> None:
    with pytest.raises(FaultError, match=r"has none of the suffixes \.html, \.png and \.json; choose one"):
        film(made, POOL, TWO, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [0, 3])
def test_there_are_one_or_two_policies(made: Trace, tmp_path: Path, count: int) -> None:
    with pytest.raises(FaultError, match=f"shows one policy or two, not {count}; leave some out, or draw several"):
        film(made, POOL, [Policy()] * count, tmp_path / "heap.html")


@pytest.mark.parametrize("suffix", ["html", "png", "json"])
def test_a_file_that_cannot_be_written_is_refused(made: Trace, tmp_path: Path, suffix: str) -> None:
    with pytest.raises(FaultError, match=r"cannot be written \(No such file or directory\); give a path in a direc"):
        film(made, POOL, ONE, tmp_path / "nowhere" / f"heap.{suffix}", columns=20, rows=20)


def test_a_trace_without_operations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FaultError, match=r"'empty\.dft' has no operation to draw; record a longer run"):
        film(checked("empty.dft", Writer().end()), POOL, ONE, tmp_path / "heap.html")


def test_a_pool_that_cannot_be_is_refused(made: Trace, tmp_path: Path) -> None:
    with pytest.raises(FaultError, match=r"'made\.dft'"):
        film(made, 10, ONE, tmp_path / "heap.html")


@pytest.mark.parametrize("suffix", ["html", "png", "json"])
def test_the_shortest_trace_has_a_film(tmp_path: Path, suffix: str) -> None:
    writer = Writer()
    writer.allocate(1 << 20, zeroed=False)  # it is refused, too, so that the film shows no block
    film(checked("one.dft", writer.end()), POOL, TWO, tmp_path / f"heap.{suffix}")
    assert (tmp_path / f"heap.{suffix}").stat().st_size > 0


# ------------------------------------------------------------------------------------------------------------ gathering


def test_moves_are_told_from_copies(crowded: Trace) -> None:
    never, on_demand = reel(crowded, TWO).sides
    assert never.moves.count == 0
    assert never.copies.count == len(never.seen.moves) > 0
    assert 0 < on_demand.moves.count < len(on_demand.seen.moves)
    assert on_demand.moves.count + on_demand.copies.count == len(on_demand.seen.moves)


def test_the_largest_moves_are_kept_in_order(crowded: Trace) -> None:
    moves = reel(crowded, TWO).sides[1].seen.moves
    some = data.largest(moves, 10)
    assert some.count == len(moves)
    assert sorted(some.drawn["bytes"]) == sorted(moves["bytes"])[-10:]
    assert (np.diff(some.drawn["operation"].astype(int)) >= 0).all()
    assert some.text("moves") == f"moves (the 10 largest of {len(moves):,})"
    assert data.largest(moves, len(moves)).text("moves") == f"moves ({len(moves):,})"


def test_all_that_is_refused_or_moved_is_told(crowded: Trace) -> None:
    never, on_demand = reel(crowded, TWO).sides
    assert never.refused_count.sum() == never.seen.run.refused > 0
    first = never.seen.run.first_refused_operation
    assert first <= never.refused_at[0] < first + reel(crowded, TWO).interval
    assert 0.9 * on_demand.seen.run.moved_bytes <= on_demand.moved_so_far[-1] <= on_demand.seen.run.moved_bytes


def test_a_note_counts_moves(crowded: Trace, tmp_path: Path) -> None:
    note = film(crowded, POOL, TWO, tmp_path / "heap.json")
    count = note.moves[1]
    assert note.moves[0] == 0
    assert str(note) == (
        "moving never (best), 0 of 0 moves drawn; "
        f"moving on demand (make-room), {min(count, 20000):,} of {count:,} moves drawn"
    )


def test_colours_grow_lighter() -> None:
    colors = data.palette(np.linspace(0, 1, 100))
    lightness = colors @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > 0).all()
    assert lightness[-1] < 240  # holes are lighter still


def test_a_scale_is_logarithmic() -> None:
    scale = data.size_scale(12, 1000)
    assert (scale.low, scale.high) == (8, 1024)
    assert scale.texts[0] == "8 B"
    assert scale.texts[-1] == "1 KiB"
    assert scale.places(np.array([0, 8, 128, 1024, 5000])) == pytest.approx([0, 0, 4 / 7, 1, 1])
    assert data.age_scale(2500).ticks == (1, 10, 100, 1000)


def test_a_picture_shows_what_fills_each_slice(made: Trace) -> None:
    shown = reel(made, ONE)
    side = shown.sides[0]
    for by in ("size", "age"):
        pixels = data.picture(side, by, shown.scale(by))
        assert pixels.shape == (ROWS, len(shown.operations), 3)
        assert (pixels[side.used_share == 0] == data.HOLE).all()
        assert (pixels[side.overhead & (side.used_share == 1)] == data.OVERHEAD).all()
        whole = pixels[side.blocks & (side.used_share == 1)]
        assert len(whole) > 0
        assert (np.ptp(whole, axis=1) > 60).all()  # no grey, and no white
    assert side.overhead[-1].all()  # the handle table lies on top
    assert side.locked.any()


# ------------------------------------------------------------------------------------------------------------- Perfetto


def told(trace: Trace, policies: list[Policy], folder: Path) -> list[dict[str, Any]]:
    film(trace, POOL, policies, folder / "heap.json")
    whole = json.loads((folder / "heap.json").read_text())
    assert whole["otherData"]["operations"] == trace.operations
    events: list[dict[str, Any]] = whole["traceEvents"]
    return events


def test_events_have_what_perfetto_wants(crowded: Trace, tmp_path: Path) -> None:
    last: dict[tuple[int, str, object], int] = {}
    for event in told(crowded, [*TWO[:1], POLICIES["background"]], tmp_path):
        assert event["ph"] in ("M", "C", "i", "X")
        assert isinstance(event["name"], str)
        assert isinstance(event["ts"], int)
        assert 0 <= event["ts"] <= crowded.operations
        assert event["pid"] in (1, 2)
        assert event["ph"] == "C" or event["name"] == "process_name" or event["tid"] in (1, 2, 3, 4)
        assert event["ph"] != "X" or event["dur"] > 0
        track = (event["pid"], event["ph"], event.get("tid", event["name"]))
        assert last.get(track, 0) <= event["ts"]
        last[track] = event["ts"]


def test_each_policy_is_a_process(made: Trace, tmp_path: Path) -> None:
    events = told(made, TWO, tmp_path)
    names = {event["pid"]: event["args"]["name"] for event in events if event["name"] == "process_name"}
    assert names == {
        1: "The heap of made in a pool of 32K, moving never (best)",
        2: "The heap of made in a pool of 32K, moving on demand (make-room)",
    }
    assert {event["pid"] for event in told(made, ONE, tmp_path)} == {1}


def test_events_tell_what_happened(crowded: Trace, tmp_path: Path) -> None:
    policies = [POLICIES["never"], POLICIES["background"]]
    sides = reel(crowded, policies).sides
    events = told(crowded, policies, tmp_path)
    for process, side in enumerate(sides, 1):
        own = [event for event in events if event["pid"] == process]
        moved = [event for event in own if event["name"] in ("move", "copy")]
        assert len(moved) == len(side.seen.moves)
        assert sum(event["args"]["bytes"] for event in moved) == side.seen.moves["bytes"].sum()
        steps = [event for event in own if event["name"] == "step"]
        assert sum(event["args"]["bytes"] for event in steps) == side.seen.stepped.sum()
        refused = [event for event in own if event["name"] == "refused"]
        assert sum(event["args"]["requests"] for event in refused) == side.seen.run.refused
        first = [event["ts"] for event in own if event["name"] == "first refusal"]
        assert first == [side.seen.run.first_refused_operation] * bool(side.seen.run.refused)
        free = {event["ts"]: event["args"]["value"] for event in own if event["name"] == "free bytes"}
        at = side.seen.samples["operation"]
        common = [i for i, operation in enumerate(at) if int(operation) in free]
        assert len(common) > 10
        assert [free[int(at[i])] for i in common] == [int(side.seen.samples["free"][i]) for i in common]


def test_events_need_no_large_package(made: Trace, tmp_path: Path) -> None:
    (tmp_path / "made.dft").write_bytes(made.data)
    script = (
        "import sys, pathlib; from defrag.explore import POLICIES, load; from defrag.explore.film import film;"
        "film(load('made.dft'), 32768, [POLICIES['never']], pathlib.Path('heap.json'));"
        "assert not {'plotly', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path)


# -------------------------------------------------------------------------------------------------------------- picture


@pytest.mark.parametrize("policies", SIDES.values(), ids=SIDES)
def test_a_picture_is_drawn(crowded: Trace, tmp_path: Path, policies: list[Policy]) -> None:
    path = tmp_path / "heap.PNG"
    film(crowded, POOL, policies, path)
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    pixels = np.rint(255 * matplotlib.image.imread(path)[:, :, :3]).astype(int)
    assert pixels.shape == (1000, 1600, 3)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 500
    wanted = [data.HOLE, data.OVERHEAD, data.REFUSAL if policies is TWO else data.LOCKED]
    for color in wanted:
        assert (pixels[100:520] == color).all(axis=2).sum() > 20  # within the maps


# ----------------------------------------------------------------------------------------------------------------- page


class Page:
    """A film in a browser, and what it must show."""

    def __init__(self, driver: Chrome, path: Path, shown: data.Reel) -> None:
        self.driver, self.reel = driver, shown
        driver.get_log("browser")
        driver.get_log("performance")
        driver.get(path.as_uri())
        WebDriverWait(driver, 60).until(lambda _: self.ask("return film.querySelectorAll('.xy').length > 0"))
        # Before that it does not listen to clicks, and what it draws at first takes the words under the pointer away.
        WebDriverWait(driver, 60).until(lambda _: self.ask("return states[0].textContent !== '' && !drawing"))

    def ask(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    @property
    def step(self) -> int:
        return int(self.ask("return Number(slider.value)"))

    def place(self, column: int, row: int, side: int = 0) -> tuple[float, float]:
        """Where a cell of a map is, in pixels of the window."""
        operation = float(self.reel.operations[column])
        kib = (row + 0.5) * POOL / ROWS / 1024
        name = "" if side == 0 else "6"
        x, y = self.ask(
            "const x = film._fullLayout['xaxis' + arguments[0]], y = film._fullLayout['yaxis' + arguments[0]],"
            "box = film.getBoundingClientRect();"
            "return [box.x + x._offset + x.l2p(arguments[1]), box.y + y._offset + y.l2p(arguments[2])]",
            name,
            operation,
            kib,
        )
        return float(x), float(y)

    def point(self, column: int, row: int, side: int = 0) -> ActionChains:
        x, y = self.place(column, row, side)
        chain = ActionChains(self.driver, duration=20)
        chain.w3c_actions.pointer_action.move_to_location(int(x) - 3, int(y))
        chain.w3c_actions.pointer_action.move_to_location(int(x), int(y))
        return chain

    def words(self, column: int, row: int, side: int = 0) -> str:
        """What is shown when the pointer is on a cell."""
        self.point(column, row, side).perform()
        layer = "return [...film.querySelectorAll('.hoverlayer .hovertext text')].map(one => one.textContent).join('')"
        WebDriverWait(self.driver, 10).until(lambda _: f"operation {self.reel.operations[column]:,}" in self.ask(layer))
        return str(self.ask(layer))

    def color(self, column: int, row: int, side: int = 0) -> tuple[int, ...]:
        """What is on the screen where a cell is."""
        x, y = self.place(column, row, side)
        shot = base64.b64decode(self.driver.get_screenshot_as_base64())
        pixels = np.rint(255 * matplotlib.image.imread(io.BytesIO(shot))[:, :, :3]).astype(int)
        return tuple(int(part) for part in pixels[int(y), int(x)])

    def press(self, label: str) -> None:
        buttons = self.driver.find_elements(By.CSS_SELECTOR, ".updatemenu-button")
        next(button for button in buttons if label in (button.get_attribute("textContent") or "")).click()

    def visible(self, meta: str) -> list[bool]:
        return list(
            self.ask("return film.data.filter(t => t.meta === arguments[0]).map(t => t.visible !== false)", meta)
        )

    def wait_for_range(self, axis: int, wanted: list[float]) -> None:
        script = "return film.layout['xaxis' + arguments[0]].range"
        WebDriverWait(self.driver, 10).until(lambda _: self.ask(script, axis) == wanted)

    def assert_shows(self, step: int) -> None:
        """The marker, the strips and the words are those of a step."""
        assert self.step == step
        operation = int(self.reel.operations[step])
        for side, seen in enumerate(self.reel.sides):
            axis = 5 * side + 2
            wanted = [operation - self.reel.interval / 2, operation + self.reel.interval / 2]
            self.wait_for_range(axis, wanted)
            text = self.ask("return document.querySelectorAll('.state')[arguments[0]].textContent", side)
            assert text == "\n".join(data.state(seen, step))
            at = self.ask("return document.querySelectorAll('.marker')[arguments[0]].getBoundingClientRect().x", side)
            assert at == pytest.approx(self.place(step, 0, side)[0], abs=1.5)


@pytest.fixture(scope="module")
def driver() -> Iterator[Chrome]:
    with browser.browser() as running:
        yield running


@pytest.fixture(scope="module")
def paths(crowded: Trace, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    for name, policies in SIDES.items():
        film(crowded, POOL, policies, folder / f"{name}.html", columns=COLUMNS, rows=ROWS)
    return {name: folder / f"{name}.html" for name in SIDES}


@pytest.fixture(params=SIDES)
def page(request: pytest.FixtureRequest, driver: Chrome, paths: dict[str, Path], crowded: Trace) -> Page:
    return Page(driver, paths[request.param], reel(crowded, SIDES[request.param]))


@pytest.fixture
def two(driver: Chrome, paths: dict[str, Path], crowded: Trace) -> Page:
    return Page(driver, paths["two policies"], reel(crowded, TWO))


@pytest.fixture
def one(driver: Chrome, paths: dict[str, Path], crowded: Trace) -> Page:
    return Page(driver, paths["one policy"], reel(crowded, ONE))


def test_a_missing_browser_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "CHROMIUM", Path("/nowhere/chromium"))
    with (
        pytest.raises(pytest.fail.Exception, match="is missing; install Debian's packages chromium and"),
        browser.browser(),
    ):
        pass


def test_a_page_draws_all_panels(page: Page) -> None:
    sides = len(page.reel.sides)
    axes = page.ask("return Object.keys(film._fullLayout).filter(name => /^[xy]axis[0-9]*$/.test(name)).length")
    assert axes == 2 * 5 * sides
    kinds = page.ask("return film._fullData.filter(trace => trace.visible === true).map(trace => trace.type)")
    locks = 2 * sum(bool(side.locked.any()) for side in page.reel.sides)
    assert kinds.count("image") == 2 * sides + locks
    assert page.ask("return film.querySelectorAll('.imagelayer image').length") == kinds.count("image")
    assert page.ask("return film.querySelectorAll('.scatterlayer .js-line').length") >= 5 * sides


def test_a_page_loads_nothing_and_complains_of_nothing(page: Page) -> None:
    assert page.driver.get_log("browser") == []
    loads = [json.loads(entry["message"])["message"] for entry in page.driver.get_log("performance")]
    urls = [load["params"]["request"]["url"] for load in loads if load["method"] == "Network.requestWillBeSent"]
    assert len(urls) > 0
    assert {url.partition(":")[0] for url in urls} <= {"file", "data", "blob"}
    assert sum(url.startswith("file:") for url in urls) == 1
    assert page.ask("return document.querySelectorAll('link[href^=http], script[src], img[src^=http]').length") == 0


def test_a_page_says_what_it_shows(page: Page) -> None:
    text = page.ask("return document.title + ' ' + film.textContent")
    assert page.reel.title in text
    for side in page.reel.sides:
        assert f"{side.label}: {data.outcome(side)}" in text
        if side.moves.count:
            assert f"({side.moves.count:,})" in text


def test_a_map_is_the_right_way_up(page: Page) -> None:
    for i, side in enumerate(page.reel.sides):
        pixels = data.picture(side, "size", page.reel.scale("size"))
        pixels[side.locked] = data.LOCKED
        drawn = {int(at) // page.reel.interval for at in side.moves.drawn["operation"]}
        columns = [c for c in range(20, 180) if not {c - 1, c, c + 1, c + 2} & drawn and c != page.step]
        for column, row in [(columns[0], ROWS - 2), (columns[0], 5), (columns[-1], 40), (columns[-1], 100)]:
            assert page.color(column, row, i) == pytest.approx(pixels[row, column], abs=3)


def test_the_slider_moves_through_time(page: Page) -> None:
    page.assert_shows(len(page.reel.operations) // 2)
    slider = page.driver.find_element(By.ID, "slider")
    width = slider.size["width"]
    ActionChains(page.driver).drag_and_drop_by_offset(slider, -int(0.3 * width), 0).perform()
    step = page.step
    assert step == pytest.approx(0.2 * len(page.reel.operations), abs=6)
    page.assert_shows(step)
    slider.send_keys(Keys.ARROW_RIGHT)
    page.assert_shows(step + 1)
    slider.send_keys(Keys.END)
    page.assert_shows(len(page.reel.operations) - 1)
    assert page.driver.get_log("browser") == []


def test_a_click_on_a_map_goes_there(page: Page) -> None:
    page.words(33, 20)  # what is clicked on is what the pointer was last seen on
    ActionChains(page.driver).click().perform()
    WebDriverWait(page.driver, 10).until(lambda _: page.step == 33)
    page.assert_shows(33)


def test_a_film_plays_and_stops(one: Page) -> None:
    begin = one.step
    play = one.driver.find_element(By.ID, "play")
    play.click()
    WebDriverWait(one.driver, 20).until(lambda _: one.step > begin + 2)
    assert play.text == "Stop"
    play.click()
    stopped = one.step
    one.assert_shows(stopped)
    assert play.text == "Play"


def test_markers_follow_a_zoom(two: Page) -> None:
    low, high = (float(two.reel.operations[i]) for i in (60, 140))
    two.driver.execute_async_script(
        "Plotly.relayout(film, {'xaxis.range': [arguments[0], arguments[1]]}).then(arguments[2])", low, high
    )
    two.assert_shows(two.step)
    two.driver.execute_async_script("Plotly.relayout(film, {'xaxis.range': [0, 900]}).then(arguments[0])")
    assert two.ask("return [...document.querySelectorAll('.marker')].map(one => one.hidden)") == [True, True]


def test_maps_are_coloured_by_size_or_by_age(page: Page) -> None:
    side = page.reel.sides[0]
    sizes, ages = (data.picture(side, by, page.reel.scale(by)) for by in ("size", "age"))
    row, column = next(
        (row, column)
        for row in range(10, 100)
        for column in range(10, 60)
        if side.blocks[row, column]
        and not side.locked[row, column]
        and np.abs(sizes[row, column].astype(int) - ages[row, column]).max() > 60
    )
    assert page.color(column, row) == pytest.approx(sizes[row, column], abs=3)
    page.press("colour by age")
    WebDriverWait(page.driver, 10).until(lambda _: not any(page.visible("size")))
    assert all(page.visible("age"))
    assert page.color(column, row) == pytest.approx(ages[row, column], abs=3)
    page.press("colour by size")
    WebDriverWait(page.driver, 10).until(lambda _: all(page.visible("size")))
    assert not any(page.visible("age"))


@pytest.mark.parametrize("what", ["moves", "locks"])
def test_moves_and_locks_can_be_hidden(one: Page, what: str) -> None:
    other = "locks" if what == "moves" else "moves"
    assert all(one.visible(what))
    one.press(f"{what} on/off")
    WebDriverWait(one.driver, 10).until(lambda _: not any(one.visible(what)))
    one.press(f"{other} on/off")
    WebDriverWait(one.driver, 10).until(lambda _: not any(one.visible(other)))
    one.press(f"{what} on/off")
    WebDriverWait(one.driver, 10).until(lambda _: all(one.visible(what)))
    assert not any(one.visible(other))


def cells(side: data.Side, where: Any) -> tuple[int, int]:
    """A cell of a kind, not too near to an edge."""
    rows, columns = np.nonzero(where)
    middle = np.flatnonzero((columns > 10) & (columns < 190) & (rows > 2) & (rows < ROWS - 10))
    chosen = middle[len(middle) // 2]
    return int(columns[chosen]), int(rows[chosen])


def test_the_pointer_tells_of_a_block(page: Page) -> None:
    for i, side in enumerate(page.reel.sides):
        column, row = cells(side, side.locked if side.locked.any() else side.blocks)
        cell, operation = side.seen.cells[column, row], int(page.reel.operations[column])
        words = page.words(column, row, i)
        assert f"block {cell['block'] - 1:,}: {cell['bytes']:,} bytes, {cell['locks']} locks" in words
        assert f"age {operation - int(cell['born'])} operations" in words
        assert f"address 0x{row * POOL // ROWS:x}, {100 * side.used_share[row, column]:.0f}% in use" in words


def test_the_pointer_tells_of_a_hole_and_of_the_handle_table(two: Page) -> None:
    side = two.reel.sides[0]
    column, row = cells(side, side.used_share == 0)
    assert two.words(column, row).endswith("0% in usefree")
    assert two.words(100, ROWS - 1).endswith("control block or handle table")


def test_names_are_no_markup(driver: Chrome, tmp_path: Path) -> None:
    trace = random_trace(300, name="</script><i>&amp;.dft")
    film(trace, POOL, ONE, tmp_path / "heap.html", columns=50, rows=50)
    page = Page(driver, tmp_path / "heap.html", data.gather(trace, POOL, ONE, 50, 50, data.MOVES))
    assert page.ask("return document.title") == "The heap of script><i>&amp; in a pool of 32K"
    assert "The heap of script><i>&amp; in a pool of 32K" in page.ask("return film.textContent")
    assert driver.get_log("browser") == []


def test_the_shortest_page_draws(driver: Chrome, tmp_path: Path) -> None:
    writer = Writer()
    writer.allocate(100, zeroed=False)
    trace = checked("one.dft", writer.end())
    film(trace, POOL, TWO, tmp_path / "heap.html", rows=ROWS)
    page = Page(driver, tmp_path / "heap.html", data.gather(trace, POOL, TWO, COLUMNS, ROWS, data.MOVES))
    page.assert_shows(0)
    assert "block 0: " in page.words(0, 1)
    page.driver.find_element(By.ID, "slider").send_keys(Keys.ARROW_RIGHT)
    page.assert_shows(0)
    assert driver.get_log("browser") == []


def test_a_long_trace_makes_no_large_page(driver: Chrome, tmp_path: Path) -> None:
    trace = random_trace(250_000)
    path = tmp_path / "heap.html"
    film(trace, POOL, [POLICIES["never"], POLICIES["background"]], path)
    assert path.stat().st_size < 10_000_000
    driver.get(path.as_uri())
    took = driver.execute_script("return performance.getEntriesByType('navigation')[0].domInteractive")
    assert took < 20_000  # milliseconds; a second or two when nothing else runs
