"""Reading the command of a `cli` node, so that whatever a `${…}` holds is a piece of exactly one argument.

A command is split as a POSIX shell splits it, and its references are resolved after that. Where it uses more of the
shell than words and quotes, it is a script for `/bin/sh`: each reference becomes a variable of the shell, in quotes,
and the value arrives beside the script and is never a part of it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from opsdesk.flows.nodes.command_words import Word, code_problem, is_assignment, keeps_position, needs_shell
from opsdesk.flows.references import Namespace, Reference, ReferenceMalformed, as_text, parse

READ_MAX = 1024
"""Commands whose reading is kept."""

_ORDINARY = re.compile(r"[^\s'\"\\`$|&;<>()*?\[~#]+")
_QUOTED = re.compile(r"[^\"\\`$]+")
_SHELL_VARIABLE = re.compile(r"\$\$(\{(?:#?[A-Za-z_]\w*|[A-Za-z_]\w*(?::?[-+=?]|##?|%%?)[^'\"\\`${}]*)\})")
_PLAIN_VARIABLE = re.compile(r"\$(?:[A-Za-z_]\w*|[@*#?$!0-9-])")
_ARITHMETIC = re.compile(r"[\w\s+*/%<>=!&|^~?:,$-]")


@dataclass(eq=False)
class CommandUnreadable(Exception):
    """The command cannot be run safely, or at all."""

    problem: str

    def __str__(self) -> str:
        return self.problem


@dataclass(frozen=True, slots=True)
class Command:
    """A command that has been read: words for a program, or a script for the shell and the values it is given."""

    words: tuple[Word, ...]
    """The program and its arguments, each made of texts and references."""
    script: str | None = None
    """For `/bin/sh`; it finds the value of the n-th of `arguments` in `$n`."""
    arguments: tuple[Reference, ...] = ()


def command_problem(command: object) -> str | None:
    """Why the command cannot be run, in a sentence; None if it can. For lint."""
    try:
        read_command(command)
    except CommandUnreadable as error:
        return error.problem
    return None


def read_command(command: object) -> Command:
    """Read a string, or a list of arguments that no shell ever sees.

    Raises CommandUnreadable.
    """
    if isinstance(command, str):
        return _read_text(command)
    if isinstance(command, Sequence) and command and all(isinstance(word, str | int | float) for word in command):
        words = tuple(joined(_parsed(as_text(word))) for word in command)
        return _checked(Command(words), (words,))
    raise CommandUnreadable("the command is neither a text nor a list of arguments")


@lru_cache(maxsize=READ_MAX)
def _read_text(command: str) -> Command:
    reader = _Reader(command)
    reader.read()
    commands = tuple(tuple(words) for words in reader.commands)
    if not commands:
        raise CommandUnreadable("the command is empty")
    words = commands[0]
    if not reader.shell and len(commands) == 1:
        return _checked(Command(words), commands)
    script, arguments = _script(reader.script)
    return _checked(Command(words, script, arguments), commands)


def _checked(command: Command, commands: tuple[tuple[Word, ...], ...]) -> Command:
    for words in commands:
        if (problem := code_problem(words)) is not None:
            raise CommandUnreadable(problem)
    return command


def _script(pieces: Sequence[str | Reference]) -> tuple[str, tuple[Reference, ...]]:
    """The values are moved to variables first, because functions and `set` have positions of their own."""
    arguments = [piece for piece in pieces if isinstance(piece, Reference)]
    numbers = iter(range(1, len(arguments) + 1))
    text = "".join(piece if isinstance(piece, str) else f"${{opsdesk_{next(numbers)}}}" for piece in pieces)
    if not arguments:
        return text, ()
    moved = " ".join(f"opsdesk_{number}=${{{number}}}" for number in range(1, len(arguments) + 1))
    return f"{moved}; shift {len(arguments)}\n{text}", tuple(arguments)


def _parsed(template: str) -> list[str | Reference]:
    try:
        parts = parse(template)
    except ReferenceMalformed as error:
        raise CommandUnreadable(f"{error}: {error.hint}" if error.hint else str(error)) from None
    for part in parts:
        if isinstance(part, Reference) and part.namespace is Namespace.SECRETS:
            raise CommandUnreadable(
                f"${{{part.text}}} on a command line is visible to everybody on the machine; use security.credentials"
            )
    return parts


class _Reader:
    """Walks through a command once, and keeps both what a shell would split it into and the script that it is."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.shell = False
        self.script: list[str | Reference] = []
        self.commands: list[list[Word]] = []
        self._words: list[Word] = []
        self._word: list[str | Reference] | None = None
        self._first = True
        """The next word names a program."""
        self._depth = 0

    def read(self) -> None:
        self._bare()
        self._end_word()

    def _bare(self, *, closing: bool = False) -> None:
        """Outside of quotes, up to the end or to the `)` that closes."""
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == ")" and closing:
                self._end_word()
                self._keep(")")
                return
            match char:
                case "'":
                    self._single()
                case '"':
                    self._double()
                case "\\":
                    self._escape("")
                case "$":
                    self._dollar(quoted=False)
                case " " | "\t":
                    self._end_word()
                    self._keep(char)
                case "#" if self._word is None:
                    self.at = self._find("\n", len(self.text))
                case "*" | "?" | "[" | "~":
                    self.shell = self.shell or char != "~" or self._word is None
                    self._add(char)
                case "`" | "\n" | "|" | "&" | ";" | "<" | ">" | "(" | ")":
                    self._operator(char)
                case _:
                    found = _ORDINARY.match(self.text, self.at)
                    self._add(found[0] if found else char)
        if closing:
            raise CommandUnreadable("a ( is not closed")

    def _operator(self, char: str) -> None:
        if char == "`":
            raise CommandUnreadable("backticks are not followed; write $( )")
        if self.text.startswith("<<", self.at):
            raise CommandUnreadable("here-documents (<<) are not followed; give the text as an argument or a file")
        self._end_word()
        self._keep(char)
        if char in "<>":
            self.shell = True
            return
        self.shell = self.shell or char != "\n"
        self._next_command()
        if char == "(":
            self._inside()

    def _inside(self) -> None:
        """A command within the command: its words are its own."""
        outer = self._word, self._words, self._first
        self._word, self._depth = None, self._depth + 1
        self._next_command()
        self._bare(closing=True)
        self._word, self._words, self._first = outer
        self._depth -= 1

    def _single(self) -> None:
        end = self._find("'", -1, after=1)
        if end < 0:
            raise CommandUnreadable("a ' is not closed")
        self._word = self._word or []
        self.script.append("'")
        for part in _parsed(self.text[self.at + 1 : end]):
            self._word.append(part)
            self.script.extend([part] if isinstance(part, str) else ["'\"", part, "\"'"])
        self.script.append("'")
        self.at = end + 1

    def _double(self) -> None:
        self._word = self._word or []
        self._keep('"')
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == '"':
                self._keep('"')
                return
            if char == "\\":
                self._escape('$`"\\')
            elif char == "$":
                self._dollar(quoted=True)
            elif char == "`":
                self._operator(char)
            else:
                found = _QUOTED.match(self.text, self.at)
                self._add(found[0] if found else char)
        raise CommandUnreadable('a " is not closed')

    def _escape(self, only: str) -> None:
        """A backslash: outside of quotes it takes the meaning of any character, inside only of those of `only`."""
        following = self.text[self.at + 1 : self.at + 2]
        if not following:
            raise CommandUnreadable("the command ends with a backslash")
        if following == "\n":
            self.at += 2
        elif only and following not in only:
            self._add("\\")
        else:
            self._add(f"\\{following}", following)

    def _dollar(self, *, quoted: bool) -> None:
        text, at = self.text, self.at
        if text.startswith("$${", at):
            self._shell_variable()
        elif text.startswith("${", at):
            self._reference(quoted=quoted)
        elif text.startswith("$((", at):
            self._arithmetic()
        elif text.startswith("$(", at):
            self.shell = True
            self._add("$(")
            self._inside()
        elif found := _PLAIN_VARIABLE.match(text, at):
            self.shell = True
            self._add(found[0])
        elif not quoted and text.startswith(("$'", '$"'), at):
            raise CommandUnreadable("$' and $\" mean different things to different shells")
        else:
            self._add("$")

    def _shell_variable(self) -> None:
        found = _SHELL_VARIABLE.match(self.text, self.at)
        if found is None:
            raise CommandUnreadable("$${ does not begin a variable of the shell that Opsdesk can follow")
        self.shell = True
        self._add(f"${found[1]}", taken=len(found[0]))

    def _reference(self, *, quoted: bool) -> None:
        end = self._find("}", len(self.text) - 1)
        parts = _parsed(self.text[self.at : end + 1])
        self._word = [*(self._word or []), *parts]
        self.script.extend(parts if quoted else ['"', *parts, '"'])
        self.at = end + 1

    def _arithmetic(self) -> None:
        end, depth = self.at + 3, 2
        while depth and end < len(self.text):
            char = self.text[end]
            depth += (char == "(") - (char == ")")
            if char not in "()" and not _ARITHMETIC.match(char):
                raise CommandUnreadable("$(( )) holds more than numbers and plain variables, which is not followed")
            end += 1
        if depth:
            raise CommandUnreadable("a ( is not closed")
        self.shell = True
        self._add(self.text[self.at : end])

    def _add(self, text: str, meaning: str | None = None, *, taken: int | None = None) -> None:
        """Characters of the current word: as they stand in the script, and what they mean in an argument."""
        self._word = [*(self._word or []), text if meaning is None else meaning]
        self.script.append(text)
        self.at += len(text) if taken is None else taken

    def _keep(self, text: str) -> None:
        self.script.append(text)
        self.at += len(text)

    def _find(self, text: str, otherwise: int, *, after: int = 0) -> int:
        found = self.text.find(text, self.at + after)
        return otherwise if found < 0 else found

    def _end_word(self) -> None:
        if self._word is None:
            return
        word = joined(self._word)
        self._word = None
        if self._first:
            self._first_word(word)
        if not self._words:
            self.commands.append(self._words)
        self._words.append(word)

    def _first_word(self, word: Word) -> None:
        self.shell = self.shell or needs_shell(word) or is_assignment(word)
        if word == ("case",) and self._depth:
            raise CommandUnreadable("case inside of ( ) is not followed")
        self._first = is_assignment(word) or keeps_position(word)

    def _next_command(self) -> None:
        self._first = True
        self._words = []


def joined(parts: Sequence[str | Reference]) -> Word:
    """Neighbouring texts made one."""
    word: list[str | Reference] = []
    for part in parts:
        if isinstance(part, str) and word and isinstance(word[-1], str):
            word[-1] += part
        else:
            word.append(part)
    return tuple(word) or ("",)
