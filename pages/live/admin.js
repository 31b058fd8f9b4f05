/**
 * What the page asks of the listener that served it (docs/admin.md), and how its answers are read.
 */

/** A proxy that says nothing for so long is told as out of reach. */
const ANSWER_MS_MAX = 10000;

/**
 * One request. Fails only where no answer came; a refusal is an answer, whose error is its sentence.
 * Paths are relative, so that the page also works where something else serves it below a path of its own.
 *
 * @param {string} path "api/routes"
 * @param {RequestInit} [options]
 * @returns {Promise<{status: number, text: string, value: any, error: string|null}>}
 */
export async function ask(path, options = {}) {
    const response = await fetch(path, {cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS_MAX), ...options});
    const text = await response.text();
    const value = response.headers.get("content-type")?.startsWith("application/json") ? parsed(text) : null;

    return {
        status: response.status,
        text,
        value,
        error: response.ok ? null : value?.error ?? `the proxy answered ${response.status}`,
    };
}

/** Changes some settings of a route; the others stay. */
export function changeRoute(name, settings) {
    return ask(routePath(name), {
        method: "PUT",
        headers: {"Content-Type": "application/json"},
        body: JSON.stringify(settings),
    });
}

export function routePath(name) {
    return `api/routes/${encodeURIComponent(name)}`;
}

/**
 * The path of a page of the log.
 *
 * @param {Object<string, string>} filters those of docs/admin.md that are set
 * @param {{before?: number, limit: number}} page
 */
export function requestsPath(filters, page) {
    const parts = Object.entries({...filters, before: page.before, limit: page.limit})
        .filter(([, value]) => value !== undefined && value !== "")
        .map(([name, value]) => `${name}=${encodeURIComponent(value)}`);

    return `api/requests?${parts.join("&")}`;
}

function parsed(text) {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}
