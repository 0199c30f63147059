/*
 * offered.c - every function of siogate.h, so that the linker leaves none out
 *
 * A program takes from a static library only what it refers to itself; a module
 * that is loaded later would miss the rest.  tests/handlers_offered_test compares
 * the table with the header.
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "handlers/offered.h"
#include "handlers/siogate.h"

typedef void offered_fn(void);

#define OFFER(name) { #name, (offered_fn *)(void *)name }

const struct offered offered[] = {
	OFFER(sio_nsp),
	OFFER(sio_id),
	OFFER(sio_name),
	OFFER(sio_args),
	OFFER(sio_auth),
	OFFER(sio_reason),
	OFFER(sio_context),
	OFFER(sio_is_recovered), OFFER(sio_wants_ack),
	OFFER(sio_timed_out),
	OFFER(sio_expected),
	OFFER(sio_arg),
	OFFER(sio_arg_string),
	OFFER(sio_arg_int),
	OFFER(sio_arg_count),
	OFFER(sio_args_from),
	OFFER(sio_attachment),
	OFFER(sio_answer_attachment),
	OFFER(sio_info),
	OFFER(sio_data),
	OFFER(sio_user),
	OFFER(sio_member),
	OFFER(sio_item),
	OFFER(sio_text),
	OFFER(sio_each),
	OFFER(sio_json),
	OFFER(sio_to),
	OFFER(sio_emit),
	OFFER(sio_emitf),
	OFFER(sio_emit_volatile),
	OFFER(sio_emit_attach),
	OFFER(sio_emit_keep),
	OFFER(sio_emit_ask),
	OFFER(sio_emit_attachments),
	OFFER(sio_ack),
	OFFER(sio_ackf),
	OFFER(sio_join),
	OFFER(sio_leave),
	OFFER(sio_disconnect),
	OFFER(sio_set_data),
	OFFER(sio_set_user),
	OFFER(sio_refuse),
	OFFER(sio_after),
	OFFER(sio_every),
	OFFER(sio_nsp_after),
	OFFER(sio_nsp_every),
	OFFER(sio_cancel),
	OFFER(sio_nsp_cancel),
	OFFER(sio_once),
	OFFER(sio_acl_set),
	OFFER(sio_acl_add),
	OFFER(sio_acl_remove),
	OFFER(sio_set_value),
	OFFER(sio_value),
	OFFER(sio_rooms),
	OFFER(sio_room_list),
	OFFER(sio_query),
	OFFER(sio_count),
	OFFER(sio_emit_mail),
	OFFER(sio_present),
	OFFER(sio_seen),
	OFFER(sio_acl),
	OFFER(sio_questions),
	OFFER(sio_cursor),
	OFFER(sio_history),
	OFFER(sio_history_after),
	OFFER(sio_log),
};
const size_t offered_count = sizeof(offered) / sizeof(offered[0]);
