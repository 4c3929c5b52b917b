# SPDX-License-Identifier: Apache-2.0
"""csc doctor: what it says, and that a machine which cannot hold hardened mode is told so, and why.

A machine that lacks something is made, where this one allows it: by a configuration, or, as root, in private namespaces.
"""

import os
import shutil
import subprocess
import sys

from bench import CSC, Bench, Result, is_running, read_pid, until
from tap import Skip, case, cases, equal, main, matches

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "adversarial"))

from strain import RET_KILL_PROCESS, failing, refusing  # noqa: E402  pylint: disable=wrong-import-position

CONFIG = "config_version: csc.config.v0.1\n"
NATIVE, BWRAP = "backend: native\n", "backend: bwrap\n"
ROWS = ["kernel", "container", "backend", "identity", "idmapped mounts", "csc-init", "configuration", "bwrap", "openat2",
        "kernel calls", "user namespaces", "/proc", "system call filter", "Landlock", "limit of memory", "limit of processes",
        "limit of processor", "files in /tmp", "a throwaway sandbox", "the other backend"]


class Clinic(Bench):
    """With a configuration that hardened mode believes."""

    def __enter__(self):
        super().__enter__()
        os.chmod(self.root, 0o755)
        return self

    def configure(self, text=""):
        path = self.write("csc.yaml", CONFIG + text)
        os.chmod(path, 0o644)
        return path

    def doctor(self, *args, config="", **options):
        return self.csc("doctor", "--config", self.configure(config), *args, **options)

    def checks(self, *wrapper, config="", code=None, cwd=None, strain=None):
        """The rows by name. With a wrapper: a program that starts csc. With a strain: what csc is started under."""
        command = [*wrapper, CSC, "doctor", "--json", "--config", self.configure(config)]
        done = subprocess.run(command, cwd=cwd or self.root, capture_output=True, check=False, timeout=60,
                              preexec_fn=strain)
        result = Result(done.returncode, done.stdout, done.stderr)
        value = result.json()
        equal(sorted(value), ["checks", "hardened"])
        rows = {row["name"]: row for row in value["checks"]}
        equal(result.code, 0 if value["hardened"] else 78, result)
        equal(value["hardened"], all(row["state"] != "missing" for row in rows.values()), "hardened")
        if code is not None:
            equal(result.code, code, result)
        return rows

    def program(self, name, text):
        """A program in the folder, beside a copy of csc-init."""
        path = self.write(name, text)
        os.chmod(path, 0o755)
        return path


def is_missing(rows, name, found, fix):
    equal(rows[name]["state"], "missing", rows[name])
    matches(found, rows[name]["found"])
    matches(fix, rows[name]["fix"])


def is_fine(rows, name, found):
    equal((rows[name]["state"], rows[name]["fix"]), ("ok", ""), rows[name])
    matches(found, rows[name]["found"])


def in_namespaces(*options):
    """What runs a shell script as root of private namespaces, then csc."""
    if os.getuid() != 0 and "--user" not in options:
        raise Skip("only root makes such a machine")
    if not shutil.which("unshare"):
        raise Skip("there is no unshare(1)")
    wrapper = ["unshare", *options, "--"]
    if subprocess.run([*wrapper, "true"], capture_output=True, check=False).returncode != 0:
        raise Skip(f"unshare {' '.join(options)} is refused here")
    return lambda script: [*wrapper, "sh", "-ec", script + '\nexec "$@"', "sh"]


# ---- the form ------------------------------------------------------------------------------------------------------

@case("--json is one object, with every row once")
def json_form():
    with Clinic() as clinic:
        value = clinic.doctor("--json").json()
        equal(sorted(row["name"] for row in value["checks"]), sorted(ROWS))
        for row in value["checks"]:
            equal(sorted(row), ["fix", "found", "name", "state"])
            equal(row["state"] in ("ok", "weaker", "missing"), True, row)
            equal(row["found"] != "", True, row)
            equal(row["state"] == "ok" and row["fix"] != "", False, row)


@case("lines say the same as --json")
def lines():
    with Clinic() as clinic:
        result = clinic.doctor()
        value = clinic.doctor("--json").json()
        *rows, last = result.out.splitlines()
        equal(rows, [f"{row['state']:<8} {row['name']}: {row['found']}" + (f"; fix: {row['fix']}" if row["fix"] else "")
                     for row in value["checks"]])
        matches("^hardened mode can run$" if result.code == 0 else "^hardened mode cannot run", last)
        equal(result.err, "")


@case("what it says of hardened mode is what hardened mode does")
def agrees():
    with Clinic() as clinic:
        rows = clinic.checks()
        able = all(row["state"] != "missing" for row in rows.values())
        equal(clinic.csc("keygen", "--out", clinic.path("key")).code, 0)
        if os.getuid() == 0:  # a folder of root's, as the doctor's was
            os.chown(clinic.work, 0, 0)
        result = clinic.run(["true"], args=["--mode", "hardened", "--sign", "--signing-key", clinic.path("key.key"),
                                            "--key-id", "k", "--config", clinic.path("csc.yaml")])
        equal(result.code, 0 if able else 78, result)


@case("nothing is left behind")
def leaves_nothing():
    with Clinic() as clinic:
        before = set(os.listdir("/tmp"))
        clinic.doctor()
        equal({name for name in set(os.listdir("/tmp")) - before if name.startswith("csc-doctor-")}, set())
        equal(os.listdir(clinic.work), [])


@case("a closed standard output is an error")
def closed_output():
    with Clinic() as clinic:
        done = subprocess.run(["sh", "-c", f"'{CSC}' doctor >&-"], cwd=clinic.root, capture_output=True, check=False)
        equal(done.returncode, 73, done)


@case("started with an ignored SIGCHLD and children of its own")
def strange_parent():
    with Clinic() as clinic:
        wanted = clinic.doctor().code
        script = f"trap '' CHLD; sleep 5 & exec '{CSC}' doctor --config '{clinic.path('csc.yaml')}'"
        done = subprocess.run(["bash", "-c", script], cwd=clinic.root, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False, timeout=60)
        equal(done.returncode, wanted)


@case("a signal ends it, and what it started")
def interrupted():
    with Clinic() as clinic:
        path = clinic.program("bwrap", f"#!/bin/sh\necho $$ > '{clinic.path('pid')}'\nexec sleep 60\n")
        process = clinic.start("doctor", "--config", clinic.configure(f"bwrap: {path}\n"))
        pid = read_pid(clinic.path("pid"))
        process.terminate()
        equal(clinic.finish(process).code, 143)
        until(lambda: not is_running(pid), "the program is gone")


# ---- configurations ------------------------------------------------------------------------------------------------

@cases([
    ("a configuration with an error", "no_such_field: 1\n", "line 2: .*no_such_field", "remove it"),
    ("a configuration with a bad value", "backend: chroot\n", "line 2: backend: ", "bwrap"),
])
def bad_configuration(text, found, fix):
    with Clinic() as clinic:
        is_missing(clinic.checks(config=text, code=78), "configuration", found, fix)


@case("a configuration that others can write")
def writable_configuration():
    with Clinic() as clinic:
        os.chmod(clinic.configure(), 0o666)
        result = clinic.csc("doctor", "--json", "--config", clinic.path("csc.yaml"))
        equal(result.code, 78, result)
        is_missing({row["name"]: row for row in result.json()["checks"]}, "configuration", "can write", "chmod go-w")


@case("a configuration that is not there")
def absent_configuration():
    with Clinic() as clinic:
        result = clinic.csc("doctor", "--json", "--config", clinic.path("none.yaml"))
        equal(result.code, 78, result)
        is_missing({row["name"]: row for row in result.json()["checks"]}, "configuration", "none.yaml'.*No such file",
                   "csc validate config")


@cases([
    ("the native backend, configured", NATIVE, "^native: it is configured$", "ok", "^bwrap: "),
    ("bwrap, configured", BWRAP, "^bwrap: it is configured$", "weaker", "^native: "),
])
def backends(text, found, files, other):
    with Clinic() as clinic:
        rows = clinic.checks(config=text)
        is_fine(rows, "backend", found)
        equal(rows["files in /tmp"]["state"], files, rows["files in /tmp"])
        is_fine(rows, "the other backend", other)


@case("no backend configured: what auto takes, and why")
def auto_backend():
    with Clinic() as clinic:
        unnamed, named = clinic.checks()["backend"], clinic.checks(config="backend: auto\n")["backend"]
        equal(unnamed, named)
        matches("^(native|bwrap), chosen by auto: .", unnamed["found"])


@cases([
    ("the row of the other backend is true: bwrap", NATIVE, "bwrap"),
    ("the row of the other backend is true: native", BWRAP, "native"),
])
def other_backend(text, other):
    with Clinic() as clinic:
        works = clinic.checks(config=f"backend: {other}\n")["a throwaway sandbox"]["state"] == "ok"
        row = clinic.checks(config=text)["the other backend"]
        matches(f"^{other}: would work" if works else f"^{other}: (would not work|none that)", row["found"])


@case("what it says of files in /tmp is so: the native backend bounds their number")
def files_in_tmp():
    with Clinic() as clinic:
        if clinic.checks(config=NATIVE)["a throwaway sandbox"]["state"] != "ok":
            raise Skip("the native backend cannot run here")
        equal(clinic.csc("keygen", "--out", clinic.path("key")).code, 0)
        os.chmod(clinic.configure(NATIVE + "limits: {tmp_bytes: 268435456}\n"), 0o644)
        result = clinic.run(["stat", "-f", "-c", "files: %c", "/tmp"], policy={"allow_commands": ["stat"]}, args=[
            "--mode", "hardened", "--sign", "--signing-key", clinic.path("key.key"), "--key-id", "k",
            "--config", clinic.path("csc.yaml")])
        equal(result.code, 0, result)
        matches(f"^files: {268435456 // 4096}$", result.out)


@case("the system calls of the native backend are named")
def kernel_calls():
    with Clinic() as clinic:
        rows = clinic.checks(config=NATIVE)
        for name in ("clone3", "open_tree", "move_mount", "mount_setattr", "fsopen", "openat2", "execveat"):
            matches(rf"\b{name}\b", rows["kernel calls"]["found"])
        if rows["a throwaway sandbox"]["state"] == "ok":
            is_fine(rows, "kernel calls", "are there$")


@case("run_as another user, without root")
def foreign_identity():
    if os.getuid() == 0:
        raise Skip("root can become anybody")
    with Clinic() as clinic:
        is_missing(clinic.checks(config='run_as: "12345:12345"\n', code=78), "identity", "run_as", "as root")


@case("run_as makes root's commands a plain user's")
def plain_identity():
    if os.getuid() != 0:
        raise Skip("only root can become somebody else")
    with Clinic() as clinic:
        for backend in (NATIVE, BWRAP):
            rows = clinic.checks(config='run_as: "65534:65534"\n' + backend)
            is_fine(rows, "identity", r"run as uid 65534 \(run_as")
        equal(clinic.checks(config=BWRAP)["identity"]["state"], "weaker", "a folder of root's, and bwrap")


@case("a plain user's commands are that user, and need no idmapped mounts")
def own_identity():
    if os.getuid() == 0:
        raise Skip("root's are somebody else")
    with Clinic() as clinic:
        rows = clinic.checks()
        is_fine(rows, "identity", f"uid {os.getuid()}, as csc does")
        is_fine(rows, "idmapped mounts", "not needed")


def seen_by_command(clinic, config):
    """The uid outside of a command in the clinic's folder, as the plan has it."""
    contract, policy = clinic.inputs(["true"])
    equal(clinic.csc("keygen", "--out", clinic.path("key")).code, 0)
    result = clinic.csc("run", contract, policy, "--mode", "hardened", "--sign", "--signing-key", clinic.path("key.key"),
                        "--key-id", "k", "--config", clinic.configure(config), "--sandbox-debug")
    equal(result.code, 0, result)
    return result.json()[0]["identity"]


@cases([
    ("with idmapped mounts root's commands are nobody: a folder of root's", 0),
    ("with idmapped mounts root's commands are nobody: a folder of a user's", 12345),
])
def mapped_identity(owner):
    if os.getuid() != 0:
        raise Skip("only root can map owners")
    with Clinic() as clinic:
        os.chown(clinic.work, owner, owner)
        rows = clinic.checks(config=NATIVE, cwd=clinic.work)
        if rows["idmapped mounts"]["state"] != "ok":
            equal(rows["identity"]["state"], "weaker" if owner == 0 else "ok", rows["identity"])
            raise Skip(rows["idmapped mounts"]["found"])
        is_fine(rows, "identity", f"run as uid 65533 .*uid {owner}$")
        is_fine(rows, "a throwaway sandbox", "made as for a command")
        equal(seen_by_command(clinic, NATIVE)["outer_uid"], 65533)


@case("a file system that maps no owners: weaker, and the commands of its owner are its owner's")
def unmappable():
    machine = in_namespaces("--mount")
    with Clinic() as clinic:
        os.mkdir(clinic.path("fs"))
        wrapper = machine(f"mount -t ramfs none '{clinic.path('fs')}' && cd '{clinic.path('fs')}'")
        rows = clinic.checks(*wrapper, config=NATIVE)
        row = rows["idmapped mounts"]
        equal(row["state"], "weaker", row)
        matches("idmapping", row["found"])
        matches("file system that maps owners", row["fix"])
        equal(rows["identity"]["state"], "weaker", rows["identity"])
        matches("see idmapped mounts", rows["identity"]["fix"])


# ---- bwrap ---------------------------------------------------------------------------------------------------------

OLD = """#!/bin/sh
case $1 in
--version) echo 'bubblewrap 0.4.1' ;;
--help) echo '    --bind SRC DEST' ;;
*) echo 'bwrap: Unknown option --bind-fd' >&2; exit 1 ;;
esac
"""


@cases([
    ("a bwrap that is too old", OLD, r"0\.4\.1, without --bind-fd", r"0\.10"),
    ("a program that is no bwrap", "#!/bin/sh\necho hello\n", "does not say which version", "install the package"),
    ("a bwrap that says hostile things", "#!/bin/sh\nprintf 'bubblewrap \\033[2J9.9.9'\n", "does not say", "install"),
])
def wrong_bwrap(text, found, fix):
    with Clinic() as clinic:
        path = clinic.program("bwrap", text)
        rows = clinic.checks(config=f"{BWRAP}bwrap: {path}\n", code=78)
        is_missing(rows, "bwrap", found, fix)
        equal(rows["a throwaway sandbox"]["state"], "missing", rows["a throwaway sandbox"])
        rows = clinic.checks(config=f"{NATIVE}bwrap: {path}\n")
        is_fine(rows, "bwrap", f"^not needed by the native backend, and not usable: .*{found}")
        is_fine(rows, "the other backend", "^bwrap: would not work")


@case("a bwrap that is not there")
def absent_bwrap():
    with Clinic() as clinic:
        path = "bwrap: /nonexistent/bwrap\n"
        is_missing(clinic.checks(config=BWRAP + path, code=78), "bwrap", "not at '/nonexistent/bwrap'",
                   "install the package bubblewrap")
        rows = clinic.checks(config=NATIVE + path)
        is_fine(rows, "bwrap", "not needed by the native backend, .*not at '/nonexistent/bwrap'")
        is_fine(rows, "the other backend", "^bwrap: none that could be used, and none is needed$")


@case("a bwrap that others can write")
def writable_bwrap():
    with Clinic() as clinic:
        path = clinic.program("bwrap", OLD)
        os.chmod(path, 0o777)
        is_missing(clinic.checks(config=f"{BWRAP}bwrap: {path}\n", code=78), "bwrap", "written by others", "chmod go-w")
        is_fine(clinic.checks(config=f"{NATIVE}bwrap: {path}\n"), "bwrap", "not needed .*written by others")


@case("a csc without its csc-init")
def absent_init():
    with Clinic() as clinic:
        copy = shutil.copy(CSC, clinic.path("csc"))
        done = subprocess.run([copy, "doctor", "--json", "--config", clinic.configure()], cwd=clinic.root,
                              capture_output=True, check=False, timeout=60)
        rows = {row["name"]: row for row in Result(done.returncode, done.stdout, done.stderr).json()["checks"]}
        if rows["csc-init"]["state"] == "ok":
            raise Skip("csc is installed on this machine")
        equal(done.returncode, 78)
        is_missing(rows, "csc-init", "not beside csc", "make install")


# ---- machines that lack something ----------------------------------------------------------------------------------

@cases([
    ("a machine without user namespaces", NATIVE),
    ("a machine without user namespaces, and bwrap", BWRAP),
])
def no_user_namespaces(backend):
    own = ["--map-root-user"] if os.getuid() == 0 else ["--map-current-user", "--keep-caps"]
    machine = in_namespaces("--user", *own)
    with Clinic() as clinic:
        rows = clinic.checks(*machine("echo 0 > /proc/sys/user/max_user_namespaces"), config=backend, code=78)
        if "setgroups" not in rows["user namespaces"]["fix"]:  # which this root of a namespace may not, and is told first
            is_missing(rows, "user namespaces", "user.max_user_namespaces is 0", "sysctl -w user.max_user_namespaces=")
        is_missing(rows, "user namespaces", ".", ".")
        is_missing(rows, "a throwaway sandbox", ".", ".")


@cases([
    ("a machine with a covered /proc", NATIVE),
    ("a machine with a covered /proc, and bwrap", BWRAP),
])
def covered_proc(backend):
    own = [] if os.getuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
    machine = in_namespaces(*own, "--mount", "--pid", "--fork", "--mount-proc")
    with Clinic() as clinic:
        rows = clinic.checks(*machine("mount -t tmpfs none /proc/acpi || mount -t tmpfs none /proc/sys"),
                             config=backend, code=78)
        is_missing(rows, "/proc", "covered", "systempaths=unconfined|unmount")
        equal(rows["user namespaces"]["state"], "ok", rows["user namespaces"])


CALLS = ["clone3", "open_tree", "mount_setattr", "move_mount", "fsopen", "fsconfig", "fsmount", "execveat"]


@cases([(f"a kernel without {call}", call, failing(call, "ENOSYS"), "is not there") for call in CALLS] +
       [(f"a filter that kills for {call}", call, refusing(call, RET_KILL_PROCESS), "ends the process")
        for call in ("fsmount", "execveat")])
def absent_call(call, strain, words):
    with Clinic() as clinic:
        rows = clinic.checks(config=NATIVE, strain=strain, code=78)
        is_missing(rows, "kernel calls", rf"^{call} {words} \(Linux [0-9.]+\)$", "Linux 5.12 or later")
        is_missing(rows, "a throwaway sandbox", ".", ".")
        is_fine(clinic.checks(config=BWRAP, strain=strain), "kernel calls", f"^not needed by bwrap: {call} {words}")


@case("auto takes bwrap on a kernel without mount_setattr, and says so")
def old_kernel():
    with Clinic() as clinic:
        rows = clinic.checks(strain=failing("mount_setattr", "ENOSYS"))
        is_fine(rows, "backend", r"^bwrap, chosen by auto: this kernel has no mount_setattr\(2\)$")
        is_fine(rows, "the other backend", "^native: would not work")


@case("a machine without control groups")
def no_cgroups():
    machine = in_namespaces("--mount")
    with Clinic() as clinic:
        wrapper = machine("mount -t tmpfs none /sys/fs/cgroup")
        rows = clinic.checks(*wrapper, config=BWRAP, code=78)
        is_missing(rows, "limit of processes", "nothing bounds the processes of root", "run_as")
        equal(rows["limit of memory"]["state"], "weaker", rows["limit of memory"])
        matches("RLIMIT_AS", rows["limit of memory"]["found"])
        matches("Delegate=yes", rows["limit of memory"]["fix"])
        is_missing(rows, "a throwaway sandbox", "number of processes", "run_as")
        rows = clinic.checks(*wrapper, config='run_as: "65534:65534"\n')
        equal(rows["limit of processes"]["state"], "weaker", rows["limit of processes"])
        matches("RLIMIT_NPROC", rows["limit of processes"]["found"])
        rows = clinic.checks(*wrapper, config=NATIVE)
        if rows["idmapped mounts"]["state"] == "ok":  # commands of root's folder are not root's
            equal(rows["limit of processes"]["state"], "weaker", rows["limit of processes"])


@case("a share of the processors that nothing holds")
def no_cpu_cap():
    machine = in_namespaces("--mount")
    with Clinic() as clinic:
        rows = clinic.checks(*machine("mount -t tmpfs none /sys/fs/cgroup"), config="limits: {cpu_percent: 50}\n", code=78)
        is_missing(rows, "limit of processor", "limits.cpu_percent is configured", "Delegate=yes")


if __name__ == "__main__":
    main()
