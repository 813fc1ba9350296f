"""What a power with limits opens: by the name of an address, what must be allowed there.

A page that is not named here is for whoever acts as the party itself: the person, its parents or guardian, the legal representative, a
clerk with all rights. So a new page is closed to agents until somebody has thought about it. Pages about one case are judged by
`portal/own.py` with the case's matter; the others here by the acts alone, and their lists hold no more than the power reaches.
"""

from tongban.parties.states import Act

ANYBODY: frozenset[str] = frozenset()
FILLS = frozenset({Act.PREPARE.value, Act.SUBMIT.value})
SEES = frozenset({Act.SEE.value})
SENDS = frozenset({Act.SUBMIT.value})
RECEIVES = frozenset({Act.RECEIVE.value})
PREPARES = frozenset({Act.PREPARE.value})
LICENCES = frozenset({Act.LICENCES.value, Act.RECEIVE.value})
PAYS = frozenset({Act.PAY.value})

NEEDS: dict[str, frozenset[str]] = {
    "portal:cases": ANYBODY,
    "portal:drafts": ANYBODY,
    "portal:helping": ANYBODY,  # one's own help for others, whoever one stands for
    "portal:helping_situation": ANYBODY,
    "portal:helping_form": ANYBODY,
    "portal:helping_save": ANYBODY,
    "portal:helping_materials": ANYBODY,
    "portal:helping_material": ANYBODY,
    "portal:helping_check": ANYBODY,
    "portal:helping_leave": ANYBODY,
    "portal:signatures": ANYBODY,  # one's own signature, never somebody else's
    "portal:signature": ANYBODY,
    "portal:signature_sign": ANYBODY,
    "portal:signature_decline": ANYBODY,
    "portal:mandates": ANYBODY,  # each sees what is theirs
    "portal:mandate": ANYBODY,
    "portal:mandate_new": ANYBODY,
    "portal:mandate_ask": ANYBODY,
    "portal:mandate_answer": ANYBODY,
    "portal:mandate_end": ANYBODY,
    "portal:mandate_pass_on": ANYBODY,
    "portal:member_leave": ANYBODY,
    "portal:mandate_code": ANYBODY,
    "portal:family_find": ANYBODY,
    "portal:family_claim": ANYBODY,
    "portal:family_end": ANYBODY,
    "portal:begin": PREPARES,
    "portal:one_more": PREPARES,
    "portal:together_begin": PREPARES,
    "portal:together_open": FILLS,
    "portal:case": SEES,
    "portal:case_paper": SEES,
    "portal:case_ask": SEES,
    "portal:apply_promise": FILLS,
    "portal:case_supply": FILLS,
    "portal:case_undo": PREPARES,
    "portal:case_hearing": SENDS,
    "portal:case_appeal": SENDS,
    "portal:case_why": SEES,
    "portal:apply": FILLS,
    "portal:apply_situation": FILLS,
    "portal:apply_form": FILLS,
    "portal:apply_list": PREPARES,
    "portal:apply_pdf": FILLS,
    "portal:apply_save": PREPARES,
    "portal:apply_materials": FILLS,
    "portal:apply_material": PREPARES,
    "portal:apply_picture": FILLS,
    "portal:apply_take": PREPARES,
    "portal:apply_right": PREPARES,
    "portal:apply_check": FILLS,
    "portal:apply_answer": PREPARES,
    "portal:apply_delete": PREPARES,
    "portal:apply_keep": PREPARES,
    "portal:draft_back": PREPARES,
    "portal:draft_erase": PREPARES,
    "portal:apply_signers": FILLS,
    "portal:apply_signers_again": FILLS,
    "portal:apply_hands": FILLS,
    "portal:apply_device": FILLS,
    "portal:apply_device_code": PREPARES,
    "portal:apply_device_confirm": PREPARES,
    "portal:apply_device_end": PREPARES,
    "portal:apply_invite": PREPARES,
    "portal:apply_ready": PREPARES,
    "portal:apply_hands_end": PREPARES,
    "portal:bundle_choose": SENDS,
    "portal:bundle_release": SENDS,
    "portal:inspection_wish": SENDS,
    "portal:apply_submit": SENDS,
    "portal:case_withdraw": SENDS,
    "portal:case_person": SENDS,
    "portal:case_open": RECEIVES,
    "portal:getting": RECEIVES,
    "portal:rate": RECEIVES,
    "portal:paper": FILLS,
    "portal:paper_preview": FILLS,
    "portal:paper_again": PREPARES,
    "portal:bills": PAYS,
    "portal:bill": PAYS,
    "portal:pay": PAYS,
    "portal:payment": PAYS,
    "portal:payment_act": PAYS,
    "portal:receipt": PAYS,
    "portal:code": ANYBODY,  # one shows one's own code, whoever one acts for
    "portal:code_now": ANYBODY,
    "portal:code_seen": ANYBODY,
    "portal:code_gate": ANYBODY,
    "portal:code_paper": ANYBODY,  # whoever may fetch a relative's: asked by the act
    "portal:code_paper_pdf": ANYBODY,
    "portal:code_company_sheet": ANYBODY,
    "portal:statuses": ANYBODY,  # one's own, a child's or a ward's, whoever one stands for: asked by the view
    "portal:status": ANYBODY,
    "portal:status_appeal": ANYBODY,
    "portal:licences": LICENCES,
    "portal:licence": LICENCES,
    "portal:licence_pdf": LICENCES,
    "portal:licence_show": LICENCES,
}

# pages for whoever is signed in that show or give the space one stands in: only as the party itself
OF_THE_SPACE = {
    "account_reads",
    "account_read_question",
    "portal:my_data",
    "portal:export",
}
