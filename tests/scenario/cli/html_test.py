"""run --html: the page is well-formed, harmless, readable, and says what report and JSON say."""

import html.parser
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import support
from output_test import RUNS_OUT
from series_test import FLEET
from support import BAD, FAILS, LONG, OK, CommandTest

VOID = {"meta", "br", "hr", "img", "input", "link"}
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FAR = """fourtuple: 1
title: far away, with loss
duration: 5 s
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2, user: root } }
links: [ { between: [client, server], latency: 20 ms } ]
apps:
  api:   { host: server, echo_server: { port: 443 } }
  good:  { host: client, load: { to: "10.0.0.2:443", rate: 10/s, request: 300 kB, limit: 5 } }
  wrong: { host: client, load: { to: "10.0.0.2:81", rate: 10/s }, start: 2 s }
"""
STEPS = """fourtuple: 1
title: one step is wrong
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2 } }
script:
  - { host: client, socket: C }
  - { host: client, connect: C, to: "10.0.0.2:81", expect: ok }
"""


class Page(html.parser.HTMLParser):
    """Elements, attributes and text; complains of what does not nest."""

    def __init__(self, markup):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.pieces, self.wrong = [], [], [], []
        self.tables = []
        self.feed(markup)
        self.close()
        self.wrong += [f"<{tag}> is not closed" for tag in self.open]

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data):
        if "style" in self.open or "title" in self.open[-1:] and "svg" not in self.open:
            return
        self.pieces.append(data)
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1] += data

    def all(self, *tags):
        return [(tag, attributes) for tag, attributes in self.elements if tag in tags]

    def text(self):
        return " ".join("".join(self.pieces).split())

    def rows(self, *heading):
        """The rows of the table that begins so, each by its headings."""
        for table in self.tables:
            first = [" ".join(cell.split()) for cell in table[0]]
            if first[: len(heading)] == list(heading):
                return [dict(zip(first, (" ".join(cell.split()) for cell in row))) for row in table[1:]]
        raise AssertionError(f"no table {heading}")


def plain(number):
    return int(number.replace(",", ""))


class PageTest(CommandTest):
    def page(self, text, *arguments, code=0, name="in.yaml"):
        out = self.path / "out.html"
        done = self.call("run", "--quiet", self.file(name, text), "--html", str(out), *arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        return self.checked(out.read_bytes().decode("utf-8"))

    def checked(self, markup):
        """What holds for every page."""
        page = Page(markup)
        self.assertEqual(page.wrong, [])
        self.assertTrue(markup.startswith("<!doctype html>\n<html lang=\"en\">"))
        self.assertNotRegex(markup, r"https?://|<script|javascript:|url\(|@import|\bon\w+=")
        for _, attributes in page.elements:
            self.assertNotIn("src", attributes)
            self.assertTrue(attributes.get("href", "#").startswith("#"))
        names = [attributes["name"] for _, attributes in page.all("meta") if "name" in attributes]
        self.assertIn("viewport", names)
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        self.assertEqual(len(ids), len(set(ids)))
        for _, attributes in page.elements:
            for one in attributes.get("aria-labelledby", "").split() + [attributes.get("href", "")[1:]]:
                self.assertIn(one, [*ids, ""])
        for _, attributes in page.all("th"):
            self.assertIn(attributes.get("scope"), ("row", "col"))
        pictures = page.all("svg")
        self.assertTrue(all(a["role"] == "img" and a["aria-labelledby"] for _, a in pictures))
        self.assertEqual(len(page.all("desc")), len(pictures))
        scrolling = [a for _, a in page.elements if a.get("class", "").startswith("scroll")]
        self.assertTrue(all(a["tabindex"] == "0" and a["aria-label"] for a in scrolling))
        levels = [int(tag[1]) for tag, _ in page.all("h1", "h2", "h3", "h4")]
        self.assertEqual(levels.count(1), 1)
        for above, below in zip(levels, levels[1:]):
            self.assertLessEqual(below, above + 1, levels)
        return page


class Pages(PageTest):
    def test_the_page_says_what_the_report_says(self):
        for text, code in ((RUNS_OUT, 0), (FAILS, 1), (FLEET, 0), (STEPS, 1), (FAR, 0), (OK, 0)):
            page = "".join(self.page(text, code=code).text().split())
            report = self.call("run", self.file("in.yaml", text)).stdout
            for line in report.splitlines():
                if not line or "│" in line or "ports in use on" in line or "of wall time" in line:
                    continue
                if re.fullmatch(r" +0 s +[\d.]+ m?s", line):
                    continue
                holds = re.fullmatch(r"  ✓ (.*) \((.*)\)", line)
                line = f"{holds[1]}✓ holds{holds[2]}" if holds else line
                line = re.sub(r"^  (why|cures?|check|also|rate|✓|✗) ", "", line)
                line = line.replace(f"{self.path}/in.yaml: ", "", 1) if line[0] == "/" else line
                for piece in re.split(r"in\.yaml:\d+: .*", line):
                    self.assertIn("".join(piece.split()), page)

    def test_the_page_has_the_numbers_of_the_json(self):
        tree = json.loads(self.call("run", self.file("in.yaml", RUNS_OUT), "--json", "-", "--html",
                                    str(self.path / "out.html")).stdout)
        page = self.checked((self.path / "out.html").read_text(encoding="utf-8"))
        load, client = tree["apps"]["load"], tree["hosts"]["client"]
        last = page.rows("time (s)", "attempted so far")[-1]
        self.assertEqual(float(last["time (s)"]), tree["ended_at"])
        self.assertEqual([plain(last[key]) for key in ("attempted so far", "connected", "completed",
                                                       "failures")],
                         [load[key] for key in ("attempted", "connected", "completed", "failed")])
        last = page.rows("time (s)", "ports in use")[-1]
        self.assertEqual([plain(last["ports in use"]), plain(last["TIME-WAIT"])],
                         [client["ports"]["now"], client["time_wait"]["now"]])
        last = page.rows("time (s)", "ESTABLISHED")[-1]
        for state, number in last.items():
            if state != "time (s)":
                self.assertEqual(plain(number), client["sockets"][state])
        row = page.rows("app", "host", "kind", "attempted")[0]
        self.assertEqual(plain(row["failed"]), load["failed"])
        self.assertIn(f"first failure, {load['first_failure']['at']} s", page.text())
        self.assertIn("the limit, 28,232 ports", page.text())
        self.assertIn(f"digest {tree['digest']}", page.text())
        conditions = {row["condition"]: row["found"] for row in page.rows("condition", "result")}
        self.assertEqual(len(conditions), len(tree["expect"]))
        for e in tree["expect"]:
            self.assertIn(f"{e['metric']}: {e['condition']}", conditions)

    def test_a_failed_condition_and_a_failed_step_say_where_and_why(self):
        row = self.page(FAILS, code=1).rows("condition", "result")[0]
        self.assertEqual(row["result"], "✗ fails")
        self.assertRegex(row["found"], r"^0 .*in\.yaml:8: ")
        self.assertRegex(self.page(STEPS, code=1).text(),
                         r"step 2, connect C on client: ok ✗ fails ?ECONNREFUSED \S+in\.yaml:6: "
                         r"expected ok, got ECONNREFUSED script: 1 of 1")

    def test_text_from_a_file_stays_text(self):
        evil = "</title><script>alert(1)</script><img src=x onerror=\"a\" 'b'> & &lt;"
        text = FAILS.replace("title: not fine", f"title: '{evil.replace(chr(39), chr(39) * 2)}'")
        out = self.path / "out.html"
        done = self.call("run", "--quiet", self.file("<b>&.yaml", text), "--html", str(out))
        self.assertEqual(done.returncode, 1, done.stderr)
        markup = out.read_text(encoding="utf-8")
        page = Page(markup)
        self.assertEqual((page.wrong, page.all("script", "img", "b")), ([], []))
        self.assertIn(evil, page.text())
        self.assertIn("<b>&.yaml", page.text())

    def test_a_file_name_that_is_no_utf8_does_not_break_the_page(self):
        path = os.fsencode(self.path) + b"/\xff\xfe.yaml"
        with open(path, "wb") as file:
            file.write(OK.encode())
        out = self.path / "out.html"
        subprocess.run([support.PROGRAM, "run", "--quiet", path, "--html", str(out)], check=True)
        self.assertIn("\ufffd\ufffd.yaml", self.checked(out.read_bytes().decode("utf-8")).text())

    def test_the_same_run_is_the_same_page_and_the_digest_does_not_change(self):
        out = self.path / "out.html"
        for text in (FLEET, STEPS, FAR):
            path = self.file("in.yaml", text)
            bare = json.loads(self.call("run", path, "--json", "-").stdout)
            pages = set()
            for more in ((), ("--series", str(self.path / "o.csv"), "--every", "13ms")):
                tree = json.loads(self.call("run", path, "--json", "-", "--html", str(out), *more).stdout)
                pages.add(out.read_bytes())
                self.assertEqual([tree[key] for key in ("digest", "ended_at", "hosts")],
                                 [bare[key] for key in ("digest", "ended_at", "hosts")])
            self.assertEqual(len(pages), 1)

    def test_many_apps_and_hosts_do_not_break_it(self):
        hosts = "".join(f"  h{i}: {{ address: 10.2.0.{i + 1} }}\n" for i in range(60))
        apps = "".join(f"  l{i}: {{ host: h{i}, load: {{ to: '10.0.0.2:443', rate: 5/s }} }}\n"
                       for i in range(60))
        text = OK.replace("hosts: {", "hosts:\n").replace(", server:", "\n  server:")
        text = text.replace("{ address: 10.0.0.2, user: root } }", "{ address: 10.0.0.2, user: root }")
        text = re.sub(r"hosts:\n *client", "hosts:\n  client", text)
        text = text.replace("apps:\n", hosts + "apps:\n" + apps)
        page = self.page(text)
        self.assertIn("more hosts are not drawn", page.text())
        self.assertIn("Connections and failures of l0, l1, l2 and 58 more", page.text())


class Ladders(PageTest):
    def lines(self, page):
        ladders = [t for t in page.tables if t[0][0] == "time (s)" and "(" in t[0][1]]
        return [[[" ".join(cell.split()) for cell in row] for row in t] for t in ladders]

    def test_an_attempt_that_sent_nothing_says_so_and_the_first_connection_is_there(self):
        page = self.page(RUNS_OUT)
        self.assertRegex(page.text(), r"It sent no packet: connect\(\d+, 10\.0\.0\.2:443\) = EADDRNOTAVAIL\.")
        (ladder,) = self.lines(page)
        texts = [row[1] for row in ladder[1:]]
        self.assertTrue(any("[S] 0 win" in t for t in texts))
        self.assertTrue(any("accept(" in t for t in texts))
        self.assertTrue(any("[F.]" in t for t in texts))
        tree = json.loads(self.call("run", str(self.path / "in.yaml"), "--json", "-").stdout)
        self.assertIn(tree["apps"]["load"]["connections"][0]["local"], ladder[0][1])

    def test_the_attempt_that_failed_first_is_drawn_with_both_clocks(self):
        page = self.page(FAR)
        failed, first = self.lines(page)
        self.assertIn("wrong on client: first ECONNREFUSED at 2.04 s (attempt 1 to 10.0.0.2:81)",
                      page.text())
        self.assertEqual([(row[0], row[2]) for row in failed[1:] if "[" in row[1]],
                         [("2.000000", "2.020000"), ("2.020000", "2.040000")])
        self.assertRegex(failed[2][1], r"\[S\]")
        self.assertTrue(any("[R.]" in row[1] for row in failed))
        self.assertIn("10.0.0.2:443", first[0][1])

    def test_a_long_one_is_cut_and_that_is_said(self):
        page = self.page(FAR)
        self.assertEqual(len(self.lines(page)[1]), 61)
        self.assertRegex(page.text(), r"Cut after 60 lines; [\d,]+ more packets and calls follow\.")

    def test_of_concurrent_attempts_the_right_one_is_drawn(self):
        text = FAR.replace("wrong: { host: client", "also: { host: client, load: { to: '10.0.0.2:443', "
                           "concurrency: 20, pause: 1 ms } }\n  wrong: { host: client")
        failed = self.lines(self.page(text))[0]
        self.assertIn("10.0.0.2:81 (server)", failed[0][1])
        self.assertEqual(len([row for row in failed[1:] if "[" in row[1]]), 2)

    def test_silence_is_drawn_and_what_was_lost_says_so(self):
        text = FAR.replace("rate: 10/s }, start", "rate: 10/s, timeout: 1500 ms }, start")
        dropped = text.replace("user: root", "user: root, firewall: [ { drop: tcp/81 } ]")
        failed = self.lines(self.page(dropped))[0]
        syns = [row for row in failed[1:] if "[S]" in row[1]]
        self.assertEqual([(row[0][:2], "lost" in row[1]) for row in syns],
                         [("2.", False), ("3.", False)])
        lost = text.replace("latency: 20 ms", "latency: 20 ms, loss: 100 %")
        failed = self.lines(self.page(lost))[0]
        self.assertEqual([("lost" in row[1], row[2]) if len(row) > 2 else ("lost" in row[1], "")
                          for row in failed[1:] if "[S]" in row[1]][:2], [(True, ""), (True, "")])

    def test_after_a_warm_up_the_first_connection_that_counts_is_drawn(self):
        # A port of four is used again every two seconds: the one of the first row has been before.
        text = OK.replace("duration: 1 s", "duration: 9 s\nwarmup: 4500 ms")
        text = text.replace("address: 10.0.0.1 ", "address: 10.0.0.1, sysctls: { "
                            "net.ipv4.ip_local_port_range: '40000 40003' } ")
        text = text.replace("rate: 100/s", "rate: 2/s, close: server")
        text = text.replace("port: 443", "port: 443, close: after_reply")
        page = self.page(text)
        self.assertIn("The first connection after the warm-up", page.text())
        (ladder,) = self.lines(page)
        self.assertRegex(ladder[1][1], r"connect\(")
        self.assertIn(ladder[1][0], ("4.500000", "5.000000"))
        self.assertLess(float(ladder[-1][0]), 5.1)
        last = page.rows("time (s)", "attempted so far")[-1]
        self.assertIn(f"After a warm-up of 4.5 s {last['attempted so far']} attempts", page.text())

    def test_a_datagram_socket_without_a_port_sent_nothing(self):
        text = OK.replace("echo_server: { port: 443 }", "udp_server: { port: 53 }")
        text = text.replace('load: { to: "10.0.0.2:443", rate: 100/s }',
                            'udp_client: { to: "10.0.0.2:53", rate: 100/s, sockets: per_request, '
                            "connected: true, timeout: 500 ms }")
        text = text.replace("address: 10.0.0.1 ", "address: 10.0.0.1, sysctls: { "
                            "net.ipv4.ip_local_port_range: '40000 40003' } ")
        text = text.replace("apps.load.failed: 0", "apps.load.errors.EAGAIN: '> 0'")
        text = text.replace("port: 53 }", "port: 53, delay: 200 ms }")
        self.assertIn("It sent no packet: connect() = EAGAIN.", self.page(text).text())

    def test_a_scan_s_connections_are_drawn(self):
        text = OK.replace('load: { to: "10.0.0.2:443", rate: 100/s }',
                          "scan: { target: server, ports: [443, 80, 81, 82] }")
        page = self.page(text.replace("apps.load.failed: 0", "apps.load.open: 1"))
        self.assertEqual(len(self.lines(page)), 3)
        self.assertIn("1 more connection is not drawn.", page.text())

    def test_a_script_s_connections_are_drawn(self):
        (ladder,) = self.lines(self.page(STEPS, code=1))
        self.assertTrue(any("[R.]" in row[1] for row in ladder))
        self.assertTrue(any("connect C 10.0.0.2:81 = ECONNREFUSED" in row[1] for row in ladder))


class Files(PageTest):
    def test_beside_quiet_json_and_standard_output(self):
        path, out = self.file("in.yaml", OK), str(self.path / "out.html")
        self.assertEqual(self.call("run", "--quiet", path, "--html", out).stdout, "")
        tree = json.loads(self.call("run", path, "--json", "-", "--html", out).stdout)
        self.assertEqual(tree["title"], "fine")
        self.assertIn("no failure", self.call("run", path, "--html", out).stdout)
        done = self.call("run", path, "--html", "-")
        self.assertEqual(done.stdout, pathlib.Path(out).read_text(encoding="utf-8"))
        done = self.call("run", "-", "--html", out, input=OK)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.checked(pathlib.Path(out).read_text(encoding="utf-8"))

    def test_mistakes_are_2(self):
        path, out = self.file("in.yaml", OK), str(self.path / "out.html")
        for arguments, words in [
            ((path, path, "--html", out), "one file"),
            ((path, "--html", "-", "--json", "-"), "standard output"),
            ((path, "--html", "-", "--series", "-"), "standard output"),
        ]:
            done = self.call("run", *arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(words, done.stderr)

    def test_a_missing_folder_and_a_full_disk_are_3(self):
        path = self.file("in.yaml", OK)
        done = self.call("run", path, "--html", str(self.path / "no/out.html"))
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("no/out.html cannot be written", done.stderr)
        for more in ((), ("--quiet",), ("--json", "-")):
            done = self.call("run", path, "--html", "/dev/full", *more)
            self.assertEqual(done.returncode, 3)
            self.assertIn("/dev/full cannot be written: No space left", done.stderr)

    def test_a_file_that_cannot_run_has_a_page_with_its_mistakes(self):
        page = self.page(BAD, code=2)
        self.assertRegex(page.text(), r"2 mistakes in the file.*in\.yaml:3:\d+: .*in\.yaml:4:\d+: ")

    def test_a_run_that_was_stopped_has_a_page_that_says_so(self):
        page = self.page(LONG, "--event-limit", "50000", code=6)
        self.assertIn("the limit of 50000 events was hit", page.text())
        self.assertIn("stopped by a limit", page.text())


@unittest.skipUnless(CHROMIUM, "chromium is not installed (Debian's package chromium)")
class Browser(PageTest):
    def chromium(self, *arguments):
        done = subprocess.run(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--allow-file-access-from-files", f"--user-data-dir={self.path / 'profile'}", *arguments],
            capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_nothing_is_wider_than_a_phone(self):
        for text, code in ((RUNS_OUT, 0), (FLEET, 0), (FAR, 0), (STEPS, 1)):
            self.page(text.replace("title: ", "title: " + "a" * 80), code=code)
            # The page in a frame, as no window of a browser is that narrow.
            frame = self.file("frame.html", """<!doctype html><iframe id=f src="out.html" width=360
              height=800 style="border:0"></iframe><script>
              f.onload = () => { const page = f.contentDocument;
                for (const d of page.querySelectorAll("details")) d.open = true;
                const wide = [...page.querySelectorAll("body *")].filter(e =>
                  !e.closest(".scroll") && e.getBoundingClientRect().right > 360.5);
                document.body.dataset.found = page.documentElement.scrollWidth + " " +
                  wide.map(e => e.outerHTML.slice(0, 80)).join(); };
              </script>""")
            dom = self.chromium("--dump-dom", f"file://{frame}")
            self.assertEqual(re.search(r'data-found="([^"]*)"', dom)[1], "360 ")

    def test_it_can_be_seen_light_and_dark(self):
        self.page(RUNS_OUT)
        pictures = []
        for scheme in ("0", "1"):
            out = self.path / f"{scheme}.png"
            self.chromium("--window-size=1000,1400", f"--screenshot={out}",
                          f"--blink-settings=preferredColorScheme={scheme}",
                          f"file://{self.path / 'out.html'}")
            pictures.append(out.read_bytes())
        self.assertNotEqual(*pictures)
        for picture in pictures:
            self.assertTrue(picture.startswith(b"\x89PNG"))
            self.assertGreater(len(picture), 30_000)  # a blank page has 6,000


if __name__ == "__main__":
    support.main()
