"""Which revisions may be applied while a release is live."""

import pytest

from slipway.schema.phases import Live, Revision, decide

E1, C2, E3 = Revision("e1", phase="expand"), Revision("c2", phase="contract"), Revision("e3", phase="expand")
C3, N2 = Revision("c3", phase="contract"), Revision("n2")
OLD = Live("0.1.0", frozenset({"e0"}))
NEW = Live("0.2.0", frozenset({"e0", "e1", "c2", "e3"}))
MUTE = Live("somebody's", None)


def ids(revisions: tuple[Revision, ...]) -> list[str]:
    """Return their names."""
    return [revision.id for revision in revisions]


def test_without_a_live_release_everything_is_applied() -> None:
    decision = decide([E1, C2, E3, N2], [], contract=False)

    assert ids(decision.apply) == ["e1", "c2", "e3", "n2"]
    assert not decision.refused


def test_what_takes_something_away_waits() -> None:
    decision = decide([E1, C2, C3], [OLD], contract=False)

    assert (ids(decision.apply), ids(decision.wait), decision.refused) == (["e1"], ["c2", "c3"], "")


def test_what_the_new_image_needs_beyond_it_is_refused() -> None:
    decision = decide([E1, C2, E3], [OLD], contract=False)

    assert (ids(decision.apply), ids(decision.wait)) == (["e1"], ["c2", "e3"])
    assert "e3" in decision.refused
    assert "./inv migrate --contract" in decision.refused


def test_contract_is_refused_while_a_release_needs_the_old_schema() -> None:
    decision = decide([C2], [NEW, OLD], contract=True)

    assert not decision.apply
    assert "0.1.0" in decision.refused
    assert "c2" in decision.refused


def test_contract_is_refused_while_a_release_does_not_say_what_it_knows() -> None:
    assert "somebody's" in decide([C2], [MUTE], contract=True).refused


def test_contract_is_applied_once_every_release_knows_it() -> None:
    decision = decide([C2, E3], [NEW], contract=True)

    assert (ids(decision.apply), decision.refused) == (["c2", "e3"], "")


def test_contract_with_nothing_to_take_away_needs_nobodys_leave() -> None:
    assert ids(decide([E1], [OLD], contract=True).apply) == ["e1"]


@pytest.mark.parametrize("contract", [False, True])
def test_a_revision_without_a_phase_is_not_trusted(contract: bool) -> None:
    decision = decide([E1, N2], [OLD], contract=contract)

    assert "n2 doesn't say its phase" in decision.refused
    assert "n2" not in ids(decision.apply)


def test_nothing_pending_is_nothing_to_do() -> None:
    assert decide([], [OLD], contract=True) == decide([], [], contract=False)
