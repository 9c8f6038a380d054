/* SPDX-License-Identifier: Apache-2.0 */
#include "export/tls_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

enum { TLS_FILE_TEXT_BYTES = 512 };

int tls_context_fail(struct weir_error *error, int code, const char *what)
{
	unsigned long reason = ERR_get_error();
	const char *words = reason ? ERR_reason_error_string(reason) : NULL;

	if (ERR_SYSTEM_ERROR(reason)) /* of these the library knows no words */
		words = strerror(ERR_GET_REASON(reason));
	ERR_clear_error();
	return weir_error_set(error, code, "%s: %s", what, words ? words : strerror(-code));
}

bool tls_context_reason(const SSL *session, int code, char reason[TLS_REASON_BYTES])
{
	long verdict = SSL_get_verify_result(session);
	unsigned long last = ERR_get_error();
	const char *words = last ? ERR_reason_error_string(last) : NULL;

	ERR_clear_error();
	if (verdict != X509_V_OK)
		words = X509_verify_cert_error_string(verdict);
	snprintf(reason, TLS_REASON_BYTES, "%s", words ? words : strerror(-code));
	return verdict != X509_V_OK;
}

/* The same, of a file. */
static int tls_context_fail_file(struct weir_error *error, const char *what, const char *path)
{
	char text[TLS_FILE_TEXT_BYTES];

	snprintf(text, sizeof(text), "%s '%s'", what, path ? path : "the system's");
	return tls_context_fail(error, -EINVAL, text);
}

static int tls_context_load(SSL_CTX *context, const struct tls_files *files,
			    struct weir_error *error)
{
	int rc = files->ca ? SSL_CTX_load_verify_file(context, files->ca)
			   : SSL_CTX_set_default_verify_paths(context);

	if (rc != 1)
		return tls_context_fail_file(error, "cannot read the CA certificates", files->ca);
	if (!files->certificate)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(context, files->certificate) != 1)
		return tls_context_fail_file(error, "cannot read the certificate",
					     files->certificate);
	if (SSL_CTX_use_PrivateKey_file(context, files->key ? files->key : files->certificate,
					SSL_FILETYPE_PEM) != 1)
		return tls_context_fail(error, -EINVAL, "cannot use the key");
	return 0;
}

static int tls_context_check(enum tls_side side, const struct tls_files *files,
			     struct weir_error *error)
{
	if (side == TLS_CONNECTS)
		return 0;
	if (!files->certificate)
		return weir_error_set(error, -EINVAL,
				      "who listens needs a certificate (--tls-cert FILE)");
	if (!files->ca) /* whoever has any certificate at all would be let in */
		return weir_error_set(
			error, -EINVAL,
			"who listens must say who vouches for exporters (--tls-ca FILE)");
	return 0;
}

static const SSL_METHOD *tls_context_method(enum tls_side side, bool datagrams)
{
	if (side == TLS_LISTENS)
		return datagrams ? DTLS_server_method() : TLS_server_method();
	return datagrams ? DTLS_client_method() : TLS_client_method();
}

int tls_context_open(enum tls_side side, bool datagrams, const struct tls_files *files,
		     SSL_CTX **out, struct weir_error *error)
{
	int verify = SSL_VERIFY_PEER, rc = tls_context_check(side, files, error);
	SSL_CTX *context;

	if (rc < 0)
		return rc;
	context = SSL_CTX_new(tls_context_method(side, datagrams));
	if (!context)
		return weir_error_set(error, -ENOMEM, "out of memory");
	if (side == TLS_LISTENS)
		verify |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_min_proto_version(context, datagrams ? DTLS1_2_VERSION : TLS1_2_VERSION);
	SSL_CTX_set_verify(context, verify, NULL);
	SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
	rc = tls_context_load(context, files, error);
	if (rc < 0) {
		SSL_CTX_free(context);
		return rc;
	}
	*out = context;
	return 0;
}
