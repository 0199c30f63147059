/*
 * store_sqlite_test.c - the contract of the store, kept by the sqlite driver
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/store_contract.h"

int
main(void)
{
	static const struct contract contract = { .driver = "sqlite",
		.keeps = true, .has_processes = true };

	return contract_main(&contract);
}
