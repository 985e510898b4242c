/* Programs of `weiss plan` that run under mpirun, with a rank on each slot of a topology. */
#include "base/text.h"
#include "cloud/words.h"
#include "weiss/fabric-settings.h"
#include "weiss/plan/plan.h"

#include <string.h>

static int run(const weiss_words *words, const char *where, weiss_child *child, weiss_fault *fault)
{
    if (words->full)
        return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory, or too many words for mpirun");
    if (weiss_child_run(child, (const char *const *)words->word, fault) == 0 && child->status == 0)
        return 0;
    weiss_fault_set(fault, WEISS_ERR_SYSTEM, "mpirun %s ended with code %d%s", where, child->status,
                    child->last[0] != '\0' ? "; it said:" : "");
    fprintf(stderr, "weiss: %s\n", fault->text);
    weiss_child_quote(child);
    return fault->code;
}

int weiss_plan_mpirun(const char *program, const char *const *where, int nslots, const char *const *argument,
                      weiss_child *child, weiss_fault *fault)
{
    char built[PATH_MAX], installed[PATH_MAX], path[PATH_MAX], shown[WEISS_TEXT_SHOWN], text[PATH_MAX];
    weiss_fabric_settings settings;
    weiss_words words = {0};
    WEISS_FAULT_TRY(weiss_fabric_settings_find(&settings, fault));
    snprintf(built, sizeof built, "src/plan/measure/%s", program);
    snprintf(installed, sizeof installed, WEISS_LIBEXEC_DIR "/%s", program);
    if (!weiss_fabric_locate(built, installed, path))
        return weiss_fault_set(fault, WEISS_ERR_FILE,
                               "the program %s is neither beside this program nor at %s", program, path);
    weiss_fabric_settings_export(&settings);
    weiss_words_list(&words, settings.mpirun, "--quiet", where[0], where[1], "--map-by", "slot", "--bind-to",
                     "none", "-n", NULL);
    weiss_words_add(&words, "%d", nslots);
    weiss_words_add(&words, "%s", path);
    for (const char *const *word = argument; *word != NULL; word++)
        weiss_words_add(&words, "%s", *word);
    snprintf(text, sizeof text, "%s %s", where[0], weiss_text_show(where[1], shown));
    int code = run(&words, text, child, fault);
    weiss_words_clear(&words);
    return code;
}
