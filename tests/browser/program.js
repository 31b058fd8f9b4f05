/**
 * The program under test: started, asked and stopped by its process id.
 */
import assert from "node:assert/strict";
import {spawn, spawnSync} from "node:child_process";
import {mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";

const RETRYPROOF = process.env.RETRYPROOF;
export const ROOT = process.env.ROOT;

assert.ok(RETRYPROOF && ROOT, "run.sh sets RETRYPROOF, the program, and ROOT, the tree");

export function makeFolder() {
    return mkdtempSync(join(tmpdir(), "retryproof-browser-"));
}

export function removeFolder(folder) {
    rmSync(folder, {recursive: true, force: true});
}

/** Runs the program to its end. */
export function run(...args) {
    const {status, stdout, stderr, error} = spawnSync(RETRYPROOF, args, {cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 28});

    assert.equal(error, undefined);
    return {status, stdout, stderr};
}

/**
 * Starts the program and waits until it has printed a line with each of the patterns; their groups are told.
 *
 * @param {string[]} args
 * @param {RegExp[]} patterns
 */
export async function start(args, patterns) {
    const child = spawn(RETRYPROOF, args, {stdio: ["ignore", "pipe", "pipe"]});
    let said = "";
    const ended = new Promise((resolve) => child.on("exit", resolve));
    const ready = new Promise((resolve, reject) => {
        const look = (chunk) => {
            said += chunk;
            const found = patterns.map((pattern) => pattern.exec(said)?.[1]);
            if (found.every((group) => group !== undefined)) {
                resolve(found);
            }
        };
        child.stdout.on("data", look);
        child.stderr.on("data", look);
        child.on("error", reject);
        ended.then((code) => reject(new Error(`${args.join(" ")} ended with ${code}: ${said}`)));
    });
    const found = await ready;

    return {
        found,
        signal: (name) => child.kill(name),
        async stop() {
            child.kill("SIGTERM");
            child.kill("SIGTERM"); // the second one ends what would be waited for
            await ended;
        },
    };
}

/**
 * A proxy with an upstream that answers, one that never does and two where nobody listens, its admin listener and, unless told
 * otherwise, a log.
 */
export async function startProxy({log = true} = {}) {
    const folder = makeFolder();
    const script = join(folder, "upstreams.yaml");
    const config = join(folder, "proxy.yaml");

    writeFileSync(script, "upstreams: {there: {then: [read: request, respond: {body: 20}]}, silent: {then: [read: request, end: stall]}}\n");
    const upstreams = await start(["upstream", script], [/^there listens on (\S+)/m, /^silent listens on (\S+)/m]);
    const [there, silent] = upstreams.found;
    writeFileSync(config, JSON.stringify({ // JSON is YAML
        listen: "127.0.0.1:0",
        upstreams: [{name: "gone", address: "127.0.0.1:1"}, {name: "lost", address: "127.0.0.1:2"},
            {name: "there", address: there}, {name: "silent", address: silent}],
        routes: [{name: "shop", path: "/shop", upstreams: ["gone", "there"], max_retries: 2},
            {name: "fails", path: "/fails", upstreams: ["lost"], max_retries: 2},
            {name: "waits", path: "/waits", upstreams: ["silent"], max_retries: 0},
            {name: "plain", path: "/", upstreams: ["there"], max_retries: 0}],
    }));
    const proxy = await start(["proxy", config, "--admin", "127.0.0.1:0", ...(log ? ["--log", join(folder, "log.db")] : [])],
        [/^listening on (\S+)/m, /^admin on (\S+)/m]);
    const [address, admin] = proxy.found;

    return {
        origin: `http://${address}`,
        admin: `http://${admin}`,
        signal: proxy.signal,
        /** One request at the proxy; its status. */
        ask: async (path, options = {}) => {
            const response = await fetch(`http://${address}${path}`, options);
            await response.arrayBuffer();
            return response.status;
        },
        stop: async () => {
            await proxy.stop();
            await upstreams.stop();
            removeFolder(folder);
        },
    };
}
