#!/usr/bin/env python3
"""Makes users.json, the known answers of users' keys and locks, with keys and nonces that are fixed here.

    pip install cryptography        48 or later
    python3 make_users.py                 write users.json
    python3 make_users.py --check         exit 1 unless users.json is what would be written
    python3 make_users.py --open FILE     open what another implementation made (see `open_file`)

Never use these keys for anything else: they are published."""

import json
import pathlib
import sys

sys.dont_write_bytecode = True

import format_1 as f  # noqa: E402
import users_1 as u  # noqa: E402
from make import fixed  # noqa: E402

APPLICATION = "vectors"
TENANT = b"tenant-a\x00\xff"
OUT = pathlib.Path(__file__).with_name("users.json")
ROOT = {"id": "root-1", "key": fixed("root key 1").hex()}
TYPES = {"i64": ("signed", lambda v: v.to_bytes(8, "big", signed=True)), "text": ("text", str.encode)}


def holder(identifiers):
    return u.typed_id(*((TYPES[kind][0], TYPES[kind][1](value)) for kind, value in identifiers))


def authority(key_id, scope):
    """A row of encryption_keys with its key."""
    key = fixed(f"authority {key_id:08x}")
    row = {"application": APPLICATION, "key_id": key_id, "purpose": "users", "version": 1, "name": "",
           "scope": scope and scope.hex()}
    wrapped = f.wrap(bytes.fromhex(ROOT["key"]), 1, fixed(f"wrapping nonce {key_id:08x}", 12), key, row)
    return row | {"data_key": key.hex(), "wrapped": wrapped.hex(), "check": f.check_value(key, row).hex()}


def place_of(person, purpose=u.USER):
    scope = person["scope"] and bytes.fromhex(person["scope"])
    return u.Place(APPLICATION, scope, purpose, holder(person["id"]), person["key_id"], person["version"])


def person(name, identifiers, key_id, authority_row, version=1, identity=None):
    it = {"name": name, "id": identifiers, "scope": authority_row["scope"], "key_id": key_id, "version": version,
          "authority_key_id": authority_row["key_id"]}
    key, place = fixed(f"user key {key_id:08x}"), place_of(it)
    check = u.check_value(key, place)
    mac = u.record_mac(bytes.fromhex(authority_row["data_key"]), authority_row["key_id"], place, check, identity)
    return it | {"key": key.hex(), "place": place.bytes().hex(), "check": check.hex(),
                 "identity": identity and identity.hex(), "mac": mac.hex()}


AUTHORITIES = [authority(0xA0000001, None), authority(0xA0000002, TENANT)]
PEOPLE = [person("ada", [["i64", 7]], 0xB0000001, AUTHORITIES[0]),
          person("bob", [["text", "bob"], ["i64", -1]], 0xB0000002, AUTHORITIES[0], 3, fixed("identity of bob")),
          person("ada of a tenant", [["i64", 7]], 0xB0000003, AUTHORITIES[1])]


def member(name, number, suite):
    """A user with keys to share by: (record, member)."""
    identifiers, key_id = [["i64", number]], 0xB0000000 + number
    place = u.Place(APPLICATION, None, u.USER, holder(identifiers), key_id, 1)
    secret, seed = fixed(f"encryption key of {name}"), fixed(f"identity key of {name}")
    public, identity = u.public_bytes(suite, secret), u.identity_public(seed)
    record = person(name, identifiers, key_id, AUTHORITIES[0], 1, u.fingerprint(place, identity))
    key = bytes.fromhex(record["key"])
    return record, {
        "user": name, "suite": suite, "secret": secret.hex(), "public": public.hex(), "seed": seed.hex(),
        "identity": identity.hex(), "signature": u.sign(seed, u.public_keys_message(place, suite, public)).hex(),
        "fingerprint": record["identity"],
        "held_encryption": u.hold(key, place, "encryption key", bytes([suite]) + public, fixed(f"nonce 1 of {name}", 24),
                                  secret).hex(),
        "held_identity": u.hold(key, place, "identity key", identity, fixed(f"nonce 2 of {name}", 24), seed).hex()}


MEMBERS = []
for name, number, suite in (("carol", 20, u.X25519), ("dan", 21, u.X25519), ("erin", 22, u.XWING)):
    record, made = member(name, number, suite)
    PEOPLE.append(record)
    MEMBERS.append(made)
GROUP = {"id": [["text", "editors"]], "scope": None, "key_id": 0xB0000100, "version": 2}
GROUP_KEY = fixed("group key b0000100")
EARLIER = {"id": GROUP["id"], "scope": None, "key_id": 0xB00000FF, "version": 1}
EARLIER_KEY = fixed("group key b00000ff")
CODE = "7ZZQ0GATE5XMWD3R1V4K9NB2HC"


def by_name(people, name):
    return next(one for one in people if one["name"] == name)


def lock(name, person_name, kind, kdf=0, cost=(0, 0, 0), secret=None, key=None, **forged):
    """A lock, and every step to it."""
    owner = by_name(PEOPLE, person_name)
    place, authority_key = place_of(owner), fixed(f"authority {owner['authority_key_id']:08x}")
    header = u.lock_header(kind, kdf, cost, fixed(f"salt of {name}", 16))
    tail = f.u32(owner["authority_key_id"]) if kind == "escrow" else b""
    lock_id = u.recovery_id(secret, place) if kind == "recovery code" else fixed(f"id of {name}", 16)
    r = u.r_of(header, secret, authority_key)
    ctx, wrapping, commitment, login = u.derived(r, header, place, lock_id, tail)
    made = u.make_lock(r, header, place, lock_id, fixed(f"nonce of {name}", 24), key or bytes.fromhex(owner["key"]), tail)
    return {"name": name, "user": person_name, "kind": kind, "secret": secret, "lock_id": lock_id.hex(), "r": r.hex(),
            "context": ctx.hex(), "wrapping": wrapping.hex(), "commitment": commitment.hex(), "login": login.hex(),
            "stored_login": u.stored_login(login).hex(), "lock": made.hex()} | forged


def locks():
    return [
        lock("argon2id", "ada", "password", 1, (19456, 2, 1), "correct horse"),
        lock("argon2id_of_more_memory", "ada", "password", 1, (32768, 3, 2), "correct horse"),
        lock("argon2id_in_normal_form_c", "bob", "password", 1, (19456, 2, 1), "Ame\u0301lie \u212b"),
        lock("argon2id_of_a_tenant", "ada of a tenant", "password", 1, (19456, 2, 1), "correct horse"),
        lock("pbkdf2", "ada", "password", 2, (0, 600000, 0), "correct horse"),
        lock("recovery_code", "ada", "recovery code", secret=CODE),
        lock("recovery_code_of_a_tenant", "ada of a tenant", "recovery code", secret=CODE),
        lock("escrow", "bob", "escrow"),
        lock("escrow_of_a_tenant", "ada of a tenant", "escrow"),
        *(lock(f"escrow_of_{one['user']}", one["user"], "escrow") for one in MEMBERS),
    ]


def bad_locks():
    """Locks that must not open with the secret that is given, and why."""
    good = lock("recovery_code", "ada", "recovery code", secret=CODE)
    data = bytes.fromhex(good["lock"])

    def code(name, error, **forged):
        return lock(name, "ada", "recovery code", secret=CODE, error=error, **forged)

    def altered(name, error, at, value):
        return code(name, error, lock=(data[:at] + value + data[at + len(value):]).hex())

    def password(name, error, cost, kdf=1):
        return lock("argon2id", "ada", "password", 1, (19456, 2, 1), "correct horse") | {
            "name": name, "error": error,
            "lock": (u.lock_header("password", kdf, cost, bytes(16)) + bytes(104)).hex()}

    return [
        code("planted_key", "OtherKey", key=fixed("a key of eve's")),
        code("empty", "Malformed/Empty", lock=""),
        altered("another_format", "Malformed/NotThisFormat", 0, b"\xe2"),
        altered("unknown_kind", "Malformed/UnknownLockKind", 1, b"\x06"),
        altered("unknown_function", "Malformed/UnknownKdf", 2, b"\x03"),
        altered("code_through_argon2id", "Malformed/UnknownKdf", 2, b"\x01" + b"".join(map(f.u32, (19456, 2, 1)))),
        altered("parameters_of_nothing", "Malformed/CostOutOfBounds", 3, b"\x00\x00\x00\x01"),
        altered("another_kind", "OtherKind", 1, b"\x05"),
        altered("another_salt", "Wrong", 15, b"\x00"),
        altered("another_commitment", "Wrong", 31, b"\x00"),
        altered("another_nonce", "Altered", 63, b"\x00"),
        altered("another_ciphertext", "Altered", 87, b"\x00"),
        altered("another_tag", "Altered", 134, b"\x00"),
        code("cut_short", "Malformed/Truncated", lock=data[:-1].hex()),
        code("appended", "Malformed/TooLong", lock=(data + b"\x00").hex()),
        code("of_another_id", "Wrong", lock_id=fixed("another id", 16).hex()),
        code("of_another_user", "Wrong", user="bob"),
        code("of_another_tenant", "Wrong", user="ada of a tenant"),
        password("too_little_memory", "Malformed/CostOutOfBounds", (19455, 2, 1)),
        password("too_much_memory", "Malformed/CostOutOfBounds", (262145, 2, 1)),
        password("too_few_passes", "Malformed/CostOutOfBounds", (19456, 1, 1)),
        password("too_many_passes", "Malformed/CostOutOfBounds", (19456, 17, 1)),
        password("no_lane", "Malformed/CostOutOfBounds", (19456, 2, 0)),
        password("too_few_iterations", "Malformed/CostOutOfBounds", (0, 599999, 0), 2),
        password("memory_of_pbkdf2", "Malformed/CostOutOfBounds", (1, 600000, 0), 2),
        password("password_without_stretching", "Malformed/UnknownKdf", (0, 0, 0), 0),
    ]


def group():
    """The group's record, and what its key holds: the key before."""
    place, before = place_of(GROUP, u.GROUP), place_of(EARLIER, u.GROUP)
    check, check_before = u.check_value(GROUP_KEY, place), u.check_value(EARLIER_KEY, before)
    authority_key_id = AUTHORITIES[0]["key_id"]
    mac = u.group_record_mac(bytes.fromhex(AUTHORITIES[0]["data_key"]), authority_key_id, place, check)
    held = u.hold(GROUP_KEY, place, "earlier key", before.bytes() + check_before, fixed("nonce of an earlier key", 24),
                  EARLIER_KEY)
    return GROUP | {"key": GROUP_KEY.hex(), "check": check.hex(), "authority_key_id": authority_key_id, "mac": mac.hex(),
                    "earlier": EARLIER | {"key": EARLIER_KEY.hex(), "check": check_before.hex(), "held": held.hex()}}


def bad_copies():
    """Copies of the group's key that Dan must not open, though his own key sealed them."""
    owner, place = by_name(PEOPLE, "dan"), place_of(GROUP, u.GROUP)
    key, own, nonce = bytes.fromhex(owner["key"]), place_of(owner), fixed("nonce of a bad copy", 24)

    def copy(name, header):
        aad = f.label("held") + header + place.bytes() + u.check_value(GROUP_KEY, place)
        sealed = f.encrypt(3, u.held_cipher(key, own), nonce, aad, GROUP_KEY)
        return {"name": name, "user": "dan", "copy": (header + nonce + sealed).hex(), "error": "Closed"}

    return [copy("held_as_an_earlier_key", bytes([0xE4, u.HELD["earlier key"]]) + f.u32(own.key_id)),
            copy("held_under_the_id_of_another_key", bytes([0xE4, u.HELD["group key"]]) + f.u32(own.key_id ^ 1))]


def encapsulated(suite, public, secret):
    """(encapsulated key, shared secret). No package encapsulates ML-KEM with chosen randomness: the encapsulated key of
    X-Wing is the one that users.json has, and what it means is computed."""
    if suite == u.X25519:
        return u.encapsulate(public, fixed("ephemeral key"))
    kept = [bytes.fromhex(made["share"]) for made in json.loads(OUT.read_text())["shares"]]
    kept = next((share[2:1122] for share in kept if share[1] == suite), None)
    if kept is None:
        post_quantum, _ = u.xwing_keys(secret)
        kept = post_quantum.public_key().encapsulate()[1] + u.public_bytes(u.X25519, fixed("ephemeral key"))
    return kept, u.xwing_shared(secret, kept)


def shares():
    """Carol shares the group's key."""
    sender = MEMBERS[0]
    place, key = place_of(GROUP, u.GROUP), GROUP_KEY
    check = u.check_value(key, place)
    made = []
    for recipient in MEMBERS[1:]:
        suite = recipient["suite"]
        info = u.share_info(suite, place_of(by_name(PEOPLE, "carol")).holder, bytes.fromhex(sender["fingerprint"]),
                            place_of(by_name(PEOPLE, recipient["user"])).holder, bytes.fromhex(recipient["fingerprint"]),
                            place, check)
        public, secret = bytes.fromhex(recipient["public"]), bytes.fromhex(recipient["secret"])
        identity = bytes.fromhex(sender["identity"])
        sealed = u.hpke_seal(suite, *encapsulated(suite, public, secret), key, info)
        share = u.finish_share(suite, *sealed, info, bytes.fromhex(sender["seed"]))
        assert u.open_share(share, info, identity, secret) == key
        holder_key, holder_place = (bytes.fromhex(by_name(PEOPLE, recipient["user"])["key"]),
                                    place_of(by_name(PEOPLE, recipient["user"])))
        copy = u.hold(holder_key, holder_place, "group key", place.bytes() + check,
                      fixed(f"nonce of {recipient['user']}'s copy", 24), key)
        pin = u.pin_mac(holder_key, holder_place, place_of(by_name(PEOPLE, "carol")).holder,
                        bytes.fromhex(sender["fingerprint"]))
        member_mac = u.pin_mac(key, place, holder_place.holder, bytes.fromhex(recipient["fingerprint"]))
        made.append({"sender": "carol", "recipient": recipient["user"], "info": info.hex(), "share": share.hex(),
                     "copy": copy.hex(), "pin": pin.hex(), "member": member_mac.hex()})
    return made


def recipients():
    """A lock of each member's key, for the private key of the one before."""
    made = []
    for other, one in zip(MEMBERS, MEMBERS[1:]):
        owner, lock_id = by_name(PEOPLE, one["user"]), fixed(f"lock for {other['user']}", 16)
        mac = u.recipient_mac(bytes.fromhex(owner["key"]), place_of(owner), lock_id, other["suite"],
                              bytes.fromhex(other["public"]))
        made.append({"user": one["user"], "lock_id": lock_id.hex(), "suite": other["suite"], "public": other["public"],
                     "mac": mac.hex()})
    return made


def sessions():
    made = []
    for name in ("ada", "ada of a tenant"):
        owner = by_name(PEOPLE, name)
        place, authority_key = place_of(owner), fixed(f"authority {owner['authority_key_id']:08x}")
        token, expires = fixed(f"id of the session of {name}", 16) + fixed(f"session of {name}"), 1_700_003_600
        header = u.session_header(owner["authority_key_id"], place, expires, token[:16])
        stored = u.make_session(authority_key, token, header, place, fixed(f"nonce of {name}'s session", 24),
                                bytes.fromhex(owner["key"]))
        assert u.open_session(authority_key, token, stored, place).hex() == owner["key"]
        made.append({"user": name, "token": f.text_form(token), "expires": expires, "stored": stored.hex()})
    return made


ANSWERS = ["Rose Cottage, Whitby", "Mademoiselle Dupont", "the blue Schwinn \u2460 bicycle"]


def questions():
    owner = by_name(PEOPLE, "ada")
    place, authority_key = place_of(owner), fixed(f"authority {owner['authority_key_id']:08x}")
    lock_id, secret = fixed("id of questions", 16), fixed("secret of questions")
    tail = f.u32(owner["authority_key_id"]) + bytes([2, len(ANSWERS)])
    for number, answer in enumerate(ANSWERS, 1):
        salt = fixed(f"salt of answer {number}", 16)
        share = u.share_of(number, secret, [fixed("coefficients of questions")])
        tail += salt + u.xor(share, u.answer_mask(answer, salt, number, place, lock_id))
    header = u.lock_header("questions", 0, (0, 0, 0), fixed("salt of questions", 16))
    r = u.extract(header[15:31], u.questions_secret(authority_key, secret))
    made = u.make_lock(r, header, place, lock_id, fixed("nonce of questions", 24), bytes.fromhex(owner["key"]), tail)
    return [{"user": "ada", "lock_id": lock_id.hex(), "answers": ANSWERS, "lock": made.hex()}]


USER_KEY = 4
SPEC = {"normalize": ["lowercase"], "bits": 112}


def values():
    """Bob's notes, bound to the row 1, with an index."""
    owner, text = by_name(PEOPLE, "bob"), "Hello, Ada"
    key, place = bytes.fromhex(owner["key"]), place_of(owner)
    slot = f.slot(u.index_key(key, place, "index:notes.note:default"), place.version, SPEC, "text", text.encode())
    head = f.header([slot], f.AES_256_GCM, f.BOUND | USER_KEY, f.CLASSES["text"], place.key_id)
    row = [("signed", (1).to_bytes(8, "big"))]
    sealed = f.seal(u.value_key(key, place), f.AES_256_GCM, fixed("nonce of a note", 12), head, row, text.encode(),
                    "notes.note", place.scope)
    return [{"user": "bob", "field": "notes.note", "value": text, "slot": slot.hex(), "sealed": sealed.hex()}]


def identity_changes():
    """Dan has a new identity key."""
    place, old = place_of(by_name(PEOPLE, "dan")), bytes.fromhex(MEMBERS[1]["seed"])
    new = fixed("next identity key of dan")
    publics = u.identity_public(old), u.identity_public(new)
    message = u.identity_change_message(place, *publics)
    return [{"user": "dan", "before": u.fingerprint(place, publics[0]).hex(),
             "after": u.fingerprint(place, publics[1]).hex(),
             "change": (b"".join(publics) + u.sign(old, message) + u.sign(new, message)).hex()}]


def codes():
    printed = u.printed(CODE)
    ones = "O0" + "1Il" * 8
    assert len(ones) == 26
    canonical = ones.upper().translate(str.maketrans("OIL", "011"))
    check = u.printed(canonical)[-1]
    cases = [(CODE, typed) for typed in (printed, printed.lower(), printed.replace("-", " "), printed.replace("-", ""),
                                         f"  {printed}\n")]
    cases.append((canonical, ones + check))
    for code, typed in cases:
        assert u.canonical(typed) == code
    return [{"name": f"typed_{at}", "code": code, "typed": typed, "printed": u.printed(code)}
            for at, (code, typed) in enumerate(cases)]


def document():
    return {"about": "Known answers of users' keys and locks (docs/format.md), made by make_users.py. Bytes are hex. "
                     "Published keys.",
            "application": APPLICATION, "root_key": ROOT, "authorities": AUTHORITIES, "users": PEOPLE, "locks": locks(),
            "bad_locks": bad_locks(), "codes": codes(), "members": MEMBERS,
            "group": group(), "bad_copies": bad_copies(), "shares": shares(), "recipients": recipients(), "identity_changes": identity_changes(), "sessions": sessions(),
            "questions": questions(), "values": values()}


def open_file(path):
    """Opens what another implementation made. The file has `authorities` as users.json, users with `name`, `id`, `scope`,
    `key_id`, `version`, `authority_key_id`, `check`, `identity` and `mac`, and locks with `user`, `lock_id`, `secret` and
    `lock`, and members, shares, copies, sessions, questions and values as users.json has them: checks every MAC and signature, opens every lock and
    share, and says how many."""
    given = json.loads(pathlib.Path(path).read_text())
    root = bytes.fromhex(given["root_key"]["key"])
    keys = {row["key_id"]: f.unwrap(root, bytes.fromhex(row["wrapped"]), row) for row in given["authorities"]}
    people = {one["name"]: one for one in given["users"]}
    for one in people.values():
        identity = one["identity"] and bytes.fromhex(one["identity"])
        made = u.record_mac(keys[one["authority_key_id"]], one["authority_key_id"], place_of(one),
                            bytes.fromhex(one["check"]), identity)
        assert made.hex() == one["mac"], "MAC of a record"
    for case in given["locks"]:
        one, data = people[case["user"]], bytes.fromhex(case["lock"])
        r = u.r_of(data, case["secret"], keys[one["authority_key_id"]])
        u.open_lock(data, r, place_of(one), bytes.fromhex(case["lock_id"]), bytes.fromhex(one["check"]))
    members = {one["user"]: one for one in given["members"]}
    for one in members.values():
        # The private keys of the members are those of users.json, whose keys open nothing of what is real.
        place, public = place_of(people[one["user"]]), bytes.fromhex(one["public"])
        identity = bytes.fromhex(one["identity"])
        u.verify(identity, u.public_keys_message(place, one["suite"], public), bytes.fromhex(one["signature"]))
        assert u.fingerprint(place, identity).hex() == one["fingerprint"]
    for case in given["shares"]:
        sender, recipient = members[case["sender"]], members[case["recipient"]]
        place = place_of(case["group"], u.GROUP)
        info = u.share_info(recipient["suite"], place_of(people[case["sender"]]).holder,
                            bytes.fromhex(sender["fingerprint"]), place_of(people[case["recipient"]]).holder,
                            bytes.fromhex(recipient["fingerprint"]), place, bytes.fromhex(case["group"]["check"]))
        key = u.open_share(bytes.fromhex(case["share"]), info, bytes.fromhex(sender["identity"]),
                           bytes.fromhex(recipient["secret"]))
        assert u.check_value(key, place).hex() == case["group"]["check"], "group key"
        holder_place = place_of(people[case["recipient"]])
        holder_key = bytes.fromhex(case["recipient_key"])
        what = place.bytes() + bytes.fromhex(case["group"]["check"])
        assert u.open_held(holder_key, holder_place, "group key", what, bytes.fromhex(case["copy"])) == key
        mac = u.pin_mac(key, place, holder_place.holder, bytes.fromhex(recipient["fingerprint"]))
        assert mac.hex() == case["member"], "MAC of a member"
        authority_key_id, earlier = case["group"]["authority_key_id"], case["group"]["earlier"]
        mac = u.group_record_mac(keys[authority_key_id], authority_key_id, place, bytes.fromhex(case["group"]["check"]))
        assert mac.hex() == case["group"]["mac"], "MAC of a group's record"
        before = place_of(earlier, u.GROUP)
        opened = u.open_held(key, place, "earlier key", before.bytes() + bytes.fromhex(earlier["check"]),
                             bytes.fromhex(earlier["held"]))
        assert u.check_value(opened, before).hex() == earlier["check"], "earlier key"
    for case in given["sessions"]:
        one = people[case["user"]]
        key = u.open_session(keys[one["authority_key_id"]], f.from_text_form(case["token"]),
                             bytes.fromhex(case["stored"]), place_of(one))
        assert u.check_value(key, place_of(one)).hex() == one["check"], "key of a session"
    for case in given["questions"]:
        one = people[case["user"]]
        for asked in ((1, 2), (2, 3), (3, 1)):
            u.open_questions(bytes.fromhex(case["lock"]), {number: case["answers"][number - 1] for number in asked},
                             keys[one["authority_key_id"]], place_of(one), bytes.fromhex(case["lock_id"]),
                             bytes.fromhex(one["check"]))
    for case in given["values"]:
        one, sealed = people[case["user"]], bytes.fromhex(case["sealed"])
        key, place = bytes.fromhex(one["key"]), place_of(one)
        class_number, encoded, slots = f.open_value(u.value_key(key, place), sealed, case["field"], place.scope,
                                                    [("signed", (1).to_bytes(8, "big"))])
        assert (class_number, encoded.decode()) == (f.CLASSES["text"], case["value"])
        made = f.slot(u.index_key(key, place, "index:notes.note:default"), place.version, SPEC, "text", encoded)
        assert slots == [made], "tag"
    print(f"opened {len(given['locks'])} locks of {len(people)} users and {len(given['shares'])} shares")


def main(arguments):
    if arguments[:1] == ["--open"] and len(arguments) == 2:
        return open_file(arguments[1])
    made = json.dumps(document(), indent=1, ensure_ascii=False) + "\n"
    if arguments == ["--check"]:
        return None if OUT.read_text() == made else "users.json is not what make_users.py writes"
    if arguments:
        return __doc__
    OUT.write_text(made)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
