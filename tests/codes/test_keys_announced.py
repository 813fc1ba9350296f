"""Keys that sign codes are known to every gate before they sign."""

from datetime import UTC, datetime, timedelta

from tongban.codes import keys

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def test_no_key_signs_before_it_was_announced_for_a_day_except_the_very_first(tmp_path):
    first, at = keys.current(tmp_path, now=NOW), NOW
    since: dict[bytes, datetime] = {first.kid: NOW - DAY}
    signed = []
    for _hour in range(24 * 75):
        at += timedelta(hours=1)
        signer = keys.current(tmp_path, now=at)
        for key in keys.all_public(tmp_path):
            since.setdefault(key.kid, at)
        signed.append((signer.kid, at - since[signer.kid]))

    assert len({kid for kid, _known in signed}) == 2
    assert min(known for _kid, known in signed) >= DAY


def test_after_a_withdrawal_the_next_key_signs_at_once(tmp_path):
    stolen = keys.current(tmp_path, now=NOW)
    keys.withdraw(tmp_path, stolen.key_id, now=NOW, why="stolen")

    assert keys.current(tmp_path, now=NOW).kid != stolen.kid
