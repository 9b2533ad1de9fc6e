"""Role × verb as a grid: the one place where a changed right has to be written down a second time."""

from uuid import UUID

import pytest

from server.domain.errors import ForbiddenError
from server.domain.permissions import PERMISSIONS, Viewer
from shared.schemas.enums import Role, Verb

#                      admin manager front_desk provider patient
GRID = """
view_schedule          yes   yes     yes        yes      no
view_appointment       yes   yes     yes        yes      no
book_appointment       yes   yes     yes        no       no
cancel_appointment     yes   yes     yes        no       no
refund_payment         yes   yes     yes        no       no
send_message           yes   yes     yes        no       no
view_day_sales         yes   yes     yes        no       no
view_sales             yes   yes     no         no       no
export_data            yes   yes     no         no       no
follow_events          yes   yes     yes        yes      no
host_visit             no    no      no         yes      no
manage_setup           yes   no      no         no       no
manage_staff           yes   no      no         no       no
manage_own_visit       no    no      no         no       yes
"""
ROLES = (Role.ADMIN, Role.MANAGER, Role.FRONT_DESK, Role.PROVIDER, Role.PATIENT)
CELLS = [
    (role, Verb(words[0]), words[1 + place] == "yes")
    for words in (line.split() for line in GRID.strip().splitlines())
    for place, role in enumerate(ROLES)
]


def a_viewer(role: Role) -> Viewer:
    return Viewer(user_id=UUID(int=1), session_id=UUID(int=2), name="Dana Reyes", email="dana@demo.test", role=role)


def test_the_grid_and_the_table_cover_every_role_and_verb() -> None:
    assert set(PERMISSIONS) == set(Role) == set(ROLES)
    assert {(role, verb) for role, verb, _ in CELLS} == {(role, verb) for role in Role for verb in Verb}


@pytest.mark.parametrize(("role", "verb", "allowed"), CELLS)
def test_a_role_may_what_the_grid_says(role: Role, verb: Verb, allowed: bool) -> None:
    viewer = a_viewer(role)

    assert viewer.may(verb) is allowed
    if allowed:
        viewer.require(verb)
    else:
        with pytest.raises(ForbiddenError) as refused:
            viewer.require(verb)
        assert refused.value.code == "forbidden"
        assert refused.value.next_step
