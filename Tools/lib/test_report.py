"""Counts what the tests reported and prints the result of Tools/test.

Swift Testing's event streams are read instead of its summaries: a crash leaves no summary, and
a filter that matches nothing ends with status 0. So a test counts as passed only when its end
was reported without an issue; one that began and did not end crashed; a target or a test that
reported nowhere is a failure of the run.
"""

import argparse
import json
import pathlib
import re
import sys

# So many tests of the guest may need their second try. More are no matter of a slow machine.
WAVERING_LIMIT = 2


class Stream:
    """What one run of a test bundle reported, by test identifier."""

    def __init__(self, path):
        self.known, self.skipped, self.started, self.ended = set(), set(), set(), set()
        self.failed = {}
        self.finished = False
        if path.exists():
            for line in path.read_text(errors="replace").splitlines():
                self.read(line)

    def read(self, line):
        try:
            record = json.loads(line)
        except ValueError:
            return  # The last line of a crashed run may be torn.
        payload = record.get("payload", {})
        if record.get("kind") == "test":
            if payload.get("kind") == "function":
                self.known.add(payload["id"])
        elif record.get("kind") == "event":
            self.event(payload)

    def event(self, payload):
        kind, test = payload.get("kind"), payload.get("testID")
        if kind == "runEnded":
            self.finished = True
        if test is None:
            return
        if kind == "testStarted":
            self.started.add(test)
        elif kind == "testSkipped":
            self.skipped.add(test)
        elif kind == "testEnded":
            self.ended.add(test)
        elif kind == "issueRecorded" and is_failure(payload):
            text = " ".join(m.get("text", "") for m in payload.get("messages", []))
            self.failed.setdefault(test, text)

    def ran(self):
        """Functions that began, whether or not they ended."""
        return (self.started & self.known) - self.skipped

    def crashed(self):
        return self.ran() - self.ended

    def bad(self):
        return (set(self.failed) & self.known) | self.crashed()

    def good(self):
        return self.ran() - self.bad()


def is_failure(payload):
    issue = payload.get("issue", {})
    if issue.get("isKnown"):
        return False
    return issue.get("isFailure", issue.get("_severity", "error") != "warning")


def target(test):
    return test.split(".", 1)[0]


def suite(test):
    return test.split(".", 1)[-1].split("/", 1)[0]


def is_kernel(test):
    return suite(test).startswith("Kernel")


def is_campaign(test):
    return "Campaign" in suite(test)


def targets_with_tests(directory):
    """Test targets whose sources declare at least one test."""
    pattern = re.compile(r"^\s*@Test\b", re.MULTILINE)
    return sorted(
        folder.name
        for folder in pathlib.Path(directory).iterdir()
        if any(pattern.search(f.read_text(errors="replace")) for f in folder.rglob("*.swift"))
    )


def complaints(arguments, host, guest):
    """Everything that is wrong beyond tests that failed."""
    for step in arguments.failed_steps:
        if not step.endswith(" tests"):
            yield f"the step failed: {step}"
    if arguments.host and not host.finished:
        yield "the host's test process did not end by itself"
    if len(arguments.wavering) > WAVERING_LIMIT:
        yield f"{len(arguments.wavering)} tests held at their second try only"
    if arguments.guest and not guest.finished:
        yield "the guest's test process did not end by itself"
    if arguments.filtered:
        if not host.ran() | guest.ran():
            yield "the filter matches no test"
        return
    if not (arguments.host or arguments.guest):
        return
    reported = {target(test) for test in host.ran() | guest.ran()}
    if arguments.host and arguments.guest:
        for name in targets_with_tests(arguments.targets):
            if name not in reported:
                yield f"{name} ran no test"
    for test in sorted(never_ran(arguments, host, guest)):
        yield f"ran nowhere: {test}"


def never_ran(arguments, host, guest):
    """Tests that no tier of this run was right to leave out."""
    for test in (host.known | guest.known) - host.ran() - guest.ran():
        if is_campaign(test) and not arguments.long:
            continue
        if arguments.guest if is_kernel(test) else arguments.host:
            yield test


def table(streams):
    rows = {}
    for stream in streams:
        for test in stream.ran():
            row = rows.setdefault(target(test), [0, 0])
            row[1 if test in stream.bad() else 0] += 1
    for name in sorted(rows):
        good, bad = rows[name]
        print(f"  {name:<24} {good:>5} passed" + (f" {bad:>4} FAILED" if bad else ""))


def failures(streams):
    for stream in streams:
        for test in sorted(stream.bad()):
            print(f"  failed: {test}: {stream.failed.get(test, 'the process ended in it')[:300]}")


def network_checks(logs, name="checks"):
    """(network, verdict, description, detail, time) of every check, from lines with tabs."""
    for path in sorted(logs.glob(f"{name}.*")):
        for line in path.read_text(errors="replace").splitlines():
            yield (path.name.split(".", 1)[1], *line.split("\t"))


def seconds(checks):
    return sum(int(check[4].split()[0]) for check in checks if len(check) > 4) // 1000


def network_table(checks):
    for network in sorted({check[0] for check in checks}):
        verdicts = [check[1] for check in checks if check[0] == network]
        bad = len(verdicts) - verdicts.count("ok")
        print(f"  {'network ' + network:<24} {verdicts.count('ok'):>5} held"
              + (f" {bad:>4} FAILED" if bad else "")
              + f"   {seconds(check for check in checks if check[0] == network):>5} s")
    for network, verdict, description, *detail in checks:
        if verdict != "ok":
            print(f"  failed: network {network}: {description}: {' '.join(detail)}")


def wavering_checks(logs, checks):
    """What failed at one try of a network and held at the other is worth a look, no failure: says it,
    and gives the checks with what held at either try as held."""
    first = list(network_checks(logs, "first-try"))
    held = {(check[0], check[2]) for check in checks if check[1] == "ok"}
    for network, verdict, description, *detail in first:
        if verdict != "ok" and (network, description) in held:
            print(f"  at the second try: network {network}: {description}: {' '.join(detail)}")
    held_first = {(check[0], check[2]) for check in first if check[1] == "ok"}
    result = []
    for check in checks:
        if check[1] != "ok" and (check[0], check[2]) in held_first:
            print(f"  at the first try: network {check[0]}: {check[2]}: {' '.join(check[3:])}")
            check = (check[0], "ok", *check[2:])
        result.append(check)
    return result


def main():
    parser = argparse.ArgumentParser()
    for flag in ("host", "guest", "long", "filtered"):
        parser.add_argument(f"--{flag}", action="store_true")
    parser.add_argument("--targets", required=True)
    parser.add_argument("logs", type=pathlib.Path)
    parser.add_argument("failed_steps", nargs="*")
    arguments = parser.parse_args()

    streams = [Stream(arguments.logs / f"{tier}.events") for tier in ("host", "guest")]
    first = Stream(arguments.logs / "first-try.events")
    arguments.wavering = sorted(first.bad() & streams[1].good())
    table(streams)
    failures(streams)
    for test in arguments.wavering:
        print(f"  at the second try: {test}: {first.failed.get(test, 'the process ended in it')[:300]}")
    checks = wavering_checks(arguments.logs, list(network_checks(arguments.logs)))
    network_table(checks)
    wrong = list(complaints(arguments, *streams))
    for text in wrong:
        print(f"  wrong: {text}")
    passed = sum(len(s.good()) for s in streams) + sum(c[1] == "ok" for c in checks)
    failed = sum(len(s.bad()) for s in streams) + sum(c[1] != "ok" for c in checks) + len(wrong)
    if arguments.failed_steps and not failed:
        failed = len(arguments.failed_steps)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or passed == 0 else 0)


main()
