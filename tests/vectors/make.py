#!/usr/bin/env python3
"""Makes format.json, the known answers of storage format 1, with keys and nonces that are fixed here.

    pip install cryptography
    python3 make.py                 write format.json
    python3 make.py --check         exit 1 unless format.json is what would be written
    python3 make.py --open FILE     open what another implementation sealed (see `open_file`)

Never use these keys for anything else: they are published."""

import hashlib
import json
import pathlib
import struct
import sys

sys.dont_write_bytecode = True

import format_1 as f  # noqa: E402

APPLICATION = "vectors"
TENANT = b"tenant-a\x00\xff"
OUT = pathlib.Path(__file__).with_name("format.json")


def fixed(name, length=32):
    """Bytes that anyone can make again."""
    return hashlib.sha256(b"diesel-encrypted test vectors: " + name.encode()).digest()[:length]


ROOTS = {"root-1": fixed("root key 1"), "root-2": fixed("root key 2")}


class Table:
    """The rows of one database."""

    def __init__(self):
        self.keys, self.bytes, self.fields = [], {}, []

    def key(self, purpose, name, version=1, state="active", scope=None, spec=None, root="root-1", algorithm=1):
        key_id = 0xC0DE0001 + len(self.keys)
        key = fixed(f"data key {key_id:08x}")
        row = {"application": APPLICATION, "key_id": key_id, "purpose": purpose, "version": version, "name": name,
               "scope": scope and scope.hex(), "state": state, "index": f.compact(spec) if spec else "",
               "root_id": root, "root_fingerprint": f.root_fingerprint(ROOTS[root]).hex()}
        nonce = fixed(f"wrapping nonce {key_id:08x}", f.NONCE_LEN[algorithm])
        wrapped = b"" if state == "destroyed" else f.wrap(ROOTS[root], algorithm, nonce, key, row)
        row |= {"wrapped": wrapped.hex(), "check": f.check_value(key, row).hex()}
        self.bytes[key_id] = key
        row["mac"] = f.key_row_mac(self.bytes[0xC0DE0001], row).hex()
        self.keys.append(row)
        return key_id

    def manifest(self, scope):
        """The row without a key, made when all others of its scope are."""
        key_id = 0xC0DE0001 + len(self.keys)
        row = {"application": APPLICATION, "key_id": key_id, "purpose": "manifest", "version": 1, "name": "",
               "scope": scope and scope.hex(), "state": "active", "index": "", "root_id": "",
               "root_fingerprint": "00" * 8, "wrapped": "", "check": "00" * 32}
        self.bytes[key_id] = b""
        row["mac"] = f.key_row_mac(self.bytes[0xC0DE0001], row, f.members(row, self.keys, self.fields)).hex()
        self.keys.append(row)

    def field(self, field_id, class_name, storage="binary", algorithm=1, padding=None, bound_to=(), external=False,
              indexes=(), column=None):
        table, _, name = field_id.partition(".")
        row = {"field_id": field_id, "table": table, "column": column or name, "storage": storage,
               "class": f.CLASSES[class_name], "primary_key": f.compact(["id"]),
               "indexes": f.compact([{"name": n, "domain": domain, "removed": removed} for n, domain, removed in indexes]),
               "options": f.compact({"algorithm": f.ALGORITHM_NAMES[algorithm], "padding": padding, "plaintext": "refuse",
                                     "bound_to": list(bound_to), "bound_externally": external})}
        row["mac"] = f.registry_row_mac(self.bytes[0xC0DE0001], row).hex()
        self.fields.append(row)

    def named(self, purpose, name, scope=None, states=("active",)):
        """The rows of a name, the active one first."""
        rows = [row for row in self.keys if (row["purpose"], row["name"], row["scope"]) == (
            purpose, name, scope and scope.hex()) and row["state"] in states]
        return sorted(rows, key=lambda row: row["state"] != "active")

    def registered(self, field_id):
        return next(row for row in self.fields if row["field_id"] == field_id)

    def slots(self, field_id, index, scope, class_name, encoded, states=("active", "retired", "pending")):
        entry = json.loads(self.registered(field_id)["indexes"])[index]
        rows = [] if entry["removed"] else self.named("index", entry["domain"], scope, states)
        return [f.slot(self.bytes[row["key_id"]], row["version"], json.loads(row["index"]), class_name, encoded)
                for row in rows]


def spec(*normalize, bits=112):
    follows_unicode = any(not step.startswith("custom:") for step in normalize)
    return {"normalize": list(normalize), "bits": bits, "unicode": "16.0.0" if follows_unicode else ""}


def own(field_id, name):
    return (name, f"index:{field_id}:{name}", False)


def make_table():
    table = Table()
    table.key("state", "")
    # Every algorithm that a data key can be wrapped with, and two root keys.
    table.key("encrypt", "people.name")
    table.field("people.name", "text")

    table.key("encrypt", "people.email", root="root-2")
    for scope in (None, TENANT):
        table.key("index", "index:people.email:default", scope=scope, spec=spec("lowercase"), algorithm=2)
        table.key("index", "index:people.email:short", scope=scope, spec=spec("trim", "casefold", bits=16), algorithm=3)
    table.key("encrypt", "people.email", scope=TENANT)
    table.key("encrypt", "people.name", scope=TENANT)
    table.field("people.email", "text", indexes=[own("people.email", "default"), own("people.email", "short")])

    table.key("encrypt", "people.phone", algorithm=3)
    table.key("index", "index:people.phone:default", spec=spec("digits"))
    table.field("people.phone", "text", storage="text", algorithm=3, padding=32,
                indexes=[own("people.phone", "default")])

    table.key("encrypt", "people.note", algorithm=2)
    table.field("people.note", "text", algorithm=2, bound_to=["id"])
    table.key("encrypt", "people.chart")
    table.field("people.chart", "json", external=True, padding=64)

    # A pinned field id, and two columns that can be joined.
    table.key("encrypt", "people.login")
    table.key("encrypt", "people.mail")
    table.key("index", "domain:mail", spec=spec("lowercase"))
    table.field("people.login", "text", column="user_name", indexes=[("default", "domain:mail", False)])
    table.field("people.mail", "text", storage="text", indexes=[("default", "domain:mail", False)])

    # Keys and generations in every state; the generation of version 256 is 1 again.
    for version, state in enumerate(("destroyed", "retired", "active", "pending"), 1):
        table.key("encrypt", "people.history", version=version, state=state)
    for version, state, made in ((254, "destroyed", spec()), (255, "retired", spec()), (256, "active", spec("trim", "lowercase"))):
        table.key("index", "index:people.history:default", version=version, state=state, spec=made)
    table.key("index", "index:people.history:domain", spec=spec("custom:email_domain", "lowercase"))
    table.field("people.history", "text", indexes=[
        own("people.history", "default"), ("gone", "index:people.history:gone", True), own("people.history", "domain")])

    table.key("encrypt", "samples.text")
    kept = {"nfkc": spec("nfkc"), "eight": spec("trim", bits=8), "twelve": spec("digits", bits=12), "exact": spec(bits=111)}
    for name, made in kept.items():
        table.key("index", f"index:samples.text:{name}", spec=made)
    table.field("samples.text", "text", indexes=[own("samples.text", name) for name in kept])

    for name in f.CLASSES:
        field_id = f"samples.{name}"
        if name == "text":
            continue
        table.key("encrypt", field_id)
        if name in ("bool", "json"):
            table.field(field_id, name)
        else:
            table.key("index", f"index:{field_id}:default", spec=spec())
            table.field(field_id, name, indexes=[own(field_id, "default")])
    for scope in (None, TENANT):
        table.manifest(scope)
    return table


# The types of values: how a value is written in format.json, its class, and its encoding.
TYPES = {
    "text": ("text", str.encode),
    "bytes": ("bytes", bytes.fromhex),
    "bool": ("bool", lambda value: bytes([value])),
    "i16": ("signed", lambda value: struct.pack(">q", value)),
    "i64": ("signed", lambda value: struct.pack(">q", value)),
    "u8": ("unsigned", lambda value: struct.pack(">Q", value)),
    "u64": ("unsigned", lambda value: struct.pack(">Q", value)),
    "f32": ("float", lambda value: struct.pack(">d", float(value))),
    "f64": ("float", lambda value: struct.pack(">d", float(value))),
    "uuid": ("uuid", lambda value: bytes.fromhex(value.replace("-", ""))),
    "date": ("time", str.encode),
    "time": ("time", str.encode),
    "datetime": ("time", str.encode),
    "instant": ("time", str.encode),
    "decimal": ("decimal", str.encode),
    "json": ("json", lambda value: f.compact(value).encode()),
}

# (name, field, type, value, options)
VALUES = [
    ("aes_256_gcm_without_index", "people.name", "text", "Ada Lovelace", {}),
    ("aes_256_gcm_empty_text", "people.name", "text", "", {}),
    ("aes_256_gcm_with_two_indexes", "people.email", "text", " Ada@Example.org", {}),
    ("a_scoped_value", "people.email", "text", " Ada@Example.org", {"scope": TENANT}),
    ("a_scoped_value_without_index", "people.name", "text", "Ada Lovelace", {"scope": TENANT}),
    ("xaes_256_gcm_padded_in_a_text_column", "people.phone", "text", "+49 (0)30 / 12-34", {}),
    ("padding_fills_a_whole_bucket", "people.phone", "text", "0123456789" * 3 + "01", {}),
    ("padding_of_a_value_that_ends_like_padding", "people.phone", "text", "1\0", {}),
    ("xchacha20_poly1305_bound_to_a_column", "people.note", "text", "a note", {"owner": [("i64", 42)]}),
    ("bound_to_two_identifiers_and_padded", "people.chart", "json", {"allergies": ["nuts", "Ä"], "blood": None},
     {"owner": [("uuid", "00112233-4455-6677-8899-aabbccddeeff"), ("text", "ada")]}),
    ("a_pinned_field_id_and_a_shared_domain", "people.login", "text", "ADA@example.org", {}),
    ("the_same_domain_in_a_text_column", "people.mail", "text", "ada@EXAMPLE.org", {}),
    ("the_active_key_of_several", "people.history", "text", " Ada@EXAMPLE.org", {}),
    ("a_retired_key_and_generation", "people.history", "text", " Ada@EXAMPLE.org", {"state": "retired"}),
    ("a_value_from_before_an_index_was_added", "people.email", "text", "ada", {"slots": 1}),
    ("text_beyond_the_basic_plane", "samples.text", "text", " ﬁ ①٣ 🦀", {}),
    ("class_bytes", "samples.bytes", "bytes", "00ff80", {}),
    ("class_bool_false", "samples.bool", "bool", False, {}),
    ("class_bool_true", "samples.bool", "bool", True, {}),
    ("class_signed_least", "samples.signed", "i64", -(1 << 63), {}),
    ("class_signed_narrow", "samples.signed", "i16", -2, {}),
    ("class_unsigned_greatest", "samples.unsigned", "u64", (1 << 64) - 1, {}),
    ("class_unsigned_narrow", "samples.unsigned", "u8", 255, {}),
    ("class_float", "samples.float", "f64", "1.5", {}),
    ("class_float_negative_zero", "samples.float", "f64", "-0.0", {}),
    ("class_float_narrow", "samples.float", "f32", "0.5", {}),
    ("class_uuid", "samples.uuid", "uuid", "00112233-4455-6677-8899-aabbccddeeff", {}),
    ("class_time_date", "samples.time", "date", "2024-02-29", {}),
    ("class_time_clock", "samples.time", "time", "23:59:59.000000001", {}),
    ("class_time_local", "samples.time", "datetime", "0001-01-01T00:00:00.000000000", {}),
    ("class_time_instant", "samples.time", "instant", "2024-02-29T23:59:59.123456789Z", {}),
    ("class_decimal", "samples.decimal", "decimal", "-1.50", {}),
    ("class_json", "samples.json", "json", {"a": [1, 2.5, "é"], "b": None}, {}),
]

# (name, field, index, type, value, scope)
SEARCHES = [
    ("lowercase_finds_another_case", "people.email", 0, "text", " aDA@eXAMPLE.org", None),
    ("sixteen_bits_after_trim_and_casefold", "people.email", 1, "text", "ADA@EXAMPLE.ORG\u00a0", None),
    ("casefold_equates_sharp_s", "people.email", 1, "text", "STRAßE", None),
    ("casefold_equates_sharp_s_and_ss", "people.email", 1, "text", "strasse", None),
    ("a_scope_has_its_own_tags", "people.email", 0, "text", " aDA@eXAMPLE.org", TENANT),
    ("digits_of_any_script", "people.phone", 0, "text", "٤٩ 030 1234", None),
    ("a_text_without_digits", "people.phone", 0, "text", "none", None),
    ("a_shared_domain_from_one_column", "people.login", 0, "text", "Ada@example.org", None),
    ("a_shared_domain_from_the_other", "people.mail", 0, "text", "Ada@example.org", None),
    ("every_live_generation_is_searched", "people.history", 0, "text", " Ada@EXAMPLE.org ", None),
    ("a_removed_index_finds_nothing", "people.history", 1, "text", "x", None),
    ("the_applications_own_normaliser", "people.history", 2, "text", "grace@EXAMPLE.org", None),
    ("nfkc", "samples.text", 0, "text", "ﬁ①Å", None),
    ("eight_bits", "samples.text", 1, "text", "ada", None),
    ("twelve_bits", "samples.text", 2, "text", "a1b2", None),
    ("one_hundred_and_eleven_bits", "samples.text", 3, "text", "ada", None),
    ("bytes", "samples.bytes", 0, "bytes", "00ff80", None),
    ("a_signed_integer_of_any_width", "samples.signed", 0, "i16", -2, None),
    ("the_same_signed_integer", "samples.signed", 0, "i64", -2, None),
    ("an_unsigned_integer", "samples.unsigned", 0, "u8", 255, None),
    ("zero", "samples.float", 0, "f64", "0.0", None),
    ("negative_zero_is_zero", "samples.float", 0, "f64", "-0.0", None),
    ("a_narrow_float_is_widened", "samples.float", 0, "f32", "0.5", None),
    ("a_uuid", "samples.uuid", 0, "uuid", "00112233-4455-6677-8899-aabbccddeeff", None),
    ("an_instant", "samples.time", 0, "instant", "2024-02-29T23:59:59.123456789Z", None),
    ("a_decimal_without_its_scale", "samples.decimal", 0, "decimal", "-1.500", None),
    ("the_same_decimal", "samples.decimal", 0, "decimal", "-1.5", None),
    ("a_decimal_with_an_exponent", "samples.decimal", 0, "decimal", "15E+70", None),
    ("zero_has_no_sign_and_no_scale", "samples.decimal", 0, "decimal", "0.00", None),
]


def encode(kind, value):
    class_name, encoder = TYPES[kind]
    return class_name, encoder(value)


def encode_owner(owner):
    return None if owner is None else [encode(kind, value) for kind, value in owner]


def seal(table, name, field_id, kind, value, scope=None, owner=None, state="active", slots=None, **forged):
    """A vector, with every step between the value and its bytes. `forged` replaces a step, for the negative cases."""
    field = table.registered(field_id)
    options = json.loads(field["options"])
    algorithm = next(number for number, known in f.ALGORITHM_NAMES.items() if known == options["algorithm"])
    class_name, encoded = encode(kind, value)
    encoded = forged.get("encoded", encoded)
    states = (state,)
    count = len(json.loads(field["indexes"])) if slots is None else slots
    slot_bytes = [(table.slots(field_id, i, scope, class_name, encoded, states) or [bytes(15)])[0] for i in range(count)]
    row = table.named("encrypt", field_id, scope, states)[0]
    bound = encode_owner(owner)
    flags = (f.BOUND if bound is not None else 0) | (f.PADDED if options["padding"] else 0)
    content = f.pad(encoded, options["padding"]) if options["padding"] else encoded
    content = forged.get("content", content)
    head = f.header(slot_bytes, algorithm, flags, forged.get("class_number", f.CLASSES[class_name]), row["key_id"])
    nonce = fixed(f"nonce {name}", f.NONCE_LEN[algorithm])
    place = forged.get("place_field", field_id), forged.get("place_scope", scope)
    sealed = f.seal(table.bytes[row["key_id"]], algorithm, nonce, head, bound, content, *place)
    return {"name": name, "field": field_id, "scope": scope and scope.hex(), "owner": owner, "type": kind, "value": value,
            "encoded": encoded.hex(), "content": content.hex(), "key_id": row["key_id"], "algorithm": algorithm,
            "flags": flags, "class": f.CLASSES[class_name], "slots": [slot.hex() for slot in slot_bytes],
            "info": f.aead_info(head, *place).hex(), "nonce": nonce.hex(), "aad": f.value_aad(head, nonce, bound).hex(), "sealed": sealed.hex(), "text": f.text_form(sealed)}


def values(table):
    return [seal(table, name, field, kind, value, **options) for name, field, kind, value, options in VALUES]


def searches(table):
    out = []
    for name, field, index, kind, value, scope in SEARCHES:
        class_name, encoded = encode(kind, value)
        found = table.slots(field, index, scope, class_name, encoded)
        out.append({"name": name, "field": field, "scope": scope and scope.hex(), "index": index, "type": kind,
                    "value": value, "slots": [slot.hex() for slot in found]})
    return out


def bad_values(table):
    """Bytes that must not open, and the error of each."""
    good = bytes.fromhex(seal(table, "bad", "people.name", "text", "Ada")["sealed"])
    email = bytes.fromhex(seal(table, "bad email", "people.email", "text", "Ada@Example.org")["sealed"])
    mail = seal(table, "bad mail", "people.mail", "text", "Ada")["text"]
    note = bytes.fromhex(seal(table, "bad note", "people.note", "text", "a note", owner=[("i64", 42)])["sealed"])
    cases = []

    def case(name, error, stored, field="people.name", kind="text", scope=None, owner=None):
        stored = {"text": stored} if isinstance(stored, str) else {"binary": stored.hex()}
        cases.append({"name": name, "field": field, "scope": scope and scope.hex(), "owner": owner, "type": kind,
                      "stored": stored, "error": error})

    def with_byte(data, at, byte):
        return data[:at] + bytes([byte]) + data[at + 1:]

    def flipped(data, at):
        return with_byte(data, at, data[at] ^ 1)

    # Not of the format.
    case("nothing", "NotEncrypted", b"")
    case("plaintext", "NotEncrypted", b"Ada")
    case("another_format_byte", "NotEncrypted", with_byte(good, 0, 0xE2))
    case("a_stripped_format_byte", "NotEncrypted", good[1:])
    case("the_format_byte_alone", "Malformed/Truncated", good[:1])
    case("a_prefix_alone", "Malformed/Truncated", good[:3])
    case("sixteen_slots", "Malformed/TooManySlots", with_byte(good, 1, 16))
    case("a_reserved_byte", "Malformed/ReservedByte", with_byte(good, 2, 1))
    case("slots_cut_short", "Malformed/Truncated", email[:20], "people.email")
    case("an_empty_slot_with_a_tag", "Malformed/EmptySlotWithTag", with_byte(email, 3, 0), "people.email")
    case("algorithm_0", "Malformed/UnknownAlgorithm", with_byte(good, 3, 0))
    case("algorithm_4", "Malformed/UnknownAlgorithm", with_byte(good, 3, 4))
    case("the_reserved_flag", "Malformed/ReservedFlag", with_byte(good, 4, 0x18))
    case("class_0", "Malformed/UnknownClass", with_byte(good, 4, 0x00))
    case("class_11", "Malformed/UnknownClass", with_byte(good, 4, 0xB0))
    case("key_id_0", "Malformed/NoKeyId", good[:5] + bytes(4) + good[9:])
    case("a_nonce_cut_short", "Malformed/Truncated", good[:20])
    case("a_tag_cut_short", "Malformed/Truncated", good[:36])
    case("a_value_cut_to_its_tag", "Tampered", good[:37])
    case("one_byte_cut", "Tampered", good[:-1])
    case("one_byte_appended", "Tampered", good + b"\0")

    # Of the format, and altered.
    case("another_nonce", "Tampered", flipped(good, 9))
    case("another_ciphertext", "Tampered", flipped(good, 21))
    case("another_tag", "Tampered", flipped(good, len(good) - 1))
    case("another_class", "Tampered", with_byte(good, 4, 0x20))
    case("flagged_as_padded", "Tampered", with_byte(good, 4, 0x12))
    case("flagged_as_bound", "Tampered", with_byte(good, 4, 0x11))
    case("another_algorithm", "Tampered", with_byte(bytes.fromhex(seal(
        table, "long", "people.name", "text", "long enough for a nonce of 24 bytes")["sealed"]), 3, 3))
    case("a_slot_altered", "Tampered", flipped(email, 4), "people.email")
    case("a_generation_altered", "Tampered", with_byte(email, 3, 2), "people.email")
    case("slots_exchanged", "Tampered", email[:3] + email[18:33] + email[3:18] + email[33:], "people.email")
    case("a_slot_emptied", "Tampered", email[:3] + bytes(15) + email[18:], "people.email")
    case("a_slot_removed", "Tampered", b"\xe1\x01\x00" + email[3:18] + email[33:], "people.email")

    # Whole values in the wrong place.
    case("a_value_of_another_column", "OtherField", good, "people.email")
    case("an_unknown_key", "UnknownKey", good[:5] + bytes.fromhex("00000001") + good[9:])
    case("a_value_of_a_scope_without_it", "UnknownKey",
         bytes.fromhex(seal(table, "bad scope", "people.name", "text", "Ada", scope=TENANT)["sealed"]))
    case("a_value_without_scope_within_one", "UnknownKey", good, scope=TENANT)
    case("the_key_of_a_destroyed_version", "KeyDestroyed", bytes.fromhex(
        seal(table, "destroyed", "people.history", "text", "x", state="destroyed")["sealed"]), "people.history")
    case("sealed_under_this_key_for_another_field", "Tampered", bytes.fromhex(
        seal(table, "bad field", "people.name", "text", "Ada", place_field="people.email")["sealed"]))
    case("sealed_under_this_key_for_another_scope", "Tampered", bytes.fromhex(
        seal(table, "bad aad scope", "people.name", "text", "Ada", place_scope=TENANT)["sealed"]))
    case("sealed_under_this_key_for_the_empty_scope", "Tampered", bytes.fromhex(
        seal(table, "empty aad scope", "people.name", "text", "Ada", place_scope=b"")["sealed"]))
    case("a_bound_value_of_another_owner", "Tampered", note, "people.note", owner=[("i64", 43)])
    case("an_owner_of_another_class", "Tampered", note, "people.note", owner=[("u64", 42)])
    case("a_bound_value_unbound", "Tampered", with_byte(note, 4, 0x10), "people.note", owner=[("i64", 42)])
    case("a_bound_value_without_owner", "Ownership", note, "people.note")
    case("a_bound_value_with_two_identifiers", "OwnerLength", note, "people.note", owner=[("i64", 42), ("i64", 42)])
    case("an_unbound_value_with_owner", "Ownership", good, owner=[("i64", 42)])
    swapped = [("text", "ada"), ("uuid", "00112233-4455-6677-8899-aabbccddeeff")]
    case("identifiers_in_another_order", "Tampered", bytes.fromhex(
        seal(table, "bad order", "people.chart", "json", {}, owner=swapped[::-1])["sealed"]), "people.chart", "json",
        owner=swapped)

    # Authentic, and no value of the type.
    case("padding_of_zeros_alone", "Decode/Padding",
         seal(table, "zeros", "people.phone", "text", "", content=bytes(32))["text"], "people.phone")
    case("padding_without_its_mark", "Decode/Padding",
         seal(table, "mark", "people.phone", "text", "", content=b"ada\x81")["text"], "people.phone")
    case("text_read_as_bytes", "Decode/Class", good, kind="bytes")
    case("text_that_is_not_utf8", "Decode/Invalid",
         bytes.fromhex(seal(table, "utf8", "people.name", "text", "", content=b"\xff")["sealed"]))

    def sample(class_name, kind, value, content=None):
        options = {} if content is None else {"content": content}
        return bytes.fromhex(seal(table, f"sample {class_name}", f"samples.{class_name}", kind, value, **options)["sealed"])

    case("a_truth_value_of_2", "Decode/Invalid", sample("bool", "bool", False, b"\x02"), "samples.bool", "bool")
    case("an_integer_of_4_bytes", "Decode/Invalid", sample("signed", "i64", 1, bytes(4)), "samples.signed", "i64")
    case("an_integer_out_of_range", "Decode/OutOfRange", sample("signed", "i64", 1 << 20), "samples.signed", "i16")
    case("a_negative_integer_read_as_unsigned", "Decode/OutOfRange", sample("signed", "i64", -1), "samples.signed", "u64")
    case("a_float_that_would_be_rounded", "Decode/OutOfRange", sample("float", "f64", "0.1"), "samples.float", "f32")
    case("a_float_of_4_bytes", "Decode/Invalid", sample("float", "f64", "1", bytes(4)), "samples.float", "f64")
    case("a_uuid_of_15_bytes", "Decode/Invalid",
         sample("uuid", "uuid", "00112233-4455-6677-8899-aabbccddeeff", bytes(15)), "samples.uuid", "uuid")
    case("a_date_that_does_not_exist", "Decode/Invalid", sample("time", "date", "2023-02-29"), "samples.time", "date")
    case("an_instant_with_an_offset", "Decode/Invalid",
         sample("time", "instant", "2024-02-29T23:59:59.123456789+00:00"), "samples.time", "instant")
    case("a_decimal_of_letters", "Decode/Invalid", sample("decimal", "decimal", "1", b"ten"), "samples.decimal", "decimal")
    case("json_cut_short", "Decode/Json", sample("json", "json", {}, b"{"), "samples.json", "json")

    # Text columns.
    for name, text in {"padded_base64": mail + "=", "a_line_break_after": mail + "\n", "the_other_alphabet": mail[:-1] + "+",
                       "an_impossible_length": mail[:4 * (len(mail) // 4)] + "A"}.items():
        case(name, "Malformed/NotBase64Url", text, "people.mail")
    case("white_space_before", "NotEncrypted", " " + mail, "people.mail")
    case("plaintext_in_a_text_column", "NotEncrypted", "Ada", "people.mail")
    assert len(mail) % 4, "the last character has bits to spare"
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    trailing = mail[:-1] + alphabet[alphabet.index(mail[-1]) + 1]
    case("trailing_bits_that_are_not_zero", "Malformed/NotBase64Url", trailing, "people.mail")
    case("another_character", "Tampered", mail[:-3] + ("A" if mail[-3] != "A" else "B") + mail[-2:], "people.mail")
    case("characters_cut", "Malformed/Truncated", mail[:40], "people.mail")
    return cases


def bad_wrapped_keys(table):
    """Wrapped keys that do not parse."""
    good = bytes.fromhex(table.keys[0]["wrapped"])
    cases = {
        "nothing": ("Empty", b""), "another_format_byte": ("NotThisFormat", b"\xe1" + good[1:]),
        "the_format_byte_alone": ("Truncated", good[:1]), "algorithm_0": ("UnknownAlgorithm", good[:1] + b"\0" + good[2:]),
        "algorithm_4": ("UnknownAlgorithm", good[:1] + b"\4" + good[2:]), "a_nonce_cut_short": ("Truncated", good[:10]),
        "one_byte_cut": ("Truncated", good[:-1]), "one_byte_appended": ("TooLong", good + b"\0"),
        "a_longer_nonce_claimed": ("Truncated", good[:1] + b"\2" + good[2:]),
    }
    return [{"name": name, "error": error, "wrapped": data.hex()} for name, (error, data) in cases.items()]


def bad_rows(table):
    """One cell changed, as someone who can write to the database would, and the error at open."""
    state, other = table.keys[0], table.keys[1]
    tenants = table.named("encrypt", "people.name", TENANT)[0]
    manifest = table.named("manifest", "")[0]
    retired = table.named("encrypt", "people.history", states=("retired",))[0]
    destroyed = table.named("encrypt", "people.history", states=("destroyed",))[0]
    index = table.named("index", "index:people.email:short")[0]

    def flip(row, column):
        data = bytearray.fromhex(row[column])
        data[-1] ^= 1
        return data.hex()

    cases = []

    def case(name, error, row, column, value):
        cases.append({"name": name, "error": error, "key_id": row["key_id"], "column": column, "value": value})

    case("a_retired_key_reactivated", "RowAltered", retired, "state", "active")
    case("a_destroyed_key_retired", "RowAltered", destroyed, "state", "retired")
    case("a_version_raised", "RowAltered", other, "version", 2)
    case("a_key_given_to_another_field", "RowAltered", other, "name", "people.mail")
    case("a_key_given_another_id", "RowAltered", other, "key_id", 1)
    case("fewer_bits", "RowAltered", index, "index", f.compact(spec("trim", "casefold", bits=8)))
    case("no_normaliser", "RowAltered", index, "index", f.compact(spec(bits=16)))
    case("a_wrapped_key_altered", "RowAltered", other, "wrapped", flip(other, "wrapped"))
    case("the_wrapped_key_of_another_row", "RowAltered", other, "wrapped", tenants["wrapped"])
    case("a_check_value_altered", "RowAltered", other, "check", flip(other, "check"))
    case("a_mac_altered", "RowAltered", other, "mac", flip(other, "mac"))
    case("the_mac_of_another_row", "RowAltered", other, "mac", tenants["mac"])
    case("another_root_key_named", "RowAltered", other, "root_id", "root-2")
    case("an_unknown_root_key_named", "RowAltered", other, "root_id", "root-3")
    case("another_fingerprint", "RowAltered", other, "root_fingerprint", flip(other, "root_fingerprint"))
    case("another_application", "RowAltered", other, "application", "staging")
    case("the_wrapped_state_key_altered", "RowAltered", state, "wrapped", flip(state, "wrapped"))
    case("the_check_value_of_the_state_key_altered", "RowAltered", state, "check", flip(state, "check"))
    case("a_manifest_altered", "RowsReplaced", manifest, "mac", flip(manifest, "mac"))
    case("a_manifest_of_another_version", "RowsReplaced", manifest, "version", 2)
    case("another_root_key_of_the_state_key", "WrongRootKey", state, "root_id", "root-2")
    case("an_unknown_root_key_of_the_state_key", "UnknownRootKey", state, "root_id", "root-3")
    case("another_application_of_the_state_key", "OtherApplication", state, "application", "staging")
    case("the_state_key_retired", "NoStateKey", state, "state", "retired")

    def registry(name, field_id, column, value):
        cases.append({"name": name, "error": "RowAltered", "field_id": field_id, "column": column, "value": value})

    registry("another_table_registered", "people.name", "table", "other")
    registry("another_column_registered", "people.name", "column", "email")
    registry("plaintext_accepted", "people.name", "options",
             table.registered("people.name")["options"].replace("refuse", "accept"))
    registry("an_index_removed", "people.email", "indexes", "[]")
    registry("another_class_registered", "people.name", "class", 2)
    registry("another_storage_registered", "people.name", "storage", "text")
    registry("another_primary_key_registered", "people.name", "primary_key", '["name"]')
    registry("a_registry_mac_altered", "people.name", "mac", flip(table.registered("people.name"), "mac"))
    return cases


def derivations(table):
    """Each use of a key, step by step."""
    encrypt, index = table.keys[1], table.named("index", "index:people.email:default")[0]
    out = [{"name": "root_fingerprint", "key": ROOTS["root-1"].hex(), "info": f.label("root fingerprint").hex()}]
    for number, algorithm in f.ALGORITHM_NAMES.items():
        plain = algorithm.replace("-", "_")
        out.append({"name": f"root_wrap_{plain}", "key": ROOTS["root-1"].hex(),
                    "info": (f.label("root wrap") + bytes([number])).hex()})
        out.append({"name": f"aead_{plain}", "key": table.bytes[encrypt["key_id"]].hex(),
                    "info": f.aead_info(f.header([], number, 0, 1, encrypt["key_id"]), "people.name", None).hex()})
    out.append({"name": "aead_with_scope", "key": table.bytes[encrypt["key_id"]].hex(),
                "info": f.aead_info(f.header([], f.AES_256_GCM, 0, 1, encrypt["key_id"]), "people.name", TENANT).hex()})
    note = table.named("encrypt", "people.note")[0]["key_id"]
    out.append({"name": "aead_xchacha20_poly1305_of_note",
                "key": table.bytes[table.named("encrypt", "people.note")[0]["key_id"]].hex(),
                "info": f.aead_info(f.header([], f.XCHACHA20_POLY1305, f.BOUND, 1, note), "people.note", None).hex()})
    out.append({"name": "index", "key": table.bytes[index["key_id"]].hex(), "info": f.label("index").hex()})
    out.append({"name": "state", "key": table.bytes[0xC0DE0001].hex(), "info": f.label("state").hex()})
    out.append({"name": "check", "key": table.bytes[encrypt["key_id"]].hex(),
                "info": (f.label("check") + f.context(encrypt)).hex()})
    return [case | {"out": f.hkdf_expand(bytes.fromhex(case["key"]), bytes.fromhex(case["info"])).hex()} for case in out]


def audit(table):
    """What happened to three keys, and the manifests that would list it. The rows above are without it."""
    state = table.bytes[0xC0DE0001]
    rows = []
    events = [(None, ("active", "rewrapped")), (None, ("pending", "active", "retired", "destroyed")), (TENANT, ("active",))]
    for scope, happened in events:
        key = [row for row in table.keys if row["scope"] == (scope and scope.hex())][len(happened) // 4]
        for sequence, event in enumerate(happened, 1):
            row = {"key_id": key["key_id"], "sequence": sequence, "scope": key["scope"], "event": event,
                   "at_micros": 1767225600_000000 + 600_000001 * sequence, "root_id": key["root_id"]}
            rows.append(row | {"mac": f.audit_row_mac(state, row).hex()})
    manifests = [{"key_id": row["key_id"],
                  "mac": f.key_row_mac(state, row, f.members(row, table.keys, table.fields, rows)).hex()}
                 for row in table.keys if row["purpose"] == "manifest"]
    return {"rows": rows, "manifests": manifests}


def document():
    f.check_primitives()
    table = make_table()
    return {
        "about": "Known answers of storage format 1 (docs/format.md), made by make.py. Bytes are hex. Published keys.",
        "application": APPLICATION,
        "root_keys": [{"id": name, "key": key.hex(), "fingerprint": f.root_fingerprint(key).hex()}
                      for name, key in ROOTS.items()],
        "derivations": derivations(table),
        "encryption_keys": [row | {"data_key": table.bytes[row["key_id"]].hex(), "context": f.context(row).hex()}
                            for row in table.keys],
        "encrypted_columns": table.fields,
        "encryption_audit": audit(table),
        "values": values(table),
        "searches": searches(table),
        "bad_values": bad_values(table),
        "bad_wrapped_keys": bad_wrapped_keys(table),
        "bad_rows": bad_rows(table),
    }


def open_file(path):
    """Opens what another implementation sealed. The file has `root_keys`, `encryption_keys`, `encrypted_columns` and the
    rows of `encryption_audit` as format.json, and `values` with field, scope, owner, stored, class, and encoded: checks every MAC, check value,
    ciphertext and tag, and says how many."""
    given = json.loads(pathlib.Path(path).read_text())
    roots = {root["id"]: bytes.fromhex(root["key"]) for root in given["root_keys"]}
    keys, rows = {}, {row["key_id"]: row for row in given["encryption_keys"]}
    wrapped = {key_id: row for key_id, row in rows.items() if row["purpose"] != "manifest"}
    for row in wrapped.values():
        root = roots[row["root_id"]]
        assert f.root_fingerprint(root).hex() == row["root_fingerprint"]
        key = f.unwrap(root, bytes.fromhex(row["wrapped"]), row)
        assert f.check_value(key, row).hex() == row["check"], "check value"
        keys[row["key_id"]] = key
    state = next(key for key_id, key in keys.items() if rows[key_id]["purpose"] == "state")
    for row in rows.values():
        listed = (rows.values(), given["encrypted_columns"], given["encryption_audit"])
        members = f.members(row, *listed) if row["purpose"] == "manifest" else ()
        assert f.key_row_mac(state, row, members).hex() == row["mac"], "MAC of a key row"
    for row in given["encryption_audit"]:
        assert f.audit_row_mac(state, row).hex() == row["mac"], "MAC of an audit row"
    fields = {row["field_id"]: row for row in given["encrypted_columns"]}
    for row in fields.values():
        assert f.registry_row_mac(state, row).hex() == row["mac"], "MAC of a registry row"

    classes = {number: name for name, number in f.CLASSES.items()}
    tags = 0
    for case in given["values"]:
        stored = case["stored"]
        sealed = f.from_text_form(stored["text"]) if "text" in stored else bytes.fromhex(stored["binary"])
        scope = case["scope"] and bytes.fromhex(case["scope"])
        row = rows[f.key_id_of(sealed)]
        assert (row["purpose"], row["name"], row["scope"]) == ("encrypt", case["field"], case["scope"])
        owner = encode_owner(case["owner"])
        class_number, encoded, slots = f.open_value(keys[row["key_id"]], sealed, case["field"], scope, owner)
        assert (class_number, encoded.hex()) == (case["class"], case["encoded"]), "value"
        indexes = json.loads(fields[case["field"]]["indexes"])
        assert len(indexes) == len(slots)
        for index, slot in zip(indexes, slots):
            if index["removed"]:
                assert not any(slot)
                continue
            row = next(row for row in rows.values() if (row["purpose"], row["name"], row["scope"], row["state"]) == (
                "index", index["domain"], case["scope"], "active"))
            made = f.slot(keys[row["key_id"]], row["version"], json.loads(row["index"]), classes[class_number], encoded)
            assert slot == made, "tag"
            tags += 1
    print(f"opened {len(given['values'])} values, {tags} tags, {len(rows)} keys and {len(fields)} fields")


def main(arguments):
    if arguments[:1] == ["--open"] and len(arguments) == 2:
        return open_file(arguments[1])
    made = json.dumps(document(), indent=1, ensure_ascii=False) + "\n"
    if arguments == ["--check"]:
        return None if OUT.read_text() == made else "format.json is not what make.py writes"
    if arguments:
        return __doc__
    OUT.write_text(made)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
