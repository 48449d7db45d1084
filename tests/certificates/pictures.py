"""Printed stickers as pictures: rasters, and photos as a phone would take them."""

from __future__ import annotations

import io
import math
import random

import pypdfium2
import zxingcpp
from PIL import Image, ImageFilter


def raster(pdf: bytes, dpi: int = 150) -> Image.Image:
    """The first page of a PDF as a printer or screen would show it."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        image: Image.Image = document[0].render(scale=dpi / 72).to_pil().convert("RGB")
        return image
    finally:
        document.close()


def photo(pdf: bytes, *, seed: int, distance_cm: float = 25, tilt: float = 20) -> Image.Image:
    """A phone's photo of the print: 1920 pixels over 65 degrees, tilted, blurred, noisy, unevenly lit, JPEG."""
    rng = random.Random(seed)
    page = raster(pdf, 400)
    pixels_per_mm = 1920 / (2 * math.tan(math.radians(32.5)) * distance_cm * 10)
    scale = pixels_per_mm / (400 / 25.4)
    size = (round(page.width * scale), round(page.height * scale))
    flat = page.resize(size, Image.Resampling.LANCZOS)
    frame = Image.new("RGB", (size[0] + 200, size[1] + 200), (150, 142, 130))
    frame.paste(flat, (100, 100))
    frame = frame.rotate(rng.uniform(-12, 12), Image.Resampling.BICUBIC, fillcolor=(150, 142, 130))
    frame = _tilted(frame, tilt * rng.uniform(0.6, 1), rng)
    frame = frame.filter(ImageFilter.GaussianBlur(0.8))
    noise = Image.effect_noise(frame.size, 16).convert("RGB")
    frame = Image.blend(frame, noise, 0.06)
    light = Image.linear_gradient("L").resize(frame.size)
    frame = Image.composite(frame, frame.point(lambda value: value * 0.72), light)
    packed = io.BytesIO()
    frame.save(packed, "JPEG", quality=80)
    return Image.open(io.BytesIO(packed.getvalue()))


def _tilted(image: Image.Image, degrees: float, rng: random.Random) -> Image.Image:
    """Perspective as when the phone is held at an angle."""
    width, height = image.size
    squeeze = math.sin(math.radians(degrees)) * 0.18
    left, top = squeeze * width * rng.random(), squeeze * height * rng.random()
    corners = [(left, top), (width - left * 0.4, 0), (width, height - top * 0.3), (0, height)]
    return image.transform(
        image.size, Image.Transform.PERSPECTIVE, _coefficients(corners, width, height), Image.Resampling.BICUBIC
    )


def _coefficients(corners: list[tuple[float, float]], width: int, height: int) -> list[float]:
    """The perspective that shows the source's whole rectangle within the corners' quadrilateral, inverted."""
    target = [(0, 0), (width, 0), (width, height), (0, height)]
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(corners, target, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    return _solve(rows)


def _solve(rows: list[list[float]]) -> list[float]:
    """Gauss-Jordan elimination of 8 equations."""
    count = len(rows)
    for column in range(count):
        pivot = max(range(column, count), key=lambda row: abs(rows[row][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for row in range(count):
            if row != column:
                factor = rows[row][column]
                rows[row] = [value - factor * base for value, base in zip(rows[row], rows[column], strict=True)]
    return [row[-1] for row in rows]


def decode(image: Image.Image) -> str:
    """The text of the QR in a picture; empty if it cannot be read."""
    found = zxingcpp.read_barcodes(image.convert("L"), zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return str(found[0].text) if found else ""
