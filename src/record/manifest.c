/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "privilege/request.h"

#define MANIFEST_SUFFIX ".sha256"
#define MANIFEST_TITLE  "# weir: offset, bytes, SHA-256"

enum {
	MANIFEST_PART_BYTES = 64 << 10,
	MANIFEST_HASH_BYTES = 32,
	MANIFEST_TEXT_BYTES = 2 * MANIFEST_HASH_BYTES + 1,
	MANIFEST_LINE_BYTES = PATH_MAX * 2 + 128, /* the last one, with a name that is escaped */
	MANIFEST_PARTS_ROOM = 1024,               /* at first: 64 MiB; doubled */
};

struct manifest_hash {
	uint8_t bytes[MANIFEST_HASH_BYTES];
};

struct manifest {
	EVP_MD_CTX *whole, *part;
	uint64_t size;               /* bytes added */
	struct manifest_hash *parts; /* those that are complete */
	uint64_t count, room;
	int failure;
};

/* ---- making ---- */

static void manifest_begin(struct manifest *manifest)
{
	manifest->size = 0;
	manifest->count = 0;
	manifest->failure = 0;
	if (!EVP_DigestInit_ex(manifest->whole, EVP_sha256(), NULL) ||
	    !EVP_DigestInit_ex(manifest->part, EVP_sha256(), NULL))
		manifest->failure = -ENOMEM;
}

int manifest_open(struct manifest **out)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));

	if (!manifest)
		return -ENOMEM;
	manifest->whole = EVP_MD_CTX_new();
	manifest->part = EVP_MD_CTX_new();
	if (!manifest->whole || !manifest->part) {
		manifest_close(manifest);
		return -ENOMEM;
	}
	manifest_begin(manifest);
	*out = manifest;
	return 0;
}

void manifest_close(struct manifest *manifest)
{
	if (!manifest)
		return;
	EVP_MD_CTX_free(manifest->whole);
	EVP_MD_CTX_free(manifest->part);
	free(manifest->parts);
	free(manifest);
}

static bool manifest_make_room(struct manifest *manifest)
{
	uint64_t room = manifest->room ? manifest->room * 2 : MANIFEST_PARTS_ROOM;
	struct manifest_hash *parts;

	if (manifest->count < manifest->room)
		return true;
	parts = reallocarray(manifest->parts, room, sizeof(*parts));
	if (!parts)
		return false;
	manifest->parts = parts;
	manifest->room = room;
	return true;
}

static void manifest_end_part(struct manifest *manifest)
{
	if (!manifest_make_room(manifest) ||
	    !EVP_DigestFinal_ex(manifest->part, manifest->parts[manifest->count].bytes, NULL) ||
	    !EVP_DigestInit_ex(manifest->part, EVP_sha256(), NULL))
		manifest->failure = -ENOMEM;
	else
		manifest->count++;
}

void manifest_add(struct manifest *manifest, const uint8_t *bytes, uint64_t length, uint64_t offset)
{
	if (!offset)
		manifest_begin(manifest);
	/* A gap shows in the size. */
	if (offset > manifest->size || offset + length <= manifest->size)
		return;
	bytes += manifest->size - offset;
	length -= manifest->size - offset;
	while (length && !manifest->failure) {
		uint64_t left = MANIFEST_PART_BYTES - manifest->size % MANIFEST_PART_BYTES;
		uint64_t count = length < left ? length : left;

		if (!EVP_DigestUpdate(manifest->whole, bytes, count) ||
		    !EVP_DigestUpdate(manifest->part, bytes, count))
			manifest->failure = -EIO;
		bytes += count;
		length -= count;
		manifest->size += count;
		if (count == left)
			manifest_end_part(manifest);
	}
}

/* From the file itself: it was cut behind what was added, or is stored otherwise. */
static int manifest_read(struct manifest *manifest, int fd)
{
	uint8_t *bytes = malloc(MANIFEST_PART_BYTES);
	uint64_t offset = 0;
	ssize_t got = 0;

	if (!bytes)
		return -ENOMEM;
	manifest_begin(manifest);
	while ((got = pread(fd, bytes, MANIFEST_PART_BYTES, (off_t)offset)) > 0) {
		manifest_add(manifest, bytes, (uint64_t)got, offset);
		offset += (uint64_t)got;
	}
	free(bytes);
	return got < 0 ? -errno : manifest->failure;
}

static int manifest_read_path(struct manifest *manifest, struct weir_privilege *privilege,
			      const char *path)
{
	int fd = request_open(privilege, path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return fd;
	rc = manifest_read(manifest, fd);
	close(fd);
	return rc;
}

/* ---- the text ---- */

/* "x.pcapng" -> "x.pcapng.sha256"; -ENAMETOOLONG. */
static int manifest_name(char name[PATH_MAX], const char *path)
{
	int length = snprintf(name, PATH_MAX, "%s" MANIFEST_SUFFIX, path);

	return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static const char *manifest_hex(const struct manifest_hash *hash, char text[MANIFEST_TEXT_BYTES])
{
	for (int i = 0; i < MANIFEST_HASH_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", hash->bytes[i]);
	return text;
}

static void manifest_print_parts(const struct manifest *manifest, FILE *out)
{
	char text[MANIFEST_TEXT_BYTES];

	fprintf(out, MANIFEST_TITLE "\n");
	for (uint64_t i = 0; i < manifest->count; i++) {
		uint64_t offset = i * MANIFEST_PART_BYTES;
		uint64_t left = manifest->size - offset;

		fprintf(out, "# %" PRIu64 " %" PRIu64 " %s\n", offset,
			left < MANIFEST_PART_BYTES ? left : MANIFEST_PART_BYTES,
			manifest_hex(&manifest->parts[i], text));
	}
}

/* As sha256sum writes it: a name with odd characters is told by a first backslash. */
static void manifest_print_whole(const struct manifest_hash *hash, const char *path, FILE *out)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char text[MANIFEST_TEXT_BYTES];

	fprintf(out, "%s%s  ", strpbrk(name, "\\\n\r") ? "\\" : "", manifest_hex(hash, text));
	for (; *name; name++) {
		if (*name == '\\')
			fputs("\\\\", out);
		else if (*name == '\n')
			fputs("\\n", out);
		else if (*name == '\r')
			fputs("\\r", out);
		else
			fputc(*name, out);
	}
	fputc('\n', out);
}

int manifest_store(struct weir_privilege *privilege, const char *path, const char *text,
		   size_t length, bool sync)
{
	char name[PATH_MAX];
	int failure = manifest_name(name, path), fd;
	bool regular;

	if (failure)
		return failure;
	fd = files_create(privilege, name, &regular);
	if (fd < 0)
		return fd;
	files_write(fd, text, length, &failure);
	if (!failure && sync && fsync(fd))
		failure = -errno;
	if (close(fd) && !failure)
		failure = -errno;
	if (failure)
		files_unlink(privilege, name);
	return failure;
}

void manifest_drop(struct weir_privilege *privilege, const char *path)
{
	char name[PATH_MAX], title[sizeof(MANIFEST_TITLE)] = "";
	int fd = manifest_name(name, path)
			 ? -1
			 : request_open(privilege, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t got = fd < 0 ? -1 : pread(fd, title, sizeof(title) - 1, 0);

	if (fd >= 0)
		close(fd);
	if (got > 0 && !strcmp(title, MANIFEST_TITLE))
		files_unlink(privilege, name);
}

int manifest_make(struct manifest *manifest, struct weir_privilege *privilege, const char *path,
		  uint64_t size, char **text, size_t *length)
{
	int rc = manifest->size == size ? manifest->failure
					: manifest_read_path(manifest, privilege, path);
	struct manifest_hash whole;
	FILE *out;

	*text = NULL;
	if (rc == 0 && manifest->size % MANIFEST_PART_BYTES)
		manifest_end_part(manifest);
	if (rc == 0)
		rc = EVP_DigestFinal_ex(manifest->whole, whole.bytes, NULL) ? manifest->failure
									    : -EIO;
	out = rc == 0 ? open_memstream(text, length) : NULL;
	if (rc || !out)
		return rc ? rc : -ENOMEM;
	manifest_print_parts(manifest, out);
	manifest_print_whole(&whole, path, out);
	manifest_begin(manifest); /* what was added is of no use for another file */
	return fclose(out) ? -ENOMEM : 0;
}

/* ---- checking ---- */

static bool manifest_is(const struct manifest_hash *hash, const char *wanted)
{
	char text[MANIFEST_TEXT_BYTES];

	return !strcmp(manifest_hex(hash, text), wanted);
}

/* Hold one line against the file; 'offset' is where the next part begins. False: they differ. */
static bool manifest_check_line(const struct manifest *manifest, const struct manifest_hash *whole,
				const char *line, uint64_t *offset, struct weir_verified *out)
{
	char wanted[MANIFEST_TEXT_BYTES];
	uint64_t at, bytes, end;

	if (sscanf(line, "# %" SCNu64 " %" SCNu64 " %64[0-9a-f]", &at, &bytes, wanted) == 3 &&
	    at == *offset && bytes && bytes <= MANIFEST_PART_BYTES) {
		*offset += bytes;
		out->differs_from = at;
		out->differs_to = *offset;
		end = at + MANIFEST_PART_BYTES < manifest->size ? at + MANIFEST_PART_BYTES
								: manifest->size;
		return at < manifest->size && end == *offset &&
		       manifest_is(&manifest->parts[at / MANIFEST_PART_BYTES], wanted);
	}
	if (sscanf(line, "%64[0-9a-f]", wanted) != 1 && sscanf(line, "\\%64[0-9a-f]", wanted) != 1)
		return true;
	/* Without parts, as sha256sum makes it, or something was appended. */
	out->manifest = WEIR_MANIFEST_MATCHES;
	out->differs_from = *offset < manifest->size ? *offset : 0;
	out->differs_to = manifest->size;
	return manifest_is(whole, wanted);
}

static void manifest_check_text(const struct manifest *manifest, const struct manifest_hash *whole,
				FILE *text, struct weir_verified *out)
{
	uint64_t offset = 0;
	char *line = NULL;
	size_t room = 0;

	while (out->manifest != WEIR_MANIFEST_DIFFERS && getline(&line, &room, text) > 0)
		if (!manifest_check_line(manifest, whole, line, &offset, out))
			out->manifest = WEIR_MANIFEST_DIFFERS;
	free(line);
}

static int manifest_check_file(int fd, FILE *text, struct weir_verified *out)
{
	struct manifest *manifest;
	struct manifest_hash whole;
	int rc = manifest_open(&manifest);

	if (rc < 0)
		return rc;
	rc = manifest_read(manifest, fd);
	if (rc == 0 && manifest->size % MANIFEST_PART_BYTES)
		manifest_end_part(manifest);
	if (rc == 0 && !EVP_DigestFinal_ex(manifest->whole, whole.bytes, NULL))
		rc = -EIO;
	if (rc == 0)
		rc = manifest->failure;
	if (rc == 0)
		manifest_check_text(manifest, &whole, text, out);
	manifest_close(manifest);
	return rc;
}

int manifest_check(const char *path, int fd, struct weir_verified *out, struct weir_error *error)
{
	char name[PATH_MAX];
	FILE *text = manifest_name(name, path) ? NULL : fopen(name, "re");
	int rc;

	if (!text)
		return errno == ENOENT
			       ? 0
			       : weir_error_set_errno(error, -errno, "cannot read '%s'", name);
	rc = manifest_check_file(fd, text, out);
	fclose(text);
	if (rc < 0)
		return weir_error_set_errno(error, rc, "cannot check '%s'", path);
	if (out->manifest == WEIR_MANIFEST_NONE)
		return weir_error_set(error, -EBADMSG, "'%s' holds no SHA-256 of '%s'", name, path);
	return 0;
}
