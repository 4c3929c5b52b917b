# SPDX-License-Identifier: Apache-2.0
"""Threat: a command that lies about its results: artifacts that are something else, output that steers a terminal, an
environment that loads something else, a receipt that claims more than was held.
"""

import hashlib
import json
import os
import select
import time

from boundary import Boundary, owners
from bench import CSC
from tap import case, cases, equal, main, matches


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def scope(boundary):
    return {"write_paths": [boundary.work + "/**"]}


# ---- artifacts -------------------------------------------------------------------------------------------------------

# What a command puts in place of the output it was to write.
SWAPS = [
    ("a symlink to a file of the host's", "os.symlink({secret!r}, 'out')"),
    ("a symlink to a device", "os.symlink('/dev/zero', 'out')"),
    ("a symlink to another file of the workspace", "open('real', 'w').close(); os.symlink('real', 'out')"),
    ("a FIFO", "os.mkfifo('out')"),
    ("a socket", "socket.socket(socket.AF_UNIX).bind('out')"),
    ("a folder", "os.mkdir('out')"),
    ("a file below a symlink to a folder of the host's", "os.symlink({trusted!r}, 'folder')"),
    ("a device", "attempt(os.mknod, 'out', 0o020666, os.makedev(1, 5))"),
]


@cases([(f"an artifact is {name}, {what}", owner, swap) for name, swap in SWAPS for what, owner in owners("swapped in")])
def artifacts(owner, swap):
    with Boundary(owner, config="unix_sockets: true\n") as boundary:
        secret = boundary.write("trusted/secret", "hidden")
        os.chmod(secret, 0o644)
        source = swap.format(secret=secret, trusted=boundary.path("trusted"))
        outputs = [os.path.join(boundary.work, name) for name in ("out", "folder/secret", "good")]
        begin = time.monotonic()
        result = boundary.run(boundary.program(f"{source}\nopen('good', 'w').write('good')", **scope(boundary)),
                              expected_outputs=outputs)
        equal(result.code, 0, result)
        equal(boundary.receipt()["artifacts"], [{"path": outputs[2], "sha256": sha256(b"good")[7:]}], "only what is a file")
        equal(time.monotonic() - begin < 20, True, "nothing waited")


@case("an output outside the write scopes is no artifact")
def outside_scopes():
    with Boundary() as boundary:
        out = os.path.join(boundary.work, "out")
        os.mkdir(out)
        os.chown(out, boundary.owner, boundary.owner)
        boundary.write("work/there", "before")
        boundary.run(boundary.program("open('out/new', 'w').write('new')", write_paths=[out + "/**"]),
                     expected_outputs=[os.path.join(boundary.work, "there"), os.path.join(out, "new"), "/usr/bin/true"])
        equal([one["path"] for one in boundary.receipt()["artifacts"]], [os.path.join(out, "new")])


# ---- what is said ----------------------------------------------------------------------------------------------------

HOSTILE = "\x1b]0;title\x07\x1b]52;c;aGk=\x07\x1b[2J\x1b[31mred\x1b[0m\x9b6n\x1bP+q\x1b\\\n"


def on_terminal(argv, folder):
    master, slave = os.openpty()
    pid = os.fork()
    if pid == 0:
        os.chdir(folder)
        os.dup2(slave, 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.execv(argv[0], argv)
    os.close(slave)
    text = b""
    while select.select([master], [], [], 60)[0]:
        try:
            more = os.read(master, 65536)
        except OSError:  # EIO: the other side is closed
            break
        text += more
    os.close(master)
    return os.waitpid(pid, 0)[1], text.decode(errors="surrogateescape")


@case("escape sequences are neutralised on a terminal, and hashed as they came")
def escapes():
    with Boundary() as boundary:
        command = boundary.program(f"sys.stdout.write({HOSTILE!r})")
        inputs = boundary.inputs(command)
        for args, passes in (([], False), (["--raw"], True)):
            status, text = on_terminal([CSC, "run", *inputs, *boundary.options(), *args], boundary.root)
            equal(status, 0, text)
            equal("\x1b[31mred\x1b[0m" in text, True, f"colours pass: {text!r}")
            equal([part in text for part in ("\x1b]0;", "\x1b]52;", "\x1b[2J", "\x1bP")], [passes] * 4, f"{args}: {text!r}")
            equal(boundary.receipt()["stdout_hash"], sha256(HOSTILE.encode()), "the hash is of what came")


@case("escape sequences in a name are escaped in csc's own words")
def escapes_of_names():
    with Boundary() as boundary:
        program = "/nonexistent/" + HOSTILE
        result = boundary.run(boundary.command(program), policy={"allow_commands": [program]})
        equal((result.code, boundary.receipt()["exit_code"], "\x1b" in result.err), (1, 127, False), result)
        matches("red", result.err, "it is named")


@cases(owners("the receipt says what was held, and a signature covers it"))
def receipt(owner):
    with Boundary(owner) as boundary:
        commands = [boundary.command("true", id="first"),
                    boundary.command(segments=[["echo", "x"], ["cat"]], id="second", network="full", **scope(boundary))]
        plans = boundary.plans(*commands)
        equal([plan["command_id"] for plan in plans], ["first", "second"])
        boundary.write("plans.json", plans)
        canonical = boundary.csc("canonicalize", boundary.path("plans.json"))
        equal(canonical.code, 0, canonical)
        equal(boundary.run(*commands).code, 0)
        made = boundary.receipt()
        equal((made["execution_mode"], made["sandbox_profile_id"]),
              ("hardened", hashlib.sha256(canonical.raw_out).hexdigest()))
        verify = ["verify-receipt", boundary.path("out/receipt.json"), "--public-key",
                  boundary.path("trusted/runner.pub"), "--key-id", "runner"]
        equal(boundary.csc(*verify).code, 0, "the signature")
        boundary.write("out/receipt.json", {**made, "sandbox_profile_id": "0" * 64})
        equal(boundary.csc(*verify).code, 1, "another profile")
        # Of the commands that ran, only.
        boundary.run(boundary.command("false"), commands[1], policy={"allow_commands": ["false", "echo", "cat"]})
        boundary.write("plans.json", boundary.plans(boundary.command("false"), policy={"allow_commands": ["false"]}))
        canonical = boundary.csc("canonicalize", boundary.path("plans.json"))
        equal(boundary.receipt()["sandbox_profile_id"], hashlib.sha256(canonical.raw_out).hexdigest(), "the first plan")


@case("a debug run executes nothing, and another boundary has another profile")
def profiles():
    os.environ.setdefault("LANG", "C")
    with Boundary() as boundary:
        command = boundary.command("sh", "-c", "touch ran", **scope(boundary))
        plans = boundary.plans(command)
        equal(os.listdir(boundary.work), [], "nothing ran")
        changes = ({"network": "full"}, {"write_paths": []}, {"env_allow": ["LANG"]})
        others = [boundary.plans({**command, **change}) for change in changes]
        equal(plans in others, False, "changes of a contract show")
        equal(boundary.plans(command), plans, "the same again")


# ---- pipelines -------------------------------------------------------------------------------------------------------

@cases(owners("a pipeline is one sandbox"))
def pipeline(owner):
    first = """
        open("/tmp/note", "w").write("from the first")
        say([os.readlink("/proc/self/ns/" + kind) for kind in ("pid", "mnt", "user", "net", "ipc")])
        sys.stdout.close()
    """
    last = """
        seen = json.loads(sys.stdin.read())
        mine = [os.readlink("/proc/self/ns/" + kind) for kind in ("pid", "mnt", "user", "net", "ipc")]
        say([seen == mine, open("/tmp/note").read()])
    """
    with Boundary(owner) as boundary:
        argvs = [boundary.program(source)["exec"]["argv"] for source in (first, "print(sys.stdin.read())", last)]
        result = boundary.run(boundary.command(segments=argvs))
        equal((result.code, json.loads(result.out)), (0, [True, "from the first"]), result)


@case("commands are sandboxes of their own: nothing passes but by write scopes")
def commands_apart():
    leave = "for place in ('/tmp', '/dev/shm', os.environ['HOME'], '.'): open(place + '/note', 'w').close()"
    look = "say([os.path.exists(place + '/note') for place in ('/tmp', '/dev/shm', os.environ['HOME'], '.')])"
    with Boundary() as boundary:
        result = boundary.run(boundary.program(leave, id="one", **scope(boundary)),
                              boundary.program(look, id="two", **scope(boundary)))
        equal((result.code, json.loads(result.out)), (0, [False, False, False, True]), result)


def ends(code):
    return ["sh", "-c", f"cat >/dev/null; {code}"]


@cases([("the first that fails decides", ["exit 0", "exit 3", "exit 5"], 3),
        ("the last one", ["exit 0", "exit 0", "exit 9"], 9),
        ("by a signal", ["exit 0", "kill -KILL $$", "exit 4"], 137), ("none", ["exit 0", "exit 0"], 0),
        ("the first, however late it ends", ["sleep 0.3; exit 7", "exit 1"], 7)])
def pipeline_codes(scripts, code):
    with Boundary() as boundary:
        result = boundary.run(boundary.command(segments=[ends(text) for text in scripts]))
        equal((result.code, boundary.receipt()["exit_code"]), (min(code, 1), code), result)


@case("a segment that cannot be executed: 127, and the others end")
def pipeline_not_found():
    with Boundary() as boundary:
        result = boundary.run(boundary.command(segments=[["sleep", "600"], ["/nonexistent/program"]]))
        equal((result.code, boundary.receipt()["exit_code"], boundary.receipt()["status"]), (1, 127, "failed"), result)


# ---- the environment -------------------------------------------------------------------------------------------------

REFUSED = ["LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "PYTHONPATH", "PYTHONSTARTUP", "BASH_ENV", "ENV",
           "NODE_OPTIONS", "PERL5LIB", "RUBYOPT", "GCONV_PATH", "GLIBC_TUNABLES", "IFS"]


@cases(owners("the environment is fixed, but for what is allowed"))
def environment(owner):
    # As the kernel has it: a name that is there twice means one thing to some programs, and another to others.
    source = 'say(open("/proc/self/environ").read().split("\\0")[:-1])'
    given = {name: "/nonexistent" for name in REFUSED}
    given |= {"PATH": "/evil:/usr/bin:/bin", "HOME": "/root", "TMPDIR": "/evil", "CSC_TEST": "value", "OTHER": "x"}
    with Boundary(owner) as boundary:
        command = boundary.program(source, env_allow=[*REFUSED, "CSC_TEST", "PATH", "HOME", "TMPDIR", "NOT_SET"])
        result = boundary.run(command, start={"env": given})
        equal(sorted(json.loads(result.out)),
              ["CSC_TEST=value", "HOME=/.csc/home", "PATH=/usr/local/bin:/usr/bin:/bin", "TMPDIR=/tmp"])
        for name in REFUSED:
            matches(f"(?m)^csc: env_allow: {name} ", result.err, "what is left out is said")
        # The interpreter itself would not start with some of them.
        given = {key: value for key, value in given.items() if not key.startswith(("LD_", "PYTHON", "GCONV", "GLIBC"))}
        outside = boundary.control(source, start={"env": given})
        equal({"PATH=/evil:/usr/bin:/bin", "BASH_ENV=/nonexistent", "OTHER=x"} <= set(outside), True, "outside")


@case("a program is looked for in the sandbox's PATH, never in csc's")
def search():
    with Boundary() as boundary:
        boundary.write("work/echo", "#!/bin/sh\necho false one\n")
        os.chmod(os.path.join(boundary.work, "echo"), 0o755)
        result = boundary.run(["echo", "true one"], start={"env": {"PATH": f"{boundary.work}:/usr/bin:/bin"}})
        equal(result.out, "true one\n")


@case("what was printed is hashed as a whole, and the tail of stderr is in the receipt")
def hashes():
    with Boundary() as boundary:
        source = "sys.stdout.write('o' * 300000); sys.stderr.write('e' * 9000 + 'the end'); sys.exit(3)"
        result = boundary.run(boundary.program(source))
        made = boundary.receipt()
        equal((made["stdout_hash"], made["stderr_hash"]), (sha256(b"o" * 300000), sha256(b"e" * 9000 + b"the end")))
        equal((result.code, made["exit_code"], len(made["error"]) <= 4000), (1, 3, True))
        matches("the end$", made["error"])


if __name__ == "__main__":
    main()
