/**
 * The IP and TCP headers of one segment (RFC 791 3.1, RFC 8200 3, RFC 9293 3.1), with their checksums, as
 * reports/pcapng/tcp_head.c writes them.
 *
 * @typedef {object} Address
 * @property {Uint8Array} bytes 4 or 16
 * @property {number} port
 *
 * @typedef {object} Segment
 * @property {Address} from
 * @property {Address} to of the same family
 * @property {number} sequence
 * @property {number} acknowledged what is expected next; said where flags have TCP.ack
 * @property {number} flags
 * @property {Uint8Array} data what is known of its payload
 * @property {number} missing bytes of its payload behind that; they count as zeros in the checksum
 */

export const TCP = {fin: 1, syn: 2, rst: 4, psh: 8, ack: 16};

const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const TCP_BYTES = 20;
const PROTOCOL_TCP = 6;
const HOPS = 64;
const WINDOW = 65535;
const DO_NOT_FRAGMENT = 0x4000;

/** @param {Segment} segment */
export function tcpHead(segment) {
    const old = segment.from.bytes.length === 4;
    const ipBytes = old ? IPV4_BYTES : IPV6_BYTES;
    const head = new Uint8Array(ipBytes + TCP_BYTES);

    if (old) {
        writeIpv4(segment, head);
    } else {
        writeIpv6(segment, head);
    }
    writeTcp(segment, head.subarray(ipBytes));
    return head;
}

/** "127.0.0.1:8080" or "[::1]:8080"; null: it is no address. */
export function parseAddress(text) {
    const parts = /^(?:\[([0-9a-f:]+)\]|(\d+\.\d+\.\d+\.\d+)):(\d+)$/i.exec(text ?? "");

    if (parts === null) {
        return null;
    }
    const bytes = parts[1] === undefined ? Uint8Array.from(parts[2].split(".").map(Number)) : ipv6Bytes(parts[1]);
    return {bytes, port: Number(parts[3])};
}

/* RFC 4291 2.2: "::" stands for as many zeros as are missing. */
function ipv6Bytes(text) {
    const [front, back] = text.split("::").map((half) => half.split(":").filter(Boolean).map((group) => parseInt(group, 16)));
    const groups = back === undefined ? front : [...front, ...new Array(Math.max(0, 8 - front.length - back.length)).fill(0), ...back];
    const bytes = new Uint8Array(16);

    groups.slice(0, 8).forEach((group, index) => put16(bytes, 2 * index, group));
    return bytes;
}

function writeTcp(segment, tcp) {
    const size = TCP_BYTES + segment.data.length + segment.missing;

    put16(tcp, 0, segment.from.port);
    put16(tcp, 2, segment.to.port);
    put32(tcp, 4, segment.sequence);
    put32(tcp, 8, segment.flags & TCP.ack ? segment.acknowledged : 0);
    tcp[12] = (TCP_BYTES / 4) << 4;
    tcp[13] = segment.flags;
    put16(tcp, 14, WINDOW);
    // Over a header of addresses, protocol and length as well (RFC 9293 3.1, RFC 8200 8.1).
    put16(tcp, 16, fold([segment.from.bytes, segment.to.bytes, tcp, segment.data].reduce(addWords, PROTOCOL_TCP + size)));
}

function writeIpv4(segment, ip) {
    ip[0] = (4 << 4) | (IPV4_BYTES / 4);
    put16(ip, 2, IPV4_BYTES + TCP_BYTES + segment.data.length + segment.missing);
    put16(ip, 6, DO_NOT_FRAGMENT);
    ip[8] = HOPS;
    ip[9] = PROTOCOL_TCP;
    ip.set(segment.from.bytes, 12);
    ip.set(segment.to.bytes, 16);
    put16(ip, 10, fold(addWords(0, ip.subarray(0, IPV4_BYTES))));
}

function writeIpv6(segment, ip) {
    ip[0] = 6 << 4;
    put16(ip, 4, TCP_BYTES + segment.data.length + segment.missing);
    ip[6] = PROTOCOL_TCP;
    ip[7] = HOPS;
    ip.set(segment.from.bytes, 8);
    ip.set(segment.to.bytes, 24);
}

/* RFC 1071: adds 16 bit words; an odd byte at the end counts as if a zero followed. */
function addWords(sum, bytes) {
    let whole = sum;

    for (let i = 0; i < bytes.length; i++) {
        whole += i % 2 === 0 ? bytes[i] << 8 : bytes[i];
    }
    return whole;
}

function fold(sum) {
    let folded = sum;

    while (folded > 0xffff) {
        folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
    }
    return ~folded & 0xffff;
}

function put16(bytes, at, value) {
    bytes[at] = value >> 8;
    bytes[at + 1] = value;
}

function put32(bytes, at, value) {
    put16(bytes, at, value >>> 16);
    put16(bytes, at + 2, value & 0xffff);
}
