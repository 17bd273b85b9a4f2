/* SPDX-License-Identifier: ISC
 *
 * empty.c - does nothing: the least that a program costs
 */
int
main(void)
{
	return 0;
}
