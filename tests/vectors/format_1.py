"""Storage format 1 of diesel-encrypted (docs/format.md) in another language: the implementation that the Rust crates
are held against. It shares no code with them and is no library: its primitives are not constant-time, and its keys are
never wiped."""

import base64
import hashlib
import hmac
import json
import struct
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

AES_256_GCM, XCHACHA20_POLY1305, XAES_256_GCM = 1, 2, 3
ALGORITHM_NAMES = {1: "aes-256-gcm", 2: "xchacha20-poly1305", 3: "xaes-256-gcm"}
NONCE_LEN = {1: 12, 2: 24, 3: 24}
CLASSES = {"text": 1, "bytes": 2, "bool": 3, "signed": 4, "unsigned": 5, "float": 6, "uuid": 7, "time": 8, "decimal": 9,
           "json": 10}
PURPOSES = {"encrypt": 1, "index": 2, "state": 3, "manifest": 4, "users": 5}
STATES = {"pending": 1, "active": 2, "retired": 3, "destroyed": 4}
EVENTS = STATES | {"rewrapped": 5}
BOUND, PADDED = 1, 2


def label(name):
    return b"diesel-encrypted/1 " + name.encode()


def u32(number):
    return struct.pack(">I", number)


def lp(data):
    return u32(len(data)) + data


def opt(data):
    return b"\x00" if data is None else b"\x01" + lp(data)


# Primitives.


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def hkdf_expand(key, info, length=32):
    out, block, counter = b"", b"", 1
    while len(out) < length:
        block = mac(key, block + info + bytes([counter]))
        out += block
        counter += 1
    return out[:length]


def hchacha20(key, nonce):
    """draft-irtf-cfrg-xchacha-03, section 2.2."""
    state = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))

    def quarter(a, b, c, d):
        for x, y, z, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[x] = (state[x] + state[y]) & 0xFFFFFFFF
            mixed = state[z] ^ state[x]
            state[z] = ((mixed << bits) | (mixed >> (32 - bits))) & 0xFFFFFFFF

    for _ in range(10):
        for column in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)):
            quarter(*column)
        for diagonal in ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            quarter(*diagonal)
    return struct.pack("<8I", *state[:4], *state[12:])


def xaes_key(key, nonce):
    """C2SP XAES-256-GCM v1: the AES-256-GCM key of the first 12 bytes of the nonce."""
    aes = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    doubled = int.from_bytes(aes.update(bytes(16)), "big") << 1
    if doubled >> 128:
        doubled = (doubled & ((1 << 128) - 1)) ^ 0x87
    k1 = doubled.to_bytes(16, "big")
    blocks = (bytes([0, part, 0x58, 0]) + nonce for part in (1, 2))
    return b"".join(aes.update(bytes(x ^ y for x, y in zip(block, k1))) for block in blocks)


def aead(algorithm, key, nonce):
    """The AEAD to use, and the nonce to give it."""
    if algorithm == AES_256_GCM:
        return AESGCM(key), nonce
    if algorithm == XCHACHA20_POLY1305:
        return ChaCha20Poly1305(hchacha20(key, nonce[:16])), bytes(4) + nonce[16:]
    return AESGCM(xaes_key(key, nonce[:12])), nonce[12:]


def encrypt(algorithm, key, nonce, aad, plaintext):
    assert len(nonce) == NONCE_LEN[algorithm]
    cipher, nonce = aead(algorithm, key, nonce)
    return cipher.encrypt(nonce, plaintext, aad)


def decrypt(algorithm, key, nonce, aad, sealed):
    cipher, nonce = aead(algorithm, key, nonce)
    try:
        return cipher.decrypt(nonce, sealed, aad)
    except InvalidTag:
        raise ValueError("does not open") from None


def check_primitives():
    """The published vectors of the two constructions that are written out above."""
    nonce = bytes.fromhex("000000090000004a0000000031415927")
    assert hchacha20(bytes(range(32)), nonce).hex() == "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"
    sealed = encrypt(XAES_256_GCM, b"\x01" * 32, b"ABCDEFGHIJKLMNOPQRSTUVWX", b"", b"XAES-256-GCM")
    assert sealed.hex() == "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"


# Keys.


def root_fingerprint(root):
    return hkdf_expand(root, label("root fingerprint"))[:8]


def context(key):
    scope = None if key["scope"] is None else bytes.fromhex(key["scope"])
    return (lp(key["application"].encode()) + u32(key["key_id"]) + bytes([PURPOSES[key["purpose"]]])
            + u32(key["version"]) + lp(key["name"].encode()) + opt(scope))


def check_value(key, row):
    return hkdf_expand(key, label("check") + context(row))


def wrap(root, algorithm, nonce, key, row):
    begin = bytes([0xE2, algorithm])
    subkey = hkdf_expand(root, label("root wrap") + bytes([algorithm]))
    return begin + nonce + encrypt(algorithm, subkey, nonce, label("key") + begin + context(row), key)


def unwrap(root, wrapped, row):
    assert wrapped[0] == 0xE2
    algorithm = wrapped[1]
    nonce, sealed = wrapped[2:2 + NONCE_LEN[algorithm]], wrapped[2 + NONCE_LEN[algorithm]:]
    subkey = hkdf_expand(root, label("root wrap") + bytes([algorithm]))
    return decrypt(algorithm, subkey, nonce, label("key") + wrapped[:2] + context(row), sealed)


def row_mac(state_key, kind, columns):
    return mac(hkdf_expand(state_key, label("state")), label("row") + bytes([kind]) + b"".join(map(lp, columns)))


def key_row_mac(state_key, row, members=()):
    """A manifest has members: the MACs of the rows of its scope, in ascending order."""
    scope = None if row["scope"] is None else bytes.fromhex(row["scope"])
    return row_mac(state_key, 1, [
        row["application"].encode(), u32(row["key_id"]), bytes([PURPOSES[row["purpose"]]]), u32(row["version"]),
        row["name"].encode(), opt(scope), bytes([STATES[row["state"]]]), row["index"].encode(), row["root_id"].encode(),
        bytes.fromhex(row["root_fingerprint"]), bytes.fromhex(row["wrapped"]), bytes.fromhex(row["check"]), *members])


def audit_row_mac(state_key, row):
    scope = None if row["scope"] is None else bytes.fromhex(row["scope"])
    return row_mac(state_key, 3, [
        u32(row["key_id"]), u32(row["sequence"]), opt(scope), bytes([EVENTS[row["event"]]]),
        struct.pack(">q", row["at_micros"]), row["root_id"].encode()])


def members(manifest, key_rows, registry_rows, audit_rows=()):
    """The registry belongs to no scope."""
    rows = [row for row in key_rows if row["purpose"] != "manifest" and row["scope"] == manifest["scope"]]
    rows += [row for row in audit_rows if row["scope"] == manifest["scope"]]
    rows += registry_rows if manifest["scope"] is None else []
    return sorted(bytes.fromhex(row["mac"]) for row in rows)


def registry_row_mac(state_key, row):
    return row_mac(state_key, 2, [
        row["field_id"].encode(), row["table"].encode(), row["column"].encode(), row["storage"].encode(),
        bytes([row["class"]]), row["primary_key"].encode(), row["indexes"].encode(), row["options"].encode()])


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


# Values.


def pad(data, bucket):
    padded = data + b"\x80"
    return padded + bytes(-len(padded) % bucket)


def header(slots, algorithm, flags, class_number, key_id):
    return (bytes([0xE1, len(slots), 0]) + b"".join(slots) + bytes([algorithm, flags | class_number << 4]) + u32(key_id))


def binding(owner):
    """`owner` is a list of (class, encoded)."""
    return bytes([len(owner)]) + b"".join(bytes([CLASSES[name]]) + lp(encoded) for name, encoded in owner)


def aead_info(head, field_id, scope):
    """The header without its slots, the field and the scope."""
    return label("aead") + head[:3] + head[-6:] + lp(field_id.encode()) + opt(scope)


def value_aad(head, nonce, owner):
    """The slots in whole blocks, from the byte before them on, and the owner."""
    count = head[1]
    slots = (head + nonce)[2:2 + 16 * ((1 + 15 * count + 15) // 16)] if count else b""
    return slots + (b"" if owner is None else binding(owner))


def seal(key, algorithm, nonce, head, owner, content, field_id, scope):
    subkey = hkdf_expand(key, aead_info(head, field_id, scope))
    return head + nonce + encrypt(algorithm, subkey, nonce, value_aad(head, nonce, owner), content)


def open_value(key, sealed, field_id, scope, owner):
    """(class number, encoded value, slots)."""
    count = sealed[1]
    assert sealed[0] == 0xE1 and count <= 15 and sealed[2] == 0
    slots = [sealed[3 + 15 * i:18 + 15 * i] for i in range(count)]
    end = 9 + 15 * count
    head, algorithm, flags = sealed[:end], sealed[end - 6], sealed[end - 5]
    nonce, rest = sealed[end:end + NONCE_LEN[algorithm]], sealed[end + NONCE_LEN[algorithm]:]
    assert bool(flags & BOUND) == (owner is not None) and not flags & 0x08
    subkey = hkdf_expand(key, aead_info(head, field_id, scope))
    content = decrypt(algorithm, subkey, nonce, value_aad(head, nonce, owner), rest)
    if flags & PADDED:
        content, mark, zeros = content.rpartition(b"\x80")
        assert mark and not any(zeros)
    return flags >> 4, content, slots


def key_id_of(sealed):
    return struct.unpack(">I", sealed[5 + 15 * sealed[1]:9 + 15 * sealed[1]])[0]


def text_form(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_text_form(text):
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert text_form(data) == text
    return data


# Blind indexes.


def digits(text):
    return "".join(str(unicodedata.decimal(char)) for char in text if unicodedata.category(char) == "Nd")


NORMALIZERS = {
    "lowercase": str.lower,
    "casefold": str.casefold,
    "trim": str.strip,
    "nfkc": lambda text: unicodedata.normalize("NFKC", text),
    "digits": digits,
    # The application's own of the tests: what stands behind the last `@`.
    "custom:email_domain": lambda text: text.rpartition("@")[2],
}


def decimal_form(text):
    """The canonical decimal of docs/format.md: 1.50 is 1.5, 15E-1 is 1.5, 1E+3 is 1000."""
    number, _, exponent = text.upper().partition("E")
    negative, number = number.startswith("-"), number.lstrip("+-")
    whole, _, fraction = number.partition(".")
    scale = len(fraction) - int(exponent or 0)
    significant = (whole + fraction).lstrip("0")
    kept = significant.rstrip("0")
    if not kept:
        return "0"
    scale -= len(significant) - len(kept)
    sign = "-" if negative else ""
    if -64 <= scale < 0:
        kept, scale = kept + "0" * -scale, 0
    if not 0 <= scale <= 64:
        return f"{sign}{kept}E{-scale:+d}"
    kept = kept.rjust(scale + 1, "0")
    return sign + (kept[:-scale] + "." + kept[-scale:] if scale else kept)


def normalized(class_name, encoded, steps):
    if class_name == "text":
        text = encoded.decode()
        for step in steps:
            text = NORMALIZERS[step](text)
        return text.encode()
    if class_name == "float" and encoded == bytes.fromhex("8000000000000000"):
        return bytes(8)
    if class_name == "decimal":
        return decimal_form(encoded.decode()).encode()
    return encoded


def slot(index_key, version, spec, class_name, encoded):
    full = mac(hkdf_expand(index_key, label("index")), normalized(class_name, encoded, spec["normalize"]))
    kept = int.from_bytes(full[:14], "big") >> (112 - spec["bits"]) << (112 - spec["bits"])
    return bytes([(version - 1) % 255 + 1]) + kept.to_bytes(14, "big")
