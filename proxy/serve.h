/*
 * `retryproof proxy CONFIG.yaml`: the built-in proxy by itself, on real sockets.
 */
#ifndef PROXY_SERVE_H
#define PROXY_SERVE_H

/*
 * argv[0] is "proxy". Prints "listening on ADDRESS:PORT" on stdout, then serves until SIGTERM or SIGINT, which drain it; a second
 * signal ends it at once. Returns the exit code: 0; 2 for a wrong command line or configuration; 5 when
 * it cannot listen.
 */
int proxy_command(int argc, char **argv);

#endif
