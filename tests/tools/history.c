/* SPDX-License-Identifier: ISC
 *
 * history.c - whether an operation is known to have changed nothing
 */
#include "history.h"

bool
history_op_is_idle(const struct op *o)
{
	bool looks = o->ask.kind == OP_TEST || o->ask.kind == OP_LIST || o->ask.kind == OP_REST;

	if (o->ask.count > 1 && o->ask.kind != OP_WAIT)
		return false;
	switch (o->got.result) {
	case GOT_NOT_DONE:
	case GOT_MISSING:
	case GOT_EXISTS:
	case GOT_BUSY:
	case GOT_BARRIER:
	case GOT_IN_USE:
	case GOT_OTHER_PARTIES:
	case GOT_REFUSED:
		return true;
	case GOT_TIMED_OUT:
		return o->ask.at_once || o->ask.kind == OP_PROMISE || o->ask.kind == OP_RUN;
	case GOT_OTHER_GENERATION: /* a wait may have stood in line before */
		return o->ask.at_once || o->ask.kind != OP_WAIT;
	default:
		return o->got.result == GOT_OK && looks;
	}
}
