/**
 * Where the other results of a report are: results of several subjects are one comparison, and so have one link.
 */
import {documentHref} from "retryproof/report/links";

const SUBJECT_FORMAT = "retryproof-subject-result/";

/** Whether a document tells what a subject showed. */
export function isOfSubject(document) {
    return document.schema.startsWith(SUBJECT_FORMAT);
}

/**
 * @param {{id: string, title: string, schema: string}[]} documents of the index
 * @returns {{number: number, href: string, title: string}[]}
 */
export function documentLinks(documents) {
    const subjects = documents.filter(isOfSubject);
    const first = documents.indexOf(subjects[0]);

    return documents
        .map((document, number) => ({document, number}))
        .filter(({document, number}) => !isOfSubject(document) || number === first)
        .map(({document, number}) => ({
            number,
            href: documentHref(number),
            title: isOfSubject(document) && subjects.length > 1 ? `${subjects.length} results side by side` : document.title,
        }));
}
