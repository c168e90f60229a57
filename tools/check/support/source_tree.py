"""What the source checks share: reading C++ files without comments and strings, findings, self-tests."""

import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
SUFFIXES = {".h", ".hpp", ".cpp", ".cc"}

# A string may hold '//' and a comment may hold '"': one expression that takes whichever is first.
_COMMENT_OR_LITERAL = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | R"(?P<delimiter>[^(\s]*)\(.*?\)(?P=delimiter)"
        | "(?:\\.|[^"\\\n])*" | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'""",
    re.DOTALL | re.VERBOSE,
)


def files(root, *folders):
    """Every C++ file in these folders of `root`, sorted, as paths relative to it."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SUFFIXES and path.is_file():
                yield path.relative_to(root)


def code_of(text):
    """The text with comments and literals blanked, line numbers kept."""

    def blank(match):
        body = match.group(0)
        newlines = "\n" * body.count("\n")
        return newlines if body.startswith("/") else '""' + newlines

    return _COMMENT_OR_LITERAL.sub(blank, text)


def without_comments(text):
    """As code_of, but keeps string literals: names of includes are some."""

    def blank(match):
        body = match.group(0)
        return "\n" * body.count("\n") if body.startswith("/") else body

    return _COMMENT_OR_LITERAL.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def main(check, self_test):
    """`check(root)` gives findings as 'file:line: message'; the exit code says whether there are any."""
    if "--self-test" in sys.argv[1:]:
        self_test()
        print("self-test passed")
        return 0
    findings = check(ROOT)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} finding(s)")
    return 1 if findings else 0


def check_planted(check, path, text, extra=None):
    """The findings of `check` on a tree that holds one file (and `extra`: path -> text)."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, body in {path: text, **(extra or {})}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(body, encoding="utf-8")
        return check(root)
