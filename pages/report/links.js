/**
 * The addresses within the page. What is shown stands behind the '#', so that every view and every filter has a link:
 *
 *   #/?verdict=fail&stage=dial                    the summary and the matrix, filtered; view=list: a list in its place
 *   #/case/post-write%2Fonce%5Bend%3Dfin%5D@sim?verdict=fail    a case, and the filter that led to it
 *   #/document/0                                  another result
 *
 * @typedef {object} Route
 * @property {"home"|"case"|"document"|"unknown"} view
 * @property {string} [key] of the case
 * @property {number} [number] of the document
 * @property {URLSearchParams} filters
 */

/** Names a case within a run: its id and its world, and its subject where that is another than ours. */
export function caseKey(entry) {
    const subject = entry.subject === "builtin" ? "" : `@${entry.subject}`;
    return `${entry.id}@${entry.world}${subject}`;
}

/** @param {URLSearchParams} [filters] */
export function homeHref(filters) {
    return `#/${queryOf(filters)}`;
}

/** @param {URLSearchParams} [filters] */
export function caseHref(key, filters) {
    return `#/case/${encodeURIComponent(key).replaceAll("%40", "@")}${queryOf(filters)}`;
}

export function documentHref(number) {
    return `#/document/${number}`;
}

/** @returns {Route} what a hash asks for */
export function parseRoute(hash) {
    const [path, query = ""] = hash.replace(/^#/, "").split("?", 2);
    const filters = new URLSearchParams(query);
    const parts = path.split("/").filter(Boolean);

    if (parts.length === 0) {
        return {view: "home", filters};
    }
    if (parts.length === 2 && parts[0] === "case") {
        return {view: "case", key: decoded(parts[1]), filters};
    }
    if (parts.length === 2 && parts[0] === "document" && /^\d+$/.test(parts[1])) {
        return {view: "document", number: Number(parts[1]), filters};
    }
    return {view: "unknown", filters};
}

function queryOf(filters) {
    const text = filters?.toString() ?? "";
    return text === "" ? "" : `?${text}`;
}

/* A link that somebody cut in the middle of a character must not end the page. */
function decoded(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}
