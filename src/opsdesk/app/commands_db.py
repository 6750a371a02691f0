"""`opsdesk db`: the database itself, for those who look after it."""

import asyncio
import os

from opsdesk.app.command_frame import AsJson, command, read_settings
from opsdesk.app.output import print_data, print_json, say


@command
async def show_url(as_json: AsJson = False) -> None:
    """Print the URL of the database, with its password masked.

    Example: `opsdesk db url`
    """
    from opsdesk.kit.embedded import database_url
    from opsdesk.kit.masking import mask_text

    settings = read_settings()
    async with database_url(settings) as url:
        shown = mask_text(url)
    if as_json:
        print_json({"url": shown, "embedded": settings.database_url is None})
        return
    print_data(shown)
    if settings.database_url is None:
        say("this one runs only while a command or process of Opsdesk does: opsdesk db psql keeps it up")


@command
async def open_prompt() -> int:
    """Open psql in the database, and keep the embedded one up meanwhile. Standard input may be a script.

    Example: `echo 'select count(*) from flow_run' | opsdesk db psql`
    """
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    from opsdesk.kit.embedded import database_url, programs

    async with database_url(read_settings()) as url:
        parts = conninfo_to_dict(url)
        # Not among the arguments, which everybody on the machine can read.
        environment = {**os.environ, "PGPASSWORD": str(parts.pop("password", ""))}
        command_line = [str(programs() / "psql"), f"--dbname={make_conninfo('', **parts)}"]
        psql = await asyncio.create_subprocess_exec(*command_line, env=environment)
        return await psql.wait()
