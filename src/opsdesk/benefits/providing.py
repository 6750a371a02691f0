"""What routes of benefits are handed by the application."""

from typing import Annotated

from fastapi import Depends, FastAPI, Request

from opsdesk.benefits.redeeming import Redeem


def provide(app: FastAPI, *, redeem: Redeem) -> None:
    """`redeem` asks for redemptions that come at the same moment together."""
    app.state.redeem = redeem


async def _redeem(request: Request) -> Redeem:
    redeem: Redeem = request.app.state.redeem
    return redeem


Redeemer = Annotated[Redeem, Depends(_redeem)]
