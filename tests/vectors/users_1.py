"""Users' keys and locks of storage format 1 (docs/format.md, "Users") in another language. Like format_1.py it shares no
code with the Rust crates and is no library."""

import hashlib
import unicodedata

from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

import format_1 as f

USER, GROUP = 6, 7
LOCK_KINDS = {"password": 1, "recovery code": 2, "questions": 3, "private key": 4, "escrow": 5}
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U"


def extract(salt, secret):
    return f.mac(salt, secret)


def typed_id(*parts):
    """(class name, encoded bytes) of each identifier."""
    return f.binding(parts)


class Place:
    """Which key of which holder it is."""

    def __init__(self, application, scope, purpose, holder, key_id, version):
        self.application, self.scope, self.purpose, self.holder = application, scope, purpose, holder
        self.key_id, self.version = key_id, version

    def bytes(self):
        return (f.lp(self.application.encode()) + f.u32(self.key_id) + bytes([self.purpose]) + f.u32(self.version)
                + f.lp(self.holder) + f.opt(self.scope))

    def where(self):
        return f.lp(self.application.encode()) + f.opt(self.scope) + f.lp(self.holder)


def check_value(key, place):
    return f.hkdf_expand(key, f.label("check") + place.bytes())


def record_mac(authority_key, authority_key_id, place, check, identity):
    columns = [place.application.encode(), f.opt(place.scope), f.u32(authority_key_id), place.holder,
               f.u32(place.key_id), f.u32(place.version), check, f.opt(identity)]
    return row_mac(f.hkdf_expand(authority_key, f.label("user record")), 3, columns)


def group_record_mac(authority_key, authority_key_id, place, check):
    columns = [place.application.encode(), f.opt(place.scope), f.u32(authority_key_id), place.holder,
               f.u32(place.key_id), f.u32(place.version), check]
    return row_mac(f.hkdf_expand(authority_key, f.label("user record")), 5, columns)


def row_mac(subkey, kind, columns):
    return f.mac(subkey, f.label("row") + bytes([kind]) + b"".join(map(f.lp, columns)))


# Locks.


def lock_header(kind, kdf, parameters, salt):
    return bytes([0xE3, LOCK_KINDS[kind], kdf]) + b"".join(map(f.u32, parameters)) + salt


def stretch(header, password):
    """R of a password, by the function and the cost that the header names."""
    kdf, salt = header[2], header[15:31]
    memory, passes, lanes = (int.from_bytes(header[at:at + 4], "big") for at in (3, 7, 11))
    password = unicodedata.normalize("NFC", password).encode()
    if kdf == 1:
        return Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory).derive(password)
    assert kdf == 2
    return PBKDF2HMAC(hashes.SHA256(), 32, salt, passes).derive(password)


def r_of(header, secret, authority_key=None):
    """R of a lock: `secret` is the password, the code's characters, or None for escrow."""
    kind, salt = header[1], header[15:31]
    if kind == LOCK_KINDS["password"]:
        return stretch(header, secret)
    if kind == LOCK_KINDS["recovery code"]:
        return extract(salt, secret.encode())
    if kind == LOCK_KINDS["escrow"]:
        return extract(salt, f.hkdf_expand(authority_key, f.label("escrow")))
    return extract(salt, secret)


def derived(r, header, place, lock_id, tail=b""):
    """The context, wrapping key, commitment and login verifier."""
    ctx = header + place.bytes() + lock_id + tail
    return (ctx, *(f.hkdf_expand(r, f.label(name) + ctx) for name in ("kdf wrap", "kdf commitment", "kdf login")))


def lock_aad(ctx, commitment):
    return f.label("lock") + ctx + commitment


def make_lock(r, header, place, lock_id, nonce, key, tail=b""):
    ctx, wrapping, commitment, _ = derived(r, header, place, lock_id, tail)
    return header + commitment + nonce + f.encrypt(3, wrapping, nonce, lock_aad(ctx, commitment), key) + tail


def open_lock(lock, r, place, lock_id, check):
    header, commitment, nonce, sealed, tail = lock[:31], lock[31:63], lock[63:87], lock[87:135], lock[135:]
    assert header[0] == 0xE3 and len(sealed) == 48
    ctx, wrapping, expected, _ = derived(r, header, place, lock_id, tail)
    assert commitment == expected, "wrong secret"
    key = f.decrypt(3, wrapping, nonce, lock_aad(ctx, commitment), sealed)
    assert check_value(key, place) == check, "another key"
    return key


def stored_login(login):
    return f.hkdf_expand(login, f.label("login hash"))


# Recovery codes.


def printed(code):
    number = 0
    for character in code:
        number = number * 32 + CROCKFORD.index(character)
    text = code + CROCKFORD[number % 37]
    return "-".join(text[at:at + 5] for at in range(0, len(text), 5))


def canonical(text):
    """The 26 characters of a code that someone typed."""
    text = "".join(c for c in text.upper() if c not in " -\t\n").translate(str.maketrans("OIL", "011"))
    assert printed(text[:26]).replace("-", "") == text
    return text[:26]


def recovery_id(code, place):
    return f.hkdf_expand(extract(b"", code.encode()), f.label("recovery id") + place.where())[:16]


def sha256(data):
    return hashlib.sha256(data).digest()


# What a key holds.

HELD = {"encryption key": 1, "identity key": 2, "group key": 3, "earlier key": 4}


def held_cipher(key, place):
    return f.hkdf_expand(key, f.label("held") + place.bytes())


def hold(key, place, kind, what, nonce, secret):
    header = bytes([0xE4, HELD[kind]]) + f.u32(place.key_id)
    aad = f.label("held") + header + what
    return header + nonce + f.encrypt(3, held_cipher(key, place), nonce, aad, secret)


def open_held(key, place, kind, what, held):
    header, nonce, sealed = held[:6], held[6:30], held[30:]
    assert header == bytes([0xE4, HELD[kind]]) + f.u32(place.key_id) and len(sealed) == 48
    return f.decrypt(3, held_cipher(key, place), nonce, f.label("held") + header + what, sealed)


# Identities.


def identity_public(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def sign(seed, message):
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def verify(public, message, signature):
    Ed25519PublicKey.from_public_bytes(public).verify(signature, message)


def fingerprint(place, public):
    return sha256(f.label("fingerprint") + place.where() + public)


def public_keys_message(place, suite, public):
    return f.label("public keys") + place.where() + bytes([suite]) + f.lp(public)


def identity_change_message(place, old, new):
    return f.label("identity change") + place.where() + old + new


def pin_mac(key, place, other, print_):
    """`key` is a user's, or a group's whose member the other is."""
    return row_mac(f.hkdf_expand(key, f.label("pins") + place.bytes()), 4, [other, print_])


def recipient_mac(key, place, lock_id, suite, public):
    """`key` is the user's whose lock it is."""
    return row_mac(f.hkdf_expand(key, f.label("pins") + place.bytes()), 6, [lock_id, bytes([suite]), public])


# HPKE (RFC 9180), base mode, HKDF-SHA256, ChaCha20-Poly1305. Sealing with a chosen encapsulated key is written out, since
# no package does it; opening is the package's.

X25519, XWING = 1, 2
KEM_ID = {X25519: b"\x00\x20", XWING: b"\x64\x7a"}
ENCAPSULATED_LEN = {X25519: 32, XWING: 1120}


def xwing_keys(seed):
    """The two private keys of X-Wing (draft-connolly-cfrg-xwing-kem, section 5.2)."""
    expanded = hashlib.shake_256(seed).digest(96)
    return MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), X25519PrivateKey.from_private_bytes(expanded[64:])


def public_bytes(suite, secret):
    if suite == XWING:
        return b"".join(key.public_key().public_bytes_raw() for key in xwing_keys(secret))
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def hpke_open(suite, secret, encapsulated, sealed, info):
    kem = hpke.KEM.MLKEM768_X25519 if suite == XWING else hpke.KEM.X25519
    key = (hpke.MLKEM768X25519PrivateKey(*xwing_keys(secret)) if suite == XWING
           else X25519PrivateKey.from_private_bytes(secret))
    return hpke.Suite(kem, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305).decrypt(encapsulated + sealed, key, info)


def labeled_extract(suite_id, salt, name, secret):
    return extract(salt, b"HPKE-v1" + suite_id + name + secret)


def labeled_expand(suite_id, key, name, info, length):
    return f.hkdf_expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + suite_id + name + info, length)


def encapsulate(public, ephemeral):
    """(encapsulated key, shared secret) with X25519, RFC 9180 section 4.1."""
    key, kem = X25519PrivateKey.from_private_bytes(ephemeral), b"KEM" + KEM_ID[X25519]
    encapsulated = key.public_key().public_bytes_raw()
    prk = labeled_extract(kem, b"", b"eae_prk", key.exchange(X25519PublicKey.from_public_bytes(public)))
    return encapsulated, labeled_expand(kem, prk, b"shared_secret", encapsulated + public, 32)


def xwing_shared(secret, encapsulated):
    """The shared secret of an encapsulated key of X-Wing, section 5.4."""
    post_quantum, classical = xwing_keys(secret)
    ephemeral, public = encapsulated[1088:], classical.public_key().public_bytes_raw()
    both = post_quantum.decapsulate(encapsulated[:1088]) + classical.exchange(X25519PublicKey.from_public_bytes(ephemeral))
    return hashlib.sha3_256(both + ephemeral + public + b"\\.//^\\").digest()


def hpke_seal(suite, encapsulated, shared, plaintext, info):
    """(encapsulated key, sealed), RFC 9180 section 5.1."""
    suite_id = b"HPKE" + KEM_ID[suite] + b"\x00\x01\x00\x03"
    context = (b"\x00" + labeled_extract(suite_id, b"", b"psk_id_hash", b"")
               + labeled_extract(suite_id, b"", b"info_hash", info))
    secret = labeled_extract(suite_id, shared, b"secret", b"")
    key = labeled_expand(suite_id, secret, b"key", context, 32)
    nonce = labeled_expand(suite_id, secret, b"base_nonce", context, 12)
    return encapsulated, ChaCha20Poly1305(key).encrypt(nonce, plaintext, b"")


# Shares.


def share_info(suite, sender, sender_print, recipient, recipient_print, group_place, check):
    return (f.label("share") + bytes([suite]) + f.lp(sender) + sender_print + f.lp(recipient) + recipient_print
            + group_place.bytes() + check)


def signed_share(info, share):
    return f.label("signed share") + f.lp(info) + f.lp(share)


def finish_share(suite, encapsulated, sealed, info, sender_seed):
    share = bytes([0xE5, suite]) + encapsulated + sealed
    return share + sign(sender_seed, signed_share(info, share))


def open_share(share, info, sender_public, secret):
    suite = share[1]
    assert share[0] == 0xE5 and len(share) == 2 + ENCAPSULATED_LEN[suite] + 48 + 64
    verify(sender_public, signed_share(info, share[:-64]), share[-64:])
    return hpke_open(suite, secret, share[2:-112], share[-112:-64], info)


# Sessions.


def session_header(authority_key_id, place, expires, session_id):
    return (b"\xe6" + f.u32(authority_key_id) + f.u32(place.key_id) + f.u32(place.version) + expires.to_bytes(8, "big")
            + session_id)


def session_cipher(authority_key, token, header, place):
    both = extract(token[16:], f.hkdf_expand(authority_key, f.label("session")))
    return f.hkdf_expand(both, f.label("session") + header + place.bytes())


def make_session(authority_key, token, header, place, nonce, key):
    cipher = session_cipher(authority_key, token, header, place)
    return header + nonce + f.encrypt(3, cipher, nonce, f.label("session") + header + place.bytes(), key)


def open_session(authority_key, token, stored, place):
    header, nonce, sealed = stored[:37], stored[37:61], stored[61:]
    cipher = session_cipher(authority_key, token, header, place)
    return f.decrypt(3, cipher, nonce, f.label("session") + header + place.bytes(), sealed)


# Questions. GF(256) by the polynomial x^8 + x^4 + x^3 + x^2 + 1.


def gf_mul(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a, b = (a << 1) ^ (0x11D if a & 0x80 else 0), b >> 1
    return product


def gf_inverse(a):
    return next(b for b in range(1, 256) if gf_mul(a, b) == 1)


def share_of(number, secret, coefficients):
    """The polynomials at `number`: `coefficients` are the rows of x, x^2 and so on."""
    out = bytearray()
    for at, byte in enumerate(secret):
        value, power = byte, 1
        for row in coefficients:
            power = gf_mul(power, number)
            value ^= gf_mul(power, row[at])
        out.append(value)
    return bytes(out)


def join(shares):
    """{number: share} to the secret: Lagrange at 0."""
    out = bytearray(32)
    for i, share in shares.items():
        factor = 1
        for j in shares:
            if j != i:
                factor = gf_mul(factor, gf_mul(j, gf_inverse(i ^ j)))
        for at in range(32):
            out[at] ^= gf_mul(factor, share[at])
    return bytes(out)


def normal_answer(answer):
    return "".join(c for c in unicodedata.normalize("NFKC", answer) if c.isalnum()).lower()


def answer_mask(answer, salt, number, place, lock_id):
    stretched = Argon2id(salt=salt, length=32, iterations=2, lanes=1, memory_cost=19456).derive(
        unicodedata.normalize("NFC", normal_answer(answer)).encode())
    return f.hkdf_expand(stretched, f.label("answer") + bytes([number]) + place.bytes() + lock_id)


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def questions_secret(authority_key, secret):
    return secret + f.hkdf_expand(authority_key, f.label("questions"))


def open_questions(lock, answers, authority_key, place, lock_id, check):
    """`answers` is {number: answer}."""
    tail, shares = lock[135:], {}
    assert tail[4] == len(answers) and len(tail) == 6 + 48 * tail[5]
    for number, answer in answers.items():
        entry = tail[6 + 48 * (number - 1):][:48]
        shares[number] = xor(entry[16:], answer_mask(answer, entry[:16], number, place, lock_id))
    r = extract(lock[15:31], questions_secret(authority_key, join(shares)))
    return open_lock(lock, r, place, lock_id, check)


# Values.


def value_key(key, place):
    """What stands in the place of a field's data key."""
    return f.hkdf_expand(key, f.label("values") + place.bytes())


def index_key(key, place, name):
    """What stands in the place of an index's data key."""
    return f.hkdf_expand(key, f.label("user index") + place.bytes() + f.lp(name.encode()))
