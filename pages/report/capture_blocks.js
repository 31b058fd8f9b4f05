/**
 * The blocks of a capture file, byte for byte, after the pcapng specification (draft-ietf-opsawg-pcapng, sections 4.1 to 4.7),
 * as reports/pcapng/capture_block.c writes them.
 */

const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const PACKET = 6;
const SECRETS = 0x0a;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const SECRETS_TLS_KEYS = 0x544c534b;
const LINKTYPE_RAW = 101; // packets are IP, with nothing before
const NANOSECONDS = 9; // the resolution is ten to minus that
const OPTION = {end: 0, comment: 1, application: 4, resolution: 9};
const COMMENT_BYTES_MAX = 32 * 1024; // an option has 16 bits for its length
const UNKNOWN = 0xffffffff; // the length of a section is not told

const encoder = new TextEncoder();

/** The head of a file, and its one interface. */
export function sectionBlocks(application) {
    return concatenate([
        block(SECTION, [u32(BYTE_ORDER_MAGIC), u16(1), u16(0), u32(UNKNOWN), u32(UNKNOWN), option(OPTION.application, encoder.encode(application)), option(OPTION.end)]),
        block(INTERFACE, [u16(LINKTYPE_RAW), u16(0), u32(0), option(OPTION.resolution, Uint8Array.of(NANOSECONDS)), option(OPTION.end)]),
    ]);
}

/** Keys of TLS, as lines of its key log; before the first packet that needs them. */
export function secretsBlock(keyLog) {
    const keys = encoder.encode(keyLog);
    return block(SECRETS, [u32(SECRETS_TLS_KEYS), u32(keys.length), padded(keys)]);
}

/**
 * @param {object} packet
 * @param {bigint} packet.atNs since 1970
 * @param {Uint8Array} packet.head
 * @param {Uint8Array} packet.data behind it
 * @param {number} packet.missing bytes that were on the wire behind these, and were not kept
 * @param {string[]} packet.comments
 */
export function packetBlock({atNs, head, data, missing, comments}) {
    const kept = concatenate([head, data]);
    const options = comments.map((comment) => option(OPTION.comment, encoder.encode(comment).subarray(0, COMMENT_BYTES_MAX)));

    return block(PACKET, [
        u32(0), u32(Number(atNs >> 32n)), u32(Number(atNs & 0xffffffffn)), u32(kept.length), u32(kept.length + missing), padded(kept),
        ...options, ...(options.length > 0 ? [option(OPTION.end)] : []),
    ]);
}

/** @param {Uint8Array[]} parts */
export function concatenate(parts) {
    const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
    let at = 0;

    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return whole;
}

/* Its length stands at either end. */
function block(type, parts) {
    const body = concatenate(parts);
    const size = u32(body.length + 12);
    return concatenate([u32(type), size, body, size]);
}

function option(code, value = new Uint8Array(0)) {
    return concatenate([u16(code), u16(value.length), padded(value)]);
}

function padded(bytes) {
    const whole = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
    whole.set(bytes);
    return whole;
}

/* Whatever machine writes it, the file is little-endian. */
function u16(value) {
    return Uint8Array.of(value & 0xff, value >> 8);
}

function u32(value) {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    return bytes;
}
