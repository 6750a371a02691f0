"""What single words of a command mean to a shell, and where a value would become code instead of an argument."""

import re
from collections.abc import Sequence

from opsdesk.flows.references import Reference

Word = tuple[str | Reference, ...]
"""One argument: texts and references side by side."""

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=", re.ASCII)
_BEFORE_A_COMMAND = frozenset({"if", "then", "elif", "else", "while", "until", "do", "!", "{"})
_SHELL_WORDS = _BEFORE_A_COMMAND | {
    "fi", "done", "for", "case", "esac", "}", ".", ":", "alias", "bg", "break", "cd", "command", "continue", "eval",
    "exec", "exit", "export", "fg", "getopts", "hash", "jobs", "local", "read", "readonly", "return", "set", "shift",
    "times", "trap", "type", "ulimit", "umask", "unalias", "unset", "wait",
}  # fmt: skip
_READS_ITS_WORDS_AGAIN = frozenset({"eval", "trap", "alias"})
_SHORT_CODE_FLAGS = {
    **dict.fromkeys(("sh", "bash", "dash", "ash", "ksh", "zsh", "fish", "su"), "c"),
    **dict.fromkeys(("python", "python2", "python3", "pypy3"), "c"),
    **dict.fromkeys(("perl", "ruby"), "eE"),
    **dict.fromkeys(("node", "nodejs", "bun"), "ep"),
    "php": "r",
}
_TAKES_A_VALUE = frozenset({"-o", "+o", "-O", "+O", "-W", "-X", "-r", "-I", "--require", "--rcfile", "--init-file"})
_LONG_CODE_FLAGS = ("--eval", "--print", "--command")


def needs_shell(word: Word) -> bool:
    return len(word) == 1 and word[0] in _SHELL_WORDS


def keeps_position(word: Word) -> bool:
    """The word after this one names a program again."""
    return len(word) == 1 and word[0] in _BEFORE_A_COMMAND


def is_assignment(word: Word) -> bool:
    return isinstance(word[0], str) and _ASSIGNMENT.match(word[0]) is not None


def code_problem(words: Sequence[Word]) -> str | None:
    """Where in one simple command a value would choose what is run; None if it is an argument everywhere."""
    program = next((word for word in words if not is_assignment(word) and not keeps_position(word)), None)
    if program is not None and _references(program):
        return f"{_named(_references(program)[0])} may not choose the program"
    for index, word in enumerate(words):
        if len(word) != 1 or not isinstance(word[0], str):
            continue
        for reference in _as_code(word[0].rpartition("/")[2], words[index + 1 :]):
            return (
                f"{_named(reference)} would become code of {word[0]}; give it as an argument of its own after the code"
            )
    return None


def _as_code(program: str, words: Sequence[Word]) -> list[Reference]:
    """The references that a program would read as code."""
    if program in _READS_ITS_WORDS_AGAIN:
        return [reference for word in words for reference in _references(word)]
    flags = _SHORT_CODE_FLAGS.get(program)
    if flags is None:
        return []
    found = []
    previous = ""
    for index, word in enumerate(words):
        flag = word[0] if isinstance(word[0], str) else ""
        if not flag.startswith(("-", "+")) and previous not in _TAKES_A_VALUE and program != "su":
            break  # the script; what follows are its own arguments
        if flag.startswith(_LONG_CODE_FLAGS) or re.match(rf"-[A-Za-z]*[{flags}]", flag):
            found += [reference for part in words[index : index + 2] for reference in _references(part)]
        previous = flag
    return found


def _references(word: Word) -> list[Reference]:
    return [part for part in word if isinstance(part, Reference)]


def _named(reference: Reference) -> str:
    return f"${{{reference.text}}}"
