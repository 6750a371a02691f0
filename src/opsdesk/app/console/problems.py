"""What capabilities find wrong with a field, said to people in their language.

Capabilities say it in English, as a predicate: `has fewer than 12 characters`. Each kind is known here by its pattern;
one that is not is shown as it is.
"""

import re
from collections.abc import Callable, Sequence

from opsdesk.app.console.words import N_

Kind = tuple[re.Pattern[str], str]

KINDS: Sequence[Kind] = [
    (re.compile(pattern), text)
    for pattern, text in (
        (r"has fewer than (?P<limit>\d+) characters", N_("At least %(limit)s characters are needed.")),
        (r"has more than (?P<limit>\d+) characters.*", N_("At most %(limit)s characters are possible.")),
        (
            r"has to have (?P<least>\d+) to (?P<limit>\d+) characters",
            N_("%(least)s to %(limit)s characters are needed."),
        ),
        (
            r"has to have (?P<least>\d+) to (?P<limit>\d+) printable characters",
            N_("%(least)s to %(limit)s characters are needed, all of them printable."),
        ),
        (
            r"has to have (?P<least>\d+) to (?P<limit>\d+) of a-z, 0-9 and -, and not to begin with -",
            N_("%(least)s to %(limit)s of a-z, 0-9 and - are needed, and no - at the beginning."),
        ),
        (
            r"(?P<column>\w+) has to have (1|up) to (?P<limit>\d+) printable characters",
            N_("%(column)s has to have up to %(limit)s printable characters."),
        ),
        (r"aum_fen has to be a whole number of fen up to (?P<limit>\d+)", N_("aum_fen has to be whole fen.")),
        (r"has (?P<found>\d+) columns instead of (?P<limit>\d+)", N_("There are %(found)s columns, not %(limit)s.")),
        (r"(?P<lines>\d+) lines have the customer_id of another one", N_("%(lines)s customers are there twice.")),
        (r"(?P<day>\d{4}-\d\d-\d\d) has not come yet", N_("The day %(day)s has not come yet.")),
        (r"has to be (?P<columns>customer_id,.+)", N_("The columns have to be %(columns)s.")),
        (r"is not UTF-8", N_("This is no text in UTF-8.")),
        (r"has to be (?P<least>\d+) to (?P<limit>\d+)", N_("This has to be %(least)s to %(limit)s.")),
        (r"is the e-mail address", N_("This is the e-mail address.")),
        (r"is one character, repeated", N_("This is one character, repeated.")),
        (r"is no e-mail address", N_("This is no e-mail address.")),
        (r"holds characters that cannot be printed", N_("There are characters in it that cannot be printed.")),
        (r"there is no (role|scope) '(?P<name>.*)'; there are .*", N_("There is no %(name)s.")),
        (r"is none of the choices", N_("This is not one of the choices.")),
        (r"is none of (?P<options>.+)", N_("This has to be one of: %(options)s.")),
        (r"is no time zone that is known here", N_("This time zone is not known here.")),
        (r"is not in the future, or too far in it", N_("This is not in the future, or too far in it.")),
        (r"are more than (?P<limit>\d+)", N_("At most %(limit)s are possible.")),
        (
            r"each has (?P<least>\d+) to (?P<limit>\d+) printable .*",
            N_("Each has %(least)s to %(limit)s characters, and no space around it."),
        ),
        (r"needs at least one reason", N_("Choose at least one reason.")),
        (r"takes exactly one reason", N_("Choose exactly one reason.")),
        (r"only a rejection has reasons", N_("Only a rejection has reasons.")),
        (r"holds a reason twice", N_("A reason is chosen twice.")),
        (r"is no version of the type", N_("There is no such version of the screening type.")),
        (r"is required", N_("This has to be filled in.")),
        (r"is there twice", N_("This is there twice.")),
        (r"hold no key", N_("At least one key is needed.")),
        (r"hold no reason: nobody could reject", N_("At least one reason is needed, or nobody could reject.")),
        (r"is no reject code", N_("There is no such reject code.")),
        (
            r"is a code that is not active any more, or not for tickets",
            N_("This reject code is not active any more, or not for tickets: choose another one."),
        ),
        (
            r"is not a number from (?P<least>\d+) to (?P<limit>\d+)",
            N_("This has to be a number from %(least)s to %(limit)s."),
        ),
        (r"is not less than the time until it is due", N_("This has to be less than the time until it is due.")),
        (r"is more working time than there is", N_("There is not so much working time.")),
        (r"is not after the opening", N_("This has to be later than the beginning of work.")),
        (r"holds a day that is closed", N_("A day cannot be closed and a working day.")),
        (r"is no time such as 09:00", N_("This is no time such as 09:00.")),
        (r"is no list of weekdays from 1 to 7", N_("At least one weekday is needed.")),
        (r"is no list of dates such as .*", N_("These are no dates such as 2026-10-01.")),
        (r"needs a priority or a role", N_("Say what the ticket is escalated to: a priority or a role.")),
        (r"is neither Y nor N", N_("This has to be Y or N.")),
        (r"cannot be changed: it is (?P<name>.*)", N_("This cannot be changed: it is %(name)s.")),
        (r"is also a key of (?P<name>.*)", N_("There is a key of this name in another module too (%(name)s).")),
        (
            r"of several reasons the order here decides which code goes back",
            N_("Several reasons, a single code and no priority: the order of the table decides which code goes back."),
        ),
        (r"is the name of another screening type", N_("There is a screening type of this name already.")),
        (r"is adapted already", N_("This adapt exists already: it cannot be added.")),
        (r"is no text in UTF-8", N_("This is no text in UTF-8.")),
        (r"is no application", N_("There is no such application.")),
        (r"is no column here", N_("There is no such column here.")),
        (r"is no list of rows", N_("This is no list: CSV with a line of names first, or a JSON list of objects.")),
        (r"is no scene of the application", N_("This scene is not one of the application.")),
        (
            r"is no method with screening of this application and scene",
            N_("This method is not one with screening of this application and scene."),
        ),
        (
            r"is no field of this application and scene",
            N_("This pb field is not there (any more) in this application and scene."),
        ),
        (r"is no field of a verification", N_("This is no field of a verification.")),
        (
            r"comes from a verification that no chosen method does: it will be empty",
            N_("No chosen method does this verification: it will be empty."),
        ),
        (r"is no path of names with dots between them", N_("This is no path of names with dots between them.")),
        (
            r"has to be an address of at most (?P<limit>\d+) ASCII characters",
            N_("This has to be an address of at most %(limit)s characters, in ASCII and without spaces."),
        ),
        (r"cannot be read", N_("This cannot be read.")),
        (r"has to begin with https://", N_("This has to begin with https://.")),
        (
            r"has to begin with https://; http:// leads to .*",
            N_("This has to begin with https://; http:// leads to an address of this machine only, such as 127.0.0.1."),
        ),
        (
            r"holds a user, a password or a fragment",
            N_("There is a user, a password or a part behind # in it: leave it out."),
        ),
        (
            r"is RESULTS_ and then capital letters, digits and _",
            N_("This begins with RESULTS_, followed by capital letters, digits and _."),
        ),
        (r"is no mapping", N_("This has to be fields with values.")),
        (r"is no text", N_("This has to be text.")),
        (r"is no list", N_("This has to be a list.")),
        (r"is not known here", N_("This is not known here.")),
        (r"is not 1: this is no file of a screening type", N_("This is no file of a screening type.")),
        (r"is no key of this module", N_("There is no such key in this module.")),
        (r"is no YAML that is read here: (?P<why>.+)", N_("This is no YAML that can be read: %(why)s")),
        (r"is no YAML that is read here", N_("This is no YAML that can be read.")),
        (
            r"is of types that code makes: a file cannot add one",
            N_("Types of this category are made by code: a file cannot add one."),
        ),
        (r"has more than (?P<limit>\d+) bytes", N_("At most %(limit)s bytes are possible.")),
        (r"is disabled", N_("The account is disabled.")),
        (r"is set up already", N_("It is set up already.")),
        (r"is not set up", N_("It is not set up.")),
        (r"is not confirmed by this code", N_("This code is not right. Wait for the next one and try again.")),
        (r"is empty", N_("This is empty.")),
        (r"is before the year (?P<year>\d+)", N_("This is before the year %(year)s.")),
        (r"is not after the beginning", N_("The end has to be later than the beginning.")),
        (r"has not come yet: .*", N_("This has not come yet.")),
        (r"an answer is required", N_("An answer is needed.")),
        (r"has to be one of (?P<options>.*)", N_("This has to be one of: %(options)s.")),
        (
            r"there is no message '(?P<name>.*)'; there are (?P<options>.*)",
            N_("There is no message %(name)s in these files. There are: %(options)s."),
        ),
        (r"there is no file", N_("Choose a file, or paste its text.")),
        (r"is no (?P<format>JSON|CSV): (?P<why>.*)", N_("This is no %(format)s: %(why)s")),
        (r"has to be of type (?P<type>.*)", N_("This has to be of the type %(type)s.")),
        (r"a rejection needs one", N_("A rejection needs a reason code.")),
        (r"there are none for this decision", N_("There are no reason codes for this decision.")),
        (r"it is none of those that there are.*", N_("This reason code is for another decision.")),
        (r"does not fulfil maxLength: (?P<limit>\d+)", N_("At most %(limit)s characters are possible.")),
        (r"does not fulfil minLength: (?P<limit>\d+)", N_("At least %(limit)s characters are needed.")),
        (r"does not fulfil minimum: (?P<limit>.+)", N_("This has to be %(limit)s or more.")),
        (r"does not fulfil maximum: (?P<limit>.+)", N_("This has to be %(limit)s or less.")),
        (r"does not fulfil (?P<rule>.+)", N_("This does not fulfil the rule %(rule)s.")),
    )
]


def said(problem: str, translate: Callable[[str], str]) -> str:
    """One problem as a sentence."""
    for pattern, text in KINDS:
        if found := pattern.fullmatch(problem):
            return translate(text) % found.groupdict()
    return problem
