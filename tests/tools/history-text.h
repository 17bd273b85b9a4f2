/* SPDX-License-Identifier: ISC
 *
 * history-text.h - a history as lines of text, for people and for judge
 *
 *	BEGIN END pid=PID KIND [NAMES] [WORD[=VALUE]]... -> RESULT [WORD[=VALUE]]...
 *
 * NAMES are letters: "ab".  A listing shows each name as a:DONE:STATUS:VALUE[:FLAGS], with "i" for
 * an initialised one, "f" for one that has failed, and "g" and a number for its generation, as in
 * a:1:0:-:ig7; then come its waiters, a:1:0:-:+101/1+102/2, or those who stand in its barrier,
 * a:0:0:-:|101/3, its producers, *103, or *103r if it is ready, and its borrowers, <104/2, where a
 * stray is 0.  Deaths and returns come last.  A line that begins with "#" is a comment.
 */
#ifndef HISTORY_TEXT_H
#define HISTORY_TEXT_H

#include <stdio.h>

#include "history.h"

/* The words for enum kind and enum result. */
extern const char *const history_kind_words[KINDS];
extern const char *const history_result_words[RESULTS];

/* Parts of a line: a listing, and what was asked; each begins with a space. */
void history_print_shot(FILE *to, const struct shot *shot);
void history_print_ask(FILE *to, const struct ask *a);

/* One operation: its line, and a comment with its times. */
void history_print_op(FILE *to, const struct history *h, const struct op *o);

/* In the order of their beginnings, deaths last. */
void history_print(FILE *to, const struct history *h);

/* Returns the number of the first line that is not an operation, or 0. */
unsigned history_read(FILE *from, struct history *h);

#endif
