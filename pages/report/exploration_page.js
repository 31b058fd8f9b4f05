/**
 * An exploration: what broke, at its smallest; then what was asked of how many runs, and what nobody could ask.
 * The value is that of docs/exploration.schema.json. In an older one (retryproof-exploration-1) each failure is of one claim, and those of
 * one run stand one by one: they are told as one here, too.
 */
import {copyBox, h} from "retryproof/parts/dom";
import {count, fingerprint, number} from "retryproof/parts/words";
import {dataTable, documentHead, documentSection, lazyDetails, toneBadge} from "retryproof/report/document_parts";

const FAILURES_OPEN = 3; /* the first ones tell what kind of trouble it is */

/**
 * @param {HTMLElement} container is emptied
 * @param {object} exploration
 */
export function renderExploration(container, exploration) {
    const silent = exploration.claims.filter((claim) => claim.exercised === 0);

    container.replaceChildren(h("div", {class: "document"},
        documentHead(explorationSummary(exploration)),
        failuresSection(failedRuns(exploration.failures)),
        claimsSection(exploration.claims, silent),
        basesSection(exploration.bases),
        totalsSection(exploration)));
}

/** What its page begins with, and what a card tells of it. */
export function explorationSummary({run, totals, claims, failures}) {
    const silent = claims.filter((claim) => claim.exercised === 0);
    const different = failedRuns(failures).length;
    const broken = claims.filter((claim) => claim.broken > 0).length;
    const end = (run.interrupted ? " It was interrupted: what was known by then is told." : "") +
        (run.more_failures ? " More failures were found than are told here." : "");

    return {
        title: "Exploration",
        lead: `Faults were put at every byte of cases that work, and each run was judged by what must hold in every case.${end}`,
        figures: [
            {value: totals.runs, name: "runs"},
            {value: totals.bases, name: totals.bases === 1 ? "base" : "bases"},
            {value: different, name: different === 1 ? "failure" : "different failures", tone: different > 0 ? "bad" : "good"},
            {value: broken, name: `of ${claims.length} claims broken`, tone: broken > 0 ? "bad" : "good"},
            {value: silent.length, name: "claims not exercised", tone: silent.length > 0 ? "warn" : "good"},
        ],
        command: run.command,
    };
}

/* ---- failures ---------------------------------------------------------------------------------------- */

/** Each run that broke something, with all the claims that it broke. */
export function failedRuns(failures) {
    const runs = new Map();

    for (const failure of failures) {
        const {base, faults, order, seed, trace_hash: hash} = failure;
        const key = JSON.stringify([base, faults, order, seed, hash]);
        const claims = failure.claims ?? [{...failure, name: failure.claim, number: failure.claim_number}];

        if (runs.has(key)) {
            runs.get(key).claims.push(...claims);
        } else {
            runs.set(key, {...failure, claims: [...claims]});
        }
    }
    return [...runs.values()];
}

function failuresSection(failures) {
    if (failures.length === 0) {
        return documentSection("Failures", h("p", {}, toneBadge("good", "✓", "none"), " Every claim held in every run."));
    }
    return documentSection("Failures",
        h("p", {text: "Each at its smallest: faults were taken away and lowered as long as the same claim stayed broken. A run that breaks several is told once."}),
        ...failures.map((failure, index) => lazyDetails(
            [h("span", {class: "failure-claim"}, ...failure.claims.map(({name}) => toneBadge("bad", "✗", name))), h("span", {class: "failure-base", text: failure.base})],
            () => failureParts(failure), {open: index < FAILURES_OPEN, class: "card failure"})));
}

function failureParts(failure) {
    const files = failure.claims.map(({file}) => file).filter(Boolean);
    const commands = [...new Set(failure.claims.map(({reproduce}) => reproduce).filter(Boolean))];

    return [
        ...failure.claims.flatMap(claimParts),
        h("dl", {class: "facts"},
            fact("when", failure.faults.length > 0 ? h("ul", {class: "plain-list"}, ...failure.faults.map((fault) => h("li", {text: fault}))) : "without any fault"),
            failure.order.length > 0 ? fact("order", failure.order.join(", ")) : null,
            fact("seed", failure.seed),
            fact("fingerprint", fingerprint(failure.trace_hash)),
            fact("played twice", failure.steady ? "the same trace both times" : "another trace the second time"),
            files.length > 0 ? fact(files.length === 1 ? "file" : "files", h("ul", {class: "plain-list"}, ...files.map((file) => h("li", {}, h("code", {text: file}))))) : null),
        ...(commands.length > 0 ? commands.map((command) => copyBox(command, "Copy the command")) : [h("p", {class: "soft", text: "No single command shows it again."})]),
        failure.story.length > 0 ? lazyDetails(`Time line, ${count(failure.story.length, "line")}`, () =>
            [h("pre", {class: "code-block", tabindex: "0", "aria-label": "Time line", text: failure.story.join("\n")})]) : null,
    ];
}

/* The claim's own sentence, then what was found. */
function claimParts({name, sentences}) {
    const [claim, ...found] = sentences;

    return [
        h("p", {class: "failure-sentence", text: claim ?? name}),
        found.length > 0 ? h("ul", {class: "findings", data: {tone: "bad"}}, ...found.map((sentence) => h("li", {text: sentence}))) : null,
    ];
}

function fact(name, value) {
    return h("div", {class: "fact"}, h("dt", {text: name}), h("dd", {}, value));
}

/* ---- claims ------------------------------------------------------------------------------------------- */

function claimsSection(claims, silent) {
    const rows = [...claims].sort((a, b) => b.broken - a.broken || Number(a.exercised > 0) - Number(b.exercised > 0) || a.number - b.number);

    return documentSection("Claims",
        h("p", {class: "lead", text: "What holds in every run, and in how many runs something came about that it could be asked of. A claim that no run exercised is not proved by this."}),
        silent.length > 0 ? h("div", {class: "callout", data: {tone: "warn"}},
            h("p", {text: `${count(silent.length, "claim")} ${silent.length === 1 ? "was" : "were"} not exercised: ${silent.map((claim) => claim.name).join(", ")}.`})) : null,
        dataTable("Claims", [{text: "number", number: true}, {text: "state"}, {text: "claim"}, {text: "source"}, {text: "exercised in runs", number: true}, {text: "broken in runs", number: true}],
            rows.map((claim) => ({
                tone: claim.broken > 0 ? "bad" : "none",
                cells: [claim.number, claimState(claim), claimWords(claim), claim.source, claim.exercised, claim.broken],
            }))));
}

function claimState(claim) {
    if (claim.broken > 0) {
        return toneBadge("bad", "✗", "broken");
    }
    return claim.exercised > 0 ? toneBadge("good", "✓", "held") : toneBadge("warn", "∅", "not exercised");
}

function claimWords(claim) {
    return h("span", {class: "claim-words"}, h("span", {text: claim.sentence}), h("code", {class: "soft", text: claim.name}));
}

/* ---- bases and totals ----------------------------------------------------------------------------------- */

function basesSection(bases) {
    const rows = [...bases].sort((a, b) => b.failed_runs - a.failed_runs);
    const heads = [{text: "base"}, {text: "runs", number: true}, {text: "failed", number: true}, {text: "positions", number: true},
        {text: "classes", number: true}, {text: "outcomes", number: true}];

    return documentSection("Bases",
        h("p", {class: "lead", text: "The cases into which faults were put. Positions next to each other whose runs have the same shape are a class; outcomes are different ends."}),
        lazyDetails(count(bases.length, "base"), () => [dataTable("Bases", heads, rows.map((base) => ({
            tone: base.failed_runs > 0 ? "bad" : "none",
            cells: [h("code", {text: base.id}), base.runs, base.failed_runs, base.positions, base.classes, base.outcomes],
        })))], {open: bases.length <= 60}));
}

function totalsSection({totals, run}) {
    const faults = ["without a fault", "with one fault", "with two", "with three"];
    const facts = [
        ...totals.by_faults.map((runs, index) => [`runs ${faults[index]}`, runs]),
        ["runs that differ in the order of events", totals.order_runs],
        ["bases of which not every order was played", totals.orders_cut],
        ["runs with faults drawn by the seed", totals.random_runs],
        ["failed runs", totals.failed_runs],
        ["runs of which a fault found no such byte", totals.not_met],
        ["lasting faults known to do what the same fault does once", totals.spared],
        ["cases passed over", totals.passed_over],
        ["different outcomes", totals.outcomes],
    ].filter(([, value]) => value > 0);

    return documentSection("Totals", h("dl", {class: "facts"},
        ...facts.map(([name, value]) => fact(name, number(value))),
        fact("seed", run.seed), fact("retryproof", run.version), fact("exit code", String(run.exit_code))));
}
