"""What a run keeps of its past."""

from types import SimpleNamespace

from imgstudio.learn.runs.keeping import MOST_KEPT, Keeper


class _Session:
    def save(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "checkpoint").write_text("whole")


def test_numbered_checkpoints_are_thinned_out_and_the_newest_stays(tmp_path):
    keeper = Keeper(SimpleNamespace(path=tmp_path), _Session())

    for step in range(1, 100):
        keeper.save(f"step-{step:08d}", step)
        kept = sorted(path.name for path in (tmp_path / "checkpoints").glob("step-*"))
        assert len(kept) <= MOST_KEPT
        assert kept[-1] == f"step-{step:08d}"

    assert len(kept) > MOST_KEPT / 3
    assert int(kept[0].removeprefix("step-")) < 50


def test_best_and_last_are_never_thinned_out(tmp_path):
    keeper = Keeper(SimpleNamespace(path=tmp_path), _Session())
    keeper.save("best", 1)

    for step in range(1, 40):
        keeper.save(f"step-{step:08d}", step)
        keeper.save("last", step)

    assert (tmp_path / "checkpoints" / "best" / "checkpoint").is_file()
    assert keeper.saved_step == 39
