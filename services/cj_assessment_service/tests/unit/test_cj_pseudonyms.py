"""Who wrote an essay does not leave with it, in English and in Swedish."""

import pytest

from services.cj_assessment_service.domain.pseudonyms import (
    Person,
    people_of_files,
    people_of_text,
    pseudonymise,
)

FILES = (
    "anna_svensson.txt",
    "ErikEk.docx",
    "essay_07.txt",
    "Uppsats Åsa Öberg-Lind.pdf",
    "Max Holm v2.txt",
    "slutlig version.odt",
)
CLASS = people_of_files(FILES)


def test_files_are_called_after_people_and_labels_are_no_names() -> None:
    assert [person.words for person in CLASS] == [
        ("anna", "svensson"),
        ("erik", "ek"),
        ("åsa", "öberg", "lind"),
        ("max", "holm"),
    ]


def test_a_word_that_many_files_share_is_the_name_of_the_task() -> None:
    files = [f"holiday_{name}.txt" for name in ("anna", "erik", "maria", "omar")]
    assert [person.words for person in people_of_files(files)] == [
        ("anna",),
        ("erik",),
        ("maria",),
        ("omar",),
    ]


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Anna Svensson ran. Anna won.", "[person 1] ran. [person 1] won."),
        ("Erik ran after Anna's dog.", "[person 1] ran after [person 2]'s dog."),
        ("Åsas katt och ANNA.", "[person 1]s katt och [person 2]."),
        ("i saw anna svensson there", "i saw [person 1] there"),
        ("Åsa Öberg-Lind log.", "[person 1]-[person 1] log."),
        ("At most max ten; Max agreed.", "At most max ten; [person 1] agreed."),
        ("Annabel and Maximum are others.", "Annabel and Maximum are others."),
    ],
)
def test_the_names_of_the_class_become_placeholders(text: str, sent: str) -> None:
    assert pseudonymise(text, CLASS) == sent


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Name: kim lee\nMy day\nKim ran.", "Name: [person 1]\nMy day\n[person 1] ran."),
        (
            "Namn: Stina Berg\nDet var kul, sa Stina.",
            "Namn: [person 1]\nDet var kul, sa [person 1].",
        ),
        ("Min sommar\nAv Stina Berg\nHej.", "Min sommar\nAv [person 1]\nHej."),
        ("A trip\nby Mary O'Neil\nWe went.", "A trip\nby [person 1] O'[person 1]\nWe went."),
        ("Elevens namn: Li Ek", "Elevens namn: [person 1]"),
        ("Kind regards, John Smith", "Kind regards, [person 1]"),
        ("Med vänliga hälsningar Johan", "Med vänliga hälsningar [person 1]"),
        ("my name is omar and i run", "my name is [person 1] and i run"),
        ("Jag heter Åke Ström och bor här.", "Jag heter [person 1] och bor här."),
        ("Skola: Ekskolan\nKlass: 9B", "Skola: [place]\nKlass: [place]"),
        ("School: Elm Park", "School: [place]"),
    ],
)
def test_who_signs_at_the_head_the_foot_or_in_a_sentence_is_replaced(text: str, sent: str) -> None:
    assert pseudonymise(text, []) == sent


def test_a_sentence_that_begins_like_a_signature_is_kept() -> None:
    text = "By the time we came home it was dark.\nAv alla årstider är hösten bäst."
    assert pseudonymise(text, []) == text


def test_a_name_in_the_middle_of_a_long_text_is_no_signature() -> None:
    lines = [f"Line {number} of the story." for number in range(20)]
    lines[10] = "Author: Shakespeare"
    assert people_of_text("\n".join(lines)) == []


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Write to anna.s@school.se!", "Write to [e-mail]!"),
        ("Ring 070-123 45 67 nu.", "Ring [phone number] nu."),
        ("Call +46 70 123 45 67.", "Call [phone number]."),
        ("Call (555) 123-4567 or 555-123-4567.", "Call [phone number] or [phone number]."),
        ("Mitt nummer är 0701234567", "Mitt nummer är [phone number]"),
        (
            "Född 050412-1234 eller 20050412-1234.",
            "Född [identity number] eller [identity number].",
        ),
        ("SSN 123-45-6789, NI AB123456C.", "SSN [identity number], NI [identity number]."),
    ],
)
def test_numbers_and_addresses_that_lead_to_a_person_are_replaced(text: str, sent: str) -> None:
    assert pseudonymise(text, []) == sent


@pytest.mark.parametrize(
    "text",
    [
        "The war lasted 1939-1945 and cost 10 000 000 000 crowns.",
        "In 2008, 0.5 of 1,200,000 people, or 600 000, moved.",
        "Kl. 08.15 den 12/5 2019 var det 17 grader, 3-1 i matchen.",
    ],
)
def test_years_amounts_and_times_stay(text: str) -> None:
    assert pseudonymise(text, CLASS) == text


def test_people_are_numbered_by_their_first_appearance_in_each_text() -> None:
    people = [Person(("anna",)), Person(("erik",))]
    assert pseudonymise("Erik and Anna. Erik.", people) == "[person 1] and [person 2]. [person 1]."
    assert pseudonymise("Anna and Erik.", people) == "[person 1] and [person 2]."
