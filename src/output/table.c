/* The table of outputs: one line each. */
#include "output/checkpoint.h"

#include <pthread.h>

extern const weiss_output_class weiss_csv_output;
extern const weiss_output_class weiss_curves_output;
extern const weiss_output_class weiss_fields_output;
extern const weiss_output_class weiss_picture_output;
extern const weiss_output_class weiss_run_json_output;

const weiss_output_class *const weiss_output_table[] = {
    &weiss_csv_output, /* table.csv */
    &weiss_fields_output, /* fields.pvd, fields/ */
    &weiss_curves_output, /* curves.svg, after the table that it draws */
    &weiss_picture_output, /* state.png, pictures/ */
    &weiss_run_json_output, /* run.json */
    NULL,
};

/* The one table of all keys, put together once and constant from then on. */
#define MAX_KEYS 64
static weiss_key all_keys[MAX_KEYS];
static pthread_once_t all_keys_once = PTHREAD_ONCE_INIT;

static size_t append_keys(size_t count, const weiss_key *keys)
{
    for (; keys != NULL && keys->name != NULL && count + 1 < MAX_KEYS; keys++)
        all_keys[count++] = *keys;
    return count;
}

static void assemble_keys(void)
{
    size_t count = 0;
    for (size_t i = 0; weiss_output_table[i] != NULL; i++)
        count = append_keys(count, weiss_output_table[i]->keys);
    append_keys(count, weiss_checkpoint_keys);
}

const weiss_key *weiss_output_keys(void)
{
    pthread_once(&all_keys_once, assemble_keys);
    return all_keys;
}
