#include "cloud/agent/facts.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    return strcmp(((const weiss_facts *)a)->uuid, ((const weiss_facts *)b)->uuid);
}

static int compare_key(const void *uuid, const void *facts)
{
    return strcmp(uuid, ((const weiss_facts *)facts)->uuid);
}

const weiss_facts *weiss_facts_find(const weiss_facts_table *table, const char *uuid)
{
    return table->n > 0 ? bsearch(uuid, table->facts, table->n, sizeof *table->facts, compare_key) : NULL;
}

int weiss_facts_add(weiss_facts_table *table, const weiss_facts *facts, weiss_fault *fault)
{
    /* Room for a power of two of them. */
    if ((table->n & (table->n - 1)) == 0) {
        weiss_facts *moved =
            reallocarray(table->facts, table->n > 0 ? 2 * table->n : 1, sizeof *table->facts);
        if (moved == NULL)
            return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
        table->facts = moved;
    }
    table->facts[table->n++] = *facts;
    return 0;
}

void weiss_facts_sort(weiss_facts_table *table)
{
    if (table->n > 1)
        qsort(table->facts, table->n, sizeof *table->facts, compare);
}

void weiss_facts_clear(weiss_facts_table *table)
{
    free(table->facts);
    *table = (weiss_facts_table){.taken = 0};
}
