"""The layout: ours against the safetensors library, and what a stranger's file can do to it."""

import json

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vae_core.storage import tensorfile

TYPES = st.sampled_from([np.float16, np.float32, np.int32, np.int64, np.uint8]).map(np.dtype)
SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5)
ARRAYS = st.dictionaries(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=8).filter(
        lambda name: name != "__metadata__"
    ),
    TYPES.flatmap(lambda dtype: hnp.arrays(dtype, SHAPES)),
    max_size=5,
)
TEXTS = st.dictionaries(
    st.text(st.characters(exclude_categories=("Cs",))),
    st.text(st.characters(exclude_categories=("Cs",))),
    max_size=3,
)


@given(ARRAYS, TEXTS)
def test_what_is_packed_is_unpacked(arrays, texts):
    metadata, back = tensorfile.unpack(tensorfile.pack(arrays, texts))
    assert metadata == texts
    assert back.keys() == arrays.keys()
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype
        np.testing.assert_array_equal(back[name], array)


@given(ARRAYS, TEXTS)
def test_the_library_reads_what_is_packed(arrays, texts):
    back = safetensors.numpy.load(tensorfile.pack(arrays, texts))
    assert back.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)


@given(ARRAYS)
def test_what_the_library_writes_is_read(arrays):
    metadata, back = tensorfile.unpack(safetensors.numpy.save(arrays, {"a": "b"}))
    assert metadata == {"a": "b"}
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)


def test_the_same_arrays_give_the_same_bytes_whatever_their_order():
    a, b = np.arange(3, dtype=np.float32), np.arange(4, dtype=np.uint8)
    first = tensorfile.pack({"a": a, "b": b}, {"x": "1", "y": "2"})
    assert first == tensorfile.pack({"b": b, "a": a}, {"y": "2", "x": "1"})


def test_every_array_starts_at_a_multiple_of_its_items():
    arrays = {
        "a": np.zeros(3, np.uint8),
        "b": np.zeros(1, np.float16),
        "c": np.zeros(1, np.float32),
        "d": np.zeros(1, np.int64),
    }
    data = tensorfile.pack(arrays, {})
    length = tensorfile.header_length(data, len(data))
    _, places = tensorfile.parse_header(data[8 : 8 + length], len(data) - 8 - length)
    for name, place in places.items():
        assert (8 + length + place.start) % arrays[name].itemsize == 0


def test_a_scalar_and_a_turned_array_survive():
    turned = np.arange(6, dtype=np.float32).reshape(2, 3).T
    _, back = tensorfile.unpack(tensorfile.pack({"s": np.array(3, np.int64), "t": turned}, {}))
    assert back["s"].shape == ()
    assert int(back["s"]) == 3
    np.testing.assert_array_equal(back["t"], turned)


def test_a_type_that_no_file_can_hold_is_refused():
    with pytest.raises(ValueError, match="float64"):
        tensorfile.pack({"a": np.zeros(2)}, {})


def written(header, data=b"", *, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def entry(dtype="U8", shape=(4,), offsets=(0, 4)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


HOSTILE = {
    "empty": (b"", "cut short"),
    "seven bytes": (b"1234567", "cut short"),
    "another kind of file": (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "not a safetensors file"),
    "a pickle": (b"\x80\x04\x95" + b"\0" * 30, "not a safetensors file"),
    "a header of 2^63 bytes": (written(b"{}", length=2**63), "limit"),
    "a header longer than the file": (written(b"{}", length=5000), "cut short"),
    "no JSON": (written(b"{]"), "not JSON"),
    "no UTF-8": (written(b'{"\xff": 1}'), "not JSON"),
    "nested without end": (written(b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"), "nested"),
    "a number of 10,000 digits": (written(b'{"a": ' + b"9" * 10_000 + b"}"), "not accepted"),
    "NaN": (written(b'{"a": NaN}'), "NaN"),
    "a name twice": (written(b'{"a": 1, "a": 2}'), "twice"),
    "metadata of numbers": (written({"__metadata__": {"a": 1}}), "metadata"),
    "an entry without shape": (written({"a": {"dtype": "U8", "data_offsets": [0, 4]}}, b"1234"), "described"),
    "an unknown type": (written({"a": entry("F64", (1,), (0, 8))}, b"12345678"), "F64"),
    "a type that is a list": (written({"a": entry([], (1,), (0, 8))}, b"12345678"), "type"),
    "a shape of 2^60": (written({"a": entry(shape=(2**30, 2**30))}, b"1234"), "shape"),
    "a shape that wraps around to 4": (written({"a": entry(shape=(2**62 + 1, 4))}, b"1234"), "shape"),
    "a huge array": (written({"a": entry(shape=(2**50,), offsets=(0, 2**50))}, b"1234"), "cut short"),
    "a negative length": (written({"a": entry(shape=(-2, -2))}, b"1234"), "shape"),
    "a length of 1.5": (written({"a": entry(shape=(1.5,))}, b"1234"), "shape"),
    "a length that is true": (written({"a": entry(shape=(True,), offsets=(0, 1))}, b"1"), "shape"),
    "nine axes": (written({"a": entry(shape=(1,) * 9, offsets=(0, 1))}, b"1"), "shape"),
    "offsets turned round": (written({"a": entry(offsets=(4, 0))}, b"1234"), "bytes"),
    "two arrays on the same bytes": (written({"a": entry(), "b": entry()}, b"1234"), "follow"),
    "a gap": (written({"a": entry(offsets=(1, 5))}, b"12345"), "follow"),
    "bytes left over": (written({"a": entry()}, b"12345"), "follow its last"),
    "too few bytes": (written({"a": entry()}, b"123"), "cut short"),
    "999 arrays": (written({str(i): entry(shape=(0,), offsets=(0, 0)) for i in range(999)}), "limit"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_refused_with_the_reason(case):
    data, reason = HOSTILE[case]
    with pytest.raises(ValueError, match=reason):
        tensorfile.unpack(data)


def test_every_truncation_is_refused():
    data = tensorfile.pack({"a": np.arange(5, dtype=np.int64), "b": np.zeros((2, 3), np.float16)}, {"x": "y"})
    for length in range(len(data)):
        with pytest.raises(ValueError, match=r"cut short|not a safetensors"):
            tensorfile.unpack(data[:length])
