"""Small real files, made here byte by byte so that each test shows what is in them."""

import io
import zipfile
from xml.sax.saxutils import escape

from pypdf import PdfReader, PdfWriter

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"


def zipped(parts: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def relationships(target: str) -> bytes:
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{_OFFICE_RELATIONS}/officeDocument" Target="{target}"/>'
        "</Relationships>"
    ).encode()


def docx(body: str, *, main: str = "word/document.xml", **parts: str) -> bytes:
    """Make a Word document whose body is the given XML; `footnotes="..."` adds that part."""
    documents = {main: f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'}
    for name, content in parts.items():
        documents[f"word/{name}.xml"] = f'<w:{name} xmlns:w="{WORD}">{content}</w:{name}>'
    return zipped(
        {
            "[Content_Types].xml": b"<Types/>",
            "_rels/.rels": relationships(main),
            **{name: xml.encode() for name, xml in documents.items()},
        }
    )


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def paragraph(*inner: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{''.join(inner)}</w:p>"


def odt(body: str, **parts: bytes) -> bytes:
    spaces = " ".join(
        f'xmlns:{short}="{_ODF}:{name}:1.0"'
        for short, name in {
            "office": "office",
            "text": "text",
            "table": "table",
            "draw": "drawing",
        }.items()
    )
    content = (
        f"<office:document-content {spaces}><office:body><office:text>{body}"
        "</office:text></office:body></office:document-content>"
    )
    return zipped(
        {
            "mimetype": b"application/vnd.oasis.opendocument.text",
            "content.xml": content.encode(),
            **parts,
        }
    )


Placed = tuple[float, float, str]


def set_lines(
    lines: list[str], *, x: float = 72, top: float = 760, leading: float = 14
) -> list[Placed]:
    """One line under the other; an empty one is half a line of space."""
    placed: list[Placed] = []
    y = top
    for line in lines:
        y -= leading if line else leading / 2
        if line:
            placed.append((x, y, line))
    return placed


def pdf(*pages: list[Placed]) -> bytes:
    """Make a PDF in Helvetica, with each text where it says."""
    contents = [b"\n".join(_show(*placed) for placed in page) for page in pages]
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    for number, content in enumerate(contents):
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>"
            + f"/Contents {5 + 2 * number} 0 R>>".encode()
        )
        objects.append(f"<</Length {len(content)}>>stream\n".encode() + content + b"\nendstream")
    return _assemble(objects)


def _show(x: float, y: float, text: str) -> bytes:
    shown = (
        text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    )
    return f"BT /F1 11 Tf 1 0 0 1 {x} {y} Tm (".encode() + shown + b") Tj ET"


def _assemble(objects: list[bytes]) -> bytes:
    out = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
    count = len(objects) + 1
    trailer = f"trailer<</Size {count}/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF".encode()
    return out + f"xref\n0 {count}\n0000000000 65535 f \n".encode() + table + trailer


def encrypted(document: bytes, *, password: str) -> bytes:
    """Lock the PDF with an owner password, and ask for this one when it is opened."""
    writer = PdfWriter(PdfReader(io.BytesIO(document)))
    writer.encrypt(user_password=password, owner_password="owner", algorithm="AES-256")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()
