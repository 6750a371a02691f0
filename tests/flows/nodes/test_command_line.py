"""Which commands are read as words, which as scripts, and which are refused."""

import pytest

from opsdesk.flows.nodes.command_line import CommandUnreadable, command_problem, read_command

WORDS = [
    ("a b  c", ["a", "b", "c"]),
    ("  a\t'b  c' ", ["a", "b  c"]),
    ("a \\\n  b \\\n", ["a", "b"]),
    ("a\n\n", ["a"]),
    ("\n# what it does\na b # why\n", ["a", "b"]),
    ('a "b \\" \\\\ \\$ \\x" \'c \\ $d\'', ["a", 'b " \\ $ \\x', "c \\ $d"]),
    ("a '' \"\" b''c", ["a", "", "", "bc"]),
    ("a b\\ c \\; \\| \\${x}", ["a", "b c", ";", "|", "${x}"]),
    ("awk '{print $1}' '$${x}'", ["awk", "{print $1}", "${x}"]),
    ("a b#c 5$ --x={y} @ % + =", ["a", "b#c", "5$", "--x={y}", "@", "%", "+", "="]),
    ('a "line\nbreak" 客户', ["a", "line\nbreak", "客户"]),
]
SCRIPTS = [
    "a | b", "a && b", "a || b", "a; b", "a &", "a\nb", "a > b", "a < b", "a 2>&1", "(a)", "a $(b)", 'a "$(b)"',
    "a $HOME", 'a "$1"', "a $?", "a *.py", "a b?", "a [ab]", "a ~", "A=1 b", "cd a", "if a; then b; fi", "! a",
    "a $${HOME}", 'a "$${X:-y z}"', "a $((1 + 2 * (3)))", "exit 3", "f() { a; }",
]  # fmt: skip
REFUSED = [
    ("", "the command is empty"),
    (" \n # nothing\n", "the command is empty"),
    (None, "the command is neither a text nor a list of arguments"),
    ([], "the command is neither a text nor a list of arguments"),
    ([["a"]], "the command is neither a text nor a list of arguments"),
    ("a 'b", "a ' is not closed"),
    ('a "b', 'a " is not closed'),
    ("a $(b", "a ( is not closed"),
    ("a $((1", "a ( is not closed"),
    ("a \\", "the command ends with a backslash"),
    ("a `b`", "backticks are not followed; write $( )"),
    ('a "`b ${v}`"', "backticks are not followed; write $( )"),
    ("a << END\n${v}\nEND", "here-documents (<<) are not followed; give the text as an argument or a file"),
    ("a $'b'", "$' and $\" mean different things to different shells"),
    ("$(case ${v} in a) b;; esac)", "case inside of ( ) is not followed"),
    ("a $((${v} + 1))", "$(( )) holds more than numbers and plain variables, which is not followed"),
    ("a ${HOME:-x}", "${HOME:-x} is not a reference: write $${ for the characters ${, such as a variable of the shell"),
    ("a $${X:-${v}}", "$${ does not begin a variable of the shell that Opsdesk can follow"),
    (
        "a ${secrets.KEY}",
        "${secrets.KEY} on a command line is visible to everybody on the machine; use security.credentials",
    ),
    (
        ["a", "'${secrets.KEY}'"],
        "${secrets.KEY} on a command line is visible to everybody on the machine; use security.credentials",
    ),
    ("${v} a", "${v} may not choose the program"),
    (["./${v}", "a"], "${v} may not choose the program"),
    ("a && ${v}", "${v} may not choose the program"),
    ("if ${v}; then a; fi", "${v} may not choose the program"),
    ("X=1 ${v}", "${v} may not choose the program"),
]
CODE = [
    "sh -c 'echo ${v}'",
    'bash -ec "echo ${v}"',
    "bash -o pipefail -c 'a ${v}'",
    "env X=1 /bin/sh -c ${v}",
    "a | sh -c 'b ${v}'",
    'sh -c "$(a) ${v}"',
    "python -c 'print(\"${v}\")'",
    "python3 -c'print(${v})'",
    "node -e '${v}'",
    "node --eval=${v}",
    "perl -pe 's/a/${v}/'",
    "su app -c 'a ${v}'",
    "eval a ${v}",
    "a; eval 'b ${v}'",
    "trap 'a ${v}' EXIT",
]
ARGUMENTS = [
    "sh -c 'echo \"$1\"' sh ${v}",
    "sh script.sh -c ${v}",
    "python provision.py -c ${v} -e ${v}",
    "python -m tool --code ${v}",
    "grep -e ${v} file",
]


@pytest.mark.req("FLO-007")
@pytest.mark.parametrize(("text", "words"), WORDS)
def test_a_command_without_shell_syntax_is_split_into_words(text: str, words: list[str]) -> None:
    command = read_command(text)
    assert command.script is None
    assert ["".join(map(str, word)) for word in command.words] == words


@pytest.mark.parametrize("text", SCRIPTS)
def test_a_command_with_shell_syntax_is_a_script_as_written(text: str) -> None:
    assert read_command(text).script == text.replace("$${", "${")


@pytest.mark.req("FLO-007")
def test_a_script_finds_its_values_in_variables_in_quotes() -> None:
    command = read_command("a ${v} \"b ${w}\" 'c ${v}' | d --x=${inputs.y}")
    assert command.script == (
        "opsdesk_1=${1} opsdesk_2=${2} opsdesk_3=${3} opsdesk_4=${4}; shift 4\n"
        'a "${opsdesk_1}" "b ${opsdesk_2}" \'c \'"${opsdesk_3}"\'\' | d --x="${opsdesk_4}"'
    )
    assert [reference.text for reference in command.arguments] == ["v", "w", "v", "inputs.y"]


@pytest.mark.parametrize(("text", "problem"), REFUSED)
def test_what_cannot_be_run_safely_is_refused_by_name(text: object, problem: str) -> None:
    assert command_problem(text) == problem
    with pytest.raises(CommandUnreadable):
        read_command(text)


@pytest.mark.req("FLO-007")
@pytest.mark.parametrize("text", CODE)
def test_a_value_that_would_become_code_is_refused(text: str) -> None:
    problem = command_problem(text)
    assert problem is not None
    assert problem.startswith("${v} would become code of ")


@pytest.mark.parametrize("text", ARGUMENTS)
def test_a_value_beside_the_code_is_an_argument(text: str) -> None:
    assert command_problem(text) is None
