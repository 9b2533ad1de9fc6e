"""A booking on the clinic's page, over HTTP alone, from the open slots to the messages."""

from tests.house import House
from tests.organisation import at


async def test_a_patient_books_pays_and_four_messages_arrive(house: House) -> None:
    start = at(house.organised, 3, 10)

    held = (await house.hold(start)).json()
    await house.details(held["token"])
    paid = await house.pay(held["token"])
    await house.settle()

    assert paid.status_code == 303
    visit = await house.visit(held["token"])
    assert visit["status"] == "confirmed"
    assert visit["payment_status"] == "succeeded"
    assert visit["join_url"]
    messages = await house.outbox(held["appointment_id"])
    assert {(item["audience"], item["channel"]) for item in messages} == {
        ("patient", "email"),
        ("patient", "text"),
        ("provider", "email"),
        ("provider", "text"),
    }
    assert {item["status"] for item in messages} <= {"sent", "delivered"}
