#include "harness/recording/recorder_state.h"

void expectation_list_fill(struct recorder *recorder)
{
    (void)recorder;
}
