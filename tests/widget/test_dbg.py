from tests.house import House
from tests.organisation import at
async def test_x(house: House):
    held = (await house.hold(at(house.organised, 3, 11))).json()
    print(held)
    print((await house.details(held["token"])).text[:300])
    r = await house.http.post(f"/api/booking/appointments/{held['token']}/payment"); print(r.status_code, r.text[:600])
    u = r.json().get("url")
    if u:
        g = await house.http.get(u); print(g.status_code, g.text[-900:])
        g = await house.http.post(u, data={"outcome": "succeed"}); print(g.status_code, g.headers, g.text[:300])
    await house.settle()
    print((await house.visit(held["token"]))["status"])
