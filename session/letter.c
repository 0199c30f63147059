/*
 * letter.c - a record as a generation says it, made once for all recipients
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/random.h"
#include "session/engine_private.h"

struct letter *
letter_of(struct engine *e, const struct record *record)
{
	struct letter *letter;

	HASH_FIND(hh, e->letters, &record->seq, sizeof(record->seq), letter);
	if (letter != NULL)
		return letter;
	letter = arena_alloc(&e->arena, sizeof(*letter));
	letter->seq = record->seq;
	letter->record = arena_alloc(&e->arena, sizeof(*record));
	*(struct record *)letter->record = *record;
	HASH_ADD(hh, e->letters, seq, sizeof(letter->seq), letter);
	return letter;
}

struct letter *
letter_new(struct engine *e, const struct record *record)
{
	struct letter *letter = arena_alloc(&e->arena, sizeof(*letter));

	letter->record = record;
	return letter;
}

void
letters_forget(struct engine *e)
{
	HASH_CLEAR(hh, e->letters);     /* the letters lie in the arena */
}

/*
 * The offset is the seq with a short MAC: a client that remembers any other
 * last string, or one of another store, is not recovered from it.
 */
struct slice
offset_make(struct engine *e, int64_t seq)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%" PRIx64, (uint64_t)seq);
	uint64_t mac = siphash(store_key(e->store), slice_of(text, (size_t)n));

	return arena_printf(&e->arena, "%s.%08" PRIx32, text, (uint32_t)mac);
}

int64_t
offset_read(struct engine *e, struct slice offset)
{
	size_t dot = slice_find(offset, '.');
	int64_t seq = 0;
	size_t i;
	char c;

	if (dot == 0 || dot > 15 || offset.n != dot + 9)
		return 0;
	for (i = 0; i < dot; i++) {
		c = offset.p[i];
		if (c >= '0' && c <= '9')
			seq = seq << 4 | (c - '0');
		else if (c >= 'a' && c <= 'f')
			seq = seq << 4 | (c - 'a' + 10);
		else
			return 0;
	}
	return slice_eq_secret(offset_make(e, seq), offset) ? seq : 0;
}

static struct packet
letter_packet(struct engine *e, const struct record *record)
{
	static const enum packet_type types[] = {
		[RECORD_EVENT] = PACKET_EVENT,
		[RECORD_ACK] = PACKET_ACK,
		[RECORD_CONNECT] = PACKET_CONNECT,
		[RECORD_CONNECT_ERROR] = PACKET_CONNECT_ERROR,
		[RECORD_DISCONNECT] = PACKET_DISCONNECT,
	};
	struct packet packet = {
		.type = types[record->kind],
		.nsp = record->nsp,
		.id = record->id_text,
		.data = record->data,
		.attachments = record->attachments,
	};

	if (record->flags & RECORD_ASKS_ACK)
		packet.id = arena_printf(&e->arena, "%" PRId64, record->id);
	return packet;
}

static struct slice
letter_encode(struct engine *e, const struct record *record, const struct codec *codec)
{
	struct packet packet = letter_packet(e, record);
	struct slice offset = SLICE_NONE, bytes;
	struct buf out = BUF_INIT;

	if (record->kind == RECORD_EVENT && codec->traits.has_recovery &&
	    e->conf.recovery_ms != 0 &&
	    (record->flags & RECORD_ASKS_ACK) == 0)
		offset = offset_make(e, record->seq);
	codec->packet_write(&out, &packet, offset);
	e->n_encoded++;
	bytes = arena_dup(&e->arena, buf_slice(&out));
	buf_free(&out);
	return bytes;
}

void
letter_write(struct engine *e, struct letter *letter, const struct codec *codec,
    struct buf *out)
{
	struct slice *bytes = &letter->bytes[codec->generation][codec->form];

	if (letter->record->kind == RECORD_END || letter->record->kind == RECORD_CLOSE)
		return;
	if (letter->record->attachments.n > 0 && !codec->traits.has_binary &&
	    e->conf.refuses_old_binary)
		return;
	if (letter->record->kind == RECORD_PONG) {
		codec->frame_write(out, FRAME_PONG, SLICE_NONE);
		return;
	}
	if (bytes->p == NULL)
		*bytes = letter_encode(e, letter->record, codec);
	codec_join(codec, out, *bytes);
}

/* A text that was made for polls becomes the same messages, and a generation is
 * encoded once. */
const struct codec *
letter_form(const struct letter *letter, const struct codec *codec)
{
	bool is_made = letter->bytes[codec->generation][FORM_TEXT].p != NULL;

	return codec->messages == NULL || is_made ? codec : codec->messages;
}
