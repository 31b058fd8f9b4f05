/*
 * A proxy that says it verifies its upstreams, and takes whatever certificate they show. Wraps SSL_CTX_set_verify().
 */
struct ssl_ctx_st;
struct x509_store_ctx_st;
typedef int verify_callback(int accepted, struct x509_store_ctx_st *store);

void __real_SSL_CTX_set_verify(struct ssl_ctx_st *context, int mode, verify_callback *callback);
void __wrap_SSL_CTX_set_verify(struct ssl_ctx_st *context, int mode, verify_callback *callback);

void __wrap_SSL_CTX_set_verify(struct ssl_ctx_st *context, int mode, verify_callback *callback)
{
    enum { VERIFY_NONE = 0 }; /* SSL_VERIFY_NONE of OpenSSL */

    (void)mode;
    __real_SSL_CTX_set_verify(context, VERIFY_NONE, callback);
}
