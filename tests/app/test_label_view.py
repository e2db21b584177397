"""How labels are shown over the picture: colours, lines, objects, predictions, and what is repainted."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QImage, QPainter

from imgstudio.app.canvas.label_colours import LabelColours
from imgstudio.app.canvas.label_look import LabelLook
from imgstudio.app.canvas.label_sampling import picked, places_from
from imgstudio.app.canvas.label_screen import LabelScreen
from imgstudio.app.canvas.label_view import LabelView
from imgstudio.app.canvas.view import View
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect, Size
from imgstudio.core.labelled import Labelling
from imgstudio.core.labelling.painting import write_labels
from imgstudio.core.labels import UNSEEN, LabelClass
from imgstudio.core.tiles import TileStore

WIDTH, HEIGHT = 600, 400
CLASSES = (LabelClass(1, "Car", (255, 0, 0)), LabelClass(2, "Road", (0, 0, 255)))
ROWS, COLUMNS = np.indices((HEIGHT, WIDTH))


def labelled(mask, numbers=None):
    document = Document(WIDTH, HEIGHT)
    document.labels = Labelling.from_masks(CLASSES, mask, numbers)
    return document


def halves():
    """Car, road, unseen and background side by side."""
    mask = np.full((HEIGHT, WIDTH), UNSEEN, np.uint8)
    mask[:, :150], mask[:, 150:300], mask[:, 450:] = 1, 2, 0
    return mask


def shown(view, zoom=1.0, *, part=None, window=(WIDTH, HEIGHT), at=(0, 0), onto=None):
    """(h, w, 3) RGB of a white picture with labels over it, its corner at `at` of the window."""
    place = View()
    place.resize(Size(*window))
    place.set_document(Size(WIDTH, HEIGHT))
    place.zoom, place.left, place.top, place.fitted = zoom, float(at[0]), float(at[1]), False
    image = QImage(*window, QImage.Format.Format_RGB32) if onto is None else onto
    if onto is None:
        image.fill(0xFFFFFF)
    painter = QPainter(image)
    view.paint(painter, place, part or Rect(0, 0, *window), 1.0)
    painter.end()
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(window[1], window[0], 4)
    return pixels[..., 2::-1].astype(int)


@pytest.mark.usefixtures("qapp")
class TestLabelView:
    def test_classes_are_tinted_in_their_colours_and_what_nobody_saw_is_not(self):
        look = shown(LabelView(labelled(halves()), LabelLook(opacity=0.5)))
        assert np.abs(look[200, 75] - (255, 128, 128)).max() <= 1
        assert np.abs(look[200, 225] - (128, 128, 255)).max() <= 1
        assert (look[200, 375] == 255).all()
        assert (look[200, 550] == look[200, 550, 0]).all()
        assert 128 < look[200, 550, 0] < 255

    @pytest.mark.parametrize("zoom", [0.25, 0.5, 1.0, 1.5, 3.0, 8.0])
    def test_borders_lie_where_they_are_at_any_zoom(self, zoom):
        look = shown(LabelView(labelled(halves())), zoom, window=(1200, 400), at=(600 - round(150 * zoom), 0))
        row = look[min(200, round(390 * zoom) - 5)]
        left, right = row[600 - 4], row[600 + 4]
        assert left[0] > left[2] + 60
        assert right[2] > right[0] + 60

    def test_lines_stay_thin_when_enlarged(self):
        view = LabelView(labelled(halves()), LabelLook(style="outline", opacity=1.0))
        row = shown(view, 8.0, at=(300 - 8 * 150, 0))[200]
        drawn = (row != 255).any(-1).nonzero()[0]
        assert drawn.min() >= 297
        assert drawn.max() <= 302
        assert len(drawn) == 6

    def test_an_outline_has_no_tint(self):
        look = shown(LabelView(labelled(halves()), LabelLook(style="outline", opacity=1.0)))
        assert (look[200, 75] == 255).all()
        assert (look[200, 148:152] != 255).any()

    def test_hidden_shows_the_bare_picture_and_so_do_hidden_classes(self):
        view = LabelView(labelled(halves()))
        view.set_style("hidden")
        assert (shown(view) == 255).all()
        view.set_look(LabelLook(hidden=frozenset({1})))
        look = shown(view)
        assert (look[200, 75] == 255).all()
        assert (look[200, 225] != 255).any()

    def test_objects_of_one_class_are_told_apart(self):
        numbers = np.where(COLUMNS < 100, 1, np.where(COLUMNS < 200, 2, 0)).astype(np.uint16)
        mask = np.where(COLUMNS < 200, 1, UNSEEN).astype(np.uint8)
        look = shown(LabelView(labelled(mask, numbers)))
        assert np.abs(look[200, 50] - look[200, 150]).max() > 15
        assert np.abs(look[200, 99:101] - look[200, 50]).max() > 15

    def test_a_prediction_is_striped_and_only_where_nothing_is_labelled(self):
        document = labelled(halves())
        view = LabelView(document)
        before = shown(view)
        guess = TileStore(1, fill=UNSEEN)
        guess.write(document.bounds, np.full((HEIGHT, WIDTH, 1), 1, np.uint8))
        document.labels.predict(guess, None)
        look = shown(view)
        part = look[100:200, 320:430]
        assert len(np.unique(part[..., 1])) > 1
        assert (part[..., 0] >= part[..., 2]).all()
        assert (look[:, :290] == before[:, :290]).all()
        view.set_prediction_visible(visible=False)
        assert (shown(view) == before).all()

    def test_uncertainty_is_a_layer_of_its_own(self):
        document = labelled(halves())
        guess, unsure = TileStore(1, fill=UNSEEN), TileStore(1)
        unsure.write(document.bounds, (COLUMNS * 255 // WIDTH).astype(np.uint8)[..., None])
        document.labels.predict(guess, unsure)
        view = LabelView(document, LabelLook(style="outline", opacity=0.0))
        assert (shown(view) == 255).all()
        view.set_uncertainty_visible(visible=True)
        look = shown(view)
        assert (look[200, 5] == 255).all()
        assert np.abs(look[200, 590] - 255).max() > 150

    def test_a_stroke_is_repainted_where_it_was_made_and_nowhere_else(self):
        document = labelled(halves())
        view = LabelView(document)
        shown(view)
        told = []
        view.changed.connect(told.append)
        rect = Rect(310, 100, 40, 30)
        write_labels(document, rect, np.ones((30, 40), bool), 1, "Box")
        area = Rect(0, 0, 0, 0)
        for box in told:
            area = area.united(box)
        assert area.intersect(rect) == rect
        assert area.width * area.height < 4 * rect.width * rect.height
        assert (shown(view) == shown(LabelView(document))).all()

    @pytest.mark.parametrize("zoom", [0.25, 0.7, 1.0, 4.0])
    def test_a_part_painted_alone_matches_its_surroundings(self, zoom):
        document = labelled(halves())
        view = LabelView(document)
        whole = shown(view, zoom)
        image = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
        image.fill(0xFFFFFF)
        part = Rect(20, 30, 61, 47)
        alone = shown(view, zoom, part=part, onto=image)
        assert (alone[part.slices()] == whole[part.slices()]).all()

    def test_undo_is_shown(self):
        document = labelled(halves())
        view = LabelView(document)
        before = shown(view, 0.5)
        write_labels(document, Rect(0, 0, 300, 300), np.ones((300, 300), bool), 2, "Box")
        assert (shown(view, 0.5) != before).any()
        document.history.undo()
        assert (shown(view, 0.5) == before).all()

    def test_what_changes_while_labels_are_hidden_is_there_when_they_come_back(self):
        document = labelled(halves())
        view = LabelView(document)
        shown(view)
        view.set_style("hidden")
        write_labels(document, Rect(0, 0, 100, 100), np.ones((100, 100), bool), 2, "Box")
        guess = TileStore(1, fill=UNSEEN)
        guess.write(document.bounds, np.full((HEIGHT, WIDTH, 1), 1, np.uint8))
        document.labels.predict(guess, None)
        document.labels.classes = (replace(CLASSES[0], colour=(0, 255, 0)), CLASSES[1])
        assert (shown(view) == 255).all()
        view.set_style("tint")
        assert (shown(view) == shown(LabelView(document))).all()

    def test_labels_hidden_for_a_moment_are_not_painted_again(self, monkeypatch):
        view = LabelView(labelled(halves()))
        before = shown(view)
        count = []
        monkeypatch.setattr(LabelColours, "__init__", lambda *_: count.append(1))
        view.set_style("hidden")
        view.set_style("tint")
        assert (shown(view) == before).all()
        assert not count

    def test_labels_that_come_later_are_shown(self):
        document = Document(WIDTH, HEIGHT)
        view = LabelView(document)
        assert (shown(view) == 255).all()
        document.labels = Labelling.from_masks(CLASSES, halves())
        document.labels_changed.emit(document.bounds)
        assert (shown(view)[200, 75] != 255).any()

    def test_a_class_of_another_colour_is_shown_in_it(self):
        document = labelled(halves())
        view = LabelView(document)
        shown(view)
        document.labels.classes = (replace(CLASSES[0], colour=(0, 255, 0)), CLASSES[1])
        assert shown(view)[200, 75, 1] == 255

    def test_what_is_under_the_pointer_is_said(self):
        numbers = np.where(COLUMNS < 100, 7, 0).astype(np.uint16)
        document = labelled(halves(), numbers)
        guess, unsure = TileStore(1, fill=UNSEEN), TileStore(1)
        guess.write(document.bounds, np.full((HEIGHT, WIDTH, 1), 2, np.uint8))
        unsure.write(document.bounds, np.full((HEIGHT, WIDTH, 1), 102, np.uint8))
        view = LabelView(document)
        assert view.describe(50.5, 20.0) == "Car 7"
        assert view.describe(120, 20) == "Car"
        assert view.describe(-1, 20) == ""
        document.labels.predict(guess, unsure)
        assert view.describe(350, 20) == "Not labelled · predicted: Road, 40 % unsure"

    def test_a_closed_view_follows_nothing(self):
        document = labelled(halves())
        view = LabelView(document)
        told = []
        view.changed.connect(told.append)
        view.close()
        write_labels(document, Rect(0, 0, 30, 30), np.ones((30, 30), bool), 2, "Box")
        document.labels.classes = ()
        document.labels.predict(None, None)
        assert told == []


@pytest.mark.usefixtures("qapp")
class TestLabelScreen:
    @pytest.fixture
    def screen(self):
        """A screen of labels that notes what it has to paint."""
        self.painted = []
        self.colour = 0xFF0000FF

        def paint(part, zoom):
            self.painted.append(part)
            return np.full((part.height, part.width), self.colour, np.uint32)

        return LabelScreen(Size(4000, 3000), paint)

    def draw(self, screen, left=0, top=0, zoom=1.0, window=(700, 500)):
        place = View()
        place.resize(Size(*window))
        place.set_document(Size(4000, 3000))
        place.zoom, place.left, place.top, place.fitted = zoom, float(left), float(top), False
        image = QImage(*window, QImage.Format.Format_RGB32)
        painter = QPainter(image)
        screen.draw(painter, place, Rect(0, 0, *window))
        painter.end()
        return np.frombuffer(image.constBits(), np.uint32).reshape(window[1], window[0]).copy()

    def test_what_is_dragged_about_is_not_painted_again(self, screen):
        self.draw(screen, -100, -100)
        count = len(self.painted)
        for step in range(20):
            self.draw(screen, -100 - step, -100 + step)
        assert len(self.painted) == count

    def test_no_more_is_kept_than_a_window_shows_and_a_rim(self, screen):
        for step in range(60):
            self.draw(screen, -50 * step, -40 * step)
        assert screen.nbytes < 4 * (700 + 3 * 256 + 255) * (500 + 3 * 256 + 255)

    def test_only_what_changed_is_painted_again(self, screen):
        self.draw(screen, zoom=0.5)
        self.painted.clear()
        self.colour = 0xFFFF0000
        screen.mark(Rect(400, 400, 200, 100), 3)
        look = self.draw(screen, zoom=0.5)
        area = sum(part.width * part.height for part in self.painted)
        assert area == (100 + 6) * (50 + 6)
        assert (look[197:253, 197:303] == 0xFFFF0000).all()
        assert (look == 0xFFFF0000).sum() == area

    def test_another_zoom_is_painted_anew(self, screen):
        self.draw(screen)
        self.colour = 0xFFFF0000
        assert (self.draw(screen, zoom=1.25) == 0xFFFF0000).all()


@pytest.mark.parametrize("zoom", [0.07, 0.25, 1.0, 1.7, 5.0])
def test_values_are_picked_at_the_middle_of_each_pixel_of_the_screen(zoom):
    plane = np.random.default_rng(3).integers(0, 255, (700, 900)).astype(np.uint8)
    store = TileStore(1, fill=UNSEEN)
    store.write(Rect(0, 0, 900, 700), plane[..., None])
    rows, columns = places_from(5, 40, zoom, 700), places_from(9, 60, zoom, 900)
    found = picked(store, rows, columns)
    for y, x in ((0, 0), (39, 59), (17, 23)):
        row, column = int((5 + y + 0.5) / zoom), int((9 + x + 0.5) / zoom)
        assert found[y, x] == plane[min(row, 699), min(column, 899)]
