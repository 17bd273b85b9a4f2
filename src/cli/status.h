/* SPDX-License-Identifier: ISC
 *
 * status.h - the exit statuses: an API, they never change
 *
 * Every other number from 0 to 255 is a status that somebody posted, or CMD's own.
 */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

enum cli_status {
	STATUS_DONE = 0,	       /* done; yes; sound */
	STATUS_NO = 1,		       /* test: not done; check: faults */
	STATUS_REMOVED = 120,	       /* the name or its namespace was removed while waiting */
	STATUS_PRODUCER_DIED = 121,    /* a producer has gone, before it was ready or after */
	STATUS_DEAD_LOCK = 122,	       /* waiting would dead-lock */
	STATUS_OTHER_GENERATION = 123, /* the name is of another generation, or does not exist */
	STATUS_TIMED_OUT = 124,	       /* timed out, or would have had to wait */
	STATUS_FAILED = 125,	       /* compl itself failed */
	STATUS_CANNOT_RUN = 126,       /* CMD could not be run */
	STATUS_NOT_FOUND = 127,	       /* CMD was not found */
	STATUS_SIGNAL = 128, /* plus n: ended by signal n, where raising it has no effect */
};

#endif
