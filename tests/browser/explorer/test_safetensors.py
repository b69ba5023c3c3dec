"""Files in the safetensors layout: read as the library writes them, refused with a reason when broken."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import torch
from safetensors.torch import save

from tests.browser.serving import JS, StaticSite

READ = f"""async (url) => {{
    const {{ Safetensors, FormatError }} = await import("{JS}/data/safetensors.js");
    try {{
        const file = new Safetensors(await (await fetch(url)).arrayBuffer());
        const numbers = (name) => Array.from(file.data(name), Number);
        return {{ metadata: file.metadata, tensors: Object.fromEntries(
            file.names().map((name) => [name, {{ shape: file.shape(name), data: numbers(name) }}])) }};
    }} catch (error) {{
        if (!(error instanceof FormatError)) throw error;
        return error.message;
    }}
}}"""

TENSORS = {
    "half": torch.tensor([[0.5, -2.0, 65504.0]], dtype=torch.float16),
    "brain": torch.tensor([1.5, -3.0], dtype=torch.bfloat16),
    "single": torch.tensor([[1.25], [2.5]]),
    "double": torch.tensor(0.1, dtype=torch.float64),
    "bytes": torch.tensor([0, 128, 255], dtype=torch.uint8),
    "signed": torch.tensor([-1, 1], dtype=torch.int8),
    "short": torch.tensor([-300, 300], dtype=torch.int16),
    "int": torch.tensor([-70000, 70000], dtype=torch.int32),
    "long": torch.tensor([[3, -4]], dtype=torch.int64),
    "none": torch.zeros(0, 3),
}


def with_header(header: object, data: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def test_every_type_is_read(site: StaticSite, module_page: object) -> None:
    url = site.put("/all.safetensors", save(TENSORS, {"kind": "test"}))
    found = module_page.evaluate(READ, url)
    assert found["metadata"] == {"kind": "test"}
    assert set(found["tensors"]) == set(TENSORS)
    for name, tensor in TENSORS.items():
        assert found["tensors"][name]["shape"] == list(tensor.shape)
        assert found["tensors"][name]["data"] == tensor.double().flatten().tolist()


def test_numbers_that_start_at_an_odd_byte_are_read(site: StaticSite, module_page: object) -> None:
    data = b"\x07" + torch.tensor([1.5, 2.5]).numpy().tobytes()
    header = {
        "a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},
        "b": {"dtype": "F32", "shape": [2], "data_offsets": [1, 9]},
    }
    found = module_page.evaluate(READ, site.put("/odd.safetensors", with_header(header, data)))
    assert found["tensors"]["b"]["data"] == [1.5, 2.5]


ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
BROKEN = {
    "empty": (b"", "too short"),
    "seven bytes": (b"1234567", "too short"),
    "not of this layout": (b"PK\x03\x04" + b"x" * 100, "safetensors"),
    "cut in the header": (save(TENSORS)[:40], "cut short"),
    "cut in the numbers": (save(TENSORS)[:-1], "cut short"),
    "no JSON": ((4).to_bytes(8, "little") + b"{a: ", "header"),
    "a list": (with_header([]), "header"),
    "an unknown type": (with_header({"x": {**ENTRY, "dtype": "C64"}}, bytes(8)), "C64"),
    "a shape that does not fit": (with_header({"x": {**ENTRY, "shape": [3]}}, bytes(8)), "does not fit"),
    "no shape": (with_header({"x": {"dtype": "F32", "data_offsets": [0, 8]}}, bytes(8)), "does not fit"),
    "a negative place": (with_header({"x": {**ENTRY, "data_offsets": [-8, 0]}}, bytes(8)), "does not fit"),
    "nothing of it": (with_header({"x": None}), "not read here"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_with_a_reason(name: str, site: StaticSite, module_page: object) -> None:
    content, reason = BROKEN[name]
    message = module_page.evaluate(READ, site.put("/broken.safetensors", content))
    assert isinstance(message, str)
    assert reason in message


def test_a_tensor_that_is_not_there_is_named(call: Callable, site: StaticSite) -> None:
    url = site.put("/one.safetensors", save({"a": torch.zeros(1)}))
    message = call(
        "data/safetensors.js",
        """(async () => { const file = new m.Safetensors(await (await fetch(a)).arrayBuffer());
            try { file.data("decoder.x"); } catch (error) { return error.message; } })()""",
        url,
    )
    assert "decoder.x" in message
