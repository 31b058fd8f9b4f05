/**
 * The records of a TLS stream as they stand on the wire (RFC 8446 5.1): what can be told without any key.
 *
 * @typedef {object} TlsRecord
 * @property {number} offset in its stream
 * @property {number} size with its header
 * @property {string} name "ClientHello", "application data"
 */

const HEADER_BYTES = 5;
const TYPES = {20: "change cipher spec", 21: "alert", 22: "handshake", 23: "application data"};
const HANDSHAKES = {1: "ClientHello", 2: "ServerHello", 4: "NewSessionTicket", 8: "EncryptedExtensions", 11: "Certificate",
    12: "ServerKeyExchange", 13: "CertificateRequest", 14: "ServerHelloDone", 15: "CertificateVerify", 16: "ClientKeyExchange",
    20: "Finished"};
const HANDSHAKE = 22;
const CHANGE_CIPHER_SPEC = 20;

/**
 * @param {string} data a stream from its first byte, as characters U+0000 to U+00FF
 * @returns {TlsRecord[]} up to where it stops being TLS, or was not kept
 */
export function tlsRecords(data) {
    const records = [];
    let encrypted = false;

    for (let at = 0; at + HEADER_BYTES <= data.length;) {
        const type = data.charCodeAt(at);
        const length = data.charCodeAt(at + 3) * 256 + data.charCodeAt(at + 4);

        if (!(type in TYPES) || data.charCodeAt(at + 1) !== 3) {
            break;
        }
        records.push({offset: at, size: HEADER_BYTES + length, name: recordName(type, data.charCodeAt(at + HEADER_BYTES), encrypted)});
        encrypted ||= type === CHANGE_CIPHER_SPEC;
        at += HEADER_BYTES + length;
    }
    return records;
}

/** Those that begin among so many bytes behind an offset. */
export function recordsWithin(records, offset, size) {
    return records.filter((record) => record.offset >= offset && record.offset < offset + size);
}

/* Behind a change of the cipher the first byte of a handshake is ciphertext, and says nothing. */
function recordName(type, first, encrypted) {
    if (type !== HANDSHAKE) {
        return TYPES[type];
    }
    return encrypted ? "handshake, encrypted" : HANDSHAKES[first] ?? "handshake";
}
