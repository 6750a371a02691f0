"""The commands of `git`, `docker`, `infra` and `cicd` nodes: which tool is run for a subtype, with which words."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from opsdesk.flows.nodes.problems import FieldProblem
from opsdesk.flows.nodes.tool_words import ToolUnreadable, Words, lacking
from opsdesk.flows.procedure import Node, NodeType, with_article

Commands = Sequence[Words]
"""Run one after the other; the first that fails ends it."""
Build = Callable[[Callable[[], Words]], Commands]
"""From a maker of empty commands."""


def commands_of(node: Node) -> Commands:
    """What the node runs. Raises ToolUnreadable."""
    builds = TOOLS[node.type]
    kind = _kind(node)
    known = f"(known: {', '.join(builds)})"
    if kind is None:
        raise ToolUnreadable("", f"without {_SAYS_WHICH.get(node.type, 'a subtype')} {known}")
    if kind not in builds:
        field = "subtype" if node.subtype or node.type is not NodeType.GIT else "action"
        raise ToolUnreadable(field, f"{_NAMED.get(node.type, 'that does')} {kind[:40]} {known}")
    return builds[kind](lambda: Words(_one_spelling(node)))


def _one_spelling(node: Node) -> Mapping[str, Any]:
    """`repository` of a git node, which may be written `repo`."""
    if node.type is NodeType.GIT and "repo" in node.runtime:
        return {"repository": node.runtime["repo"], **node.runtime}
    return node.runtime


def _kind(node: Node) -> str | None:
    """What the node says of which tool or which verb it is; a subtype that is not written can be its `action`."""
    if node.type is NodeType.CICD:
        given = node.runtime.get("platform")
    elif node.type is NodeType.INFRA:
        given = node.runtime.get("tool", node.subtype)
    else:
        given = node.subtype or node.runtime.get("action")
    return None if given is None else _SAME_TOOL.get(str(given), str(given))


_NAMED = {NodeType.CICD: "of platform", NodeType.INFRA: "of tool"}
_SAYS_WHICH = {NodeType.CICD: "runtime.platform", NodeType.INFRA: "runtime.tool"}
_SAME_TOOL = {"opentofu": "tofu", "kubernetes": "k8s", "kubectl": "k8s"}


def _git(new: Callable[[], Words], *verb: str) -> Words:
    """In the folder that `repository` names, counted from where commands start."""
    words = new().say("git")
    if words.runtime.get("repository") is not None:
        words.say("-C").bare("repository")
    return words.say(*verb)


def _git_commit(new: Callable[[], Words]) -> Commands:
    add = _git(new, "add", "--all", "--").bares("paths", free=True)
    commit = _git(new, "commit", "--quiet").option("--message=", "message", required=True)
    return [add, commit, *_pushed(new, "branch", before="HEAD:refs/heads/"), _head(new)]


def _git_branch(new: Callable[[], Words]) -> Commands:
    return [_git(new, "branch").bare("branch").bare("ref", required=False), *_pushed(new, "branch", "refs/heads/")]


def _git_merge(new: Callable[[], Words]) -> Commands:
    merge = _git(new, "merge", "--no-edit", "--no-ff", "--quiet").option("--message=", "message").bare("branch")
    return [merge, _head(new)]


def _git_tag(new: Callable[[], Words]) -> Commands:
    tag = _git(new, "tag")
    if tag.is_set("sign"):
        tag.say("--sign")
    if tag.runtime.get("message") is not None or tag.is_set("sign"):
        tag.option("--message=", "message", required=True)
    return [tag.bare("tag").bare("ref", required=False), *_pushed(new, "tag", "refs/tags/")]


def _git_clone(new: Callable[[], Words]) -> Commands:
    words = new().say("git", "clone", "--quiet").option("--branch=", "branch").say("--")
    return [words.bare("repository").bare("directory", required=False)]


def _git_pr(new: Callable[[], Words]) -> Commands:
    words = new().say("gh", "pr", "create").option("--repo=", "repository").option("--title=", "title", required=True)
    words.option("--body=", "body", required=True).option("--base=", "base").option("--head=", "branch", required=True)
    return [words]


def _pushed(new: Callable[[], Words], name: str, before: str) -> Commands:
    words = _git(new, "push", "--quiet")
    if not words.is_set("push"):
        return []
    return [words.bare("remote", default="origin").joined(name, between="", before=before)]


def _head(new: Callable[[], Words]) -> Words:
    return _git(new, "rev-parse", "HEAD")


def _docker_build(new: Callable[[], Words]) -> Commands:
    words = new().say("docker", "build", "--quiet").option("--file=", "dockerfile")
    words.say("--tag").joined("image", "tag", between=":").pairs("--build-arg=", "build_args")
    words.pairs("--label=", "labels").option("--cache-from=", "cache_from")
    words.each("--platform=", "platform")
    if words.is_set("push"):
        words.say("--push")
    return [words.bare("context", default=".")]


def _docker_push(new: Callable[[], Words]) -> Commands:
    return [new().say("docker", "push", "--quiet").joined("image", "tag", between=":")]


def _docker_run(new: Callable[[], Words]) -> Commands:
    words = new().say("docker", "run", "--rm").option("--name=", "name").option("--network=", "network")
    words.pairs("--env=", "env").joined("image", "tag", between=":")
    return [words.bares("args", free=True)]


def _docker_compose(new: Callable[[], Words]) -> Commands:
    words = new().say("docker", "compose").option("--file=", "file").option("--project-name=", "project")
    match words.one_of("action", "up", "down", "pull", "restart"):
        case "up":
            words.say("up", "--detach", "--wait")
        case action:
            words.say(action)
    return [words.bares("services")]


def _terraform(program: str) -> Build:
    def build(new: Callable[[], Words]) -> Commands:
        def begun(*verb: str) -> Words:
            return new().say(program).option("-chdir=", "working_directory").say(*verb)

        first = begun("init", "-input=false", "-no-color").pairs("-backend-config=", "backend_config")
        action = first.one_of("action", "plan", "apply", "destroy")
        if action == "plan":
            return [first, begun("plan", "-input=false", "-no-color").json_pairs("-var=", "variables", quoted=False)]
        if not first.is_set("auto_approve"):
            raise ToolUnreadable("auto_approve", f"that would {action} without auto_approve: true")
        change = begun(action, "-input=false", "-no-color", "-auto-approve").json_pairs(
            "-var=", "variables", quoted=False
        )
        return [first, change, *([begun("output", "-json")] if action == "apply" else [])]

    return build


def _kubectl(new: Callable[[], Words]) -> Commands:
    words = new().say("kubectl").option("--context=", "context").option("--namespace=", "namespace")
    match words.one_of("action", "apply", "delete", "rollout-status"):
        case "rollout-status":
            words.say("rollout", "status", "--watch=true").bare("resource")
        case "apply":
            words.say("apply", "--output=json").option("--filename=", "config_path", required=True)
        case action:
            words.say(action, "--ignore-not-found").option("--filename=", "config_path", required=True)
    return [words]


def _helm(new: Callable[[], Words]) -> Commands:
    words = new().say("helm")
    match words.one_of("action", "upgrade", "rollback", "uninstall"):
        case "upgrade":
            words.say("upgrade", "--install", "--wait", "--output=json").option("--version=", "version")
            words.option("--values=", "config_path").json_pairs("--set-json=", "variables")
            words.option("--namespace=", "namespace").bare("release").bare("chart")
        case "rollback":
            words.say("rollback", "--wait").option("--namespace=", "namespace").bare("release")
            words.bare("revision", required=False)
        case action:
            words.say(action, "--wait").option("--namespace=", "namespace").bare("release")
    return [words]


def _pulumi(new: Callable[[], Words]) -> Commands:
    words = new().say("pulumi")
    action = words.one_of("action", "preview", "up", "destroy")
    words.say(action, "--non-interactive", "--json").option("--cwd=", "working_directory")
    words.option("--stack=", "stack", required=True)
    if action != "preview":
        if not words.is_set("auto_approve"):
            raise ToolUnreadable("auto_approve", f"that would {action} without auto_approve: true")
        words.say("--yes", "--skip-preview")
    return [words]


def _ansible(new: Callable[[], Words]) -> Commands:
    words = new().say("ansible-playbook").option("--inventory=", "inventory").json("--extra-vars=", "variables")
    return [words.bare("config_path")]


def _github(new: Callable[[], Words]) -> Commands:
    words = new().say("gh", "workflow", "run").option("--repo=", "repo").option("--ref=", "ref")
    words.option("--raw-field=environment=", "environment").pairs("--raw-field=", "inputs")
    return [words.bare("workflow")]


def _gitlab(new: Callable[[], Words]) -> Commands:
    words = new().say("glab", "ci", "run").option("--repo=", "repo").option("--branch=", "ref", required=True)
    words.option("--variables-env=environment:", "environment")
    return [words.pairs("--variables-env=", "inputs", between=":")]


TOOLS: Mapping[NodeType, Mapping[str, Build]] = {
    NodeType.GIT: {
        "commit": _git_commit,
        "branch": _git_branch,
        "merge": _git_merge,
        "tag": _git_tag,
        "clone": _git_clone,
        "pr": _git_pr,
    },
    NodeType.DOCKER: {
        "build": _docker_build,
        "push": _docker_push,
        "run": _docker_run,
        "compose": _docker_compose,
    },
    NodeType.INFRA: {
        "terraform": _terraform("terraform"),
        "tofu": _terraform("tofu"),
        "k8s": _kubectl,
        "helm": _helm,
        "pulumi": _pulumi,
        "ansible": _ansible,
    },
    NodeType.CICD: {"github-actions": _github, "gitlab-ci": _gitlab},
}


def tool_problems(node: Node) -> Iterator[FieldProblem]:
    """Why the node cannot be run; of fields that are missing, all of them."""
    owner = f"{with_article(node.type)} node"
    while True:
        try:
            commands_of(node)
        except ToolUnreadable as error:
            yield FieldProblem(error.field, f"{owner} {error.problem}")
            if error.field in node.runtime or error.problem != lacking(error.field):
                return
            node = replace(node, runtime={**node.runtime, error.field: "given"})
        else:
            break
    if not isinstance(node.runtime.get("dry_run", False), bool):
        yield FieldProblem("dry_run", f"{owner} whose dry_run is neither true nor false")
