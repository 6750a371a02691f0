"""What `git`, `docker`, `infra` and `cicd` nodes run: a real git, and programs that stand in for the other tools."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsdesk.flows.calls import Done, Failed
from opsdesk.flows.nodes.failures import Failure
from opsdesk.flows.nodes.tool_commands import TOOLS
from opsdesk.flows.nodes.tools import tool_node
from opsdesk.flows.procedure import NodeType, Security, with_article
from tests.flows.nodes.conftest import make_call, make_node, secrets

Run = Callable[..., Any]
STAND_IN = f"""#!{sys.executable} -S
import json, os, sys
with open(os.path.join(os.path.dirname(sys.argv[0]), "said"), "a") as file:
    file.write(json.dumps([os.path.basename(sys.argv[0]), *sys.argv[1:]]) + "\\n")
if "fail" in sys.argv:
    sys.exit("secret words")
print(json.dumps({{"argv": sys.argv[1:], "token": os.environ.get("KYC_PROVIDER_API_KEY")}}))
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that say how they were called; it comes first on PATH."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("docker", "terraform", "tofu", "kubectl", "helm", "pulumi", "ansible-playbook", "gh", "glab"):
        (folder / name).write_text(STAND_IN)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Run:
    async def run(node_type: NodeType, subtype: str | None, *, outputs: Any = (), **runtime: Any) -> Any:
        scope = runtime.pop("scope", {})
        security = Security(credentials=runtime.pop("credentials", ()))
        node = make_node(node_type, subtype=subtype, runtime=runtime, outputs=outputs, security=security)
        return await tool_node(secrets, tmp_path)(make_call(node, **scope))

    return run


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`work`, a clone of `origin.git` with one commit."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text("[user]\nname = Ops\nemail = ops@example.com\n[init]\ndefaultBranch = main\n")
    for argv in (
        ["git", "init", "--quiet", "--bare", "origin.git"],
        ["git", "clone", "--quiet", "origin.git", "work"],
        ["git", "-C", "work", "commit", "--quiet", "--allow-empty", "--message=first"],
        ["git", "-C", "work", "push", "--quiet", "origin", "HEAD:refs/heads/main"],
    ):
        subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "work"


def git(folder: Path, *argv: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *argv], check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.req("FLO-302")
async def test_a_file_is_committed_and_pushed(run: Run, repository: Path) -> None:
    (repository / "rates.csv").write_text("CNY,1\n")
    more = {"message": "Rates of ${day}; $(touch pwned)", "branch": "main", "push": True, "paths": ["rates.csv"]}
    outcome = await run(NodeType.GIT, "commit", repository="work", scope={"day": "周一"}, outputs=("stdout",), **more)
    assert outcome == Done({"stdout": git(repository, "rev-parse", "HEAD")})
    origin = repository.with_name("origin.git")
    assert git(origin, "log", "--format=%s", "-1", "main") == "Rates of 周一; $(touch pwned)"


@pytest.mark.req("FLO-302")
async def test_a_release_is_tagged_branched_and_merged(run: Run, repository: Path) -> None:
    tag = {"tag": "v${version}", "ref": "HEAD", "message": "Release ${version}", "push": True}
    assert await run(NodeType.GIT, "tag", repository="work", scope={"version": "1.2"}, **tag) == Done({})
    assert git(repository.with_name("origin.git"), "tag", "--list", "--format=%(subject)") == "Release 1.2"
    assert await run(NodeType.GIT, "branch", repository="work", branch="next", ref="v1.2") == Done({})
    git(repository, "commit", "--quiet", "--allow-empty", "--message=more")
    merged = await run(NodeType.GIT, "merge", repository="work", branch="next", outputs=("stdout",))
    assert merged == Done({"stdout": git(repository, "rev-parse", "HEAD")})
    assert await run(NodeType.GIT, "clone", repository="origin.git", directory="copy") == Done({})
    assert git(repository.with_name("copy"), "tag") == "v1.2"


async def test_what_git_says_of_a_failure_is_not_kept(run: Run, repository: Path) -> None:
    outcome = await run(NodeType.GIT, "merge", repository=repository.name, branch="zhang.wei@example.cn")
    assert outcome.code == Failure.COMMAND_FAILED
    assert "zhang" not in outcome.message


async def test_an_address_that_would_run_a_program_is_refused_by_git(run: Run, repository: Path) -> None:
    address = "ext::sh -c 'touch pwned'"
    outcome = await run(NodeType.GIT, "clone", repository="${it}", scope={"it": address}, directory="copy")
    assert outcome.code == Failure.COMMAND_FAILED
    assert not (repository.parent / "pwned").exists()


@pytest.mark.req("FLO-102", "FLO-302")
@pytest.mark.parametrize(
    ("node_type", "runtime", "argv"),
    [
        (
            NodeType.GIT,
            {"action": "clone", "repo": "https://a.test/x"},
            ["git", "clone", "--quiet", "--", "https://a.test/x"],
        ),
        (NodeType.DOCKER, {"action": "push", "image": "x"}, ["docker", "push", "--quiet", "x"]),
    ],
)
async def test_the_action_says_what_is_done_where_the_subtype_does_not(
    run: Run, node_type: NodeType, runtime: dict[str, Any], argv: list[str]
) -> None:
    told = await run(node_type, None, dry_run=True, outputs=("commands",), **runtime)
    assert told.outputs["commands"] == [argv]


async def test_a_node_that_does_not_say_what_it_does_is_told_what_there_is(run: Run) -> None:
    outcome = await run(NodeType.GIT, None)
    assert outcome.message.startswith("a git node without a subtype (known: commit, branch, ")


@pytest.mark.req("FLO-302")
async def test_a_dry_run_says_what_it_would_run_and_runs_nothing(run: Run, tools: Path) -> None:
    build = {
        "dockerfile": "./Dockerfile",
        "image": "registry.example.com/${service}",
        "tag": "${version}",
        "build_args": {"VERSION": "${version}"},
        "labels": {"team": "platform"},
        "platform": ["linux/amd64", "linux/arm64"],
        "push": True,
    }
    scope = {"service": "desk", "version": "1.2; rm -rf /"}
    outcome = await run(NodeType.DOCKER, "build", dry_run=True, outputs=("commands",), scope=scope, **build)
    argv = ["docker", "build", "--quiet", "--file=./Dockerfile", "--tag", "registry.example.com/desk:1.2; rm -rf /"]
    argv += ["--build-arg=VERSION=1.2; rm -rf /", "--label=team=platform", "--platform=linux/amd64"]
    argv += ["--platform=linux/arm64", "--push", "."]
    assert outcome == Done({"commands": [argv]})
    assert not (tools / "said").exists()


@pytest.mark.req("FLO-302")
@pytest.mark.parametrize(
    ("node_type", "subtype", "runtime", "said"),
    [
        (NodeType.DOCKER, "push", {"image": "a/b", "tag": "1"}, [["docker", "push", "--quiet", "a/b:1"]]),
        (
            NodeType.DOCKER,
            "run",
            {"image": "a/b", "env": {"A": "${x}"}, "args": ["--all", "${x}"]},
            [["docker", "run", "--rm", "--env=A=-1 2", "a/b", "--all", "-1 2"]],
        ),
        (
            NodeType.DOCKER,
            "compose",
            {"file": "c.yaml", "action": "up", "services": ["web"]},
            [["docker", "compose", "--file=c.yaml", "up", "--detach", "--wait", "web"]],
        ),
        (
            NodeType.INFRA,
            "terraform",
            {"working_directory": "infra", "variables": {"size": "${x}", "zones": ["a", "${x}"]}},
            [
                ["terraform", "-chdir=infra", "init", "-input=false", "-no-color"],
                [
                    "terraform",
                    "-chdir=infra",
                    "plan",
                    "-input=false",
                    "-no-color",
                    "-var=size=-1 2",
                    '-var=zones=["a","-1 2"]',
                ],
            ],
        ),
        (
            NodeType.INFRA,
            None,
            {"tool": "kubernetes", "config_path": "k8s/", "namespace": "desk"},
            [["kubectl", "--namespace=desk", "apply", "--output=json", "--filename=k8s/"]],
        ),
        (
            NodeType.INFRA,
            "helm",
            {"release": "desk", "chart": "./chart", "variables": {"tag": "${x}"}},
            [
                [
                    "helm",
                    "upgrade",
                    "--install",
                    "--wait",
                    "--output=json",
                    '--set-json=tag="-1 2"',
                    "desk",
                    "./chart",
                ]
            ],
        ),
        (
            NodeType.INFRA,
            "ansible",
            {"config_path": "site.yml", "inventory": "hosts", "variables": {"v": "${x}"}},
            [["ansible-playbook", "--inventory=hosts", '--extra-vars={"v":"-1 2"}', "site.yml"]],
        ),
        (
            NodeType.INFRA,
            "pulumi",
            {"stack": "prod", "action": "up", "auto_approve": True},
            [["pulumi", "up", "--non-interactive", "--json", "--stack=prod", "--yes", "--skip-preview"]],
        ),
        (
            NodeType.CICD,
            "deploy",
            {"platform": "github-actions", "workflow": "deploy.yml", "ref": "main", "inputs": {"v": "${x}"}},
            [["gh", "workflow", "run", "--ref=main", "--raw-field=v=-1 2", "deploy.yml"]],
        ),
        (
            NodeType.CICD,
            "build",
            {"platform": "gitlab-ci", "ref": "main", "inputs": {"v": "${x}"}},
            [["glab", "ci", "run", "--branch=main", "--variables-env=v:-1 2"]],
        ),
        (
            NodeType.GIT,
            "pr",
            {"title": "T", "body": "${x}", "branch": "next"},
            [["gh", "pr", "create", "--title=T", "--body=-1 2", "--head=next"]],
        ),
    ],
)
async def test_each_tool_is_called_with_what_is_declared(
    run: Run, tools: Path, node_type: NodeType, subtype: str | None, runtime: dict[str, Any], said: list[list[str]]
) -> None:
    assert await run(node_type, subtype, scope={"x": "-1 2"}, **runtime) == Done({})
    assert [json.loads(line) for line in (tools / "said").read_text().splitlines()] == said


async def test_a_tool_sees_its_declared_credentials_and_its_json_is_bound(run: Run, tools: Path) -> None:
    more = {"config_path": "k8s/", "credentials": ("KYC_PROVIDER_API_KEY",), "outputs": ("token", "argv")}
    outcome = await run(NodeType.INFRA, "k8s", **more)
    assert outcome == Done({"token": "kyc-token-1", "argv": ["apply", "--output=json", "--filename=k8s/"]})
    assert tools.exists()


@pytest.mark.usefixtures("tools")
async def test_the_first_command_that_fails_ends_the_node(run: Run, tools: Path) -> None:
    more = {"action": "apply", "auto_approve": True, "working_directory": "x", "backend_config": {}}
    assert await run(NodeType.INFRA, "tofu", **more) == Done({})
    assert len((tools / "said").read_text().splitlines()) == 3
    outcome = await run(NodeType.DOCKER, "run", image="a", args=["fail"])
    assert (outcome.code, "secret" in outcome.message) == (Failure.COMMAND_FAILED, False)


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize(
    ("node_type", "subtype", "runtime", "message"),
    [
        (NodeType.GIT, "branch", {"branch": "${x}"}, "argument 2 of git begins with a hyphen"),
        (NodeType.GIT, "merge", {"branch": "${x}"}, "argument 5 of git begins with a hyphen"),
        (NodeType.DOCKER, "run", {"image": "${x}"}, "argument 3 of docker begins with a hyphen"),
        (NodeType.CICD, "deploy", {"platform": "github-actions", "workflow": "${x}"}, "argument 3 of gh begins"),
    ],
)
async def test_a_value_never_becomes_an_option(
    run: Run, node_type: NodeType, subtype: str, runtime: dict[str, Any], message: str
) -> None:
    outcome = await run(node_type, subtype, scope={"x": "--upload-pack=touch pwned"}, **runtime)
    assert (outcome.code, outcome.message[: len(message)]) == (Failure.BAD_ARGUMENT, message)


NAMES = sorted({(kind, str(name)) for kind, builds in TOOLS.items() for name in builds})
FIELDS = """
repository branch ref tag message title body remote directory dockerfile context image platform name network file
project working_directory config_path namespace resource release chart version revision stack inventory workflow
"""


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(NAMES), value=st.sampled_from(["-x", "--exec=sh", "-", "; sh", "$(sh)", "a b", "a\nb"]))
async def test_every_value_stays_within_one_argument_of_any_tool(
    run: Run, kind: tuple[NodeType, str], value: str
) -> None:
    node_type, name = kind
    runtime: dict[str, Any] = dict.fromkeys(FIELDS.split(), "${x}")
    runtime |= {"platform": name} if node_type is NodeType.CICD else {"tool": name}
    told = await run(node_type, name, dry_run=True, outputs=("commands",), scope={"x": value}, **runtime)
    if isinstance(told, Failed):
        assert told.code == Failure.BAD_ARGUMENT
        return
    assert all(not value.startswith("-") or value not in argv for argv in told.outputs["commands"])


@pytest.mark.parametrize(
    ("node_type", "subtype", "runtime", "message"),
    [
        (NodeType.INFRA, "terraform", {"action": "apply"}, "that would apply without auto_approve: true cannot be run"),
        (
            NodeType.INFRA,
            "cloudformation",
            {},
            "of tool cloudformation (known: terraform, tofu, k8s, helm, ",
        ),
        (NodeType.CICD, "deploy", {"platform": "jenkins"}, "of platform jenkins (known: github-actions, gitlab-ci)"),
        (NodeType.DOCKER, "push", {"image": "${secrets.KEY}"}, "whose image has ${secrets.KEY}, which is visible to"),
        (NodeType.DOCKER, "build", {}, "without runtime.image cannot be run"),
        (NodeType.GIT, "tag", {"tag": "a", "push": "yes"}, "whose push is neither true nor false cannot be run"),
        (NodeType.DOCKER, "run", {"image": "a", "env": {"A B": "1"}}, "whose env is no mapping of names to values"),
    ],
)
async def test_a_tool_node_that_cannot_be_run_says_why(
    run: Run, node_type: NodeType, subtype: str, runtime: dict[str, Any], message: str
) -> None:
    outcome = await run(node_type, subtype, **runtime)
    begins = f"{with_article(node_type)} node {message}"
    assert (outcome.code, outcome.message[: len(begins)]) == (Failure.BAD_NODE, begins)
