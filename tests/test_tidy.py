"""The rules of style that a machine can hold. Each test lists every place that breaks its rule."""

import ast
import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from script.reference import error_classes

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "opsdesk"
CAPABILITIES = sorted(path.parent.name for path in SOURCE.glob("*/__init__.py") if path.parent.name != "kit")
FOLDERS = ["src", "tests", "bench", "script", "docs", "migrations", "procedures", "deploy", ".ci", "partner-sdk"]

CODE = ("src", "partner-sdk/src")
TESTS = ("tests", "partner-sdk/tests")

NOT_READ = {"uv.lock", ".git", Path(__file__).name}
NOT_OURS = {"__pycache__", "vendor"}

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
PUBLIC_NAMES_MAX = 20
TEST_NAME_WORDS_MIN = 4

SQL = re.compile(
    r"^\s*(select\s.+\sfrom\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|(create|alter|drop)\s+(table|index)\s"
    r"|with\s+\w+\s+as\s*\(|lock\s+table\s|truncate\s)",
    re.IGNORECASE | re.DOTALL,
)
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
WORKPLACE = re.compile(r"/work/|/root/|/home/\w|\bissue #?\d+\b|\b(claude|copilot|chatgpt)\b", re.IGNORECASE)
SILENCED = re.compile(r"#\s*(?:type:\s*ignore|noqa)(?:\[[\w, -]+\]|:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?(?P<reason>.*)")
REPLACING_OUR_OWN = {f"monkeypatch.{verb}" for verb in ("setattr", "delattr", "setitem", "delitem")}


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def text_files() -> Iterator[tuple[Path, str]]:
    inside = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))
    for path in sorted({*inside, *ROOT.glob("*.*"), ROOT / "Makefile"}):
        if path.is_file() and not NOT_OURS & {*path.parts} and path.suffix != ".png" and path.name not in NOT_READ:
            yield path, path.read_text(encoding="utf-8")


def lines_matching(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path, text in text_files()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def nodes(*folders: str) -> Iterator[tuple[Path, ast.AST]]:
    for path in python_files(*folders):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield path, node


def functions(*folders: str) -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path, node in nodes(*folders):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield path, node


def place(path: Path, node: ast.stmt | ast.expr) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno}"


def test_no_file_is_too_long() -> None:
    lengths = {path: path.read_bytes().count(b"\n") for path in python_files(*CODE, *TESTS, "bench")}
    assert [f"{path.relative_to(ROOT)}: {length}" for path, length in lengths.items() if length > FILE_LINES_MAX] == []


def test_no_function_is_too_long() -> None:
    lengths = [
        (path, node, (node.end_lineno or 0) - node.lineno + 1) for path, node in functions(*CODE, *TESTS, "bench")
    ]
    too_long = [item for item in lengths if item[2] > FUNCTION_LINES_MAX]
    assert [f"{place(path, node)}: {node.name} has {length} lines" for path, node, length in too_long] == []


def test_no_file_is_named_for_nothing() -> None:
    names = {"helpers.py", "utils.py", "util.py", "common.py", "misc.py", "models.py", "services.py"}
    assert [str(path.relative_to(ROOT)) for path in python_files(*CODE, *TESTS) if path.name in names] == []


def test_no_sql_is_written_in_python() -> None:
    strings = [(path, node) for path, node in nodes(*CODE) if isinstance(node, ast.Constant)]
    texts = [(path, node, node.value) for path, node in strings if isinstance(node.value, str | bytes)]
    found = [
        place(path, node)
        for path, node, value in texts
        if SQL.search(value if isinstance(value, str) else value.decode(errors="replace"))
    ]
    assert found == []


def test_only_the_kit_ends_a_transaction() -> None:
    calls = [
        (path, node.func)
        for path, node in nodes("src")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and SOURCE / "kit" not in path.parents
    ]
    assert [place(path, call) for path, call in calls if call.attr in {"commit", "rollback", "set_autocommit"}] == []


def test_every_error_says_what_is_wrong() -> None:
    sentence = re.compile(r"[A-Z].+[.;]$")
    own_words = {error: str(vars(error).get("__doc__") or "").strip().partition("\n")[0] for error in error_classes()}
    assert [
        f"{error.__module__}.{error.__name__}" for error, line in own_words.items() if not sentence.match(line)
    ] == []


def test_every_error_can_be_put_in_a_set() -> None:
    assert [error.__name__ for error in error_classes() if error.__hash__ is None] == []


def test_other_capabilities_are_imported_as_packages() -> None:
    found = []
    for path, node in nodes("src"):
        # What stands beside the capabilities, such as `python -m opsdesk`, is a way into the application.
        owner = path.relative_to(SOURCE).parts[0] if path.parent != SOURCE else "app"
        for module in imported_modules(node):
            parts = module.split(".")
            foreign = parts[0] == "opsdesk" and len(parts) > 2 and parts[1] in CAPABILITIES and parts[1] != owner
            if foreign and isinstance(node, ast.stmt):
                found.append(f"{place(path, node)}: {module}")
    assert found == []


def imported_modules(node: ast.AST) -> list[str]:
    """The modules that a statement imports, those included that it spells as names of their package."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom) or node.module is None:
        return []
    names = [f"{node.module}.{alias.name}" for alias in node.names]
    modules = [name for name in names if (ROOT / "src" / (name.replace(".", "/") + ".py")).exists()]
    return modules or [node.module]


def test_a_capability_offers_few_names() -> None:
    offered = {name: getattr(import_module(f"opsdesk.{name}"), "__all__", []) for name in CAPABILITIES}
    assert {name: len(names) for name, names in offered.items() if len(names) > PUBLIC_NAMES_MAX} == {}


def test_the_name_of_a_test_is_a_sentence() -> None:
    tests = [(path, node) for path, node in functions(*TESTS) if node.name.startswith("test_")]
    short = [(path, node) for path, node in tests if len(node.name.split("_")) - 1 < TEST_NAME_WORDS_MIN]
    assert [f"{place(path, node)}: {node.name}" for path, node in short] == []


def test_nothing_of_our_own_is_mocked() -> None:
    """What is outside, such as an environment variable, may be set for a test."""
    imports = [(path, node) for path, node in nodes(*TESTS) if "mock" in " ".join(imported_modules(node))]
    found = [place(path, node) for path, node in imports if isinstance(node, ast.stmt)]
    calls = [(path, node.func) for path, node in nodes(*TESTS) if isinstance(node, ast.Call)]
    found += [place(path, call) for path, call in calls if ast.unparse(call) in REPLACING_OUR_OWN]
    assert found == []


def test_every_silenced_warning_has_its_reason() -> None:
    silenced = [line for line in lines_matching(SILENCED) if ".py:" in line]
    assert [line for line in silenced if not re.search(r"\w{3}", SILENCED.search(line)["reason"])] == []  # type: ignore[index] # it matched above


def test_nothing_is_left_to_be_done_later() -> None:
    assert lines_matching(UNFINISHED) == []


def test_the_text_knows_nothing_of_where_it_was_written() -> None:
    assert lines_matching(WORKPLACE) == []


def test_every_requirement_is_named_by_its_id() -> None:
    ids = [
        (path, argument)
        for path, node in nodes(*TESTS)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.req"
        for argument in node.args
    ]
    wrong = [
        (path, argument)
        for path, argument in ids
        if not re.fullmatch(r"'(FLO|REV|PTS|SUP)-\w+'", ast.unparse(argument))
    ]
    assert [f"{place(path, argument)}: {ast.unparse(argument)}" for path, argument in wrong] == []


def test_the_lockfiles_name_only_the_public_registries() -> None:
    assert hosts_in("uv.lock") == {"https://pypi.org", "https://files.pythonhosted.org"}
    assert hosts_in("package-lock.json") == {"https://registry.npmjs.org"}


def test_what_comes_from_npm_is_named_by_its_exact_version() -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    named = {**package["dependencies"], **package["devDependencies"]}
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in named} == named
    assert [name for name, facts in locked.items() if name and not facts["integrity"].startswith("sha512-")] == []


def hosts_in(lockfile: str) -> set[str]:
    return set(re.findall(r'"(\w+://[^/"]*)', (ROOT / lockfile).read_text(encoding="utf-8")))
