#!/usr/bin/env python3
"""Checks what `daybook export journal` wrote, from the formats alone: no code is shared with daybook.

    audit_checker.py DIR [--checkpoint FILE --vkey VKEY] [--inclusion FILE] [--consistency FROM_CHECKPOINT FILE]
                         [--evidence FILE]

Every line of DIR/journal.jsonl: RFC 8785 text, leaf fields, payload digest, versions and prev chain of each stream, order of seq
and recorded_at, artifact bytes. Then the tree of RFC 9162 by its definition, and that a checkpoint, a tlog-proof, a consistency proof
and an evidence file agree with these leaves. Signatures are checked with `openssl`. Standard library only. Prints `size root`
and exits with 0, or says what is wrong and exits with 1.
"""
import argparse, base64, hashlib, json, os, re, subprocess, sys, tempfile

LEAF_FIELDS = ["actor", "cause", "event_id", "key", "occurred_at", "payload_sha256", "prev", "recorded_at", "seq", "source",
               "stream", "type", "v", "version"]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")


def demand(truth, *what):
    if not truth:
        sys.exit("audit_checker: " + " ".join(str(part) for part in what))


# RFC 8785 -------------------------------------------------------------------------------------------------------------

def number_text(number):
    """ECMAScript's Number::toString, from Python's shortest digits."""
    if isinstance(number, int):
        return str(number)
    if number == 0:
        return "0"
    sign = "-" if number < 0 else ""
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits, point = whole + fraction, len(whole) + int(exponent or 0)
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return sign + digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    power = f"e{'+' if point > 0 else '-'}{abs(point - 1)}"
    return sign + digits[0] + ("." + digits[1:] if count > 1 else "") + power


def jcs(value):
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return number_text(value)
    if isinstance(value, str):
        short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
        return '"' + "".join(short.get(ord(c)) or (f"\\u{ord(c):04x}" if ord(c) < 32 else c) for c in value) + '"'
    if isinstance(value, list):
        return "[" + ",".join(jcs(element) for element in value) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(jcs(name) + ":" + jcs(value[name]) for name in names) + "}"


def strict_object(pairs):
    demand(len({name for name, _ in pairs}) == len(pairs), "an object has a name twice")
    return dict(pairs)


def read_json(text):
    return json.loads(text, object_pairs_hook=strict_object)


# The lines ------------------------------------------------------------------------------------------------------------

class Line:
    """One event's line, cut at its members as the text stands."""

    def __init__(self, text, where):
        self.value = read_json(text)
        demand(jcs(self.value) == text, where, "is not in RFC 8785 form")
        demand(sorted(self.value) == ["leaf", "payload", "salt"], where, "has other members than leaf, payload, salt")
        self.leaf = self.value["leaf"]
        demand(sorted(self.leaf) == LEAF_FIELDS, where, "has other leaf fields than an event's")
        leaf_text = jcs(self.leaf)
        demand(text.startswith('{"leaf":' + leaf_text + ',"payload":'), where, "does not begin with its leaf")
        self.hash = hashlib.sha256(b"\0" + leaf_text.encode()).digest()
        self.redacted = self.value["payload"] is None
        demand(self.redacted == (self.value["salt"] is None), where, "has payload or salt without the other")
        if not self.redacted:
            tail = ',"salt":"' + self.value["salt"] + '"}'
            payload = text[len('{"leaf":' + leaf_text + ',"payload":'):-len(tail)]
            demand(re.fullmatch("[0-9a-f]{32}", self.value["salt"]), where, "has no salt of 16 bytes")
            digest = hashlib.sha256(bytes.fromhex(self.value["salt"]) + payload.encode()).hexdigest()
            demand(digest == self.leaf["payload_sha256"], where, "has another payload_sha256 than its payload")
        for name in ("occurred_at", "recorded_at"):
            demand(TIME.fullmatch(self.leaf[name]) and not self.leaf[name].endswith(".000000Z"), where, "has no good", name)

    def redacts(self):
        return self.value["payload"]["redacts"] if self.leaf["type"] == "redacted" and not self.redacted else None


class Chains:
    """The chain of each stream, event by event."""

    def __init__(self):
        self.heads, self.withheld, self.redacted, self.recorded = {}, set(), set(), ""

    def take(self, line, where):
        leaf = line.leaf
        version, prev = self.heads.get(leaf["stream"], (0, None))
        demand(leaf["version"] == version + 1, where, "is version", leaf["version"], "after", version)
        demand(leaf["prev"] == prev, where, "has a prev that is not the leaf before it in its stream")
        recorded = leaf["recorded_at"].replace("Z", "") + ("" if "." in leaf["recorded_at"] else ".000000")
        demand(recorded >= self.recorded, where, "was recorded before the event before it")
        self.heads[leaf["stream"]], self.recorded = (leaf["version"], line.hash.hex()), recorded
        self.note_redactions(line)

    def note_redactions(self, line):
        if line.redacted:
            self.withheld.add(line.leaf["seq"])
        if line.redacts() is not None:
            self.redacted.add(line.redacts())


# RFC 9162, by its definitions -----------------------------------------------------------------------------------------

def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    def __init__(self, leaves):
        self.leaves, self.known = leaves, {}

    def root(self, begin, end):
        if end == begin:
            return hashlib.sha256(b"").digest()
        if end - begin == 1:
            return self.leaves[begin]
        if (begin, end) not in self.known:
            middle = begin + half(end - begin)
            self.known[begin, end] = node(self.root(begin, middle), self.root(middle, end))
        return self.known[begin, end]


def half(size):
    return 1 << (size - 1).bit_length() - 1


def root_from_inclusion(leaf, index, size, proof):
    """The root that an audit path leads to, by the recursion of section 2.1.3.1, turned round."""
    demand(index < size, "the index is beyond the tree")
    if size == 1:
        demand(not proof, "the proof has a hash too many")
        return leaf
    demand(proof, "the proof has a hash too few")
    middle = half(size)
    if index < middle:
        return node(root_from_inclusion(leaf, index, middle, proof[:-1]), proof[-1])
    return node(proof[-1], root_from_inclusion(leaf, index - middle, size - middle, proof[:-1]))


def roots_from_consistency(old_root, old, new, proof, whole=True):
    """(old root, new root) that a consistency proof leads to, by the recursion of section 2.1.4.1, turned round."""
    if old == new:
        if whole:
            demand(not proof, "the proof has a hash too many")
            return old_root, old_root
        demand(len(proof) == 1, "the proof has a hash too many or too few")
        return proof[0], proof[0]
    demand(proof, "the proof has a hash too few")
    middle = half(new)
    if old <= middle:
        before, after = roots_from_consistency(old_root, old, middle, proof[:-1], whole)
        return before, node(after, proof[-1])
    before, after = roots_from_consistency(old_root, old - middle, new - middle, proof[:-1], False)
    return node(proof[-1], before), node(proof[-1], after)


# Signed notes ---------------------------------------------------------------------------------------------------------

def open_note(note, vkey):
    name, key_id, key = vkey.split("+", 2)
    key = base64.b64decode(key, validate=True)
    demand(key[:1] == b"\1" and len(key) == 33, "the vkey is no Ed25519 key")
    demand(hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8] == key_id, "the vkey has another id than its own")
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    good = False
    for line in signatures.split("\n")[:-1]:
        dash, signer, blob = line.split(" ")
        blob = base64.b64decode(blob, validate=True)
        if (dash, signer, blob[:4].hex()) != ("\u2014", name, key_id):
            continue
        with tempfile.TemporaryDirectory() as place:
            files = {"key": bytes.fromhex("302a300506032b6570032100") + key[1:], "text": text.encode(), "signature": blob[4:]}
            for file, content in files.items():
                with open(os.path.join(place, file), "wb") as out:
                    out.write(content)
            good = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key", "-rawin", "-in", "text",
                                   "-sigfile", "signature"], cwd=place, capture_output=True).returncode == 0
        demand(good, "the signature is not good")
    demand(good, "the note has no signature of", vkey)
    return text


def open_checkpoint(note, vkey):
    origin, size, root = open_note(note, vkey).split("\n")[:3]
    demand(origin == vkey.split("+")[0], "the checkpoint is of another log")
    return int(size), base64.b64decode(root, validate=True)


# The whole ------------------------------------------------------------------------------------------------------------

def check_journal(directory):
    chains, leaves = Chains(), []
    with open(os.path.join(directory, "journal.jsonl"), encoding="utf-8", newline="\n") as file:
        for number, text in enumerate(file, 1):
            where = f"line {number}"
            demand(text.endswith("\n"), where, "has no end")
            line = Line(text[:-1], where)
            demand(line.leaf["seq"] == number, where, "is event", line.leaf["seq"])
            chains.take(line, where)
            leaves.append(line.hash)
            if line.leaf["type"] == "artifact_attached" and not line.redacted:
                with open(os.path.join(directory, "blobs", line.value["payload"]["sha256"]), "rb") as blob:
                    demand(hashlib.sha256(blob.read()).hexdigest() == line.value["payload"]["sha256"], where, "names other bytes")
    demand(chains.withheld == chains.redacted, "redacted are", chains.withheld, "and should be", chains.redacted)
    return leaves


def check_evidence(text, vkey):
    demand(text.endswith("\n"), "the evidence was cut")
    header, *lines = text[:-1].split("\n")
    header = read_json(header)
    demand(header["format"] == "daybook-evidence/1", "it is no evidence")
    size, root = open_checkpoint(header["checkpoint"], vkey)
    said = open_note(header["statement"], vkey).split("\n")
    demand(said[0] == "daybook-evidence/1" and said[-1] == "", "the statement is none")
    said = dict(line.split(" ", 1) for line in said[1:-1])
    demand((int(said["size"]), said["root"]) == (size, root.hex()), "the statement is about another checkpoint")
    chains, last = Chains(), None
    for number, text in enumerate(lines, 2):
        where = f"line {number}"
        demand(text.startswith('{"event":') and text.endswith("]}"), where, "is no event with its proof")
        event, proof = text[len('{"event":'):].rsplit(',"proof":', 1)
        line = Line(event, where)
        found = root_from_inclusion(line.hash, line.leaf["seq"] - 1, size, [bytes.fromhex(hash) for hash in read_json(proof[:-1])])
        demand(found == root, where, "is not in the tree")
        if number - 1 <= int(said["version"]):
            demand(line.leaf["stream"] == said["stream"], where, "is of another stream")
            chains.take(line, where)
            last = line
        else:
            demand(line.redacts() in chains.withheld, where, "explains nothing")
            chains.note_redactions(line)
    demand(chains.heads.get(said["stream"]) == (int(said["version"]), said["head"]) and last.leaf["seq"] == int(said["seq"]),
           "the last event is not the head")
    demand(chains.withheld <= chains.redacted, "a payload is missing that nothing redacts")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("--vkey")
    parser.add_argument("--checkpoint")
    parser.add_argument("--inclusion", action="append", default=[])
    parser.add_argument("--consistency", action="append", default=[], nargs=2)
    parser.add_argument("--evidence", action="append", default=[])
    options = parser.parse_args()

    def read(path):
        with open(path, encoding="utf-8", newline="\n") as file:
            return file.read()

    leaves = check_journal(options.directory)
    tree = Tree(leaves)
    if options.checkpoint:
        size, root = open_checkpoint(read(options.checkpoint), options.vkey)
        demand(size <= len(leaves) and tree.root(0, size) == root, "the checkpoint is of another journal")
    for path in options.inclusion:
        head, _, note = read(path).partition("\n\n")
        head = head.split("\n")
        demand(head[0] == "c2sp.org/tlog-proof@v1" and head[1].startswith("index "), path, "is no tlog-proof")
        index, (size, root) = int(head[1][6:]), open_checkpoint(note, options.vkey)
        demand(root_from_inclusion(leaves[index], index, size, [base64.b64decode(hash) for hash in head[2:]]) == root, path, "does not hold")
    for old, path in options.consistency:
        head, _, note = read(path).partition("\n\n")
        head = head.split("\n")
        (old_size, old_root), (size, root) = open_checkpoint(read(old), options.vkey), open_checkpoint(note, options.vkey)
        demand(head[0] == f"old {old_size}", path, "is from another size")
        proof = [base64.b64decode(hash) for hash in head[1:] if hash]
        demand(roots_from_consistency(old_root, old_size, size, proof) == (old_root, root), path, "does not hold")
    for path in options.evidence:
        check_evidence(read(path), options.vkey)
    print(len(leaves), tree.root(0, len(leaves)).hex())


if __name__ == "__main__":
    main()
