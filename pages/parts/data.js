/**
 * The data that are in the document itself (pages/page.h writes them): gzip (RFC 1952) in base64.
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
    return JSON.parse(await new Response(stream).text());
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
