/**
 * The data that are in the document itself (pages/page.h writes them): gzip (RFC 1952) in base64, and within it bytes whose
 * repetitions are told once (pages/repeats.h says how).
 */

/** @type {Map<string, Promise<any>>} */
const known = new Map();

/** Whether there are data of that id. */
export function hasEmbedded(id) {
    return document.getElementById(`data-${id}`) !== null;
}

/**
 * The JSON value of an id, read once. Fails with a sentence where there is none.
 *
 * @param {string} id
 * @returns {Promise<any>}
 */
export function embedded(id) {
    if (!known.has(id)) {
        known.set(id, read(id));
    }
    return known.get(id);
}

async function read(id) {
    const element = document.getElementById(`data-${id}`);
    if (element === null) {
        throw new Error(`this page holds no data named ${id}`);
    }
    const packed = bytesOfBase64(element.textContent.trim());
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const coded = new Uint8Array(await new Response(stream).arrayBuffer());
    return JSON.parse(new TextDecoder().decode(repeatsRead(coded)));
}

/**
 * @param {Uint8Array} coded
 * @returns {Uint8Array} the whole
 */
export function repeatsRead(coded) {
    let at = 0;
    const number = () => {
        let value = 0;
        let unit = 1;

        for (; coded[at] > 127; unit *= 128) {
            value += (coded[at++] - 128) * unit;
        }
        return value + coded[at++] * unit;
    };
    const whole = new Uint8Array(number());

    for (let size = 0; size < whole.length;) {
        const literals = number();

        whole.set(coded.subarray(at, at + literals), size);
        at += literals;
        size += literals;
        if (size < whole.length) {
            const distance = number();

            size = copyBack(whole, size, distance, number());
        }
    }
    return whole;
}

/* More than the distance goes on with what was just copied, twice as much each time. Returns the size then. */
function copyBack(whole, size, distance, length) {
    const from = size - distance;

    for (let left = length; left > 0;) {
        const now = Math.min(left, size - from);

        whole.copyWithin(size, from, from + now);
        size += now;
        left -= now;
    }
    return size;
}

/**
 * The bytes of a text whose characters are U+0000 to U+00FF: how results hold bytes.
 *
 * @param {string} text
 * @returns {Uint8Array}
 */
export function bytesOfCharacters(text) {
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) {
        bytes[i] = text.charCodeAt(i);
    }
    return bytes;
}

function bytesOfBase64(text) {
    return bytesOfCharacters(atob(text));
}
