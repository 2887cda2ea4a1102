"""What deploy/ ships is what Kubernetes, systemd, Dask and the watcher itself understand."""

import gzip
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from alerts import MailFolder
from watcher.cli import watcher
from watcher.config import load

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
MANIFESTS = sorted(
    path for path in (DEPLOY / "kubernetes").glob("*.yaml") if path.name != "kustomization.yaml"
)
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
KUBERNETES = "1.33"
CLUSTER = gzip.decompress((ROOT / "tests/kubernetes/daskcluster-v1.json.gz").read_bytes())


def resources(path: Path) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one]


def closed(schema: Any) -> Any:
    """Return a schema that knows no keys but its own, as `kubectl --validate=strict` reads it."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    told = {key: closed(value) for key, value in schema.items()}
    if "properties" in told and not told.get("x-kubernetes-preserve-unknown-fields"):
        told.setdefault("additionalProperties", False)
    return told


def cluster_schema() -> Draft202012Validator:
    schema = closed(json.loads(CLUSTER))
    any_object = {"type": "object"}  # the definition leaves these three to Kubernetes
    schema["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": any_object}
    return Draft202012Validator(schema)


def check(resource: dict[str, Any]) -> None:
    """Raise where a resource is not as its schema says."""
    if resource["apiVersion"] == "kubernetes.dask.org/v1":
        cluster_schema().validate(resource)
    else:
        kubernetes_validate.validate(resource, KUBERNETES, strict=True)


def pods(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    spec = resource.get("spec", {})
    if resource["kind"] == "DaskCluster":
        yield spec["scheduler"]["spec"]
        yield spec["worker"]["spec"]
    elif "template" in spec:
        yield spec["template"]["spec"]


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_every_manifest_is_as_its_schema_says(path: Path) -> None:
    for resource in resources(path):
        check(resource)


def test_a_slip_in_a_manifest_would_be_found() -> None:
    deployment, cluster = (
        resources(DEPLOY / "kubernetes" / f"{n}.yaml")[0] for n in ("run", "dask")
    )
    deployment["spec"]["template"]["spec"]["containers"][0]["livenessprobe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        check(deployment)
    cluster["spec"]["worker"]["spec"]["containers"][0]["argz"] = []
    assert not cluster_schema().is_valid(cluster)


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_no_pod_runs_as_root_or_writes_to_its_image(path: Path) -> None:
    for resource in resources(path):
        for pod in pods(resource):
            assert pod["securityContext"]["runAsNonRoot"] is True
            assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
            assert pod["automountServiceAccountToken"] is False
            volumes = {volume["name"] for volume in pod["volumes"]}
            for container in pod["containers"]:
                locked = container["securityContext"]
                assert locked["readOnlyRootFilesystem"] is True
                assert locked["allowPrivilegeEscalation"] is False
                assert locked["capabilities"] == {"drop": ["ALL"]}
                assert container["resources"]["requests"].keys() == {"cpu", "memory"}
                assert {mount["name"] for mount in container["volumeMounts"]} <= volumes


def test_every_command_of_a_pod_exists() -> None:
    for path in MANIFESTS:
        for resource in resources(path):
            for pod in pods(resource):
                assert_command(pod["containers"][0]["args"], path.name)


def assert_command(words: list[str], where: str) -> None:
    """Ask a command line's program whether it knows its options, with `--help` at the end."""
    program, *arguments = words
    if program == "watcher":
        answer = CliRunner().invoke(watcher, [*arguments, "--help"])
        assert answer.exit_code == 0, (where, answer.output)
        assert "Usage" in answer.output
        return
    assert program == "dask", where
    known = set(re.findall(r"--[a-z-]+", _dask_help(arguments[0])))
    used = {word for word in arguments if word.startswith("--")}
    assert used <= known, where


def _dask_help(command: str) -> str:
    from distributed.cli import dask_scheduler, dask_worker

    found = {"scheduler": dask_scheduler.main, "worker": dask_worker.main}[command]
    return CliRunner().invoke(found, ["--help"]).output


def test_the_whole_is_put_together_by_kustomize() -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    made = subprocess.run(
        [kubectl, "kustomize", DEPLOY / "kubernetes"], capture_output=True, text=True, check=True
    )
    found = [one for one in yaml.safe_load_all(made.stdout) if one]
    for resource in found:
        check(resource)
        assert resource["kind"] == "Namespace" or resource["metadata"]["namespace"] == "watcher"
    kinds = [one["kind"] for one in found]
    assert kinds.count("Deployment") == 2
    assert {"ConfigMap", "DaskCluster", "NetworkPolicy", "PodDisruptionBudget"} <= {*kinds}


def test_the_configuration_in_the_manifests_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHER_DB_PASSWORD", "secret-1")
    monkeypatch.setenv("WATCHER_SMTP_PASSWORD", "secret-2")
    config = load(DEPLOY / "kubernetes" / "watcher.toml")
    assert config.warnings == ()
    assert config.metrics.address == ("", 9464)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_of_systemd_is_understood_and_its_command_exists(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    (line,) = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
    program, *arguments = shlex.split(line)
    assert program.startswith("/opt/watcher/bin/")
    assert_command([Path(program).name, *_with_values(arguments)], path.name)
    assert re.search(r"^User=watcher$", text, re.MULTILINE)
    assert re.search(r"^ProtectSystem=strict$", text, re.MULTILINE)
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd-analyze is not installed: only the command line was checked")
    # Where these tests run, nothing lies in /opt.
    copy = tmp_path / path.name.replace("@", "@1")
    copy.write_text(text.replace(program, "/bin/true"))
    said = subprocess.run([verify, "verify", "--man=no", copy], capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")


def page(heading: str) -> str:
    """Return the part of docs/scale.md below a heading."""
    text = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    return text.partition(f"### {heading}\n")[2].partition("\n### ")[0]


def folders_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """Return where a service writes that goes by the configuration that the page tells."""
    (told,) = re.findall(
        r"```toml\n(.*?)```", page("On several hosts, with systemd and TLS"), re.DOTALL
    )
    own = (DEPLOY / "kubernetes" / "watcher.toml").read_text(encoding="utf-8")
    (tmp_path / "watcher.toml").write_text(told + own[own.index("[[brands]]") :])
    monkeypatch.setenv("WATCHER_DB_PASSWORD", "secret")
    config = load(tmp_path / "watcher.toml")
    assert config.store.archive
    assert isinstance(config.mail, MailFolder)
    return [config.data, config.store.archive, config.mail.folder]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_may_write_where_the_page_tells_the_configuration_to(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = path.read_text(encoding="utf-8")
    states = re.findall(r"^StateDirectory=(.+)$", text, re.MULTILINE)
    writable = [Path("/var/lib") / name for names in states for name in names.split()]
    written = [Path(one) for one in re.findall(r"--local-directory (\S+)", text)]
    if path.name != "dask-scheduler.service":  # which starts no watcher
        written += folders_told(monkeypatch, tmp_path)
        assert re.search(r"^WorkingDirectory=/var/lib/watcher$", text, re.MULTILINE)
    for folder in written:
        assert any(folder.is_relative_to(one) for one in writable), folder


def test_the_page_and_the_file_say_which_images_kustomize_does_not_write() -> None:
    made = resources(DEPLOY / "kubernetes" / "kustomization.yaml")[0]
    (image,) = (one["name"] for one in made["images"])
    others = [one for one in MANIFESTS if one.name not in made["resources"]]
    assert [one.name for one in others] == ["backtest.yaml"]
    (told,) = re.findall(
        r"your image into\s+(.+?)\. ", page("On Kubernetes, with the Dask operator"), re.DOTALL
    )
    for one in others:
        text = one.read_text(encoding="utf-8")
        assert f"image: {image}:" in text
        assert "write your image here too" in text
        assert f"`{one.name}`" in told


def _with_values(words: list[str]) -> list[str]:
    """Put something in the place of what a unit takes from its environment."""
    return ["4" if word == "${WATCHER_WORKERS}" else word for word in words]


def test_the_settings_for_dask_are_ones_that_dask_has() -> None:
    import dask.config
    import distributed  # noqa: F401 - brings its settings

    pattern = re.compile(r"\b(DASK_DISTRIBUTED__\w+)")
    places = [DEPLOY / "systemd" / "dask.env", *MANIFESTS, ROOT / "docs" / "scale.md"]
    names = {name for place in places for name in pattern.findall(place.read_text("utf-8"))}
    assert names
    for name in names:
        key = name.removeprefix("DASK_").lower().replace("__", ".")
        assert dask.config.get(key, "no such setting") != "no such setting", name
