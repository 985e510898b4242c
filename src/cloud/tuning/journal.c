/* The journal: old values of what was changed, a line each: step, kind, path, value, old value, with tabs between. It is
 * written before anything changes; a lock on its directory keeps two writers apart. */
#include "cloud/files.h"
#include "cloud/tuning/change.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

typedef struct entry {
    char step[32];
    weiss_tuning_change change;
} entry;

typedef struct journal {
    char path[WEISS_PATH - 64];
    int lock; /**< -1: none */
    entry *list;
    int count, room;
} journal;

static int append(journal *j, const char *step, const weiss_tuning_change *change, weiss_fault *fault)
{
    if (j->count == j->room) {
        int room = 2 * j->room + 16;
        entry *list = realloc(j->list, (size_t)room * sizeof *list);
        if (list == NULL)
            return weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory");
        j->list = list;
        j->room = room;
    }
    snprintf(j->list[j->count].step, sizeof j->list->step, "%s", step);
    j->list[j->count++].change = *change;
    return 0;
}

/** Takes one line apart; empty parts count. */
static int read_line(journal *j, char *line, weiss_fault *fault)
{
    char *part[5], *rest = line;
    weiss_tuning_change change = {0};
    line[strcspn(line, "\n")] = '\0';
    for (int i = 0; i < 5; i++)
        part[i] = rest != NULL ? strsep(&rest, "\t") : NULL;
    if (part[4] == NULL || part[1][0] < '0' || part[1][0] > '0' + WEISS_TUNING_MODULE)
        return weiss_fault_set(
            fault, WEISS_ERR_FILE,
            "%s has a line that is not a journal's; remove the file, and boot again to be rid of "
            "what it has changed",
            j->path);
    change.kind = (weiss_tuning_kind)(part[1][0] - '0');
    snprintf(change.path, sizeof change.path, "%s", part[2]);
    snprintf(change.value, sizeof change.value, "%s", part[3]);
    snprintf(change.old, sizeof change.old, "%s", part[4]);
    return append(j, part[0], &change, fault);
}

static void start(const weiss_tuning_machine *machine, journal *j)
{
    const char *name = machine->journal != NULL ? machine->journal : WEISS_TUNING_JOURNAL;
    *j = (journal){.lock = -1};
    snprintf(j->path, sizeof j->path, "%s%s", machine->root, name);
}

/** Reads the file; none is an empty one. */
static int load(journal *j, weiss_fault *fault)
{
    char line[4 * WEISS_TUNING_PATH];
    int code = 0;
    FILE *file = fopen(j->path, "re");
    while (code == 0 && file != NULL && fgets(line, sizeof line, file) != NULL)
        code = read_line(j, line, fault);
    if (file != NULL)
        fclose(file);
    return code;
}

/** Locks the directory and loads. end() follows in any case. */
static int begin(const weiss_tuning_machine *machine, journal *j, weiss_fault *fault)
{
    char directory[WEISS_PATH];
    start(machine, j);
    snprintf(directory, sizeof directory, "%s", j->path);
    *strrchr(directory, '/') = '\0';
    WEISS_FAULT_TRY(weiss_make_directories(directory, fault));
    j->lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (j->lock < 0 || flock(j->lock, LOCK_EX) != 0)
        return weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be locked: %s", directory, strerror(errno));
    return load(j, fault);
}

static void end(journal *j)
{
    free(j->list);
    if (j->lock >= 0)
        close(j->lock);
}

/** Writes the file, or removes it when nothing is left to undo. */
static int store(const journal *j, weiss_fault *fault)
{
    char *text = NULL;
    size_t length;
    if (j->count == 0)
        return unlink(j->path) == 0 || errno == ENOENT
                   ? 0
                   : weiss_fault_set(fault, WEISS_ERR_FILE, "%s cannot be removed: %s", j->path,
                                     strerror(errno));
    FILE *file = open_memstream(&text, &length);
    for (int i = 0; file != NULL && i < j->count; i++) {
        const weiss_tuning_change *change = &j->list[i].change;
        fprintf(file, "%s\t%d\t%s\t%s\t%s\n", j->list[i].step, (int)change->kind, change->path, change->value,
                change->old);
    }
    int wrong = file == NULL || fclose(file) != 0;
    int code = wrong ? weiss_fault_set(fault, WEISS_ERR_MEMORY, "out of memory")
                     : weiss_write_text(j->path, text, fault);
    free(text);
    return code;
}

/** Entry of a change that was made before; NULL when there is none. */
static entry *earlier(const journal *j, const char *step, const weiss_tuning_change *change)
{
    for (int i = 0; i < j->count; i++)
        if (strcmp(j->list[i].step, step) == 0 && j->list[i].change.kind == change->kind &&
            strcmp(j->list[i].change.path, change->path) == 0)
            return j->list + i;
    return NULL;
}

static void drop(journal *j, int i)
{
    memmove(j->list + i, j->list + i + 1, (size_t)(j->count - i - 1) * sizeof *j->list);
    j->count--;
}

/** Undoes entry @p i and takes it out of the list. */
static int undo_entry(const weiss_tuning_machine *machine, journal *j, int i, weiss_fault *fault)
{
    WEISS_FAULT_TRY(weiss_tuning_unmake(machine, &j->list[i].change, fault));
    drop(j, i);
    return 0;
}

/** Place of an entry's change in the list; -1 when it is not there. */
static int place_of(const weiss_tuning_changes *changes, const weiss_tuning_change *change)
{
    for (int i = 0; i < changes->count; i++)
        if (changes->list[i].kind == change->kind && strcmp(changes->list[i].path, change->path) == 0)
            return i;
    return -1;
}

/** Makes the changes; the journal had @p before entries before this step's. After a failure those that were made are undone, and
 *  the others leave the journal. */
static int make_all(const weiss_tuning_machine *machine, journal *j, int before,
                    const weiss_tuning_changes *changes, weiss_fault *fault)
{
    int code = 0, made = 0;
    while (made < changes->count && (code = weiss_tuning_make(machine, changes->list + made, fault)) == 0)
        made++;
    if (code == 0)
        return 0;
    for (int i = j->count - 1; i >= before; i--) {
        if (place_of(changes, &j->list[i].change) < made)
            undo_entry(machine, j, i, NULL);
        else
            drop(j, i);
    }
    store(j, NULL);
    return code;
}

int weiss_tuning_apply(const weiss_tuning_machine *machine, const char *step,
                       const weiss_tuning_changes *changes, weiss_fault *fault)
{
    journal j;
    if (changes->count == 0)
        return 0;
    int code = begin(machine, &j, fault), before = j.count;
    for (int i = 0; code == 0 && i < changes->count; i++) {
        entry *known = earlier(&j, step, changes->list + i);
        if (known != NULL) /* its old value stays */
            memcpy(known->change.value, changes->list[i].value, sizeof known->change.value);
        else
            code = append(&j, step, changes->list + i, fault);
    }
    if (code == 0)
        code = store(&j, fault);
    if (code == 0)
        code = make_all(machine, &j, before, changes, fault);
    end(&j);
    return code;
}

int weiss_tuning_undo(const weiss_tuning_machine *machine, const char *step,
                      void (*undone)(void *data, const char *step, const weiss_tuning_change *change),
                      void *data, weiss_fault *fault)
{
    journal j;
    int code = 0;
    if (!weiss_tuning_applied(machine, step))
        return 0;
    code = begin(machine, &j, fault);
    bool locked = code == 0;
    for (int i = j.count - 1; locked && i >= 0; i--) {
        entry was = j.list[i];
        if (step != NULL && strcmp(was.step, step) != 0)
            continue;
        int wrong = undo_entry(machine, &j, i, fault);
        if (wrong == 0 && undone != NULL)
            undone(data, was.step, &was.change);
        code = code != 0 ? code : wrong;
    }
    int stored = locked ? store(&j, fault) : 0;
    end(&j);
    return code != 0 ? code : stored;
}

bool weiss_tuning_applied(const weiss_tuning_machine *machine, const char *step)
{
    journal j;
    bool found = false;
    start(machine, &j);
    /* A file that is no journal counts: undo says what is wrong with it. */
    bool wrong = load(&j, NULL) != 0;
    for (int i = 0; i < j.count; i++)
        found = found || step == NULL || strcmp(j.list[i].step, step) == 0;
    end(&j);
    return found || wrong;
}
