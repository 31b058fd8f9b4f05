/*
 * A body that hooks of the proxy have changed on purpose: is it what they make of the one that was sent? Pure.
 */
#ifndef HARNESS_VERDICT_CHANGED_BODY_H
#define HARNESS_VERDICT_CHANGED_BODY_H

#include "fakeupstream/wire/witness.h"
#include "harness/hooks/hook_plan.h"

/* Whether what came is what becomes of the body of that draft, or the beginning of it. True where nobody can tell. */
bool changed_body_fits(const struct witness_message *received, const struct draft *sent,
                       const struct hook_body_changes *changes);

#endif
