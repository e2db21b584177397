"""Where a run is: phases by steps and by time, landing, validations that are worth their time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgstudio.learn.plan import Curve, Phase, Plan
from imgstudio.learn.timeline import Timeline, steps_of

RATE = Curve("linear", 1.0, 0.0)

phases = st.lists(
    st.builds(
        Phase,
        st.just("phase"),
        st.floats(0.1, 8),
        size=st.sampled_from([0, 64, 128]),
        batch=st.integers(1, 16),
        rate=st.just(RATE),
    ),
    min_size=1,
    max_size=4,
)


@given(phases, st.integers(1, 60), st.integers(1, 3))
def test_every_phase_gets_its_steps_and_done_rises_to_one(the_phases, count, accumulate):
    line = Timeline(Plan(tuple(the_phases), accumulate=accumulate), count)
    dones, seen = [], [0] * len(the_phases)
    while not line.is_over:
        dones.append(line.done)
        seen[line.where.phase] += 1
        line.advance()
        line.turn()

    assert seen == [steps_of(phase, count, accumulate) for phase in the_phases]
    assert line.total_steps == sum(seen) == line.where.step
    assert dones[0] == 0
    assert dones == sorted(dones)
    assert dones[-1] < line.done == 1


@given(phases, st.floats(0.2, 0.9))
@settings(max_examples=30)
def test_with_a_budget_phases_share_the_time_by_their_work(the_phases, pace):
    plan = Plan(tuple(the_phases), minutes=2)
    line = Timeline(plan, 50)
    while not line.is_over:
        line.where.seconds += pace
        line.advance()
        line.turn()

    assert 120 <= line.where.seconds < 120 + pace * len(the_phases) + 1e-6


def test_larger_pictures_get_more_of_the_time():
    plan = Plan((Phase("small", 1, size=100), Phase("large", 1, size=200)), minutes=10)
    line = Timeline(plan, 80)
    turned_at = None
    while not line.is_over:
        line.where.seconds += 0.5
        line.advance()
        if line.turn() and turned_at is None:
            turned_at = line.where.seconds

    assert turned_at == pytest.approx(600 / 5, abs=1)


def test_the_number_of_steps_is_estimated_from_the_pace():
    plan = Plan((Phase("small", 1, size=100), Phase("large", 1, size=200)), minutes=10)
    line = Timeline(plan, 80)
    while line.where.seconds < 60:
        line.where.seconds += 1
        line.advance()

    # 120 s at a second a step, 480 s at four
    assert line.total_steps == pytest.approx(120 + 120, abs=3)


def test_landing_falls_from_where_the_rate_was_to_the_end_of_the_plan():
    line = Timeline(Plan((Phase("only", 100, "steps", RATE),)), 80)
    for _ in range(40):
        line.advance()

    assert line.land(0.25)
    rates = []
    while not line.is_over:
        rates.append(line.rate)
        line.advance()
        line.turn()

    assert len(rates) == 10
    assert rates[0] == pytest.approx(0.6)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.03
    assert not line.land(0.25)


def test_nothing_lands_later_than_the_plan_ends():
    line = Timeline(Plan((Phase("only", 100, "steps", RATE),)), 80)
    for _ in range(90):
        line.advance()

    assert not line.land(0.25)
    assert line.total_steps == 100


def test_a_budget_keeps_time_for_the_last_validation():
    line = Timeline(Plan((Phase("only", 1),), minutes=10), 80)
    line.judge(20)
    while not line.is_over:
        line.where.seconds += 1
        line.advance()
        line.turn()

    assert line.where.seconds == pytest.approx(580, abs=2)


def test_validations_that_take_too_much_of_a_budget_become_rarer():
    line = Timeline(Plan((Phase("only", 1),), minutes=10), 8)
    judged = 0
    while not line.is_over:
        line.where.seconds += 1
        line.advance()
        if not line.turn() and line.wants_validation:
            judged += 1
            line.judge(10)

    assert 8 <= judged <= 13  # every epoch is one step long: each would take ten times its time


@given(phases, st.integers(0, 30))
def test_a_timeline_goes_on_from_its_facts(the_phases, steps):
    plan = Plan(tuple(the_phases), minutes=1)
    first, second = Timeline(plan, 20), Timeline(plan, 20)
    for step in range(steps):
        first.where.seconds += 0.1
        first.advance()
        first.turn()
        if step == 20:
            first.land(0.2)
    second.restore(first.facts())

    assert second.where == first.where
    assert (second.rate, second.done) == (first.rate, first.done)
