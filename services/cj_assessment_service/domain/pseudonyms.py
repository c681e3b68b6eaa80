"""Names and numbers that identify a pupil, replaced before a text leaves for a remote model.

A heuristic in both languages, not a proof: what it cannot find is said in the documentation.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

_LETTERS = r"[^\W\d_]+(?:['’-][^\W\d_]+)*"
_WORD = re.compile(_LETTERS)
_NAME = re.compile(r"[^\W\d_]+(?:['’:][sS]\b)?")
_EDGE_LINES = 6
"""Lines at the head and at the foot of a text in which a signature is looked for."""
_LONGEST_NAME = 4
_LABELS = """
    a an and the of for on in to not inte en ett och att den det om för på av i till med
    essay essays text texts story paper draft final version copy kopia uppsats uppsatser utkast
    slutlig inlämning inlamning uppgift assignment task homework läxa laxa exam test prov nationella
    national np writing skrivning skriva english engelska swedish svenska sv eng en swe class klass
    grupp group åk ak grade årskurs year term termin ht vt pupil student elev anchor ankare namnlös
    unnamed untitled document dokument doc docx pdf txt odt md scan page sida new ny my min argument
    argumenterande tal debatt novel novell berättelse report rapport
    january february march april june july august september october november december
    januari februari mars maj juni juli augusti oktober
"""
_NO_NAMES = frozenset(_LABELS.split())
"""Words of file names that are no names."""
_LINE_WITH_NAME = re.compile(
    r"^\W*(?:full\s+name|(?:first|last|student|pupil)(?:['’]?s)?\s+name|name|student|pupil|author"
    r"|writer|elevens\s+namn|för-?\s*och\s+efternamn|namn|förnamn|efternamn|elev|författare"
    r"|skribent)\s*[:=\-–]\s*(?P<name>\S.*)$",
    re.IGNORECASE,
)
_SIGNED = re.compile(
    r"^\W*(?:(?:written|essay|a\s+text)\s+by|by|skriven\s+av|skrivet\s+av|av"
    r"|(?:kind|best)\s+regards|regards|sincerely|yours(?:\s+\w+)?|mvh|hälsningar"
    r"|(?:vänliga|med\s+vänliga)\s+hälsningar)\b\s*[:,]?\s*(?P<name>\S.*)$",
    re.IGNORECASE,
)
_INTRODUCED = re.compile(
    rf"\b(?:my\s+(?:full\s+)?name\s+is|my\s+name['’]s|i\s+am\s+called|jag\s+heter|mitt\s+namn\s+är)"
    rf"\s+(?P<name>{_LETTERS}(?:[ ]+{_LETTERS}){{0,2}})",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"^(?P<label>\W*(?:school|class|skola|klass|teacher|lärare)\s*[:=]\s*)(?P<value>\S.*)$",
    re.IGNORECASE,
)
_E_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_IDENTITY_NUMBER = re.compile(
    r"""(?<![\w-])(?:
        (?:19|20)?\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]|[6-9]\d)[-+ ]?[\dTtXx]\d{3}  # Sweden
      | \d{3}-\d{2}-\d{4}                                                            # United States
      | [A-CEGHJ-PR-TW-Z]{2}[ ]?\d{2}[ ]?\d{2}[ ]?\d{2}[ ]?[A-D]                   # United Kingdom
    )(?![\w-])""",
    re.VERBOSE,
)
_PHONE = re.compile(
    r"""(?<![\w.,+-])(?<!\d[ ])(?:
        (?:\+|00)\d{1,3}(?:[ ()/-]{0,2}\d){6,12}
      | 0\d{1,3}[ ]?[-/ ][ ]?\d(?:[ -]?\d){4,8}
      | 07\d{8}
      | \(\d{3}\)[ ]?\d{3}[ -]?\d{4}
      | \d{3}-\d{3}-\d{4}
    )(?![\w-])""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Person:
    """Somebody's names, as words."""

    words: tuple[str, ...]


def people_of_files(file_names: Sequence[str]) -> list[Person]:
    """Who the files of a class are called after: `anna_svensson.txt` is Anna Svensson.

    A word that several files share, such as the task's title, is a name only beside words that no
    other file has, and no label such as `essay` is one.
    """
    words_of = [_words_of_file(name) for name in file_names]
    shared = {
        word
        for word in {word for words in words_of for word in words}
        if sum(word in words for words in words_of) > max(2, len(words_of) // 4)
    }
    people = []
    for words in words_of:
        own = tuple(word for word in words if word not in shared)
        if 1 <= len(own) <= _LONGEST_NAME:
            people.append(Person(own))
    return list(dict.fromkeys(people))


def people_of_text(text: str) -> list[Person]:
    """Who a text says it is by, at its head, at its foot, or in "my name is"."""
    return list(dict.fromkeys(_signatures(text).values()))


def pseudonymise(text: str, people: Iterable[Person]) -> str:
    """Put a placeholder for each person and each number by which somebody could be found.

    The same person is the same placeholder throughout the text, numbered by first appearance. A
    name is known by its capital letter; written small it is known beside the person's other names
    and after "my name is".
    """
    text = _E_MAIL.sub("[e-mail]", text)
    text = _PHONE.sub("[phone number]", text)
    text = _IDENTITY_NUMBER.sub("[identity number]", text)
    text = "\n".join(_without_place(line) for line in text.split("\n"))
    signatures = _signatures(text)
    return _without_people(text, [*signatures.values(), *people], signatures)


def _signatures(text: str) -> dict[int, Person]:
    """Who the text says it is by, by the place in the text where it says so."""
    named = [
        (match.start("name"), _capitalised(match["name"].split()))
        for match in _INTRODUCED.finditer(text)
    ]
    for start, line in _edges(text):
        labelled = _LINE_WITH_NAME.match(line)
        signed = labelled or _SIGNED.match(line)
        words = _WORD.findall(signed["name"]) if signed else []
        whole = len(words) <= _LONGEST_NAME and len(_capitalised(words)) == len(words)
        if signed and (labelled or whole):
            named.append((start + signed.start("name"), words[:_LONGEST_NAME]))
    people = ((start, _person(words)) for start, words in named)
    return {start: person for start, person in people if person is not None}


def _without_place(line: str) -> str:
    match = _PLACE.match(line)
    return f"{match['label']}[place]" if match else line


def _without_people(text: str, people: Iterable[Person], certain: Collection[int]) -> str:
    owner: dict[str, Person] = {}
    for person in people:
        for word in person.words:
            owner.setdefault(word, person)
    numbers: dict[Person, int] = {}
    pieces, end = [], 0
    for run in _runs_of_names(text, owner):
        start, first = run[0].start(), _listed(run[0][0], owner)
        if first is None or not (len(run) > 1 or start in certain or run[0][0][0].isupper()):
            continue
        number = numbers.setdefault(owner[first], len(numbers) + 1)
        genitive = run[-1][0][len(_listed(run[-1][0], owner) or "") :]
        pieces += [text[end:start], f"[person {number}]{genitive}"]
        end = run[-1].end()
    return "".join([*pieces, text[end:]])


def _runs_of_names(text: str, owner: Collection[str]) -> list[list[re.Match[str]]]:
    """Names that stand beside one another, with nothing but spaces between."""
    runs: list[list[re.Match[str]]] = []
    for match in _NAME.finditer(text):
        if _listed(match[0], owner) is None:
            continue
        if runs and not text[runs[-1][-1].end() : match.start()].strip(" _"):
            runs[-1].append(match)
        else:
            runs.append([match])
    return runs


def _listed(word: str, owner: Collection[str]) -> str | None:
    """The listed name that this word is, perhaps with the s of the genitive; None if it is none."""
    small = word.casefold()
    forms = (small, *(small.removesuffix(ending) for ending in ("'s", "’s", ":s", "s")))
    return next((form for form in forms if form in owner), None)


def _words_of_file(file_name: str) -> tuple[str, ...]:
    stem = file_name.rpartition("/")[2].rpartition(".")[0] or file_name
    spaced = re.sub(r"(?<=[^\W\d_A-ZÅÄÖ])(?=[A-ZÅÄÖ])", " ", stem)
    person = _person(_WORD.findall(spaced.replace("_", " ").replace("-", " ")))
    return person.words if person else ()


def _person(words: Iterable[str]) -> Person | None:
    small = (part.casefold() for word in words for part in re.split(r"['’-]", word))
    kept = tuple(word for word in small if len(word) > 1 and word not in _NO_NAMES)
    return Person(kept) if kept else None


def _capitalised(words: Sequence[str]) -> list[str]:
    """The words up to the first that has no capital, and the first in any case."""
    kept = list(words[:1])
    for word in words[1:]:
        if not word[:1].isupper():
            break
        kept.append(word)
    return kept


def _edges(text: str) -> list[tuple[int, str]]:
    """The lines at head and foot, with where each begins."""
    lines = [(match.start(), match[0]) for match in re.finditer(r"[^\n]*\S[^\n]*", text)]
    return lines if len(lines) <= 2 * _EDGE_LINES else lines[:_EDGE_LINES] + lines[-_EDGE_LINES:]
