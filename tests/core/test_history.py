from dataclasses import dataclass, field

from imgstudio.core.history import FEWEST_STEPS, History


@dataclass
class Step:
    """Counts what it does."""

    label: str = "Step"
    cost: int = 10
    log: list = field(default_factory=list)
    joins: bool = False

    def redo(self):
        self.log.append(f"+{self.label}")

    def undo(self):
        self.log.append(f"-{self.label}")

    def merged(self, newer):
        return Step(self.label, self.cost + newer.cost, self.log, joins=True) if self.joins else None


def test_steps_are_undone_in_reverse():
    log, history = [], History()
    for label in "abc":
        history.push(Step(label, log=log))
    history.go_to(1)
    history.redo()
    assert log == ["+a", "+b", "+c", "-c", "-b", "+b"]
    assert (history.labels, history.position) == (["a", "b", "c"], 2)
    assert (history.undo_label, history.redo_label) == ("b", "c")


def test_a_new_step_forgets_what_was_undone():
    history = History()
    history.push(Step("a"))
    history.undo()
    history.push(Step("b"))
    assert history.labels == ["b"]
    assert not history.can_redo


def test_few_steps_are_kept_even_over_the_budget():
    history = History(budget=100)
    for _ in range(FEWEST_STEPS + 30):
        history.push(Step(cost=5))
    assert history.position == FEWEST_STEPS
    assert history.cost == FEWEST_STEPS * 5


def test_huge_steps_are_dropped_below_the_fewest():
    history = History(budget=100)
    for _ in range(10):
        history.push(Step(cost=100))
    assert history.position == 4


def test_the_sum_of_costs_does_not_drift_when_a_step_grows_later():
    history, step = History(), Step(cost=10)
    history.push(step)
    step.cost = 500  # a layer that was painted on after it was added
    assert history.cost == 10
    history.undo()
    assert history.cost == 0
    history.redo()
    assert history.cost == 10


def test_cost_counts_done_steps_only():
    history = History()
    history.push(Step(cost=7))
    history.push(Step(cost=5))
    history.undo()
    assert history.cost == 7
    history.redo()
    assert history.cost == 12


def test_clean_means_what_the_file_holds():
    history = History()
    assert history.is_clean
    history.push(Step())
    assert not history.is_clean
    history.mark_clean()
    history.undo()
    assert not history.is_clean
    history.redo()
    assert history.is_clean
    history.mark_dirty()
    assert not history.is_clean


def test_a_trimmed_history_is_not_clean_at_the_bottom():
    history = History(budget=1)
    for _ in range(3):
        history.push(Step(cost=100))
    history.go_to(0)
    assert not history.is_clean


def test_merging_joins_a_run_but_not_across_a_save():
    history = History()
    history.push(Step("slide", joins=True))
    history.push(Step("slide"), merge=True)
    assert (history.position, history.cost) == (1, 20)
    history.mark_clean()
    history.push(Step("slide"), merge=True)
    assert history.position == 2
    history.undo()
    assert history.is_clean


def test_forgetting_the_steps_keeps_the_state():
    history = History()
    history.push(Step())
    history.mark_clean()
    history.clear()
    assert history.is_clean
    assert not history.can_undo
