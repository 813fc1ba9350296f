"""Acts of the licences room. Signatures fixed by the cases room, which calls them inside its transaction of the decision.

issue(type_slug, *, holder, face, decision, issued_on, valid_from, valid_to, actor, previous=None, now=None) -> Licence
    Make the licence VALID inside the caller's transaction: serial by one UPDATE, identifier with check character, 128-bit token,
    signed statement (tokens.py), event LicenceIssued(licence), errand `licences.seal` (journal.enqueue, once=f"seal:{pk}").
    Asked a second time for the same decision and type it answers the licence made then.
carrier("licences.seal")(licence)  renders + seals the PDF outside any lock, stores it encrypted (materials.store), sets pdf,
    pdf_sha256, sealed_at in one UPDATE (only if sealed_at is null), records LicenceSealed(licence, decision).
call(licence, *, about, matter, purpose, fields, actor) -> dict   the licence used instead of paper; LicenceCall + note_read; once per case.
suspend / resume / revoke / cancel(licence, *, reason, actor) ; supersede when a newer edition of the same type is issued to the holder (previous).
expire_due(today)  a daily duty.
verify(token, *, channel) -> Verification(signature ok?, state, status_age, type, limited face, identifier...) | None; writes LicenceCheck.
open_pdf(licence) -> bytes ; checks sha256.

Queries (queries.py): in_force(holder, type_slug, on) -> Licence|None ; of(party) newest first ; face_value(holder, type_slug, field, on).
"""
