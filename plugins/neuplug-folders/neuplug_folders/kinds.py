"""What a file is, by its name, and where that says nothing by its first bytes."""

from __future__ import annotations

import re
from pathlib import Path

from neuplug.storage.files import is_special


def _endings(words: str) -> re.Pattern[str]:
    return re.compile(rf"\.({'|'.join(words.split())})", re.IGNORECASE)


VOC = "annotations of Pascal VOC (XML), which are not read"
COCO = "annotations of COCO (JSON), which are not read"
PIPES = "pipes, sockets or devices, which are not read"
PICTURES = "pictures of kinds that neuplug does not read"
ODD = "images by their first bytes, by their names copies or unfinished"

# Kinds of files that are named when they are not used, and whether a run says it too
_KINDS = {
    (PICTURES, True): _endings(
        "heics jpm jxl jxr wdp hdp svgz? psd psb xcf ai "
        "eps exr hdr dcm dicom nii mha mhd nrrd cr2 cr3 nef arw dng raf orf rw2 pef srw raw tga "
        "ico icns pcx dds fits? fts czi lsm svs ndpi mrxs vsi nd2 lif qoi wmf emf"
    ),
    ("videos", True): _endings("mp4 avi mov mkv webm wmv m4v mpe?g mts"),
    ("archives, which are not unpacked", True): _endings("zip tar gz tgz bz2 xz 7z rar zst"),
    ("arrays and databases", True): _endings(
        "np[yz] mat h5 hdf5 lmdb tfrecords? pkl pickle parquet"
    ),
    ("tables", False): _endings("csv tsv tab xlsx? xlsm ods"),
}
TABLES = "tables"

# Endings of files that are known to be no images; all others are looked into
_NO_IMAGES = _endings(
    "txt md rst xml json jsonl ya?ml html? css pdf docx? pptx? py pyc ipynb sh bat m log ini cfg "
    "toml names cls db lnk url sqlite3? pth? pt onnx safetensors bib tex rtf odt license sha1 md5 "
    "sha256 torrent exe dll so"
)
_UNFINISHED = re.compile(r".*(\.(bak|tmp|temp|part|crdownload|download|orig|old|swp)|~)", re.I)

_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis", b"heim")


def named_kind(path: Path) -> tuple[str, bool] | None:
    """The kind that a file's ending says, and whether a run says it; ``None`` of any other."""
    if is_special(path):
        return (PIPES, True)
    for kind, endings in _KINDS.items():
        if endings.fullmatch(path.suffix):
            return kind
    return None


def is_unknown(path: Path) -> bool:
    """Whether a file's ending does not say what is in it."""
    return named_kind(path) is None and not _NO_IMAGES.fullmatch(path.suffix)


def is_unfinished(path: Path) -> bool:
    """Whether a file's name is that of a copy or of a download that was stopped."""
    return _UNFINISHED.fullmatch(path.name) is not None


def begins_as(path: Path) -> str:
    """``image``, ``picture`` (of a kind that neuplug does not read) or nothing."""
    try:
        with path.open("rb") as file:
            start = file.read(132)
    except OSError:
        return ""
    if start.startswith((b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")):
        return "image"
    if start.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "image"
    if start[:2] == b"BM" and start[6:10] == bytes(4) and len(start) > 26:
        return "image"
    if (start[:4] == b"RIFF" and start[8:12] == b"WEBP") or re.match(rb"P[1-6]\s\s*[#\d]", start):
        return "image"
    if (start[4:8] == b"ftyp" and start[8:12] in _BRANDS) or start[4:8] == b"jP  ":
        return "image"
    known = (b"8BPS", b"\xff\x0a", b"\0\0\0\x0cJXL ", b"v/1\x01")
    return "picture" if start.startswith(known) or start[128:132] == b"DICM" else ""


def annotations_of(path: Path) -> str:
    """The kind of annotations that an XML or JSON file is by what it begins with, or nothing."""
    if path.suffix.lower() not in (".xml", ".json"):
        return ""
    try:
        with path.open("rb") as file:
            start = file.read(1 << 16)
    except OSError:
        return ""
    if path.suffix.lower() == ".xml":
        return VOC if b"<annotation" in start[:1000] else ""
    coco = b'"images"' in start and b'"file_name"' in start
    return COCO if coco or (b'"annotations"' in start and b'"image_id"' in start) else ""
