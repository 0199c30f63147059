/*
 * store_memory_test.c - the contract of the store, kept by the memory driver
 *
 * SPDX-License-Identifier: ISC
 */
#include "config.h"

#include "tests/store_contract.h"

int
main(void)
{
	static const struct contract contract = { .driver = "memory" };

	return contract_main(&contract);
}
