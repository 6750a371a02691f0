"""`opsdesk benefits expire` and `jobs`: what ends orders by itself, at the command line."""

from tests.app.shell import Shell


def test_what_is_due_is_ended_and_told_in_the_log(shell: Shell) -> None:
    assert shell("benefits", "expire").err == "0 orders ended: 0 points returned, 0 forfeited\n"
    assert shell("benefits", "expire", "--key", "k", "--json").json == {
        **{"job_run_id": 2, "expired": 0, "returned": 0, "forfeited": 0, "remaining": 0},
    }
    assert shell("benefits", "expire", "--key", "k", "--json").json["job_run_id"] == 2
    told = shell("benefits", "jobs")
    assert "0 of 0" in told.out
    assert told.err == "2 jobs\n"
    assert [each["job_run_id"] for each in shell("benefits", "jobs", "--json").json["items"]] == [2, 1]
