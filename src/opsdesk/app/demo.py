"""`opsdesk demo`: a whole installation on this machine, and a real procedure that runs in it twice."""

import asyncio
import fcntl
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import aiohttp

from opsdesk.app import process
from opsdesk.app.demo_benefits import BenefitStory, benefit_problems
from opsdesk.app.demo_installation import Installation, installation
from opsdesk.app.demo_next import ENVIRONMENT_FILE, tell_what_is_there, written_environment
from opsdesk.app.demo_processes import DemoProcesses
from opsdesk.app.demo_remote import Remote
from opsdesk.app.demo_review import ANOTHER, SAME, Arrived, ReviewStory, review_problems
from opsdesk.app.demo_screen import Screen
from opsdesk.app.demo_story import Journey, Story
from opsdesk.app.demo_verdict import problems
from opsdesk.app.demo_waiting import DemoFailed
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.ids import new_id
from opsdesk.kit.log import bound
from opsdesk.kit.settings import Settings

PROCEDURE = "customer-onboarding.osop.yaml"
AUTOMATIC, REVIEWED, WAITING = "Customer Clear", "Customer Lowscore", "Customer Watchlisted"
"""Three customers; the sandbox's partners decide by the last word. The third is left to whoever watches."""


async def demonstrate(settings: Settings, *, check: bool, screen: Screen) -> int:
    """The exit code: 0 if both paths ended right, also when it was told to end after that."""
    data_dir = settings.data_dir.resolve()
    try:
        with (
            process.stop_signals() as stop,
            _hang_up(stop),
            _only_one(data_dir),
            bound(request_id=f"demo:{new_id()}"),
        ):
            demo = Demo(data_dir, settings, screen)
            await _as_long_as_all_is_well(demo, stop, check=check)
    except (DemoFailed, OpsdeskError) as failure:
        screen.failure(_in_words(failure))
        return 1
    return 0 if demo.ended_right else 1


def _in_words(failure: Exception) -> str:
    if not isinstance(failure, OpsdeskError):
        return str(failure)
    return "\n".join([failure.message, *(f"  {name}: {value}" for name, value in failure.detail.items())])


async def _as_long_as_all_is_well(demo: "Demo", stop: asyncio.Event, *, check: bool) -> None:
    """Show everything; it is ended in order when a signal comes or one of the processes dies. Raises DemoFailed."""
    showing = asyncio.create_task(demo.show(check=check))
    told = asyncio.create_task(stop.wait())
    dying = asyncio.create_task(demo.processes.until_one_ends())
    await asyncio.wait({showing, told, dying}, return_when=asyncio.FIRST_COMPLETED)
    if not showing.done():
        demo.screen.title("Ending")
        showing.cancel()
    told.cancel()
    dying.cancel()
    ended = await asyncio.gather(showing, dying, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error


class Demo:
    """One demonstration."""

    def __init__(self, data_dir: Path, settings: Settings, screen: Screen) -> None:
        self._data_dir = data_dir
        self._settings = settings
        self.screen = screen
        self.processes = DemoProcesses(data_dir)
        self.ended_right = False

    async def show(self, *, check: bool) -> None:
        """Start everything, show both paths, and stay until cancelled unless `check`. Raises DemoFailed."""
        self.screen.title("Opsdesk demo")
        self.processes.end_leftovers()
        (self._data_dir / ENVIRONMENT_FILE).unlink(missing_ok=True)
        if self._settings.database_url is not None:
            self.screen.words("OPSDESK_DATABASE_URL is set and not used: the demo has a database of its own.")
        started = installation(
            self._data_dir, wanted_port=self._settings.port, processes=self.processes, screen=self.screen
        )
        async with started as installed:
            async with aiohttp.ClientSession() as session:
                story, procedure = await self._both_paths(installed, session)
                if check:
                    return
                self.screen.title(f"5. A person is needed: {WAITING} applies")
                waiting = await story.apply(procedure, WAITING, reviewed=False)
                self.screen.title(f"6. So it is for the application of {SAME}")
                arrived = await self._review_story(installed, session).arrive(SAME, case="match", form="json")
            await self._stay(installed, waiting, arrived)

    async def _both_paths(self, installed: Installation, session: aiohttp.ClientSession) -> tuple[Story, str]:
        portal = Remote(session, installed.base_url, key=installed.keys.portal.key)
        reviewer = Remote(session, installed.base_url, key=installed.keys.reviewer.key)
        world = Remote(session, installed.control_url)
        story = Story(portal=portal, reviewer=reviewer, world=world, screen=self.screen)
        procedure = await story.store(procedure_file().read_text(encoding="utf-8"), file_name=PROCEDURE)
        self.screen.title(f"1. The automatic path: {AUTOMATIC} applies")
        automatic = await story.apply(procedure, AUTOMATIC)
        self.screen.title(f"2. The review path: {REVIEWED} applies")
        reviewed = await story.apply(procedure, REVIEWED)
        self.screen.title(f"3. An application comes in: {ANOTHER} shows a card of somebody else")
        review_story = self._review_story(installed, session)
        outcome = await review_story.reject(await review_story.arrive(ANOTHER, case="differ", form="protobuf"))
        wrong = [*await problems(automatic=automatic, reviewed=reviewed, portal=portal, world=world)]
        wrong += await review_problems(outcome, world=world)
        self.screen.title("4. Points: a customer of the bank gets a service for them, and gives it back")
        bank = Remote(session, installed.base_url, key=installed.keys.bank.key)
        wrong += benefit_problems(await BenefitStory(bank=bank, screen=self.screen).come_and_go())
        self._tell_verdict(wrong)
        return story, procedure

    def _review_story(self, installed: Installation, session: aiohttp.ClientSession) -> ReviewStory:
        key = installed.keys.engine.key
        return ReviewStory(
            base_url=installed.base_url,
            key=key,
            engine=Remote(session, installed.base_url, key=key),
            reviewer=Remote(session, installed.base_url, key=installed.keys.reviewer.key),
            world=Remote(session, installed.control_url),
            screen=self.screen,
        )

    def _tell_verdict(self, wrong: Sequence[str]) -> None:
        self.ended_right = not wrong
        self.screen.title("Both paths ended right." if self.ended_right else "It did not end right:")
        for problem in wrong:
            self.screen.words(f"  {problem}")
        if self.ended_right:
            self.screen.words("  Two customers, two accounts, two welcomes; a person decided about one.")
            self.screen.words("  One application, rejected by a person who saw its pictures; its code came back.")
            self.screen.words("  One benefit, redeemed and refunded; every point came back.")

    async def _stay(self, installed: Installation, waiting: Journey, arrived: Arrived) -> None:
        with written_environment(self._data_dir, installed) as file:
            tell_what_is_there(installed, waiting=waiting, arrived=arrived, file=file, screen=self.screen)
            await asyncio.Event().wait()


def procedure_file() -> Path:
    """The procedure shipped: inside the installed package, or at the root of the repository."""
    package = Path(__file__).parents[1]
    shipped = package / "procedures" / PROCEDURE
    return shipped if shipped.is_file() else package.parents[1] / "procedures" / PROCEDURE


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Raises DemoFailed if a demo is running in this folder. The kernel lets go for a demo that was killed."""
    data_dir.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (data_dir / "demo.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoFailed(f"A demo is running already in {data_dir}; end that one first.") from None
        yield


@contextmanager
def _hang_up(stop: asyncio.Event) -> Iterator[None]:
    """A terminal that is closed ends the demo as Ctrl-C does."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, stop.set)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
