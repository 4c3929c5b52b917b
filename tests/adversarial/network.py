# SPDX-License-Identifier: Apache-2.0
"""Threat: a command that talks: to the network, to services on the host's loopback, to its UNIX sockets."""

import os
import socket
import threading

from boundary import BLOCKED, Boundary, Skip, owners
from tap import case, cases, equal, main, matches


class Listeners:
    """On the host: a TCP port of its loopback, UNIX sockets with and without a name in the workspace. Each says hello."""

    def __init__(self, boundary):
        self.sockets = []
        self.port = self.serve(socket.AF_INET, ("127.0.0.1", 0)).getsockname()[1]
        self.abstract = os.path.basename(boundary.root)
        self.serve(socket.AF_UNIX, "\0" + self.abstract)
        self.path = os.path.join(boundary.work, "socket")
        self.serve(socket.AF_UNIX, self.path)
        os.chmod(self.path, 0o777)
        self.datagrams = os.path.join(boundary.work, "datagrams")
        self.datagram = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.datagram.bind(self.datagrams)
        os.chmod(self.datagrams, 0o777)
        self.datagram.settimeout(0)

    def serve(self, family, address):
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.bind(address)
        listener.listen(100)
        self.sockets.append(listener)
        threading.Thread(target=self.answer, args=(listener,), daemon=True).start()
        return listener

    @staticmethod
    def answer(listener):
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            peer.sendall(b"hello")
            peer.close()

    def received(self):
        """A datagram came."""
        try:
            return bool(self.datagram.recv(100))
        except OSError:
            return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for listener in self.sockets:
            listener.shutdown(socket.SHUT_RDWR)  # ends accept(2) in its thread
            listener.close()
        self.datagram.close()

    def probe(self):
        return f"""
            def talk(family, address):
                with socket.socket(family, socket.SOCK_STREAM) as peer:
                    peer.settimeout(5)
                    peer.connect(address)
                    assert peer.recv(5) == b"hello"
            def send():
                one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
                one.sendto(b"x", {self.datagrams!r})
            def interfaces(): return sorted(line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line)
            def resolver(): open("/etc/resolv.conf").read()
            say({{"tcp": attempt(talk, socket.AF_INET, ("127.0.0.1", {self.port})),
                 "abstract": attempt(talk, socket.AF_UNIX, "\\0{self.abstract}"),
                 "path": attempt(talk, socket.AF_UNIX, {self.path!r}), "datagram": attempt(send),
                 "interfaces": interfaces(), "resolver": attempt(resolver)}})
        """


@cases(owners("deny: nothing but a loopback of its own"))
def deny(owner):
    with Boundary(owner) as boundary, Listeners(boundary) as listeners:
        outside = boundary.control(listeners.probe())
        equal([outside[key] for key in ("tcp", "abstract", "path", "datagram")], ["ok"] * 4, "outside")
        equal(listeners.received(), True, "the control's datagram")
        inside = boundary.probe(listeners.probe())
        equal([inside[key] for key in ("tcp", "abstract", "path", "datagram")], ["EPERM"] * 4, "inside")
        equal(inside["interfaces"], ["lo"], "interfaces")
        equal(listeners.received(), False, "a datagram from inside")


@cases(owners("deny: the host's sockets stay out of reach where UNIX sockets are allowed"))
def deny_with_unix_sockets(owner):
    with Boundary(owner, config="unix_sockets: true\n") as boundary, Listeners(boundary) as listeners:
        inside = boundary.probe(listeners.probe())
        equal(inside["tcp"], "EPERM", "no TCP")
        equal(inside["abstract"] != "ok", True, "abstract sockets belong to a network namespace")
        equal(inside["path"], "ok", "a socket in the scope: what the configuration allows")


@case("each kind of namespace is its own; full shares the network, and nothing else")
def own_namespace():
    source = "say([os.readlink('/proc/self/ns/' + kind) for kind in ('net', 'uts', 'ipc', 'cgroup', 'pid', 'mnt', 'user')])"
    with Boundary() as boundary:
        inside, outside = boundary.probe(source), boundary.control(source, uid=os.getuid())
        equal([a == b for a, b in zip(inside, outside)], [False] * 7, "namespaces of its own")
        full = boundary.probe(source, network="full")
        equal([a == b for a, b in zip(full, outside)], [True] + [False] * 6, "full shares the network, and nothing else")


@cases(owners("full: the host's network, without its UNIX sockets"))
def full(owner):
    with Boundary(owner) as boundary, Listeners(boundary) as listeners:
        inside, outside = boundary.probe(listeners.probe(), network="full"), boundary.control(listeners.probe())
        equal(listeners.received(), True, "the control's datagram")
        equal(inside["tcp"], "ok", "the host's loopback")
        equal([inside[key] for key in ("abstract", "path", "datagram")], ["EPERM"] * 3, "UNIX sockets")
        equal(inside["interfaces"], outside["interfaces"], "the host's interfaces")
        equal(inside["resolver"], outside["resolver"], "resolv.conf")
        equal(listeners.received(), False, "a datagram from inside")


@case("full, UNIX sockets allowed: abstract sockets of the host's, where Landlock can refuse them")
def abstract_sockets():
    with Boundary(config="unix_sockets: true\n") as boundary, Listeners(boundary) as listeners:
        inside = boundary.probe(listeners.probe(), network="full")
        plan = boundary.plans(boundary.command("true", network="full"))[0]
        if plan["landlock"]["abi"] < 6:
            raise Skip("this kernel's Landlock cannot scope abstract sockets")
        equal(inside["abstract"], "EPERM", "an abstract socket of the host's")


@case("the host name is the sandbox's")
def host_name():
    source = "say([os.uname().nodename, socket.gethostname()])"
    with Boundary() as boundary:
        equal(boundary.probe(source, network="full"), ["csc", "csc"], "inside")
        equal(boundary.control(source)[0] != "csc", True, "outside")


@cases([("allowlisted is refused, never full or deny", ["allowlisted"], []),
        ("allowlisted as the second command: the first does not run either", ["deny", "allowlisted"], [])])
def allowlisted(networks, left):
    with Boundary() as boundary:
        commands = [boundary.program(f"open('{number}', 'w').close(); print('ran')", id=f"c{number}", network=network,
                                     write_paths=[boundary.work + "/**"]) for number, network in enumerate(networks)]
        result = boundary.run(*commands)
        equal((result.code, result.out), (BLOCKED, ""), "exit code and output")
        equal(os.listdir(boundary.work), left, "what ran")
        receipt = boundary.receipt()
        equal((receipt["status"], "exit_code" in receipt, receipt["execution_mode"]), ("blocked", False, "hardened"))
        equal(receipt["failed_command_id"], f"c{len(networks) - 1}")
        matches("allowlisted", receipt["error"])
        matches("allowlisted", result.err)
        control = boundary.run(boundary.program("open('x', 'w').close()", write_paths=[boundary.work + "/**"]))
        equal((control.code, os.listdir(boundary.work)), (0, ["x"]), "the same under deny")


if __name__ == "__main__":
    main()
