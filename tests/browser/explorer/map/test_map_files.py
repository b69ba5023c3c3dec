"""What the map gives away: figures made of vectors, tables for other programs; images on its points."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.hand import unchanging_layers
from tests.browser.serving import Errors, StaticSite
from tests.browser.small_models import component_data, component_page, serve_model, small_bundle
from vae_core.bundles.bundle import Bundle
from vae_core.config.configs import ModelConfig

Call = Callable
FLAT = ModelConfig((1, 12, 10), 2, "conv", width=0.25)
EVIL = "<img src=x onerror='window.hacked = 1'>"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def errors() -> Errors:
    return Errors()


@pytest.fixture
def opened(new_page: Callable, site: StaticSite, errors: Errors) -> Callable[..., Page]:
    """Open the map of a bundle and wait until Plotly shows its points."""

    def make(bundle: Bundle, **data: object) -> Page:
        page = new_page()
        errors.watch(page)
        model = serve_model(site, "filed", bundle)
        page.goto(site.put("/files", component_page(component_data("explore", model, plotly=True, **data))))
        page.wait_for_function("document.querySelector('.le-plot')?.data?.length")
        return page

    return make


def save(page: Page, what: str, folder: Path) -> Path:
    page.locator(".le-map-panel").get_by_text("Save as").click()
    with page.expect_download() as download:
        page.get_by_role("button", name=what).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


# --- figures -----------------------------------------------------------------------------------------------


def test_an_svg_has_its_points_layers_and_words_as_vectors(
    opened: Callable, tmp_path: Path, errors: Errors
) -> None:
    bundle = small_bundle(FLAT, count=300, classes=(EVIL, "a & b", "plain"))
    page = opened(bundle, layers=["manifold", "prior", "ellipses"])
    unchanging_layers(page)
    path = save(page, "Vectors", tmp_path)
    assert path.name == "filed-0-1.svg"
    root = ElementTree.parse(path).getroot()
    assert root.tag == f"{SVG}svg"
    radii = [float(circle.get("r")) for circle in root.iter(f"{SVG}circle")]
    points = [radius for radius in radii if 2 < radius < 7]
    assert len(points) >= 300
    assert len(list(root.iter(f"{SVG}ellipse"))) > 250  # posteriors
    assert len([radius for radius in radii if radius > 40]) == 6  # three rings, each with its halo
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    for word in ("The model filed", EVIL, "a & b", "2σ: 86 %"):
        assert word in texts
    assert any("z" in text and "0" in text for text in texts)  # an axis
    pictures = list(root.iter(f"{SVG}image"))
    assert 1 <= len(pictures) <= 3  # the decoded pictures, none of them of points
    assert all(each.get("href").startswith("data:image/png") for each in pictures)
    assert not list(root.iter(f"{SVG}script"))
    assert page.evaluate("window.hacked") is None
    assert not errors


@pytest.mark.parametrize(("layer", "has_grid"), [("prior", True), ("manifold", False)])
def test_a_figure_has_a_grid_where_no_pictures_lie(
    layer: str, has_grid: bool, opened: Callable, tmp_path: Path
) -> None:
    page = opened(small_bundle(FLAT), layers=[layer])
    unchanging_layers(page)
    root = ElementTree.parse(save(page, "Vectors", tmp_path)).getroot()
    names = [path.get("class") or "" for path in root.iter(f"{SVG}path")]
    assert any("xgrid" in name for name in names) is has_grid
    assert any("zl" in name for name in names)  # the lines through zero stay


def test_hidden_classes_and_other_axes_are_not_in_the_figure(opened: Callable, tmp_path: Path) -> None:
    page = opened(small_bundle(count=300), layers=["prior"])
    page.get_by_role("button", name="sneaker", exact=True).click()
    page.wait_for_function("document.querySelector('.le-plot').data.length === 2")
    path = save(page, "Vectors", tmp_path)
    assert path.name == "filed-umap.svg"
    text = path.read_text(encoding="utf-8")
    assert "sandal" in text
    assert "sneaker" not in text
    assert "σ" not in text
    assert text.count("<circle") == 200 + 2


def test_a_png_is_the_same_figure_at_twice_the_size(opened: Callable, tmp_path: Path) -> None:
    page = opened(small_bundle(FLAT), layers=["prior"])
    content = save(page, "Picture", tmp_path).read_bytes()
    assert content.startswith(b"\x89PNG")
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    box = page.locator("[data-role=map]").bounding_box()
    assert width == pytest.approx(2 * box["width"], abs=2)
    assert height > 2 * box["height"]


def test_a_figure_for_print_says_how_large_it_is(opened: Callable, tmp_path: Path) -> None:
    page = opened(small_bundle(FLAT), layers=["prior"])
    path = save(page, "For print", tmp_path)
    assert path.name == "filed-0-1-print.png"
    picture = Image.open(io.BytesIO(path.read_bytes()))
    picture.load()  # a chunk with a wrong sum would be refused
    assert picture.width == round(180 / 25.4 * 300)
    assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.05)
    assert np.asarray(picture.convert("L")).std() > 5


def test_the_menu_goes_by_keyboard_and_closes(opened: Callable) -> None:
    page = opened(small_bundle(FLAT))
    menu = page.locator(".le-map-panel .le-menu")
    page.locator(".le-map-panel").get_by_text("Save as").focus()
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Picture")).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(page.locator(".le-map-panel").get_by_text("Save as")).to_be_focused()
    page.keyboard.press("Enter")
    page.mouse.click(5, 5)
    expect(menu).not_to_have_attribute("open", "")


def test_a_figure_before_the_axes_are_there_is_said(
    new_page: Callable, site: StaticSite, errors: Errors
) -> None:
    page = new_page()
    errors.watch(page)
    model = serve_model(site, "filed", small_bundle(FLAT))
    page.goto(site.put("/files", component_page(component_data("explore", model))))
    page.wait_for_function("window.latentExplorer?.ready")
    page.locator(".le-map-panel").get_by_text("Save as").click()
    page.get_by_role("button", name="Vectors").click()
    expect(page.get_by_text("could not be made")).to_be_visible()


# --- tables ------------------------------------------------------------------------------------------------


def test_a_csv_holds_every_latent_and_its_place(opened: Callable, tmp_path: Path) -> None:
    bundle = small_bundle(classes=('say "a", b', "=1+1", "plain"), factors=("size", "@angle"))
    page = opened(bundle)
    path = save(page, "Latents", tmp_path)
    assert path.name == "filed-umap.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))
    assert len(rows) == 60
    assert [row["label"] for row in rows[:3]] == ['say "a", b', "'=1+1", "plain"]
    assert [int(row["index"]) for row in rows] == list(range(60))

    def columns(*names: str) -> np.ndarray:
        return np.array([[float(row[name]) for name in names] for row in rows], dtype=np.float32)

    probe = bundle.probe
    assert (columns(*(f"mean_{d}" for d in range(4))) == probe.mean.numpy()).all()
    assert (columns(*(f"logvar_{d}" for d in range(4))) == probe.logvar.numpy()).all()
    assert (columns("size", "'@angle") == probe.factors.numpy()).all()
    assert (columns("x", "y") == bundle.projections["umap"].positions.numpy()).all()


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("plain", "plain"),
        ("", ""),
        ("a,b", '"a,b"'),
        ('6" boot', '"6"" boot"'),
        ("two\nlines", '"two\nlines"'),
        ("=cmd()", "'=cmd()"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ('=a,"b"', '"\'=a,""b"""'),
    ],
)
def test_a_label_is_one_cell_and_no_formula(text: str, cell: str, call: Call) -> None:
    assert call("map/panel/latents-csv.js", "m.textCell(a)", text) == cell


def test_the_map_as_a_table(opened: Callable) -> None:
    bundle = small_bundle(FLAT)
    page = opened(bundle)
    panel = page.locator(".le-map-panel")
    panel.get_by_text("As a table").click()
    expect(panel.locator("tbody tr")).to_have_count(3)
    cells = panel.locator("tbody tr").first.locator("th, td").all_text_contents()
    of_class = bundle.probe.mean[bundle.probe.labels == 0]
    numbers = [float(text.replace("−", "-")) for text in cells[1:]]
    assert cells[0] == "sandal"
    assert numbers[0] == 20
    expected = [*of_class.mean(0).tolist(), *of_class.std(0, correction=0).tolist()]
    assert numbers[1:] == pytest.approx(expected, abs=0.006)


@pytest.mark.parametrize("classes", [(), ("cat",)], ids=["no classes", "one class"])
def test_two_images_in_all(
    classes: tuple[str, ...], opened: Callable, tmp_path: Path, errors: Errors
) -> None:
    layers = ["manifold", "prior", "density", "ellipse", "ellipses"]
    page = opened(small_bundle(FLAT, count=2, classes=classes), layers=layers)
    panel = page.locator(".le-map-panel")
    panel.get_by_text("As a table").click()
    expect(panel.locator("tbody th")).to_have_text(["cat" if classes else "All"])
    assert save(page, "Vectors", tmp_path).read_text(encoding="utf-8").count("<image") >= 2
    assert len(save(page, "Latents", tmp_path).read_text(encoding="utf-8").splitlines()) == 3
    assert not errors


# --- trust, images on points -------------------------------------------------------------------------------


def test_a_projection_says_how_far_it_can_be_trusted(opened: Callable) -> None:
    bundle = small_bundle(count=90)
    page = opened(bundle)
    trust = page.locator("[data-role=trustworthiness]")
    expect(trust).to_contain_text(f"Trustworthiness {bundle.projections['umap'].trustworthiness:.2f}")
    page.get_by_role("button", name="PCA").click()
    expect(trust).to_contain_text(f"Trustworthiness {bundle.projections['pca'].trustworthiness:.2f}")
    page.get_by_role("button", name="Two dimensions").click()
    expect(trust).to_be_empty()


def test_images_stand_on_points_where_there_is_room(opened: Callable) -> None:
    bundle = small_bundle(FLAT, count=2, classes=())
    page = opened(bundle, layers=[])
    seen = page.evaluate(
        """(index) => {
            const [x, y] = window.latentExplorer.points[index];
            const { xaxis, yaxis } = document.querySelector(".le-plot")._fullLayout;
            const [[x0, x1], [y0, y1]] = [xaxis.range, yaxis.range];
            const px = xaxis._offset + ((x - x0) / (x1 - x0)) * xaxis._length;
            const py = yaxis._offset + ((y1 - y) / (y1 - y0)) * yaxis._length;
            const [left, top] = [Math.round(px - (56 * 10) / 24), Math.round(py - 28)];
            const context = document.querySelectorAll("canvas.le-layer")[2].getContext("2d");
            return Array.from({ length: 120 }, (_, p) => {
                const u = left + ((p % 10) + 0.5) * (56 / 12);
                const v = top + (Math.floor(p / 10) + 0.5) * (56 / 12);
                return context.getImageData(Math.floor(u), Math.floor(v), 1, 1).data[0];
            });
        }""",
        1,
    )
    assert np.abs(np.array(seen) - bundle.probe.images[1].flatten().numpy()).max() <= 1


def test_images_do_not_overlap_and_stay_when_the_map_is_panned(call: Call) -> None:
    random = np.random.default_rng(0)
    places = random.uniform(-1, 1, size=(80, 2))
    code = """(() => {
        const frame = { left: 0, top: 0, width: 400, height: 400, x: a.x,
            toPixels(x, y) { return [200 * (x + 1) + this.x, 200 * (1 - y)]; },
            contains(x, y) { return x >= 0 && y >= 0 && x <= 400 && y <= 400; } };
        const groups = [{ colour: "red", indices: a.places.map((_, n) => n) }];
        const flat = Float32Array.from(a.places.flat());
        return [m.chosenPlaces(frame, flat, groups, 40), m.sideFor(frame, flat, groups)];
    })()"""
    (chosen, side), (panned, _) = (
        call("map/drawing/thumbnails.js", code, {"places": places.tolist(), "x": x}) for x in (0, 37)
    )
    at = np.array([[place["x"], place["y"]] for place in chosen])
    apart = np.abs(at[:, None] - at[None]).max(axis=-1) + 1e9 * np.eye(len(at))
    assert apart.min() >= 40
    assert 20 < len(chosen) < 80
    kept = {place["index"] for place in panned}
    assert kept == {place["index"] for place in chosen if place["x"] + 37 <= 400}
    assert side == 0
    few = call("map/drawing/thumbnails.js", code, {"places": places[:12].tolist(), "x": 0})
    assert few[1] == 56
