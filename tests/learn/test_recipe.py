"""A session as an ordinary job: progress, cancel, export at the end."""

import math

import pytest
import torch

from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.learn.losses import charbonnier
from imgstudio.learn.recipe import Diverged, TrainJob
from imgstudio.learn.reports import StepReport


class FakeSession:
    """A run of given losses."""

    def __init__(self, losses):
        self.losses = losses
        self.exported = None

    def steps(self):
        for index, loss in enumerate(self.losses, 1):
            yield StepReport(index, loss, done=index / len(self.losses))

    def export(self, folder, name):
        self.exported = (folder, name)
        return "manifest"


def test_a_train_job_reports_and_exports(tmp_path):
    session, heard, progress = FakeSession([3.0, 2.0]), [], []

    result = TrainJob("My filter", session, tmp_path, heard.append).run(
        Progress(lambda fraction, message: progress.append((fraction, message)))
    )

    assert result == "manifest"
    assert session.exported == (tmp_path, "My filter")
    assert [report.loss for report in heard] == [3.0, 2.0]
    assert progress == [(0.5, "Loss 3.0000"), (1.0, "Loss 2.0000")]


def test_a_train_job_that_diverges_exports_nothing(tmp_path):
    session = FakeSession([3.0, math.inf, 1.0])

    with pytest.raises(Diverged):
        TrainJob("Training", session, tmp_path).run(Progress())
    assert session.exported is None


def test_a_train_job_can_be_cancelled_between_steps(tmp_path):
    token, session = CancelToken(), FakeSession([3.0, 2.0, 1.0])

    with pytest.raises(Cancelled):
        TrainJob("Training", session, tmp_path, lambda report: token.cancel()).run(Progress(token=token))
    assert session.exported is None


def test_charbonnier_is_the_absolute_value_but_near_zero():
    values = torch.tensor([-2.0, 0.0, 0.5])

    assert torch.allclose(charbonnier(values), torch.tensor([2.0, 0.001, 0.5]), atol=1e-5)
