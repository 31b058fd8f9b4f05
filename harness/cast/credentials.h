/*
 * The certificates of a case's proxy: which files of the test authority its settings name.
 */
#ifndef HARNESS_CAST_CREDENTIALS_H
#define HARNESS_CAST_CREDENTIALS_H

#include "fakeupstream/acting/scene.h"
#include "harness/suite/scenario.h"

/* Fills what the settings say of TLS. Paths are good as long as the scene. False when no certificate could be made. */
MUST_USE bool credentials_fill(const struct scenario *scenario, struct scene *scene,
                               struct proxy_settings *settings);

#endif
