/*
 * `retryproof upstream SCRIPT.yaml`: the fake upstreams of a file on real sockets, alone.
 */
#ifndef FAKEUPSTREAM_SERVE_H
#define FAKEUPSTREAM_SERVE_H

/*
 * argv[0] is the word `upstream`. Runs until SIGINT or SIGTERM. Returns an exit code: 0 ended as asked,
 * 2 a mistake in the usage or the file, 3 our own fault, 5 a port could not be had.
 */
int upstream_command(int argc, char **argv);

#endif
