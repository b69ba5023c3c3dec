import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from vae_core.images.shapes import (
    _OUTLINES,
    FACTOR_NAMES,
    FACTOR_RANGES,
    KINDS,
    SIDE,
    draw_shapes,
    shape_factors,
)
from vae_core.images.shapes import _unit_outline as unit_outline

CENTRES = np.arange(SIDE) + 0.5 - SIDE / 2


@pytest.fixture(scope="module")
def made() -> tuple[np.ndarray, np.ndarray]:
    """12,000 pictures, uint8 (N, 32, 32), and their factors."""
    factors = shape_factors(12_000, seed=7)
    return draw_shapes(factors)[:, 0], factors


def moments(pictures: np.ndarray) -> dict[str, np.ndarray]:
    """Measure ink, centre of mass, direction of the long axis (degrees, modulo 180), and invariants."""
    ink = pictures / 255.0
    total = ink.sum(axis=(1, 2))
    x = (ink * CENTRES).sum(axis=(1, 2)) / total
    y = (ink * CENTRES[:, None]).sum(axis=(1, 2)) / total
    right = CENTRES[None, None, :] - x[:, None, None]
    up = y[:, None, None] - CENTRES[None, :, None]
    complex_place = right + 1j * up

    def moment(holomorphic: int, conjugate: int) -> np.ndarray:
        """Complex moment, scaled by size; a turn by w multiplies it by exp(i w (holomorphic - conjugate))."""
        order = holomorphic + conjugate
        value = (ink * complex_place**holomorphic * complex_place.conj() ** conjugate).sum(axis=(1, 2))
        return value / total ** (1 + order / 2)

    c11, c20, c21, c30 = moment(1, 1), moment(2, 0), moment(2, 1), moment(3, 0)
    invariants = [c11.real, abs(c20), abs(c21) * 3, abs(c30) * 3, (c30 * c21.conj() ** 3).imag * 100]
    return {
        "size": np.sqrt(total),
        "x": x,
        "y": y,
        "axis": np.rad2deg(np.angle(c20)) / 2,
        "invariants": np.stack(invariants, axis=1),
    }


def test_the_factors_are_as_the_docstring_says():
    factors = shape_factors(9_001, seed=1)
    assert factors.shape == (9_001, len(FACTOR_NAMES))
    assert factors.dtype == np.float32
    low, high = np.array(FACTOR_RANGES).T
    assert (factors >= low).all()
    assert (factors <= high).all()
    spread = np.ptp(factors, axis=0)
    assert (spread > 0.99 * (high - low)).all()
    counts = np.bincount(factors[:, 0].astype(int))
    assert len(counts) == len(KINDS)
    assert np.ptp(counts) <= 1
    correlation = np.corrcoef(factors.T) - np.eye(len(FACTOR_NAMES))
    assert abs(correlation).max() < 0.05


def test_a_seed_gives_the_same_pictures_and_another_gives_others():
    first, again, other = (draw_shapes(shape_factors(50, seed=seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any(axis=(1, 2, 3)).all()


def test_a_picture_does_not_depend_on_its_company(made):
    pictures, factors = made
    for row in (0, 5, 11_999):
        np.testing.assert_array_equal(draw_shapes(factors[row : row + 1])[0, 0], pictures[row])


# Each factor can be read off the picture


def test_size_is_the_square_root_of_the_ink(made):
    pictures, factors = made
    np.testing.assert_allclose(moments(pictures)["size"], factors[:, 1], rtol=0.025)


def test_x_and_y_are_the_centre_of_mass(made):
    pictures, factors = made
    measured = moments(pictures)
    np.testing.assert_allclose(measured["x"], factors[:, 3], atol=0.16)
    np.testing.assert_allclose(measured["y"], factors[:, 4], atol=0.16)


def test_kind_and_angle_can_be_read_off_the_picture(made):
    from sklearn.neighbors import KNeighborsClassifier

    pictures, factors = made
    known, asked = slice(0, 10_000), slice(10_000, None)
    measured = moments(pictures)
    kinds = factors[:, 0].astype(int)
    reader = KNeighborsClassifier(5).fit(measured["invariants"][known], kinds[known])
    read = reader.predict(measured["invariants"][asked])
    assert (read == kinds[asked]).mean() > 0.995

    upright = draw_shapes([[kind, 8.5, 0, 0, 0] for kind in range(len(KINDS))])[:, 0]
    error = measured["axis"][asked] - moments(upright)["axis"][read] - factors[asked, 2]
    error = abs((error + 90) % 180 - 90)  # the long axis points both ways, the angles span half a turn
    assert np.quantile(error, 0.99) < 3


def test_all_pictures_differ(made):
    pictures, _ = made
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)


factor_rows = st.tuples(
    st.integers(0, len(KINDS) - 1), *(st.floats(low, high, width=32) for low, high in FACTOR_RANGES[1:])
)


@settings(max_examples=200)
@given(factor_rows, st.integers(1, 4), st.floats(0.05, 1), st.sampled_from((-1, 1)))
def test_changing_one_factor_changes_the_picture(row, which, share, sign):
    low, high = FACTOR_RANGES[which]
    changed = list(row)
    changed[which] += sign * share * (high - low)
    if not low <= changed[which] <= high:
        changed[which] = row[which] - sign * min(share, 0.5) * (high - low)
    before, after = draw_shapes([row, changed]).astype(int)
    assert abs(before - after).sum() > 300


@settings(max_examples=50)
@given(factor_rows)
def test_changing_the_kind_changes_the_picture(row):
    pictures = draw_shapes([(kind, *row[1:]) for kind in range(len(KINDS))]).astype(int)
    for one in range(len(KINDS)):
        for other in range(one):
            assert abs(pictures[one] - pictures[other]).sum() > 1500


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_no_kind_has_a_symmetry_or_is_another_kind(kind):
    angles = np.arange(0, 360, 3)
    turned = draw_shapes([[other, 8.5, angle, 0, 0] for other in range(len(KINDS)) for angle in angles])[:, 0]
    upright = draw_shapes([[kind, 8.5, 0, 0, 0]])[0, 0].astype(int)
    ink = upright.sum()
    own = np.repeat(np.arange(len(KINDS)), len(angles)) == kind
    far = np.tile(np.minimum(angles, 360 - angles), len(KINDS)) >= 15
    differs = abs(turned.astype(int) - upright).sum(axis=(1, 2)) / ink
    assert differs[own & far].min() > 0.25
    assert differs[~own].min() > 0.25
    mirrored = abs(turned.astype(int) - upright[:, ::-1]).sum(axis=(1, 2)) / ink
    assert mirrored.min() > 0.25


def test_no_shape_leaves_the_picture():
    corners = [
        [kind, FACTOR_RANGES[1][1], angle, x, y]
        for kind in range(len(KINDS))
        for angle in range(-90, 91, 5)
        for x in FACTOR_RANGES[3]
        for y in FACTOR_RANGES[4]
    ]
    np.testing.assert_allclose(moments(draw_shapes(corners)[:, 0])["size"], FACTOR_RANGES[1][1], rtol=0.015)


# The drawing against another rasteriser


@settings(max_examples=60)
@given(factor_rows)
def test_pictures_are_those_of_another_rasteriser(row):
    kind, size, angle, x, y = row
    corners = unit_outline(_OUTLINES[kind]) * size
    turn = np.exp(1j * np.deg2rad(angle)) * (corners[:, 0] + 1j * corners[:, 1])
    places = np.stack([SIDE / 2 + x + turn.real, SIDE / 2 + y - turn.imag], axis=1)
    fine = 16
    canvas = Image.new("L", (SIDE * fine, SIDE * fine))
    ImageDraw.Draw(canvas).polygon([tuple(place * fine - 0.5) for place in places], fill=255)
    expected = np.asarray(canvas, dtype=float).reshape(SIDE, fine, SIDE, fine).mean(axis=(1, 3))
    drawn = draw_shapes([row])[0, 0]
    assert abs(drawn - expected).max() < 115  # at sharp corners coverage is not the distance to the outline
    assert abs(drawn - expected).sum() < 0.12 * expected.sum()


def test_outlines_have_unit_area_and_are_centred():
    for outline in _OUTLINES:
        corners = unit_outline(outline).astype(float)
        following = np.roll(corners, -1, axis=0)
        cross = corners[:, 0] * following[:, 1] - following[:, 0] * corners[:, 1]
        assert cross.sum() / 2 == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(((corners + following) * cross[:, None]).sum(axis=0) / 6, 0, atol=1e-5)


@pytest.mark.parametrize("bad", [[[0, 7, 0, 0]], [0, 7, 0, 0, 0], [[3, 7, 0, 0, 0]], [[0.5, 7, 0, 0, 0]]])
def test_factors_that_make_no_picture_are_refused(bad):
    with pytest.raises(ValueError, match=r"factors must|kind must"):
        draw_shapes(bad)


def test_no_factors_make_no_pictures():
    assert draw_shapes(np.empty((0, 5))).shape == (0, 1, SIDE, SIDE)
