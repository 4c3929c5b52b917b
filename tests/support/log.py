# SPDX-License-Identifier: Apache-2.0
"""A transparency log of its own: RFC 6962 as its section 2.1 words it, recursively, and the texts of c2sp.org.

It shares nothing with csc but the documents. Keys are made, and texts signed, by openssl(1).
"""

import base64
import hashlib
import os
import subprocess


def sha256(data):
    return hashlib.sha256(data).digest()


def leaf_hash(data):
    return sha256(b"\0" + data)


def node_hash(left, right):
    return sha256(b"\1" + left + right)


def split(size):
    """The largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def root(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(root(leaves[:k]), root(leaves[k:]))


def inclusion(index, leaves):
    """PATH(m, D[n])"""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return inclusion(index, leaves[:k]) + [root(leaves[k:])]
    return inclusion(index - k, leaves[k:]) + [root(leaves[:k])]


def consistency(old, leaves, complete=True):
    """SUBPROOF(m, D[n], b)"""
    if old == len(leaves):
        return [] if complete else [root(leaves)]
    k = split(len(leaves))
    if old <= k:
        return consistency(old, leaves[:k], complete) + [root(leaves[k:])]
    return consistency(old - k, leaves[k:], False) + [root(leaves[:k])]


def b64(data):
    return base64.b64encode(data).decode()


class LogKey:
    """An Ed25519 key under a name; `folder` is for openssl's files."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.path = os.path.join(folder, "log-%s.pem" % sha256(name.encode()).hex()[:16])
        self.openssl("genpkey", "-algorithm", "ed25519", "-out", self.path)
        self.public = self.openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")[-32:]

    @staticmethod
    def openssl(*args):
        return subprocess.run(["openssl", *args], check=True, capture_output=True).stdout

    def id(self):
        return sha256(self.name.encode() + b"\n\x01" + self.public)[:4]

    def vkey(self):
        return "+".join([self.name, self.id().hex(), b64(b"\x01" + self.public)])

    def signature(self, text):
        """The line of a signature over a note's text."""
        message = os.path.join(self.folder, "message")
        with open(message, "w", encoding="utf-8") as file:
            file.write(text)
        made = self.openssl("pkeyutl", "-sign", "-inkey", self.path, "-rawin", "-in", message)
        return "\u2014 %s %s\n" % (self.name, b64(self.id() + made))


def checkpoint_text(origin, leaves):
    return "%s\n%d\n%s\n" % (origin, len(leaves), b64(root(leaves)))


def proof_text(index, path, note):
    return "c2sp.org/tlog-proof@v1\nindex %d\n%s\n%s" % (index, "".join(b64(h) + "\n" for h in path), note)


def proof(index, leaves, key):
    """A whole .tlog-proof."""
    text = checkpoint_text(key.name, leaves)
    return proof_text(index, inclusion(index, leaves), text + "\n" + key.signature(text))
